"""Clean glyphs on a finer grid, ready to be turned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SCALE = 4
"""Mask pixels for each pixel of the glyph."""
FULL = 119
"""The value of full ink, half its opacity: two of them can be added in a byte."""


def ink_mask(coverage: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink at each point of a glyph (0 to ``FULL``), ``SCALE`` times finer, given its coverage (0 to 255).

    Bilinear between the middles of the glyph's pixels, the outermost ones carried on to the edge of its
    box; nothing lies beyond that.
    """
    high, wide = coverage.shape
    fine = Image.fromarray((coverage * (FULL / 255)).astype(np.uint8)).transform(
        (wide * SCALE, high * SCALE),
        Image.Transform.AFFINE,
        (1 / SCALE, 0, 0, 0, 1 / SCALE, 0),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(fine, dtype=np.uint8)
