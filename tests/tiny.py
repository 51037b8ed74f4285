"""Trainings that take a second or two: the smallest network, small pictures, few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from captchalab.training.device import open_accelerator
from captchalab.training.plan import Plan
from captchalab.training.progress import Message
from captchalab.training.ready import get_ready
from captchalab.training.recipe import Recipe
from captchalab.training.state import State

DIGITS = "scheme:lepture?alphabet=0123&length=1&width=64&height=32"
"""Four classes, read well after a hundred tiny steps."""

TINY: dict[str, Any] = {
    "options": {"size": "tiny"},
    "width": 64,
    "height": 24,
    "batch": 16,
    "learning_rate": 1e-2,
    "average": 0.9,
    "validation_pictures": 64,
    "workers": 0,
    "device": "cpu",
    "precision": "float32",
}

Told = list[object]
"""What a training told whoever watched it."""


def recipe(**changes: Any) -> Recipe:
    """The recipe of ``TINY``, with some settings changed."""
    settings = {name: value for name, value in TINY.items() if name != "device"}
    return Recipe().with_changes(**(settings | changes))


def ready(sources: Any, **changes: Any) -> tuple[Plan, State]:
    """What a training begins with, and no step of it."""
    return get_ready(recipe(**changes), sources, open_accelerator("cpu"), lambda _text: None)


def messages(told: Told) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Message))


def stored_weights(model: Path) -> dict[str, Tensor]:
    """The initializers of a model file by name, as they lie there."""
    graph = onnx.load_from_string(model.read_bytes()).graph
    return {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}


def equal_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two sets of tensors are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
