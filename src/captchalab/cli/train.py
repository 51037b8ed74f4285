"""`train`: labelled pictures -> a run folder with a model."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captchalab.cli.console import percent, say
from captchalab.cli.options import AlphabetOption
from captchalab.cli.watching import TrainingWatch, duration
from captchalab.errors import UsageError

if TYPE_CHECKING:
    from captchalab.training.fit import FitResult


_NO_SETTINGS = ("sources", "recipe", "out", "device", "resume", "tensorboard", "on_progress")
"""What ``fit`` takes beside the settings of a recipe, and what stands on the command line by itself."""


class Device(StrEnum):
    """Where to train."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


def train(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Labelled pictures: folders, .tar or .parquet files, scheme:NAME, or python:MODULE:OBJECT.",
        ),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="How to train: a recipe's name or TOML file.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NAME|FILE|RUN|scratch", help="The model whose knowledge to start from."
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="Validate on this; without it, a part of the sources is set aside."
        ),
    ] = None,
    alphabet: AlphabetOption = None,
    until: Annotated[
        float | None,
        typer.Option(metavar="X", min=0.01, max=1, help="Stop at this validation accuracy: 0.99."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="M", min=0.01, help="Stop after so many minutes of wall clock.")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="Stop after so many steps.")] = None,
    batch: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Pictures a step; lower it if memory runs out.")
    ] = None,
    save_every: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Write a checkpoint every so many steps.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="S", min=0, help="Another seed, another training.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other setting, options.NAME of the network too; a run's recipe.toml explains all.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write TensorBoard logs.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="The run folder to write; without it, a new one in runs/."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out from its last checkpoint.")
    ] = False,
) -> None:
    """Train a reader. The run folder holds the model, curves, samples, mistakes, and the recipe."""
    if resume and out is None:
        raise UsageError("--resume needs the run to go on with: --resume --out RUN")
    if not sources and not resume and recipe is None:
        raise UsageError("nothing to train on: captchalab train FOLDER (or scheme:lepture); see train --help")
    given: dict[str, Any] = {
        "recipe": recipe,
        "start": start,
        "until": until,
        "minutes": minutes,
        "steps": steps,
        "save_every": save_every,
        "validation": validation,
        "alphabet": alphabet,
        "batch": batch,
        "seed": seed,
    }
    changes = {name: value for name, value in given.items() if value is not None} | _settings(settings or [])
    if tensorboard:
        changes["tensorboard"] = True
    from captchalab.training.fit import fit

    with TrainingWatch() as watch:
        result = fit(sources or (), out=out, device=device.value, resume=resume, on_progress=watch, **changes)
    if result.validation:  # empty in all processes but the first
        _print_result(result)


def _settings(pairs: list[str]) -> dict[str, Any]:
    """``--set batch=64 --set options.size=small`` -> values; a bare word is a text."""
    import tomllib

    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name, dot, option = name.partition(".")
        if not equals or not name.isidentifier() or (dot and (name != "options" or not option)):
            raise UsageError(f"--set {pair!r}: write NAME=VALUE, for example --set learning_rate=0.001")
        if name in _NO_SETTINGS:
            raise UsageError(f"--set {pair!r}: {name} is no setting but an argument of train (train --help)")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        if dot:
            before = values.get(name)
            value = (before if isinstance(before, dict) else {}) | {option: value}
        values[name] = value
    return values


def _print_result(result: FitResult) -> None:
    say(f"{result.steps:,} steps, {result.pictures:,} pictures, {duration(result.seconds)}")
    say(f"validation accuracy {percent(result.validation['sequence_accuracy'])}")
    if result.tradeoff is not None:
        for name, teacher, student in result.tradeoff.rows:
            say(f"{name.strip()}: teacher {teacher}, this model {student}")
        say(f"beside its teacher, {result.tradeoff.advice}")
    say(f"curves, samples, mistakes: {result.run}")
    say(f"read with it: captchalab read PICTURE -m {shlex.quote(str(result.run))}")
    print(result.model)
