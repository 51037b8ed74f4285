"""Warps around a point, and warps by random fields. ``smooth`` and ``fill`` as in ``warps``."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.fields import Field, clouds, grid, wave
from captchalab.synth.effects.layers import Bytes, move, outside
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick

_MIDDLE = (0.35, 0.65)


def water_ripple(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    amplitude: Range = (0.02, 0.06),
    wavelength: Range = (0.3, 0.7),
    radius: Range = (1.0, 2.0),
    phase: Range = (0.0, 1.0),
    centre_x: Range = _MIDDLE,
    centre_y: Range = _MIDDLE,
    aslant: bool = False,
    swing: Range = 0.0,
    period: Range = 0.8,
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Rings of waves that die away at ``radius``; lengths in heights, the centre in widths and heights.

    ``phase`` is in turns: 0.25 begins with a crest at the centre. Waves push along the radius, or, if
    ``aslant``, as far to the side as down, as in JCaptcha. What they push about swings up and down by
    ``swing`` before, like a sine wave of this ``period``, in the same sampling.
    """
    height, width = picture.shape[:2]
    aside, down, away = _around(rng, picture, centre_x, centre_y)
    length, reach = max(1.0, pick(rng, wavelength) * height), max(1.0, pick(rng, radius) * height)
    turns = away * np.float32(2 * np.pi / length) + np.float32(2 * np.pi * pick(rng, phase))
    fading = np.maximum(np.float32(0), 1 - away / np.float32(reach))
    push = np.float32(pick(rng, amplitude) * height) * np.sin(turns) * fading
    x, y = grid(height, width)
    if aslant:
        columns, rows = x + push, y + push
    else:
        # Divided by the distance, since the shift goes along the radius; it grows from 0 at the centre, as
        # waves of phase 0 do by themselves.
        share = push / np.maximum(away, np.float32(1e-3 if phase == 0 else length / 2))
        columns, rows = x + aside * share, y + down * share
    if swing != 0:
        rows += wave(rng, columns, swing, period, (0.0, 1.0), height)
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def fish_eye(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    magnification: Range = (1.5, 4.0),
    radius: Range = (0.6, 1.2),
    centre_x: Range = _MIDDLE,
    centre_y: Range = _MIDDLE,
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """A lens of ``radius`` heights: ``magnification`` times in its middle (0.1 or more; under 1 shrinks).

    The distance from the centre is mapped by the cubic that keeps the rim and its slope; with 4 in the middle
    it is the one that kaptcha and SimpleCaptcha use. Unless ``smooth``, the pixel nearer to the centre is
    taken, as they do, so that the rim shows.
    """
    height, width = picture.shape[:2]
    aside, down, away = _around(rng, picture, centre_x, centre_y)
    rim = max(1.0, pick(rng, radius) * height)
    strength = np.float32(1 - 1 / max(0.1, pick(rng, magnification)))
    # source / away - 1 = -strength (1 - s)^2 for s = away / rim: all of it at the centre, none at the rim.
    _, inside = cv2.threshold(1 - away * np.float32(1 / rim), 0, 0, cv2.THRESH_TOZERO)
    share = -strength * inside * inside
    x, y = grid(height, width)
    if not smooth:
        # Nearly half a pixel more, so that rounding never goes back towards the place itself.
        half = np.copysign(np.float32(0.499), strength)
        x, y = x - half * np.sign(aside[:1]), y - half * np.sign(down[:, :1])
    return move(picture, x + aside * share, y + down * share, smooth, outside(rng, picture, fill, colours))


def swirl(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    degrees: Range = (-80.0, 80.0),
    radius: Range = (0.8, 1.6),
    centre_x: Range = _MIDDLE,
    centre_y: Range = _MIDDLE,
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Turned by ``degrees`` at the centre and less and less towards ``radius`` (in heights)."""
    height, width = picture.shape[:2]
    aside, down, away = _around(rng, picture, centre_x, centre_y)
    rim = max(1.0, pick(rng, radius) * height)
    inside = np.maximum(np.float32(0), 1 - away * np.float32(1 / rim))
    angle = np.float32(np.deg2rad(pick(rng, degrees))) * inside * inside
    cosine, sine = np.cos(angle) - 1, np.sin(angle)
    x, y = grid(height, width)
    columns, rows = x + aside * cosine - down * sine, y + aside * sine + down * cosine
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def elastic(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    amplitude: Range = (0.03, 0.08),
    scale: Range = (0.25, 0.6),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """Every place pushed about by up to ``amplitude``, neighbours within ``scale`` alike; in heights."""
    height, width = picture.shape[:2]
    cell, push = pick(rng, scale) * height, np.float32(pick(rng, amplitude) * height)
    x, y = grid(height, width)
    columns = x + clouds(rng, height, width, cell) * push
    rows = y + clouds(rng, height, width, cell) * push
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def turbulence(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    amplitude: Range = (0.02, 0.05),
    scale: Range = (0.08, 0.4),
    turns: Range = (0.3, 0.8),
    smooth: bool = True,
    fill: Paint = "edge",
) -> Bytes:
    """The frayed edges of a marble filter: pushed by ``amplitude`` in a direction that noise turns.

    ``amplitude`` and ``scale`` (of the noise) in heights. The noise turns the direction by up to ``turns``
    rounds either way from straight down, so that few turns fray upright edges only.
    """
    height, width = picture.shape[:2]
    noise = clouds(rng, height, width, pick(rng, scale) * height)
    angle = noise * np.float32(2 * np.pi * pick(rng, turns))
    push = np.float32(pick(rng, amplitude) * height)
    x, y = grid(height, width)
    columns, rows = x + push * np.sin(angle), y + push * np.cos(angle)
    return move(picture, columns, rows, smooth, outside(rng, picture, fill, colours))


def _around(rng: Generator, picture: Bytes, centre_x: Range, centre_y: Range) -> tuple[Field, Field, Field]:
    """Every pixel's way from a centre: sideways, down, and how far."""
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    aside = x - np.float32(pick(rng, centre_x) * (width - 1))
    down = y - np.float32(pick(rng, centre_y) * (height - 1))
    return aside, down, np.asarray(cv2.magnitude(aside, down), dtype=np.float32)
