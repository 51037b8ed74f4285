"""Ranges instead of constants: a number, or the lowest and highest of which one is drawn."""

from __future__ import annotations

from collections.abc import Mapping

from numpy.random import Generator

from captchalab.errors import UsageError

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


def check_limits(holder: object, limits: Mapping[str, tuple[float, float]]) -> None:
    """Raises ``UsageError`` for a range among the fields of ``holder`` that leaves its limits."""
    for name, ends in limits.items():
        check_span(name, getattr(holder, name), ends)


def check_span(name: str, span: Range | tuple[float, ...], limits: tuple[float, float]) -> None:
    """Raises ``UsageError`` for a number, or any of several, beyond its limits."""
    low, high = limits
    numbers = span if isinstance(span, tuple) else (span,)
    if not all(low <= number <= high for number in numbers):
        said = list(numbers) if isinstance(span, tuple) else span
        raise UsageError(f"{name} = {said}: allowed is {low:g} to {high:g}")
