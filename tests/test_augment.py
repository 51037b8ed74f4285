"""Augmentation: small changes, the same for the same randomness."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import draw

from captchalab.training.augment import AUGMENTATIONS, Augmentation, augment

CHANGES = [name for name, how in AUGMENTATIONS.items() if how is not None]
NOTHING = Augmentation(**{each.name: 0.0 for each in fields(Augmentation)})


def picture(channels: int) -> NDArray[np.uint8]:
    """A picture of some text, ``(40, 96, channels)``."""
    return np.ascontiguousarray(draw("AB7x", 3)[:, :, :channels])


def named(name: str) -> Augmentation:
    found = AUGMENTATIONS[name]
    assert found is not None
    return found


def changed(how: Augmentation, seed: int = 0, channels: int = 1) -> NDArray[np.uint8]:
    return augment(picture(channels), how, np.random.default_rng(seed))


def test_none_is_no_augmentation() -> None:
    assert AUGMENTATIONS["none"] is None


@pytest.mark.parametrize("channels", [1, 3])
def test_strength_zero_is_the_identity(channels: int) -> None:
    for seed in range(5):
        assert np.array_equal(changed(NOTHING, seed, channels), picture(channels))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CHANGES)
def test_shape_type_and_repetition(name: str, channels: int) -> None:
    before = picture(channels)
    first = augment(before, named(name), np.random.default_rng(1))
    assert first.shape == before.shape and first.dtype == np.uint8
    assert np.array_equal(before, picture(channels)), "the original was changed"
    assert np.array_equal(first, changed(named(name), 1, channels))
    assert not np.array_equal(first, changed(named(name), 2, channels))


@pytest.mark.parametrize("name", CHANGES)
def test_grey_and_colour_are_changed_alike(name: str) -> None:
    grey = picture(1)
    colour = np.repeat(grey, 3, axis=2)
    for seed in range(4):
        one = augment(grey, named(name), np.random.default_rng(seed))
        three = augment(colour, named(name), np.random.default_rng(seed))
        assert np.array_equal(np.repeat(one, 3, axis=2), three)


@pytest.mark.parametrize("each", [each.name for each in fields(Augmentation)])
def test_every_kind_of_change_changes_something(each: str) -> None:
    only = replace(NOTHING, **{each: max(getattr(named(name), each) for name in CHANGES)})
    seeds = range(12)  # blur strikes a fifth of the pictures
    different = [not np.array_equal(changed(only, seed), picture(1)) for seed in seeds]
    assert any(different) and (each == "blur" or all(different))


def test_strong_changes_more_than_light() -> None:
    def change(name: str) -> float:
        """Mean difference in grey levels."""
        results = [changed(named(name), seed).astype(float) for seed in range(40)]
        return float(np.mean([np.abs(result - picture(1)).mean() for result in results]))

    assert 1 < 1.3 * change("light") < change("strong")


def test_the_border_is_continued() -> None:
    """Nothing black comes in from outside."""
    white = np.full((24, 64, 1), 255, np.uint8)
    how = replace(named("strong"), noise=0.0, contrast=0.0)
    for seed in range(10):
        assert augment(white, how, np.random.default_rng(seed)).min() >= 254
        assert augment(white, named("distorted"), np.random.default_rng(seed)).min() >= 254
