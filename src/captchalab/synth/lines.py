"""A line of letters: how large it may be, and where each letter comes to lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from captchalab.synth.layout import on_a_line, spread, stay_inside
from captchalab.synth.letters import Letter, Placed


class Line(NamedTuple):
    """How one text is set. Lengths are pixels of the picture."""

    place: str
    by_ink: bool
    inside: bool
    width: int
    height: int
    margin: float
    start: float
    """Left end of a line that is placed there."""
    share: float
    """How much of the free room is left of any other line, 0 to 1."""
    level: float
    """Where the middle of its capitals stands, from the top."""
    bow: float
    """How much higher its middle is than its ends."""
    slope: float
    """Pixels down for each to the right."""


def shrunk(line: Line, letters: list[Letter]) -> list[Letter]:
    """As large as they are, or as large as the canvas allows."""
    wide = line.width - line.margin - line.start
    _, total = on_a_line(_advances(line, letters), [letter.gap for letter in letters])
    factor = min(1.0, wide / max(total, 1.0), *[_room(line, letter) for letter in letters])
    return [letter.resized(factor) for letter in letters]


def _room(line: Line, letter: Letter) -> float:
    """How many times larger a letter may be and still be within the margins."""
    shape, taken = letter.shape(), 2 * (line.margin + letter.edge) + 1
    across, down = shape.left + shape.right - 2 * letter.edge, shape.up + shape.down - 2 * letter.edge
    return min(max(line.width - taken, 1) / max(across, 1), max(line.height - taken, 1) / max(down, 1))


def placed(line: Line, letters: Sequence[Letter]) -> list[Placed]:
    """Every letter on its place, turned with the line where that bends."""
    columns, total = _columns(line, letters)
    centre, half = sum(columns) / len(columns), max(total, 1.0) / 2
    bent = line.bow != 0 or line.slope != 0
    result = []
    for letter, column in zip(letters, columns, strict=True):
        along = (column - centre) / half
        if bent:
            steepness = line.slope + 2 * line.bow * along / half
            letter = letter._replace(rotation=letter.rotation + math.degrees(math.atan(steepness)))
            if line.inside:
                letter = letter.resized(min(1.0, _room(line, letter)))
        x = column + letter.shift[0]
        y = line.level + line.slope * (column - centre) + line.bow * (along * along - 0.5) + letter.shift[1]
        glyph, shape = letter.glyph, letter.shape()
        if glyph.coverage is not None:
            lower = glyph.middle - glyph.rise + glyph.coverage.shape[0] / 2
            y += lower * letter.scale * letter.stretch[1]
        if line.inside:
            x = stay_inside(x, shape.left + line.margin, shape.right + line.margin, line.width)
            y = stay_inside(y, shape.up + line.margin, shape.down + line.margin, line.height)
        result.append(Placed(letter, shape, x, y))
    return result


def _advances(line: Line, letters: Sequence[Letter]) -> list[float]:
    """What each letter takes up."""
    result = []
    for letter in letters:
        ink = letter.glyph.coverage if line.by_ink else None
        wide = letter.glyph.advance if ink is None else ink.shape[1]
        result.append(wide * letter.scale * letter.stretch[0])
    return result


def _columns(line: Line, letters: Sequence[Letter]) -> tuple[list[float], float]:
    """The middle of the ink of each letter, and how wide the line is."""
    if line.place == "spread":
        return spread(len(letters), line.width, line.margin), line.width - 2 * line.margin
    advances = _advances(line, letters)
    starts, total = on_a_line(advances, [letter.gap for letter in letters])
    begin = line.start
    if line.place != "left":
        begin = line.margin + line.share * (line.width - 2 * line.margin - total)
    columns = []
    for letter, start, advance in zip(letters, starts, advances, strict=True):
        glyph, middle = letter.glyph, advance / 2
        if glyph.coverage is not None and not line.by_ink:
            middle = (glyph.left + glyph.coverage.shape[1] / 2) * letter.scale * letter.stretch[0]
        columns.append(begin + start + middle)
    return columns, total
