"""Fingerprints of a picture: SHA-256 of its bytes and of its pixels, and a small thumbnail of its look."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import TooManyPixels
from captchalab.reading.image import load_image

THUMB_WIDTH, THUMB_HEIGHT = 16, 8


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``bytes_hash`` and ``pixels_hash`` are 32 bytes each, ``thumb`` is uint8, HEIGHT * WIDTH cells.

    Two pictures are exact duplicates if either hash agrees: a decoder's rounding may differ between
    machines, and one picture may be packed in two ways.
    """

    bytes_hash: bytes
    pixels_hash: bytes
    thumb: NDArray[np.uint8]


def whole_look(data: bytes) -> NDArray[np.uint8]:
    """The picture by which copies are known: all frames of an animation count, as first ones are often alike.

    RGB uint8 ``(height, width, 3)``. Raises ``ImageError``. An animation too large to be fused is known
    by its first frame.
    """
    try:
        return load_image(data, frames="fuse")
    except TooManyPixels:
        return load_image(data)


def fingerprint(data: bytes, image: NDArray[np.uint8]) -> Fingerprint:
    """Of an encoded file and its RGB uint8 picture ``(height, width, 3)``."""
    return Fingerprint(hash_bytes(data), hash_pixels(image), thumbnail(image))


def hash_bytes(data: bytes) -> bytes:
    """SHA-256 of an encoded file."""
    return hashlib.sha256(data).digest()


def hash_pixels(image: NDArray[np.uint8]) -> bytes:
    """SHA-256 of size and pixels."""
    digest = hashlib.sha256(np.array(image.shape, "<i8").tobytes())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


def greyscale(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB ``(height, width, 3)`` as luminance ``(height, width)``."""
    return np.asarray(Image.fromarray(image).convert("L"))


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture's mean luminance on a grid of ``THUMB_HEIGHT`` x ``THUMB_WIDTH`` cells, flat."""
    small = Image.fromarray(image).convert("L").resize((THUMB_WIDTH, THUMB_HEIGHT), Image.Resampling.BOX)
    return np.asarray(small).reshape(-1)
