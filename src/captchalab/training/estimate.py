"""How fast a training goes, measured before it starts."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from accelerate import Accelerator

from captchalab.training.batches import Batch
from captchalab.training.budget import DEFAULT_STEPS, FINISH_SECONDS, decide_steps, fill_intervals
from captchalab.training.device import as_the_first
from captchalab.training.loading import BATCHES_A_TURN
from captchalab.training.loop import train_step
from captchalab.training.plan import Plan
from captchalab.training.progress import Estimate
from captchalab.training.state import State
from captchalab.training.validate import validate

WARM_UP = 3
MEASURED = 3 * BATCHES_A_TURN
"""Steps: of whole turns, each of which begins with drawing."""
LONGEST = 4.0
"""Seconds after which measuring ends early."""


def estimate(
    plan: Plan, state: State, accelerator: Accelerator, stream: Iterator[Batch], spent: float
) -> tuple[Plan, Iterator[Batch], Estimate]:
    """Try a few steps on a copy; the plan with its steps fixed, the unspent batches, and the estimate.

    ``spent`` is the seconds that getting ready has taken. The first process decides for all.
    """
    started = time.monotonic()
    trial = State.new(copy.deepcopy(state.network), plan.recipe, state.known_rows)
    trial.teacher = state.teacher
    # A schedule needs an end: while minutes are no steps yet, that of a training without a budget.
    tried = replace(plan.recipe, steps=plan.recipe.steps or DEFAULT_STEPS)
    step_seconds, used = measure_speed(lambda batch: train_step(trial, tried, batch), stream)
    before = time.monotonic()
    validate(trial.average, plan.validation, plan.alphabet, accelerator.device)
    validation_seconds = time.monotonic() - before
    spent += time.monotonic() - started
    decided = decide_steps(plan.recipe, step_seconds, validation_seconds, spent)
    steps, validations = as_the_first(accelerator, *decided)
    recipe = fill_intervals(plan.recipe, steps, validations)
    seconds = steps * step_seconds + (steps / recipe.validate_every) * validation_seconds + FINISH_SECONDS
    rate = recipe.batch * accelerator.num_processes / step_seconds
    parameters = sum(each.numel() for each in state.network.parameters())
    text = (
        f"{recipe.network}, {parameters:,} parameters, {len(plan.alphabet)} characters, "
        f"input {plan.spec.width}x{plan.spec.height}, {recipe.precision}: "
        f"{steps:,} steps at {rate:,.0f} pictures/s, about {_spoken(seconds)}"
    )
    told = Estimate(steps, seconds, rate, parameters, text)
    return replace(plan, recipe=recipe), itertools.chain(used, stream), told


def measure_speed(step: Callable[[Batch], object], batches: Iterator[Batch]) -> tuple[float, list[Batch]]:
    """Seconds a step, and the batches that were used up."""
    used: list[Batch] = []
    begun = started = time.monotonic()
    for batch in batches:
        used.append(batch)
        step(batch)
        if len(used) == WARM_UP:
            started = time.monotonic()
        enough = len(used) >= WARM_UP + MEASURED or time.monotonic() - begun > LONGEST
        if len(used) > WARM_UP and enough:
            break
    return (time.monotonic() - started) / (len(used) - WARM_UP), used


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} minutes"
