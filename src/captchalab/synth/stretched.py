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
TRACE = 2  # of FULL; what a smooth curve between pixels leaves below zero
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

    def write(self, rng: Generator, canvas: Bytes, text: str, colours: Colours) -> Bytes:
        """The text over a plain background; nothing but the size of ``canvas`` is used."""
        height, width = canvas.shape[:2]
        numbers = rng.random((len(text), _NUMBERS)).tolist()
        chosen = [self._choose(c, n[0]) for c, n in zip(text, numbers, strict=True)]
        gaps = [self._choose(" ", n[1]).width if n[2] > self.gap_probability else None for n in numbers]
        row = line_up([g.width for g in chosen], gaps, [(n[3], n[4]) for n in numbers], self.overlap)
        tiles = self._distort(chosen, [n[5:] for n in numbers])
        strength = _paste(tiles, chosen, row, max(row.width, width), height)
        return _squeeze(_coloured(strength, colours), width)

    def _choose(self, character: str, number: float) -> Glyph:
        choice = glyphs(self.fonts, self.sizes, character)
        return choice[int(number * len(choice))]

    def _distort(self, chosen: Sequence[Glyph], numbers: Sequence[Sequence[float]]) -> Bytes:
        """How strongly each pixel of each box is inked: ``(n, height, width)`` of the largest box."""
        height, width = max(g.height for g in chosen), max(g.width for g in chosen)
        turns = [_turn(g, self.rotation * (2 * n[0] - 1)) for g, n in zip(chosen, numbers, strict=True)]
        # Far enough from one to the next that no pull at a corner reaches into it.
        pitch = int(max(turn.high for turn in turns) * (1 + self.warp[1])) + 3
        pulls = [_pull(g, t, n, self.warp) for g, t, n in zip(chosen, turns, numbers, strict=True)]
        columns, rows, steps_x, steps_y = zip(*pulls, strict=True)
        maps: Floats = np.array(columns + rows, dtype=np.float32) @ _basis(height, width)
        # Pulled by whole pixels of the stretched picture: the steps in the edges are part of the look.
        np.floor(maps, out=maps)
        maps *= np.array(steps_x + steps_y, dtype=np.float32)[:, None]
        maps += _offsets(steps_x + steps_y, pitch)
        across, down = maps.reshape(2, -1, width)
        tiles = cv2.remap(
            _sheet(chosen, turns, pitch), across, down, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, 0
        )
        return np.asarray(tiles, dtype=np.uint8).reshape(-1, height, width)


class _Turn(NamedTuple):
    """A glyph turned about its middle, on the whole pixels that it needs and one more all around."""

    matrix: tuple[float, ...]
    """From the middle of a pixel of the turned glyph to the fine mask, row by row."""
    wide: int
    high: int


def _turn(g: Glyph, degrees: float) -> _Turn:
    tall, broad = (0, 0) if g.coverage is None else g.coverage.shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    middle_x, middle_y = broad / 2, tall / 2
    half_x = (broad * cos + tall * abs(sin)) / 2
    half_y = (broad * abs(sin) + tall * cos) / 2
    # The turned glyph lies in whole pixels around its middle.
    wide = math.ceil(middle_x + half_x) - math.floor(middle_x - half_x) + 2
    high = math.ceil(middle_y + half_y) - math.floor(middle_y - half_y) + 2
    off_x, off_y = (1 - wide) / 2, (1 - high) / 2
    fine_cos, fine_sin = SCALE * cos, SCALE * sin
    matrix = (
        fine_cos,
        -fine_sin,
        fine_cos * off_x - fine_sin * off_y + SCALE * middle_x - 0.5,
        fine_sin,
        fine_cos,
        fine_sin * off_x + fine_cos * off_y + SCALE * middle_y - 0.5,
    )
    return _Turn(matrix, wide, high)


def _sheet(chosen: Sequence[Glyph], turns: Sequence[_Turn], pitch: int) -> Bytes:
    """The turned glyphs, one every ``pitch`` rows.

    A pixel is inked by what lies at its middle: nothing spreads beyond the glyph's own box. Where it
    stands against that box tells a 0 from an O.
    """
    sheet = np.zeros((len(turns) * pitch, max(turn.wide for turn in turns)), dtype=np.uint8)
    matrices = np.array([turn.matrix for turn in turns]).reshape(-1, 2, 3)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    for i, (g, turn, matrix) in enumerate(zip(chosen, turns, matrices, strict=True)):
        room = sheet[i * pitch : i * pitch + turn.high, : turn.wide]
        cv2.warpAffine(g.ink, matrix, (turn.wide, turn.high), room, flags)
    return sheet


def _offsets(steps: tuple[float, ...], pitch: int) -> Floats:
    """From a whole pixel of the stretched picture to its middle, as a place on the sheet, ``(2 n, 1)``.

    There is an empty pixel around each turned glyph, and half of one goes to name a pixel's middle.
    """
    count = len(steps) // 2
    tops = [0.0] * count + [i * pitch for i in range(count)]
    return np.array([0.5 + step / 2 + top for step, top in zip(steps, tops, strict=True)], dtype=np.float32)[
        :, None
    ]


def _pull(
    g: Glyph, turn: _Turn, numbers: Sequence[float], warp: tuple[float, float]
) -> tuple[tuple[float, ...], tuple[float, ...], float, float]:
    """Where in the stretched picture a pixel of the finished box looks: weights of (1, x, y, xy) for
    column and row; and how many pixels of the turned glyph one of the stretched picture takes.

    Seen from the glyph: it is stretched to a box a little larger than its own, and from that a
    quadrilateral is pulled back to its own box.
    """
    _, reach_x, reach_y, first_x, first_y, last_x, last_y = numbers
    width, height = g.width, g.height
    most_x = width * warp[0] * reach_x + 0.1
    most_y = height * warp[1] * reach_y + 0.2
    x1, y1 = int((2 * first_x - 1) * most_x), int((2 * first_y - 1) * most_y)
    x2, y2 = int((2 * last_x - 1) * most_x), int((2 * last_y - 1) * most_y)
    wide, high = width + abs(x1) + abs(x2), height + abs(y1) + abs(y2)
    # Bilinear between its corners in the stretched picture, north-west (x1, y1), south-west (-x1, high - y2),
    # south-east (wide + x2, high + y2) and north-east (wide - x2, -y1).
    area = width * height
    column = (x1, (wide - x2 - x1) / width, -2 * x1 / height, 2 * (x1 + x2) / area)
    row = (y1, -2 * y1 / width, (high - y2 - y1) / height, 2 * (y1 + y2) / area)
    return column, row, (turn.wide - 2) / wide, (turn.high - 2) / high


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
    opacity = np.rint(np.maximum(np.arange(FULL + 1) - TRACE, 0) * (2 * FULL / (FULL - TRACE)))
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
