"""Backgrounds. Those that paint the whole ground take ``opacity``: how much of what was there they hide."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colour, Colours, Paint, choose_colour, near
from captchalab.synth.effects.fields import Field, clouds, grid, octaves, ramp
from captchalab.synth.effects.layers import Bytes, choose_word, flat, laid
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count


def gradient(rng: Generator, picture: Bytes, colours: Colours, *, reach: Range = 60.0) -> Bytes:
    """A slope of colour between four corners that differ by up to ``reach`` from the picture."""
    height, width = picture.shape[:2]
    corners = (rng.random((2, 2, 3)).astype(np.float32) - 0.5) * (2 * pick(rng, reach))
    slope = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(picture, slope, dtype=cv2.CV_8U), dtype=np.uint8)


def linear_gradient(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    start: Paint = (150.0, 255.0),
    end: Paint = (150.0, 255.0),
    angle: Range = (0.0, 360.0),
    opacity: Range = 1.0,
) -> Bytes:
    """From one colour to another; ``angle`` 0 is from left to right, 45 from corner to corner, 90 down."""
    height, width = picture.shape[:2]
    ends = choose_colour(rng, start, colours), choose_colour(rng, end, colours)
    painted = _between(ramp(height, width, pick(rng, angle)), *ends)
    return laid(picture, painted, pick(rng, opacity))


def radial_gradient(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    inner: Paint = (150.0, 255.0),
    outer: Paint = (150.0, 255.0),
    centre_x: Range = (0.0, 1.0),
    centre_y: Range = (0.0, 1.0),
    radius: Range = (0.5, 1.0),
    opacity: Range = 1.0,
) -> Bytes:
    """From one colour at a point to another at ``radius`` widths from it and beyond."""
    height, width = picture.shape[:2]
    x, y = grid(height, width)
    across, down = pick(rng, centre_x) * width, pick(rng, centre_y) * height
    away = cv2.magnitude(x - np.float32(across), y - np.float32(down))
    share = np.minimum(away / np.float32(max(1.0, pick(rng, radius) * width)), np.float32(1))
    ends = choose_colour(rng, inner, colours), choose_colour(rng, outer, colours)
    return laid(picture, _between(share, *ends), pick(rng, opacity))


def texture(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    first: Paint = (130.0, 255.0),
    second: Paint = (130.0, 255.0),
    scale: Range = (0.1, 0.8),
    octave_count: Range = (1, 3),
    veins: Range = (0.0, 2.0),
    opacity: Range = 1.0,
) -> Bytes:
    """Clouds of two colours, bumps ``scale`` heights wide; ``veins`` above 0 folds them into marble."""
    height, width = picture.shape[:2]
    noise = octaves(rng, height, width, pick(rng, scale) * height, pick_count(rng, octave_count))
    folds = pick(rng, veins)
    if folds > 0:
        noise = np.sin(noise * np.float32(np.pi * (0.5 + folds)))
    share = np.clip(noise * np.float32(0.5) + np.float32(0.5), 0, 1)
    ends = choose_colour(rng, first, colours), choose_colour(rng, second, colours)
    return laid(picture, _between(share, *ends), pick(rng, opacity))


def photo(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    colour: Paint = (60.0, 250.0),
    things: Range = (3, 8),
    reach: Range = (20.0, 90.0),
    light: Range = (10.0, 60.0),
    grain: Range = (2.0, 20.0),
    opacity: Range = 1.0,
) -> Bytes:
    """What a blurred photograph looks like: coloured things with edges, light and shade, and grain.

    ``reach`` is how far the things are off ``colour``; it, ``light`` and ``grain`` are in grey levels.
    """
    height, width = picture.shape[:2]
    main, far = choose_colour(rng, colour, colours), pick(rng, reach)
    scene = flat(height, width, main)
    for across, down, wide, high, turn in rng.random((pick_count(rng, things), 5)).tolist():
        middle = (int(across * width), int(down * height))
        axes = (int((0.1 + wide * 0.6) * height) + 1, int((0.05 + high * 0.5) * height) + 1)
        cv2.ellipse(scene, middle, axes, 180 * turn, 0, 360, near(rng, main, far), -1, cv2.LINE_AA)
    shade = clouds(rng, height, width, 0.5 * height) * np.float32(pick(rng, light))
    fine = clouds(rng, height, width, 0.1 * height) * np.float32(pick(rng, light) / 2)
    # Warm light and blue shade: the three channels differ a little. One by one, since floats of all three are
    # so large that the system takes their memory back each time, which takes longer than the sums.
    planes = [
        cv2.add(plane, shade * np.float32(warmth) + fine, dtype=cv2.CV_8U)
        for plane, warmth in zip(cv2.split(scene), (1, 0.9, 0.6), strict=True)
    ]
    noise = np.frombuffer(rng.bytes(picture.size), dtype=np.uint8).reshape(picture.shape)
    share = 2 * pick(rng, grain) / 255
    painted = np.asarray(cv2.addWeighted(cv2.merge(planes), 1, noise, share, -127.5 * share), dtype=np.uint8)
    return laid(picture, painted, pick(rng, opacity))


def mottle(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    colour: Paint = (150.0, 255.0),
    count: Range = (3, 8),
    size: Range = (0.08, 0.5),
    smooth: bool = True,
    opacity: Range = 1.0,
) -> Bytes:
    """Patches of ``count`` colours that run into each other, or tiles; ``size`` in heights."""
    height, width = picture.shape[:2]
    cell = max(1.0, pick(rng, size) * height)
    high, wide = min(height, round(height / cell) + 1), min(width, round(width / cell) + 1)
    several = np.array(
        [choose_colour(rng, colour, colours) for _ in range(max(1, pick_count(rng, count)))], dtype=np.uint8
    )
    patches = several[(rng.random((high, wide)) * len(several)).astype(np.intp)]
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
    painted = np.asarray(cv2.resize(patches, (width, height), interpolation=how), dtype=np.uint8)
    return laid(picture, painted, pick(rng, opacity))


_KINDS = ("checker", "stripes", "dots", "hatching")


def pattern(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    kind: str = "any",
    spacing: Range = (4.0, 16.0),
    share: Range = (0.2, 0.5),
    angle: Range = (0.0, 90.0),
    colour: Paint = (130.0, 230.0),
    opacity: Range = 1.0,
) -> Bytes:
    """``checker``, ``stripes``, ``dots`` or ``hatching`` over the ground, repeated every ``spacing`` pixels.

    ``share`` (0 to 1) is how much of a period is painted; ``angle`` in degrees.
    """
    height, width = picture.shape[:2]
    kind = choose_word(rng, kind, _KINDS, "kind of pattern")
    turn, every = np.deg2rad(pick(rng, angle)), max(2.0, pick(rng, spacing))
    cosine, sine = np.float32(np.cos(turn) / every), np.float32(np.sin(turn) / every)
    x, y = grid(height, width)
    shift_x, shift_y = rng.random(2, dtype=np.float32)
    along, athwart = x * cosine + (y * sine + shift_x), y * cosine - (x * sine - shift_y)
    along, athwart = along - np.floor(along), athwart - np.floor(athwart)
    part = np.float32(pick(rng, share))
    if kind == "checker":
        mask = (along < 0.5) ^ (athwart < 0.5)
    elif kind == "stripes":
        mask = along < part
    elif kind == "hatching":
        mask = (along < part / 2) | (athwart < part / 2)
    else:
        mask = (along - 0.5) ** 2 + (athwart - 0.5) ** 2 < part / np.float32(np.pi)
    painted = picture.copy()
    cv2.copyTo(flat(height, width, choose_colour(rng, colour, colours)), mask.view(np.uint8), painted)
    return laid(picture, painted, pick(rng, opacity))


def _between(share: Field, first: Colour, second: Colour) -> Bytes:
    """A mixture of two colours: the first where ``share`` (0 to 1) is 0, the second where it is 1."""
    mixed = [
        cv2.convertScaleAbs(share, alpha=to - start, beta=start)
        for start, to in zip(first, second, strict=True)
    ]
    return np.asarray(cv2.merge(mixed), dtype=np.uint8)
