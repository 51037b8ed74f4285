"""The curve that kaptcha and SimpleCaptcha strike through their text."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes, opaque
from captchalab.synth.effects.paths import Floats
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count

Point = tuple[float, float]
_DEEPEST = 6  # halvings of a curve
_HEAD = np.array((1.0, 0.5))
_RIM = 1.36  # how much OpenCV's smooth edge makes a polygon broader, in pixels


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
    drawn, kind = picture.copy(), cv2.LINE_AA if smooth else cv2.LINE_8
    for _ in range(pick_count(rng, count)):
        corners = _corners(rng, picture, (x1, x2, x3, x4), flatness)
        value = opaque(picture, choose_colour(rng, colour, colours))
        widths = np.full(len(corners) - 1, pick(rng, thickness))
        widths[:2] += _HEAD[: len(widths)] * pick(rng, head)
        for piece in _quadrilaterals(corners, widths - (_RIM if smooth else 1.0)):
            cv2.fillConvexPoly(drawn, piece, value, kind, 4)
    return drawn


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


def _quadrilaterals(corners: Floats, widths: NDArray[np.float64]) -> NDArray[np.int32]:
    """The pieces between the corners, with square tips, in sixteenths of a pixel ``(n, 4, 2)``."""
    steps = np.diff(corners, axis=0)
    steps *= (np.maximum(widths, 0) / 2 / np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6))[:, None]
    aside = steps[:, ::-1] * (-1.0, 1.0)
    start, end = corners[:-1] - steps, corners[1:] + steps
    places = np.stack((start + aside, end + aside, end - aside, start - aside), axis=1)
    return np.rint(places * 16).astype(np.int32)
