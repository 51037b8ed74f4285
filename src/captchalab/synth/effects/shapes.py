"""Closed shapes: ellipses, rectangles, stars, petals, blobs. Sizes in heights, thickness in pixels."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.layers import Bytes, compose, laid
from captchalab.synth.effects.paths import Floats, Pen, draw_shapes, many
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count

_STEPS = 28  # corners of a round shape
_ROUND = np.linspace(0, 2 * np.pi, _STEPS, endpoint=False)
_CIRCLE = np.stack((np.cos(_ROUND), np.sin(_ROUND)), axis=1)


def ellipses(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (4, 10),
    size: Range = (0.08, 0.4),
    ratio: Range = (0.5, 1.0),
    rotation: Range = (0.0, 360.0),
    style: str = "outline",
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Ellipses ``size`` long, ``ratio`` times as broad (1 for circles), turned by ``rotation`` degrees.

    ``style`` is ``outline``, ``filled`` or ``both``.
    """
    number = pick_count(rng, count)
    outlines = np.repeat(_CIRCLE[None], number, axis=0)
    outlines[:, :, 1] *= many(rng, ratio, number)[:, None]
    outlines = _place(rng, picture, outlines, size, rotation)
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_shapes(rng, picture, colours, outlines, pen, style)


def rectangles(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (3, 8),
    size: Range = (0.1, 0.5),
    ratio: Range = (0.3, 1.0),
    rotation: Range = (0.0, 180.0),
    style: str = "outline",
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Rectangles ``size`` long, ``ratio`` times as broad, turned by ``rotation`` degrees."""
    number = pick_count(rng, count)
    outlines = np.empty((number, 4, 2))
    outlines[:, :, 0] = (-1, 1, 1, -1)
    outlines[:, :, 1] = many(rng, ratio, number)[:, None] * (-1, -1, 1, 1)
    outlines = _place(rng, picture, outlines, size, rotation)
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_shapes(rng, picture, colours, outlines, pen, style)


def stars(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (5, 12),
    size: Range = (0.08, 0.25),
    tips: Range = (3, 7),
    depth: Range = (0.3, 0.7),
    style: str = "filled",
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Stars of as many ``tips`` (one number for the picture), cut in by ``depth`` of their radius."""
    number, rays = pick_count(rng, count), pick_count(rng, tips)
    turn = np.linspace(0, 2 * np.pi, 2 * rays, endpoint=False)
    radii = np.ones((number, 2 * rays))
    radii[:, 1::2] -= many(rng, depth, number)[:, None]
    outlines = _place(rng, picture, _polar(radii, turn), size)
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_shapes(rng, picture, colours, outlines, pen, style)


def petals(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (4, 9),
    size: Range = (0.12, 0.35),
    leaves: Range = (3, 7),
    depth: Range = (0.4, 0.9),
    style: str = "outline",
    colour: Paint = "ink",
    same_colour: bool = False,
    thickness: Range = 1.0,
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Flowers of as many ``leaves`` (one number for the picture), cut in by ``depth`` of their radius."""
    number, parts = pick_count(rng, count), pick_count(rng, leaves)
    turn = np.linspace(0, 2 * np.pi, 8 * parts, endpoint=False)
    cut = 1 - np.abs(np.cos(turn * (parts / 2)))
    radii = 1 - many(rng, depth, number)[:, None] * cut
    outlines = _place(rng, picture, _polar(radii, turn), size)
    pen = Pen(colour, same_colour, thickness, smooth, opacity)
    return draw_shapes(rng, picture, colours, outlines, pen, style)


def blobs(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (3, 8),
    size: Range = (0.1, 0.4),
    wobble: Range = (0.0, 0.4),
    softness: Range = (0.0, 0.15),
    colour: Paint = "ink",
    same_colour: bool = False,
    opacity: Range = (0.3, 0.9),
) -> Bytes:
    """Spots of ``size`` heights whose outline swings by ``wobble`` of the radius.

    ``softness`` is how wide their edge fades out, in heights; 0 for hard ones.
    """
    number = pick_count(rng, count)
    swings = rng.random((number, 3, 1)) * many(rng, wobble, number)[:, None, None]
    phases = rng.random((number, 3, 1)) * (2 * np.pi)
    radii = 1 + (swings * np.sin(_ROUND * np.arange(2, 5)[:, None] + phases)).sum(axis=1)
    outlines = _place(rng, picture, _polar(radii, _ROUND), size)
    pen = Pen(colour, same_colour)
    reach = round(pick(rng, softness) * picture.shape[0])
    if reach < 2:
        drawn = draw_shapes(rng, picture, colours, outlines, pen, "filled")
        return laid(picture, drawn, pick(rng, opacity))
    return laid(
        picture, compose(picture, _soft(rng, picture, colours, outlines, pen, reach)), pick(rng, opacity)
    )


def _soft(rng: Generator, picture: Bytes, colours: Colours, outlines: Floats, pen: Pen, reach: int) -> Bytes:
    """A layer of filled shapes that fade out over about ``reach`` pixels, blurred at half the size."""
    height, width = picture.shape[:2]
    small = np.zeros(((height + 1) // 2, (width + 1) // 2, 4), dtype=np.uint8)
    small = draw_shapes(rng, small, colours, (outlines + 0.5) / 2 - 0.5, pen, "filled")
    # Two box blurs make a rounder slope than one.
    box = (reach // 2 + 1, reach // 2 + 1)
    soft = cv2.blur(cv2.blur(small, box), box)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _polar(radii: Floats, turn: Floats) -> Floats:
    """Outlines ``(shapes, points, 2)`` of radii ``(shapes, points)`` at the angles ``(points,)``."""
    return np.stack((radii * np.cos(turn), radii * np.sin(turn)), axis=2)


def _place(
    rng: Generator, picture: Bytes, outlines: Floats, size: Range, rotation: Range = (0.0, 360.0)
) -> Floats:
    """Shapes of radius 1 turned, scaled to a length of ``size`` heights, and put anywhere."""
    height, width = picture.shape[:2]
    number = len(outlines)
    turns, half = np.radians(many(rng, rotation, number)), many(rng, size, number) * (height / 2)
    middles = rng.random((number, 2)) * (width - 1, height - 1)
    # Places as complex numbers: one product turns and scales them.
    placed = outlines.view(np.complex128)[..., 0] * (np.exp(turns * 1j) * half)[:, None]
    placed += middles.view(np.complex128)
    places: Floats = placed.view(np.float64).reshape(outlines.shape)
    return places
