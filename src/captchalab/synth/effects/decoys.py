"""Small characters that are no part of the text."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from captchalab.errors import UsageError
from captchalab.synth.colours import Colours, Paint
from captchalab.synth.effects.layers import Bytes, compose
from captchalab.synth.effects.paths import Floats, many, pixel_values
from captchalab.synth.fonts import bundled
from captchalab.synth.glyphs import glyphs, holders
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick_count

_SIZE = 24  # pixels per em of the glyphs that decoys are scaled from


def decoys(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    count: Range = (4, 10),
    size: Range = (0.15, 0.35),
    rotation: Range = (-45.0, 45.0),
    characters: str = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789",
    font: str = "",
    colour: Paint = (60.0, 220.0),
    same_colour: bool = False,
    opacity: Range = (0.3, 0.8),
) -> Bytes:
    """Characters of ``size`` heights per em, turned by ``rotation`` degrees, anywhere.

    ``font`` is a bundled one or a path; without it each character takes any bundled font that has it.
    ``opacity`` is drawn for each character. Raises ``UsageError`` for an unknown font, or a character
    that no font has.
    """
    if not characters:
        raise UsageError("decoys without characters: give some, or count=0 for none")
    height, width = picture.shape[:2]
    number = pick_count(rng, count)
    fonts = holders((font,) if font else _fonts(), characters)
    chosen = []
    for which, face in rng.random((number, 2)).tolist():
        character = characters[int(which * len(characters))]
        able = fonts[character]
        chosen.append(glyphs((able[int(face * len(able))],), (_SIZE,), character)[0])
    values = pixel_values(rng, picture, colour, colours, number, same_colour=same_colour)[:, :3]
    covers = np.concatenate((values, np.full((number, 1), 255)), axis=1) * many(rng, opacity, number)[:, None]
    scales = many(rng, size, number) * (height / _SIZE)
    turns = many(rng, rotation, number)
    middles = rng.random((number, 2)) * (width, height)
    layer = np.zeros((height, width, 4), dtype=np.uint8)
    places = zip(chosen, covers, scales.tolist(), turns.tolist(), middles.tolist(), strict=True)
    for glyph, cover, scale, turn, middle in places:
        if glyph.coverage is not None:
            _stamp(layer, _turned(glyph.coverage, scale, turn), cover, middle)
    return compose(picture, layer)


@lru_cache(maxsize=1)
def _fonts() -> tuple[str, ...]:
    return tuple(bundled())


def _turned(mask: Bytes, scale: float, degrees: float) -> Bytes:
    """The mask scaled and turned about its middle, on as many pixels as it needs."""
    tall, broad = mask.shape
    turn = math.radians(degrees)
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    wide = math.ceil(abs(broad * cos) + abs(tall * sin)) + 2
    high = math.ceil(abs(broad * sin) + abs(tall * cos)) + 2
    x, y = (broad - 1) / 2, (tall - 1) / 2
    matrix = np.array(
        ((cos, -sin, (wide - 1) / 2 - cos * x + sin * y), (sin, cos, (high - 1) / 2 - sin * x - cos * y))
    )
    return np.asarray(cv2.warpAffine(mask, matrix, (wide, high), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _stamp(layer: Bytes, mask: Bytes, cover: Floats, middle: list[float]) -> None:
    """The mask put on a layer in place; ``cover`` is its colour times opacity, then its opacity."""
    height, width = layer.shape[:2]
    high, wide = mask.shape
    left, top = round(middle[0] - wide / 2), round(middle[1] - high / 2)
    x1, y1, x2, y2 = max(0, left), max(0, top), min(width, left + wide), min(height, top + high)
    if x1 >= x2 or y1 >= y2:
        return
    part = mask[y1 - top : y2 - top, x1 - left : x2 - left]
    stamp = cv2.transform(part, cover[:, None] / 255)
    room = layer[y1:y2, x1:x2]
    cv2.max(room, stamp, room)
