"""Noise in single pixels."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick


def grain(rng: Generator, picture: Bytes, colours: Colours, *, reach: Range = 20.0) -> Bytes:
    """Noise of up to ``reach`` grey levels in every channel of every pixel."""
    noise = np.frombuffer(rng.bytes(picture.size), dtype=np.uint8).reshape(picture.shape)
    share = 2 * pick(rng, reach) / 255
    return np.asarray(cv2.addWeighted(picture, 1, noise, share, -127.5 * share), dtype=np.uint8)
