"""How many steps a training makes: what its recipe says, or as many as fit into its minutes."""

from __future__ import annotations

from captchalab.training.recipe import Recipe

DEFAULT_STEPS = 4000
VALIDATIONS = 12
FINISH_SECONDS = 12.0
"""Set aside for loading the libraries, the export with its check, and the sheets."""


def decide_steps(recipe: Recipe, step_seconds: float, validation_seconds: float, spent: float) -> int:
    """The recipe's steps, or as many as fit into its minutes after ``spent`` seconds of getting ready."""
    if recipe.steps:
        return recipe.steps
    if not recipe.minutes:
        return DEFAULT_STEPS
    left = seconds_to_train(recipe, spent) - VALIDATIONS * validation_seconds
    return max(20, int(left / step_seconds))


def seconds_to_train(recipe: Recipe, spent: float) -> float:
    """What its minutes leave to steps and validations after ``spent`` seconds of getting ready; 0 without."""
    return max(1.0, recipe.minutes * 60 - spent - FINISH_SECONDS) if recipe.minutes else 0.0


def fill_intervals(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with its steps and intervals fixed."""
    every = recipe.validate_every or usual_interval(steps)
    return recipe.with_changes(steps=steps, validate_every=every, save_every=recipe.save_every or every)


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with other steps; intervals that followed from the old ones follow from these."""
    changes = {}
    if recipe.validate_every == usual_interval(recipe.steps):
        changes["validate_every"] = 0
        if recipe.save_every == recipe.validate_every:
            changes["save_every"] = 0
    return fill_intervals(recipe.with_changes(**changes), steps)


def usual_interval(steps: int) -> int:
    """Steps between validations where the recipe leaves it open."""
    return max(1, -(-steps // VALIDATIONS))
