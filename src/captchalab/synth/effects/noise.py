"""Noise in single pixels."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.fraying import fray
from captchalab.synth.effects.layers import Bytes, disc, laid
from captchalab.synth.effects.paths import Pen, pixel_values
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
    radius: int = 0,
    colour: Paint = "ink",
    same_colour: bool = False,
    opacity: Range = 1.0,
) -> Bytes:
    """Single pixels, ``count`` of them; of ``radius`` 1 small crosses, and larger ones discs."""
    pen = Pen(colour, same_colour, opacity=opacity)
    return _strew(rng, picture, colours, pick_count(rng, count), radius, pen)


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
    return _strew(rng, picture, colours, count, 0, Pen(colour, same_colour, opacity=opacity))


def scatter(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    share: Range = (0.3, 0.7),
    reach: Range = (1, 2),
    times: Range = 2,
    ground_only: bool = False,
) -> Bytes:
    """Pixels change places with others on their right, then with others below, and so on: ``times`` in all.

    ``share`` (0 to 1) of them want to each time, with the one ``reach`` pixels away. With ``ground_only``
    these are all in the colour of the background (on a layer: transparent), and go one after the other, each
    one place to the right, down or both: edges fray.
    """
    if ground_only:
        ground = colours.background if picture.shape[2] == 3 else (0, 0, 0, 0)
        for _ in range(pick_count(rng, times)):
            empty = np.asarray(cv2.inRange(picture, ground, ground), dtype=np.bool_)
            picture = fray(rng, picture, empty, pick(rng, share))
        return picture
    moved = picture.copy()
    for turn in range(pick_count(rng, times)):
        # A step down is a step to the right of the transposed picture.
        axes = (0, 1, 2) if turn % 2 == 0 else (1, 0, 2)
        image = moved.transpose(axes)
        apart = min(max(1, pick_count(rng, reach)), image.shape[1] - 1)
        here, there = image[:, :-apart], image[:, apart:]
        numbers = np.frombuffer(rng.bytes(here.shape[0] * here.shape[1]), dtype=np.uint8)
        wanting = numbers.reshape(here.shape[:2]) < 256 * pick(rng, share)
        # Whoever wants the place of another that wants to move has to wait.
        wanting[:, :-apart] &= ~wanting[:, apart:]
        rows, columns = np.nonzero(wanting)
        theirs = there[rows, columns]
        there[rows, columns] = here[rows, columns]
        here[rows, columns] = theirs
    return moved


@lru_cache(maxsize=32)
def _disc_places(radius: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a disc about its middle, each ``(n, 1)``."""
    rows, columns = np.nonzero(disc(radius))
    return rows[:, None] - radius, columns[:, None] - radius


def _strew(rng: Generator, picture: Bytes, colours: Colours, count: int, radius: int, pen: Pen) -> Bytes:
    height, width, channels = picture.shape
    places: NDArray[np.intp] = (rng.random(count) * (height * width)).astype(np.intp)
    values = pixel_values(rng, picture, pen.colour, colours, count, same_colour=pen.same_colour)
    if radius > 0:
        rows, columns = _disc_places(radius)
        down, across = places // width + rows, places % width + columns
        inside = (down >= 0) & (down < height) & (across >= 0) & (across < width)
        places = (down * width + across)[inside]
        values = np.broadcast_to(values, (len(rows), count, channels))[inside]
    drawn = picture.copy()
    drawn.reshape(-1, channels)[places] = values
    return laid(picture, drawn, pick(rng, pen.opacity))
