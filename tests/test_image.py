"""The door for pictures: every format and every limit, and nothing but ImageError for bad bytes."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import (
    BrokenImage,
    ImageError,
    TooManyBytes,
    TooManyPixels,
    UnsupportedImage,
    UsageError,
)
from captchalab.reading.image import ImageLimits, load_image, sniff_format

FORMATS = ("png", "jpeg", "gif", "webp", "bmp")


def picture(width: int = 40, height: int = 20) -> NDArray[np.uint8]:
    """A gradient with some noise: no row is all zero."""
    generator = np.random.default_rng(7)
    rows = np.linspace(60, 180, height, dtype=np.uint8)[:, None, None]
    return (rows + generator.integers(0, 60, (height, width, 3), dtype=np.uint8)).astype(np.uint8)


def encoded(image: Image.Image | NDArray[np.uint8], kind: str = "png", **options: object) -> bytes:
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    file = io.BytesIO()
    image.save(file, kind.upper(), **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    raw: bytes,
    *,
    bits: int = 8,
    colour: int = 2,
    interlace: int = 0,
    extra: bytes = b"",
) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))
    body = chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + body


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_from_bytes_path_and_pil(kind: str, tmp_path: Path) -> None:
    data = encoded(picture(), kind)
    assert sniff_format(data) == kind
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    (tmp_path / "wrong-suffix.txt").write_bytes(data)
    for given in (data, bytearray(data), tmp_path / "wrong-suffix.txt", Image.open(io.BytesIO(data))):
        loaded = load_image(given)
        assert loaded.dtype == np.uint8
        assert loaded.flags.c_contiguous
        assert np.array_equal(loaded, expected)


def test_arrays() -> None:
    rgb = picture()
    assert np.array_equal(load_image(rgb), rgb)
    assert load_image(rgb[:, ::-1]).flags.c_contiguous
    grey = rgb[:, :, 0]
    assert np.array_equal(load_image(grey), np.stack([grey] * 3, axis=2))
    assert np.array_equal(load_image(grey[:, :, None]), load_image(grey))
    clear = np.dstack([rgb, np.zeros_like(grey)])
    assert np.all(load_image(clear) == 255)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4), np.float32), np.zeros(9, np.uint8)]
)
def test_arrays_that_are_no_pictures(array: NDArray[np.uint8]) -> None:
    with pytest.raises(UnsupportedImage, match="array"):
        load_image(array)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (encoded(picture(), "tiff"), "TIFF"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"hello", "allowed are PNG"),
    ],
)
def test_unsupported(data: bytes, named: str, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(data)
    for given in (data, tmp_path / "picture.png"):
        with pytest.raises(UnsupportedImage, match=named):
            load_image(given)


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such picture: .*nothing\.png$"):
        load_image(tmp_path / "nothing.png")
    with pytest.raises(UsageError, match="cannot read"):
        load_image(tmp_path)
    with pytest.raises(UsageError, match="not int"):
        load_image(3)  # type: ignore[arg-type]


def test_too_many_bytes(tmp_path: Path) -> None:
    data = encoded(picture())
    (tmp_path / "a.png").write_bytes(data)
    limits = ImageLimits(max_bytes=len(data) - 1)
    for given in (data, tmp_path / "a.png"):
        with pytest.raises(TooManyBytes, match=str(len(data) - 1)):
            load_image(given, limits)
    assert load_image(data, ImageLimits(max_bytes=len(data))).shape == (20, 40, 3)
    with pytest.raises(TooManyBytes, match="2097152"):
        load_image(b"\x89PNG" + bytes(2 * 1024 * 1024))


def header_only(kind: str, width: int, height: int) -> bytes:
    """A file of the format that says it is so large, and holds no pixels."""
    if kind == "png":
        return png(width, height, b"")[:60]
    if kind == "bmp":
        return b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
    if kind == "gif":
        return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"," + bytes(40)
    if kind == "webp":
        body = b"VP8X" + struct.pack("<II", 10, 0) + (width - 1).to_bytes(3, "little")
        body += (height - 1).to_bytes(3, "little")
        return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    data = bytearray(encoded(picture(), "jpeg"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("width", "height"), [(4097, 1), (1, 4097), (2001, 2000), (16000, 16000)])
def test_too_many_pixels_by_the_header_alone(kind: str, width: int, height: int) -> None:
    with pytest.raises(TooManyPixels, match=f"{width}x{height}.*4096.*4000000"):
        load_image(header_only(kind, width, height))


def test_too_many_pixels_of_arrays_and_pil_images() -> None:
    for given in (np.zeros((4097, 1), np.uint8), Image.new("1", (2001, 2000))):
        with pytest.raises(TooManyPixels):
            load_image(given)
    assert load_image(np.zeros((2000, 2000), np.uint8)).shape == (2000, 2000, 3)


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_no_pixels(size: tuple[int, int]) -> None:
    for given in (np.zeros((*size, 3), np.uint8), Image.new("RGB", size), png(*size, b"")):
        with pytest.raises(BrokenImage, match="no pixels"):
            load_image(given)


def test_a_gif_frame_larger_than_its_screen() -> None:
    data = bytearray(encoded(picture(), "gif"))
    descriptor = data.index(b",", 13 + 3 * 256)
    data[descriptor + 5 : descriptor + 9] = struct.pack("<HH", 9000, 9000)
    with pytest.raises(TooManyPixels, match="9000x9000"):
        load_image(bytes(data))


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_anywhere(kind: str) -> None:
    data = encoded(picture(), kind)
    magic = 18
    for end in [*range(magic, len(data), 37), len(data) - 2, len(data) - 1]:
        with pytest.raises(BrokenImage):
            load_image(data[:end])


def test_png_with_a_wrong_checksum_anywhere() -> None:
    data = encoded(picture(), pnginfo=None, dpi=(72, 72))
    position = 8
    kinds = []
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kinds.append(data[position + 4 : position + 8])
        stop = position + 12 + length
        damaged = data[: stop - 1] + bytes([data[stop - 1] ^ 1]) + data[stop:]
        with pytest.raises(BrokenImage, match="CRC"):
            load_image(damaged)
        position = stop
    assert {b"IHDR", b"pHYs", b"IDAT", b"IEND"} <= set(kinds)


def test_png_whose_pixel_data_is_short_or_wrong() -> None:
    row = b"\0" + bytes([200]) * 30
    assert load_image(png(10, 8, row * 8)).min() == 200
    with pytest.raises(BrokenImage, match="ends too early"):
        load_image(png(10, 8, row * 7))
    for raw, interlace in ((b"", 0), (bytes(31) * 4, 1)):
        with pytest.raises(BrokenImage):
            load_image(png(10, 8, raw, interlace=interlace))
    with pytest.raises(BrokenImage, match="palette"):
        load_image(png(10, 8, bytes(11) * 8, colour=3))


def test_black_and_interlaced_png_are_read() -> None:
    assert load_image(png(10, 8, bytes(31) * 8)).max() == 0
    passes = [(2, 1), (1, 1), (3, 1), (2, 2), (5, 2), (5, 4), (10, 4)]  # of a 10x8 picture
    raw = b"".join((b"\0" + b"\x55" * columns) * rows for columns, rows in passes)
    assert np.all(load_image(png(10, 8, raw, colour=0, interlace=1)) == 0x55)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000))),
        chunk(b"iTXt", b"a\0\1\0en\0a\0" + zlib.compress(bytes(2_000_000))),
        chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2_000_000))),
        chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(300_000))) * 4,
    ],
    ids=["zTXt", "iTXt", "iCCP", "many"],
)
def test_png_text_bombs(extra: bytes) -> None:
    with pytest.raises(BrokenImage, match="bomb"):
        load_image(png(1, 1, b"\0\1\2\3", extra=extra))


def test_png_pixel_bombs_and_swarms_of_chunks() -> None:
    with pytest.raises(BrokenImage, match="bomb"):
        load_image(png(100, 100, bytes(100_000_000)))
    with pytest.raises(BrokenImage, match="8192 chunks"):
        load_image(png(1, 1, b"\0\1\2\3", extra=chunk(b"tEXt", b"a\0b") * 9000))


def test_harmless_png_extras_are_passed_over() -> None:
    extra = chunk(b"tEXt", b"a\0b") + chunk(b"iTXt", b"a\0\0\0\0\0text") + chunk(b"zTXt", b"a\0\0no stream")
    extra += chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(3000))) + chunk(b"prVt", b"?")
    assert load_image(png(1, 1, b"\0\1\2\3", extra=extra) + b"bytes after the end").tolist() == [[[1, 2, 3]]]


def test_jpeg_with_a_swarm_of_scans() -> None:
    data = encoded(picture(), "jpeg", progressive=True)
    assert load_image(data).shape == (20, 40, 3)
    scan = data[data.index(b"\xff\xda") : -2]
    with pytest.raises(BrokenImage, match="64 scans"):
        load_image(data[:-2] + scan * 70 + data[-2:])


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("kind", ["png", "webp"])
def test_alpha_on_white(mode: str, kind: str) -> None:
    image = Image.new(mode, (3, 1), (0, 0) if mode == "LA" else (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 128) if mode == "LA" else (0, 0, 0, 128))
    image.putpixel((2, 0), (0, 255) if mode == "LA" else (0, 0, 0, 255))
    expected = [[[255] * 3, [127] * 3, [0] * 3]]
    options = {"lossless": True} if kind == "webp" else {}
    assert load_image(encoded(image, kind, **options)).tolist() == expected
    assert load_image(image).tolist() == expected


def palette_picture() -> Image.Image:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    for x in range(3):
        image.putpixel((x, 0), x)
    return image


def test_palettes() -> None:
    image = palette_picture()
    assert load_image(encoded(image)).tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    one = [[[255, 255, 255], [0, 255, 0], [0, 0, 255]]]
    assert load_image(encoded(image, transparency=0)).tolist() == one
    assert load_image(encoded(image, "gif", transparency=0)).tolist() == one
    several = load_image(encoded(image, transparency=b"\0\x80\xff"))
    assert several.tolist() == [[[255, 255, 255], [127, 255, 127], [0, 0, 255]]]


def test_cmyk_and_grey_jpeg() -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(load_image(encoded(image, "jpeg")).astype(int) - (255, 0, 0)).max() <= 3
    assert np.abs(load_image(image).astype(int) - (255, 0, 0)).max() <= 3
    assert np.abs(load_image(encoded(Image.new("L", (16, 16), 77), "jpeg")).astype(int) - 77).max() <= 1


def test_one_bit() -> None:
    image = Image.new("1", (9, 2))
    image.putpixel((4, 1), 1)
    for given in (image, encoded(image), encoded(image, "bmp")):
        loaded = load_image(given)
        assert loaded[1, 4].tolist() == [255] * 3
        assert int(loaded.sum()) == 3 * 255


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    expected = [0, 0, 1, 128, 255]
    grey = Image.fromarray(values)
    assert grey.mode == "I;16"
    for given in (grey, encoded(grey), Image.fromarray(values.astype(np.int32))):
        assert load_image(given)[0, :, 0].tolist() == expected
    row = b"\0" + values.astype(">u2").repeat(3).tobytes()
    assert load_image(png(5, 1, row, bits=16, colour=2))[0, :, 2].tolist() == expected
    row = b"\0" + np.stack([values[0], np.full(5, 65535)], axis=1).astype(">u2").tobytes()
    assert load_image(png(5, 1, row, bits=16, colour=4))[0, :, 1].tolist() == expected
    with pytest.raises(UnsupportedImage, match="floating"):
        load_image(Image.new("F", (4, 4)))


@pytest.mark.parametrize(
    ("bits", "colour", "row", "key", "expected"),
    [
        (1, 0, b"\x80", b"\0\1", [255, 0]),
        (2, 0, b"\x90", b"\0\2", [255, 85]),
        (4, 0, b"\x5f", b"\0\5", [255, 255]),
        (8, 0, b"\x07\x09", b"\0\x07", [255, 9]),
        (16, 0, b"\x12\x34\x12\x35", b"\x12\x34", [255, 0x12]),
        (8, 2, b"\1\2\3\4\5\6", b"\0\1\0\2\0\3", [255, 4]),
        (16, 2, b"\1\1\2\2\3\3\4\4\5\5\6\6", b"\1\1\2\2\3\3", [255, 4]),
    ],
)
def test_png_key_colours(bits: int, colour: int, row: bytes, key: bytes, expected: list[int]) -> None:
    data = png(2, 1, b"\0" + row, bits=bits, colour=colour, extra=chunk(b"tRNS", key))
    assert load_image(data)[0, :, 0].tolist() == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_turned_upright(orientation: int, kind: str) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a description"
    data = encoded(np.ascontiguousarray(stored), kind, exif=exif.tobytes())
    for given in (data, Image.open(io.BytesIO(data))):
        loaded = load_image(given)
        assert loaded.shape == upright.shape
        assert np.abs(loaded.astype(int) - upright).mean() < 4


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0\xff\xff\xff\xff", b"?" * 30]
)
def test_damaged_exif_means_upright(exif: bytes) -> None:
    data = encoded(picture(), "jpeg", exif=b"Exif\0\0" + exif)
    assert load_image(data).shape == (20, 40, 3)


def frames(count: int) -> list[Image.Image]:
    """Frame ``i`` shows a dark square at place ``i`` of a row of four, on light grey."""
    made = []
    for index in range(count):
        frame = np.full((12, 48, 3), 230, np.uint8)
        frame[2:10, 12 * (index % 4) + 2 : 12 * (index % 4) + 10] = (30, 20, 90)
        made.append(Image.fromarray(frame))
    return made


def animated(kind: str, count: int) -> bytes:
    first, *rest = frames(count)
    options = {"lossless": True} if kind == "webp" else {}
    return encoded(first, kind, save_all=True, append_images=rest, duration=100, **options)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_animations(kind: str) -> None:
    data = animated(kind, 4)
    dark = [load_image(data, frames=how)[5, 5::12, 0] < 100 for how in ("first", "fuse")]
    assert dark[0].tolist() == [True, False, False, False]
    assert dark[1].all()
    opened = Image.open(io.BytesIO(data))
    opened.seek(1)
    assert (load_image(opened, frames="fuse")[5, 5::12, 0] < 100).all()
    assert opened.tell() == 1
    inverse = [Image.fromarray(255 - np.asarray(f)) for f in frames(4)]
    light = encoded(inverse[0], "gif", save_all=True, append_images=inverse[1:])
    assert (load_image(light, frames="fuse")[5, 5::12, 0] > 150).all()
    assert (load_image(data, ImageLimits(max_frames=2), "fuse")[5, 5::12, 0] < 100).tolist() == [1, 1, 0, 0]


def test_animation_limits() -> None:
    data = animated("gif", 4)
    with pytest.raises(TooManyPixels, match="4 frames of 48x12"):
        load_image(data, ImageLimits(max_pixels=4 * 48 * 12 - 1), "fuse")
    with pytest.raises(UsageError, match="'first' and 'fuse'"):
        load_image(data, frames="last")
    with pytest.raises(BrokenImage):
        load_image(data[:-40], frames="fuse")


def test_a_gif_whose_first_frame_has_no_palette_and_the_next_has_one() -> None:
    source = encoded(palette_picture(), "gif")
    palette = source[13 : 13 + (3 << ((source[10] & 7) + 1))]
    start = source.index(b",", 13 + len(palette))
    place, pixels = source[start : start + 9], source[start + 10 : -1]
    screen = b"GIF89a" + struct.pack("<HHBBB", 3, 1, 0, 0, 0)
    coloured = place + bytes([0x80 | source[10] & 7]) + palette + pixels
    with pytest.raises(BrokenImage, match="converted"):  # Pillow has no palette for such a second frame
        load_image(screen + place + b"\0" + pixels + coloured + b";", frames="fuse")


@pytest.mark.parametrize("kind", FORMATS)
def test_only_image_errors_escape_from_damaged_bytes(kind: str) -> None:
    sources = [encoded(picture(), kind)]
    if kind in ("gif", "webp"):
        sources.append(animated(kind, 3))
    if kind == "png":
        sources.append(encoded(palette_picture(), transparency=b"\0\x80\xff"))
    chance = random.Random(5)
    escaped = read = 0
    for turn in range(600):
        data = bytearray(sources[turn % len(sources)])
        for _ in range(chance.choice((1, 1, 2, 8))):
            data[chance.randrange(min(len(data), 200) if turn % 3 else len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            data = data[: chance.randrange(len(data))]
        if kind == "png" and turn % 2:
            data = mended(data)
        try:
            load_image(bytes(data), ImageLimits(max_pixels=100_000), chance.choice(("first", "fuse")))
            read += 1
        except ImageError as error:
            assert "\n" not in str(error)
            escaped += 1
    assert escaped > 50
    assert read + escaped == 600


def mended(data: bytearray) -> bytearray:
    """The same PNG with right checksums, so that damage gets as far as the decoder."""
    position = 8
    while position + 12 <= len(data):
        stop = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if stop + 4 > len(data):
            break
        data[stop : stop + 4] = struct.pack(">I", zlib.crc32(data[position + 4 : stop]))
        position = stop + 4
    return data


def test_many_threads_at_once() -> None:
    data = [encoded(picture(), kind) for kind in FORMATS]
    expected = [load_image(d) for d in data]
    limit = Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(load_image, data * 40))
    assert all(np.array_equal(a, b) for a, b in zip(results, expected * 40, strict=True))
    assert limit == Image.MAX_IMAGE_PIXELS


def test_real_pictures_of_other_libraries(schemes_dir: Path) -> None:
    archives = sorted(schemes_dir.glob("*.tar"))
    assert len(archives) > 30
    for archive in archives:
        with tarfile.open(archive) as tar:
            members = [m for m in tar if m.name.startswith("train/") and not m.name.endswith(".csv")]
            for member in members[:12]:
                file = tar.extractfile(member)
                assert file is not None
                loaded = load_image(file.read(), frames="fuse")
                assert loaded.shape[2] == 3
                assert loaded.max() > loaded.min(), archive.name
