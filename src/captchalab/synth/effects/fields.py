"""Coordinates and smooth random fields: what warps and backgrounds are made of."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

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
    x = np.linspace(0, across / (high - low), width, dtype=np.float32)
    y = np.linspace(-low, down - low, height, dtype=np.float32) / np.float32(high - low)
    return y[:, None] + x


def clouds(rng: Generator, height: int, width: int, cell: float) -> Field:
    """Smooth noise within -1 and 1, float32 ``(H, W)``, whose bumps are about ``cell`` pixels apart."""
    high, wide = (round(side / max(1.0, cell)) + 1 for side in (height, width))
    points = rng.random((high + 3, wide + 3), dtype=np.float32) * 3 - np.float32(1.5)
    # Weights of four points each: two small products are faster than OpenCV's cubic resize.
    noise = _weights(height, high) @ points @ _weights(width, wide).T
    return np.clip(noise, -1, 1, out=noise)


@lru_cache(maxsize=128)
def _weights(length: int, cells: int) -> Field:
    """Cubic B-spline: what each of ``cells + 3`` points adds to each of ``length`` places, a row a place."""
    places = np.linspace(0, cells, length, endpoint=False)
    distance = np.abs(places[:, None] + 1 - np.arange(cells + 3))
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
