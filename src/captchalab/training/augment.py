"""Array -> array: small changes that leave the text readable, so that few pictures last longer.

Works on the network's input, ``(H, W, C)`` uint8, after resizing: cheap enough to stay off the
training's critical path.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """Largest change of each kind; a picture's own is drawn uniformly below it."""

    shift: float
    """Of the width and height."""
    scale: float
    """Of the size; both sides on their own."""
    degrees: float
    """Of rotation, and half as much shear."""
    bend: float
    """Height of a sine wave, of the picture's height."""
    contrast: float
    noise: float
    """Standard deviation in grey levels."""
    blur: float
    """Share of pictures that are blurred."""
    distort: float = 0.0
    """Of the height: how far the knots of a coarse grid are drawn apart."""


AUGMENTATIONS: dict[str, Augmentation | None] = {
    "none": None,
    "light": Augmentation(shift=0.03, scale=0.06, degrees=3, bend=0.0, contrast=0.2, noise=6, blur=0.1),
    "strong": Augmentation(shift=0.06, scale=0.12, degrees=6, bend=0.06, contrast=0.4, noise=12, blur=0.2),
    "distorted": Augmentation(
        shift=0.0, scale=0.15, degrees=0, bend=0.0, contrast=0.0, noise=0, blur=0.0, distort=0.08
    ),
}

KNOTS = (3, 7)
"""Rows and columns of the grid that ``distort`` pulls at."""


def augment(picture: Picture, how: Augmentation, rng: np.random.Generator) -> Picture:
    """A changed copy of ``(H, W, C)`` uint8, same shape. The same ``rng`` state gives the same bytes."""
    chance = rng.random(10)
    moved = _move(picture, how, chance[:7] * 2 - 1)
    if how.distort:
        moved = _distort(moved, how.distort * picture.shape[0], rng)
    if chance[7] < how.blur:
        moved = np.asarray(cv2.GaussianBlur(moved, (3, 3), 0), np.uint8)
    values = (moved.astype(np.float32) - 128) * np.float32(1 + how.contrast * (chance[8] * 2 - 1)) + 128
    if how.noise:
        noise = rng.standard_normal((*picture.shape[:2], 1), np.float32)
        values = values.reshape(picture.shape) + noise * np.float32(how.noise * chance[9])
    clipped: Picture = np.clip(values, 0, 255).astype(np.uint8).reshape(picture.shape)
    return clipped


def _move(picture: Picture, how: Augmentation, amount: NDArray[np.float64]) -> Picture:
    """Shift, scale, rotate, shear and bend in one resampling; the border is repeated outwards."""
    height, width = picture.shape[:2]
    angle = np.deg2rad(how.degrees * amount[0])
    shear = np.tan(np.deg2rad(how.degrees * amount[1] / 2))
    scale_x, scale_y = 1 + how.scale * amount[2], 1 + how.scale * amount[3]
    centre = np.array([width / 2, height / 2])
    linear = np.array(
        [
            [np.cos(angle) * scale_x, -np.sin(angle) * scale_y + shear],
            [np.sin(angle) * scale_x, np.cos(angle) * scale_y],
        ]
    )
    offset = centre - linear @ centre + how.shift * amount[4:6] * (width, height)
    if not how.bend:
        matrix = np.hstack([linear, offset[:, None]])
        return np.asarray(
            cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    wave = how.bend * height * amount[6] * np.sin(2 * np.pi * (x / width + amount[5]))
    map_x = (linear[0, 0] * x + linear[0, 1] * y + offset[0]).astype(np.float32)
    map_y = (linear[1, 0] * x + linear[1, 1] * y + offset[1] + wave).astype(np.float32)
    return np.asarray(
        cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _distort(picture: Picture, pixels: float, rng: np.random.Generator) -> Picture:
    """Pull the knots of a coarse grid up to ``pixels`` apart; what lies between follows smoothly."""
    height, width = picture.shape[:2]
    pulls = rng.uniform(-pixels, pixels, (*KNOTS, 2)).astype(np.float32)
    field = np.asarray(cv2.resize(pulls, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    pulled = cv2.remap(
        picture, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(pulled, np.uint8).reshape(picture.shape)
