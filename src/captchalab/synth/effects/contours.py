"""What is put behind the text of a layer ``(H, W, 4)``: its shadow, its outline, its sides."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colour, Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes, disc
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick


def shadow(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    offset_x: Range = (1.0, 4.0),
    offset_y: Range = (1.0, 4.0),
    blur: Range = (0.0, 3.0),
    colour: Paint = "#000000",
    opacity: Range = (0.3, 0.8),
) -> Bytes:
    """A shadow to the right and below; offsets and ``blur`` (standard deviation) in pixels."""
    height, width = picture.shape[:2]
    aside, down, softness = pick(rng, offset_x), pick(rng, offset_y), pick(rng, blur)
    shift = np.array(((1, 0, aside), (0, 1, down)), dtype=np.float32)
    cast = np.asarray(cv2.warpAffine(picture[:, :, 3], shift, (width, height)), dtype=np.uint8)
    # The triangle of this radius has the standard deviation asked for, and is faster than a Gaussian.
    radius = round(6**0.5 * softness - 1)
    if radius > 0:
        cast = np.asarray(cv2.stackBlur(cast, (2 * radius + 1, 2 * radius + 1)), dtype=np.uint8)
    return _behind(picture, cast, choose_colour(rng, colour, colours), pick(rng, opacity))


def outline(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    thickness: Range = (1.0, 2.0),
    colour: Paint = "#000000",
    opacity: Range = 1.0,
) -> Bytes:
    """A line ``thickness`` pixels wide around the text."""
    wide = pick(rng, thickness)
    around = np.asarray(cv2.dilate(picture[:, :, 3], disc(wide)), dtype=np.uint8)
    return _behind(picture, around, choose_colour(rng, colour, colours), pick(rng, opacity))


def contour(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    offset_x: Range = (-3.0, 3.0),
    offset_y: Range = (-3.0, 3.0),
    stretch_x: Range = 1.0,
    colour: Paint = "ink",
    opacity: Range = 1.0,
) -> Bytes:
    """A hairline along the edges of the text, moved aside by offsets in pixels, behind it.

    It is ``stretch_x`` times as wide as the text, about the middle of the picture.
    """
    height, width = picture.shape[:2]
    wide = pick(rng, stretch_x)
    aside = pick(rng, offset_x) + (1 - wide) * (width - 1) / 2
    shift = np.array(((wide, 0, aside), (0, 1, pick(rng, offset_y))), dtype=np.float32)
    line = cv2.morphologyEx(picture[:, :, 3], cv2.MORPH_GRADIENT, _PAIR)
    moved = np.asarray(cv2.warpAffine(line, shift, (width, height)), dtype=np.uint8)
    return _behind(picture, moved, choose_colour(rng, colour, colours), pick(rng, opacity))


_PAIR = np.ones((2, 2), dtype=np.uint8)


def block(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    rim: Range = (1.0, 2.0),
    depth_x: Range = (-3.0, 3.0),
    depth_y: Range = (1.0, 4.0),
) -> Bytes:
    """Hollow blocks: nothing but a ``rim`` is left of the text, and its sides; all in pixels.

    The sides reach ``depth_x`` to the right and ``depth_y`` down, in the colours of the text.
    """
    aside, down, edge = pick(rng, depth_x), pick(rng, depth_y), pick(rng, rim)
    steps, swept = math.ceil(max(abs(aside), abs(down))), picture.copy()
    for step in range(1, steps + 1):
        # By whole pixels, so that edges stay sharp.
        right, below = round(aside * step / steps), round(down * step / steps)
        goal = swept[max(0, below) :, max(0, right) :][: min(0, below) or None, : min(0, right) or None]
        source = picture[max(0, -below) :, max(0, -right) :]
        cv2.max(goal, source[: goal.shape[0], : goal.shape[1]], goal)
    if edge <= 0:
        return swept
    inside = cv2.erode(picture[:, :, 3], disc(edge), borderValue=(0.0,))
    # Relative to how opaque the text is there, so that faint characters are as hollow as others.
    hole = cv2.divide(inside, np.maximum(swept[:, :, 3], 1), scale=255)
    left = cv2.LUT(hole, _STEEP)
    return np.asarray(cv2.multiply(swept, cv2.merge((left,) * 4), scale=1 / 255), dtype=np.uint8)


# What is left of the rim where the hole is so deep: twice as steep as the edges of the text.
_STEEP = np.clip(2 * (191.5 - np.arange(256)), 0, 255).astype(np.uint8)


def _behind(layer: Bytes, mask: NDArray[np.uint8], colour: Colour, opacity: float) -> Bytes:
    """The layer over a mask in one colour."""
    share = opacity / 255
    # What the layer lets through of the mask, in bytes.
    seen = cv2.multiply(cv2.bitwise_not(layer[:, :, 3]), mask, scale=share)
    back = [cv2.convertScaleAbs(seen, alpha=level / 255) for level in colour]
    return np.asarray(cv2.add(layer, cv2.merge((*back, seen))), dtype=np.uint8)
