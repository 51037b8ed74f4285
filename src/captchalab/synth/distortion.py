"""A glyph turned, stretched into a box and pulled at its corners, as Python's ``captcha`` does.

All the geometry of a character is one map from the pixels of the finished picture back to its clean
glyph. It is worked out for many characters at a time, since NumPy is slow with few numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchalab.synth.glyphs import Glyph
from captchalab.synth.inkmask import SCALE
from captchalab.synth.opencv import cv2

NUMBERS = 7
"""Random numbers that the distortion of a character takes."""
VISIBLE = 0.25  # of FULL; less rounds to an opacity of 0 of 255
_NEAREST = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Whole = NDArray[np.intp]


class Distortion(NamedTuple):
    """How each of ``n`` glyphs is drawn; sizes are ``(width, height)`` in pixels."""

    turns: Doubles
    """From the turned glyph to the fine mask, ``(n, 2, 3)``."""
    turned: list[tuple[int, int]]
    """Sizes of the turned glyphs."""
    stretched: list[tuple[int, int]]
    """Sizes of the stretched ones."""
    pulls: Floats
    """From a pixel of the box to the stretched glyph of a text whose ``rooms`` are one above the other:
    weights of (1, x, y, xy) for its column and for its row, ``(2, n, 4)``."""
    rooms: list[tuple[int, int]]
    """Height and width that hold each stretched glyph of a text, and below it what a corner may reach beyond
    it: the text's own, for every glyph."""


def distort(
    texts: Sequence[Sequence[Glyph]], numbers: Doubles, rotation: float, warp: tuple[float, float]
) -> Distortion:
    """The glyphs of all texts, one after the other: each is turned by up to ``rotation`` degrees, its corners
    are pulled by up to ``warp`` of its size.

    ``numbers`` are random ones, ``(n, NUMBERS)``.
    """
    wide, high, mask_wide, mask_high = np.array([glyph.sizes for glyphs in texts for glyph in glyphs]).T
    place = np.concatenate([np.arange(len(glyphs)) for glyphs in texts])
    turns, turned = _turns(mask_wide, mask_high, rotation * (2 * numbers[:, 0] - 1))
    stretched, pulls = _pulls(wide, high, numbers[:, 1:].T, warp)
    to_wide, to_high = stretched
    # Of each text by itself: where a pixel is rounded to must not follow from what is drawn with it.
    lengths = [len(glyphs) for glyphs in texts]
    starts = np.cumsum([0, *lengths[:-1]])
    room_high = np.repeat(np.maximum.reduceat(2 * to_high - high, starts) + 1, lengths)
    room_wide = np.repeat(np.maximum.reduceat(to_wide, starts), lengths)
    pulls[1, :, 0] += place * room_high
    rooms = _pairs(room_high, room_wide)
    return Distortion(turns, _pairs(*turned), _pairs(*stretched), pulls.astype(np.float32), rooms)


def draw_inks(glyphs: Sequence[Glyph], distortion: Distortion, first: int) -> Bytes:
    """How strongly each pixel of each glyph's box is inked: ``(n, height, width)`` of the largest box.

    They are those from ``first`` on of the distorted ones.
    """
    last = first + len(glyphs)
    shapes = zip(
        glyphs,
        distortion.turns[first:last],
        distortion.turned[first:last],
        distortion.stretched[first:last],
        strict=True,
    )
    stretched = np.zeros((len(glyphs), *distortion.rooms[first]), dtype=np.float32)
    for room, (glyph, turn, size, (wide, high)) in zip(stretched, shapes, strict=True):
        turned = cv2.warpAffine(glyph.ink, turn, size, None, _NEAREST)
        _stretch(turned, room[:high, :wide])
    height, width = max([g.height for g in glyphs]), max([g.width for g in glyphs])
    maps = distortion.pulls[:, first:last].reshape(-1, 4) @ _basis(height, width)
    across, down = maps.reshape(2, -1, width)
    # By the nearest pixel of the stretched glyphs, which lie one above the other.
    strip = stretched.reshape(-1, stretched.shape[2])
    tiles = cv2.remap(strip, across, down, cv2.INTER_NEAREST, None, cv2.BORDER_CONSTANT, 0)
    # What rounds to no opacity at all is not seen.
    cv2.threshold(tiles, VISIBLE, 0, cv2.THRESH_TOZERO, tiles)
    return np.asarray(cv2.convertScaleAbs(tiles), np.uint8).reshape(-1, height, width)


def _turns(mask_wide: Whole, mask_high: Whole, degrees: Doubles) -> tuple[Doubles, tuple[Doubles, Doubles]]:
    """Glyphs turned about their middle, on as many whole pixels as they need: ``turns`` and the sizes.

    A pixel is inked by what lies at its middle: nothing spreads beyond the glyph's own box. Where it
    stands against that box tells a 0 from an O.
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    steep = np.abs(sin)
    middle_x, middle_y = mask_wide / 2, mask_high / 2
    half_x = middle_x * cos + middle_y * steep
    half_y = middle_x * steep + middle_y * cos
    wide = np.maximum(np.ceil(middle_x + half_x) - np.floor(middle_x - half_x), 1)
    high = np.maximum(np.ceil(middle_y + half_y) - np.floor(middle_y - half_y), 1)
    # From the middle of a pixel of the turned glyph to the fine mask.
    off_x, off_y = (1 - wide) / 2, (1 - high) / 2
    turns = np.empty((len(degrees), 2, 3))
    turns[:, 0, 0] = turns[:, 1, 1] = cos
    turns[:, 1, 0], turns[:, 0, 1] = sin, -sin
    turns[:, 0, 2] = cos * off_x - sin * off_y + middle_x
    turns[:, 1, 2] = sin * off_x + cos * off_y + middle_y
    turns *= SCALE
    turns[:, :, 2] -= 0.5
    return turns, (wide, high)


def _pulls(
    wide: Whole, high: Whole, numbers: Doubles, warp: tuple[float, float]
) -> tuple[tuple[Whole, Whole], Doubles]:
    """A glyph is stretched to a size a little larger than its box, and from that a quadrilateral is
    pulled back to the box: the sizes, and ``pulls`` for a glyph with nothing above it."""
    most_x = wide * warp[0] * numbers[0] + 0.1
    most_y = high * warp[1] * numbers[1] + 0.2
    x1, y1, x2, y2 = ((2 * numbers[2:] - 1) * (most_x, most_y, most_x, most_y)).astype(np.intp)
    to_wide, to_high = wide + np.abs(x1) + np.abs(x2), high + np.abs(y1) + np.abs(y2)
    # Bilinear between its corners in the stretched glyph: north-west (x1, y1), south-west
    # (-x1, to_high - y2), south-east (to_wide + x2, to_high + y2), north-east (to_wide - x2, -y1). Half a
    # pixel less names the pixel.
    area = wide * high
    pulls = np.array(
        (
            (x1 - 0.5, (to_wide - x2 - x1) / wide, -2 * x1 / high, 2 * (x1 + x2) / area),
            (y1 - 0.5, -2 * y1 / wide, (to_high - y2 - y1) / high, 2 * (y1 + y2) / area),
        )
    )
    return (to_wide, to_high), pulls.transpose(0, 2, 1)


def _pairs(wide: NDArray[Any], high: NDArray[Any]) -> list[tuple[int, int]]:
    return list(zip(wide.astype(np.intp).tolist(), high.astype(np.intp).tolist(), strict=True))


def _stretch(turned: NDArray[Any], out: Floats) -> None:
    """Bicubic and antialiased, as Pillow's resizing is (Keys, 1981, a = -1/2): how far the faintest ink
    reaches decides how wide a stroke gets."""
    from_high, from_wide = turned.shape
    to_high, to_wide = out.shape
    wider = turned.dot(_resampling(from_wide, to_wide, True))
    cv2.threshold(wider, 0, 0, cv2.THRESH_TOZERO, wider)
    np.matmul(_resampling(from_high, to_high, False), wider, out)


@lru_cache(maxsize=4096)
def _resampling(size: int, wanted: int, across: bool) -> Floats:
    """Weights that resize a line of ``size`` pixels: ``(wanted, size)``, turned over if ``across``."""
    scale = size / wanted
    support = max(scale, 1.0)
    middles = (np.arange(wanted) + 0.5)[:, None] * scale
    away = np.abs(np.arange(size) + 0.5 - middles) / support
    near = (1.5 * away - 2.5) * away * away + 1
    far = ((-0.5 * away + 2.5) * away - 4) * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(weights.T if across else weights, dtype=np.float32)


@lru_cache(maxsize=256)
def _basis(height: int, width: int) -> Floats:
    """1, x, y and xy at the middle of every pixel of a box, as ``(4, height * width)``."""
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1) + 0.5
    return np.stack((np.ones_like(x), x, y, x * y)).astype(np.float32)
