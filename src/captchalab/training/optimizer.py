"""Which optimizer, and which of its parameters follow it at a slower rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from captchalab.networks import Network
from captchalab.training.recipe import Recipe

MOMENTUM = 0.9

# Compiled for one pass over all parameters (fused) where torch has that; RAdam's decay is decoupled (Liu et
# al., 2020, as AdamW's).
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adamw": lambda groups, rate: torch.optim.AdamW(groups, rate, fused=True),
    "adam": lambda groups, rate: torch.optim.Adam(groups, rate, fused=True),
    "radam": lambda groups, rate: torch.optim.RAdam(groups, rate, decoupled_weight_decay=True),
    "sgd": lambda groups, rate: torch.optim.SGD(groups, rate, MOMENTUM, fused=True),
}


def make_optimizer(network: Network, recipe: Recipe) -> Optimizer:
    """The recipe's optimizer; weight decay for weights alone, not for biases and normalisation.

    ``share`` of a group says what part of the learning rate it follows.
    """
    groups: list[dict[str, Any]] = []
    for share, parameters in _parts(network, recipe.start_rate):
        weights = [each for each in parameters if each.ndim > 1]
        others = [each for each in parameters if each.ndim <= 1]
        groups += [
            {"params": weights, "weight_decay": recipe.weight_decay, "share": share},
            {"params": others, "weight_decay": 0.0, "share": share},
        ]
    return OPTIMIZERS[recipe.optimizer](groups, recipe.learning_rate)


def _parts(network: Network, start_rate: float) -> list[tuple[float, list[nn.Parameter]]]:
    """Parameters by their share of the rate: all but the head may have come from another model."""
    if start_rate == 1:
        return [(1.0, list(network.parameters()))]
    head = list(network.head.parameters())
    known = [each for each in network.parameters() if all(each is not other for other in head)]
    return [(start_rate, known), (1.0, head)]


def slow_rows(optimizer: Optimizer, classifier: nn.Linear, known: Tensor, share: float) -> None:
    """Let the rows ``known`` ``(rows,)`` bool of the classifier follow each step only a ``share`` of its way.

    Whatever the optimizer: it moves the rows, and they are brought back by the rest.
    """
    before: list[Tensor] = []

    def remember(*_: Any) -> None:
        before[:] = [each.detach().clone() for each in classifier.parameters()]

    def bring_back(*_: Any) -> None:
        with torch.no_grad():
            for now, then in zip(classifier.parameters(), before, strict=True):
                now[known] = torch.lerp(then[known], now[known], share)

    optimizer.register_step_pre_hook(remember)
    optimizer.register_step_post_hook(bring_back)
