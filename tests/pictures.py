"""Small drawn pictures for tests, with Pillow only."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont


def draw(text: str, seed: int = 0, size: tuple[int, int] = (96, 40)) -> NDArray[np.uint8]:
    """``text`` on noise; the same for the same arguments. RGB uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    width, height = size
    noise = rng.integers(200, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize(size)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(20)
    for position, character in enumerate(text):
        place = (6 + position * 20 + int(rng.integers(-3, 4)), 8 + int(rng.integers(-5, 6)))
        pen.text(place, character, fill=tuple(rng.integers(0, 120, 3).tolist()), font=font)
    return np.asarray(picture)


def encoded(image: NDArray[np.uint8], kind: str = "PNG", **options: int) -> bytes:
    """The picture as a file's content."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getvalue()


def png(text: str, seed: int = 0, size: tuple[int, int] = (96, 40)) -> bytes:
    """``draw`` as PNG."""
    return encoded(draw(text, seed, size))
