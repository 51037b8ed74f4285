"""Ink: the masks of letters sampled onto a picture or a layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchalab.synth.colours import Colour
from captchalab.synth.letters import NO_PULL, Placed, Shape
from captchalab.synth.opencv import cv2

Bytes = NDArray[np.uint8]
_FINE = 2  # how many times finer than the picture strokes are widened


class Tile(NamedTuple):
    """A rectangle of the picture, and how opaque each of its pixels is, uint8 ``(h, w)``."""

    part: tuple[slice, slice]
    opacity: Bytes


def inks_of(placed: Placed, hollow: bool, hard: bool, width: int, height: int) -> list[tuple[Tile, Colour]]:
    """What a letter leaves on a canvas of this size, to be laid in this order; a space leaves nothing.

    ``hollow``: a line along its edges, as wide as its outline; ``hard``: without intermediate opacities.
    """
    inks = _soft_inks(placed, hollow, width, height)
    if hard:
        for tile, _ in inks:
            cv2.threshold(tile.opacity, 127, 255, cv2.THRESH_BINARY, tile.opacity)
    return inks


kept_inks_of = lru_cache(maxsize=64)(inks_of)
"""The same for frames of an animation, which show the same letters again. Nobody writes into these tiles."""


def faded(tile: Tile, opacity: float) -> Tile:
    """The tile, ``opacity`` (0 to 1) as opaque."""
    if opacity == 1:
        return tile
    return tile._replace(opacity=np.asarray(cv2.convertScaleAbs(tile.opacity, alpha=opacity), dtype=np.uint8))


def _soft_inks(placed: Placed, hollow: bool, width: int, height: int) -> list[tuple[Tile, Colour]]:
    letter, shape, x, y = placed
    plain = not (hollow or letter.outline or letter.thickness)
    if plain and shape.matrix == _AS_IT_IS and shape.corners is NO_PULL:
        return _whole_ink(placed, width, height)
    left, right = max(0, int(x - shape.left) - 1), min(width, int(x + shape.right) + 2)
    top, bottom = max(0, int(y - shape.up) - 1), min(height, int(y + shape.down) + 2)
    mask = letter.glyph.coverage
    if mask is None or left >= right or top >= bottom:
        return []
    part = slice(top, bottom), slice(left, right)
    x, y, size = x - left, y - top, (right - left, bottom - top)
    if plain:
        return [(Tile(part, _sampled(mask, shape, x, y, 1, size)), letter.colour)]
    # Finer than the picture, so that strokes can be widened by parts of a pixel.
    fill = _sampled(mask, shape, x, y, _FINE, (size[0] * _FINE, size[1] * _FINE))
    fill = _widened(fill, letter.thickness / 2 * _FINE)
    if hollow:
        # Its soft edge would be twice as wide as a thin line.
        cv2.threshold(fill, 127, 255, cv2.THRESH_BINARY, fill)
        half = letter.outline / 2 * _FINE
        fill = np.asarray(cv2.subtract(_widened(fill, half), _widened(fill, -half)), dtype=np.uint8)
    inks = [(fill, letter.colour)]
    if letter.outline and not hollow:
        inks.insert(0, (_widened(fill, letter.outline * _FINE), letter.outline_colour))
    return [(Tile(part, _coarse(opacity, size)), colour) for opacity, colour in inks]


_AS_IT_IS = (1.0, 0.0, 0.0, 1.0)


def _whole_ink(placed: Placed, width: int, height: int) -> list[tuple[Tile, Colour]]:
    """A clean mask, neither scaled nor turned, on whole pixels: as sharp as it is."""
    letter, _, x, y = placed
    mask = letter.glyph.coverage
    if mask is None:
        return []
    high, wide = mask.shape
    left, top = round(x - wide / 2), round(y - high / 2)
    seen = mask[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
    if seen.size == 0:
        return []
    left, top = max(0, left), max(0, top)
    part = slice(top, top + seen.shape[0]), slice(left, left + seen.shape[1])
    return [(Tile(part, seen.copy()), letter.colour)]


def _sampled(mask: Bytes, shape: Shape, x: float, y: float, fine: int, size: tuple[int, int]) -> Bytes:
    """A clean mask about ``(x, y)`` of a rectangle that is ``fine`` times finer than the picture."""
    high, wide = mask.shape
    across, down = (wide - 1) / 2, (high - 1) / 2
    # The middle of the first pixel is at a half.
    x, y = x * fine - 0.5, y * fine - 0.5
    if shape.corners is NO_PULL:
        xx, xy, yx, yy = shape.matrix if fine == 1 else [number * fine for number in shape.matrix]
        aside, below = x - xx * across - xy * down, y - yx * across - yy * down
        rows = ((xx, xy, aside), (yx, yy, below))
        return np.asarray(cv2.warpAffine(mask, np.array(rows), size), dtype=np.uint8)
    box = ((-0.5, -0.5), (wide - 0.5, -0.5), (wide - 0.5, high - 0.5), (-0.5, high - 0.5))
    goal = [(x + dx * fine, y + dy * fine) for dx, dy in shape.corners]
    matrix = cv2.getPerspectiveTransform(np.array(box, np.float32), np.array(goal, np.float32))
    return np.asarray(cv2.warpPerspective(mask, matrix, size), dtype=np.uint8)


def _coarse(opacity: Bytes, size: tuple[int, int]) -> Bytes:
    return np.asarray(cv2.resize(opacity, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _widened(mask: Bytes, radius: float) -> Bytes:
    """The mask with ``radius`` pixels more (or fewer) on each side of every stroke, round at its corners."""
    change = cv2.dilate if radius > 0 else cv2.erode
    whole, rest = divmod(abs(radius), 1.0)
    for i in range(int(whole)):
        # A cross and a square in turns make an octagon, at a fraction of the time of a disc.
        mask = np.asarray(change(mask, _CROSS if i % 2 == 0 else _SQUARE), dtype=np.uint8)
    if rest:
        mask = np.asarray(cv2.addWeighted(change(mask, _CROSS), rest, mask, 1 - rest, 0), dtype=np.uint8)
    return mask


_CROSS = np.array(((0, 1, 0), (1, 1, 1), (0, 1, 0)), dtype=np.uint8)
_SQUARE = np.ones((3, 3), dtype=np.uint8)


def lay(canvas: Bytes, tile: Tile, colour: Colour) -> None:
    """One colour on a picture ``(H, W, 3)`` or a layer ``(H, W, 4)``, in place, where the tile is opaque."""
    channels = canvas.shape[2]
    full = cv2.merge((tile.opacity,) * channels)
    part = canvas[tile.part]
    cv2.multiply(part, cv2.bitwise_not(full), part, 1 / 255)
    # In a layer the fourth channel is the opacity itself.
    value = np.array((*colour, 255.0))
    cv2.add(part, cv2.multiply(full, value, scale=1 / 255), part)


def shadow_of(
    tiles: Sequence[Tile], shift: tuple[float, float], softness: float, width: int, height: int
) -> Tile:
    """One shadow of all tiles, moved right and down and blurred, all in pixels."""
    plane = np.zeros((height, width), dtype=np.uint8)
    for tile in tiles:
        cv2.max(plane[tile.part], tile.opacity, plane[tile.part])
    move = np.array(((1, 0, shift[0]), (0, 1, shift[1])), dtype=np.float32)
    plane = np.asarray(cv2.warpAffine(plane, move, (width, height)), dtype=np.uint8)
    if softness > 0:
        plane = np.asarray(cv2.GaussianBlur(plane, (0, 0), softness), dtype=np.uint8)
    return Tile((slice(0, height), slice(0, width)), plane)
