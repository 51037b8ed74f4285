"""Effects: pure functions ``(rng, image, ink, strength) -> image`` on uint8 ``(H, W, 3)`` pictures.

Those in ``ON_A_PLANE`` take a plane ``(H, W)`` too, with the first value of ``ink``.

Strength 0 changes nothing, 1 is the usual amount, and everything between and above is graded.
No effect writes into the picture that it is given; all random numbers come from ``rng``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchalab.synth.opencv import cv2
from captchalab.synth.scheme import Colour

Picture = NDArray[np.uint8]
Effect = Callable[[Generator, Picture, Colour, float], Picture]

DOTS = 30
DOT_WIDTH = 3
_MARGIN = 8


def dots(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """Small slanted specks in the colour of the text, ``30 * strength`` of them, anywhere."""
    height, width, *channels = image.shape
    down, across = rng.random((2, round(DOTS * strength)))
    # A margin around the picture takes what falls over its edge.
    canvas = cv2.copyMakeBorder(image, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT)
    stride = width + 2 * _MARGIN
    places = (down * (height + 1)).astype(np.intp) * stride + (across * (width + 1)).astype(np.intp)
    canvas.reshape(-1, *channels)[_speck(stride) + places[:, None]] = ink if channels else ink[0]
    return np.array(canvas[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN], dtype=np.uint8)


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
    soft = np.asarray(cv2.blur(image, (3, 3)), dtype=np.uint8)
    cv2.addWeighted(soft, share, image, 1 - share, 0, soft)
    # The outermost pixels have no full neighbourhood and stay as they are.
    soft[0], soft[-1], soft[:, 0], soft[:, -1] = image[0], image[-1], image[:, 0], image[:, -1]
    return soft


def curves(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """Waves from edge to edge, near the colour of the text; two for each unit of ``strength``."""
    image = image.copy()
    height, width = image.shape[:2]
    across = np.linspace(0, 1, 24)
    for start, end, swing, turns, phase, thick, *tints in rng.random((round(2 * strength), 9)).tolist():
        wave = np.sin((across * (0.5 + 1.5 * turns) + phase) * 2 * np.pi)
        down = (0.15 + 0.7 * (start + (end - start) * across) + 0.2 * swing * wave) * height
        points = np.stack((across * (width - 1), down), axis=1) * 16
        colour = [min(255, max(0, c + int(80 * tint) - 40)) for c, tint in zip(ink, tints, strict=True)]
        cv2.polylines(image, [points.astype(np.int32)], False, colour, 1 + int(1.4 * thick), cv2.LINE_AA, 4)
    return image


def ripple(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """Rows and columns swing like waves, by up to a twentieth of the height times ``strength``."""
    height, width = image.shape[:2]
    reach = 0.05 * height * strength
    numbers = rng.random((2, 3))
    swing = reach * (0.5 + 0.5 * numbers[:, 0])
    turns = (0.6 + 1.2 * numbers[:, 1]) / height
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    sideways = swing[0] * np.sin(2 * np.pi * (turns[0] * y + numbers[0, 2]))
    upwards = swing[1] * np.sin(2 * np.pi * (turns[1] * x + numbers[1, 2]))
    columns = (x + sideways[:, None]).astype(np.float32)
    rows = (y[:, None] + upwards).astype(np.float32)
    moved = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def gradient(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """A slope of colour between four corners that differ by up to ``60 * strength`` from the picture."""
    height, width = image.shape[:2]
    corners = (rng.random((2, 2, 3)).astype(np.float32) - 0.5) * (120 * strength)
    slope = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(image, slope, dtype=cv2.CV_8U), dtype=np.uint8)


def grain(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """Noise of up to ``20 * strength`` grey levels in every channel of every pixel."""
    noise = np.frombuffer(rng.bytes(image.size), dtype=np.uint8).reshape(image.shape)
    share = 40 / 255 * strength
    return np.asarray(cv2.addWeighted(image, 1, noise, share, -127.5 * share), dtype=np.uint8)


def negative(rng: Generator, image: Picture, ink: Colour, strength: float = 1.0) -> Picture:
    """Light on dark instead of dark on light; ``strength`` is how probable that is."""
    return np.asarray(cv2.bitwise_not(image), dtype=np.uint8) if rng.random() < strength else image


EFFECTS: dict[str, Effect] = {
    "dots": dots,
    "arc": arc,
    "smooth": smooth,
    "curves": curves,
    "ripple": ripple,
    "gradient": gradient,
    "grain": grain,
    "negative": negative,
}

ON_A_PLANE = frozenset({"dots", "arc", "smooth"})
"""Effects that know no colour but the ink: they may be drawn on its opacity, before it is coloured."""
