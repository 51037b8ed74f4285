"""A drawn sample as the bytes of a picture file."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata

from captchalab.samples.outputs import Encoded
from captchalab.samples.sample import Source, samples
from captchalab.synth.drawing import draw_frames, draw_stored
from captchalab.synth.opencv import cv2
from captchalab.synth.source import SchemeSource

# The quickest that OpenCV offers on our schemes. Files are no larger than of a search for repeats (strategy
# "default") where there is grain, and a seventh larger on flat pictures.
_PNG = (
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_UP,
)


def encode(source: Source, index: int) -> Encoded:
    """Sample ``index``, drawn and encoded: as PNG, or JPEG if its scheme ends with that, or animated GIF."""
    return next(encode_all(source, (index,)))


def encode_all(source: Source, indices: Sequence[int]) -> Iterator[Encoded]:
    """As ``encode`` for each index, several drawn at a time, which is faster."""
    if not isinstance(source, SchemeSource):
        for sample in samples(source, indices):
            yield Encoded(sample.text, encode_png(sample.image), ".png")
        return
    scheme = source.scheme
    if scheme.animation is not None:
        for index in indices:
            frames, text = draw_frames(scheme, source.seed, index)
            yield Encoded(text, encode_gif(frames, scheme.animation.milliseconds), ".gif")
        return
    for picture, text in draw_stored(scheme, source.seed, indices):
        if isinstance(picture, bytes):
            yield Encoded(text, picture, ".jpg")
        else:
            yield Encoded(text, encode_png(picture), ".png")


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """RGB uint8 ``(height, width, 3)`` as PNG, in a third of Pillow's time."""
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _PNG)[1])


def encode_gif(frames: Sequence[NDArray[np.uint8]], milliseconds: int) -> bytes:
    """RGB pictures of one size as a GIF that repeats without end; all frames share 256 colours."""
    height, width = frames[0].shape[:2]
    tower = Image.fromarray(np.concatenate(frames)).quantize(256, Image.Quantize.FASTOCTREE)
    # Put together here: Pillow's own way of saving several frames takes as long again as all the rest.
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, _TABLE_OF_256, 0, 0)]
    parts += [bytes(tower.getpalette() or ()).ljust(3 * 256, b"\0"), _ENDLESS]
    for top in range(0, tower.height, height):
        parts += getdata(tower.crop((0, top, width, top + height)), duration=milliseconds)
    return b"".join((*parts, b";"))


_TABLE_OF_256 = 0xF7
"""A global table of 256 colours, 8 bits a channel."""
_ENDLESS = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
