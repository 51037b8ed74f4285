"""What happens to the finished picture."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes
from captchalab.synth.opencv import cv2


def smooth(rng: Generator, picture: Bytes, colours: Colours) -> Bytes:
    """A light 3x3 blur (weights 1, 5 in the middle)."""
    share = 9 / 13
    soft = np.asarray(cv2.blur(picture, (3, 3)), dtype=np.uint8)
    cv2.addWeighted(soft, share, picture, 1 - share, 0, soft)
    # The outermost pixels have no full neighbourhood and stay as they are.
    soft[0], soft[-1], soft[:, 0], soft[:, -1] = picture[0], picture[-1], picture[:, 0], picture[:, -1]
    return soft


def negative(rng: Generator, picture: Bytes, colours: Colours) -> Bytes:
    """Light on dark instead of dark on light."""
    return np.asarray(cv2.bitwise_not(picture), dtype=np.uint8)
