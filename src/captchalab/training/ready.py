"""What a training begins with: the recipe asked for, its plan, and the state at step 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from captchalab.errors import UsageError
from captchalab.networks import NETWORKS, Network, build
from captchalab.reading.inputspec import InputSpec
from captchalab.samples.resting import refuse_overlap
from captchalab.samples.sample import Source
from captchalab.sources import open_source
from captchalab.training.budget import validations_behind
from captchalab.training.device import has_bfloat16
from captchalab.training.plan import Plan, Tell, make_plan
from captchalab.training.recipe import Recipe, read_settings
from captchalab.training.start import SCRATCH, follow_start, known_rows, load_start, take_over
from captchalab.training.state import State
from captchalab.training.teacher import follow_teacher


def settings_of(recipe: str | Path | Recipe | None, changes: dict[str, Any]) -> dict[str, Any]:
    """What a recipe states, with ``changes`` over it; without a recipe the changes alone. Of its network's
    options those that are named change.

    Raises ``UsageError`` for an unknown recipe, and for steps and minutes together.
    """
    if changes.get("steps") and changes.get("minutes"):
        raise UsageError("steps and minutes both say when to stop: give one of them")
    if recipe is None:
        return changes
    stated = _differences(recipe) if isinstance(recipe, Recipe) else read_settings(recipe)
    if changes.get("steps") or changes.get("minutes"):
        stated = _without_length(stated)
    # Named, a recipe is of its network, even where that is the default.
    settings = {"network": Recipe.network} | stated | changes
    if all(isinstance(each.get("options"), dict) for each in (stated, changes)):
        settings["options"] = stated["options"] | changes["options"]
    return settings


def _differences(recipe: Recipe) -> dict[str, Any]:
    """The settings that are not the defaults, as a recipe file would state them."""
    values = {each.name: getattr(recipe, each.name) for each in fields(Recipe)}
    default = Recipe()
    return {name: value for name, value in values.items() if value != getattr(default, name)}


def _without_length(stated: dict[str, Any]) -> dict[str, Any]:
    """A recipe's settings less its steps and minutes, and less intervals that only followed from them.

    A run's recipe states them all; the intervals of a short run would validate a long one at every turn.
    """
    kept = {name: value for name, value in stated.items() if name not in ("steps", "minutes")}
    steps, minutes = stated.get("steps", 0), stated.get("minutes", 0)
    if steps and validations_behind(kept.get("validate_every", 0), steps, minutes):
        every = kept.pop("validate_every")
        if kept.get("save_every") == every:
            del kept["save_every"]
    return kept


def get_ready(
    recipe: Recipe,
    sources: Sequence[str | Source] | str,
    accelerator: Accelerator,
    tell: Tell,
    *,
    resuming: bool = False,
    out: Path | None = None,
) -> tuple[Plan, State]:
    """The plan, and the state at step 0 of a network from scratch or from another model.

    ``resuming`` a run, a checkpoint is to replace the state, and its recipe leaves nothing open: what it
    started from is not looked at, and may be gone. Raises ``UsageError`` if ``out``, the run folder to
    be, is one that pictures come from, lies in one or holds one.
    """
    start = None if resuming else load_start(recipe.start)
    if start is not None:
        recipe = follow_start(recipe, start[1])
    else:
        _check_start_rate(recipe)
    if not resuming:
        recipe = follow_teacher(recipe)
    recipe = recipe.with_changes(frames=recipe.frames or "first")
    precision = "bfloat16" if has_bfloat16(accelerator.device) else "float32"
    opened = open_sources(sources, recipe)
    if out is not None:
        validation = [open_source(recipe.validation)] if recipe.validation else []
        refuse_overlap([*opened, *validation], out)
    plan = make_plan(recipe, opened, precision, tell)
    torch.manual_seed(recipe.seed)
    network = build(recipe.network, plan.spec, plan.alphabet.classes, plan.lengths[1], dict(recipe.options))
    rows = None
    if start is not None:
        shared = take_over(network, start[0], plan.alphabet, start[1].alphabet)
        rows = known_rows(network, start[0], plan.alphabet, start[1].alphabet)
        tell(f"starting from {start[1].name}: {shared} of {len(plan.alphabet)} characters are known")
    return plan, State.new(network.to(accelerator.device), plan.recipe, rows)


def check_network(recipe: Recipe) -> None:
    """Build the network of ``recipe`` for a picture of its usual size, so that what is wrong is known early.

    Raises ``UsageError`` for what no pictures can mend: names, options, a model to start from that is gone.
    """
    start = load_start(recipe.start)
    if start is not None:
        recipe = follow_start(recipe, start[1])
    else:
        _check_start_rate(recipe)
    recipe = follow_teacher(recipe)
    height = recipe.height or NETWORKS.get(recipe.network, Network).usual_height(recipe.options)
    spec = InputSpec(height, recipe.width or 4 * height, recipe.channels)
    build(recipe.network, spec, 11, max(1, recipe.max_length), dict(recipe.options))


def _check_start_rate(recipe: Recipe) -> None:
    if recipe.start_rate != 1 and recipe.start == SCRATCH:
        raise UsageError(
            f"start_rate={recipe.start_rate:g} is of a model to start from: name it with --from, or in a "
            "recipe of your own with start = 'FILE|RUN'"
        )


def open_sources(sources: Sequence[str | Source] | str, recipe: Recipe) -> list[Source]:
    """The sources given, or else those of the recipe. Raises ``UsageError`` where one cannot be opened."""
    given = [sources] if isinstance(sources, str) else list(sources)
    try:
        return [
            open_source(each, frames=recipe.frames) if isinstance(each, str) else each
            for each in given or recipe.sources
        ]
    except UsageError as error:
        if given:
            raise
        raise UsageError(
            f"the recipe's pictures are not to be had from the folder {Path.cwd()} (go to where the training "
            f"began, or put them back): {error}"
        ) from None
