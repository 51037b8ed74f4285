"""Edges that fray: pixels of the ground wander into what stands on it."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def fray(rng: Generator, picture: Bytes, empty: Mask, share: float) -> Bytes:
    """``picture`` ``(H, W, C)``, after each pixel of the ground changed places with a neighbour.

    ``empty`` ``(H, W)`` says which pixels are the ground. From the upper left on, row by row, each of them
    goes one place to the right, down or both, with the probability ``share``; the next one sees what the
    last one left, so that a pixel of the ground may wander on, and anything else moves once at most.
    """
    height, width = empty.shape
    draws = np.frombuffer(rng.bytes(height * width), dtype=np.uint8).reshape(height, width)
    third = 256 * share / 3
    wanting = [(low * third <= draws) & (draws < (low + 1) * third) for low in range(3)]
    wanting[0][:, -1] = wanting[2][:, -1] = False
    wanting[1][-1] = wanting[2][-1] = False
    rights, downs, slants = (_rows(mask) for mask in wanting)
    grounds = [*_rows(empty), 0]
    moves: tuple[list[int], ...] = ([], [], [], [])
    # Whole rows as numbers, a bit for each pixel, the lowest the leftmost: a row takes a microsecond.
    for y in range(height):
        ground, right, below = grounds[y], rights[y], grounds[y + 1]
        reached = ground
        while (further := reached | (reached & right) << 1) != reached:
            reached = further
        from_right = reached & right & ~(ground >> 1)
        from_slant = reached & slants[y] & ~(below >> 1)
        below |= from_slant << 1
        from_below = reached & downs[y] & ~below
        grounds[y + 1] = below | from_below
        emptied = reached & ~(from_right | from_slant | from_below)
        for kind, row in zip(moves, (from_right, from_below, from_slant, emptied), strict=True):
            kind.append(row)
    frayed, masks = picture.copy(), [_mask(rows, width) for rows in moves]
    ground_colour = picture[empty][:1]
    for mask, (down, aside) in zip(masks[:3], ((0, 1), (1, 0), (1, 1)), strict=True):
        rows, columns = np.nonzero(mask)
        frayed[rows, columns] = picture[rows + down, columns + aside]
    if len(ground_colour):
        frayed[masks[3]] = ground_colour
    return frayed


def _rows(mask: Mask) -> list[int]:
    packed = np.packbits(mask, axis=1, bitorder="little")
    size, data = packed.shape[1], packed.tobytes()
    return [int.from_bytes(data[start : start + size], "little") for start in range(0, len(data), size)]


def _mask(rows: list[int], width: int) -> Mask:
    size = -(-width // 8)
    packed = np.frombuffer(b"".join([row.to_bytes(size, "little") for row in rows]), dtype=np.uint8)
    bits = np.unpackbits(packed.reshape(len(rows), size), axis=1, count=width, bitorder="little")
    return bits.astype(np.bool_)
