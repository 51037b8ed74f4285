"""Stretched lettering: each character tilted, stretched into a box and pulled at its corners.

This is how Python's ``captcha`` writes. All the geometry of a character is one map from the pixels
of the finished picture back to its clean glyph, so each is sampled once, straight onto its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colour, Colours
from captchalab.synth.fonts import Glyph, glyphs
from captchalab.synth.inkmask import FULL, SCALE
from captchalab.synth.layout import Row, line_up
from captchalab.synth.opencv import cv2

_NUMBERS = 12  # random numbers a character takes
VISIBLE = 0.25  # of FULL; less rounds to an opacity of 0 of 255
_LUMA = np.array((0.299, 0.587, 0.114), dtype=np.float32)
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

    def write(
        self, rng: Generator, canvas: Bytes, text: str, colours: Colours, opacities: Sequence[float] = ()
    ) -> Bytes:
        """The text over a plain background; nothing but the size of ``canvas`` is used."""
        height, width = canvas.shape[:2]
        numbers = rng.random((len(text), _NUMBERS)).tolist()
        chosen = [self._choose(c, n[0]) for c, n in zip(text, numbers, strict=True)]
        gaps = [self._choose(" ", n[1]).width if n[2] > self.gap_probability else None for n in numbers]
        row = line_up([g.width for g in chosen], gaps, [(n[3], n[4]) for n in numbers], self.overlap)
        tiles = self._distort(chosen, [n[5:] for n in numbers])
        for tile, opacity in zip(tiles, opacities, strict=False):
            cv2.convertScaleAbs(tile, tile, opacity)
        strength = _paste(tiles, chosen, row, max(row.width, width), height)
        return _squeeze(_coloured(strength, colours), width)

    def _choose(self, character: str, number: float) -> Glyph:
        choice = glyphs(self.fonts, self.sizes, character)
        return choice[int(number * len(choice))]

    def _distort(self, chosen: Sequence[Glyph], numbers: Sequence[Sequence[float]]) -> Bytes:
        """How strongly each pixel of each box is inked: ``(n, height, width)`` of the largest box."""
        turned = [_turn(g, self.rotation * (2 * n[0] - 1)) for g, n in zip(chosen, numbers, strict=True)]
        pulls = [_pull(g, n, self.warp) for g, n in zip(chosen, numbers, strict=True)]
        stretched = _stretch(turned, [(pull.wide, pull.high) for pull in pulls], max(p.reach for p in pulls))
        # By the nearest pixel of the stretched glyph, all of them one above the other.
        height, width = max(g.height for g in chosen), max(g.width for g in chosen)
        pitch = stretched.shape[1]
        rows = [(p.row[0] + i * pitch, *p.row[1:]) for i, p in enumerate(pulls)]
        maps = np.array([p.column for p in pulls] + rows, dtype=np.float32) @ _basis(height, width)
        across, down = maps.reshape(2, -1, width)
        tiles = cv2.remap(
            stretched.reshape(-1, stretched.shape[2]),
            across,
            down,
            cv2.INTER_NEAREST,
            None,
            cv2.BORDER_CONSTANT,
            0,
        )
        # What rounds to no opacity at all is not seen.
        cv2.threshold(tiles, VISIBLE, 0, cv2.THRESH_TOZERO, tiles)
        return np.asarray(cv2.convertScaleAbs(tiles), dtype=np.uint8).reshape(-1, height, width)


def _turn(g: Glyph, degrees: float) -> Floats:
    """A glyph turned about its middle, on as many whole pixels as it needs.

    A pixel is inked by what lies at its middle: nothing spreads beyond the glyph's own box. Where it
    stands against that box tells a 0 from an O.
    """
    tall, broad = (0, 0) if g.coverage is None else g.coverage.shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    middle_x, middle_y = broad / 2, tall / 2
    half_x = (broad * cos + tall * abs(sin)) / 2
    half_y = (broad * abs(sin) + tall * cos) / 2
    wide = max(1, math.ceil(middle_x + half_x) - math.floor(middle_x - half_x))
    high = max(1, math.ceil(middle_y + half_y) - math.floor(middle_y - half_y))
    # From the middle of a pixel of the turned glyph to the fine mask.
    off_x, off_y = (1 - wide) / 2, (1 - high) / 2
    fine_cos, fine_sin = SCALE * cos, SCALE * sin
    matrix = np.array(
        (
            (fine_cos, -fine_sin, fine_cos * off_x - fine_sin * off_y + SCALE * middle_x - 0.5),
            (fine_sin, fine_cos, fine_sin * off_x + fine_cos * off_y + SCALE * middle_y - 0.5),
        )
    )
    turned = cv2.warpAffine(g.ink, matrix, (wide, high), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return turned.astype(np.float32)


def _stretch(turned: Sequence[Floats], sizes: Sequence[tuple[int, int]], spare: int) -> Floats:
    """Each turned glyph at its ``(wide, high)``, at least ``spare`` empty rows below: ``(n, rows, columns)``.

    Bicubic and antialiased, as Pillow's resizing is (Keys, 1981, a = -1/2): how far the faintest ink
    reaches decides how wide a stroke gets.
    """
    wide, high = max(size[0] for size in sizes), max(size[1] for size in sizes) + spare
    stretched = np.zeros((len(turned), high, wide), dtype=np.float32)
    for glyph, (to_wide, to_high), room in zip(turned, sizes, stretched, strict=True):
        from_high, from_wide = glyph.shape
        wider = glyph @ _resampling(from_wide, to_wide).T
        np.matmul(_resampling(from_high, to_high), np.maximum(wider, 0, out=wider), room[:to_high, :to_wide])
    return stretched


@lru_cache(maxsize=4096)
def _resampling(size: int, wanted: int) -> Floats:
    """Weights ``(wanted, size)`` that resize a line of ``size`` pixels."""
    scale = size / wanted
    support = max(scale, 1.0)
    middles = (np.arange(wanted) + 0.5)[:, None] * scale
    away = np.abs(np.arange(size) + 0.5 - middles) / support
    near = (1.5 * away - 2.5) * away * away + 1
    far = ((-0.5 * away + 2.5) * away - 4) * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


class _Pull(NamedTuple):
    """Where a pixel of the finished box looks in the stretched glyph."""

    column: tuple[float, ...]
    """Weights of (1, x, y, xy)."""
    row: tuple[float, ...]
    wide: int
    """Size of the stretched glyph."""
    high: int
    reach: int
    """How far the corners lie outside it, in pixels."""


def _pull(g: Glyph, numbers: Sequence[float], warp: tuple[float, float]) -> _Pull:
    """The glyph is stretched to a box a little larger than its own, and from that a quadrilateral is
    pulled back to its own box."""
    _, reach_x, reach_y, first_x, first_y, last_x, last_y = numbers
    width, height = g.width, g.height
    most_x = width * warp[0] * reach_x + 0.1
    most_y = height * warp[1] * reach_y + 0.2
    x1, y1 = int((2 * first_x - 1) * most_x), int((2 * first_y - 1) * most_y)
    x2, y2 = int((2 * last_x - 1) * most_x), int((2 * last_y - 1) * most_y)
    wide, high = width + abs(x1) + abs(x2), height + abs(y1) + abs(y2)
    # Bilinear between its corners in the stretched picture, north-west (x1, y1), south-west (-x1, high - y2),
    # south-east (wide + x2, high + y2) and north-east (wide - x2, -y1); half a pixel less names the pixel.
    area = width * height
    column = (x1 - 0.5, (wide - x2 - x1) / width, -2 * x1 / height, 2 * (x1 + x2) / area)
    row = (y1 - 0.5, -2 * y1 / width, (high - y2 - y1) / height, 2 * (y1 + y2) / area)
    return _Pull(column, row, wide, high, max(abs(y1), abs(y2)) + 1)


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


def _coloured(strength: Bytes, colours: Colours) -> Bytes:
    """The plane of added ink as RGB on a plain ground."""
    return np.asarray(cv2.applyColorMap(strength, _colour_map(*colours)), dtype=np.uint8)


def _colour_map(background: Colour, ink: Colour) -> Bytes:
    """What each value of the plane looks like, ``(256, 1, 3)``.

    The ink's own brightness is its opacity, 1.97 times: dark colours write thinly. Where it is only a
    trace, its colour is rounded: rims are darker or brighter than the stroke, or are not seen at all.
    Where two characters meet, the second lies over the first, and the first is taken as full.
    """
    ground = np.array(background, dtype=np.float32)[:, None]
    colours = _rounded_inks()[list(ink)]
    cover = np.minimum(np.floor(np.rint(_LUMA @ colours) * 1.97) / 255, 1)
    once = ground + (colours - ground) * cover
    full = once[:, FULL:]
    twice = full + (colours - full) * cover
    colour_map = np.empty((256, 1, 3), dtype=np.uint8)
    by_channel = colour_map[:, 0].T
    by_channel[:, : FULL + 1] = once
    by_channel[:, FULL : 2 * FULL + 1] = twice
    by_channel[:, 2 * FULL + 1 :] = twice[:, FULL:]
    return colour_map


@lru_cache(maxsize=1)
def _rounded_inks() -> Floats:
    """What is left of each channel value (0 to 255) at each strength of ink, ``(256, FULL + 1)``.

    Resampling works on colours multiplied by their opacity, in whole numbers, and divides by it again,
    rounding down: once when the glyph is turned, where nearly all is full ink, and once when it is
    stretched, where a faint colour comes back coarse.
    """
    value = np.arange(256)[:, None]
    turned = _through(value, np.array([[2 * FULL]]))
    opacity = 2 * np.arange(FULL + 1)
    return _through(turned, opacity[None]).astype(np.float32)


def _through(colour: NDArray[Any], opacity: NDArray[Any]) -> NDArray[Any]:
    """A channel's value multiplied by an opacity (0 to 255) and divided by it again, in whole numbers."""
    product = np.rint(colour * opacity / 255)
    return np.asarray(np.minimum(product * 255 // np.maximum(opacity, 1), 255))


def _squeeze(picture: Bytes, width: int) -> Bytes:
    """Narrowed to the canvas where the text wanted more."""
    if picture.shape[1] == width:
        return picture
    narrow = cv2.resize(picture, (width, picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(narrow, dtype=np.uint8)
