"""Stretched lettering: each character tilted, stretched into a box and pulled at its corners.

This is how Python's ``captcha`` writes. All the geometry of a character is one map from the pixels
of the finished picture back to its clean glyph, so each is sampled once, straight onto its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.errors import UsageError
from captchalab.synth.colours import Colours
from captchalab.synth.distortion import NUMBERS, distort, draw_inks
from captchalab.synth.glyphs import Glyph, glyphs
from captchalab.synth.ink_colours import colour_maps, layer_maps
from captchalab.synth.layout import Row, line_up
from captchalab.synth.opencv import cv2
from captchalab.synth.options import LARGEST_SIDE
from captchalab.synth.ranges import check_limits
from captchalab.synth.scheme import Writing

_LAYOUT = 5  # random numbers that choosing and placing a character take
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class StretchedLettering:
    """Characters in one colour, each in a random size, in a row that overlaps."""

    fonts: tuple[str, ...]
    """Names of bundled fonts, or paths."""
    sizes: tuple[int, ...]
    """Font sizes in pixels, chosen for every character."""
    rotation: float = 30.0
    """Largest tilt to either side, in degrees."""
    warp: tuple[float, float] = (0.2, 0.1)
    """Largest pull at a corner, as a fraction of the box's width and height."""
    gap_probability: float = 0.5
    """How often a space stands before a character."""
    overlap: float = 0.25
    """Largest overlap of two neighbours, as a fraction of the average width."""

    paints_ground: ClassVar[bool] = True
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"warp": (0, 1), "overlap": (0, 0.9)}
    """Beyond these there is nothing to see."""

    def __post_init__(self) -> None:
        check_limits(self, self.limits)
        if not self.sizes or not all(4 <= size <= LARGEST_SIDE for size in self.sizes):
            raise UsageError(f"sizes = {list(self.sizes)}: at least one, each from 4 to {LARGEST_SIDE}")

    def with_fonts(self, fonts: tuple[str, ...]) -> StretchedLettering:
        """The same with other fonts."""
        return replace(self, fonts=fonts)

    def drawn(self, text: str) -> str:
        """The text itself."""
        return text

    def write(
        self, rng: Generator, canvas: Bytes, text: str, colours: Colours, opacities: Sequence[float] = ()
    ) -> Bytes:
        """The text over a plain background, or on an empty layer; only the shape of ``canvas`` is used."""
        return self.write_all([Writing(rng, canvas, text, colours, opacities)])[0]

    def write_all(self, writings: Sequence[Writing]) -> list[Bytes]:
        """As ``write`` for each, faster; all canvases are of one shape."""
        height, width, channels = writings[0].canvas.shape
        numbers = [writing.rng.random((len(writing.text), _LAYOUT + NUMBERS)) for writing in writings]
        lines = [
            self._line_up(writing.text, each[:, :_LAYOUT].tolist())
            for writing, each in zip(writings, numbers, strict=True)
        ]
        warps = np.concatenate(numbers)[:, _LAYOUT:]
        distortion = distort([line.glyphs for line in lines], warps, self.rotation, self.warp)
        find_maps = colour_maps if channels == 3 else layer_maps
        colours = find_maps([writing.colours for writing in writings])
        pictures, first = [], 0
        for writing, line, colour_map in zip(writings, lines, colours, strict=True):
            tiles = draw_inks(line.glyphs, distortion, first)
            first += len(tiles)
            for tile, opacity in zip(tiles, writing.opacities, strict=False):
                cv2.convertScaleAbs(tile, tile, opacity)
            strength = _paste(tiles, line, max(line.row.width, width), height)
            # OpenCV's way is faster, but knows no opacity.
            coloured = cv2.applyColorMap(strength, colour_map) if channels == 3 else colour_map[strength]
            pictures.append(_squeeze(np.asarray(coloured, np.uint8), width))
        return pictures

    def _line_up(self, text: str, numbers: Sequence[Sequence[float]]) -> _Line:
        """The glyphs of a text, and where they go."""
        chosen = [self._choose(c, n[0]) for c, n in zip(text, numbers, strict=True)]
        gaps = [self._choose(" ", n[1]).width if n[2] > self.gap_probability else None for n in numbers]
        row = line_up([g.width for g in chosen], gaps, [(n[3], n[4]) for n in numbers], self.overlap)
        return _Line(chosen, row)

    def _choose(self, character: str, number: float) -> Glyph:
        choice = glyphs(self.fonts, self.sizes, character)
        return choice[int(number * len(choice))]


class _Line(NamedTuple):
    """The glyphs of a text."""

    glyphs: list[Glyph]
    row: Row
    """Where they stand."""


def _paste(tiles: Bytes, line: _Line, width: int, height: int) -> Bytes:
    """All boxes added up in one plane ``(height, width)``: ``FULL`` is one character, more are two."""
    plane = np.zeros((height, width), dtype=np.uint8)
    for tile, g, left in zip(tiles, line.glyphs, line.row.lefts, strict=True):
        top, right = int((height - g.height) / 2), min(left + g.width, width)
        first, last = max(0, top), min(height, top + g.height)
        part = plane[first:last, left:right]
        cv2.add(part, tile[first - top : last - top, : right - left], part)
    return plane


def _squeeze(picture: Bytes, width: int) -> Bytes:
    """Narrowed to the canvas where the text wanted more."""
    if picture.shape[1] == width:
        return picture
    return np.asarray(cv2.resize(picture, (width, picture.shape[0])), dtype=np.uint8)
