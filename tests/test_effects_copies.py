"""What echo, holes and cubic draw."""

from __future__ import annotations

import numpy as np

from captchalab.synth.colours import Colours
from captchalab.synth.effects import EFFECTS
from captchalab.synth.randomness import random_for

COLOURS = Colours((255, 255, 255), (0, 0, 0))


def layer() -> np.ndarray:
    """A transparent layer with an opaque block, rows 20 to 40 and columns 30 to 90."""
    canvas = np.zeros((60, 160, 4), np.uint8)
    canvas[20:40, 30:90] = (10, 20, 30, 255)
    return canvas


def test_echo_lies_where_its_offset_says() -> None:
    drawn = EFFECTS["echo"](random_for(1, 1), layer(), COLOURS, offset_x=50, offset_y=-10)
    expected = layer()
    expected[10:30, 80:140] = (10, 20, 30, 255)
    assert np.array_equal(drawn, expected)


def test_echo_by_whole_pixels_is_as_sharp_as_the_text() -> None:
    for index in range(10):
        drawn = EFFECTS["echo"](
            random_for(1, index), layer(), COLOURS, offset_x=(3, 9), offset_y=0, whole=True
        )
        assert set(np.unique(drawn[:, :, 3])) == {0, 255}


def test_echo_swings_about_the_text_that_stays() -> None:
    wave = {"row_slope": 0.3, "row_period": 1.0, "row_phase": 0.0}
    drawn = EFFECTS["echo"](random_for(1, 1), layer(), COLOURS, offset_x=0, offset_y=0, **wave)
    assert (drawn[20:40, 30:90, 3] == 255).all()
    aside = drawn[:, :, 3] > 128
    assert aside[:, :30].any() or aside[:, 90:].any()
    assert not aside[:20].any() and not aside[40:].any()


def test_holes_are_rubbed_out_of_the_text_alone_and_spread_over_it() -> None:
    before = layer()
    for index in range(10):
        after = EFFECTS["holes"](random_for(2, index), before, COLOURS, count=6, size=0.1)
        assert not after[before[:, :, 3] == 0].any()
        free = (after[20:40, 30:90, 3] < 128).reshape(20, 3, 20).sum(axis=(0, 2))
        assert free.min() > 0 and free.sum() < 6 * 50


def test_cubic_reaches_from_its_first_point_to_its_last_and_begins_thick() -> None:
    white = np.full((60, 300, 3), 255, np.uint8)
    options = {"x1": 0.1, "x2": 0.4, "x3": 0.6, "x4": 0.9, "thickness": 2, "head": 6}
    for index in range(10):
        ink = EFFECTS["cubic"](random_for(3, index), white, COLOURS, **options)[:, :, 0] < 128
        columns = np.flatnonzero(ink.any(axis=0))
        assert 25 <= columns[0] <= 31 and 269 <= columns[-1] <= 272
        assert ink[:, 31:38].sum() > 1.5 * ink[:, 262:269].sum()


def test_cubic_is_straight_where_its_points_are_nearly_in_line() -> None:
    white = np.full((60, 300, 3), 255, np.uint8)
    straight = EFFECTS["cubic"](random_for(3, 1), white, COLOURS, flatness=200.0, thickness=1.4)
    rows, columns = np.nonzero(straight[:, :, 0] < 200)
    slope, start = np.polyfit(columns, rows, 1)
    assert np.abs(rows - (slope * columns + start)).max() < 2
