"""Row lettering: where the characters stand, what they share, and what is laid on pictures and layers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.synth.colours import Colours
from captchalab.synth.effects.layers import compose
from captchalab.synth.glyphs import glyphs
from captchalab.synth.layout import on_a_line, stay_inside
from captchalab.synth.randomness import random_for
from captchalab.synth.row_lettering import RowLettering

COLOURS = Colours((255, 255, 255), (10, 30, 120))
MONO = ("DroidSansMono",)
ALL = ("DroidSansMono", "Caladea-Bold", "ComicNeue-Bold", "CourierPrime-Bold", "LobsterTwo-Bold")
WILD: dict[str, Any] = {
    "size": (0.5, 1.3),
    "rotation": (-40, 40),
    "shear": (-0.4, 0.4),
    "shear_y": (-0.4, 0.4),
    "stretch_x": (0.7, 1.4),
    "stretch_y": (0.7, 1.4),
    "perspective": 0.2,
    "gap": (-0.2, 0.1),
    "jitter_x": (-0.2, 0.2),
    "jitter_y": (-0.4, 0.4),
    "baseline": (0.2, 0.8),
    "arc": (-0.3, 0.3),
    "slope": (-20, 20),
    "shared": (),
}


def written(text: str, index: int = 0, canvas: tuple[int, int] = (160, 60), **options: Any) -> np.ndarray:
    """A text on white, uint8 (H, W, 3)."""
    picture = np.full((canvas[1], canvas[0], 3), 255, np.uint8)
    return RowLettering(**({"fonts": MONO} | options)).write(random_for(4, index), picture, text, COLOURS)


def box(picture: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and lower edge of all that is clearly inked; right and lower are one beyond."""
    ink = picture.min(axis=2) < 128
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def islands(picture: np.ndarray) -> list[slice]:
    """The columns of every group of inked columns."""
    inked = np.concatenate(([False], (picture < 250).any(axis=(0, 2)), [False]))
    edges = np.flatnonzero(inked[1:] != inked[:-1]).tolist()
    return [slice(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize("place", ["centred", "left", "anywhere", "spread", "columns", "justified"])
@pytest.mark.parametrize("outline", [0.0, 2.0])
@pytest.mark.parametrize("size", [(160, 60), (100, 60), (64, 32), (301, 97), (40, 100)])
def test_shrink_keeps_all_ink_on_the_canvas(place: str, outline: float, size: tuple[int, int]) -> None:
    options = WILD | {"place": place, "margin": 0.05, "outline": outline, "outline_colour": "#400000"}
    for index in range(25):
        picture = written("gWQ-8", index, size, fonts=ALL, **options)
        assert (picture != 255).any()
        assert (picture[[0, -1]] == 255).all() and (picture[:, [0, -1]] == 255).all(), index


def test_clip_lets_a_large_text_run_over_the_edge() -> None:
    clipped = written("WWWWW", canvas=(60, 60), fit="clip", margin=0)
    assert (clipped[:, [0, -1]] < 128).any()
    assert (written("WWWWW", canvas=(60, 60), margin=0.03)[:, [0, -1]] == 255).all()


def test_plain_text_stands_in_the_middle_of_the_picture() -> None:
    left, top, right, bottom = box(written("HHHH"))
    assert abs(left + right - 160) <= 2
    assert abs(top + bottom - 60) <= 2
    assert bottom - top == pytest.approx(0.7 * 60 * 0.72, abs=2)


@pytest.mark.parametrize("font", ALL)
def test_characters_stand_on_one_baseline(font: str) -> None:
    """A capital ends on it, g reaches below it, and a dash at neither edge of the capital."""
    capital, low, dash = (
        box(written(c, fonts=(font,), canvas=(160, 120), margin=0)) for c in ("E", "g", "-")
    )
    high = capital[3] - capital[1]
    assert low[3] > capital[3] + 0.1 * high and low[1] > capital[1] + 0.1 * high
    assert capital[1] + 0.3 * high < dash[1] < dash[3] < capital[3] - 0.2 * high
    both = box(written("Eg", fonts=(font,), canvas=(160, 120), margin=0))
    assert both[1] == pytest.approx(capital[1], abs=1) and both[3] == pytest.approx(low[3], abs=1)


def test_baseline_arc_and_slope_move_characters_up_and_down() -> None:
    def middles(**options: Any) -> list[float]:
        picture = written("HHHHH", canvas=(200, 80), size=0.3, gap=0.4, **options)
        boxes = [box(picture[:, part]) for part in islands(picture)]
        return [(top + bottom) / 2 for _, top, _, bottom in boxes]

    level = middles()
    assert len(set(level)) == 1 and len(level) == 5
    assert middles(baseline=0.6)[0] == pytest.approx(level[0] + 8, abs=1)
    arc = middles(arc=0.2)
    assert arc[2] < arc[1] < arc[0] - 3 and arc[0] == pytest.approx(arc[4], abs=1)
    assert middles(arc=-0.2)[2] > middles(arc=-0.2)[0] + 5
    slope = middles(slope=8)
    assert slope == sorted(slope) and slope[4] > slope[0] + 8


def test_gap_and_advance() -> None:
    def gaps(**options: Any) -> list[int]:
        parts = islands(written("1M1M", canvas=(200, 60), **options))
        return [right.start - left.stop for left, right in pairwise(parts)]

    assert len(set(gaps(advance="ink", gap=0.2))) == 1
    assert min(gaps(gap=0.2)) > min(gaps()) + 5
    assert gaps(advance="ink", gap=-0.2) == [], "they overlap: one island"


def test_rooms_are_equal_whatever_stands_in_them() -> None:
    def edges(text: str, **options: Any) -> list[tuple[int, int]]:
        parts = islands(written(text, canvas=(200, 60), margin=0, start=0, size=0.5, **options))
        return [(part.start, part.stop) for part in parts]

    proportional = {"fonts": ("Caladea-Bold",)}
    columns = edges("WlWl", place="columns", **proportional)
    assert [left for left, _ in columns] == pytest.approx([0, 50, 100, 150], abs=3)
    middle = edges("WlWl", place="spread", advance="ink", **proportional)
    assert [(left + right) / 2 for left, right in middle] == pytest.approx([25, 75, 125, 175], abs=1)
    lefts = [box(written("HH", i, (200, 60), place="anywhere", size=0.5))[0] for i in range(40)]
    assert min(lefts) < 30 and max(lefts) > 110


def test_spaces_take_room_and_leave_no_ink() -> None:
    with_space = islands(written("H H"))
    without = islands(written("HH"))
    assert len(with_space) == len(without) == 2
    assert with_space[1].start - with_space[0].stop > without[1].start - without[0].stop + 15
    assert (written("   ") == 255).all()


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("size", {"size": (0.3, 0.9)}),
        ("rotation", {"rotation": (-60, 60)}),
        ("shear", {"shear": (-0.6, 0.6)}),
        ("shear_y", {"shear_y": (-0.6, 0.6)}),
        ("stretch_x", {"stretch_x": (0.5, 1.5)}),
        ("stretch_y", {"stretch_y": (0.5, 1.5)}),
        ("jitter_y", {"jitter_y": (-0.2, 0.2)}),
        ("thickness", {"thickness": (-1, 3)}),
        ("opacity", {"opacity": (0.3, 1.0)}),
        ("colour", {"colour": (0.0, 200.0)}),
        ("outline", {"outline": (0.5, 2), "outline_colour": "#ff0000"}),
        ("outline_colour", {"outline": 2, "outline_colour": (0.0, 200.0)}),
        ("font", {"fonts": ALL}),
    ],
)
def test_shared_fields_are_equal_across_the_characters_of_a_picture(field: str, options: Any) -> None:
    def looks(index: int, shared: tuple[str, ...]) -> list[np.ndarray]:
        plain = {"place": "spread", "size": 0.5, "margin": 0, "shared": shared}
        picture = written("555", index, (240, 64), **plain | options)
        return [picture[:, part].astype(int) for part in islands(picture)]

    def differ(shapes: list[np.ndarray]) -> float:
        """Largest difference in shape, mean colour or place from the first."""
        first = shapes[0]
        same = [s for s in shapes if s.shape == first.shape]
        return 255.0 if len(same) < len(shapes) else max(np.abs(s - first).mean() for s in shapes)

    always = {"font", "size"} - {field}
    apart = [differ(looks(i, tuple(always))) for i in range(6)]
    alike = [differ(looks(i, (*always, field))) for i in range(6)]
    assert max(alike) < min(3.0, max(apart) / 2)
    assert len({looks(i, (*always, field))[0].tobytes() for i in range(6)}) > 1, "drawn anew in every picture"


def test_hollow_characters_have_a_line_around_nothing() -> None:
    full = written("HHH", canvas=(240, 100), thickness=6)
    hollow = written("HHH", canvas=(240, 100), thickness=6, hollow=True, outline=1.5)
    inside = box(full)
    assert box(hollow) == pytest.approx(inside, abs=2)
    assert (hollow < 128).any(axis=2).sum() < 0.6 * (full < 128).any(axis=2).sum()
    stem = islands(full)[0]
    middle = full.shape[0] // 3
    row = hollow[middle, stem].min(axis=1) < 200
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) + row[0] == 4, "two stems of two edges each"


def test_thickness_and_outline_widen_strokes_by_their_pixels() -> None:
    def stem(**options: Any) -> float:
        picture = written("l", fonts=("ComicNeue-Bold",), canvas=(60, 100), **options)
        return float((255 - picture[50, :, 0].astype(float)).sum() / (255 - picture[50, :, 0].min()))

    plain = stem()
    for pixels in (1, 2, 4):
        assert stem(thickness=pixels) == pytest.approx(plain + pixels, abs=0.6)
        assert stem(outline=pixels, outline_colour="ink") == pytest.approx(plain + 2 * pixels, abs=0.8)
    assert stem(thickness=-1.5) == pytest.approx(plain - 1.5, abs=0.8)


def test_a_shadow_lies_under_all_characters_where_it_is_cast() -> None:
    options: dict[str, Any] = {"shadow_x": 5, "shadow_y": 4, "shadow_colour": "#ff0000"}
    plain, cast = written("HH", **options), written("HH", shadow_probability=1, **options)
    inked = (plain < 60).all(axis=2) | (plain == 255).all(axis=2) == 0
    solid = (plain == np.array(COLOURS.ink)).all(axis=2)
    assert inked.any() and np.array_equal(cast[solid], plain[solid]), "the text covers its shadow"
    red = (cast == (255, 0, 0)).all(axis=2)
    assert red.any() and not (red & solid).any()
    assert (np.roll(solid, (4, 5), axis=(0, 1)) & red).sum() > 0.9 * red.sum()
    soft = written("HH", shadow_probability=1, shadow_blur=2, **options)
    assert len(np.unique(soft.reshape(-1, 3), axis=0)) > len(np.unique(cast.reshape(-1, 3), axis=0))


def test_hard_edges_have_two_colours() -> None:
    assert len(np.unique(written("gQ8", hard=True, rotation=(-30, 30)).reshape(-1, 3), axis=0)) == 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        WILD,
        {"opacity": (0.2, 0.9), "tint": 60, "advance": "ink", "gap": -0.3},
        {"hollow": True, "outline": 2},
    ],
)
def test_layers_are_premultiplied_and_compose_to_the_picture(options: dict[str, Any]) -> None:
    lettering = RowLettering(fonts=MONO, **options)
    for index in range(10):
        layer = lettering.write(random_for(4, index), np.zeros((60, 160, 4), np.uint8), "aB3x7", COLOURS)
        assert layer.shape == (60, 160, 4) and layer[:, :, 3].max() > 40
        assert (layer[:, :, :3] <= layer[:, :, 3:]).all()
        picture = np.full((60, 160, 3), 255, np.uint8)
        direct = lettering.write(random_for(4, index), picture, "aB3x7", COLOURS).astype(int)
        assert np.abs(compose(picture, layer) - direct).max() <= 4


def test_writing_is_repeatable_and_leaves_its_canvas_alone() -> None:
    canvas = np.full((60, 160, 3), 200, np.uint8)
    lettering = RowLettering(fonts=ALL, **WILD)
    one, again, other = (lettering.write(random_for(1, i), canvas, "aB3x", COLOURS) for i in (1, 1, 2))
    assert (canvas == 200).all()
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_aliases_name_what_is_drawn() -> None:
    assert np.array_equal(written("3*4", aliases={"*": "×"}), written("3×4"))
    assert not np.array_equal(written("3*4"), written("3×4"))


def test_glyphs_know_their_place_on_the_line() -> None:
    for font in ALL:
        for character in "gE-":
            (glyph,) = glyphs((font,), (40,), character)
            assert glyph.coverage is not None
            assert glyph.rise - glyph.coverage.shape[0] < 0 if character == "g" else glyph.rise > 0
            assert abs(glyph.left) < 8 and 0.2 * 40 < glyph.advance < 40 and 10 < glyph.middle < 17
    assert glyphs(MONO, (40,), " ")[0].advance == glyphs(MONO, (40,), "g")[0].advance


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"place": "middle"}, "unknown place 'middle'"),
        ({"place": "center"}, "'centred'"),
        ({"fit": "shrinks"}, "Did you mean 'shrink'"),
        ({"advance": "fonts"}, "'font'"),
        ({"shared": ("color",)}, "Did you mean 'colour'"),
        ({"shared": ("arc",)}, "unknown field in shared 'arc'"),
    ],
)
def test_unknown_words_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        RowLettering(fonts=MONO, **options)
    assert "\n" not in str(caught.value)


def test_on_a_line_and_stay_inside() -> None:
    assert on_a_line([10, 20, 30], [1, -2, 5]) == ([0, 11, 29], 59)
    assert on_a_line([30, 9, 51], [-30, -9, -9]) == ([0, 10, 19], 70), "a third stays free, narrow ones whole"
    assert [stay_inside(x, 10, 20, 100) for x in (-5, 50, 99)] == [10, 50, 80]
    assert stay_inside(3, 60, 70, 100) == 45


def test_justified_lines_fill_the_width_whatever_the_number_of_characters() -> None:
    for text in ("HH", "HHHH", "HHHHHHHHH"):
        picture = written(text, place="justified", fit="clip", margin=0.1, size=0.6)
        left, _, right, _ = box(picture)
        step = (160 - 12) / len(text)
        assert abs((left + right) / 2 - 80) <= 1
        assert abs((right - left) - step * (len(text) - 1) - len_of_h(0.6)) <= 1.5


def len_of_h(size: float) -> float:
    left, _, right, _ = box(written("H", size=size))
    return right - left


@pytest.mark.parametrize("text", ["HEH", "HEHHEHHEHHEH"])
def test_filling_lines_are_as_wide_as_the_canvas_and_as_high_as_the_font(text: str) -> None:
    picture = written(text, fit="fill", advance="ink", margin=0.2, size=0.5)
    columns = islands(picture)
    assert abs(columns[0].start - 12) <= 1 and abs(columns[-1].stop - 148) <= 1
    high = box(written(text, fit="clip", size=0.5))[1::2]
    assert np.abs(np.subtract(box(picture)[1::2], high)).max() <= 1
    both = written(text, fit="fill", advance="ink", size=0.5, wide=0.5, tall=0.8)
    assert abs(box(both)[1] - 6) <= 1 and abs(box(both)[3] - 54) <= 1
    columns = islands(both)
    assert abs(columns[0].start - 40) <= 1 and abs(columns[-1].stop - 120) <= 1


def test_a_raised_line_centres_what_hangs_below_it() -> None:
    plain, raised = (box(written("Eg", canvas=(160, 100), raised=share)) for share in (0.0, 1.0))
    foot = box(written("E", canvas=(160, 100)))[3]
    assert plain[1] - raised[1] == plain[3] - raised[3] == pytest.approx(plain[3] - foot, abs=1)
    assert (written("EE", raised=1.0) == written("EE")).all()


def test_drift_turns_every_character_further_than_the_one_before() -> None:
    wide = [s.stop - s.start for s in islands(written("lllll", fonts=("Arimo-Regular",), gap=0.5, drift=15))]
    assert len(wide) == 5 and wide[2] == min(wide) and wide[0] > wide[1] and wide[4] > wide[3]


def test_crisp_characters_are_as_their_font_draws_them() -> None:
    glyph = glyphs(MONO, (43,), "E")[0].coverage
    assert glyph is not None
    for place in ("centred", "columns"):
        picture = written("E", crisp=True, size=0.71, place=place, start=0.1234)[:, :, 0]
        rows, columns = np.nonzero(picture < 255)
        drawn = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert np.abs(drawn - (255 - glyph * (245 / 255))).max() < 2


def test_shear_y_lowers_the_right_side_and_leaves_stems_upright() -> None:
    plain, hung = (box(written("-", canvas=(100, 100), size=1, shear_y=sag)) for sag in (0, 0.5))
    assert hung[0::2] == plain[0::2]
    wide = plain[2] - plain[0]
    assert (hung[3] - hung[1]) - (plain[3] - plain[1]) == pytest.approx(0.5 * wide, abs=2)


def test_a_line_too_long_is_tightened_at_the_left_and_keeps_its_size() -> None:
    def columns(text: str, gap: float) -> list[slice]:
        return islands(written(text, 1, fit="tighten", place="anywhere", margin=0, size=0.5, gap=gap))

    def pitches(text: str, gap: float) -> set[int]:
        return {after.start - before.start for before, after in pairwise(columns(text, gap))}

    near, far, farther = pitches("HHH", 0).pop(), pitches("HHH", 0.5).pop(), pitches("HHH", 1.0).pop()
    assert columns("HHH", 1.0)[0].start > 10, "one that has room stands anywhere"
    assert pitches("HHHH", 1.0) <= {far - 1, far, far + 1} and far < farther - 5
    assert pitches("HHHHHHHH", 1.0) <= {near - 1, near, near + 1}
    starts = [columns(text, 1.0)[0].start for text in ("HHHH", "HHHHHHHH")]
    assert max(starts) < 5


def test_a_line_too_long_for_its_margins_begins_at_the_edge_of_the_picture() -> None:
    line: dict[str, Any] = {"fit": "tighten", "place": "anywhere", "size": 0.5, "margin": 0.2, "gap": 0.5}
    at_the_edge = line | {"fit": "clip", "place": "left", "start": 0}
    half, full = (box(written("HHHHH", **(at_the_edge | {"gap": gap})))[2] for gap in (0.25, 0.5))
    assert half < 160 - 2 * 12 < full < 160
    assert box(written("HHHHH", **line))[2] == pytest.approx(half, abs=1)


def test_a_slant_about_the_pen_leaves_the_foot_in_its_place() -> None:
    def foot(**options: Any) -> float:
        picture = written("I", size=0.8, place="left", fit="clip", **options)[:, :, 0]
        return float(np.flatnonzero(picture[box(picture[:, :, None])[3] - 2] < 128).mean())

    assert foot(shear=-0.5, pivot="pen") == pytest.approx(foot(), abs=1.5)
    assert foot(shear=-0.5) > foot() + 5
    hung, upright = (box(written("M", size=0.8, shear_y=sag, pivot="pen")) for sag in (0.5, 0))
    assert hung[1] == pytest.approx(upright[1], abs=1.5) and hung[3] > upright[3] + 8


def test_text_once_more_lies_where_its_shift_says() -> None:
    line: dict[str, Any] = {"size": 0.3, "fit": "tighten", "place": "left", "margin": 0.1}
    once = box(written("HH", **line, start=0))
    again = box(written("HH", **line, start=0, again_x=7, again_y=5))
    assert again == (*once[:2], once[2] + 7, once[3] + 5)
    # A line that begins 16 pixels in: its second character goes as far again.
    apart = [s.start for s in islands(written("HH", **line, start=0.1, gap=1.5, again_x=20))]
    assert [after - apart[0] for after in apart[1:]] == pytest.approx([20, 38, 74], abs=2)
    full = line | {"start": 0, "gap": 2.8}
    text = "HHHHH"
    assert box(written(text, **full))[2] > 148, "its margins are not free"
    assert box(written(text, **full, again_x=9)) == box(written(text, **full))


def test_reversals_turn_the_drift_round_from_one_character_to_the_next() -> None:
    def wide(reversals: float) -> list[int]:
        line: dict[str, Any] = {"fonts": ("Arimo-Regular",), "gap": 0.5, "drift": 20.0, "canvas": (240, 60)}
        return [s.stop - s.start for s in islands(written("lllll", **line, reversals=reversals))]

    first, second, *others = wide(1.0)
    assert min(second, *others[1::2]) > first + 5, "every other one leans"
    assert max(others[0::2]) <= first + 1, "and the next stands upright again, as the first did"
    assert wide(0.0) != wide(1.0)


def test_boxes_overlap_by_a_fraction_of_the_narrower() -> None:
    def columns(gap: float) -> tuple[int, int]:
        line: dict[str, Any] = {
            "fit": "clip",
            "size": 0.8,
            "rotation": 45,
            "advance": "box",
            "canvas": (200, 80),
        }
        left, _, right, _ = box(written("HH", **line, gap=gap))
        return left, right

    def width(gap: float) -> int:
        return columns(gap)[1] - columns(gap)[0]

    one = width(0) / 2
    assert width(0.5) - width(0) == pytest.approx(0.5 * one, abs=3)
    assert width(0) - width(-0.4) == pytest.approx(0.4 * one, abs=3)
