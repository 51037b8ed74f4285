"""Ink: the masks of letters sampled onto a picture or a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchalab.synth.colours import Colour
from captchalab.synth.letters import NO_PULL, Letter, Placed
from captchalab.synth.opencv import cv2

Bytes = NDArray[np.uint8]
_FINE = 2  # mask pixels for each pixel of the glyph where strokes are widened


class Tile(NamedTuple):
    """A rectangle of the picture, and how opaque each of its pixels is, uint8 ``(h, w)``."""

    part: tuple[slice, slice]
    opacity: Bytes


def tile_of(placed: Placed, mask: Bytes, fine: int, width: int, height: int) -> Tile | None:
    """The mask of a letter on its place; ``None`` where nothing of it is on the canvas.

    The mask is ``fine`` times as fine as the glyph and may have a margin, the same on all sides.
    """
    letter, shape, x, y = placed
    left, right = max(0, int(x - shape.left) - 1), min(width, int(x + shape.right) + 2)
    top, bottom = max(0, int(y - shape.up) - 1), min(height, int(y + shape.down) + 2)
    if left >= right or top >= bottom:
        return None
    # The middle of the first pixel of the rectangle is at a half.
    x, y = x - left - 0.5, y - top - 0.5
    size = right - left, bottom - top
    across, down = (mask.shape[1] - 1) / 2, (mask.shape[0] - 1) / 2
    if shape.corners is NO_PULL:
        xx, xy, yx, yy = shape.matrix if fine == 1 else [number / fine for number in shape.matrix]
        rows = ((xx, xy, x - xx * across - xy * down), (yx, yy, y - yx * across - yy * down))
        opacity = cv2.warpAffine(mask, np.array(rows), size)
    else:
        assert letter.glyph.coverage is not None
        half_y, half_x = (side * fine / 2 for side in letter.glyph.coverage.shape)
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        box = [(across + half_x * sign_x, down + half_y * sign_y) for sign_x, sign_y in signs]
        goal = [(x + dx, y + dy) for dx, dy in shape.corners]
        matrix = cv2.getPerspectiveTransform(np.array(box, np.float32), np.array(goal, np.float32))
        opacity = cv2.warpPerspective(mask, matrix, size)
    return Tile((slice(top, bottom), slice(left, right)), np.asarray(opacity, dtype=np.uint8))


class Masks(NamedTuple):
    """The clean masks of a letter, both of one size, ``fine`` times as fine as the glyph."""

    fill: Bytes
    around: Bytes | None
    fine: int


def masks_of(letter: Letter, hollow: bool) -> Masks | None:
    """What is filled, and what its outline covers and sticks out; ``None`` for a space.

    ``hollow``: all that is filled is a line along the edges.
    """
    coverage = letter.glyph.coverage
    if coverage is None:
        return None
    if not (hollow or letter.outline or letter.thickness):
        return Masks(coverage, None, 1)
    unit = _FINE / max(letter.scale * (letter.stretch[0] + letter.stretch[1]) / 2, 0.1)
    margin = math.ceil((max(letter.outline, 1.0) + abs(letter.thickness) / 2) * unit) + 1
    body = cv2.resize(coverage, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR)
    body = cv2.copyMakeBorder(body, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    fill = widened(np.asarray(body, dtype=np.uint8), letter.thickness / 2 * unit)
    if hollow:
        half = max(letter.outline, 1.0) / 2 * unit
        ring = cv2.subtract(widened(fill, half), widened(fill, -half))
        return Masks(np.asarray(ring, dtype=np.uint8), None, _FINE)
    return Masks(fill, widened(fill, letter.outline * unit) if letter.outline else None, _FINE)


def widened(mask: Bytes, radius: float) -> Bytes:
    """The mask with ``radius`` pixels more (or fewer) on each side of every stroke."""
    change = cv2.dilate if radius > 0 else cv2.erode
    whole, rest = divmod(abs(radius), 1.0)
    if whole:
        mask = np.asarray(change(mask, _disc(int(whole))), dtype=np.uint8)
    if rest:
        mask = np.asarray(cv2.addWeighted(change(mask, _disc(1)), rest, mask, 1 - rest, 0), dtype=np.uint8)
    return mask


@lru_cache(maxsize=64)
def _disc(radius: int) -> Bytes:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


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
