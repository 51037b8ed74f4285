"""Backgrounds."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick


def gradient(rng: Generator, picture: Bytes, colours: Colours, *, reach: Range = 60.0) -> Bytes:
    """A slope of colour between four corners that differ by up to ``reach`` from the picture."""
    height, width = picture.shape[:2]
    corners = (rng.random((2, 2, 3)).astype(np.float32) - 0.5) * (2 * pick(rng, reach))
    slope = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(picture, slope, dtype=cv2.CV_8U), dtype=np.uint8)
