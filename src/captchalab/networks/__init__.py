"""Torch modules and nothing else: a picture batch in, scores ``(N, T, C)`` out.

A new network is one file and one line in ``NETWORKS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from captchalab.errors import UsageError, suggest
from captchalab.networks.cnn import Cnn
from captchalab.networks.compact import SIZES, Compact
from captchalab.networks.heads import Network
from captchalab.reading.inputspec import InputSpec

__all__ = ["NETWORKS", "Network", "build"]


def _compact(spec: InputSpec, classes: int, length: int, size: str = "base", dropout: float = 0.0) -> Network:
    if str(size) not in SIZES:
        raise suggest(str(size), list(SIZES), "size of the network compact")
    _check_dropout(dropout)
    stride = 4 * SIZES[size].last
    steps = -(-spec.width // stride)
    # CTC needs a blank between equal neighbours: a text of one repeated character takes 2 L - 1 steps.
    if steps < 2 * length - 1:
        raise UsageError(
            f"texts of {length} characters need at least {2 * length - 1} steps; an input {spec.width} "
            f"wide gives {steps}. Choose a width of {stride * (2 * length - 1)} or more."
        )
    return Compact(spec, classes, SIZES[size], dropout)


def _cnn(spec: InputSpec, classes: int, length: int, dense: int = 1024, dropout: float = 0.25) -> Network:
    if not isinstance(dense, int) or dense < 1:
        raise UsageError(f"dense={dense!r}: a whole number from 1")
    _check_dropout(dropout)
    return Cnn(spec, classes, length, dense=dense, dropout=dropout)


def _check_dropout(dropout: float) -> None:
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise UsageError(f"dropout={dropout!r}: a number from 0 to below 1")


NETWORKS: dict[str, Callable[..., Network]] = {
    "compact": _compact,
    "cnn": _cnn,
}


def build(name: str, spec: InputSpec, classes: int, length: int, options: dict[str, Any]) -> Network:
    """The network ``name`` for inputs of ``spec`` and texts of up to ``length`` characters.

    ``classes`` counts the blank. Raises ``UsageError`` for an unknown name or option, and
    for a wrong value.
    """
    if name not in NETWORKS:
        raise suggest(name, list(NETWORKS), "network")
    builder = NETWORKS[name]
    allowed = builder.__code__.co_varnames[3 : builder.__code__.co_argcount]
    for option in options:
        if option not in allowed:
            raise suggest(option, allowed, f"option of the network {name}")
    return builder(spec, classes, length, **options)
