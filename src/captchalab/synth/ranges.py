"""Ranges instead of constants: a number, or the lowest and highest of which one is drawn."""

from __future__ import annotations

from numpy.random import Generator

Range = float | tuple[float, float]
"""A number, or ``(low, high)``: uniform between the two."""


def pick(rng: Generator, span: Range) -> float:
    """A number of the range."""
    if isinstance(span, tuple):
        low, high = span
        return low + (high - low) * rng.random()
    return float(span)


def pick_count(rng: Generator, span: Range) -> int:
    """A whole number of the range, both ends possible and all equally likely."""
    if isinstance(span, tuple):
        low, high = int(span[0]), int(span[1])
        return low + int(rng.random() * (high - low + 1))
    return int(span)
