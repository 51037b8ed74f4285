"""PIL images of any mode -> RGB on white; animations -> one picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import BrokenImage, TooManyPixels, UnsupportedImage

_WHITE = (255, 255, 255)
_WIDE_GREY = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def to_rgb(picture: Image.Image) -> Image.Image:
    """An 8-bit RGB image; transparency on white, 16-bit grey scaled (``I`` is taken as 0..65535).

    Raises ``UnsupportedImage`` for floating point pixels, whose range nothing states.
    """
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode in _WIDE_GREY:
        return _from_wide_grey(picture)
    if picture.mode == "F":
        raise UnsupportedImage("floating point pixels have no stated range; give an 8-bit picture")
    try:
        if not picture.has_transparency_data:
            return picture.convert("RGB")
        layer = picture.convert("RGBA")
    except Exception as error:  # a damaged palette or key colour makes Pillow raise nearly anything
        raise BrokenImage(f"its {picture.mode} pixels cannot be converted to RGB") from error
    page = Image.new("RGB", picture.size, _WHITE)
    page.paste(layer, mask=layer)
    return page


def _from_wide_grey(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture)
    grey = (np.clip(values, 0, 65535) >> 8).astype(np.uint8)
    key = picture.info.get("transparency")
    if key is not None:
        grey[values == key] = 255
    return Image.fromarray(grey).convert("RGB")


def fuse_frames(
    picture: Image.Image, size: tuple[int, int], count: int, max_pixels: int
) -> NDArray[np.uint8]:
    """The first ``count`` frames as one ``(height, width, 3)`` array, for texts spread over frames.

    Each pixel comes from the frame in which it is farthest from the background, the median colour of
    the first frame: what is drawn in any frame is drawn in the result. Raises ``TooManyPixels`` where
    all frames together are above ``max_pixels``.
    """
    width, height = size
    if width * height * count > max_pixels:
        raise TooManyPixels(
            f"the animation has {count} frames of {width}x{height} pixels; "
            f"allowed are {max_pixels} pixels in all frames together"
        )
    shown = picture.tell()
    fused = fuse(np.asarray(_frame(picture, index, size)) for index in range(count))
    picture.seek(shown)
    return fused


def fuse(frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """At least one frame, RGB ``(height, width, 3)`` each, as one, in the way of ``fuse_frames``."""
    rest = iter(frames)
    fused = next(rest).astype(np.int16)
    background = np.median(fused.reshape(-1, 3), axis=0).astype(np.int16)
    farthest = np.abs(fused - background).sum(axis=2)
    for frame in rest:
        distance = np.abs(frame - background).sum(axis=2)
        stands_out = distance > farthest
        fused[stands_out] = frame[stands_out]
        farthest[stands_out] = distance[stands_out]
    return fused.astype(np.uint8)


def _frame(picture: Image.Image, index: int, size: tuple[int, int]) -> Image.Image:
    try:
        picture.seek(index)
        picture.load()
    except Exception as error:  # damaged later frames make Pillow raise nearly anything
        raise BrokenImage(f"frame {index + 1} of the animation is damaged") from error
    rgb = to_rgb(picture)
    if rgb.size == size:
        return rgb
    page = Image.new("RGB", size, _WHITE)
    page.paste(rgb)
    return page
