"""What effects on pictures ``(H, W, 3)`` and on layers ``(H, W, 4)`` share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captchalab.synth.colours import Colour
from captchalab.synth.opencv import cv2

Bytes = NDArray[np.uint8]


def opaque(picture: Bytes, colour: Colour) -> tuple[int, ...]:
    """The colour as the value of a pixel of this picture or layer."""
    return colour if picture.shape[2] == 3 else (*colour, 255)


def move(
    picture: Bytes, columns: NDArray[np.float32], rows: NDArray[np.float32], smooth: bool = True
) -> Bytes:
    """Each pixel taken from ``(columns, rows)``; what lies outside is transparent, or the nearest edge."""
    border = cv2.BORDER_REPLICATE if picture.shape[2] == 3 else cv2.BORDER_CONSTANT
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return np.asarray(cv2.remap(picture, columns, rows, how, borderMode=border), dtype=np.uint8)


def compose(picture: Bytes, layer: Bytes) -> Bytes:
    """The layer laid over the picture."""
    opacity = layer[:, :, 3]
    clear = cv2.bitwise_not(cv2.merge((opacity, opacity, opacity)))
    return np.asarray(cv2.add(cv2.multiply(picture, clear, scale=1 / 255), layer[:, :, :3]), dtype=np.uint8)
