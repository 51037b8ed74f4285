"""What added ink looks like in colour, as Pillow's whole numbers leave it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchalab.synth.colours import Colours
from captchalab.synth.inkmask import FULL

_LUMA = np.array((0.299, 0.587, 0.114), dtype=np.float32)
Floats = NDArray[np.float32]


def colour_maps(pairs: Sequence[Colours]) -> NDArray[np.uint8]:
    """The RGB that each sum of ink looks like, for every pair of background and ink: ``(n, 256, 1, 3)``.

    The ink's own brightness is its opacity, 1.97 times: dark colours write thinly. Where it is only a
    trace, its colour is rounded: rims are darker or brighter than the stroke, or are not seen at all.
    Where two characters meet, the second lies over the first, and the first is taken as full.
    """
    backgrounds, inks = np.array(pairs).transpose(1, 0, 2)
    ground = backgrounds[..., None].astype(np.float32)
    colours = _rounded_inks()[inks]
    cover = np.minimum(np.floor(np.rint(_LUMA @ colours) * 1.97) / 255, 1)[:, None]
    once = ground + (colours - ground) * cover
    full = once[..., FULL:]
    twice = full + (colours - full) * cover
    maps = np.empty((len(pairs), 256, 1, 3), dtype=np.uint8)
    by_channel = maps[:, :, 0].transpose(0, 2, 1)
    by_channel[..., :FULL] = once[..., :FULL]
    by_channel[..., FULL : 2 * FULL] = twice[..., :FULL]
    by_channel[..., 2 * FULL :] = twice[..., FULL:]
    return maps


def layer_maps(pairs: Sequence[Colours]) -> list[NDArray[np.uint8]]:
    """The same ink without a background, ``(256, 4)`` each: colour times opacity, then the opacity."""
    # What is seen of a white ground more than of a black one is what the ink does not cover.
    on_black = colour_maps([Colours((0, 0, 0), each.ink) for each in pairs])[:, :, 0]
    on_white = colour_maps([Colours((255, 255, 255), each.ink) for each in pairs])[:, :, 0]
    opacity = np.maximum(255 - (on_white - on_black).min(axis=2), on_black.max(axis=2))
    return list(np.concatenate((on_black, opacity[:, :, None]), axis=2))


@lru_cache(maxsize=1)
def _rounded_inks() -> Floats:
    """What is left of each channel value (0 to 255) at each strength of ink, ``(256, FULL + 1)``.

    Resampling works on colours multiplied by their opacity, in whole numbers, and divides by it again,
    rounding down: once when the glyph is turned, where nearly all is full ink, and once when it is
    stretched, where a faint colour comes back coarse.
    """
    value = np.arange(256)[:, None]
    turned = _through(value, np.array([[2 * FULL]]))
    opacity = 2 * np.arange(FULL + 1)
    return _through(turned, opacity[None]).astype(np.float32)


def _through(colour: NDArray[Any], opacity: NDArray[Any]) -> NDArray[Any]:
    """A channel's value multiplied by an opacity (0 to 255) and divided by it again, in whole numbers."""
    product = np.rint(colour * opacity / 255)
    return np.asarray(np.minimum(product * 255 // np.maximum(opacity, 1), 255))
