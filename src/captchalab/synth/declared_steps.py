"""The effects of a declaration: ``[[over]]``, ``effect = "NAME"``, and the options of the effect."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import UsageError, suggest
from captchalab.synth.colours import NEUTRAL
from captchalab.synth.declared_values import (
    at,
    check_probability,
    check_value,
    one_of,
    required,
    section,
    toml_value,
)
from captchalab.synth.effects import EFFECTS, ON_LAYERS, ONLY_ON_LAYERS
from captchalab.synth.effects.layers import BORDERS
from captchalab.synth.opencv import cv2
from captchalab.synth.randomness import random_for
from captchalab.synth.ranges import Range, check_span
from captchalab.synth.scheme import Scheme, Step

FindFont = Callable[[str, str], str]
"""A font's name as a declaration has it, and where that stands, to the name or path that is loaded."""


def steps_of(value: Any, where: str, on_layer: bool, find_font: FindFont) -> tuple[Step, ...]:
    """The steps of an array of tables; ``on_layer`` where they work on the text alone."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        key = where.rpartition(" ")[2]
        raise UsageError(f'{where} = {toml_value(value)}: write [[{key}]] and below it effect = "NAME"')
    return tuple(
        _step(dict(each), f"{section(where, many=True)} {number}", on_layer, find_font)
        for number, each in enumerate(value, 1)
    )


def _step(table: dict[str, Any], where: str, on_layer: bool, find_font: FindFont) -> Step:
    effect = table.pop("effect", None)
    if effect is None:
        raise UsageError(f"{where}: effect is missing; known: {', '.join(EFFECTS)}")
    one_of(EFFECTS, effect, "effect", where)
    if on_layer and effect not in ON_LAYERS:
        raise UsageError(
            f"{where}: the effect {effect!r} cannot stand in on_text; "
            f"those that can: {', '.join(sorted(ON_LAYERS))}"
        )
    if not on_layer and effect in ONLY_ON_LAYERS:
        raise UsageError(f"{where}: the effect {effect!r} works on the text alone; write it under on_text")
    where = f"{where} ({effect})"
    probability = check_value(float, table.pop("probability", 1.0), f"{where}: probability")
    check_probability(probability, f"{where}: probability")
    variant = check_value(str, table.pop("variant", ""), f"{where}: variant")
    allowed = effect_options(effect)
    options = {}
    for key, each in table.items():
        if key not in allowed:
            raise at(where, suggest(key, ["effect", "probability", "variant", *allowed], "option"))
        options[key] = _option(effect, key, each, where)
        if key == "font" and options[key]:
            options[key] = find_font(options[key], f"{where}: {key}")
    return Step(effect, options, probability, variant)


def _option(effect: str, key: str, value: Any, where: str) -> Any:
    """The value of an option as the step holds it."""
    hint, default = effect_options(effect)[key]
    if key == "fill" and isinstance(value, str) and value in BORDERS:
        return value
    try:
        checked = check_value(hint, value, f"{where}: {key}", default)
    except UsageError as error:
        if key != "fill":
            raise
        raise UsageError(f"{error}, or {', '.join(map(toml_value, BORDERS))}") from None
    limits = _LIMITS.get(f"{effect} {key}") or _LIMITS.get(key)
    if limits is not None:
        try:
            check_span(key, checked, limits)
        except UsageError as error:
            raise at(where, error) from None
    return checked


_LIMITS: dict[str, tuple[float, float]] = {
    "count": (0, 100_000),
    "thickness": (0, 200),
    "wavelength": (0.01, 1000),
    "period": (0.01, 1000),
    "row_period": (0.01, 1000),
    "column_period": (0.01, 1000),
    "sideways_period": (0.01, 1000),
    "upright_period": (0.01, 1000),
    "radius": (0.01, 1000),
    "scale": (0.01, 1000),
    "ratio": (0, 1000),
    "sigma": (0, 1000),
    "size": (0, 1000),
    "length": (0, 1000),
    "spacing": (0.001, 10_000),
    "opacity": (0, 1),
    "share": (0, 1),
    "density": (0, 1),
    "quality": (1, 100),
    "rescale factor": (0.01, 1),
    "bezier degree": (1, 9),
    "block depth_x": (-100, 100),
    "block depth_y": (-100, 100),
    "block rim": (0, 50),
    "blobs count": (0, 1000),
    "blur radius": (0, 50),
    "dashes pieces": (1, 1000),
    "decoys count": (0, 1000),
    "decoys size": (0, 10),
    "motion_blur length": (1, 200),
    "mottle count": (1, 256),
    "outline thickness": (0, 50),
    "palette count": (2, 32),
    "petals leaves": (1, 100),
    "photo things": (0, 1000),
    "points radius": (0, 50),
    "polylines corners": (0, 1000),
    "scatter times": (0, 100),
    "shadow blur": (0, 50),
    "splines knots": (2, 64),
    "stars tips": (1, 100),
    "stipple radius": (0, 50),
    "texture octave_count": (1, 12),
}
"""Of options, of all effects or of one: beyond these there is nothing to see, or it takes forever."""


@cache
def effect_options(effect: str) -> dict[str, tuple[Any, Any]]:
    """The options of an effect: for each its annotation and its default."""
    function = EFFECTS[effect]
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    return {
        each.name: (hints[each.name], each.default) for each in parameters if each.kind is each.KEYWORD_ONLY
    }


def try_steps(scheme: Scheme, where: str) -> None:
    """Applies every effect once: what the types of options do not say is found now, not deep in a training.

    Ranges are tried at both ends. Raises ``UsageError`` that names the effect and the options, and says what
    it does not like.
    """
    for part, channels in (("under", 3), ("on_text", 4), ("over", 3)):
        canvas = np.zeros((scheme.height, scheme.width, channels), dtype=np.uint8)
        for number, step in enumerate(getattr(scheme, part), 1):
            for options in (step.options, _at_end(step, 0), _at_end(step, 1)):
                reason = _failure(step.effect, options, canvas)
                if reason:
                    said = _to_blame(step.effect, options, canvas)
                    place = f"{where} [[{part}]] {number} ({step.effect})"
                    raise UsageError(f"{place}: this effect fails with {said}: {reason}")


def _at_end(step: Step, end: int) -> dict[str, Any]:
    """The options of a step, with one end of each range in its place."""
    known = effect_options(step.effect)
    return {
        key: each[end] if isinstance(each, tuple) and required(known[key][0]) == Range else each
        for key, each in step.options.items()
    }


def _failure(effect: str, options: Mapping[str, Any], canvas: NDArray[np.uint8]) -> str:
    """Why the effect cannot be drawn; empty if it can."""
    try:
        EFFECTS[effect](random_for(0, 0), canvas, NEUTRAL, **options)
    except (UsageError, ArithmeticError, LookupError, ValueError, MemoryError, cv2.error) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _to_blame(effect: str, options: Mapping[str, Any], canvas: NDArray[np.uint8]) -> str:
    """The options without which it can be drawn; where no single one is, all of them."""
    alone = {
        key: each
        for key, each in options.items()
        if not _failure(effect, {other: options[other] for other in options if other != key}, canvas)
    }
    return ", ".join(f"{key} = {toml_value(each)}" for key, each in (alone or options).items())
