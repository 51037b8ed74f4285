"""The curve that kaptcha and SimpleCaptcha strike through their text."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes, opaque
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count

Places = NDArray[np.complex128]
"""``x + yj``: times j is a quarter of a turn."""
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


def _corners(rng: Generator, picture: Bytes, spans: tuple[Range, ...], flatness: float) -> Places:
    """The ends of the pieces of one curve, ``(n,)``."""
    height, width = picture.shape[:2]
    across = [pick(rng, x) * width for x in spans]
    points = [complex(x, y) for x, y in zip(across, (rng.random(4) * height).tolist(), strict=True)]
    return np.array([points[0], *_flattened(points, flatness, _DEEPEST)]) - (0.5 + 0.5j)


def _flattened(points: list[complex], flatness: float, depth: int) -> list[complex]:
    """The ends of the pieces, without the first: halved until the control points are near the chord."""
    a, b, c, d = points
    chord = (d - a).conjugate()
    off = max(abs((chord * (b - a)).imag), abs((chord * (c - a)).imag))
    if depth == 0 or off <= flatness * max(1e-6, abs(chord)):
        return [d]
    ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
    left, right = (ab + bc) / 2, (bc + cd) / 2
    middle = (left + right) / 2
    first = _flattened([a, ab, left, middle], flatness, depth - 1)
    return first + _flattened([middle, right, cd, d], flatness, depth - 1)


def _quadrilaterals(corners: Places, widths: NDArray[np.float64]) -> NDArray[np.int32]:
    """The pieces between the corners, with square tips, in sixteenths of a pixel ``(n, 4, 2)``."""
    steps = corners[1:] - corners[:-1]
    steps *= np.maximum(widths, 0) / 2 / np.maximum(np.abs(steps), 1e-6)
    start, end, aside = corners[:-1] - steps, corners[1:] + steps, steps * 1j
    places = np.stack((start + aside, end + aside, end - aside, start - aside), axis=1) * 16
    return np.rint(places.view(np.float64).reshape(-1, 4, 2)).astype(np.int32)
