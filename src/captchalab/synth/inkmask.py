"""Clean glyphs as ink masks: a finer grid, with the hard and slightly widened edge of coloured ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SCALE = 4
"""Mask pixels for each pixel of the glyph."""
FULL = 127
"""The value of full ink: two of them can be added in a byte."""
_BORDER = 2  # glyph pixels around the ink
MARGIN = _BORDER * SCALE
"""Mask pixels on each side of the ink."""


def ink_mask(coverage: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The strength of the ink (0 to ``FULL``) of a glyph, given its coverage (0 to 255).

    On a grid ``SCALE`` times finer, with ``MARGIN`` around.

    Coloured ink on a transparent ground that is resampled twice keeps its colour where only a trace
    of it has come: strokes end hard, about a pixel further out than they were drawn. The mask holds
    the average of that over where the pixel grid may lie.
    """
    high, wide = coverage.shape
    ink = Image.fromarray(coverage)
    coloured = Image.merge("LA", (ink, ink))
    size = wide + 2 * _BORDER, high + 2 * _BORDER
    strength = np.zeros((size[1] * SCALE, size[0] * SCALE), dtype=np.float32)
    seen = np.zeros_like(strength)
    for row in range(SCALE):
        for column in range(SCALE):
            shift = (1, 0, column / SCALE - _BORDER, 0, 1, row / SCALE - _BORDER)
            moved = coloured.transform(size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)
            fine = np.asarray(moved.resize((size[0] * SCALE, size[1] * SCALE), Image.Resampling.BICUBIC))
            fine = np.roll(fine, (row, column), axis=(0, 1))
            strength += np.where(fine[..., 1] > 0, fine[..., 0], 0)
            seen += fine[..., 1] > 0
    often = seen * 2 > SCALE * SCALE
    mean = np.where(often, strength / np.maximum(seen, 1), 0)
    return (mean * (FULL / 255)).round().astype(np.uint8)
