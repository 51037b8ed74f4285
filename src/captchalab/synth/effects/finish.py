"""What happens to the finished picture: filters of neighbouring pixels, tones, a frame."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.effects.layers import Bytes, opaque, within_opacity
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick, pick_count


def smooth(rng: Generator, picture: Bytes, colours: Colours) -> Bytes:
    """A light 3x3 blur (weights 1, 5 in the middle)."""
    soft = cv2.blur(picture, (3, 3))[1:-1, 1:-1]
    # The outermost pixels have no full neighbourhood and stay as they are.
    smoothed = picture.copy()
    inner = smoothed[1:-1, 1:-1]
    cv2.addWeighted(soft, 9 / 13, inner, 4 / 13, 0, inner)
    return smoothed


def blur(rng: Generator, picture: Bytes, colours: Colours, *, radius: Range = (0.5, 1.2)) -> Bytes:
    """A Gaussian blur; ``radius`` is its standard deviation in pixels."""
    sigma = max(0.01, pick(rng, radius))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def sharpen(rng: Generator, picture: Bytes, colours: Colours, *, strength: Range = (0.5, 2.0)) -> Bytes:
    """Edges made harder: ``strength`` times what a blur of one pixel takes away is added."""
    much = pick(rng, strength)
    soft = cv2.GaussianBlur(picture, (3, 3), 1)
    return within_opacity(np.asarray(cv2.addWeighted(picture, 1 + much, soft, -much, 0), dtype=np.uint8))


def motion_blur(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    length: Range = (3.0, 7.0),
    angle: Range = (0.0, 180.0),
) -> Bytes:
    """Smeared along a line ``length`` pixels long, ``angle`` degrees down from level."""
    turn, reach = np.deg2rad(pick(rng, angle)), max(1.0, pick(rng, length)) / 2
    middle = int(np.ceil(reach))
    kernel = np.zeros((2 * middle + 1, 2 * middle + 1), dtype=np.float32)
    across, down = reach * np.cos(turn), reach * np.sin(turn)
    start = (round((middle - across) * 16), round((middle - down) * 16))
    end = (round((middle + across) * 16), round((middle + down) * 16))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), dtype=np.uint8)


def emboss(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    strength: Range = (0.3, 1.0),
    angle: Range = (0.0, 360.0),
) -> Bytes:
    """Edges lit from one side and shaded on the other; the light comes from ``angle`` degrees."""
    turn, much = np.deg2rad(pick(rng, angle)), pick(rng, strength)
    across, down = much * np.cos(turn) / 3, much * np.sin(turn) / 3
    sides = np.array((1, 0, -1), dtype=np.float32)
    kernel = np.float32(across) * np.broadcast_to(sides, (3, 3)) + np.float32(down) * sides[:, None]
    kernel[1, 1] += 1
    return within_opacity(np.asarray(cv2.filter2D(picture, -1, kernel), dtype=np.uint8))


def edges(rng: Generator, picture: Bytes, colours: Colours, *, strength: Range = (0.5, 1.5)) -> Bytes:
    """Nothing but edges, on middle grey: how far each pixel is off its diagonal neighbours."""
    much = pick(rng, strength)
    kernel = np.array(((-much, 0, -much), (0, 4 * much, 0), (-much, 0, -much)), dtype=np.float32)
    return np.asarray(cv2.filter2D(picture, -1, kernel, delta=127), dtype=np.uint8)


def negative(rng: Generator, picture: Bytes, colours: Colours) -> Bytes:
    """Light on dark instead of dark on light."""
    return np.asarray(cv2.bitwise_not(picture), dtype=np.uint8)


def contrast(
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    *,
    factor: Range = (0.5, 1.5),
    brightness: Range = (-30.0, 30.0),
) -> Bytes:
    """Distances from middle grey ``factor`` times as large, then ``brightness`` grey levels added."""
    much = pick(rng, factor)
    levels = (np.arange(256) - 127.5) * much + (127.5 + pick(rng, brightness))
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), dtype=np.uint8)


def grey(rng: Generator, picture: Bytes, colours: Colours) -> Bytes:
    """Without colour, as bright as before."""
    levels = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.merge((levels, levels, levels)), dtype=np.uint8)


def frame(
    rng: Generator, picture: Bytes, colours: Colours, *, thickness: Range = 1, colour: Paint = "#000000"
) -> Bytes:
    """A border inside the edges, ``thickness`` pixels wide."""
    wide = pick_count(rng, thickness)
    value = opaque(picture, choose_colour(rng, colour, colours))
    framed = picture.copy()
    if wide > 0:
        framed[:wide] = framed[-wide:] = framed[:, :wide] = framed[:, -wide:] = value
    return framed
