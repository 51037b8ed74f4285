"""Who takes part in a comparison: a recipe to train, a finished model, or any other reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captchalab.errors import UsageError
from captchalab.measuring.readers import PYTHON, open_reads
from captchalab.reading.ensemble import Ensemble
from captchalab.reading.modelpath import BUNDLED, find_model
from captchalab.reading.reader import Reads


@dataclass(frozen=True)
class Contestant:
    """``kind`` is ``recipe`` (to be trained), ``model`` (finished), ``vote`` (several finished ones, joined
    by ``+``) or ``reader`` (somebody else's)."""

    name: str
    """Unlike all others of the comparison; a folder's name."""
    text: str
    kind: str


def parse_contestants(texts: Sequence[str]) -> list[Contestant]:
    """Each text as a contestant, in the order given. Raises ``UsageError`` for what is none.

    A model file, a run or a bundled model is taken as it is, ``python:MODULE:OBJECT`` reads by itself,
    everything else names a recipe.
    """
    if not texts:
        raise UsageError("nothing to compare: name recipes, model files or python:MODULE:OBJECT")
    contestants: list[Contestant] = []
    for text in texts:
        kind = _kind(text)
        contestants.append(Contestant(_free_name(_short(text), contestants), text, kind))
    return contestants


def _kind(text: str) -> str:
    if text.startswith(PYTHON):
        open_reads(text)  # says what is missing before hours of training
        return "reader"
    if "+" in text and all(_kind(piece) == "model" for piece in text.split("+")):
        return "vote"
    if text in BUNDLED or text.endswith(".onnx") or Path(text).is_dir():
        find_model(text)  # says what is wrong before hours of training
        return "model"
    from captchalab.training.recipe import load_recipe

    load_recipe(text)
    return "recipe"


def _short(text: str) -> str:
    if text.startswith(PYTHON):
        return text.rpartition(":")[2]
    if "+" in text:
        return "+".join(map(_short, text.split("+")))
    path = Path(text)
    name = path.parent.name if path.name == "model.onnx" else path.stem if path.suffix else path.name
    return re.sub(r"[^\w.-]+", "-", name).strip("-") or "contestant"


def _free_name(name: str, others: Sequence[Contestant]) -> str:
    taken = {each.name for each in others}
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def open_contestant(contestant: Contestant, run: Path) -> Reads:
    """Its reader; a trained one is opened from ``run``."""
    if contestant.kind == "vote":
        return Ensemble.open(contestant.text.split("+"))
    return open_reads(str(run) if contestant.kind == "recipe" else contestant.text)


def facts_of(reader: Reads) -> dict[str, Any]:
    """What a model file says of itself; nothing of a foreign reader."""
    info = getattr(reader, "info", None)
    if info is None:
        return {}
    return {
        "network": info.network["name"],
        "pictures": info.training.get("pictures"),
        "parameters": info.training.get("parameters"),
        "seconds": info.training.get("seconds"),
    }
