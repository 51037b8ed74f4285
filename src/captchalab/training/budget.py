"""How many steps a training makes: what its recipe says, or as many as fit into its minutes."""

from __future__ import annotations

from captchalab.training.recipe import Recipe

DEFAULT_STEPS = 4000
VALIDATIONS = 12
VALIDATING = 0.1
"""Share of its minutes that a training validates, at most: a slow network does so less often, but twice."""
FINISH_SECONDS = 12.0
"""Set aside for loading the libraries, the export with its check, and the sheets."""


def decide_steps(
    recipe: Recipe, step_seconds: float, validation_seconds: float, spent: float
) -> tuple[int, int]:
    """The recipe's steps, or as many as fit into its minutes after ``spent`` seconds of getting ready; and in
    how many validations."""
    if recipe.steps or not recipe.minutes:
        return recipe.steps or DEFAULT_STEPS, VALIDATIONS
    left = seconds_to_train(recipe, spent)
    affordable = int(VALIDATING * left / max(1e-9, validation_seconds))
    validations = max(2, min(VALIDATIONS, affordable))
    return max(20, int((left - validations * validation_seconds) / step_seconds)), validations


def seconds_to_train(recipe: Recipe, spent: float) -> float:
    """What its minutes leave to steps and validations after ``spent`` seconds of getting ready; 0 without."""
    return max(1.0, recipe.minutes * 60 - spent - FINISH_SECONDS) if recipe.minutes else 0.0


def fill_intervals(recipe: Recipe, steps: int, validations: int = VALIDATIONS) -> Recipe:
    """The recipe with its steps and intervals fixed."""
    every = recipe.validate_every or usual_interval(steps, validations)
    return recipe.with_changes(steps=steps, validate_every=every, save_every=recipe.save_every or every)


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with other steps; intervals that followed from the old ones follow from these."""
    changes = {}
    validations = validations_behind(recipe.validate_every, recipe.steps, recipe.minutes)
    if validations:
        changes["validate_every"] = 0
        if recipe.save_every == recipe.validate_every:
            changes["save_every"] = 0
    return fill_intervals(recipe.with_changes(**changes), steps, validations or VALIDATIONS)


def usual_interval(steps: int, validations: int) -> int:
    """Steps between so many validations."""
    return max(1, -(-steps // validations))


def validations_behind(interval: int, steps: int, minutes: float) -> int:
    """How many validations in all an interval followed from; 0 for one that somebody stated."""
    counts = range(VALIDATIONS, 1, -1) if minutes else (VALIDATIONS,)
    return next((count for count in counts if usual_interval(steps, count) == interval), 0)
