"""Narrowing a picture to its canvas: bicubic, with a kernel that widens as the picture shrinks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_BLOCK = 20  # columns of the result made by one small matrix product
_SUPPORT = 2.0


def squeeze(planes: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """uint8 ``(n, H, W)`` planes narrowed to ``(n, H, width)``; unchanged where they are not wider."""
    count, height, wide = planes.shape
    if wide <= width:
        return planes
    rows = planes.reshape(count * height, wide).astype(np.float32)
    out = np.empty((count * height, width), dtype=np.float32)
    for columns, source, weights in _blocks(wide, width):
        np.matmul(rows[:, source], weights, out=out[:, columns])
    np.clip(out, 0, 255, out=out)
    out += 0.5
    return out.astype(np.uint8).reshape(count, height, width)


@lru_cache(maxsize=512)
def _blocks(wide: int, width: int) -> tuple[tuple[slice, slice, NDArray[np.float32]], ...]:
    """Columns of the result, the source columns that they look at, and the weights between."""
    blocks = []
    scale = wide / width
    for first in range(0, width, _BLOCK):
        columns = np.arange(first, min(first + _BLOCK, width))
        middles = (columns + 0.5) * scale
        low = max(0, int(middles[0] - _SUPPORT * scale))
        high = min(wide, int(middles[-1] + _SUPPORT * scale) + 1)
        distance = np.abs(np.arange(low, high)[:, None] + 0.5 - middles) / scale
        weights = _cubic(distance)
        weights /= weights.sum(axis=0)
        columns_slice = slice(first, int(columns[-1]) + 1)
        blocks.append((columns_slice, slice(low, high), weights.astype(np.float32)))
    return tuple(blocks)


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5 at distances ``x`` >= 0."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
