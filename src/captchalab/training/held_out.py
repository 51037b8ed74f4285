"""Labelled pictures to learn from, and others to measure on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.reading.alphabet import check_label
from captchalab.samples.sample import AtRest, Source
from captchalab.sources import open_source
from captchalab.training.batches import TRAINING_OFFSET
from captchalab.training.plan import Part, set_aside

Picture = tuple[bytes | NDArray[np.uint8], str]
"""A picture as its source hands it over, and its text."""


@dataclass(frozen=True)
class HeldOut:
    """Some pictures of each source, and those that are held out to measure on."""

    learn: list[Part]
    measure: list[Part]

    def to_learn(self, count: int) -> list[Picture]:
        """About ``count`` pictures to learn from: the first drawn ones, others evenly spread."""
        return _load(self.learn, count)

    def to_measure(self, count: int) -> list[Picture]:
        """About ``count`` of those held out."""
        return _load(self.measure, count)


def hold_out(data: Sequence[str], test: str | None, frames: str) -> HeldOut:
    """Divide the pictures of ``data``; where ``test`` names other pictures, hold out those instead.

    Pictures at rest are divided by content, as a training on them divides them: what is held out is new to
    a model that was trained on the same sources. Of drawn ones those are held out that ``evaluate`` reads,
    which no training sees. ``frames`` says what becomes of animations. Raises ``UsageError`` where nothing
    is left for one of the two.
    """
    if not data:
        raise UsageError("no pictures: name labelled ones with --data SOURCE")
    sources = [open_source(text, frames=frames) for text in data]
    total = sum(source.size or 0 for source in sources)
    learn: list[Part] = []
    measure: list[Part] = []
    for source in sources:
        kept, aside = _divide(source, total, whole=test is not None)
        learn.append((source, kept))
        measure.append((source, aside))
    if test is not None:
        chosen = open_source(test, frames=frames)
        measure = [(chosen, _first(chosen))]
    for parts, what in ((learn, "learn from"), (measure, "measure on")):
        if not any(len(indices) for _, indices in parts):
            names = ", ".join(source.name for source, _ in parts)
            raise UsageError(f"{names}: no pictures to {what}; name more labelled ones")
    return HeldOut(learn, measure)


_ENDLESS = 1 << 20


def _first(source: Source) -> range:
    return range(_ENDLESS if source.size is None else source.size)


def _divide(source: Source, total: int, whole: bool) -> tuple[Sequence[int], Sequence[int]]:
    if not isinstance(source, AtRest):
        return range(TRAINING_OFFSET, TRAINING_OFFSET + _ENDLESS), _first(source)
    return (_first(source), ()) if whole or not source.size else set_aside(source, total)


def _load(parts: list[Part], count: int) -> list[Picture]:
    share = max(1, count // len(parts))
    return [
        picture
        for source, indices in parts
        for index in (_spread(indices, share) if isinstance(source, AtRest) else indices[:share])
        if (picture := _picture(source, index)) is not None
    ]


def _spread(indices: Sequence[int], count: int) -> list[int]:
    """At most ``count`` of the indices, evenly spread."""
    step = max(1.0, len(indices) / count)
    return [indices[int(place * step)] for place in range(min(len(indices), count))]


def _picture(source: Source, index: int) -> Picture | None:
    """A picture at rest as its bytes, even if no model can read them; ``None`` for one without a label."""
    try:
        text = check_label(source.text(index))
        return (source.data(index) if isinstance(source, AtRest) else source.sample(index).image), text
    except (LabelError, ImageError):
        return None
