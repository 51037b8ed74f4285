"""What each warp does to a picture whose values say where they came from."""

from __future__ import annotations

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.synth.colours import Colours
from captchalab.synth.declaration import scheme_of
from captchalab.synth.effects import EFFECTS
from captchalab.synth.effects.fields import clouds, grid, octaves, ramp
from captchalab.synth.effects.layers import BORDERS
from captchalab.synth.randomness import random_for
from captchalab.synth.scheme import step

COLOURS = Colours((200, 210, 220), (40, 60, 90))
HEIGHT, WIDTH = 60, 160
RED = (255, 0, 0)


def places() -> np.ndarray:
    """Red holds the column, green the row of each pixel."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack((columns, rows, columns * 0), axis=2).astype(np.uint8)


def warp(name: str, image: np.ndarray | None = None, index: int = 0, **options: object) -> np.ndarray:
    return EFFECTS[name](random_for(3, index), places() if image is None else image, COLOURS, **options)


def shifts(name: str, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """How far to the right and below each pixel was taken, in whole pixels."""
    moved = warp(name, smooth=False, **options).astype(int) - places()
    return moved[:, :, 0], moved[:, :, 1]


def away_from_the_middle() -> np.ndarray:
    columns, rows = grid(HEIGHT, WIDTH)
    return np.hypot(columns - (WIDTH - 1) / 2, rows - (HEIGHT - 1) / 2)


MIDDLE = {"centre_x": 0.5, "centre_y": 0.5}
INNER = (slice(15, -15), slice(25, -25))


def test_sine_wave_of_rows_moves_whole_rows_sideways() -> None:
    sideways, down = shifts("sine_wave", direction="rows", amplitude=0.1, period=0.5, phase=0)
    assert not down.any()
    inner = sideways[:, 10:-10]
    assert (inner == inner[:, :1]).all()
    assert np.abs(inner[:, 0] - 6 * np.sin(np.arange(HEIGHT) / 30 * 2 * np.pi)).max() <= 0.51


def test_sine_wave_of_columns_moves_whole_columns_down() -> None:
    sideways, down = shifts("sine_wave", direction="columns", amplitude=0.1, period=1, phase=0.25)
    assert not sideways.any()
    inner = down[10:-10]
    assert (inner == inner[:1]).all()
    assert (inner.max(), inner.min()) == (6, -6) and inner[0, 0] == 6


def test_ripple_moves_both_ways_by_at_most_its_amplitude() -> None:
    sideways, down = shifts("ripple", amplitude=0.1, period=0.6)
    for moved in (sideways[INNER], down[INNER]):
        assert moved.max() in (5, 6) and moved.min() in (-5, -6)


def test_wobble_without_lean_is_two_waves_and_with_it_both_turn_to_the_diagonal() -> None:
    sideways, down = shifts("wobble", sideways=0.1, sideways_phase=0.25, sideways_period=1, upright=0, lean=0)
    assert not down.any() and (sideways[:, 10:-10] == sideways[:, 10:11]).all() and sideways[0, 20] == 6
    sideways, _ = shifts("wobble", sideways=0.1, sideways_phase=0.25, sideways_period=1, upright=0, lean=1)
    inner = sideways[10:-10, 10:-10]
    assert (inner[1:, :-1] == inner[:-1, 1:]).all() and np.ptp(inner[0]) > 6


def test_shear_shifts_neighbours_by_at_most_its_slope() -> None:
    sideways, down = shifts("shear", row_slope=0.5, row_period=1, column_slope=0, row_phase=0, fill="edge")
    assert not down.any()
    inner = sideways[:, 10:-10]
    assert (inner == inner[:, :1]).all() and inner[0, 0] == 0
    # A slope of a half over a period of 60 pixels: an amplitude of 60 / (4 pi) = 4.8 pixels.
    assert (inner.max(), inner.min()) == (5, -5)
    assert np.abs(np.diff(inner[:, 0])).max() == 1


def test_bend_lifts_the_middle_and_lowers_the_ends() -> None:
    _, down = shifts("bend", bow=0.2)
    row = down[30]
    assert (row[0], row[80], row[-1]) == (-6, 6, -6)
    assert (down[10:-10] == row).all()


def test_slant_leans_about_the_middle() -> None:
    sideways, down = shifts("slant", rows=0.5)
    assert not down.any()
    inner = sideways[:, 20:-20]
    assert np.abs(inner - (np.arange(HEIGHT) - 29.5)[:, None] / 2).max() <= 0.51


def test_rotate_turns_anticlockwise_about_the_middle() -> None:
    square = places()[:, :HEIGHT].copy()
    turned = warp("rotate", square, degrees=90, smooth=False)
    assert np.array_equal(turned, np.rot90(square))
    halved = warp("rotate", degrees=0, zoom=0.5, fill="#ff0000")
    assert (halved[2, 2] == RED).all() and not (halved[30, 50] == RED).all()


def test_perspective_pulls_the_corners_in() -> None:
    pulled = warp("perspective", np.zeros((HEIGHT, WIDTH, 3), np.uint8), pull=0.4, fill="#ff0000")
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert (pulled[row, column] == RED).all()
    assert not pulled[30, 80].any()


def test_fish_eye_magnifies_its_middle_and_leaves_what_lies_beyond() -> None:
    sideways, down = shifts("fish_eye", magnification=4, radius=0.4, **MIDDLE)
    away = away_from_the_middle()
    assert not sideways[away > 24].any() and not down[away > 24].any()
    # The cubic of kaptcha's lens, along the row through its middle.
    away = np.arange(80, 104) - 79.5
    share = away / 24
    source = 24 * (-0.75 * share**3 + 1.5 * share**2 + 0.25 * share)
    nearer = (source - away) - sideways[30, 80:104]
    assert -0.01 < nearer.min() < 0.1 and 0.9 < nearer.max() < 1.01


@pytest.mark.parametrize("name", ["swirl", "water_ripple"])
def test_nothing_moves_beyond_the_radius(name: str) -> None:
    sideways, down = shifts(name, radius=0.4, **MIDDLE)
    away = away_from_the_middle()
    assert not sideways[away > 24].any() and not down[away > 24].any()
    assert np.abs(sideways[away < 24]).max() >= 1


def test_swirl_turns_its_middle_and_keeps_distances() -> None:
    columns, rows = (
        plane.astype(int) for plane in np.moveaxis(warp("swirl", degrees=90, **MIDDLE), 2, 0)[:2]
    )
    away = away_from_the_middle()
    near = away < 25
    assert np.abs(np.hypot(columns - 79.5, rows - 29.5) - away)[near].max() < 1.5
    assert abs(rows[30, 82] - 29.5) > abs(columns[30, 82] - 79.5), "a quarter turn near the centre"


def test_an_aslant_water_ripple_moves_as_far_to_the_side_as_down() -> None:
    options = {"amplitude": 0.05, "wavelength": 0.4, "radius": 3, "phase": 0.25, "aslant": True, **MIDDLE}
    sideways, down = (moved[INNER] for moved in shifts("water_ripple", **options))
    assert np.abs(sideways - down).max() < 0.1
    assert np.abs(sideways).max() == pytest.approx(0.05 * HEIGHT, abs=0.3)


def test_water_ripple_moves_along_the_radius_only() -> None:
    sideways, down = shifts("water_ripple", amplitude=0.05, wavelength=0.4, radius=3, **MIDDLE)
    assert np.abs(down[29:31, 40:120]).max() == 0
    assert np.abs(sideways[30, 40:120]).max() in (2, 3)


def test_what_a_water_ripple_pushes_about_swings_up_and_down() -> None:
    options = {"amplitude": 0, "swing": 0.05, "period": 0.5, **MIDDLE}
    sideways, down = (moved[INNER] for moved in shifts("water_ripple", **options))
    assert not sideways.any()
    assert (down == down[:1]).all() and np.abs(down).max() == pytest.approx(0.05 * HEIGHT, abs=0.3)
    assert np.abs(down[:, 30:] - down[:, :-30]).max() < 0.3, "half a height is a period"


def test_a_water_ripple_of_phase_0_shrinks_its_middle() -> None:
    options = {"amplitude": 0.1, "wavelength": 3, "radius": 1000, "phase": 0, **MIDDLE}
    sideways, _ = shifts("water_ripple", **options)
    away = np.arange(80, 130) - 79.5
    assert sideways[30, 80:130] == pytest.approx(6 * np.sin(2 * np.pi * away / 180), abs=0.6)


@pytest.mark.parametrize("name", ["elastic", "turbulence"])
def test_random_warps_move_by_at_most_their_amplitude(name: str) -> None:
    sideways, down = shifts(name, amplitude=0.1, scale=0.3)
    for moved in (sideways[INNER], down[INNER]):
        assert 3 <= np.abs(moved).max() <= 6
        assert np.abs(np.diff(moved, axis=0)).mean() < 1


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("edge", [0, 0, 0, 0, 0, 0]),
        ("mirror", [6, 5, 4, 3, 2, 1]),
        ("wrap", [154, 155, 156, 157, 158, 159]),
        ("#ff0000", [255] * 6),
        ("background", [200] * 6),
        ("ink", [40] * 6),
    ],
)
def test_fill_says_what_comes_in_from_outside(fill: str, expected: list[int]) -> None:
    moved = warp("sine_wave", direction="rows", amplitude=0.1, period=1, phase=0.25, smooth=False, fill=fill)
    back = warp("sine_wave", direction="rows", amplitude=0.1, period=1, phase=0.75, smooth=False, fill=fill)
    assert back[0, :6, 0].tolist() == expected
    assert moved[0, 0, 0] == 6


def test_nothing_comes_in_on_a_layer() -> None:
    layer = np.full((HEIGHT, WIDTH, 4), 255, dtype=np.uint8)
    moved = warp("rotate", layer, degrees=20, fill="ink")
    assert not moved[0, 0].any() and (moved[30, 80] == 255).all()


def test_unknown_direction_names_the_known() -> None:
    with pytest.raises(UsageError, match=r"'colums'.*'columns'.*rows"):
        warp("sine_wave", direction="colums")


def test_smooth_mixes_pixels_and_the_other_does_not() -> None:
    image = np.where(places()[:, :, :1] % 16 < 8, 0, 255).astype(np.uint8).repeat(3, axis=2)
    assert set(np.unique(warp("elastic", image, smooth=False))) == {0, 255}
    assert len(np.unique(warp("elastic", image, smooth=True))) > 20


@pytest.mark.parametrize("cell", [0.1, 3, 17, 500])
def test_clouds_are_smooth_and_stay_within_one(cell: float) -> None:
    fields = np.stack([clouds(random_for(1, i), 41, 83, cell) for i in range(30)])
    assert fields.shape == (30, 41, 83) and fields.dtype == np.float32
    assert np.abs(fields).max() <= 1 and fields.std() > 0.3 and abs(fields.mean()) < 0.3
    assert np.abs(np.diff(fields, axis=2)).max() < 2.5 / max(1, cell)


def test_octaves_add_finer_bumps() -> None:
    rough, plain = (np.abs(np.diff(octaves(random_for(1, 1), 60, 160, 30, n), axis=1)).mean() for n in (3, 1))
    assert rough > 1.5 * plain


@pytest.mark.parametrize(
    ("degrees", "corners"),
    [
        (0, [0, 1, 0, 1]),
        (45, [0, 0.5, 0.5, 1]),
        (90, [0, 0, 1, 1]),
        (180, [1, 0, 1, 0]),
        (225, [1, 0.5, 0.5, 0]),
    ],
)
def test_ramp_runs_from_corner_to_corner(degrees: float, corners: list[float]) -> None:
    field = ramp(20, 50, degrees)
    assert np.allclose(field[[0, 0, -1, -1], [0, -1, 0, -1]], corners, atol=1e-5)
    assert field.dtype == np.float32


@pytest.mark.parametrize("fill", [*BORDERS, "ink", "#123456"])
def test_every_fill_may_stand_in_a_declaration(fill: str) -> None:
    table = {"like": "lepture", "name": "mine", "over": [{"effect": "shear", "fill": fill}]}
    assert scheme_of(table, "mine").over == (step("shear", fill=fill),)


def test_what_works_on_the_text_alone_is_refused_elsewhere() -> None:
    with pytest.raises(UsageError, match="'shadow' works on the text alone"):
        scheme_of({"like": "lepture", "over": [{"effect": "shadow"}]}, "mine")
