"""Noise in single pixels."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.layers import Bytes, laid
from captchalab.synth.effects.paths import pixel_values
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count


def grain(
    rng: Generator, picture: Bytes, colours: Colours, *, reach: Range = 20.0, grey: bool = False
) -> Bytes:
    """Noise of up to ``reach`` grey levels in every pixel, in every channel by itself unless ``grey``."""
    share = 2 * pick(rng, reach) / 255
    noise = _bytes(rng, picture, grey)
    return np.asarray(cv2.addWeighted(picture, 1, noise, share, -127.5 * share), dtype=np.uint8)


def gaussian(
    rng: Generator, picture: Bytes, colours: Colours, *, sigma: Range = (6.0, 20.0), grey: bool = False
) -> Bytes:
    """Normal noise, ``sigma`` grey levels, in every channel by itself unless ``grey``."""
    noise = cv2.LUT(_bytes(rng, picture, grey), _normal_bytes())
    share = pick(rng, sigma) / _SIGMA
    return np.asarray(cv2.addWeighted(picture, 1, noise, share, -128 * share), dtype=np.uint8)


def _bytes(rng: Generator, picture: Bytes, grey: bool) -> Bytes:
    """A random number (0 to 255) for every channel of every pixel."""
    if not grey:
        return np.frombuffer(rng.bytes(picture.size), dtype=np.uint8).reshape(picture.shape)
    height, width, channels = picture.shape
    plane = np.frombuffer(rng.bytes(height * width), dtype=np.uint8).reshape(height, width)
    return np.asarray(cv2.merge([plane] * channels), dtype=np.uint8)


_SIGMA = 43.0  # so that the 256 equally likely values, 2.9 sigma at the ends, fill a byte


@lru_cache(maxsize=1)
def _normal_bytes() -> Bytes:
    """From an even random byte to a normal one about 128."""
    normal = NormalDist(128, _SIGMA)
    return np.array([round(normal.inv_cdf((i + 0.5) / 256)) for i in range(256)], dtype=np.uint8)


def points(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (50, 200),
    colour: Paint = "ink",
    same_colour: bool = False,
    opacity: Range = 1.0,
) -> Bytes:
    """Single pixels, ``count`` of them."""
    return _scatter(rng, picture, colours, pick_count(rng, count), colour, same_colour, opacity)


def speckle(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    density: Range = (0.01, 0.06),
    colour: Paint = ("#000000", "#ffffff"),
    same_colour: bool = False,
    opacity: Range = 1.0,
) -> Bytes:
    """Salt and pepper: a share ``density`` of all pixels, black and white unless ``colour`` says more."""
    count = round(pick(rng, density) * picture.shape[0] * picture.shape[1])
    return _scatter(rng, picture, colours, count, colour, same_colour, opacity)


def _scatter(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    count: int,
    colour: Paint,
    same_colour: bool,
    opacity: Range,
) -> Bytes:
    height, width, channels = picture.shape
    places: NDArray[np.intp] = (rng.random(count) * (height * width)).astype(np.intp)
    drawn = picture.copy()
    values = pixel_values(rng, picture, colour, colours, count, same_colour=same_colour)
    drawn.reshape(-1, channels)[places] = values
    return laid(picture, drawn, pick(rng, opacity))
