"""The structure of JPEG, GIF, WEBP and BMP files, checked before anything decodes them.

Pillow decodes the pixels; this file answers what must be known earlier (format, size, number of
frames, orientation, whether the end is there) and takes out what Pillow would parse for nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from captchalab.errors import BrokenImage
from captchalab.reading.exif import orientation_of
from captchalab.reading.png import SIGNATURE, png_size

MAX_SCANS = 64  # of a progressive JPEG; each costs a pass over all pixels
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


class Container(NamedTuple):
    """A checked file: ``data`` for the decoder, EXIF ``orientation``, number of ``frames``."""

    data: bytes
    orientation: int = 1
    frames: int = 1


def sniff_format(data: bytes) -> str | None:
    """``png``, ``jpeg``, ``gif``, ``webp`` or ``bmp`` by the first bytes; ``None`` for anything else."""
    if data.startswith(SIGNATURE):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    return None


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header."""
    for marker, position, _ in _segments(data):
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
    raise BrokenImage("the JPEG file is damaged: it has no frame header")


# SOF0 to SOF15 without the three that are no frame headers (DHT, JPG, DAC)
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# APP0 (JFIF) and APP14 (Adobe) say how colours are coded; other applications' data and comments do not
_DROPPED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """``(marker, start, stop)`` of each segment up to and with the first scan; start is at the 0xFF."""
    found = []
    position = 2
    while True:
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        if position + 10 > len(data) or data[position] != 0xFF:
            raise BrokenImage("the JPEG file is truncated or damaged")
        marker = data[position + 1]
        stop = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        found.append((marker, position, stop))
        if marker == 0xDA:
            return found
        position = stop


def check_jpeg(data: bytes) -> Container:
    """Raises ``BrokenImage`` without an end marker, or with more scans than a real picture has."""
    segments = _segments(data)
    scan = segments[-1][1]
    if data.rfind(b"\xff\xd9", scan) < 0:
        raise BrokenImage("the JPEG file is truncated")
    if data.count(b"\xff\xda", scan) > MAX_SCANS:
        raise BrokenImage(f"the JPEG file has more than {MAX_SCANS} scans")
    orientation = 1
    kept = [data[:2]]
    for marker, start, stop in segments:
        if marker == 0xE1 and data[start + 4 : start + 10] == b"Exif\0\0":
            orientation = orientation_of(data[start + 4 : stop])
        elif marker not in _DROPPED and marker != 0xDA:
            kept.append(data[start:stop])
    if len(kept) == len(segments):
        return Container(data, orientation)
    return Container(b"".join((*kept, data[scan:])), orientation)


def gif_size(data: bytes) -> tuple[int, int]:
    """Width and height that hold the screen and every frame."""
    return _walk_gif(data)[0]


def check_gif(data: bytes) -> Container:
    """Raises ``BrokenImage`` if a block or the end marker is missing."""
    _, frames, complete = _walk_gif(data)
    if not complete:
        raise BrokenImage("the GIF file is truncated or damaged")
    return Container(data, 1, frames)


def _walk_gif(data: bytes) -> tuple[tuple[int, int], int, bool]:
    """Size, number of frames, and whether the end was reached (GIF89a, appendix B)."""
    if len(data) < 13:
        raise BrokenImage("the GIF file is truncated")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    frames = 0
    while position < len(data):
        kind = data[position]
        if kind == 0x3B and frames:
            return (width, height), frames, True
        if kind == 0x2C and position + 10 <= len(data):
            left, top, across, down, flags = struct.unpack_from("<HHHHB", data, position + 1)
            width, height, frames = max(width, left + across), max(height, top + down), frames + 1
            position += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        elif kind == 0x21:
            position += 2
        else:
            break
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1
    return (width, height), frames, False


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of the canvas (WebP container specification; RFC 9649)."""
    kind = data[12:16]
    if len(data) >= 30:
        if kind == b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
            return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(
                data[28:30], "little"
            ) & 0x3FFF
        if kind == b"VP8L" and data[20] == 0x2F:
            packed = int.from_bytes(data[21:25], "little")
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    raise BrokenImage("the WEBP file is truncated or damaged: it has no header")


def check_webp(data: bytes) -> Container:
    """Raises ``BrokenImage`` if the file is shorter than it says."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BrokenImage("the WEBP file is truncated")
    frames, orientation, position = 0, 1, 12
    while position + 8 <= end:
        kind = data[position : position + 4]
        stop = position + 8 + int.from_bytes(data[position + 4 : position + 8], "little")
        if stop > end:
            raise BrokenImage("the WEBP file is damaged: a chunk runs over its end")
        frames += kind == b"ANMF"
        if kind == b"EXIF":
            orientation = orientation_of(data[position + 8 : stop])
        position = stop + (stop - position) % 2
    return Container(data, orientation, max(1, frames))


def bmp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header; a negative height means top-down rows."""
    if len(data) < 26:
        raise BrokenImage("the BMP file is truncated")
    if data[14] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def check_bmp(data: bytes) -> Container:
    """A BMP file has no structure beyond its header; the decoder notices missing rows."""
    return Container(data)


SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "png": png_size,
    "jpeg": jpeg_size,
    "gif": gif_size,
    "webp": webp_size,
    "bmp": bmp_size,
}
CHECKS: dict[str, Callable[[bytes], Container]] = {
    "jpeg": check_jpeg,
    "gif": check_gif,
    "webp": check_webp,
    "bmp": check_bmp,
}
