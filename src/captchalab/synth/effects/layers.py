"""What effects on pictures ``(H, W, 3)`` and on layers ``(H, W, 4)`` share."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.errors import suggest
from captchalab.synth.colours import Colour, Colours, Paint, choose_colour
from captchalab.synth.opencv import cv2

Bytes = NDArray[np.uint8]
Outside = tuple[int, tuple[int, ...]]
"""What lies around a picture: OpenCV's border mode, and the colour where it needs one."""

BORDERS = {"edge": cv2.BORDER_REPLICATE, "mirror": cv2.BORDER_REFLECT_101, "wrap": cv2.BORDER_WRAP}
"""What ``fill`` of a warp may be besides a paint: the nearest pixel, the picture mirrored or repeated."""


def opaque(picture: Bytes, colour: Colour) -> tuple[int, ...]:
    """The colour as the value of a pixel of this picture or layer."""
    return colour if picture.shape[2] == 3 else (*colour, 255)


def outside(rng: Generator, picture: Bytes, fill: Paint, colours: Colours) -> Outside:
    """What a warp finds beyond the picture: ``fill`` (a paint or one of ``BORDERS``); nothing, on a layer."""
    if picture.shape[2] == 4:
        return cv2.BORDER_CONSTANT, (0, 0, 0, 0)
    if isinstance(fill, str) and fill in BORDERS:
        return BORDERS[fill], (0, 0, 0)
    return cv2.BORDER_CONSTANT, choose_colour(rng, fill, colours)


def sampling(smooth: bool) -> int:
    """OpenCV's name of bilinear sampling, or of the nearest pixel."""
    return cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST


def move(
    picture: Bytes, columns: NDArray[np.float32], rows: NDArray[np.float32], smooth: bool, around: Outside
) -> Bytes:
    """Each pixel taken from ``(columns, rows)``, float32 ``(H, W)``."""
    border, value = around
    moved = cv2.remap(picture, columns, rows, sampling(smooth), borderMode=border, borderValue=value)
    return np.asarray(moved, dtype=np.uint8)


def flat(height: int, width: int, colour: tuple[int, ...]) -> Bytes:
    """A picture of one colour."""
    plain = np.empty((height, width, len(colour)), dtype=np.uint8)
    # A row is filled first: NumPy copies rows faster than it repeats three bytes.
    plain[0] = colour
    plain[1:] = plain[0]
    return plain


def disc(radius: float) -> Bytes:
    """A kernel of 0 and 1: all within ``radius`` pixels of its middle; of 1, a cross."""
    reach = max(0, int(np.ceil(radius)))
    places = np.arange(-reach, reach + 1)
    inside = places**2 + places[:, None] ** 2 <= max(radius, 0) ** 2 + 0.25
    return inside.astype(np.uint8)


def laid(picture: Bytes, painted: Bytes, opacity: float) -> Bytes:
    """``painted`` over the picture, ``opacity`` of it (0 to 1)."""
    if opacity >= 1:
        return painted
    return np.asarray(cv2.addWeighted(painted, opacity, picture, 1 - opacity, 0), dtype=np.uint8)


def within_opacity(layer: Bytes) -> Bytes:
    """The layer with colours cut to its opacity, as filters that overshoot need it; a picture as it is."""
    if layer.shape[2] == 3:
        return layer
    opacity = layer[:, :, 3]
    return np.asarray(cv2.min(layer, cv2.merge((opacity, opacity, opacity, opacity))), dtype=np.uint8)


def inked(layer: Bytes, around: int = 0) -> tuple[slice, slice]:
    """The rectangle of all that is not transparent, and ``around`` pixels more on each side."""
    left, top, wide, high = cv2.boundingRect(cv2.extractChannel(layer, 3))
    if not wide:
        return slice(0, 0), slice(0, 0)
    rows = slice(max(0, top - around), min(layer.shape[0], top + high + around))
    return rows, slice(max(0, left - around), min(layer.shape[1], left + wide + around))


def compose(picture: Bytes, layer: Bytes) -> Bytes:
    """The layer laid over the picture, or over another layer."""
    clear = cv2.bitwise_not(cv2.extractChannel(layer, 3))
    if picture.shape[2] == 3:
        layer = np.asarray(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), dtype=np.uint8)
    left = cv2.multiply(picture, cv2.merge([clear] * picture.shape[2]), scale=1 / 255)
    return np.asarray(cv2.add(left, layer), dtype=np.uint8)


def choose_word(rng: Generator, word: str, allowed: tuple[str, ...], what: str) -> str:
    """The word, or one of those allowed for ``"any"``. Raises ``UsageError`` for any other."""
    if word == "any":
        return allowed[int(rng.random() * len(allowed))]
    if word not in allowed:
        raise suggest(word, (*allowed, "any"), what)
    return word
