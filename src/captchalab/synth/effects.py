"""Effects: pure functions ``(rng, image, ink, strength) -> image`` on uint8 ``(H, W, 3)`` pictures.

Strength 0 changes nothing, 1 is the usual amount, and everything between and above is graded.
No effect writes into the picture that it is given; all random numbers come from ``rng``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchalab.synth.scheme import Colour

Picture = NDArray[np.uint8]
Effect = Callable[[Generator, Picture, Colour, float], Picture]

DOTS = 30
DOT_WIDTH = 3
_MARGIN = 8


def dots(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """Small slanted specks in the colour of the text, ``30 * strength`` of them, anywhere."""
    height, width = image.shape[:2]
    spots = rng.random((2, round(DOTS * strength)))
    # A margin around the picture takes what falls over its edge.
    canvas = cv2.copyMakeBorder(image, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT)
    stride = width + 2 * _MARGIN
    places = (spots[0] * (height + 1)).astype(np.intp) * stride + (spots[1] * (width + 1)).astype(np.intp)
    canvas.reshape(-1, 3)[places[:, None] + _speck(stride)] = ink
    return canvas[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN].copy()


@lru_cache(maxsize=64)
def _speck(stride: int) -> NDArray[np.intp]:
    """Where the pixels of one speck lie in a flat picture of rows ``stride`` wide, margin included."""
    stamp = Image.new("1", (2 * _MARGIN, 2 * _MARGIN))
    ImageDraw.Draw(stamp).line((_MARGIN, _MARGIN, _MARGIN - 1, _MARGIN - 1), fill=1, width=DOT_WIDTH)
    rows, columns = np.nonzero(np.asarray(stamp))
    return np.asarray(rows * stride + columns, dtype=np.intp)


def arc(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """A thin lower half of an ellipse across the picture; ``strength`` is the number of them."""
    image = image.copy()
    height, width = image.shape[:2]
    for left, right, top, bottom, start, end in rng.random((round(strength), 6)).tolist():
        x1 = int(left * (width // 5 + 1))
        x2 = int(right * (width - width // 5 + 1)) + width // 5
        y1 = int(top * (height - 2 * (height // 5) + 1)) + height // 5
        y2 = int(bottom * max(1, height - y1 - height // 5 + 1)) + y1
        # Four fractional bits: the middle and the half axes of an even box lie between pixels.
        middle = ((x1 + x2) * 8, (y1 + y2) * 8)
        axes = ((x2 - x1) * 8, (y2 - y1) * 8)
        angles = int(start * 21), 160 + int(end * 41)
        cv2.ellipse(image, middle, axes, 0, *angles, ink, 1, cv2.LINE_8, 4)
    return image


def smooth(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """A light 3x3 blur (weights 1, 5 in the middle); ``strength`` blends between none and all of it."""
    share = 9 / 13 * strength
    soft = cv2.addWeighted(cv2.blur(image, (3, 3)), share, image, 1 - share, 0)
    # The outermost pixels have no full neighbourhood and stay as they are.
    soft[0], soft[-1], soft[:, 0], soft[:, -1] = image[0], image[-1], image[:, 0], image[:, -1]
    return np.asarray(soft, dtype=np.uint8)


EFFECTS: dict[str, Effect] = {
    "dots": dots,
    "arc": arc,
    "smooth": smooth,
}
