"""Pictures at rest dealt out so that rare characters come more often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Chances = NDArray[np.float64]
"""Of each picture, together 1."""


def balanced_chances(texts: Sequence[str], balance: float) -> Chances:
    """How often each picture is to come: 0 all alike, 1 as rare as its characters are frequent.

    A picture weighs the mean over its characters of ``count ** -balance``.
    """
    counts = Counter(character for text in texts for character in text)
    weight = {character: count**-balance for character, count in counts.items()}
    weights = np.array([np.mean([weight[character] for character in text]) for text in texts])
    chances: Chances = weights / weights.sum()
    return chances


def deal(count: int, chances: Chances | None, rng: np.random.Generator) -> NDArray[np.int64]:
    """``count`` picture indices in random order: each once, or as often as its chance says.

    By systematic sampling: a picture with the chance p comes floor(p count) or ceil(p count) times.
    """
    if chances is None:
        return rng.permutation(count)
    points = (rng.random() + np.arange(count)) / count
    chosen = np.searchsorted(np.cumsum(chances), points, side="right")
    return rng.permutation(np.minimum(chosen, count - 1).astype(np.int64))
