"""Who takes part in a comparison: a recipe to train, a finished model, or any other reader."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from captchalab.errors import UsageError
from captchalab.measuring.readers import PYTHON, models_of, open_reads
from captchalab.reading.ensemble import Ensemble
from captchalab.reading.modelpath import BUNDLED, RUN_MODEL, find_model
from captchalab.reading.reader import Reads


@dataclass(frozen=True)
class Contestant:
    """``kind`` is ``recipe`` (to be trained), ``model`` (finished), ``vote`` (several finished ones, joined
    by ``+``) or ``reader`` (somebody else's)."""

    name: str
    """Unlike all others of the comparison; a folder's name."""
    text: str
    kind: str
    identity: str
    """Another recipe, model or reader has another one, though it may have the same name."""


DATA = "data"
"""The folder of a comparison's pictures, beside those of the contestants."""


def parse_contestants(texts: Sequence[str]) -> list[Contestant]:
    """Each text as a contestant, in the order given. Raises ``UsageError`` for what is none.

    Names of recipes and TOML files go first; a model file, a run or a bundled model is taken as it is, and
    ``python:MODULE:OBJECT`` reads by itself.
    """
    if not texts:
        raise UsageError("nothing to compare: name recipes, model files or python:MODULE:OBJECT")
    contestants: list[Contestant] = []
    for text in texts:
        kind, identity = _identify(text)
        if kind == "recipe":
            _check_recipe(text)
        contestants.append(Contestant(_free_name(_short(text), contestants), text, kind, identity))
    return contestants


def _identify(text: str) -> tuple[str, str]:
    """Kind and identity. What is wrong is said here, before hours of training."""
    if text.startswith(PYTHON):
        open_reads(text)
        return "reader", text
    from captchalab.training.recipe import bundled_recipes

    if text in bundled_recipes() or text.endswith(".toml"):
        return "recipe", _identity_of_recipe(text)
    if text in BUNDLED or text.endswith(".onnx") or Path(text).is_dir() or "+" in text:
        models = models_of(text)
        return "vote" if len(models) > 1 else "model", "+".join(map(_hash_of_model, models))
    return "recipe", _identity_of_recipe(text)


def _check_recipe(text: str) -> None:
    """What is wrong with a recipe is said before hours of training, too."""
    from captchalab.training.ready import check_network
    from captchalab.training.recipe import load_recipe

    recipe = load_recipe(text)
    try:
        check_network(recipe)
    except UsageError as error:
        raise UsageError(f"{text}: {error}") from None


def _identity_of_recipe(text: str) -> str:
    """Follows from what the recipe states, and from the models that it starts and learns from."""
    from captchalab.training.recipe import read_settings

    models = _models_behind(text)
    stated = [json.dumps(read_settings(text), sort_keys=True, default=str), *map(_hash_of_model, models)]
    return sha256("\n".join(stated).encode()).hexdigest()


def _models_behind(recipe: str) -> list[str]:
    """Those that a recipe starts from or learns from."""
    from captchalab.training.recipe import Recipe, load_recipe

    settings = load_recipe(recipe)
    return [each for each in (settings.start, settings.teacher) if each not in (Recipe.start, Recipe.teacher)]


def _hash_of_model(model: str) -> str:
    return sha256(find_model(model)[0]).hexdigest()


def _short(text: str) -> str:
    if text.startswith(PYTHON):
        return text.rpartition(":")[2]
    models = models_of(text)
    if len(models) > 1:
        return "+".join(map(_short, models))
    path = Path(text)
    if path.name in ("", ".."):  # no name of its own
        path = path.resolve()
    name = path.parent.name if path.name == RUN_MODEL else path.name
    name = name.removesuffix(".onnx").removesuffix(".toml")
    return re.sub(r"[^\w.-]+", "-", name).strip("-") or "contestant"


def _free_name(name: str, others: Sequence[Contestant]) -> str:
    taken = {DATA, *(each.name for each in others)}
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def open_contestant(contestant: Contestant, run: Path) -> Reads:
    """Its reader; a trained one is opened from ``run``."""
    return open_reads(str(run) if contestant.kind == "recipe" else contestant.text)


def sources_of(contestant: Contestant) -> set[str]:
    """What the models that it is made of, or starts from, were trained on."""
    if contestant.kind == "reader":
        return set()
    models = _models_behind(contestant.text) if contestant.kind == "recipe" else models_of(contestant.text)
    return {str(source) for model in models for source in find_model(model)[1].scheme.get("sources", ())}


def head_start(contestant: Contestant) -> str:
    """The models that it goes on from or learns from, as one text; empty for none, or where none is told."""
    if contestant.kind == "reader":
        return ""
    if contestant.kind == "recipe":
        return " and ".join(map(_with_pictures, _models_behind(contestant.text)))
    files = [find_model(each)[1].training for each in models_of(contestant.text)]
    named = [str(file.get(key, "")) for file in files for key in ("start", "teacher")]
    return " and ".join(name for name in dict.fromkeys(named) if name not in ("", "scratch"))


def _with_pictures(model: str) -> str:
    """``small (332,800 pictures)``: what a model has seen before."""
    seen = find_model(model)[1].training.get("pictures")
    return f"{model} ({seen:,} pictures)" if seen else model


def facts_of(reader: Reads) -> dict[str, Any]:
    """What model files say of themselves, those of a vote together; nothing of a foreign reader."""
    if isinstance(reader, Ensemble):
        counts = [each.info.training.get("parameters") for each in reader.readers]
        return {"parameters": None if None in counts else sum(counts)}
    info = getattr(reader, "info", None)
    if info is None:
        return {}
    return {
        "network": info.network["name"],
        "pictures": info.training.get("pictures"),
        "parameters": info.training.get("parameters"),
        "seconds": info.training.get("seconds"),
        "processor_seconds": info.training.get("processor_seconds"),
    }
