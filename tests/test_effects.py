"""The contract of every effect, on pictures and on layers."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from captchalab.synth.colours import Colours
from captchalab.synth.effects import EFFECTS, ON_LAYERS, ONLY_ON_LAYERS
from captchalab.synth.randomness import random_for

INK = (40, 60, 90)
COLOURS = Colours((200, 210, 220), INK)
SIZES = [(48, 120), (32, 64), (97, 301)]
CERTAIN = {"smooth", "negative", "grey", "frame"}
COUNTED = {name for name, effect in EFFECTS.items() if "count" in inspect.signature(effect).parameters}
NOTHING: dict[str, dict[str, float]] = {name: {"count": 0} for name in COUNTED - {"mottle", "palette"}}
NOTHING |= {
    "bend": {"bow": 0},
    "blur": {"radius": 0},
    "block": {"rim": 0, "depth_x": 0, "depth_y": 0},
    "contour": {"opacity": 0},
    "contrast": {"factor": 1, "brightness": 0},
    "echo": {"offset_x": 0, "offset_y": 0},
    "elastic": {"amplitude": 0},
    "emboss": {"strength": 0},
    "fish_eye": {"magnification": 1},
    "frame": {"thickness": 0},
    "gradient": {"reach": 0},
    "grain": {"reach": 0},
    "linear_gradient": {"opacity": 0},
    "motion_blur": {"length": 1},
    "mottle": {"opacity": 0},
    "outline": {"opacity": 0},
    "pattern": {"opacity": 0},
    "perspective": {"pull": 0},
    "photo": {"opacity": 0},
    "posterize": {"levels": 256},
    "radial_gradient": {"opacity": 0},
    "rescale": {"factor": 1},
    "ripple": {"amplitude": 0},
    "rotate": {"degrees": 0},
    "scatter": {"share": 0},
    "shadow": {"opacity": 0},
    "sharpen": {"strength": 0},
    "shear": {"row_slope": 0, "column_slope": 0},
    "sine_wave": {"amplitude": 0},
    "slant": {"rows": 0},
    "swirl": {"degrees": 0},
    "texture": {"opacity": 0},
    "turbulence": {"amplitude": 0},
    "water_ripple": {"amplitude": 0},
    "wobble": {"sideways": 0, "upright": 0},
}


def picture(height: int = 48, width: int = 120) -> np.ndarray:
    """A smooth ramp with two dark bars and a little noise: every effect has something to work on."""
    noise = np.random.default_rng(3).integers(0, 9, (height, width, 1))
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack((rows * 48 // height * 2 + 100, columns * 120 // width + 90, 200 - rows), axis=2) + noise
    image[height // 5 : -height // 6, width // 4 : width // 4 + 6] = INK
    image[height // 5 : -height // 6, 2 * width // 3 : 2 * width // 3 + 6] = INK
    return image.astype(np.uint8)


def layer(height: int = 48, width: int = 120) -> np.ndarray:
    """Two bars with soft edges, in two colours, colours times opacity."""
    opacity = np.zeros((height, width, 1))
    opacity[height // 5 : -height // 6, width // 4 : width // 4 + 8] = 1
    opacity[height // 5 : -height // 6, 2 * width // 3 : 2 * width // 3 + 8] = 0.4
    opacity[height // 5 - 1] = opacity[height // 5] / 2
    colours = np.where(np.arange(width)[:, None] < width // 2, INK, (250, 240, 10))
    return np.rint(np.concatenate((colours * opacity, 255 * opacity), axis=2)).astype(np.uint8)


CASES = [(name, "picture") for name in EFFECTS if name not in ONLY_ON_LAYERS]
CASES += [(name, "layer") for name in sorted(ON_LAYERS)]
every_case = pytest.mark.parametrize(("name", "ground"), CASES)


def made(ground: str, size: tuple[int, int] = (48, 120)) -> np.ndarray:
    return picture(*size) if ground == "picture" else layer(*size)


@every_case
@pytest.mark.parametrize("size", SIZES)
def test_effect_changes_pixels_keeps_form_and_repeats_itself(
    name: str, ground: str, size: tuple[int, int]
) -> None:
    image, before = made(ground, size), made(ground, size)
    image.flags.writeable = False
    first = EFFECTS[name](random_for(1, 2), image, COLOURS)
    again = EFFECTS[name](random_for(1, 2), image, COLOURS)
    assert np.array_equal(image, before), "an effect must not write into its input"
    assert first.dtype == np.uint8 and first.shape == image.shape and first.flags["C_CONTIGUOUS"]
    assert not np.shares_memory(first, image)
    assert not np.array_equal(first, image)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", sorted(ON_LAYERS))
@pytest.mark.parametrize("size", SIZES)
def test_no_colour_of_a_layer_is_more_than_its_opacity(name: str, size: tuple[int, int]) -> None:
    for index in range(5):
        result = EFFECTS[name](random_for(4, index), layer(*size), COLOURS)
        assert (result[:, :, :3] <= result[:, :, 3:]).all()


@every_case
def test_effect_is_another_with_other_random_numbers(name: str, ground: str) -> None:
    results = {EFFECTS[name](random_for(1, i), made(ground), COLOURS).tobytes() for i in range(8)}
    assert (len(results) == 1) == (name in CERTAIN)


@pytest.mark.parametrize(("name", "ground"), [case for case in CASES if case[0] in NOTHING])
def test_effect_that_is_told_to_do_nothing_does_nothing(name: str, ground: str) -> None:
    result = EFFECTS[name](random_for(1, 2), made(ground), COLOURS, **NOTHING[name])
    assert np.array_equal(result, made(ground))


@pytest.mark.parametrize("name", EFFECTS)
def test_options_have_defaults_and_one_of_the_known_kinds(name: str) -> None:
    options = list(inspect.signature(EFFECTS[name]).parameters.values())[3:]
    assert EFFECTS[name].__doc__
    for option in options:
        assert option.kind is option.KEYWORD_ONLY and option.default is not option.empty
        assert option.annotation in {"Range", "Paint", "bool", "str", "int", "float"}, option.name
