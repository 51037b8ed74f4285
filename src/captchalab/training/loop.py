"""The training loop, readable top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from captchalab.errors import RunError
from captchalab.reading.metrics import measure
from captchalab.training.batches import Batch
from captchalab.training.budget import with_steps
from captchalab.training.device import as_the_first
from captchalab.training.metrics_file import MetricsFile
from captchalab.training.plan import Plan
from captchalab.training.progress import Message, OnProgress, Progress
from captchalab.training.recipe import Recipe
from captchalab.training.schedule import learning_rate
from captchalab.training.state import State
from captchalab.training.validate import read_scores, validate

ROWS = 60
"""Rows of metrics.csv in a training, beside one for each validation."""

TELL_EVERY = 0.5
"""Seconds between two progress events."""


@dataclass
class Trainer:
    """One training under way: the plan, the state, and the device that works on it."""

    plan: Plan
    seconds: float
    """What the training may take, what it took before a resumption included; 0: the steps stand."""
    state: State
    accelerator: Accelerator
    network: nn.Module
    """The state's network, wrapped for several processes."""
    metrics: MetricsFile | None
    """``None`` in all processes but the first, which alone writes."""
    save: Callable[[], object]
    on_progress: OnProgress
    on_replan: Callable[[Recipe], object]
    """Called with the recipe whenever its steps are planned anew."""

    def run(self, batches: Iterable[Batch]) -> bool:
        """Train until the steps are done, the target is reached, or nothing is gained any more.

        Whether any step was left to make. ``batches`` may go on for ever.
        """
        recipe, state = self.plan.recipe, self.state
        start, told = time.monotonic() - state.seconds, 0.0
        processor_start = time.process_time() - state.processor_seconds
        begun, before = state.step, state.seconds
        if self._agree(self._enough()) or state.step >= recipe.steps:  # resumed after it had ended
            return False
        validation = state.step + recipe.validate_every - state.step % recipe.validate_every
        for batch in batches:
            loss, scores = train_step(state, recipe, batch, self.network, self.accelerator)
            state.losses.append(loss)
            mean = sum(state.losses) / len(state.losses)
            state.seconds = time.monotonic() - start
            state.processor_seconds = time.process_time() - processor_start
            rate = (state.step * recipe.batch * self.accelerator.num_processes) / max(1e-9, state.seconds)
            if self.seconds and validation <= state.step < recipe.steps:
                recipe = self._plan_rest((state.seconds - before) / (state.step - begun))
            last = state.step >= recipe.steps
            due = last or state.step >= validation
            if due:
                validation = state.step + recipe.validate_every
            if due or state.step % max(1, recipe.steps // ROWS) == 0:
                self._write_row(mean, rate, batch, scores, due)
            if self.metrics is not None and (due or time.monotonic() - told > TELL_EVERY):
                told = time.monotonic()
                left = (recipe.steps - state.step) * (time.monotonic() - start) / max(1, state.step)
                accuracy = state.latest
                self.on_progress(Progress(state.step, recipe.steps, rate, mean, accuracy, left))
            stop = due and self._agree(self._enough())
            if self.metrics is not None and (stop or last or state.step % recipe.save_every == 0):
                self.save()
            if stop or last:
                break
        return True

    def _plan_rest(self, step_seconds: float) -> Recipe:
        """The recipe with as many steps as fit into the time that is left, at the speed so far.

        What was measured before the first step may have been a slow moment, or a fast one.
        """
        left = max(0.0, self.seconds - self.state.seconds)
        (steps,) = as_the_first(self.accelerator, self.state.step + int(left / step_seconds))
        recipe = with_steps(self.plan.recipe, steps)
        self.plan = replace(self.plan, recipe=recipe)
        self.on_replan(recipe)
        return recipe

    def _write_row(self, loss: float, rate: float, batch: Batch, scores: Tensor, validating: bool) -> None:
        """A row of metrics.csv, with a validation where one is due."""
        if self.metrics is None:
            return
        plan, state = self.plan, self.state
        truths = [plan.alphabet.decode(row) for row in batch[1].tolist()]
        train = measure(
            zip(truths, read_scores(scores, plan.alphabet, state.network.head.decoder), strict=True)
        )
        row = {
            "step": state.step,
            "pictures": state.step * plan.recipe.batch * self.accelerator.num_processes,
            "seconds": state.seconds,
            "loss": loss,
            "learning_rate": learning_rate(plan.recipe, state.step, state.cuts),
            "pictures_per_second": rate,
            "train_sequence_accuracy": train.sequence_accuracy,
            "train_character_accuracy": train.character_accuracy,
        }
        if validating:
            figures = validate(state.average, plan.validation, plan.alphabet, self.accelerator.device).figures
            state.take_best(figures | {"step": state.step}, plan.recipe.plateau)
            row |= {f"validation_{name}": value for name, value in figures.items()}
        self.metrics.add(**row)

    def _enough(self) -> bool:
        """Whether the target is reached or the patience is over; told once."""
        recipe, state = self.plan.recipe, self.state
        if self.metrics is None or state.latest is None:
            return False
        if recipe.until and state.latest >= recipe.until:
            self.on_progress(Message(f"reached {state.latest:.2%} at step {state.step}: done"))
            return True
        # Before anything is read right at all, patience would end trainings that are about to take off.
        if recipe.patience and state.stale >= recipe.patience and state.figures["sequence_accuracy"] > 0:
            self.on_progress(Message(f"no gain in {state.stale} validations: stopped at step {state.step}"))
            return True
        return False

    def _agree(self, stop: bool) -> bool:
        """The first process, which validates, decides for all: whether to stop, and how low the rate is."""
        told = as_the_first(self.accelerator, int(stop), self.state.cuts)
        self.state.cuts = told[1]
        return bool(told[0])


def train_step(
    state: State,
    recipe: Recipe,
    batch: Batch,
    network: nn.Module | None = None,
    accelerator: Accelerator | None = None,
) -> tuple[float, Tensor]:
    """One step of the optimizer; its loss and the scores ``(N, T, C)`` it came from.

    ``network`` and ``accelerator`` spread the step over several processes. Raises ``RunError`` if the
    loss is no number.
    """
    images, targets, lengths = batch
    device = next(state.network.parameters()).device
    for group in state.optimizer.param_groups:
        group["lr"] = group["share"] * learning_rate(recipe, state.step, state.cuts)
    state.network.train()
    images = images.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
        scores = (network or state.network)(images)
    loss = state.network.head.loss(scores, targets.to(device), lengths.to(device), recipe.label_smoothing)
    if state.teacher is not None:
        loss = state.teacher.mix(loss, scores, images)
    value = loss.item()
    if not value < 1e9:
        raise RunError(f"the loss became {value} at step {state.step}: lower learning_rate or clip")
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward() if accelerator is None else accelerator.backward(loss)  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip)
    state.optimizer.step()
    state.step += 1
    state.follow(recipe.average)
    return value, scores
