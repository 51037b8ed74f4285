"""One character on its way to the picture: its values, its shape, and the ink that it leaves.

All the geometry of a character is one map from its clean mask to the picture, so that each is sampled
once, straight onto its place.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchalab.synth.colours import Colour
from captchalab.synth.fonts import Glyph, glyphs
from captchalab.synth.opencv import cv2

Bytes = NDArray[np.uint8]
Corners = tuple[tuple[float, float], ...]
"""Upper left, upper right, lower right and lower left, ``(x, y)``."""

NO_PULL: Corners = ((0.0, 0.0),) * 4
_SIZES = (16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 160, 200)
_FINE = 2  # mask pixels for each pixel of the glyph where strokes are widened


def clean_glyph(font: str, character: str, pixels: float) -> tuple[Glyph, float]:
    """A clean glyph a little larger than ``pixels`` per em, and the scale that makes it so."""
    size = next((size for size in _SIZES if size >= pixels), _SIZES[-1])
    return glyphs((font,), (size,), character)[0], pixels / size


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
    shear: float
    """How far the top leans to the right for each pixel of height."""
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
        size = self.size * factor
        glyph, scale = clean_glyph(self.font, self.character, size)
        shift = self.shift[0] * factor, self.shift[1]
        return self._replace(glyph=glyph, scale=scale, size=size, gap=self.gap * factor, shift=shift)

    def corners(self) -> Corners:
        """Where the corners of the ink's box lie, from its middle."""
        if self.glyph.coverage is None:
            return NO_PULL
        high, wide = self.glyph.coverage.shape
        x, y = wide / 2, high / 2
        box: Corners = ((-x, -y), (x, -y), (x, y), (-x, y))
        if self.pull is not NO_PULL:
            box = tuple(
                (x + wide * dx, y + high * dy) for (x, y), (dx, dy) in zip(box, self.pull, strict=True)
            )
        xx, xy, yx, yy = self.matrix()
        return tuple((xx * x + xy * y, yx * x + yy * y) for x, y in box)

    def matrix(self) -> tuple[float, float, float, float]:
        """The 2x2 matrix, row by row, from the glyph to the picture: stretch, then slant, then turn."""
        angle = math.radians(self.rotation)
        cos, sin = math.cos(angle), math.sin(angle)
        x, y = self.scale * self.stretch[0], self.scale * self.stretch[1]
        return x * cos, -y * (cos * self.shear + sin), x * sin, y * (cos - sin * self.shear)

    @property
    def edge(self) -> float:
        """How far widened strokes reach beyond the corners."""
        return max(0.0, self.outline + self.thickness / 2)


class Extent(NamedTuple):
    """How far a letter's ink reaches from the middle of its box, all four positive."""

    left: float
    right: float
    up: float
    down: float


def extent_of(letter: Letter, corners: Corners) -> Extent:
    """Of a letter whose ``corners`` are known."""
    columns, rows = zip(*corners, strict=True)
    edge = letter.edge
    return Extent(edge - min(columns), edge + max(columns), edge - min(rows), edge + max(rows))


class Tile(NamedTuple):
    """A rectangle of the picture, and how opaque each of its pixels is, uint8 ``(h, w)``."""

    part: tuple[slice, slice]
    opacity: Bytes


def tile_of(
    letter: Letter, mask: Bytes, fine: int, corners: Corners, middle: tuple[float, float], canvas: Bytes
) -> Tile | None:
    """The ``mask`` of a letter, ``fine`` times the glyph's resolution and with any even margin, laid about
    ``middle``; ``None`` where nothing of it is on the canvas."""
    height, width = canvas.shape[:2]
    x, y = middle
    before, after, above, below = extent_of(letter, corners)
    left, right = max(0, int(x - before) - 1), min(width, int(x + after) + 2)
    top, bottom = max(0, int(y - above) - 1), min(height, int(y + below) + 2)
    if left >= right or top >= bottom:
        return None
    origin = x - left - 0.5, y - top - 0.5
    size = right - left, bottom - top
    if letter.pull is NO_PULL:
        xx, xy, yx, yy = (number / fine for number in letter.matrix())
        across, down = (mask.shape[1] - 1) / 2, (mask.shape[0] - 1) / 2
        affine = (
            (xx, xy, origin[0] - xx * across - xy * down),
            (yx, yy, origin[1] - yx * across - yy * down),
        )
        opacity = cv2.warpAffine(mask, np.array(affine), size)
    else:
        opacity = cv2.warpPerspective(mask, _perspective(letter, mask, fine, corners, origin), size)
    return Tile((slice(top, bottom), slice(left, right)), np.asarray(opacity, dtype=np.uint8))


def _perspective(
    letter: Letter, mask: Bytes, fine: int, corners: Corners, origin: tuple[float, float]
) -> NDArray[np.float64]:
    assert letter.glyph.coverage is not None
    half_y, half_x = (side * fine / 2 for side in letter.glyph.coverage.shape)
    x, y = (mask.shape[1] - 1) / 2, (mask.shape[0] - 1) / 2
    box = (
        (x - half_x, y - half_y),
        (x + half_x, y - half_y),
        (x + half_x, y + half_y),
        (x - half_x, y + half_y),
    )
    target = [(origin[0] + dx, origin[1] + dy) for dx, dy in corners]
    return np.asarray(cv2.getPerspectiveTransform(np.array(box, np.float32), np.array(target, np.float32)))


class Masks(NamedTuple):
    """The clean masks of a letter, both of one shape, ``fine`` times the glyph's resolution."""

    fill: Bytes
    outline: Bytes | None
    fine: int


def masks_of(letter: Letter, hollow: bool) -> Masks | None:
    """What is filled, and what its outline covers around it (``hollow``: the outline is all that is filled).

    ``None`` for a space.
    """
    coverage = letter.glyph.coverage
    if coverage is None:
        return None
    if not (hollow or letter.outline or letter.thickness):
        return Masks(coverage, None, 1)
    across = letter.scale * (letter.stretch[0] + letter.stretch[1]) / 2
    unit = _FINE / max(across, 0.01)
    margin = math.ceil((letter.edge + 1) * unit)
    body = cv2.resize(coverage, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR)
    body = cv2.copyMakeBorder(body, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    fill = widened(np.asarray(body, dtype=np.uint8), letter.thickness / 2 * unit)
    if hollow:
        half = max(letter.outline, 1.0) / 2 * unit
        ring = cv2.subtract(widened(fill, half), widened(fill, -half))
        return Masks(np.asarray(ring, dtype=np.uint8), None, _FINE)
    return Masks(fill, widened(fill, letter.outline * unit) if letter.outline else None, _FINE)


def widened(mask: Bytes, radius: float) -> Bytes:
    """The mask with ``radius`` pixels more (or fewer) on each side of every stroke."""
    if radius == 0:
        return mask
    change = cv2.dilate if radius > 0 else cv2.erode
    whole, rest = divmod(abs(radius), 1.0)
    if whole:
        mask = np.asarray(change(mask, _disc(int(whole))), dtype=np.uint8)
    if rest:
        mask = np.asarray(cv2.addWeighted(change(mask, _disc(1)), rest, mask, 1 - rest, 0), dtype=np.uint8)
    return mask


def _disc(radius: int) -> Bytes:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


def lay(canvas: Bytes, tile: Tile, colour: Colour) -> None:
    """One colour on a picture or a layer, in place, as far as the tile is opaque."""
    opacity = tile.opacity
    channels = canvas.shape[2]
    full = cv2.merge((opacity,) * channels)
    part = canvas[tile.part]
    cv2.multiply(part, cv2.bitwise_not(full), part, 1 / 255)
    value = np.array((*colour, 255.0 if channels == 4 else 0.0))
    cv2.add(part, cv2.multiply(full, value, scale=1 / 255), part)
