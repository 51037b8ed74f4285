"""Recipe -> run folder: the one function that the command line, Python and studies call."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from captchalab.errors import UsageError
from captchalab.files import make_folder
from captchalab.networks import build
from captchalab.samples.sample import Source
from captchalab.sources import open_source
from captchalab.training.augment import AUGMENTATIONS
from captchalab.training.batches import Batch, Batches
from captchalab.training.checkpoint import save_checkpoint
from captchalab.training.device import has_bfloat16, open_accelerator
from captchalab.training.estimate import estimate
from captchalab.training.loading import load_ahead, load_in_turns
from captchalab.training.loop import Trainer
from captchalab.training.memory import explaining_memory
from captchalab.training.metrics_file import MetricsFile
from captchalab.training.plan import Plan, Tell, make_plan
from captchalab.training.progress import Event, Message, OnProgress
from captchalab.training.recipe import Recipe, load_recipe
from captchalab.training.run import (
    CHECKPOINTS,
    METRICS,
    MODEL,
    RECIPE,
    choose_folder,
    finish,
    is_finished,
    stored_recipe,
    take_up,
)
from captchalab.training.start import follow_start, load_start, take_over
from captchalab.training.state import State


@dataclass(frozen=True)
class FitResult:
    """``validation`` holds the best validation's figures; ``pictures`` counts repetitions too.

    Of several processes only the first, which writes the run, has a ``validation``.
    """

    run: Path
    model: Path
    steps: int
    pictures: int
    seconds: float
    validation: dict[str, Any]


@explaining_memory()
def fit(
    sources: Sequence[str | Source] | str = (),
    *,
    recipe: str | Path | Recipe = "compact",
    out: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    tensorboard: bool = False,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> FitResult:
    """Train a reader and leave a run folder behind.

    ``settings`` are fields of ``Recipe`` (``steps=2000``, ``start="runs/old"``, ``until=0.99``, ...).
    ``resume`` goes on with the run in ``out`` from its last checkpoint, by its own recipe.
    Raises ``UsageError`` for wrong settings and sources, ``LabelError`` for bad labels, ``RunError``
    for broken runs, ``OutOfMemory``.
    """
    begun = time.monotonic()
    run = choose_folder(out, resume)
    stored = stored_recipe(run, settings) if resume else None
    if stored is not None and sources:
        _check_unchanged(sources, stored, run)
    chosen = stored or _asked(recipe, settings)
    accelerator = open_accelerator(device)
    chief = accelerator.is_main_process
    tell = on_progress if on_progress is not None and chief else _nobody
    plan, state = get_ready(chosen, sources, accelerator, lambda text: tell(Message(text)))
    resumed = resume and take_up(run, state)
    batches = _batches(plan, accelerator)
    load = load_in_turns if accelerator.device.type == "cpu" else load_ahead
    loading = load(batches, itertools.count(state.step), _workers(plan))
    stream: Iterator[Batch] = loading
    if stored is None:
        plan, stream, expected = estimate(plan, state, accelerator, stream, time.monotonic() - begun)
        tell(expected)
    if resumed:
        tell(Message(f"going on at step {state.step:,} of {plan.recipe.steps:,}"))
    else:
        torch.manual_seed(plan.recipe.seed)  # trying the speed has drawn random numbers, or has not
    if chief:
        make_folder(run)
        plan.recipe.save(run / RECIPE)
    metrics = (
        MetricsFile(run / METRICS, state.step, run / "tensorboard" if tensorboard else None)
        if chief
        else None
    )
    trainer = Trainer(
        plan=plan,
        state=state,
        accelerator=accelerator,
        network=accelerator.prepare_model(state.network),
        metrics=metrics,
        save=lambda: save_checkpoint(run / CHECKPOINTS, state.step, state.to_checkpoint()),
        on_progress=tell,
    )
    done = state.step
    with closing(loading), _saying_how_to_go_on(run, tell):
        trainer.run(itertools.islice(stream, plan.recipe.steps - state.step))
    if chief and not (state.step == done and is_finished(run)):
        finish(run, plan, state, batches, accelerator.num_processes, lambda text: tell(Message(text)))
    accelerator.wait_for_everyone()
    pictures = state.step * plan.recipe.batch * accelerator.num_processes
    figures = state.figures if chief else {}
    return FitResult(run, run / MODEL, state.step, pictures, time.monotonic() - begun, figures)


def _asked(recipe: str | Path | Recipe, settings: dict[str, Any]) -> Recipe:
    """The recipe with the settings that the caller changes."""
    base = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    if settings.get("steps") and settings.get("minutes"):
        raise UsageError("steps and minutes both say when to stop: give one of them")
    if settings.get("minutes"):
        base = base.with_changes(steps=0)  # those of a run's recipe, which the minutes are to replace
    return base.with_changes(**settings)


def get_ready(
    recipe: Recipe, sources: Sequence[str | Source] | str, accelerator: Accelerator, tell: Tell
) -> tuple[Plan, State]:
    """The plan, and the state at step 0 of a network from scratch or from another model."""
    start = load_start(recipe.start)
    if start is not None:
        recipe = follow_start(recipe, start[1])
    recipe = recipe.with_changes(frames=recipe.frames or "first")
    precision = "bfloat16" if has_bfloat16(accelerator.device) else "float32"
    plan = make_plan(recipe, _open(sources, recipe), precision, tell)
    torch.manual_seed(recipe.seed)
    network = build(recipe.network, plan.spec, plan.alphabet.classes, plan.lengths[1], dict(recipe.options))
    if start is not None:
        shared = take_over(network, start[0], plan.alphabet, start[1].alphabet)
        tell(f"starting from {start[1].name}: {shared} of {len(plan.alphabet)} characters are known")
    return plan, State.new(network.to(accelerator.device), plan.recipe)


def _open(sources: Sequence[str | Source] | str, recipe: Recipe) -> list[Source]:
    given = [sources] if isinstance(sources, str) else list(sources)
    return [
        open_source(each, frames=recipe.frames) if isinstance(each, str) else each
        for each in given or recipe.sources
    ]


@contextmanager
def _saying_how_to_go_on(run: Path, tell: OnProgress) -> Iterator[None]:
    """For whoever presses Ctrl-C, perhaps without knowing how the run is called."""
    try:
        yield
    except KeyboardInterrupt:
        tell(Message(f"to go on from the last checkpoint: captchalab train --resume --out {run}"))
        raise


def _check_unchanged(sources: Sequence[str | Source] | str, stored: Recipe, run: Path) -> None:
    if tuple(source.name for source in _open(sources, stored)) != stored.sources:
        raise UsageError(f"the run in {run} was started with other sources: leave them out to resume")


def _batches(plan: Plan, accelerator: Accelerator) -> Batches:
    recipe = plan.recipe
    return Batches(
        resting=plan.resting,
        drawn=plan.drawn,
        spec=plan.spec,
        alphabet=plan.alphabet,
        batch=recipe.batch,
        seed=recipe.seed,
        augmentation=AUGMENTATIONS[recipe.augment],
        longest=plan.lengths[1],
        rank=accelerator.process_index,
        world=accelerator.num_processes,
    )


def _workers(plan: Plan) -> int:
    """Processes that prepare batches beside this one: one for each further core, sixteen at most."""
    return plan.recipe.workers if plan.recipe.workers >= 0 else min(16, (os.cpu_count() or 1) - 1)


def _nobody(_event: Event) -> None:
    """Stands in for whoever watches."""
