"""Options of networks, checked: wrong ones raise ``UsageError`` that names the option and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence

from captchalab.errors import UsageError
from captchalab.reading.inputspec import InputSpec


def check_word(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise UsageError(f"{name}={value!r}: allowed are {', '.join(map(repr, allowed))}")


def check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise UsageError(f"{name}={value!r}: true or false")


def check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or value < 1:
        raise UsageError(f"{name}={value!r}: a whole number from 1")


def check_dropout(dropout: object) -> None:
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise UsageError(f"dropout={dropout!r}: a number from 0 to below 1")


def check_steps(spec: InputSpec, length: int, stride: int) -> None:
    """CTC needs a blank between equal neighbours: a text of one repeated character takes 2 L - 1 steps."""
    steps = spec.width // stride
    if steps < 2 * length - 1:
        raise UsageError(
            f"texts of {length} characters need at least {2 * length - 1} steps; an input {spec.width} "
            f"wide gives {steps}. Choose a width of {stride * (2 * length - 1)} or more."
        )
