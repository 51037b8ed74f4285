"""The one door for pictures: bytes, path, array or PIL image -> upright RGB uint8 array.

Every limit on untrusted pictures is enforced here and nowhere else. No global state is changed, so
that many threads may load at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from captchalab.errors import BrokenImage, TooManyBytes, TooManyPixels, UnsupportedImage, UsageError
from captchalab.reading.containers import CHECKS, SIZES, sniff_format
from captchalab.reading.pixels import fuse_frames, to_rgb
from captchalab.reading.png import Png, check_pixels, check_png, pixel_bytes

__all__ = ["DEFAULT_LIMITS", "FRAMES", "ImageLike", "ImageLimits", "load_image", "sniff_format"]

ImageLike: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[np.uint8]"
)
FRAMES = ("first", "fuse")
_ALLOWED = "allowed are PNG, JPEG, GIF, WEBP and BMP"
_GREY_STEP = {2: 85, 4: 17, 8: 1}  # from a PNG grey of so many bits to 0..255
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class ImageLimits:
    """What a picture may cost. Above a limit it is refused before anything is decoded.

    ``max_bytes``: size of the encoded file, in bytes.
    ``max_pixels``: width times height, as its header says; for fused animations, of all frames together.
    ``max_side``: the longer of width and height, in pixels.
    ``max_frames``: frames of an animation that are fused; later ones are left out.
    """

    max_bytes: int = 2 * 1024 * 1024
    max_pixels: int = 4_000_000
    max_side: int = 4096
    max_frames: int = 64


DEFAULT_LIMITS = ImageLimits()


def load_image(
    image: ImageLike, limits: ImageLimits = DEFAULT_LIMITS, frames: str = "first"
) -> NDArray[np.uint8]:
    """Any picture -> ``(height, width, 3)`` uint8 RGB, upright, C-contiguous, transparency put on white.

    ``image`` is a path, the bytes of a PNG, JPEG, GIF, WEBP or BMP file, a PIL image, or a uint8 array
    ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)`` (an RGB array may be handed back as it is).
    ``frames`` says what becomes of an animation: ``first`` takes its first frame, ``fuse`` takes from
    all frames each pixel that stands out most (for animations that hide a character in every frame).

    Raises a subclass of ``ImageError`` for a bad picture and ``UsageError`` for a path that is no file.
    """
    if frames not in FRAMES:
        raise UsageError(f"frames={frames!r}: allowed are 'first' and 'fuse'")
    if isinstance(image, np.ndarray):
        return _from_array(image, limits)
    if isinstance(image, Image.Image):
        return _from_pil(image, limits, frames)
    if isinstance(image, bytes | bytearray | memoryview):
        return _from_bytes(bytes(image), limits, frames)
    if isinstance(image, str | os.PathLike):
        return _from_bytes(_read_file(Path(image), limits), limits, frames)
    raise UsageError(f"a picture is a path, bytes, a PIL image or an array, not {type(image).__name__}")


def _read_file(path: Path, limits: ImageLimits) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except FileNotFoundError as error:
        raise UsageError(f"no such picture: {path}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read the picture {path}: {reason}") from error


def _from_bytes(data: bytes, limits: ImageLimits, frames: str) -> NDArray[np.uint8]:
    if len(data) > limits.max_bytes:
        raise TooManyBytes(f"the picture file is larger than the limit of {limits.max_bytes} bytes")
    kind = sniff_format(data)
    if kind is None:
        what = "the picture is empty" if not data else f"not a picture that is read{_looks_like(data)}"
        raise UnsupportedImage(f"{what}; {_ALLOWED}")
    size = SIZES[kind](data)
    _check_size(size, limits)
    if kind == "png":
        png = check_png(data)
        return _pixels(_turned(_decode_png(png, size), png.orientation))
    container = CHECKS[kind](data)
    picture = _open(container.data, kind, size)
    if frames == "fuse" and container.frames > 1:
        count = min(container.frames, limits.max_frames)
        return fuse_frames(picture, size, count, limits.max_pixels)
    return _pixels(_turned(to_rgb(picture), container.orientation))


def _looks_like(data: bytes) -> str:
    head = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for name, starts in _STRANGERS.items():
        if head.startswith(starts):
            return f" (it looks like {name})"
    return ""


_STRANGERS: dict[str, tuple[bytes, ...]] = {
    "SVG or XML": (b"<svg", b"<?xml"),
    "an HTML page": (b"<!doctype", b"<html"),
    "TIFF": (b"ii*\0", b"mm\0*"),
    "EPS or PostScript": (b"%!ps", b"\xc5\xd0\xd3\xc6"),
    "PDF": (b"%pdf",),
    "JSON": (b"{", b"["),
    "base64 text": (b"data:image", b"ivborw0kggo", b"/9j/"),
}


def _check_size(size: tuple[int, int], limits: ImageLimits) -> None:
    """Raises ``TooManyPixels`` above the limits and ``BrokenImage`` for a picture without pixels."""
    width, height = size
    if width <= 0 or height <= 0:
        raise BrokenImage(f"the picture has no pixels ({width}x{height})")
    if width > limits.max_side or height > limits.max_side or width * height > limits.max_pixels:
        raise TooManyPixels(
            f"the picture has {width}x{height} pixels; allowed are sides up to {limits.max_side} "
            f"and {limits.max_pixels} pixels in all"
        )


def _open(data: bytes, kind: str, size: tuple[int, int]) -> Image.Image:
    """The decoded first frame. Damaged bytes make Pillow raise nearly anything, hence the wide net."""
    try:
        picture = Image.open(BytesIO(data), formats=(kind.upper(),))
        if picture.width > size[0] or picture.height > size[1]:
            raise BrokenImage("the picture is larger than its header says")
        picture.load()
    except BrokenImage:
        raise
    except Exception as error:
        raise BrokenImage(f"the {kind.upper()} file is truncated or damaged") from error
    return picture


def _decode_png(png: Png, size: tuple[int, int]) -> Image.Image:
    picture = _open(png.data, "png", size)
    width, height = size
    expected = pixel_bytes(png, size)
    # Rows that the stream did not reach are left zero: only then is unpacking it again worth the time.
    unfilled = picture.crop((0, height - 1, width, height)).getbbox() is None
    if unfilled or png.interlaced or png.packed_pixels > expected + expected // 32 + 1024:
        check_pixels(png, size)
    key = picture.info.get("transparency")
    if png.colour == 0 and picture.mode == "L" and key is not None:
        picture.info["transparency"] = key % (1 << png.bits) * _GREY_STEP[png.bits]
    elif png.colour == 2 and key is not None:
        picture.info["transparency"] = tuple(part >> (png.bits - 8) & 255 for part in key)
    return to_rgb(picture)


def _from_pil(picture: Image.Image, limits: ImageLimits, frames: str) -> NDArray[np.uint8]:
    _check_size(picture.size, limits)
    try:
        picture.load()
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:  # a lazily opened file is only read now
        raise BrokenImage("the PIL image cannot be decoded") from error
    count = getattr(picture, "n_frames", 1)
    if frames == "fuse" and count > 1:
        return fuse_frames(picture, picture.size, min(count, limits.max_frames), limits.max_pixels)
    return _pixels(_turned(to_rgb(picture), orientation))


def _from_array(array: NDArray[np.uint8], limits: ImageLimits) -> NDArray[np.uint8]:
    if array.dtype != np.uint8:
        raise UnsupportedImage(f"a picture array holds uint8, not {array.dtype}; scale it to 0..255 first")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise UnsupportedImage(
            f"a picture array has shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {array.shape}"
        )
    _check_size((array.shape[1], array.shape[0]), limits)
    if array.ndim == 2:
        return np.repeat(array[:, :, None], 3, axis=2)
    if array.shape[2] == 4:
        return _pixels(to_rgb(Image.fromarray(array)))
    return np.ascontiguousarray(array)


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _pixels(rgb: Image.Image) -> NDArray[np.uint8]:
    return np.array(rgb)
