"""Stretched lettering: each character tilted, stretched into a box and pulled at its corners.

This is how Python's ``captcha`` writes. All the geometry of a character is one map from the pixels
of the finished picture back to its clean glyph, so each is sampled once, straight onto its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.fonts import Glyph, glyphs
from captchalab.synth.inkmask import FULL, MARGIN, SCALE
from captchalab.synth.layout import Row, line_up
from captchalab.synth.opencv import cv2
from captchalab.synth.scheme import Colour

_NUMBERS = 12  # random numbers a character takes
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

    paints_ground: ClassVar[bool] = True

    def with_fonts(self, fonts: tuple[str, ...]) -> StretchedLettering:
        """The same with other fonts."""
        return replace(self, fonts=fonts)

    def write(self, rng: Generator, canvas: Bytes, text: str, background: Colour, ink: Colour) -> Bytes:
        """The text over a plain ``background``; nothing but the size of ``canvas`` is used."""
        height, width = canvas.shape[:2]
        numbers = rng.random((len(text), _NUMBERS)).tolist()
        chosen = [self._choose(c, n[0]) for c, n in zip(text, numbers, strict=True)]
        gaps = [self._choose(" ", n[1]).width if n[2] > self.gap_probability else None for n in numbers]
        row = line_up([g.width for g in chosen], gaps, [(n[3], n[4]) for n in numbers], self.overlap)
        tiles = self._distort(chosen, [n[5:] for n in numbers])
        strength = _paste(tiles, chosen, row, max(row.width, width), height)
        opacity = np.asarray(cv2.LUT(strength, _opacity(_luma(ink))), dtype=np.uint8)
        return _colours(_squeeze(opacity, width), background, ink)

    def _choose(self, character: str, number: float) -> Glyph:
        choice = glyphs(self.fonts, self.sizes, character)
        return choice[int(number * len(choice))]

    def _distort(self, chosen: Sequence[Glyph], numbers: Sequence[Sequence[float]]) -> Bytes:
        """How strongly each pixel of each box is inked: ``(n, height, width)`` of the largest box."""
        height, width = max(g.height for g in chosen), max(g.width for g in chosen)
        weights = [_weights(g, n, self.rotation, self.warp) for g, n in zip(chosen, numbers, strict=True)]
        maps: Floats = np.array(weights, dtype=np.float32).reshape(-1, 4) @ _basis(height, width)
        maps = maps.reshape(len(chosen), 2, height, width)
        tiles = np.empty((len(chosen), height, width), dtype=np.uint8)
        for tile, (columns, rows), g in zip(tiles, maps, chosen, strict=True):
            cv2.remap(g.ink, columns, rows, cv2.INTER_NEAREST, tile, cv2.BORDER_CONSTANT, 0)
        return tiles


def _weights(g: Glyph, numbers: Sequence[float], rotation: float, warp: tuple[float, float]) -> list[float]:
    """Where in the ink mask a pixel of the finished box looks: weights of (1, x, y, xy), column then row.

    Seen from the glyph: it is turned, stretched to a box a little larger than its own, and from that a
    quadrilateral is pulled back to its own box. Here the three are one map, backwards.
    """
    angle, reach_x, reach_y, first_x, first_y, last_x, last_y = numbers
    width, height = g.width, g.height
    most_x = width * warp[0] * reach_x + 0.1
    most_y = height * warp[1] * reach_y + 0.2
    x1, y1 = int((2 * first_x - 1) * most_x), int((2 * first_y - 1) * most_y)
    x2, y2 = int((2 * last_x - 1) * most_x), int((2 * last_y - 1) * most_y)
    wide, high = width + abs(x1) + abs(x2), height + abs(y1) + abs(y2)
    turn_xx, turn_xy, turn_yx, turn_yy, column, row = _turn(g, rotation * (2 * angle - 1), wide, high)
    # Bilinear between its corners in the stretched picture, north-west (x1, y1), south-west (-x1, high - y2),
    # south-east (wide + x2, high + y2) and north-east (wide - x2, -y1).
    x_x, x_y, x_xy = (wide - x2 - x1) / width, -2 * x1 / height, 2 * (x1 + x2) / (width * height)
    y_x, y_y, y_xy = -2 * y1 / width, (high - y2 - y1) / height, 2 * (y1 + y2) / (width * height)
    return [
        turn_xx * x1 + turn_xy * y1 + column,
        turn_xx * x_x + turn_xy * y_x,
        turn_xx * x_y + turn_xy * y_y,
        turn_xx * x_xy + turn_xy * y_xy,
        turn_yx * x1 + turn_yy * y1 + row,
        turn_yx * x_x + turn_yy * y_x,
        turn_yx * x_y + turn_yy * y_y,
        turn_yx * x_xy + turn_yy * y_xy,
    ]


def _turn(g: Glyph, degrees: float, wide: int, high: int) -> tuple[float, ...]:
    """From the stretched picture, ``wide`` x ``high``, to the ink mask: un-stretch, then turn back.

    The weights xx, xy, yx, yy and the column and row of the origin.
    """
    tall, broad = (0, 0) if g.coverage is None else g.coverage.shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    half_x = (broad * cos + tall * abs(sin)) / 2
    half_y = (broad * abs(sin) + tall * cos) / 2
    # The turned glyph lies in whole pixels around its middle.
    around_x = math.ceil(broad / 2 + half_x) - math.floor(broad / 2 - half_x)
    around_y = math.ceil(tall / 2 + half_y) - math.floor(tall / 2 - half_y)
    step_x, step_y = SCALE * around_x / wide, SCALE * around_y / high
    edge = MARGIN - 0.5  # map values name the middle of a mask pixel
    return (
        cos * step_x,
        -sin * step_y,
        sin * step_x,
        cos * step_y,
        SCALE * (broad - cos * around_x + sin * around_y) / 2 + edge,
        SCALE * (tall - sin * around_x - cos * around_y) / 2 + edge,
    )


@lru_cache(maxsize=256)
def _basis(height: int, width: int) -> Floats:
    """1, x, y and xy at the middle of every pixel of a box, as ``(4, height * width)``."""
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1) + 0.5
    return np.stack((np.ones_like(x), x, y, x * y)).astype(np.float32)


def _paste(tiles: Bytes, chosen: Sequence[Glyph], row: Row, width: int, height: int) -> Bytes:
    """All boxes added up in one plane ``(height, width)``: ``FULL`` is one character, more are two."""
    plane = np.zeros((height, width), dtype=np.uint8)
    for tile, g, left in zip(tiles, chosen, row.lefts, strict=True):
        top = int((height - g.height) / 2)
        part = plane[max(0, top) : top + g.height, left : left + g.width]
        first = max(0, -top)
        cv2.add(part, tile[first : first + part.shape[0], : part.shape[1]], part)
    return plane


def _luma(colour: Colour) -> int:
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


@lru_cache(maxsize=256)
def _opacity(luma: int) -> Bytes:
    """How much of the ground an ink of this luma hides: a table over the added strengths.

    Ink is as opaque as it is bright, 1.97 times its luma: dark colours write thinly. Where two
    characters meet, one lies over the other, and one of them is taken as full.
    """
    total = np.arange(256) / FULL
    strengths = np.minimum(total, 1), np.clip(total - 1, 0, 1)
    first, second = (np.minimum(255, np.floor(1.97 * np.rint(luma * part))) / 255 for part in strengths)
    return np.asarray(np.rint(255 * (1 - (1 - first) * (1 - second))), dtype=np.uint8)


def _squeeze(plane: Bytes, width: int) -> Bytes:
    """Narrowed to the canvas where the text wanted more."""
    if plane.shape[1] == width:
        return plane
    narrow = cv2.resize(plane, (width, plane.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(narrow, dtype=np.uint8)


def _colours(opacity: Bytes, background: Colour, ink: Colour) -> Bytes:
    channels = [
        cv2.convertScaleAbs(opacity, alpha=(inked - ground) / 255, beta=ground)
        for ground, inked in zip(background, ink, strict=True)
    ]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)
