"""How effects draw many strokes or shapes at once: places as arrays, then one OpenCV call for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes, choose_word, laid
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick

Floats = NDArray[np.float64]
SPANS = ("anywhere", "across", "down", "edges")
STYLES = ("outline", "filled", "both")
_BITS = 4  # places are given to OpenCV in sixteenths of a pixel


class Pen(NamedTuple):
    """What strokes are drawn with; the words are those of the effects' options."""

    colour: Paint
    same_colour: bool = False
    """One colour for all strokes of the picture, instead of one for each."""
    thickness: Range = 1.0
    """In pixels, for each stroke."""
    smooth: bool = True
    """Antialiased."""
    opacity: Range = 1.0
    """Of all strokes together: where they cross, nothing is darker."""
    tint: float = 0.0
    """How far each channel of each stroke's colour may be off ``colour``."""


def many(rng: Generator, span: Range, count: int) -> Floats:
    """``count`` numbers of the range, ``(count,)``."""
    low, high = span if isinstance(span, tuple) else (span, span)
    return low + (high - low) * rng.random(count)


def many_colours(rng: Generator, paint: Paint, colours: Colours, count: int) -> Bytes:
    """``count`` colours of one paint, each chosen by itself, ``(count, 3)``."""
    if isinstance(paint, tuple):
        if isinstance(paint[0], str):
            if count < len(paint):
                few = [choose_colour(rng, paint, colours) for _ in range(count)]
                return np.array(few, dtype=np.uint8).reshape(count, 3)
            choices = np.stack([many_colours(rng, str(one), colours, count) for one in paint])
            chosen: Bytes = choices[(rng.random(count) * len(paint)).astype(np.intp), np.arange(count)]
            return chosen
        return _levels(rng.random((count, 3)), int(paint[0]), int(paint[1]))
    if paint.startswith("grey "):
        low, high = (int(number) for number in paint.split()[1:])
        return np.repeat(_levels(rng.random((count, 1)), low, high), 3, axis=1)
    return np.tile(np.array(choose_colour(rng, paint, colours), dtype=np.uint8), (count, 1))


def _levels(numbers: Floats, low: int, high: int) -> Bytes:
    return (low + numbers * (high - low + 1)).astype(np.uint8)


def pixel_values(
    rng: Generator,
    picture: Bytes,
    paint: Paint,
    colours: Colours,
    count: int,
    *,
    same_colour: bool = False,
    tint: float = 0.0,
) -> Bytes:
    """``count`` colours as pixels of this picture or layer, ``(count, channels)``.

    ``tint`` is how far each channel of each may be off. On a layer, ``"background"`` is transparent: what
    is drawn in it rubs the text out.
    """
    channels = picture.shape[2]
    if channels == 4 and paint == "background":
        return np.zeros((count, 4), dtype=np.uint8)
    values = many_colours(rng, paint, colours, 1 if same_colour else count)
    if same_colour:
        values = np.repeat(values, count, axis=0)
    if tint:
        offsets = tint * (2 * rng.random((count, 3)) - 1)
        values = np.clip(np.rint(values + offsets), 0, 255).astype(np.uint8)
    if channels == 3:
        return values
    return np.concatenate((values, np.full((count, 1), 255, dtype=np.uint8)), axis=1)


def draw_strokes(rng: Generator, picture: Bytes, colours: Colours, paths: Floats, pen: Pen) -> Bytes:
    """A copy with strokes along ``paths``: ``(strokes, points, 2)``, or ``(strokes, parts, points, 2)``.

    Places are ``(x, y)`` in pixels, 0 the middle of the first. A thin stroke is a line of OpenCV; a thicker
    one is the outline of a ribbon, since OpenCV's thick lines are slower, and too thick by up to a pixel
    and a half.
    """
    values, widths = _looks(rng, picture, colours, len(paths), pen)
    parts = paths if paths.ndim == 4 else paths[:, None]
    thinnest, kind = _kind(pen)
    middles = _fixed(parts)
    thick = any(width > thinnest for width in widths)
    outlines = _ribbons(parts, [(width - thinnest) / 2 for width in widths]) if thick else middles
    drawn = picture.copy()
    for middle, outline, value, width in zip(middles, outlines, values, widths, strict=True):
        if width <= thinnest:
            cv2.polylines(drawn, list(middle), False, value, 1, kind, _BITS)
        else:
            for ribbon in outline:  # one by one: where two overlap in one call, neither is filled
                cv2.fillPoly(drawn, [ribbon], value, kind, _BITS)
    return laid(picture, drawn, pick(rng, pen.opacity))


def draw_shapes(
    rng: Generator, picture: Bytes, colours: Colours, outlines: Floats, pen: Pen, style: str
) -> Bytes:
    """A copy with closed shapes, ``(shapes, points, 2)``; of ``"both"`` the rim has a colour of its own.

    ``style`` is a word of ``STYLES``, or ``"any"``. Raises ``UsageError`` for another.
    """
    style = choose_word(rng, style, STYLES, "style")
    drawn = picture.copy()
    kind = cv2.LINE_AA if pen.smooth else cv2.LINE_8
    if style != "outline":
        values, _ = _looks(rng, picture, colours, len(outlines), pen)
        for shape, value in zip(_fixed(outlines), values, strict=True):
            cv2.fillPoly(drawn, [shape], value, kind, _BITS)
    if style != "filled":
        # From the middle of an edge and back to it, so that every corner is one, and the ends meet.
        seam = (outlines[:, :1] + outlines[:, 1:2]) / 2
        rims = np.concatenate((seam, outlines[:, 1:], outlines[:, :1], seam), axis=1)
        drawn = draw_strokes(rng, drawn, colours, rims, pen._replace(opacity=1.0))
    return laid(picture, drawn, pick(rng, pen.opacity))


def _kind(pen: Pen) -> tuple[float, int]:
    """The thickness of OpenCV's thinnest line, which also runs around every polygon; and its kind."""
    return (1.36, cv2.LINE_AA) if pen.smooth else (1.0, cv2.LINE_8)


def _ribbons(paths: Floats, half: Sequence[float]) -> NDArray[np.int32]:
    """Outlines ``(strokes, parts, 2 * points, 2)`` of strokes; ``half`` is how far they reach to a side."""
    # Places as complex numbers: x + yj, and times j is a quarter of a turn.
    places = np.ascontiguousarray(paths).view(np.complex128)[..., 0]
    steps = places[:, :, 1:] - places[:, :, :-1]
    steps /= np.abs(steps) + 1e-9
    # A corner lies on the bisector, as far out as it takes; but no spikes at sharp ones.
    aside = np.empty_like(places)
    aside[:, :, 0], aside[:, :, -1] = steps[:, :, 0] * 2, steps[:, :, -1] * 2
    np.add(steps[:, :, 1:], steps[:, :, :-1], out=aside[:, :, 1:-1])
    reach = np.array([max(each, 0.0) * 2j for each in half])[:, None, None]
    aside *= reach / np.maximum((aside * aside.conj()).real, 1)
    outlines = np.concatenate((places + aside, (places - aside)[:, :, ::-1]), axis=2)
    return _fixed(outlines.view(np.float64).reshape(*outlines.shape, 2))


def find_ends(rng: Generator, picture: Bytes, count: int, span: str) -> Floats:
    """Start and end of ``count`` strokes, ``(count, 2, 2)``. Raises ``UsageError`` for an unknown span.

    ``"anywhere"``: both inside; ``"across"``: from the left edge to the right; ``"down"``: from the upper
    to the lower; ``"edges"``: from any place of the rim to another; ``"any"``: one of these; ``"halves"``:
    from the left half to the right one, or from the upper to the lower.
    """
    span = choose_word(rng, span, SPANS if span == "any" else (*SPANS, "halves"), "span")
    size = np.array((picture.shape[1] - 1, picture.shape[0] - 1), dtype=np.float64)
    ends = rng.random((count, 2, 2))
    if span == "across":
        ends[:, :, 0] = 0, 1
    elif span == "down":
        ends[:, :, 1] = 0, 1
    elif span == "edges":
        start = ends[:, 0, 0]
        ends = _on_rim(np.stack((start, start + 0.25 + 0.5 * ends[:, 0, 1]), axis=1))
    elif span == "halves":
        strokes, axes = np.arange(count), rng.integers(2, size=count)
        ends[strokes, :, axes] = (ends[strokes, :, axes] + (0, 1)) / 2
    scaled: Floats = ends * size
    return scaled


def _on_rim(turns: Floats) -> Floats:
    """Places on the rim of the unit square, once around for every turn: ``(...)`` to ``(..., 2)``."""
    # Two trapezoids, a quarter of a turn apart.
    x = np.clip(np.abs((turns * 4 + 0.5) % 4 - 2) - 0.5, 0, 1)
    y = np.clip(np.abs((turns * 4 - 0.5) % 4 - 2) - 0.5, 0, 1)
    return np.stack((x, y), axis=-1)


def _fixed(places: Floats) -> NDArray[np.int32]:
    return np.rint(places * (1 << _BITS)).astype(np.int32)


def _looks(
    rng: Generator, picture: Bytes, colours: Colours, count: int, pen: Pen
) -> tuple[list[Sequence[int]], list[float]]:
    """Pixel value and thickness of each stroke."""
    values = pixel_values(
        rng, picture, pen.colour, colours, count, same_colour=pen.same_colour, tint=pen.tint
    )
    return values.tolist(), many(rng, pen.thickness, count).tolist()
