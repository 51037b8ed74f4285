"""Stretched lettering: each character tilted, stretched into a box and pulled at its corners.

This is how Python's ``captcha`` writes. All the geometry of a character is one map from the pixels
of the finished picture back to its clean glyph, so each is sampled once, straight onto its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.fonts import Glyph, glyph, holders
from captchalab.synth.inkmask import SCALE, ink_mask, margin
from captchalab.synth.layout import Row, line_up
from captchalab.synth.scheme import Colour
from captchalab.synth.squeeze import squeeze

_NUMBERS = 14  # random numbers a character takes
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class StretchedLettering:
    """Characters in one colour, each in a random size, in a row that overlaps."""

    fonts: tuple[str, ...]
    """Names of bundled fonts, or paths."""
    sizes: tuple[int, ...]
    """Font sizes in pixels, chosen for every character."""
    rotation: float = 30.0
    """Largest tilt to either side, in degrees."""
    warp: tuple[float, float] = (0.2, 0.1)
    """Largest pull at a corner, as a fraction of the box's width and height."""
    gap_probability: float = 0.5
    """How often a space stands before a character."""
    overlap: float = 0.25
    """Largest overlap of two neighbours, as a fraction of the average width."""

    def write(self, rng: Generator, canvas: Bytes, text: str, background: Colour, ink: Colour) -> Bytes:
        """The text over a plain ``background``; what ``canvas`` held before is not kept."""
        height, width = canvas.shape[:2]
        numbers = rng.random((len(text), _NUMBERS)).tolist()
        glyphs = [self._choose(c, n[0], n[1]) for c, n in zip(text, numbers, strict=True)]
        gaps = [self._choose(" ", n[2], n[3]).width if n[4] > self.gap_probability else None for n in numbers]
        row = line_up([g.width for g in glyphs], gaps, [(n[5], n[6]) for n in numbers], self.overlap)
        tiles = self._distort(glyphs, [n[7:] for n in numbers])
        planes = _paste(tiles, glyphs, row, max(row.width, width), height, ink)
        return _colours(squeeze(planes, width), background, ink)

    def _choose(self, character: str, which_font: float, which_size: float) -> Glyph:
        fonts = holders(self.fonts, character)[character]
        font = fonts[int(which_font * len(fonts))]
        return glyph(font, self.sizes[int(which_size * len(self.sizes))], character)

    def _distort(self, glyphs: Sequence[Glyph], numbers: Sequence[Sequence[float]]) -> Bytes:
        """How strongly each pixel of each box is inked: ``(n, height, width)`` of the largest box."""
        height, width = max(g.height for g in glyphs), max(g.width for g in glyphs)
        poses = [_pose(g, n, self.rotation, self.warp) for g, n in zip(glyphs, numbers, strict=True)]
        pull = np.array([pose.pull for pose in poses], dtype=np.float32)
        limits = np.array([pose.limits for pose in poses], dtype=np.float32)
        turn = np.array([pose.turn for pose in poses], dtype=np.float32)
        # 1. From the finished box to the pixel of the stretched picture; whole pixels only.
        stretched: Floats = pull.reshape(-1, 4) @ _basis(height, width)
        np.floor(stretched, out=stretched)
        stretched = stretched.reshape(len(glyphs), 2, -1)
        inside = ((stretched >= 0) & (stretched < limits[:, :, None])).all(axis=1)
        # 2. From there back through stretching and tilting to the clean glyph.
        source = turn[:, :, :2] @ stretched
        source += turn[:, :, 2:]
        maps = source.reshape(len(glyphs), 2, height, width)
        tiles = np.zeros((len(glyphs), height, width), dtype=np.uint8)
        for tile, (columns, rows), g in zip(tiles, maps, glyphs, strict=True):
            if g.coverage is not None:
                cv2.remap(ink_mask(g), columns, rows, cv2.INTER_NEAREST, tile, cv2.BORDER_CONSTANT, 0)
        return np.multiply(tiles, inside.reshape(tiles.shape), out=tiles)


@dataclass(frozen=True, slots=True)
class _Pose:
    """How one character is distorted.

    ``pull`` 2x4: finished box (1, x, y, xy) to stretched picture; ``limits``: the size of the latter;
    ``turn`` 2x3: its pixel numbers to the columns and rows of the ink mask.
    """

    pull: tuple[tuple[float, ...], tuple[float, ...]]
    limits: tuple[int, int]
    turn: tuple[tuple[float, ...], tuple[float, ...]]


def _pose(g: Glyph, numbers: Sequence[float], rotation: float, warp: tuple[float, float]) -> _Pose:
    width, height = g.width, g.height
    reach_x = width * warp[0] * numbers[1] + 0.1
    reach_y = height * warp[1] * numbers[2] + 0.2
    x1, y1, x2, y2 = (
        int((2 * number - 1) * reach)
        for number, reach in zip(numbers[3:], (reach_x, reach_y, reach_x, reach_y), strict=True)
    )
    wide, high = width + abs(x1) + abs(x2), height + abs(y1) + abs(y2)
    # The corners north-west, south-west, south-east and north-east of the box in the stretched picture.
    pull = (
        _bilinear(x1, -x1, wide + x2, wide - x2, width, height),
        _bilinear(y1, high - y2, high + y2, -y1, width, height),
    )
    angle = math.radians(rotation * (2 * numbers[0] - 1))
    return _Pose(pull, (wide, high), _turn(g, angle, wide, high))


def _bilinear(nw: float, sw: float, se: float, ne: float, width: int, height: int) -> tuple[float, ...]:
    """Weights of (1, x, y, xy) that take the given values at the corners of a box."""
    return nw, (ne - nw) / width, (sw - nw) / height, (se - sw - ne + nw) / (width * height)


def _turn(g: Glyph, angle: float, wide: int, high: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """From pixel numbers of the stretched picture to the ink mask: un-stretch, then turn by ``angle``."""
    if g.coverage is None:
        return (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    ink_high, ink_wide = g.coverage.shape
    cos, sin = math.cos(angle), math.sin(angle)
    half_x = (ink_wide * cos + ink_high * abs(sin)) / 2
    half_y = (ink_wide * abs(sin) + ink_high * cos) / 2
    # The turned glyph lies in whole pixels around its middle.
    around_x = math.ceil(ink_wide / 2 + half_x) - math.floor(ink_wide / 2 - half_x)
    around_y = math.ceil(ink_high / 2 + half_y) - math.floor(ink_high / 2 - half_y)
    step_x, step_y = around_x / wide, around_y / high
    first_x, first_y = step_x / 2 - around_x / 2, step_y / 2 - around_y / 2
    from_x = cos * first_x - sin * first_y + ink_wide / 2
    from_y = sin * first_x + cos * first_y + ink_high / 2
    edge = margin() - 0.5  # map values name the middle of a mask pixel
    return (
        (SCALE * cos * step_x, -SCALE * sin * step_y, SCALE * from_x + edge),
        (SCALE * sin * step_x, SCALE * cos * step_y, SCALE * from_y + edge),
    )


@lru_cache(maxsize=256)
def _basis(height: int, width: int) -> Floats:
    """1, x, y and xy at the middle of every pixel of a box, as ``(4, height * width)``."""
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1) + 0.5
    return np.stack((np.ones_like(x), x, y, x * y)).astype(np.float32)


def _paste(tiles: Bytes, glyphs: Sequence[Glyph], row: Row, width: int, height: int, ink: Colour) -> Bytes:
    """All boxes laid over each other: ``(2, height, width)``, how much background and how much ink."""
    planes = np.zeros((2, height, width), dtype=np.uint8)
    planes[0] = 255
    keep, add = _opacity(ink)
    flat = tiles.reshape(len(tiles), -1)
    keeps, adds = cv2.LUT(flat, keep).reshape(tiles.shape), cv2.LUT(flat, add).reshape(tiles.shape)
    for g, left, tile_keep, tile_add in zip(glyphs, row.lefts, keeps, adds, strict=True):
        top = int((height - g.height) / 2)
        first, last = max(0, -top), min(g.height, height - top)
        part = slice(first, last), slice(0, min(g.width, width - left))
        ground, inked = planes[:, top + first : top + last, left : left + g.width]
        cv2.multiply(ground, tile_keep[part], ground, 1 / 255)
        cv2.multiply(inked, tile_keep[part], inked, 1 / 255)
        cv2.add(inked, tile_add[part], inked)
    return planes


def _opacity(ink: Colour) -> tuple[Bytes, Bytes]:
    """Two tables over the strength of the ink: what stays of the ground, and what ink comes on it.

    Ink is as opaque as it is bright: 1.97 times the luma of the (at weak edges darkened) colour. So
    dark colours write thinly, and the edges of a stroke are darker and thinner than its middle.
    """
    strength = np.arange(256) / 255
    luma = np.rint((0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2]) * strength)
    opacity = np.minimum(255, np.floor(1.97 * luma))
    return np.rint(255 - opacity).astype(np.uint8), np.rint(opacity * strength).astype(np.uint8)


def _colours(planes: Bytes, background: Colour, ink: Colour) -> Bytes:
    ground, inked = planes
    return cv2.merge(
        [
            cv2.addWeighted(ground, low / 255, inked, high / 255, 0)
            for low, high in zip(background, ink, strict=True)
        ]
    ).astype(np.uint8, copy=False)
