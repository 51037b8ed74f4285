"""The one preprocessing: shapes, padding, grey, and settings that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from captchalab.errors import UsageError
from captchalab.reading.inputspec import InputSpec


@pytest.mark.parametrize("fit", ["stretch", "pad"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("width", "height"), [(160, 60), (64, 32), (1, 1), (1, 300), (300, 1), (2000, 50)])
def test_any_picture_gets_the_shape(fit: str, channels: int, width: int, height: int) -> None:
    spec = InputSpec(32, 64, channels, fit)
    array = spec.apply(np.full((height, width, 3), 70, np.uint8))
    assert array.shape == spec.shape == (32, 64, channels)
    assert array.dtype == np.uint8
    covered = spec.covered(width, height)
    assert 0 < covered <= 1
    edge = round(covered * 64)
    assert np.all(array[:, :edge] == 70)
    assert np.all(array[:, edge:] == 255)


def test_stretch_covers_all_and_pad_keeps_the_aspect() -> None:
    assert InputSpec(32, 64, 1, "stretch").covered(10, 100) == 1.0
    pad = InputSpec(32, 64, 1, "pad")
    assert pad.covered(50, 50) == 0.5
    assert pad.covered(500, 50) == 1.0


def test_a_picture_of_the_right_size_is_left_alone() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (16, 32, 3), dtype=np.uint8)
    before = picture.copy()
    assert np.array_equal(InputSpec(16, 32, 3).apply(picture), picture)
    assert np.array_equal(picture, before)


def test_grey_is_luma() -> None:
    picture = np.zeros((8, 24, 3), np.uint8)
    for third, channel in enumerate((0, 1, 2)):
        picture[:, third * 8 : third * 8 + 8, channel] = 255
    assert InputSpec(8, 24, 1).apply(picture)[0, ::8, 0].tolist() == [76, 150, 29]


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((16, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    shrunk = InputSpec(8, 32, 1).apply(stripes)
    assert np.abs(shrunk.astype(int) - 127).max() < 40


def test_the_same_picture_gives_the_same_input() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (60, 160, 3), dtype=np.uint8)
    expected = Image.fromarray(picture).convert("L").resize((128, 48), Image.Resampling.BILINEAR)
    assert np.array_equal(InputSpec(48, 128).apply(picture)[:, :, 0], np.asarray(expected))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"height": 7}, "heights 8 to 512"),
        ({"width": 2049}, "widths 8 to 2048"),
        ({"channels": 2}, "channels=2"),
        ({"fit": "crop"}, "'stretch' or 'pad'"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        InputSpec(**settings)


def test_round_trip() -> None:
    spec = InputSpec(40, 100, 3, "pad")
    assert InputSpec(**spec.to_dict()) == spec
