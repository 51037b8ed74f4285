"""Recipes: differences only, checked once, written out whole."""

from __future__ import annotations

from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from captchalab.cli.train import _settings
from captchalab.errors import UsageError
from captchalab.networks import build
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import ModelInfo
from captchalab.sources import open_source
from captchalab.training.batches import to_batch
from captchalab.training.device import open_accelerator
from captchalab.training.export import export
from captchalab.training.input_size import choose_spec
from captchalab.training.loop import train_step
from captchalab.training.ready import get_ready, settings_of
from captchalab.training.recipe import Recipe, load_recipe

SOURCE = "scheme:lepture?alphabet=0123456789ab&length=4&width=90&height=40"

BUNDLED = sorted(
    entry.name.removesuffix(".toml")
    for entry in resources.files("captchalab.training").joinpath("recipes").iterdir()
    if entry.name.endswith(".toml")
)


def test_the_recipes_are_those_that_the_documents_name() -> None:
    assert BUNDLED == [
        "captchanet",
        "cnn-captcha",
        "compact",
        "crnn-digits",
        "crnn-finetune",
        "crnn-gru",
        "crnn-pretrain",
        "resnet18-bnneck-center",
        "resnet18-dual-attention",
        "resnet18-ibn",
    ]


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_recipe_makes_a_step(name: str, crnn: Path) -> None:
    """On pictures of any source; ``crnn-finetune`` from another model."""
    changes: dict[str, Any] = {"batch": 2, "validation_pictures": 4, "precision": "float32", "steps": 10}
    if name == "crnn-finetune":
        changes["start"] = str(crnn)
    recipe = Recipe().with_changes(**settings_of(name, changes))
    plan, state = get_ready(recipe, SOURCE, open_accelerator("cpu"), lambda _text: None)
    assert plan.recipe.network == load_recipe(name).network and plan.recipe.sources == (SOURCE,)
    before = state.network.head.linear.weight.detach().clone()
    pictures = plan.validation
    loss, scores = train_step(state, plan.recipe, to_batch(pictures.images, pictures.texts, plan.alphabet))
    assert 0 < loss < 100 and scores.shape[::2] == (4, 13)
    assert not torch.equal(state.network.head.linear.weight, before)


def test_options_that_are_named_change_and_the_others_stay() -> None:
    pairs = ["options.model=resnet34", "batch=8", "options.dropout=0.1"]
    settings = settings_of("resnet18-ibn", _settings(pairs))
    assert settings["options"] == {"model": "resnet34", "ibn": True, "dropout": 0.1}
    assert settings["batch"] == 8 and settings["network"] == "backbone"
    for wrong in ("batch.size=3", "options.=3", "options.size"):
        with pytest.raises(UsageError, match=f"--set '{wrong}': write NAME=VALUE"):
            _settings([wrong])


@pytest.fixture(scope="module")
def crnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file to fine-tune, of a small and ignorant CRNN."""
    options = {"width": 4, "hidden": 8}
    spec, alphabet = InputSpec(32, 96), Alphabet("0123456789ab")
    info = ModelInfo(
        name="crnn",
        alphabet=alphabet,
        decoder="ctc",
        input=spec,
        network={"name": "crnn", "options": options},
        lengths=(4, 4),
    )
    network = build("crnn", spec, alphabet.classes, 4, options)
    path = tmp_path_factory.mktemp("crnn") / "model.onnx"
    return export(network, info, np.zeros((2, *spec.shape), np.uint8), path)


def test_fine_tuning_asks_for_its_start() -> None:
    recipe = Recipe().with_changes(**settings_of("crnn-finetune", {}))
    with pytest.raises(UsageError, match=r"start_rate=0\.1 is of a model to start from: .*--from"):
        get_ready(recipe, SOURCE, open_accelerator("cpu"), lambda _text: None)


@pytest.mark.parametrize(
    ("network", "options", "size"),
    [
        ("compact", {}, (48, 96)),
        ("compact", {"size": "small"}, (32, 72)),
        ("crnn", {}, (32, 72)),
        ("crnn-gru", {}, (64, 144)),
        ("backbone", {"model": "resnet18"}, (64, 128)),
        ("backbone", {"model": "resnet18", "head": "ctc"}, (64, 144)),
    ],
)
def test_an_input_that_suits_the_network(
    network: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    source = open_source("scheme:lepture?alphabet=digits&length=8&width=120&height=60")
    spec = choose_spec(Recipe(network=network, options=options), [source], 8)
    assert (spec.height, spec.width) == size
    build(network, spec, 11, 8, options)


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
    "balance": 1.5,
    "steps": -1,
    "minutes": -0.5,
    "until": 99,
    "patience": -1,
    "batch": 0,
    "optimizer": "lion",
    "learning_rate": 0.0,
    "start_rate": 2.0,
    "schedule": "linear",
    "warmup": 1.0,
    "decay": 0.0,
    "decay_every": 0.0,
    "plateau": 0,
    "label_smoothing": 1.0,
    "teacher": 1,
    "teacher_weight": -0.1,
    "temperature": 0.0,
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


def test_a_recipe_file_of_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes("# Größe".encode("latin-1"))
    with pytest.raises(UsageError, match="is not UTF-8"):
        load_recipe(tmp_path / "mine.toml")


def test_unknown_recipes_are_answered_with_the_known() -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'compact'\?.*cnn-captcha, compact"):
        load_recipe("compct")
    with pytest.raises(UsageError, match=r"no recipe file mine\.toml.*compact"):
        load_recipe("mine.toml")
