"""The learning rate, as a function of what a checkpoint holds."""

from __future__ import annotations

import math
from collections.abc import Callable

from captchalab.training.recipe import Recipe

FIRST, LAST = 0.04, 1e-4
"""Shares of the peak with which the warm-up begins, and the cosine ends."""


def learning_rate(recipe: Recipe, step: int, cuts: int = 0) -> float:
    """Up along a cosine in the warm-up's share of the steps, then as the recipe's schedule says.

    ``cuts`` counts how often validations without gain have called for a lower rate.
    """
    peak = max(1, round(recipe.warmup * recipe.steps))
    if step < peak:
        return recipe.learning_rate * (FIRST + (1 - FIRST) * (1 - math.cos(math.pi * step / peak)) / 2)
    return recipe.learning_rate * SCHEDULES[recipe.schedule](recipe, step, peak, cuts)


def _cosine(recipe: Recipe, step: int, peak: int, _cuts: int) -> float:
    done = (step - peak) / max(1, recipe.steps - peak)
    return LAST + (1 - LAST) * (1 + math.cos(math.pi * min(1.0, done))) / 2


def _step(recipe: Recipe, step: int, _peak: int, _cuts: int) -> float:
    return recipe.decay ** int(step / (recipe.decay_every * recipe.steps))


def _plateau(recipe: Recipe, _step: int, _peak: int, cuts: int) -> float:
    return recipe.decay**cuts


def _constant(_recipe: Recipe, _step: int, _peak: int, _cuts: int) -> float:
    return 1.0


SCHEDULES: dict[str, Callable[[Recipe, int, int, int], float]] = {
    "cosine": _cosine,
    "step": _step,
    "plateau": _plateau,
    "constant": _constant,
}
"""Share of the peak rate, from (recipe, step, step of the peak, cuts)."""
