"""The slow truth that decoding is held against: every path through small scores, one by one."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray


def random_scores(rng: np.random.Generator, steps: int, classes: int) -> NDArray[np.float32]:
    """Log-probabilities ``(steps, classes)``, from nearly even to peaked."""
    logits = rng.normal(size=(steps, classes)) * rng.choice([0.3, 2.0, 6.0])
    return log_softmax(logits)


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def text_probabilities(probabilities: NDArray[np.float64], characters: str, decoder: str) -> dict[str, float]:
    """The probability of every text, by adding up all ``classes ** steps`` paths."""
    texts: dict[str, float] = defaultdict(float)
    for path in itertools.product(range(probabilities.shape[1]), repeat=len(probabilities)):
        kept = [k for k, _ in itertools.groupby(path)] if decoder == "ctc" else list(path)
        text = "".join(characters[k - 1] for k in kept if k)
        texts[text] += math.prod(row[k] for row, k in zip(probabilities, path, strict=True))
    return dict(texts)
