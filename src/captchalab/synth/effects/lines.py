"""Straight strokes: lines, broken lines, scratches, grids. Thickness in pixels, other lengths in heights."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.layers import Bytes
from captchalab.synth.effects.paths import Floats, Pen, draw_strokes, find_ends, many
from captchalab.synth.ranges import Range, pick, pick_count


def lines(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (3, 8),
    span: str = "anywhere",
    drift: Range = 0.0,
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = (1, 2),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Straight lines; ``span`` is ``anywhere``, ``across``, ``down``, ``edges`` (from rim to rim) or
    ``halves`` (from the left half to the right one, or from the upper to the lower).

    The second line begins ``drift`` heights further right than it would, the third twice as far, and so on.
    """
    ends = find_ends(rng, picture, pick_count(rng, count), span)
    if drift != 0:
        ends[:, 0, 0] += np.arange(len(ends)) * many(rng, drift, len(ends)) * picture.shape[0]
    return draw_strokes(rng, picture, colours, ends, Pen(colour, same_colour, thickness, smooth, opacity))


def dashes(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (2, 4),
    span: str = "across",
    pieces: Range = (6, 16),
    share: Range = (0.4, 0.7),
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = (1, 2),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Broken lines of ``pieces`` dashes each; ``share`` of the line is drawn, the rest are gaps."""
    ends = find_ends(rng, picture, pick_count(rng, count), span)
    number = pick_count(rng, pieces)
    reach = np.arange(number)[:, None] + np.array((0.0, pick(rng, share)))
    along = (reach / number)[None, :, :, None]
    start, end = ends[:, None, None, 0], ends[:, None, None, 1]
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_strokes(rng, picture, colours, start + (end - start) * along, pen)


def polylines(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (1, 3),
    span: str = "across",
    corners: Range = (3, 7),
    swing: Range = (0.2, 0.6),
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = (1, 2),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Zigzags: lines with ``corners``, each up to ``swing`` heights off the straight line."""
    height = picture.shape[0]
    number = pick_count(rng, count)
    ends = find_ends(rng, picture, number, span)
    along = np.linspace(0, 1, pick_count(rng, corners) + 2)[:, None]
    paths = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * along
    paths += (2 * rng.random(paths.shape) - 1) * (many(rng, swing, number) * height)[:, None, None]
    return draw_strokes(rng, picture, colours, paths, Pen(colour, same_colour, thickness, smooth, opacity))


def strike(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = 1,
    place: Range = (0.35, 0.65),
    slope: Range = (-0.15, 0.15),
    inset: Range = (0.0, 0.12),
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = (2, 5),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """A thick line through the middle of the text.

    ``place`` is the height of its middle, ``slope`` the height that it rises or falls, ``inset`` how much
    of the width it leaves free at each side.
    """
    height, width = picture.shape[:2]
    number = pick_count(rng, count)
    middle = many(rng, place, number)[:, None] * height
    rise = many(rng, slope, number)[:, None] * (height * np.array((-0.5, 0.5)))
    left, right = many(rng, inset, number), 1 - many(rng, inset, number)
    across = np.stack((left, right), axis=1) * (width - 1)
    paths = np.stack((across, middle + rise), axis=2)
    return draw_strokes(rng, picture, colours, paths, Pen(colour, same_colour, thickness, smooth, opacity))


def scratches(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (20, 60),
    length: Range = (0.05, 0.35),
    angle: Range = (0.0, 180.0),
    colour: Paint = "ink",
    same_colour: bool = True,
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Many short thin lines of ``length`` heights, at ``angle`` degrees to the horizontal."""
    height, width = picture.shape[:2]
    number = pick_count(rng, count)
    turns = np.radians(many(rng, angle, number))
    half = np.stack((np.cos(turns), np.sin(turns)), axis=1) * many(rng, length, number)[:, None]
    half *= height / 2
    middles = rng.random((number, 2)) * (width - 1, height - 1)
    paths = np.stack((middles - half, middles + half), axis=1)
    if same_colour and not isinstance(thickness, tuple):
        paths = paths[None]  # one stroke of many parts: one call draws them all
    return draw_strokes(rng, picture, colours, paths, Pen(colour, same_colour, thickness, smooth, opacity))


def grid(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    spacing: Range = (0.12, 0.3),
    slant: Range = (-12.0, 12.0),
    jitter: Range = (0.0, 0.15),
    colour: Paint = "ink",
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = (0.4, 1.0),
) -> Bytes:
    """Lines every ``spacing`` heights both ways, turned by ``slant`` degrees.

    ``jitter`` moves each end by up to that share of the spacing.
    """
    apart, turn, loose = pick(rng, spacing), pick(rng, slant), pick(rng, jitter)
    ways = [_parallels(rng, picture, apart, turn + quarter, loose, (0.0, 1.0)) for quarter in (0.0, 90.0)]
    pen = Pen(colour, True, pick(rng, thickness), smooth, opacity)
    return draw_strokes(rng, picture, colours, np.concatenate(ways)[None], pen)


def hatch(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    spacing: Range = (0.1, 0.2),
    angle: Range = (20.0, 70.0),
    crossed: bool = True,
    jitter: Range = (0.0, 0.3),
    start: Range = (0.0, 1.0),
    colour: Paint = "background",
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Parallel lines at ``angle`` degrees, and ``crossed`` by their mirror image.

    The first line lies ``start`` spacings from the rim. In the colour of the background they cut the text;
    on a layer they then leave it transparent.
    """
    apart, turn, loose = pick(rng, spacing), pick(rng, angle), pick(rng, jitter)
    turns = (turn, -turn) if crossed else (turn,)
    ways = [_parallels(rng, picture, apart, way, loose, start) for way in turns]
    pen = Pen(colour, True, pick(rng, thickness), smooth, opacity)
    return draw_strokes(rng, picture, colours, np.concatenate(ways)[None], pen)


_LEAST_APART = 2.0  # pixels between parallel lines, however small the spacing


def _parallels(
    rng: Generator, picture: Bytes, spacing: float, angle: float, jitter: float, start: Range
) -> Floats:
    """Lines all over the picture, ``(lines, 2, 2)``."""
    height, width = picture.shape[:2]
    apart = max(_LEAST_APART, spacing * height)
    turn = math.radians(angle)
    cos, sin = math.cos(turn), math.sin(turn)
    # How far the corners lie from the middle, sideways and along.
    reach, half = (width * abs(sin) + height * abs(cos)) / 2, (width * abs(cos) + height * abs(sin)) / 2
    offsets = np.arange(-reach + apart * pick(rng, start), reach, apart)
    shifts = offsets[:, None] + (2 * rng.random((len(offsets), 2)) - 1) * (jitter * apart)
    # Places as complex numbers: x + yj, and times j is a quarter of a turn.
    along, middle = complex(cos, sin), complex(width - 1, height - 1) / 2
    places = shifts * (along * 1j) + np.array((middle - half * along, middle + half * along))
    ends: Floats = places.view(np.float64).reshape(-1, 2, 2)
    return ends
