"""Torch modules and nothing else: a picture batch in, scores ``(N, T, C)`` out.

A new network is one file and one line in ``NETWORKS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from captchalab.errors import UsageError, suggest
from captchalab.networks.backbone import STRIDE, Backbone
from captchalab.networks.cnn import CaptchaNet, Cnn
from captchalab.networks.compact import SIZES, Compact
from captchalab.networks.crnn import Crnn, CrnnGru
from captchalab.networks.heads import Network
from captchalab.reading.inputspec import InputSpec

__all__ = ["NETWORKS", "Network", "build"]


def _compact(spec: InputSpec, classes: int, length: int, size: str = "base", dropout: float = 0.0) -> Network:
    if str(size) not in SIZES:
        raise suggest(str(size), list(SIZES), "size of the network compact")
    _check_dropout(dropout)
    _check_steps(spec, length, 4 * SIZES[size].last)
    return Compact(spec, classes, SIZES[size], dropout)


def _cnn(spec: InputSpec, classes: int, length: int, dense: int = 1024, dropout: float = 0.25) -> Network:
    if not isinstance(dense, int) or dense < 1:
        raise UsageError(f"dense={dense!r}: a whole number from 1")
    _check_dropout(dropout)
    return Cnn(spec, classes, length, dense=dense, dropout=dropout)


def _captchanet(spec: InputSpec, classes: int, length: int, dropout: float = 0.0) -> Network:
    _check_dropout(dropout)
    return CaptchaNet(spec, classes, length, dropout)


def _crnn(
    spec: InputSpec, classes: int, length: int, width: int = 64, hidden: int = 256, dropout: float = 0.0
) -> Network:
    _check_recurrent(spec, length, width, hidden, dropout, stride=4)
    return Crnn(spec, classes, width, hidden, dropout)


def _crnn_gru(
    spec: InputSpec, classes: int, length: int, width: int = 32, hidden: int = 128, dropout: float = 0.2
) -> Network:
    _check_recurrent(spec, length, width, hidden, dropout, stride=8)
    return CrnnGru(spec, classes, width, hidden, dropout)


def _backbone(
    spec: InputSpec,
    classes: int,
    length: int,
    model: str = "resnet18",
    head: str = "position",
    attention: bool = False,
    pooling: str = "average",
    ibn: bool = False,
    neck: bool = False,
    center: float = 0.0,
    dropout: float = 0.0,
) -> Network:
    _check_word("head", head, ("position", "ctc"))
    _check_word("pooling", pooling, ("average", "dual"))
    for name, value in (("attention", attention), ("ibn", ibn), ("neck", neck)):
        if not isinstance(value, bool):
            raise UsageError(f"{name}={value!r}: true or false")
    if not isinstance(center, int | float) or center < 0:
        raise UsageError(f"center={center!r}: a number from 0")
    _check_dropout(dropout)
    if head == "ctc":
        _check_steps(spec, length, STRIDE)
    return Backbone(
        spec, classes, length, str(model), head, attention, pooling, ibn, neck, float(center), dropout
    )


def _check_word(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{name}={value!r}: allowed are {', '.join(map(repr, allowed))}")


def _check_recurrent(
    spec: InputSpec, length: int, width: int, hidden: int, dropout: float, stride: int
) -> None:
    for name, value in (("width", width), ("hidden", hidden)):
        if not isinstance(value, int) or value < 1:
            raise UsageError(f"{name}={value!r}: a whole number from 1")
    if spec.height < 16:
        raise UsageError(f"an input {spec.height} high: a recurrent network needs 16 or more")
    _check_dropout(dropout)
    _check_steps(spec, length, stride)


def _check_steps(spec: InputSpec, length: int, stride: int) -> None:
    """CTC needs a blank between equal neighbours: a text of one repeated character takes 2 L - 1 steps."""
    steps = spec.width // stride
    if steps < 2 * length - 1:
        raise UsageError(
            f"texts of {length} characters need at least {2 * length - 1} steps; an input {spec.width} "
            f"wide gives {steps}. Choose a width of {stride * (2 * length - 1)} or more."
        )


def _check_dropout(dropout: float) -> None:
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise UsageError(f"dropout={dropout!r}: a number from 0 to below 1")


NETWORKS: dict[str, Callable[..., Network]] = {
    "compact": _compact,
    "cnn": _cnn,
    "captchanet": _captchanet,
    "backbone": _backbone,
    "crnn": _crnn,
    "crnn-gru": _crnn_gru,
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
