"""Recipe -> run folder: the one function that the command line, Python and studies call."""

from __future__ import annotations

import itertools
import shlex
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from captchalab.errors import UsageError
from captchalab.processors import available
from captchalab.samples.sample import Source
from captchalab.training.augment import AUGMENTATIONS
from captchalab.training.balance import balanced_chances
from captchalab.training.batches import Batch, Batches
from captchalab.training.budget import seconds_to_train
from captchalab.training.checkpoint import checkpoints, save_checkpoint
from captchalab.training.device import open_accelerator
from captchalab.training.estimate import estimate
from captchalab.training.loading import load_ahead, load_in_turns
from captchalab.training.loop import Trainer
from captchalab.training.memory import explaining_memory
from captchalab.training.metrics_file import MetricsFile, require_tensorboard
from captchalab.training.pictures import check_pictures, list_pictures
from captchalab.training.plan import Plan
from captchalab.training.progress import Event, Message, OnProgress
from captchalab.training.ready import get_ready, open_sources, settings_of
from captchalab.training.recipe import Recipe
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
    training_alone,
    write_beginning,
)
from captchalab.training.state import State
from captchalab.training.teacher import load_teacher
from captchalab.training.tradeoff import Tradeoff


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
    tradeoff: Tradeoff | None = None
    """The model beside its teacher, where it had one and was finished now."""


@explaining_memory()
def fit(
    sources: Sequence[str | Source] | str = (),
    *,
    recipe: str | Path | Recipe | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    tensorboard: bool = False,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> FitResult:
    """Train a reader and leave a run folder behind.

    ``recipe`` is ``compact`` unless given; ``settings`` are fields of ``Recipe`` (``steps=2000``,
    ``start="runs/old"``, ``until=0.99``, ...) and go before it. ``resume`` goes on with the run in ``out``
    from its last checkpoint, by its own recipe, on the same pictures. Raises ``UsageError`` for wrong
    settings and sources, ``LabelError`` for bad labels, ``RunError`` for broken runs and one that another
    process trains, ``OutOfMemory``.
    """
    begun = time.monotonic()
    run = choose_folder(out, resume)
    if tensorboard:
        require_tensorboard()
    stored, chosen, sources = _choose(run, sources, settings_of(recipe, settings), resume)
    accelerator = open_accelerator(device)
    chief = accelerator.is_main_process
    tell = on_progress if on_progress is not None and chief else _nobody
    resuming = stored and bool(checkpoints(run / CHECKPOINTS))
    plan, state = get_ready(
        chosen,
        sources,
        accelerator,
        lambda text: tell(Message(text)),
        resuming=resuming,
        out=None if stored else run,
    )
    if not is_finished(run):
        state.teacher = load_teacher(plan, state.network)
        state.processes = accelerator.num_processes
    resumed = resume and take_up(run, state)
    batches = make_batches(plan, accelerator)
    loading = load_batches(batches, accelerator, state.step, count_workers(plan))
    stream: Iterator[Batch] = loading
    if not stored:
        plan, stream, expected = estimate(plan, state, accelerator, stream, time.monotonic() - begun)
        tell(expected)
    if resumed:
        tell(Message(f"going on at step {state.step:,} of {plan.recipe.steps:,}"))
    else:
        tell(Message(f"run folder: {run}"))
        torch.manual_seed(plan.recipe.seed)  # trying the speed has drawn random numbers, or has not
    tradeoff = None
    with training_alone(run) if chief else nullcontext():
        if chief:
            write_beginning(run, plan, state, resumed)
        seconds = seconds_to_train(plan.recipe, time.monotonic() - begun)
        trainer = _trainer(run, plan, seconds, state, accelerator, tell, tensorboard)
        with closing(loading), _saying_how_to_go_on(run, tell):
            trained = trainer.run(stream)
        plan = trainer.plan
        if chief and (trained or not is_finished(run)):
            tradeoff = finish(
                run, plan, state, batches, accelerator.num_processes, lambda text: tell(Message(text))
            )
    accelerator.wait_for_everyone()
    pictures = state.step * plan.recipe.batch * accelerator.num_processes
    figures = state.figures if chief else {}
    return FitResult(run, run / MODEL, state.step, pictures, time.monotonic() - begun, figures, tradeoff)


def _choose(
    run: Path, sources: Sequence[str | Source] | str, stated: dict[str, Any], resume: bool
) -> tuple[bool, Recipe, Sequence[str | Source] | str]:
    """Whether a run's own recipe is gone on with; the recipe, and the sources.

    Raises ``UsageError`` for settings and sources that are not the run's, ``RunError`` for other pictures.
    """
    if sources:
        stated.pop("sources", None)
    recipe = stored_recipe(run, stated) if resume else None
    if recipe is None:
        if resume and not sources and not stated.get("sources"):
            raise UsageError(
                f"{run} holds no {RECIPE}: it is no run, or was stopped before it had begun; "
                "train without --resume"
            )
        return False, Recipe().with_changes(**stated), sources
    opened = open_sources(sources, recipe)
    if tuple(source.name for source in opened) != recipe.sources:
        raise UsageError(f"the run in {run} was started with other sources: leave them out to resume")
    check_pictures(run, list_pictures(opened, recipe))
    return True, recipe, opened


@contextmanager
def _saying_how_to_go_on(run: Path, tell: OnProgress) -> Iterator[None]:
    """For whoever presses Ctrl-C, perhaps without knowing how the run is called."""
    try:
        yield
    except KeyboardInterrupt:
        tell(
            Message(
                f"to go on from the last checkpoint: captchalab train --resume --out {shlex.quote(str(run))}"
            )
        )
        raise


def _trainer(
    run: Path,
    plan: Plan,
    seconds: float,
    state: State,
    accelerator: Accelerator,
    tell: OnProgress,
    tensorboard: bool,
) -> Trainer:
    board = run / "tensorboard" if tensorboard else None
    return Trainer(
        plan=plan,
        seconds=seconds,
        state=state,
        accelerator=accelerator,
        network=accelerator.prepare_model(state.network),
        metrics=MetricsFile(run / METRICS, state.step, board) if accelerator.is_main_process else None,
        save=lambda: save_checkpoint(run / CHECKPOINTS, state.step, state.to_checkpoint()),
        on_progress=tell,
        on_replan=lambda recipe: recipe.save(run / RECIPE) if accelerator.is_main_process else None,
    )


def make_batches(plan: Plan, accelerator: Accelerator) -> Batches:
    """The batches of a training by ``plan``, of this process."""
    recipe = plan.recipe
    chances = None
    if plan.resting is not None and recipe.balance > 0:
        chances = balanced_chances(plan.resting.texts, recipe.balance)
    return Batches(
        resting=plan.resting,
        drawn=plan.drawn,
        spec=plan.spec,
        alphabet=plan.alphabet,
        batch=recipe.batch,
        seed=recipe.seed,
        augmentation=AUGMENTATIONS[recipe.augment],
        longest=plan.lengths[1],
        chances=chances,
        rank=accelerator.process_index,
        world=accelerator.num_processes,
    )


def load_batches(
    batches: Batches, accelerator: Accelerator, first: int, workers: int
) -> Generator[Batch, None, None]:
    """Endless, from the step ``first``, made as suits the device. Close it when done."""
    load = load_in_turns if accelerator.device.type == "cpu" else load_ahead
    return load(batches, itertools.count(first), workers)


def count_workers(plan: Plan) -> int:
    """Processes that prepare batches beside this one: one for each further core, sixteen at most."""
    return plan.recipe.workers if plan.recipe.workers >= 0 else min(16, available() - 1)


def _nobody(_event: Event) -> None:
    """Stands in for whoever watches."""
