"""Clean glyphs as ink masks: a finer grid, with the hard and slightly widened edge of coloured ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SCALE = 4
"""Mask pixels for each pixel of the glyph."""
FULL = 100
"""The value of full ink: two of them can be added in a byte."""
_BRIGHTNESS = 90  # of the ink, 0 to 255; the traces of this one come closest to the average of all
_ALPHA = 238  # the middle of the opacities
_MOST = 1.27  # rounding may make a trace a little brighter than its ink
_BORDER = 2  # glyph pixels around the ink
MARGIN = _BORDER * SCALE
"""Mask pixels on each side of the ink."""


def ink_mask(coverage: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The strength of the ink (0 to ``FULL``) of a glyph, given its coverage (0 to 255).

    On a grid ``SCALE`` times finer, with ``MARGIN`` around. Coloured ink on a transparent ground that
    is resampled twice keeps its colour where only a trace of it has come: strokes end hard, about a
    pixel further out than they were drawn, and rounding makes the last trace uneven. How that looks
    depends on where the pixel grid lies: the mask mixes all ways, a random one for each of its pixels.
    """
    high, wide = coverage.shape
    size = wide + 2 * _BORDER, high + 2 * _BORDER
    opacity = Image.fromarray((coverage * (_ALPHA / 255)).astype(np.uint8))
    coloured = Image.merge("LA", (Image.new("L", opacity.size, _BRIGHTNESS), opacity))
    grids = []
    for row in range(SCALE):
        for column in range(SCALE):
            shift = (1, 0, column / SCALE - _BORDER, 0, 1, row / SCALE - _BORDER)
            moved = coloured.transform(size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)
            fine = np.asarray(moved.resize((size[0] * SCALE, size[1] * SCALE), Image.Resampling.BICUBIC))
            strength = np.where(fine[..., 1] > 0, fine[..., 0], 0)
            grids.append(np.roll(strength, (row, column), axis=(0, 1)))
    choice = np.random.default_rng(0).integers(len(grids), size=grids[0].shape)
    strength = np.take_along_axis(np.stack(grids), choice[None], axis=0)[0]
    return np.asarray(np.rint(np.minimum(strength / _BRIGHTNESS, _MOST) * FULL), dtype=np.uint8)
