"""Curved strokes: waves, Bezier curves, arcs. Thickness in pixels, other lengths in heights."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.layers import Bytes
from captchalab.synth.effects.paths import Floats, Pen, draw_strokes, find_ends, many
from captchalab.synth.ranges import Range, pick, pick_count

_STEPS = 24  # places on a curve
_ACROSS = np.linspace(0, 1, _STEPS)


def curves(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = 2,
    turns: Range = (0.5, 2.0),
    amplitude: Range = (0.0, 0.2),
    wobble: Range = 0.0,
    place: Range = (0.15, 0.85),
    colour: Paint = "ink",
    tint: float = 40.0,
    same_colour: bool = False,
    thickness: Range = (1, 3.5),
    hollow: float = 0.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Sine waves from edge to edge, of ``turns`` periods and ``amplitude`` heights.

    ``place`` is the height of each end, ``wobble`` the share of a second wave, one octave up; ``tint`` is
    how far each channel of each wave's colour may be off ``colour``; ``hollow`` so many pixels in the middle
    of each have the colour of the background.
    """
    height, width = picture.shape[:2]
    number = pick_count(rng, count)
    start, end, swing, periods, phase = (
        many(rng, span, number)[:, None] for span in (place, place, amplitude, turns, (0.0, 1.0))
    )
    wave = np.sin(2 * np.pi * (_ACROSS * periods + phase))
    if wobble != 0:
        second, phase = many(rng, wobble, number)[:, None], rng.random((number, 1))
        wave += second * np.sin(2 * np.pi * (_ACROSS * (2 * periods) + phase))
    down = (start + (end - start) * _ACROSS + swing * wave) * height
    paths = np.empty((number, _STEPS, 2))
    paths[:, :, 0], paths[:, :, 1] = _ACROSS * (width - 1), down
    pen = Pen(colour, same_colour, thickness, smooth, opacity, tint)
    drawn = draw_strokes(rng, picture, colours, paths, pen)
    if hollow > 0:
        drawn = draw_strokes(rng, drawn, colours, paths, Pen("background", True, hollow, smooth))
    return drawn


def bezier(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (1, 3),
    span: str = "across",
    degree: Range = (2, 3),
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = (1, 3),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Bezier curves: quadratic (``degree`` 2) or cubic (3), with control points anywhere in the picture.

    ``span`` is ``across``, ``down``, ``edges`` (from rim to rim) or ``anywhere``.
    """
    height, width = picture.shape[:2]
    number = pick_count(rng, count)
    ends = find_ends(rng, picture, number, span)
    order = pick_count(rng, degree)
    between = rng.random((number, order - 1, 2)) * (width - 1, height - 1)
    paths = _bernstein(order) @ np.concatenate((ends[:, :1], between, ends[:, 1:]), axis=1)
    return draw_strokes(rng, picture, colours, paths, Pen(colour, same_colour, thickness, smooth, opacity))


@lru_cache(maxsize=8)
def _bernstein(degree: int) -> Floats:
    """How much each control point weighs at each place of a Bezier curve, ``(steps, degree + 1)``."""
    t = _ACROSS[:, None]
    powers = np.arange(degree + 1)
    choose = np.array([math.comb(degree, k) for k in powers.tolist()], dtype=np.float64)
    weights: Floats = choose * t**powers * (1 - t) ** (degree - powers)
    return weights


def splines(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = 1,
    knots: Range = (4, 6),
    place: Range = (0.2, 0.7),
    inset: Range = 0.03,
    colour: Paint = "ink",
    same_colour: bool = True,
    thickness: Range = (2, 4),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Smooth lines across, through ``knots`` evenly apart, each at a height of its own in ``place``.

    Their ``thickness`` changes along the way; ``inset`` is how much of the width they leave at either side.
    """
    height, width = picture.shape[:2]
    number, corners = pick_count(rng, count), max(2, pick_count(rng, knots))
    down = many(rng, place, number * corners).reshape(number, corners) * height
    weights = _catmull_rom(corners)
    free = pick(rng, inset) * width
    paths = np.empty((number, len(weights), 2))
    paths[:, :, 0] = np.linspace(free, width - 1 - free, len(weights))
    paths[:, :, 1] = down @ weights.T
    pieces = np.stack((paths[:, :-1], paths[:, 1:]), axis=2).reshape(-1, 2, 2)
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_strokes(rng, picture, colours, pieces, pen)


@lru_cache(maxsize=8)
def _catmull_rom(knots: int, steps: int = 6) -> Floats:
    """How much each knot weighs at ``steps`` places after each, ``(places, knots)`` (Catmull, Rom, 1974)."""
    # One more knot at either end, straight on.
    ahead = np.eye(knots)
    points = np.vstack((2 * ahead[0] - ahead[1], ahead, 2 * ahead[-1] - ahead[-2]))
    t = np.arange(steps)[:, None] / steps
    powers = np.hstack((np.ones_like(t), t, t**2, t**3))
    basis = np.array(((0, 2, 0, 0), (-1, 0, 1, 0), (2, -5, 4, -1), (-1, 3, -3, 1))) / 2
    pieces = [powers @ basis @ points[i : i + 4] for i in range(knots - 1)]
    weights: Floats = np.vstack((*pieces, ahead[-1:]))
    return weights


def arcs(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (2, 4),
    size: Range = (0.3, 1.6),
    ratio: Range = (0.3, 1.0),
    sweep: Range = (60.0, 300.0),
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = (1, 2),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Parts of ellipses anywhere: ``sweep`` degrees of one ``size`` long, ``ratio`` times as broad."""
    height, width = picture.shape[:2]
    number = pick_count(rng, count)
    first, tilt = rng.random((2, number, 1)) * (2 * np.pi)
    angles = first + np.radians(many(rng, sweep, number))[:, None] * _ACROSS
    long = many(rng, size, number)[:, None] * (height / 2)
    x, y = long * np.cos(angles), long * many(rng, ratio, number)[:, None] * np.sin(angles)
    turned = np.stack((x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)), axis=2)
    middles = rng.random((number, 1, 2)) * (width - 1, height - 1)
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_strokes(rng, picture, colours, middles + turned, pen)
