"""A drawn sample as the bytes of a picture file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captchalab.samples.outputs import Encoded
from captchalab.samples.sample import Source
from captchalab.synth.opencv import cv2

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
    """Sample ``index``, drawn and encoded."""
    sample = source.sample(index)
    return Encoded(sample.text, encode_png(sample.image), ".png")


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """RGB uint8 ``(height, width, 3)`` as PNG, in a third of Pillow's time."""
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _PNG)[1])
