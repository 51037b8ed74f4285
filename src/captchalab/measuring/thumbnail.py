"""A picture as a small PNG, for reports."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import ImageError
from captchalab.reading.image import load_image

MAX_WIDTH = 400
MAX_HEIGHT = 200


def thumbnail(image: bytes | NDArray[np.uint8], frames: str = "first") -> bytes | None:
    """PNG bytes of at most 400x200 pixels, redrawn from the pixels so that nothing else of an untrusted
    file comes along; ``None`` for a picture that cannot be decoded. ``frames`` of an animation: "first"
    or "fuse", as the model reads them."""
    try:
        picture = Image.fromarray(load_image(image, frames=frames))
    except ImageError:
        return None
    picture.thumbnail((MAX_WIDTH, MAX_HEIGHT))
    return png_of(picture)


def png_of(picture: Image.Image) -> bytes:
    """As small as PNG gets."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
