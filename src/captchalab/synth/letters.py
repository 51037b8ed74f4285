"""One character on its way to the picture: all that was drawn for it, and the shape that follows.

All the geometry of a character is one map from its clean mask to the picture, so that each is sampled
once, straight onto its place.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from numpy.random import Generator

from captchalab.synth.colours import Colour
from captchalab.synth.glyphs import Glyph, glyphs, holders

Corners = tuple[tuple[float, float], ...]
"""Upper left, upper right, lower right and lower left, ``(x, y)``."""

NO_PULL: Corners = ((0.0, 0.0),) * 4
_SIZES = (16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 160, 200)


def clean_glyph(font: str, character: str, pixels: float, crisp: bool = False) -> tuple[Glyph, float]:
    """A clean glyph a little larger than ``pixels`` per em, and the scale that makes it so.

    A ``crisp`` one is drawn in that size, rounded, and is not scaled.
    """
    if crisp:
        return _clean(font, max(1, round(pixels)), character), 1.0
    size = _SIZES[min(bisect_left(_SIZES, pixels), len(_SIZES) - 1)]
    return _clean(font, size, character), pixels / size


@lru_cache(maxsize=20_000)
def _clean(font: str, size: int, character: str) -> Glyph:
    return glyphs((font,), (size,), character)[0]


def choose_fonts(rng: Generator, fonts: tuple[str, ...], text: str, alike: bool) -> list[str]:
    """A font for every character among those that hold it; ``alike``: one for all, if any holds them all."""
    able = [holders(fonts, character)[character] for character in text]
    if alike:
        common = able[0] if all(a == able[0] for a in able) else _in_all(able)
        if common:
            return [common[int(rng.random() * len(common))]] * len(text)
    return [fonts[int(rng.random() * len(fonts))] for fonts in able]


def _in_all(able: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    common = set(able[0]).intersection(*able[1:])
    return tuple(font for font in able[0] if font in common)


def pulled_corners(rng: Generator, most: float) -> Corners:
    """Pulls of the corners of one character, none beyond ``most``."""
    if most == 0:
        return NO_PULL
    return tuple((most * (2 * x - 1), most * (2 * y - 1)) for x, y in rng.random((4, 2)).tolist())


class Letter(NamedTuple):
    """A character with all that was drawn for it. Lengths are pixels of the picture, angles degrees."""

    font: str
    character: str
    glyph: Glyph
    scale: float
    """Pixels of the picture for each pixel of the glyph, before it is stretched."""
    size: float
    """Pixels per em."""
    rotation: float
    """Clockwise."""
    shear: tuple[float, float]
    """How far the top leans to the right for each pixel of height, the right side down for each of width."""
    stretch: tuple[float, float]
    """Across and down."""
    pull: Corners
    """How far each corner of the ink's box is pulled, as fractions of the box."""
    gap: float
    shift: tuple[float, float]
    """From its place, right and down."""
    colour: Colour
    opacity: float
    outline: float
    outline_colour: Colour
    thickness: float

    def resized(self, factor: float) -> Letter:
        """The same in another size; strokes are widened as much as before."""
        if factor == 1.0:
            return self
        size = self.size * factor
        glyph, scale = clean_glyph(self.font, self.character, size)
        shift = self.shift[0] * factor, self.shift[1]
        return self._replace(glyph=glyph, scale=scale, size=size, gap=self.gap * factor, shift=shift)

    @property
    def middle(self) -> tuple[float, float]:
        """How far right of the pen and above the baseline the middle of its ink is, unslanted."""
        if self.glyph.coverage is None:
            return 0.0, 0.0
        high, wide = self.glyph.coverage.shape
        across, up = self.scale * self.stretch[0], self.scale * self.stretch[1]
        return (self.glyph.left + wide / 2) * across, (self.glyph.rise - high / 2) * up

    def slanted_about_pen(self) -> Letter:
        """The same, moved as a slant moves it that leaves the pen in its place, not the middle of the ink."""
        (lean, sag), (across, above), (x, y) = self.shear, self.middle, self.shift
        return self._replace(shift=(x + lean * above, y + sag * across))

    @property
    def edge(self) -> float:
        """How far wider strokes, outlines and half a pixel of smooth sampling reach beyond the ink's box."""
        return max(0.0, self.outline + self.thickness / 2) + self.scale * max(self.stretch) / 2

    def shape(self) -> Shape:
        """Its map, and what it reaches."""
        mask = self.glyph.coverage
        if mask is None:
            return _NOTHING
        cos, sin = 1.0, 0.0
        if self.rotation:
            angle = math.radians(self.rotation)
            cos, sin = math.cos(angle), math.sin(angle)
        wide, high = self.scale * self.stretch[0], self.scale * self.stretch[1]
        lean, sag = self.shear
        xx, yx = wide * (cos - sin * sag), wide * (sin + cos * sag)
        xy, yy = -high * (cos * lean + sin), high * (cos - sin * lean)
        matrix = xx, xy, yx, yy
        edge = self.edge
        half_y, half_x = mask.shape[0] / 2, mask.shape[1] / 2
        if self.pull is NO_PULL:
            x, y = abs(xx) * half_x + abs(xy) * half_y + edge, abs(yx) * half_x + abs(yy) * half_y + edge
            return Shape(matrix, NO_PULL, x, x, y, y)
        box = ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y))
        pulled = [
            (x + 2 * half_x * dx, y + 2 * half_y * dy)
            for (x, y), (dx, dy) in zip(box, self.pull, strict=True)
        ]
        corners = tuple((xx * x + xy * y, yx * x + yy * y) for x, y in pulled)
        columns, rows = zip(*corners, strict=True)
        return Shape(
            matrix, corners, edge - min(columns), edge + max(columns), edge - min(rows), edge + max(rows)
        )


class Shape(NamedTuple):
    """How a letter lies about the middle of its ink's box, in pixels of the picture."""

    matrix: tuple[float, float, float, float]
    """2x2, row by row, from the glyph to the picture: stretch, then slant, then turn."""
    corners: Corners
    """Where the corners of the box lie if they are pulled, or ``NO_PULL``."""
    left: float
    """How far it reaches, always positive; the same for the next three."""
    right: float
    up: float
    down: float

    def stretched(self, wide: float, high: float) -> Shape:
        """The same, so many times as wide and as high."""
        xx, xy, yx, yy = self.matrix
        matrix = xx * wide, xy * wide, yx * high, yy * high
        corners = self.corners
        if corners is not NO_PULL:
            corners = tuple((x * wide, y * high) for x, y in corners)
        sides = self.left * wide, self.right * wide, self.up * high, self.down * high
        return Shape(matrix, corners, *sides)


_NOTHING = Shape((1.0, 0.0, 0.0, 1.0), NO_PULL, 0.0, 0.0, 0.0, 0.0)


class Placed(NamedTuple):
    """A letter in its shape, and where the middle of its ink's box comes to lie on the picture."""

    letter: Letter
    shape: Shape
    x: float
    y: float

    @property
    def pen(self) -> float:
        """Where its pen stands, pixels from the left."""
        return self.x - self.letter.shift[0] - self.letter.middle[0]
