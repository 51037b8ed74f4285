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
    identity: str
    """Another recipe, model or reader has another one, though it may have the same name."""


DATA = "data"
"""The folder of a comparison's pictures, beside those of the contestants."""


def parse_contestants(texts: Sequence[str]) -> list[Contestant]:
    """Each text as a contestant, in the order given. Raises ``UsageError`` for what is none.

    A model file, a run or a bundled model is taken as it is, ``python:MODULE:OBJECT`` reads by itself,
    everything else names a recipe.
    """
    if not texts:
        raise UsageError("nothing to compare: name recipes, model files or python:MODULE:OBJECT")
    contestants: list[Contestant] = []
    for text in texts:
        kind, identity = _identify(text)
        contestants.append(Contestant(_free_name(_short(text), contestants), text, kind, identity))
    return contestants


def _identify(text: str) -> tuple[str, str]:
    """Kind and identity. What is wrong is said here, before hours of training."""
    if text.startswith(PYTHON):
        open_reads(text)
        return "reader", text
    if text in BUNDLED or text.endswith(".onnx") or Path(text).is_dir() or "+" in text:
        models = models_of(text)
        hashes = [sha256(find_model(model)[0]).hexdigest() for model in models]
        return "vote" if len(models) > 1 else "model", "+".join(hashes)
    from captchalab.training.recipe import load_recipe, read_settings

    load_recipe(text)
    stated = json.dumps(read_settings(text), sort_keys=True, default=str)
    return "recipe", sha256(stated.encode()).hexdigest()


def _short(text: str) -> str:
    if text.startswith(PYTHON):
        return text.rpartition(":")[2]
    models = models_of(text)
    if len(models) > 1:
        return "+".join(map(_short, models))
    path = Path(text)
    name = path.parent.name if path.name == "model.onnx" else path.stem if path.suffix else path.name
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
    }
