"""Where each character goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text: the left edge of every character, and the width that it wants, in pixels."""

    lefts: tuple[int, ...]
    width: int


def line_up(
    widths: Sequence[int],
    gaps: Sequence[int | None],
    numbers: Sequence[tuple[float, float]],
    overlap: float,
) -> Row:
    """Characters from left to right, each drawn back over its left neighbour by a random amount.

    ``gaps[i]`` is the width of the space before character ``i``, ``None`` for no space; ``numbers[i]``
    are two uniform numbers, for the overlap after the space and after the character; ``overlap`` is
    the largest one as a fraction of the average width. The row starts a tenth of that average from
    the left edge. Its ``width`` counts every piece in full: overlaps leave room at the right.
    """
    total = sum(widths) + sum(gap for gap in gaps if gap is not None)
    average = total // len(widths)
    choices = int(overlap * average) + 1
    position = int(average * 0.1)
    lefts: list[int] = []
    for width, gap, (after_gap, after) in zip(widths, gaps, numbers, strict=True):
        if gap is not None:
            position += gap - int(after_gap * choices)
        lefts.append(position)
        position += width - int(after * choices)
    return Row(tuple(lefts), total)


def spread(count: int, width: float, margin: float) -> list[float]:
    """The middles of ``count`` equal rooms between the margins, from left to right, in pixels."""
    room = (width - 2 * margin) / count
    return [margin + (index + 0.5) * room for index in range(count)]


def on_a_line(advances: Sequence[float], gaps: Sequence[float]) -> tuple[list[float], float]:
    """Where each character starts that takes up ``advances[i]``, then ``gaps[i]``; and the width of all.

    However negative the gap, a third of each character stays free, of narrow ones more: they would be buried.
    """
    starts, position = [], 0.0
    third = sum(advances) / len(advances) / 3
    for advance, gap in zip(advances, gaps, strict=True):
        starts.append(position)
        position += max(advance + gap, advance / 3, min(advance, third))
    return starts, starts[-1] + advances[-1]


def stay_inside(middle: float, before: float, after: float, size: float) -> float:
    """``middle`` moved so that it has ``before`` and ``after`` around it within 0 to ``size``; centred if
    it cannot."""
    return (size + before - after) / 2 if before + after >= size else min(max(middle, before), size - after)
