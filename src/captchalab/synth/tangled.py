"""Tangled lettering: leaning, turned characters of many fonts and colours that run into each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colour, Colours
from captchalab.synth.fonts import Glyph, glyphs
from captchalab.synth.layout import keep_inside, spread
from captchalab.synth.opencv import cv2

_NUMBERS = 12  # random numbers a character takes
_SIZE_STEP = 8  # clean glyphs are drawn in these steps of pixels, then scaled down
_SMALLEST = 16
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class TangledLettering:
    """Each character in a font, size, slant, turn and colour of its own, close to its neighbours."""

    fonts: tuple[str, ...]
    """Names of bundled fonts, or paths."""
    size: tuple[float, float] = (0.72, 1.0)
    """Smallest and largest font size, as a fraction of the picture's height."""
    crowding: float = 2.3
    """Largest font size, as a multiple of the room that each character has from left to right."""
    rotation: float = 32.0
    """Largest turn to either side, in degrees."""
    shear: float = 0.35
    """Largest slant to either side: pixels sideways for each pixel of height."""
    wander: float = 0.12
    """Largest shift from the even spacing, as a fraction of the room, and of the height."""
    colours: int = 60
    """Largest change of each colour channel from the ink of the picture."""
    margin: float = 0.06
    """What stays free of ink at every edge, as a fraction of the height: warps may need it."""

    paints_ground: ClassVar[bool] = False

    def with_fonts(self, fonts: tuple[str, ...]) -> TangledLettering:
        """The same with other fonts."""
        return replace(self, fonts=fonts)

    def write(self, rng: Generator, canvas: Bytes, text: str, colours: Colours) -> Bytes:
        """The text over a copy of ``canvas``, uint8 ``(H, W, 3)``."""
        canvas = canvas.copy()
        height, width = canvas.shape[:2]
        margin = self.margin * height
        spots = spread(len(text), width, margin)
        room = (width - 2 * margin) / len(text)
        for character, spot, numbers in zip(
            text, spots, rng.random((len(text), _NUMBERS)).tolist(), strict=True
        ):
            which, size, turn, slant, across, down, *tints = numbers
            low, high = (fraction * height for fraction in self.size)
            pixels = min(low + size * (high - low), self.crowding * room)
            glyph, scale = self._glyph(character, which, pixels)
            if glyph.coverage is None:
                continue
            shape = _shape(self.rotation * (2 * turn - 1), self.shear * (2 * slant - 1), scale)
            half_x, half_y = _half_extent(shape, glyph.coverage)
            x = keep_inside(spot + self.wander * room * (2 * across - 1), half_x + margin, width)
            y = keep_inside((0.5 + self.wander * (2 * down - 1)) * height, half_y + margin, height)
            _stamp(
                canvas,
                glyph.coverage,
                shape,
                (x, y),
                (half_x, half_y),
                _tint(colours.ink, tints, self.colours),
            )
        return canvas

    def _glyph(self, character: str, number: float, pixels: float) -> tuple[Glyph, float]:
        """A clean glyph at least ``pixels`` large, and the scale that makes it so."""
        size = max(_SMALLEST, math.ceil(pixels / _SIZE_STEP) * _SIZE_STEP)
        choice = glyphs(self.fonts, (size,), character)
        return choice[int(number * len(choice))], pixels / size


def _shape(degrees: float, shear: float, scale: float) -> tuple[float, float, float, float]:
    """The 2x2 matrix, row by row, from the clean glyph to the picture: slant, then turn, then scale."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return scale * cos, scale * (cos * shear - sin), scale * sin, scale * (sin * shear + cos)


def _half_extent(shape: tuple[float, ...], coverage: Bytes) -> tuple[float, float]:
    high, wide = coverage.shape
    xx, xy, yx, yy = shape
    return (abs(xx) * wide + abs(xy) * high) / 2, (abs(yx) * wide + abs(yy) * high) / 2


def _tint(ink: Colour, numbers: Sequence[float], most: int) -> tuple[float, ...]:
    """The colour of one character: up to ``most`` from the ink in every channel."""
    return tuple(
        min(255.0, max(0.0, channel + most * (2 * number - 1)))
        for channel, number in zip(ink, numbers, strict=False)
    )


def _stamp(
    canvas: Bytes,
    coverage: Bytes,
    shape: tuple[float, ...],
    middle: tuple[float, float],
    half: tuple[float, float],
    colour: tuple[float, ...],
) -> None:
    """Lay one character on the canvas, in place: sampled once, straight onto its place."""
    height, width = canvas.shape[:2]
    left, right = max(0, int(middle[0] - half[0]) - 1), min(width, int(middle[0] + half[0]) + 2)
    top, bottom = max(0, int(middle[1] - half[1]) - 1), min(height, int(middle[1] + half[1]) + 2)
    high, wide = coverage.shape
    xx, xy, yx, yy = shape
    matrix = np.array(
        (
            (xx, xy, middle[0] - left - 0.5 - (xx * (wide - 1) + xy * (high - 1)) / 2),
            (yx, yy, middle[1] - top - 0.5 - (yx * (wide - 1) + yy * (high - 1)) / 2),
        )
    )
    opacity = cv2.warpAffine(coverage, matrix, (right - left, bottom - top))
    opacity = cv2.merge((opacity, opacity, opacity))
    part = canvas[top:bottom, left:right]
    cv2.multiply(part, cv2.bitwise_not(opacity), part, 1 / 255)
    cv2.add(part, cv2.multiply(opacity, np.array((*colour, 0.0)), scale=1 / 255), part)
