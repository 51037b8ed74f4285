"""Warps: every pixel is taken from somewhere else."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes, move
from captchalab.synth.ranges import Range, pick


def ripple(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    amplitude: Range = (0.025, 0.05),
    period: Range = (0.55, 1.65),
    smooth: bool = True,
) -> Bytes:
    """Rows and columns swing like sine waves; ``amplitude`` and ``period`` in heights of the picture."""
    height, width = picture.shape[:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    sideways = _wave(rng, y, amplitude, period, height)
    upwards = _wave(rng, x, amplitude, period, height)
    columns = (x + sideways[:, None]).astype(np.float32)
    rows = (y[:, None] + upwards).astype(np.float32)
    return move(picture, columns, rows, smooth)


def _wave(
    rng: Generator, places: NDArray[np.float32], amplitude: Range, period: Range, height: int
) -> NDArray[np.float32]:
    swing, length = pick(rng, amplitude) * height, pick(rng, period) * height
    wave: NDArray[np.float32] = swing * np.sin(2 * np.pi * (places / length + rng.random()))
    return wave
