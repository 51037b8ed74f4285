"""What is done to the text of a layer ``(H, W, 4)`` alone: a second copy of it, holes in it."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes, compose, inked
from captchalab.synth.effects.warps import shear
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count


def echo(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    offset_x: Range = (-2.0, 2.0),
    offset_y: Range = (-2.0, 2.0),
    whole: bool = False,
    row_slope: Range = 0.0,
    row_period: Range = 2.0,
    column_slope: Range = 0.0,
    column_period: Range = 0.6,
    row_phase: Range = (0.0, 1.0),
    column_phase: Range = (0.0, 1.0),
) -> Bytes:
    """The text once more over itself, moved by offsets in pixels and waves as those of ``shear``.

    ``whole``: offsets of whole pixels, so that the copy is as sharp.
    """
    choose = pick_count if whole else pick
    aside, down = choose(rng, offset_x), choose(rng, offset_y)
    # Waves may take the text anywhere; without them it stays near where it is.
    waves = row_slope != 0 or column_slope != 0
    part = inked(picture, max(picture.shape) if waves else math.ceil(max(abs(aside), abs(down))) + 1)
    text = copy = picture[part]
    if not text.size:
        return picture
    if waves:
        copy = shear(
            rng,
            copy,
            colours,
            row_slope=row_slope,
            row_period=row_period,
            column_slope=column_slope,
            column_period=column_period,
            row_phase=row_phase,
            column_phase=column_phase,
            smooth=True,
        )
    if aside or down:
        shift = np.array(((1, 0, aside), (0, 1, down)), dtype=np.float32)
        copy = np.asarray(cv2.warpAffine(copy, shift, text.shape[1::-1]), dtype=np.uint8)
    if copy is text:
        return picture
    twice = picture.copy()
    twice[part] = compose(text, copy)
    return twice


def holes(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (4, 8),
    size: Range = (0.06, 0.12),
) -> Bytes:
    """Discs of ``size`` heights rubbed out of the text, spread evenly over its ink from left to right."""
    height = picture.shape[0]
    columns, rows = np.nonzero(cv2.transpose(picture[:, :, 3]))
    number = pick_count(rng, count)
    if not (len(columns) and number):
        return picture
    chosen = ((np.arange(number) + rng.random(number)) * (len(columns) / number)).astype(np.intp)
    pierced = picture.copy()
    for x, y in zip(columns[chosen].tolist(), rows[chosen].tolist(), strict=True):
        radius = pick(rng, size) * height / 2
        cv2.circle(pierced, (x << 4, y << 4), round(radius * 16), (0, 0, 0, 0), -1, cv2.LINE_AA, 4)
    return pierced
