"""What a training tells whoever watches it. Plain data: no torch, no printing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """Told once, before the first step: what is going to happen and how long it will take."""

    steps: int
    seconds: float
    """Expected wall clock until the model file is written."""
    pictures_per_second: float
    parameters: int
    """Trainable parameters of the network."""
    text: str
    """The same for people, one line."""


@dataclass(frozen=True)
class Progress:
    """Told every few steps."""

    step: int
    steps: int
    pictures_per_second: float
    loss: float
    validation_accuracy: float | None
    """Sequence accuracy (0 to 1) of the last validation; ``None`` before the first."""
    seconds_left: float


@dataclass(frozen=True)
class Message:
    """Anything else worth a line: a checkpoint taken up, a target reached, a file written."""

    text: str


Event = Estimate | Progress | Message
OnProgress = Callable[[Event], None]
