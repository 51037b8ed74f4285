"""What storing and resizing leave behind: JPEG blocks, few colours, coarse pixels."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.errors import suggest
from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes, sampling
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count

_SUBSAMPLING = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}


def jpeg(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    quality: Range = (30, 90),
    subsampling: str = "4:2:0",
) -> Bytes:
    """Through a JPEG file of this ``quality`` (1 to 100) and chroma ``subsampling`` and back."""
    stored = jpeg_file(rng, picture, quality=quality, subsampling=subsampling)
    read = np.asarray(cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_COLOR))
    return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def jpeg_file(
    rng: Generator, picture: Bytes, *, quality: Range = (30, 90), subsampling: str = "4:2:0"
) -> bytes:
    """The file that ``jpeg`` goes through."""
    if subsampling not in _SUBSAMPLING:
        raise suggest(subsampling, tuple(_SUBSAMPLING), "chroma subsampling")
    how = (
        cv2.IMWRITE_JPEG_QUALITY,
        pick_count(rng, quality),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        _SUBSAMPLING[subsampling],
    )
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), how)[1])


def posterize(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    levels: Range = (3, 8),
    dither: bool = False,
) -> Bytes:
    """Each channel rounded to one of ``levels`` equally spaced values; ``dither`` by a 4x4 grid."""
    steps = max(2, pick_count(rng, levels)) - 1
    if dither:
        height, width = picture.shape[:2]
        threshold = np.tile(_BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width] / np.float32(steps)
        picture = np.asarray(cv2.add(picture, cv2.merge((threshold,) * 3), dtype=cv2.CV_8U), dtype=np.uint8)
    table = np.rint(np.rint(np.arange(256) * (steps / 255)) * (255 / steps)).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), dtype=np.uint8)


_BAYER = (
    np.array(((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5)), dtype=np.float32) - 7.5
) * np.float32(255 / 16)
_MOST_COLOURS = 32
_SAMPLES = 256


def palette(rng: Generator, picture: Bytes, colours: Colours, *, count: Range = (4, 24)) -> Bytes:
    """Each pixel in the nearest of ``count`` (2 to 32) colours that are taken from pixels of the picture."""
    height, width = picture.shape[:2]
    chosen = _chosen(rng, picture, min(_MOST_COLOURS, max(2, pick_count(rng, count))))
    # |p - c|^2 = |p|^2 - 2 p.c + |c|^2, of which the first part is the same for all colours. Times 32, the
    # number of the colour fits in below, so that the least of these exact floats also says which it is.
    known = chosen.astype(np.float32)
    numbers = np.arange(len(known), dtype=np.float32)
    terms = np.column_stack((-2 * known, (known**2).sum(axis=1))) * np.float32(_MOST_COLOURS)
    terms[:, 3] += numbers
    pixels = np.ones((4, height * width), dtype=np.float32)
    pixels[:3] = picture.reshape(-1, 3).T
    nearest = (terms @ pixels).min(axis=0).astype(np.int32) & (_MOST_COLOURS - 1)
    table = np.zeros((1, 256, 3), dtype=np.uint8)
    table[0, : len(chosen)] = chosen
    index = nearest.astype(np.uint8).reshape(height, width)
    return np.asarray(cv2.LUT(cv2.merge((index, index, index)), table), dtype=np.uint8)


def _chosen(rng: Generator, picture: Bytes, count: int) -> Bytes:
    """Colours of pixels ``(count, 3)``: half of them spread from one end of all colours to the other.

    Were all drawn by chance, thin text would often get none.
    """
    pixels = picture.reshape(-1, 3)
    some = pixels[(rng.random(_SAMPLES) * len(pixels)).astype(np.intp)]
    middle = some - some.mean(axis=0, dtype=np.float32)
    _, axes = np.linalg.eigh(middle.T @ middle)
    along = middle @ axes[:, -1]
    order = along.argsort(kind="stable")
    ends = max(2, count // 2)
    spread = np.linspace(along[order[0]], along[order[-1]], ends)
    places = np.minimum(np.searchsorted(along[order], spread), _SAMPLES - 1)
    return np.concatenate((some[order[places]], some[: count - ends]))


def rescale(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    factor: Range = (0.4, 0.8),
    smooth: bool = True,
) -> Bytes:
    """Shrunk to ``factor`` of its size and enlarged again, smoothly or in square pixels."""
    height, width = picture.shape[:2]
    share = pick(rng, factor)
    small = (max(1, round(width * share)), max(1, round(height * share)))
    coarse = cv2.resize(picture, small, interpolation=cv2.INTER_AREA if smooth else cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=sampling(smooth)), dtype=np.uint8)
