"""A line of letters: how large it may be, and where each letter comes to lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from captchalab.synth.layout import on_a_line, spread, stay_inside
from captchalab.synth.letters import Letter, Placed, Shape

Shaped = list[tuple[Letter, Shape]]


class Line(NamedTuple):
    """How one text is set. Lengths are pixels of the picture."""

    place: str
    advance: str
    inside: bool
    filled: bool
    tightened: bool
    """Whether a line too long has smaller gaps; then there is no margin at the left."""
    wide: float
    """How wide a line is that fills its room; 0 for all between the margins."""
    tall: float
    """How high a line is that fills its room; 0 for as high as its font makes it."""
    width: int
    height: int
    margin: float
    start: float
    """Left end of a line that is placed there."""
    share: float
    """How much of the free room is left of any other line, 0 to 1."""
    level: float
    """Where the middle of its capitals stands, from the top."""
    raised: float
    """How much higher a line stands whose characters hang below it: a share of how far the lowest does."""
    bow: float
    """How much higher its middle is than its ends."""
    slope: float
    """Pixels down for each to the right."""
    turns: tuple[float, ...]
    """Degrees by which each character is turned; none for no character."""


def drifting_turns(rng: Generator, drift: float, reversals: float, count: int) -> tuple[float, ...]:
    """Degrees by which each of ``count`` characters is turned, each ``drift`` further than the one before it.

    ``reversals`` is how often the drift goes the other way from there; without any, the middle stands
    upright. Nothing where there is no drift.
    """
    if not drift:
        return ()
    if not reversals:
        return tuple(drift * (i - (count - 1) / 2) for i in range(count))
    steps = np.where(rng.random(count) < reversals, -1.0, 1.0).cumprod() * drift
    return (0.0, *steps[:-1].cumsum().tolist())


def placed(line: Line, letters: Sequence[Letter]) -> list[Placed]:
    """Every letter on its place, as large as the canvas allows, turned with the line where that bends."""
    if line.turns:
        letters = [
            letter._replace(rotation=letter.rotation + turn)
            for letter, turn in zip(letters, line.turns, strict=True)
        ]
    shaped = [(letter, letter.shape()) for letter in letters]
    advances = _advances(line, shaped)
    gaps = _gaps(line, letters, advances)
    starts, total = on_a_line(advances, gaps)
    if line.tightened and total > line.width - 2 * line.margin:
        line, starts, total = _tightened(line, advances, gaps)
    factor = _factor(line, shaped, total) if line.inside else 1.0
    if factor < 1.0:
        letters = [letter.resized(factor) for letter in letters]
        shaped = [(letter, letter.shape()) for letter in letters]
        advances = _advances(line, shaped)
        starts, total = on_a_line(advances, _gaps(line, letters, advances))
    columns, total = _columns(line, letters, advances, starts, total)
    centre, half = sum(columns) / len(columns), max(total, 1.0) / 2
    level = line.level - line.raised * max(map(_hang, letters)) if line.raised else line.level
    result = []
    for (letter, shape), column in zip(shaped, columns, strict=True):
        along = (column - centre) / half
        if line.bow or line.slope:
            letter, shape = _turned(line, letter, line.slope + 2 * line.bow * along / half)
        x = column + letter.shift[0]
        y = level + line.slope * (column - centre) + line.bow * (along * along - 0.5) + letter.shift[1]
        glyph = letter.glyph
        if glyph.coverage is not None:
            lower = glyph.middle - glyph.rise + glyph.coverage.shape[0] / 2
            y += lower * letter.scale * letter.stretch[1]
        if line.inside:
            x = stay_inside(x, shape.left + line.margin, shape.right + line.margin, line.width)
            y = stay_inside(y, shape.up + line.margin, shape.down + line.margin, line.height)
        result.append(Placed(letter, shape, x, y))
    return _filled(line, result) if line.filled else result


def _hang(letter: Letter) -> float:
    """How far a letter reaches below its line."""
    glyph = letter.glyph
    below = 0 if glyph.coverage is None else max(0, glyph.coverage.shape[0] - glyph.rise)
    return below * letter.scale * letter.stretch[1]


def _factor(line: Line, shaped: Shaped, total: float) -> float:
    """How large a line of letters ``total`` pixels wide may be, so that it and each of them have room."""
    wide = (line.width - line.margin - line.start) / max(total, 1.0)
    return min(1.0, wide, *[_room(line, letter, shape) for letter, shape in shaped])


def _tightened(line: Line, advances: list[float], gaps: list[float]) -> tuple[Line, list[float], float]:
    """The line at the left with half its gaps, or with none where it is longer than the picture."""
    starts, total = on_a_line(advances, [gap / 2 for gap in gaps])
    if total > line.width:
        starts, total = on_a_line(advances, [0.0] * len(gaps))
    return line._replace(place="left", start=0.0), starts, total


def repeated(line: Line, row: Sequence[Placed], aside: int, down: int) -> list[Placed]:
    """The row once more, so many pixels to the right and down, as ``RowLettering.again_x`` says."""
    if not row:
        return []
    first, last = row[0], row[-1].letter
    length = row[-1].pen + last.glyph.advance * last.scale * last.stretch[0] - first.pen
    if length > line.width - 2 * line.margin:
        aside = 0
    further = aside + max(0, round(first.pen))
    return [
        spot._replace(x=spot.x + (further if i else aside), y=spot.y + down) for i, spot in enumerate(row)
    ]


def _filled(line: Line, row: list[Placed]) -> list[Placed]:
    """All letters stretched or squeezed together, so that their box fills what it is given."""
    if not row:
        return row
    left = min(p.x - p.shape.left + p.letter.edge for p in row)
    right = max(p.x + p.shape.right - p.letter.edge for p in row)
    top = min(p.y - p.shape.up + p.letter.edge for p in row)
    bottom = max(p.y + p.shape.down - p.letter.edge for p in row)
    room = line.wide or line.width - 2 * line.margin
    wide = room / max(right - left, 1.0)
    high = line.tall / max(bottom - top, 1.0) if line.tall else 1.0
    middle = (top + bottom) / 2
    level = line.level if line.tall else middle
    return [
        Placed(
            p.letter,
            p.shape.stretched(wide, high),
            (line.width - room) / 2 + (p.x - left) * wide,
            level + (p.y - middle) * high,
        )
        for p in row
    ]


def _turned(line: Line, letter: Letter, steepness: float) -> tuple[Letter, Shape]:
    letter = letter._replace(rotation=letter.rotation + math.degrees(math.atan(steepness)))
    if line.inside:
        letter = letter.resized(min(1.0, _room(line, letter, letter.shape())))
    return letter, letter.shape()


def _room(line: Line, letter: Letter, shape: Shape) -> float:
    """How many times larger a letter may be and still be within the margins."""
    edge = letter.edge
    taken = 2 * (line.margin + edge) + 1
    across, down = shape.left + shape.right - 2 * edge, shape.up + shape.down - 2 * edge
    return min(max(line.width - taken, 1) / max(across, 1), max(line.height - taken, 1) / max(down, 1))


def _gaps(line: Line, letters: Sequence[Letter], advances: list[float]) -> list[float]:
    """The space after each letter."""
    if line.advance != "box":
        return [letter.gap for letter in letters]
    after = [*advances[1:], advances[-1]]
    return [
        letter.gap / letter.size * min(pair)
        for letter, pair in zip(letters, zip(advances, after, strict=True), strict=True)
    ]


def _advances(line: Line, shaped: Shaped) -> list[float]:
    """What each letter takes up."""
    result = []
    for letter, shape in shaped:
        if line.advance == "box" and letter.glyph.coverage is not None:
            result.append(shape.left + shape.right - 2 * letter.edge)
            continue
        ink = None if line.advance == "font" else letter.glyph.coverage
        wide = letter.glyph.advance if ink is None else ink.shape[1]
        result.append(wide * letter.scale * letter.stretch[0])
    return result


def _columns(
    line: Line, letters: Sequence[Letter], advances: list[float], starts: list[float], total: float
) -> tuple[list[float], float]:
    """The middle of the ink of each letter, and how wide the line is, from where they start one by one."""
    begin = line.start
    if line.place == "spread":
        rooms, total = spread(len(letters), line.width, line.margin), line.width - 2 * line.margin
        begin, starts = 0.0, [room - advance / 2 for room, advance in zip(rooms, advances, strict=True)]
    elif line.place == "columns":
        total = line.width - line.start
        starts = [i * total / len(letters) for i in range(len(letters))]
    elif line.place == "justified":
        wide = line.width - 2 * line.margin
        space, total = (wide - sum(advances)) / len(letters), wide
        begin = line.margin + space / 2
        starts = [sum(advances[:i]) + i * space for i in range(len(letters))]
    elif line.place != "left":
        begin = line.share * (line.width - 2 * line.margin - total)
        begin += 0 if line.tightened else line.margin
    columns = []
    for letter, start, advance in zip(letters, starts, advances, strict=True):
        glyph, middle = letter.glyph, advance / 2
        if glyph.coverage is not None and line.advance not in ("ink", "box"):
            middle = (glyph.left + glyph.coverage.shape[1] / 2) * letter.scale * letter.stretch[0]
        columns.append(begin + start + middle)
    return columns, total
