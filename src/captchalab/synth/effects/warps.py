"""Warps of the whole picture: waves along its sides, and lines that stay straight.

In all warps ``smooth`` says whether pixels are mixed (bilinear) or taken as they are, and ``fill`` what comes
in from outside a picture: a paint, or ``"edge"``, ``"mirror"`` or ``"wrap"``. Nothing comes in on a layer.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.fields import Field, grid, wave
from captchalab.synth.effects.layers import Bytes, Outside, choose_word, move, outside, sampling
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick


def sine_wave(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    direction: str = "any",
    amplitude: Range = (0.04, 0.1),
    period: Range = (0.6, 2.0),
    phase: Range = (0.0, 1.0),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """``rows`` swing sideways, or ``columns`` up and down (``direction``); the lengths in heights."""
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    if choose_word(rng, direction, ("rows", "columns"), "direction") == "rows":
        x = x + wave(rng, y[:, :1], amplitude, period, phase, height)
    else:
        y = y + wave(rng, x[:1], amplitude, period, phase, height)
    return move(picture, x, y, smooth, outside(rng, picture, fill, colours))


def ripple(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    amplitude: Range = (0.025, 0.05),
    period: Range = (0.55, 1.65),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Rows and columns swing like sine waves; ``amplitude`` and ``period`` in heights of the picture."""
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    columns = x + wave(rng, y[:, :1], amplitude, period, (0.0, 1.0), height)
    rows = y + wave(rng, x[:1], amplitude, period, (0.0, 1.0), height)
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def wobble(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    sideways: Range = (0.03, 0.08),
    sideways_period: Range = (0.7, 1.5),
    sideways_phase: Range = (0.0, 1.0),
    upright: Range = (0.03, 0.08),
    upright_period: Range = (0.7, 2.0),
    upright_phase: Range = (0.0, 1.0),
    lean: Range = (0.0, 1.0),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Swings ``sideways`` from row to row and ``upright`` from column to column; lengths in heights.

    Where ``lean`` is 0 a wave goes straight down or across; 1 turns both of them towards the diagonal.
    """
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    tilt = np.float32(pick(rng, lean))
    down, across = (y + tilt * x, x + tilt * y) if tilt else (y[:, :1], x[:1])
    columns = x + wave(rng, down, sideways, sideways_period, sideways_phase, height)
    rows = y + wave(rng, across, upright, upright_period, upright_phase, height)
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def shear(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    row_slope: Range = (0.1, 0.4),
    row_period: Range = (0.5, 3.0),
    column_slope: Range = (0.1, 0.4),
    column_period: Range = (0.5, 3.0),
    row_phase: Range = (0.0, 1.0),
    column_phase: Range = (0.0, 1.0),
    smooth: bool = False,
    fill: Paint = "background",
) -> Bytes:
    """Rows shifted along a sine, then columns, as in SimpleCaptcha and hutool.

    ``row_slope`` and ``column_slope`` are the most pixels that neighbours shift against each other, so that a
    longer ``row_period`` or ``column_period`` (in heights) shifts further: slope times period over two pi.
    The phases are in turns; half a turn shifts to the right and down first.
    """
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    rows = y + _sloping_wave(rng, x[:1], column_slope, column_period, column_phase, height)
    columns = x + _sloping_wave(rng, rows, row_slope, row_period, row_phase, height)
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def bend(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    bow: Range = (-0.3, 0.3),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """The middle lifted above the two ends by ``bow`` heights (below them where it is negative)."""
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    rows = y + (pick(rng, bow) * height) * (np.float32(0.5) - across * across)
    return move(picture, x, rows, smooth, outside(rng, picture, fill, colours))


def slant(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    rows: Range = (-0.4, 0.4),
    columns: Range = 0.0,
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """A straight shear about the middle: ``rows`` in pixels sideways per row, ``columns`` down per column."""
    matrix = _about_middle(picture, ((1.0, pick(rng, rows)), (pick(rng, columns), 1.0)))
    return _projected(picture, matrix, smooth, outside(rng, picture, fill, colours))


def rotate(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    degrees: Range = (-10.0, 10.0),
    zoom: Range = 1.0,
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Turned about the middle (anticlockwise) and enlarged ``zoom`` times."""
    angle, scale = np.deg2rad(pick(rng, degrees)), 1 / max(0.01, pick(rng, zoom))
    cosine, sine = float(np.cos(angle)) * scale, float(np.sin(angle)) * scale
    matrix = _about_middle(picture, ((cosine, -sine), (sine, cosine)))
    return _projected(picture, matrix, smooth, outside(rng, picture, fill, colours))


def perspective(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    pull: Range = (0.1, 0.3),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Each corner pulled inwards by up to ``pull`` heights along both sides."""
    height, width = picture.shape[:2]
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), dtype=np.float32)
    inwards = np.array(((1, 1), (-1, 1), (-1, -1), (1, -1)), dtype=np.float32)
    pulled = corners + inwards * rng.random((4, 2), dtype=np.float32) * np.float32(pick(rng, pull) * height)
    matrix = np.asarray(cv2.getPerspectiveTransform(pulled, corners), dtype=np.float64)
    return _projected(picture, matrix, smooth, outside(rng, picture, fill, colours))


def _sloping_wave(
    rng: Generator, places: Field, slope: Range, period: Range, phase: Range, height: int
) -> NDArray[np.float32]:
    length = pick(rng, period)
    return wave(rng, places, pick(rng, slope) * length / (2 * np.pi), length, phase, height)


def _about_middle(
    picture: Bytes, turn: tuple[tuple[float, float], tuple[float, float]]
) -> NDArray[np.float64]:
    """The 2x3 matrix that turns places about the middle of the picture."""
    height, width = picture.shape[:2]
    matrix, middle = np.array(turn), np.array(((width - 1) / 2, (height - 1) / 2))
    return np.column_stack((matrix, middle - matrix @ middle))


def _projected(picture: Bytes, matrix: NDArray[np.float64], smooth: bool, around: Outside) -> Bytes:
    """Each pixel taken from the place that a 2x3 or 3x3 matrix gives."""
    height, width = picture.shape[:2]
    border, value = around
    warp = cv2.warpAffine if len(matrix) == 2 else cv2.warpPerspective
    flags = sampling(smooth) | cv2.WARP_INVERSE_MAP
    moved = warp(picture, matrix, (width, height), flags=flags, borderMode=border, borderValue=value)
    return np.asarray(moved, dtype=np.uint8)
