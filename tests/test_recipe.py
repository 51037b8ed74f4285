"""Recipes: differences only, checked once, written out whole."""

from __future__ import annotations

from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from captchalab.errors import UsageError
from captchalab.networks import build
from captchalab.reading.inputspec import InputSpec
from captchalab.training.recipe import Recipe, load_recipe

BUNDLED = sorted(
    entry.name.removesuffix(".toml")
    for entry in resources.files("captchalab.training").joinpath("recipes").iterdir()
    if entry.name.endswith(".toml")
)


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_recipe_trains_a_network_of_its_name(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.network == name
    network = build(recipe.network, InputSpec(recipe.height or 32, 128), 11, 4, recipe.options)
    assert sum(each.numel() for each in network.parameters()) > 10_000


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_recipes_hold_differences_only(name: str) -> None:
    import tomllib

    text = resources.files("captchalab.training").joinpath("recipes", f"{name}.toml").read_text("utf-8")
    for key, value in tomllib.loads(text).items():
        assert getattr(Recipe(), key) != value, f"{key} is the default"


def test_saved_and_loaded_again(tmp_path: Path) -> None:
    recipe = Recipe().with_changes(
        network="cnn",
        options={"dense": 64, "dropout": 0.5},
        sources=["scheme:lepture?alphabet=digits&length=4", 'C:\\pictures "new"', "验证码"],
        alphabet="0123456789+-*/=?\"'\\#",
        minutes=2,
        until=0.995,
        frames="fuse",
        steps=12,
    )
    path = tmp_path / "recipe.toml"
    recipe.save(path)
    assert load_recipe(path) == recipe
    text = path.read_text("utf-8")
    for each in fields(Recipe):
        assert f"# {each.metadata['help']}\n{each.name} = " in text
    Recipe().save(path)
    assert load_recipe(path) == Recipe()


def test_every_setting_is_explained() -> None:
    for each in fields(Recipe):
        assert len(each.metadata["help"]) > 10, each.name


WRONG = {
    "network": 3,
    "options": "tiny",
    "sources": "scheme:lepture",
    "validation": 1,
    "start": 0,
    "alphabet": 7,
    "max_length": 65,
    "height": 7,
    "width": 3000,
    "channels": 4,
    "fit": "crop",
    "frames": "last",
    "augment": "much",
    "steps": -1,
    "minutes": -0.5,
    "until": 99,
    "patience": -1,
    "batch": 0,
    "learning_rate": 0.0,
    "warmup": 1.0,
    "weight_decay": -1.0,
    "clip": 0.0,
    "average": 1.0,
    "precision": "float8",
    "validate_every": -1,
    "validation_pictures": 0,
    "save_every": -5,
    "workers": -2,
    "weights": "int8",
    "seed": -1,
}


@pytest.mark.parametrize("name", [each.name for each in fields(Recipe)])
def test_a_wrong_value_names_its_setting(name: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        Recipe().with_changes(**{name: WRONG[name]})
    assert "\n" not in str(caught.value) and str(WRONG[name]) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", True), ("steps", 1.5), ("until", "0.9"), ("learning_rate", float("nan")), ("batch", None)],
)
def test_a_value_of_a_wrong_type_names_its_setting(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=name):
        Recipe().with_changes(**{name: value})


def test_whole_numbers_do_for_fractions() -> None:
    assert Recipe().with_changes(minutes=3).minutes == 3.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stpes = 3", "Did you mean 'steps'"),
        ("batches = 3", "Did you mean 'batch'"),
        ("zzz = 1", "Known: alphabet, augment"),
        ("steps = ", "not valid TOML"),
        ("fit = 'crop'", "allowed are '', 'stretch', 'pad'"),
    ],
)
def test_wrong_recipe_files(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)


def test_unknown_recipes_are_answered_with_the_known() -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'compact'\?.*cnn, compact"):
        load_recipe("compct")
    with pytest.raises(UsageError, match=r"no recipe file mine\.toml.*compact"):
        load_recipe("mine.toml")
