"""The text of a layer set from small marks, as libraries do that draw their digits dot by dot."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import Bytes, disc
from captchalab.synth.opencv import cv2
from captchalab.synth.ranges import Range, pick_count


def stipple(
    rng: Generator, picture: Bytes, colours: Colours, *, pitch: Range = (2, 3), radius: Range = 1
) -> Bytes:
    """A grid of marks ``pitch`` pixels apart wherever the text covers it: crosses of ``radius`` 1, or discs.

    They are opaque, with hard edges; those of radius 1 two pixels apart leave a mesh with holes of a pixel.
    """
    apart, reach = max(1, pick_count(rng, pitch)), pick_count(rng, radius)
    top, left = (rng.random(2) * apart).astype(np.intp).tolist()
    places = picture[top::apart, left::apart]
    marks = np.zeros_like(picture)
    rows, columns = np.nonzero(places[:, :, 3] > 127)
    inked = places[rows, columns].astype(np.float32)
    marks[top::apart, left::apart][rows, columns] = np.rint(inked * (255 / inked[:, 3:]))
    return np.asarray(cv2.dilate(marks, disc(reach)), dtype=np.uint8)
