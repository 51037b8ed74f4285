"""The curve that kaptcha and SimpleCaptcha strike through their text."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes
from captchalab.synth.effects.paths import Floats, Pen, draw_strokes
from captchalab.synth.ranges import Range, pick, pick_count

Point = tuple[float, float]
_DEEPEST = 6  # halvings of a curve


def cubic(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = 1,
    x1: Range = 0.1,
    x2: Range = (0.1, 0.25),
    x3: Range = (0.25, 0.5),
    x4: Range = (0.25, 0.9),
    flatness: float = 2.0,
    colour: Paint = "ink",
    thickness: Range = (1.5, 3.0),
    head: Range = 0.0,
    smooth: bool = True,
) -> Bytes:
    """Cubic Bezier curves in straight pieces; each of their four points is anywhere from top to bottom.

    ``x1`` to ``x4`` say how far from the left the points are, as fractions of the width; ``flatness`` how
    many pixels a piece may be off the curve. The first piece is ``head`` pixels thicker, the second half
    of that.
    """
    for _ in range(pick_count(rng, count)):
        corners = _corners(rng, picture, (x1, x2, x3, x4), flatness)
        pieces = np.stack((corners[:-1], corners[1:]), axis=1)
        red, green, blue = choose_colour(rng, colour, colours)
        value, wide, more = f"#{red:02x}{green:02x}{blue:02x}", pick(rng, thickness), pick(rng, head)
        thick = [(pieces[:1], wide + more), (pieces[1:2], wide + more / 2)] if more else []
        for part, broad in [(pieces[len(thick) :], wide), *thick]:
            pen = Pen(value, True, broad, smooth)
            picture = draw_strokes(rng, picture, colours, _square(part, broad / 2)[None], pen)
    return picture


def _corners(rng: Generator, picture: Bytes, spans: tuple[Range, ...], flatness: float) -> Floats:
    """The ends of the pieces of one curve, ``(n, 2)``."""
    height, width = picture.shape[:2]
    across = [pick(rng, x) * width for x in spans]
    points = list(zip(across, (rng.random(4) * height).tolist(), strict=True))
    return np.array([points[0], *_flattened(points, flatness, _DEEPEST)]) - 0.5


def _flattened(points: list[Point], flatness: float, depth: int) -> list[Point]:
    """The ends of the pieces, without the first: halved until the control points are near the chord."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    chord_x, chord_y = dx - ax, dy - ay
    reach = flatness * max(1e-6, (chord_x * chord_x + chord_y * chord_y) ** 0.5)
    off = max(abs(chord_x * (y - ay) - chord_y * (x - ax)) for x, y in points[1:3])
    if depth == 0 or off <= reach:
        return [points[3]]
    abx, aby, bcx, bcy, cdx, cdy = (
        (ax + bx) / 2,
        (ay + by) / 2,
        (bx + cx) / 2,
        (by + cy) / 2,
        (cx + dx) / 2,
        (cy + dy) / 2,
    )
    lx, ly, rx, ry = (abx + bcx) / 2, (aby + bcy) / 2, (bcx + cdx) / 2, (bcy + cdy) / 2
    middle = (lx + rx) / 2, (ly + ry) / 2
    first = [(ax, ay), (abx, aby), (lx, ly), middle]
    second = [middle, (rx, ry), (cdx, cdy), (dx, dy)]
    return _flattened(first, flatness, depth - 1) + _flattened(second, flatness, depth - 1)


def _square(pieces: Floats, more: float) -> Floats:
    """The pieces ``(n, 2, 2)`` longer by ``more`` at either end, as pens with square tips draw them."""
    steps = pieces[:, 1] - pieces[:, 0]
    steps = steps * (more / np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6))[:, None]
    return np.stack((pieces[:, 0] - steps, pieces[:, 1] + steps), axis=1)
