"""Strokes, shapes, decoys and noise: what their options promise."""

from __future__ import annotations

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.synth.colours import Colours
from captchalab.synth.effects import EFFECTS
from captchalab.synth.effects.fraying import fray
from captchalab.synth.effects.layers import compose
from captchalab.synth.effects.paths import Pen, draw_strokes, find_ends, many_colours
from captchalab.synth.randomness import random_for

GROUND, INK = (255, 255, 255), (0, 0, 0)
COLOURS = Colours(GROUND, INK)
STROKES = ["arcs", "bezier", "curves", "dashes", "grid", "hatch", "lines", "polylines", "scratches", "strike"]
STROKES += ["splines"]
SHAPES = ["ellipses", "petals", "rectangles", "stars"]
COUNTED = sorted({*STROKES, *SHAPES, "blobs", "decoys", "points"} - {"grid", "hatch"})
PAINTED = sorted({*STROKES, *SHAPES, "blobs", "decoys", "points", "speckle"})


def plain() -> np.ndarray:
    return np.full((60, 160, 3), GROUND, dtype=np.uint8)


def apply(name: str, index: int = 0, picture: np.ndarray | None = None, **options: object) -> np.ndarray:
    return EFFECTS[name](random_for(4, index), plain() if picture is None else picture, COLOURS, **options)


def darkness(picture: np.ndarray) -> np.ndarray:
    """Ink in each pixel, 0 to 1."""
    return (255 - picture[:, :, 0].astype(float)) / 255


@pytest.mark.parametrize("name", COUNTED)
def test_none_of_them_is_nothing(name: str) -> None:
    assert np.array_equal(apply(name, count=0), plain())


@pytest.mark.parametrize("name", PAINTED)
def test_half_opaque_is_half_way(name: str) -> None:
    full = apply(name, colour="#204060", opacity=1.0).astype(float)
    half = apply(name, colour="#204060", opacity=0.5).astype(float)
    assert full.min() < 150
    assert np.abs(half - (full + 255) / 2).max() <= 2


@pytest.mark.parametrize("name", PAINTED)
def test_a_layer_laid_on_the_ground_looks_as_if_drawn_there(name: str) -> None:
    options = {"colour": "#a03060", "opacity": 0.7}
    layer = apply(name, picture=np.zeros((60, 160, 4), dtype=np.uint8), **options)
    assert (layer[:, :, :3] <= layer[:, :, 3:]).all(), "colours are multiplied by the opacity"
    difference = compose(plain(), layer).astype(int) - apply(name, **options)
    assert np.abs(difference).max() <= 6


@pytest.mark.parametrize("name", sorted(set(PAINTED) - {"grid", "hatch", "blobs", "decoys"}))
def test_one_colour_for_all_or_one_for_each(name: str) -> None:
    options: dict[str, object] = {"colour": (0.0, 200.0)}
    if name in STROKES or name in SHAPES:
        options["smooth"] = False
    if name == "curves":
        options["tint"] = 0
    options |= {} if name == "speckle" else {"count": 9}

    def colours(same: bool) -> int:
        pixels = apply(name, same_colour=same, **options).reshape(-1, 3)
        return len(np.unique(pixels[(pixels != GROUND).any(axis=1)], axis=0))

    assert colours(True) == 1
    assert colours(False) > 3


@pytest.mark.parametrize("thickness", [1.5, 2, 3, 4.5])
@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("count", [2, 20])
def test_a_stroke_is_as_thick_as_asked_for(thickness: float, slope: float, count: int) -> None:
    """On average: OpenCV rounds an edge by up to half a pixel, one way or the other."""
    x = np.linspace(-5, 165, count)
    upright = []
    for offset in np.linspace(0, 1, 8, endpoint=False):
        path = np.stack((x, 20 + offset + slope * (x - 40)), axis=1)[None]
        drawn = draw_strokes(random_for(1, 1), plain(), COLOURS, path, Pen("ink", thickness=thickness))
        upright.append(darkness(drawn)[:, 30:100].sum() / 70)
    assert np.mean(upright) == pytest.approx(thickness * np.hypot(1, slope), abs=0.4)


def test_spans_begin_and_end_where_they_say() -> None:
    def ends(span: str) -> np.ndarray:
        return find_ends(random_for(2, 2), plain(), 200, span)

    inside = (ends("anywhere") >= 0) & (ends("anywhere") <= (159, 59))
    assert inside.all() and 20 < ends("anywhere")[:, 0, 0].std() < 80
    assert (ends("across")[:, :, 0] == (0, 159)).all()
    assert (ends("down")[:, :, 1] == (0, 59)).all()
    x, y = ends("edges")[..., 0], ends("edges")[..., 1]
    sides = np.stack([x < 1e-9, x > 159 - 1e-9, y < 1e-9, y > 59 - 1e-9])
    assert sides.any(axis=0).all(), "every end lies on the rim"
    assert sides.any(axis=(1, 2)).all(), "every side has some"
    assert np.hypot(*(ends("edges")[:, 1] - ends("edges")[:, 0]).T).min() > 10
    x, y = ends("halves")[..., 0], ends("halves")[..., 1]
    sideways = (x[:, 0] <= 79.5) & (x[:, 1] >= 79.5)
    downwards = (y[:, 0] <= 29.5) & (y[:, 1] >= 29.5)
    assert (sideways | downwards).all() and not (sideways & downwards).all()
    assert 0.3 < sideways[~downwards].sum() / (~(sideways & downwards)).sum() < 0.7


def test_lines_that_drift_begin_further_right_one_after_the_other() -> None:
    one = [apply("lines", count=1, thickness=2, drift=drift) for drift in (0.0, 0.5)]
    assert np.array_equal(*one), "the first one stays"
    left = [darkness(apply("lines", count=12, thickness=2, drift=d))[:, :40].sum() for d in (0.5, 0.0)]
    assert left[0] < 0.8 * left[1]


@pytest.mark.parametrize("name", ["lines", "bezier", "polylines", "dashes"])
def test_unknown_span_names_the_known(name: str) -> None:
    with pytest.raises(UsageError, match=r"span 'acros'.*'across'"):
        apply(name, span="acros")


@pytest.mark.parametrize("name", SHAPES)
def test_styles(name: str) -> None:
    outline, filled = (darkness(apply(name, count=1, size=0.5, style=s)).sum() for s in ("outline", "filled"))
    assert filled > 1.2 * outline > 0
    both = apply(name, count=3, size=0.5, style="both", colour=(0.0, 200.0), thickness=2, smooth=False)
    assert len(np.unique(both.reshape(-1, 3), axis=0)) >= 1 + 2
    with pytest.raises(UsageError, match=r"style 'fill'.*'filled'"):
        apply(name, style="fill")


def test_a_thick_rim_has_no_hole() -> None:
    options = {"count": 1, "size": 0.6, "smooth": False, "ratio": 1.0, "rotation": 0.0}
    for index in range(20):
        rim = apply("rectangles", index, thickness=6, **options)
        thin = apply("rectangles", index, thickness=1, **options)
        assert darkness(rim)[darkness(thin) == 1].min() == 1


def test_hatching_in_the_background_cuts_the_text() -> None:
    text = plain()
    text[20:40, 30:130] = INK
    cut = apply("hatch", picture=text, thickness=2)
    assert (cut >= text).all()
    assert 0.3 < darkness(cut).sum() / darkness(text).sum() < 0.95


def test_background_on_a_layer_leaves_it_transparent() -> None:
    layer = np.zeros((60, 160, 4), dtype=np.uint8)
    layer[20:40, 30:130] = (10, 20, 30, 255)
    cut = apply("lines", picture=layer, colour="background", count=20, thickness=3)
    assert (cut <= layer).all()
    assert (cut[20:40, 30:130, 3] == 0).any() and (cut[20:40, 30:130, 3] == 255).any()


def test_dashes_have_gaps() -> None:
    drawn = apply("dashes", count=1, pieces=10, share=0.5, smooth=False, thickness=1)
    inked = darkness(drawn).any(axis=0)
    assert (np.diff(inked.astype(int)) == -1).sum() in (9, 10)
    assert 0.4 < inked.mean() < 0.65


def test_strike_goes_through_the_middle_of_the_text() -> None:
    for index in range(20):
        rows = np.flatnonzero(darkness(apply("strike", index)).sum(axis=1) > 1)
        assert rows.min() > 12 and rows.max() < 48
        assert darkness(apply("strike", index))[:, 40:120].any(axis=0).all()


def test_soft_blobs_have_no_edge() -> None:
    hard, soft = (darkness(apply("blobs", softness=s, opacity=1, size=0.4)) for s in (0.0, 0.15))
    assert np.abs(np.diff(hard, axis=1)).max() > 0.6
    assert 0.05 < np.abs(np.diff(soft, axis=1)).max() < 0.25


def test_points_and_speckle_are_as_many_as_asked_for() -> None:
    assert 290 < darkness(apply("points", count=300)).astype(bool).sum() <= 300
    grey = np.full((60, 160, 3), 128, dtype=np.uint8)
    noisy = apply("speckle", picture=grey, density=0.05)
    black, white = (noisy == 0).all(axis=2).mean(), (noisy == 255).all(axis=2).mean()
    assert black == pytest.approx(0.025, abs=0.006) and white == pytest.approx(0.025, abs=0.006)
    assert ((noisy == 0) | (noisy == 255) | (noisy == 128)).all()


@pytest.mark.parametrize("name", ["gaussian", "grain"])
def test_grey_noise_is_the_same_in_all_channels(name: str) -> None:
    picture = np.full((60, 160, 3), 128, dtype=np.uint8)
    grey, coloured = (apply(name, picture=picture, grey=g) for g in (True, False))
    assert (grey == grey[:, :, :1]).all() and not (coloured == coloured[:, :, :1]).all()


def test_gaussian_noise_is_normal() -> None:
    picture = np.full((200, 300, 3), 128, dtype=np.uint8)
    off = apply("gaussian", picture=picture, sigma=12).astype(float) - 128
    assert abs(off.mean()) < 0.2 and off.std() == pytest.approx(12, abs=0.3)
    assert (np.abs(off) < 12).mean() == pytest.approx(0.68, abs=0.03)


def test_decoys_are_as_faint_and_as_small_as_asked_for() -> None:
    inked = [darkness(apply("decoys", i, count=1, colour="ink", size=0.3, opacity=0.4)) for i in range(40)]
    assert max(ink.max() for ink in inked) == pytest.approx(0.4, abs=0.02)
    for ink in inked:
        rows, columns = np.nonzero(ink > 0.05)
        assert len(rows) == 0 or (np.ptp(rows) < 30 and np.ptp(columns) < 35)


def test_decoys_name_what_no_font_can_draw() -> None:
    with pytest.raises(UsageError, match="unknown font 'Papyrus'"):
        apply("decoys", font="Papyrus")
    with pytest.raises(UsageError, match="ϟ"):
        apply("decoys", characters="aϟ", font="Caladea-Bold")
    with pytest.raises(UsageError, match="without characters"):
        apply("decoys", characters="")


def test_many_colours_of_every_paint() -> None:
    def of(paint: str | tuple[float, float] | tuple[str, ...]) -> np.ndarray:
        return many_colours(random_for(3, 3), paint, Colours((1, 2, 3), (4, 5, 6)), 500)

    assert (of("ink") == (4, 5, 6)).all() and (of("#0a0b0c") == (10, 11, 12)).all()
    assert of((10.0, 20.0)).min() == 10 and of((10.0, 20.0)).max() == 20
    greys = of("grey 5 9")
    assert (greys == greys[:, :1]).all() and set(np.unique(greys)) == {5, 6, 7, 8, 9}
    mixed = {tuple(colour) for colour in of(("background", "#ffffff", "grey 0 1")).tolist()}
    assert mixed == {(1, 2, 3), (255, 255, 255), (0, 0, 0), (1, 1, 1)}


def test_splines_go_through_their_knots_and_leave_the_sides_free() -> None:
    ink = darkness(apply("splines", place=0.5, inset=0.1, thickness=2))
    assert np.flatnonzero(ink.any(axis=1)).tolist() == [29, 30, 31]
    columns = np.flatnonzero(ink.any(axis=0))
    assert abs(columns[0] - 16) <= 1 and abs(columns[-1] - 143) <= 1
    swinging = darkness(apply("splines", knots=4, place=(0.1, 0.9), thickness=2))
    assert (swinging[:, 8:-8].max(axis=0) > 0.5).all() and np.ptp(swinging.argmax(axis=0)) > 10


def test_crosses_have_five_pixels_and_larger_points_are_discs() -> None:
    for radius, size in ((0, 1), (1, 5), (2, 13)):
        ink = darkness(apply("points", index=1, count=1, radius=radius)).astype(bool)
        assert ink.sum() == size
        assert np.ptp(np.nonzero(ink), axis=1).tolist() == [2 * radius, 2 * radius]


def test_ellipses_that_are_not_turned_lie_level() -> None:
    for index in range(10):
        ink = darkness(apply("ellipses", index, count=1, size=0.3, ratio=0.2, rotation=0)).astype(bool)
        tall, broad = np.ptp(np.nonzero(ink), axis=1)
        assert tall < 0.4 * broad or broad < 10  # or cut off by an edge


@pytest.mark.parametrize(("ground_only", "times"), [(False, 2), (True, 1)])
def test_scatter_moves_pixels_but_neither_makes_nor_loses_any(ground_only: bool, times: int) -> None:
    bar = plain()
    bar[20:40, 50:90] = INK
    frayed = apply("scatter", picture=bar, share=0.5, reach=1, times=times, ground_only=ground_only)
    assert darkness(frayed).sum() == darkness(bar).sum() and not np.array_equal(frayed, bar)
    moved = (frayed != bar).any(axis=2)
    assert not moved[:, :49].any() and not moved[:19].any(), "nothing moves further than its neighbour"
    below = moved[40:].any() or moved[:, 90:].any()
    assert below != ground_only


def test_fraying_is_what_one_swap_after_the_other_makes() -> None:
    rng = np.random.default_rng(5)
    empty = rng.random((23, 37)) < 0.6
    picture = np.where(empty[..., None], 255, rng.integers(0, 200, (23, 37, 3))).astype(np.uint8)
    draws = np.frombuffer(np.random.default_rng(1).bytes(empty.size), dtype=np.uint8).reshape(empty.shape)
    expected, ground = picture.copy(), empty.copy()
    for y, x in np.ndindex(23, 37):
        # A share of 3/4 leaves each of the three ways 64 of the 256 numbers.
        down, aside = ((0, 1), (1, 0), (1, 1), (0, 0))[draws[y, x] // 64]
        if ground[y, x] and y + down < 23 and x + aside < 37:
            for grid in (expected, ground):
                here, there = grid[y, x].copy(), grid[y + down, x + aside].copy()
                grid[y, x], grid[y + down, x + aside] = there, here
    assert np.array_equal(fray(np.random.default_rng(1), picture, empty, 0.75), expected)
    assert np.array_equal(fray(np.random.default_rng(1), picture, empty, 0), picture)


def test_edges_are_grey_where_nothing_changes() -> None:
    bar = plain()
    bar[20:40, 50:90] = INK
    found = apply("edges", picture=bar)
    assert (found[:18] == 127).all() and (found[23:37, 53:87] == 127).all()
    assert found[20, 50].max() < 127 < found[19, 49].min()


def test_stipple_leaves_a_mesh_of_crosses() -> None:
    layer = np.zeros((60, 160, 4), dtype=np.uint8)
    layer[20:40, 50:90] = (20, 40, 60, 255)
    layer[20:40, 90:99] = (9, 19, 29, 120)
    meshed = apply("stipple", picture=layer, pitch=2, radius=1)
    assert set(np.unique(meshed[:, :, 3])) == {0, 255} and not meshed[:, 92:].any()
    inside = meshed[22:38, 52:88]
    assert (inside[:, :, 3] == 0).mean() == pytest.approx(0.25) and (
        inside.max(axis=(0, 1)) == layer[30, 60]
    ).all()


def test_hollow_curves_are_two_thin_ones() -> None:
    ink = darkness(apply("curves", count=1, thickness=6, hollow=2, tint=0, smooth=False, amplitude=0)) > 0.5
    column = np.flatnonzero(ink[:, 80])
    assert 4 <= np.ptp(column) <= 8 and len(column) <= np.ptp(column) - 1
