"""Coordinates and smooth random fields: what warps and backgrounds are made of."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.ranges import Range, pick

Field = NDArray[np.float32]


@lru_cache(maxsize=32)
def grid(height: int, width: int) -> tuple[Field, Field]:
    """Column and row of every pixel, two read-only float32 ``(H, W)``."""
    rows, columns = np.indices((height, width), dtype=np.float32)
    columns.flags.writeable = rows.flags.writeable = False
    return columns, rows


def ramp(height: int, width: int, degrees: float) -> Field:
    """0 to 1 across the picture, in a direction: 0 from left to right, 45 from corner to corner, 90 down."""
    angle = np.deg2rad(degrees)
    across, down = float(np.cos(angle)), float(np.sin(angle))
    low, high = min(across, 0) + min(down, 0), max(across, 0) + max(down, 0)
    columns, rows = grid(height, width)
    x = columns[:1] * np.float32(across / (high - low) / max(1, width - 1))
    y = rows[:, :1] * np.float32(down / (high - low) / max(1, height - 1)) - np.float32(low / (high - low))
    return np.asarray(x + y, dtype=np.float32)


def wave(rng: Generator, places: Field, amplitude: Range, period: Range, phase: Range, height: int) -> Field:
    """A sine along ``places`` (pixels), in pixels; lengths are given in heights, the phase in turns."""
    swing, length = pick(rng, amplitude) * height, pick(rng, period) * height
    turns = places * np.float32(2 * np.pi / max(1.0, length)) + np.float32(2 * np.pi * pick(rng, phase))
    return np.asarray(np.float32(swing) * np.sin(turns), dtype=np.float32)


def clouds(rng: Generator, height: int, width: int, cell: float) -> Field:
    """Smooth noise within -1 and 1, float32 ``(H, W)``, whose bumps are about ``cell`` pixels apart."""
    # Four sizes an octave are enough, and few enough to keep their weights.
    quarters = round(4 * math.log2(max(1.0, cell)))
    down, across = _weights(height, quarters), _weights(width, quarters)
    points = rng.random((down.shape[1], across.shape[1]), dtype=np.float32) * 3 - np.float32(1.5)
    # Two small products are faster than OpenCV's cubic resize.
    noise = down @ points @ across.T
    return np.clip(noise, -1, 1, out=noise)


@lru_cache(maxsize=256)
def _weights(length: int, quarters: int) -> Field:
    """Cubic B-spline, ``2 ** (quarters / 4)`` pixels a point: how much of each point is in each place."""
    places = np.arange(length) / 2 ** (quarters / 4)
    distance = np.abs(places[:, None] + 1 - np.arange(int(places[-1]) + 4))
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance) ** 3 / 6
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0)).astype(np.float32)
    weights.flags.writeable = False
    return weights


def octaves(rng: Generator, height: int, width: int, cell: float, count: int) -> Field:
    """``clouds`` of ``count`` sizes added, each half as large and half as strong as the one before."""
    total = clouds(rng, height, width, cell)
    for level in range(1, count):
        total += clouds(rng, height, width, cell / 2**level) * np.float32(0.5**level)
    return total
