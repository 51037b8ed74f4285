"""The speck and the arc that Python's ``captcha`` draws."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes, opaque
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick_count

DOT_WIDTH = 3
_MARGIN = 8


def dots(
    rng: Generator, picture: Bytes, colours: Colours, *, count: Range = 30, colour: Paint = "ink"
) -> Bytes:
    """Small slanted specks, ``count`` of them, anywhere, all in one colour."""
    height, width, channels = picture.shape
    places = rng.random((2, pick_count(rng, count)))
    # A margin around the picture takes what falls over its edge.
    canvas = cv2.copyMakeBorder(picture, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT)
    stride = width + 2 * _MARGIN
    speck, spread = _speck(height, width)
    down, across = (places * spread).astype(np.intp)
    value = np.void(bytes(opaque(picture, choose_colour(rng, colour, colours))))
    pixels = canvas.reshape(-1, channels).view(value.dtype)
    pixels.put(np.add.outer(down * stride + across, speck), value)
    return np.array(canvas[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN], dtype=np.uint8)


@lru_cache(maxsize=64)
def _speck(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Where the pixels of one speck lie in a flat picture with its margin, and in how many places, down and
    across ``(2, 1)``, there may be one."""
    stamp = Image.new("1", (2 * _MARGIN, 2 * _MARGIN))
    ImageDraw.Draw(stamp).line((_MARGIN, _MARGIN, _MARGIN - 1, _MARGIN - 1), fill=1, width=DOT_WIDTH)
    rows, columns = np.nonzero(np.asarray(stamp))
    speck = rows * (width + 2 * _MARGIN) + columns
    return np.asarray(speck, dtype=np.intp), np.array(((height + 1.0,), (width + 1.0,)))


def arc(
    rng: Generator, picture: Bytes, colours: Colours, *, count: Range = 1, colour: Paint = "ink"
) -> Bytes:
    """The thin lower half of an ellipse across the picture, ``count`` times."""
    picture = picture.copy()
    height, width = picture.shape[:2]
    for left, right, top, bottom, start, end in rng.random((pick_count(rng, count), 6)).tolist():
        x1 = int(left * (width // 5 + 1))
        x2 = int(right * (width - width // 5 + 1)) + width // 5
        y1 = int(top * (height - 2 * (height // 5) + 1)) + height // 5
        y2 = int(bottom * max(1, height - y1 - height // 5 + 1)) + y1
        # Four fractional bits: the middle and the half axes of an even box lie between pixels.
        middle = ((x1 + x2) * 8, (y1 + y2) * 8)
        axes = ((x2 - x1) * 8, (y2 - y1) * 8)
        angles = int(start * 21), 160 + int(end * 41)
        value = opaque(picture, choose_colour(rng, colour, colours))
        cv2.ellipse(picture, middle, axes, 0, *angles, value, 1, cv2.LINE_8, 4)
    return picture
