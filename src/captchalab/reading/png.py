"""The structure of a PNG file, checked before anything decodes it.

Pillow skips the checksums of pixel data and leaves the rows black that a short stream did not
fill, so both are looked at here. (PNG specification, third edition, sections 5 and 11.)
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from captchalab.errors import BrokenImage
from captchalab.reading.exif import orientation_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 8192
MAX_TEXT_BYTES = 1024 * 1024  # text and colour profiles together, once unpacked

_KEPT = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
_PACKED = frozenset((b"zTXt", b"iTXt", b"iCCP"))
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples per pixel
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_chunk = struct.Struct(">I4s")
_header = struct.Struct(">IIBBBBB")
_checksum = struct.Struct(">I")


class Png(NamedTuple):
    """A checked PNG: ``data`` is the file without text, profiles and animation frames."""

    data: bytes
    bits: int
    colour: int
    interlaced: bool
    orientation: int
    packed_pixels: int  # bytes of compressed pixel data


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header. Raises ``BrokenImage`` without one."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise BrokenImage("the PNG file is truncated: it has no header")
    width, height = _header.unpack_from(data, 16)[:2]
    return width, height


def check_png(data: bytes) -> Png:
    """Walk all chunks. Raises ``BrokenImage`` for a wrong checksum, a missing end or a bomb in a text."""
    *_, bits, colour, _, _, interlace = _header.unpack_from(data, 16)
    view, end, position = memoryview(data), len(data), 8
    kept: list[memoryview] = [view[:8]]
    kinds: set[bytes] = set()
    orientation, packed_pixels, chunks, text_budget = 1, 0, 0, MAX_TEXT_BYTES
    kind = b""
    while kind != b"IEND":
        if position + 12 > end:
            raise BrokenImage("the PNG file is truncated")
        length, kind = _chunk.unpack_from(data, position)
        stop = position + 12 + length
        if stop > end:
            raise BrokenImage("the PNG file is truncated")
        if zlib.crc32(view[position + 4 : stop - 4]) != _checksum.unpack_from(data, stop - 4)[0]:
            raise BrokenImage("the PNG file is damaged: a checksum (CRC) is wrong")
        chunks += 1
        if kind in _KEPT:
            kept.append(view[position:stop])
            packed_pixels += length if kind == b"IDAT" else 0
        elif kind in _PACKED:
            text_budget -= _unpacked_size(kind, data[position + 8 : stop - 4], text_budget)
        elif kind == b"eXIf":
            orientation = orientation_of(data[position + 8 : stop - 4])
        kinds.add(kind)
        position = stop
        if chunks > MAX_CHUNKS:
            raise BrokenImage(f"the PNG file has more than {MAX_CHUNKS} chunks")
    if not packed_pixels or (colour == 3 and b"PLTE" not in kinds):
        raise BrokenImage("the PNG file has no pixel data or no palette")
    whole = len(kept) == chunks + 1 and position == end
    return Png(data if whole else b"".join(kept), bits, colour, bool(interlace), orientation, packed_pixels)


def _unpacked_size(kind: bytes, body: bytes, limit: int) -> int:
    """Size of a compressed text or profile. Raises ``BrokenImage`` when it is above ``limit``."""
    start = body.find(b"\0") + 2
    if kind == b"iTXt":
        if body[start - 1 : start] != b"\1":
            return len(body)
        start = body.find(b"\0", body.find(b"\0", start + 1) + 1) + 1
    unpacker = zlib.decompressobj()
    try:
        size = len(unpacker.decompress(body[start:], limit + 1))
    except zlib.error:
        return 0  # an unreadable text does no harm: it never reaches the decoder
    if size > limit:
        raise BrokenImage(f"decompression bomb: its PNG texts unpack to more than {MAX_TEXT_BYTES} bytes")
    return size


def pixel_bytes(png: Png, size: tuple[int, int]) -> int:
    """Bytes of unpacked pixel data that the header announces, filter bytes included."""
    width, height = size
    depth = png.bits * _SAMPLES.get(png.colour, 4)
    if not png.interlaced:
        return height * (1 + (width * depth + 7) // 8)
    total = 0
    for left, top, across, down in _PASSES:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        total += rows * (1 + (columns * depth + 7) // 8) if columns > 0 and rows > 0 else 0
    return total


def check_pixels(png: Png, size: tuple[int, int]) -> None:
    """Unpack the pixel data, bounded. Raises ``BrokenImage`` if it is short, or a bomb."""
    expected = pixel_bytes(png, size)
    unpacker = zlib.decompressobj()
    limit = 2 * expected + 65536
    position, unpacked = 8, 0
    while position < len(png.data) and not unpacker.eof:
        length, kind = _chunk.unpack_from(png.data, position)
        if kind == b"IDAT":
            try:
                body = png.data[position + 8 : position + 8 + length]
                unpacked += len(unpacker.decompress(body, limit + 1 - unpacked))
            except zlib.error as error:
                raise BrokenImage("the PNG file is damaged: its pixel data cannot be unpacked") from error
        if unpacked > limit:
            raise BrokenImage("decompression bomb: the PNG file holds far more pixel data than announced")
        position += 12 + length
    if unpacked < expected:
        raise BrokenImage("the PNG file is truncated: its pixel data ends too early")
