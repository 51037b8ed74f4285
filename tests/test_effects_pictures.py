"""What backgrounds, filters, artefacts, shadow and outline draw."""

from __future__ import annotations

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.synth.colours import Colours
from captchalab.synth.effects import EFFECTS
from captchalab.synth.effects.layers import compose
from captchalab.synth.randomness import random_for

COLOURS = Colours((200, 210, 220), (40, 60, 90))
HEIGHT, WIDTH = 60, 160
FIRST, SECOND = (255, 0, 100), (55, 200, 100)


def ground() -> np.ndarray:
    return np.broadcast_to(np.uint8(COLOURS.background), (HEIGHT, WIDTH, 3)).copy()


def bars() -> np.ndarray:
    """Two upright bars in ink, ten pixels wide."""
    image = ground()
    image[10:50, 40:50] = image[10:50, 100:110] = COLOURS.ink
    return image


def apply(name: str, image: np.ndarray | None = None, index: int = 0, **options: object) -> np.ndarray:
    return EFFECTS[name](random_for(3, index), ground() if image is None else image, COLOURS, **options)


def colours_of(image: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in image.reshape(-1, image.shape[2]).tolist()}


@pytest.mark.parametrize(
    ("angle", "first", "second"),
    [(0, (30, 0), (30, -1)), (45, (0, 0), (-1, -1)), (90, (0, 80), (-1, 80)), (135, (0, -1), (-1, 0))],
)
def test_linear_gradient_goes_from_one_colour_to_the_other(
    angle: float, first: tuple[int, int], second: tuple[int, int]
) -> None:
    drawn = apply("linear_gradient", start="#ff0064", end="#37c864", angle=angle)
    assert tuple(drawn[first]) == FIRST and tuple(drawn[second]) == SECOND
    assert np.abs(drawn[30, 80].astype(int) - (155, 100, 100)).max() <= 3


def test_radial_gradient_goes_outwards() -> None:
    drawn = apply(
        "radial_gradient", inner="#ff0064", outer="#37c864", centre_x=0.5, centre_y=0.5, radius=0.25
    )
    assert tuple(drawn[30, 80]) == FIRST
    assert tuple(drawn[30, 0]) == tuple(drawn[30, -1]) == SECOND
    assert (np.diff(drawn[30, 80:120, 0].astype(int)) <= 0).all()


@pytest.mark.parametrize("veins", [0, 1.5])
def test_texture_lies_between_its_two_colours(veins: float) -> None:
    drawn = apply("texture", first="#ff0064", second="#37c864", veins=veins, octave_count=3)
    assert (drawn.min(axis=(0, 1)) >= (55, 0, 100)).all() and (
        drawn.max(axis=(0, 1)) <= (255, 200, 100)
    ).all()
    assert drawn[:, :, 0].std() > 20


def test_photo_has_edges_light_and_grain() -> None:
    flat = {"things": 0, "light": 0, "grain": 0}
    assert len(colours_of(apply("photo", **flat))) == 1
    things = apply("photo", **(flat | {"things": 6}))
    assert np.abs(np.diff(things.astype(int), axis=1)).max() > 15
    light = apply("photo", **(flat | {"light": 50})).astype(int)
    assert light[:, :, 0].std() > 5 and np.abs(np.diff(light, axis=1)).max() < 25
    grain = apply("photo", **(flat | {"grain": 10})).astype(int)
    assert grain.std(axis=(0, 1)).min() > 3


def test_mottle_in_tiles_has_the_colours_asked_for() -> None:
    drawn = apply("mottle", colour=("#ff0064", "#37c864"), count=6, size=0.2, smooth=False)
    assert colours_of(drawn) == {FIRST, SECOND}
    assert len(colours_of(apply("mottle", colour=("#ff0064", "#37c864"), count=6, size=0.2))) > 50


@pytest.mark.parametrize(
    ("kind", "share"), [("checker", 0.5), ("stripes", 0.3), ("dots", 0.3), ("hatching", 0.28)]
)
def test_pattern_paints_its_share_of_the_ground(kind: str, share: float) -> None:
    drawn = apply("pattern", kind=kind, colour="ink", spacing=10, share=0.3, angle=30)
    assert colours_of(drawn) == {COLOURS.ink, COLOURS.background}
    assert abs((drawn[:, :, 0] == COLOURS.ink[0]).mean() - share) < 0.03


def test_pattern_repeats_at_its_spacing() -> None:
    drawn = apply("pattern", kind="hatching", spacing=8, angle=0)
    assert np.array_equal(drawn[8:], drawn[:-8]) and np.array_equal(drawn[:, 8:], drawn[:, :-8])


def test_unknown_words_name_the_known() -> None:
    with pytest.raises(UsageError, match="kind of pattern 'chequer'"):
        apply("pattern", kind="chequer")
    with pytest.raises(UsageError, match="4:2:2"):
        apply("jpeg", subsampling="420")


def test_gradient_stays_within_its_reach() -> None:
    drawn = apply("gradient", np.full((HEIGHT, WIDTH, 3), 128, np.uint8), reach=40).astype(int)
    assert 10 < np.abs(drawn - 128).max() <= 40


def test_blurs_soften_and_sharpen_hardens() -> None:
    steepest = {
        name: int(np.abs(np.diff(apply(name, bars()).astype(int), axis=1)).max())
        for name in ("blur", "smooth", "motion_blur", "sharpen")
    }
    assert steepest["sharpen"] > 160
    assert max(steepest["blur"], steepest["smooth"]) < 150
    soft, hard = (apply("blur", bars(), radius=radius).astype(int) for radius in (3, 0.5))
    assert np.abs(np.diff(soft, axis=1)).max() < np.abs(np.diff(hard, axis=1)).max() / 2


def test_motion_blur_smears_along_its_line_only() -> None:
    stripes = ground()
    stripes[::2] = COLOURS.ink
    assert np.array_equal(apply("motion_blur", stripes, length=7, angle=0), stripes)
    assert apply("motion_blur", stripes, length=7, angle=90)[20:40].std() < stripes.std() / 3


def test_emboss_lights_one_side_and_shades_the_other() -> None:
    drawn = apply("emboss", bars(), strength=0.5, angle=0).astype(int)
    assert np.array_equal(drawn[:, 60:90], ground()[:, 60:90])
    left, right = drawn[30, 39, 0] - 200, drawn[30, 50, 0] - 200
    assert left * right < 0


def test_contrast_about_middle_grey() -> None:
    image = np.uint8([[[0, 100, 255]]]).repeat(2, axis=1)
    assert apply("contrast", image, factor=0.5, brightness=10)[0, 0].tolist() == [74, 124, 201]
    assert apply("contrast", image, factor=2, brightness=0)[0, 0].tolist() == [0, 72, 255]


def test_grey_and_frame() -> None:
    levels = apply("grey", bars())
    assert (levels == levels[:, :, :1]).all() and abs(int(levels[0, 0, 0]) - 208) <= 1
    framed = apply("frame", bars(), thickness=2, colour="#ff0064")
    assert np.array_equal(framed[2:-2, 2:-2], bars()[2:-2, 2:-2])
    edges = np.concatenate([framed[:2].reshape(-1, 3), framed[:, -2:].reshape(-1, 3)])
    assert (edges == FIRST).all()


def test_jpeg_of_lower_quality_is_further_off() -> None:
    far, near = (
        np.abs(apply("jpeg", bars(), quality=quality).astype(int) - bars()).mean() for quality in (10, 98)
    )
    assert far > 3 * near > 0


def test_jpeg_keeps_red_red_and_mixes_colour_where_it_is_subsampled() -> None:
    image = ground()
    image[:, ::2] = FIRST
    whole, mixed = (
        apply("jpeg", image, quality=100, subsampling=name).astype(int) for name in ("4:4:4", "4:2:0")
    )
    assert np.abs(whole - image).max() < 12
    assert np.abs(mixed - image).max() > 60


@pytest.mark.parametrize("dither", [False, True])
def test_posterize_has_so_many_levels(dither: bool) -> None:
    ramp = np.linspace(0, 255, HEIGHT * WIDTH * 3).reshape(HEIGHT, WIDTH, 3).astype(np.uint8)
    drawn = apply("posterize", ramp, levels=4, dither=dither)
    assert np.unique(drawn).tolist() == [0, 85, 170, 255]
    rows = drawn.reshape(15, -1).mean(axis=1) - ramp.reshape(15, -1).mean(axis=1)
    assert np.abs(rows).max() < (8 if dither else 43)


def test_palette_takes_the_nearest_of_a_few_colours_of_the_picture() -> None:
    image = apply("photo")
    drawn = apply("palette", image, count=12)
    left = colours_of(drawn)
    assert 6 < len(left) <= 12 and left <= colours_of(image)
    few = np.array(sorted(left))
    distance = ((image[:, :, None].astype(int) - few) ** 2).sum(axis=3)
    assert np.array_equal(((image.astype(int) - drawn) ** 2).sum(axis=2), distance.min(axis=2))


def test_palette_keeps_thin_text() -> None:
    image = ground()
    image[10:50, 40:46] = COLOURS.ink
    for index in range(30):
        assert colours_of(apply("palette", image, index, count=2)) == {COLOURS.ink, COLOURS.background}


def test_rescale_to_half_makes_squares_of_four_pixels() -> None:
    image = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    drawn = apply("rescale", image, factor=0.5, smooth=False)
    assert np.array_equal(drawn, drawn[::2, ::2].repeat(2, axis=0).repeat(2, axis=1))
    assert apply("rescale", image, factor=0.5).std() < image.std() * 0.6


def square() -> np.ndarray:
    """A layer with an opaque square, ten by ten."""
    layer = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    layer[20:30, 60:70] = (*COLOURS.ink, 255)
    return layer


def test_shadow_falls_to_the_right_and_below_behind_the_text() -> None:
    drawn = apply("shadow", square(), offset_x=4, offset_y=2, blur=0, colour="#ff0064", opacity=0.5)
    assert np.array_equal(drawn[20:30, 60:70], square()[20:30, 60:70])
    assert drawn[31, 73].tolist() == [128, 0, 50, 128]
    assert not drawn[19, 60:].any() and not drawn[32:].any() and not drawn[25, :60].any()
    soft = apply("shadow", square(), offset_x=4, offset_y=2, blur=3, opacity=0.5)
    assert 0 < soft[33, 73, 3] < 60
    flat = compose(ground(), drawn)
    assert np.abs(flat[31, 73].astype(int) - (228, 105, 160)).max() <= 1


def test_outline_goes_around_the_text() -> None:
    drawn = apply("outline", square(), thickness=2, colour="#ff0064")
    assert np.array_equal(drawn[20:30, 60:70], square()[20:30, 60:70])
    assert drawn[18, 65].tolist() == drawn[25, 71].tolist() == [*FIRST, 255]
    assert not drawn[17, 65].any() and not drawn[25, 72].any() and not drawn[18, 58].any()


def test_contour_is_a_hairline_beside_the_text_and_never_on_it() -> None:
    drawn = apply("contour", square(), offset_x=4, offset_y=0, colour="#ff0064")
    assert np.array_equal(drawn[20:30, 60:70], square()[20:30, 60:70])
    assert drawn[25, 74].tolist() == [*FIRST, 255]
    assert not drawn[25, 70:73].any() and not drawn[25, 75:].any() and not drawn[25, :60].any()


@pytest.mark.parametrize(("right", "down"), [(3, 2), (-3, 2), (3, -2), (-3, -2), (0, 0)])
def test_block_leaves_a_rim_and_sides_of_the_text(right: int, down: int) -> None:
    opacity = apply("block", square(), rim=2, depth_x=right, depth_y=down)[:, :, 3]
    rows, columns = np.flatnonzero(opacity.any(axis=1)), np.flatnonzero(opacity.any(axis=0))
    assert (rows[0], rows[-1]) == (20 + min(0, down), 29 + max(0, down))
    assert (columns[0], columns[-1]) == (60 + min(0, right), 69 + max(0, right))
    assert not opacity[22:28, 62:68].any() and (opacity[20:22, 60:70] == 255).all()


def test_block_hollows_faint_text_as_much_as_other_text() -> None:
    faint = apply("block", square() // 4, rim=2, depth_x=2, depth_y=2)[:, :, 3]
    assert not faint[22:28, 62:68].any() and (faint[20:22, 60:70] == 63).all()
