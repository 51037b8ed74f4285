"""What changes while training: weights, their average, the optimizer's moments, the best so far."""

from __future__ import annotations

import copy
import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from captchalab.networks import Network
from captchalab.training.checkpoint import Checkpoint
from captchalab.training.recipe import Recipe


@dataclass
class State:
    """All that a checkpoint holds."""

    network: Network
    average: Network
    optimizer: torch.optim.Optimizer
    best: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    seconds: float = 0.0
    """Spent training, over all sessions."""
    figures: dict[str, Any] = field(default_factory=dict)
    """Of the best validation: step, loss, sequence and character accuracy."""
    latest: float | None = None
    """Sequence accuracy of the last validation."""
    stale: int = 0
    """Validations since the last gain."""
    losses: deque[float] = field(default_factory=lambda: deque(maxlen=50))
    """Of the last steps; their mean is what is told."""

    @classmethod
    def new(cls, network: Network, recipe: Recipe) -> State:
        average = copy.deepcopy(network).eval().requires_grad_(False)
        return cls(network, average, make_optimizer(network, recipe))

    def follow(self, decay: float) -> None:
        """Move the average towards the weights. Early on the average forgets faster."""
        keep = min(decay, (1 + self.step) / (10 + self.step))
        ours, theirs = self.average.state_dict(), self.network.state_dict()
        with torch.no_grad():
            floats = [name for name, tensor in ours.items() if tensor.is_floating_point()]
            torch._foreach_lerp_([ours[name] for name in floats], [theirs[name] for name in floats], 1 - keep)

    def take_best(self, figures: dict[str, Any]) -> bool:
        """Remember these weights if they are the best yet: by accuracy, then by loss. Whether they are."""
        key = (figures["sequence_accuracy"], -figures["loss"])
        gained = not self.figures or key > (self.figures["sequence_accuracy"], -self.figures["loss"])
        if gained:
            self.figures = figures
            self.best = {name: tensor.detach().clone() for name, tensor in self.average.state_dict().items()}
        self.latest = figures["sequence_accuracy"]
        self.stale = 0 if gained else self.stale + 1
        return gained

    def best_network(self) -> Network:
        """The network with the best weights, on the CPU, in evaluation mode."""
        network = copy.deepcopy(self.average).cpu()
        network.load_state_dict(self.best)
        return network.eval()

    def to_checkpoint(self) -> Checkpoint:
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {
                f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in moments.items()
            }
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():  # where dropout draws on a GPU
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        facts = {"step": self.step, "seconds": self.seconds, "figures": self.figures}
        facts |= {"latest": self.latest, "stale": self.stale, "losses": list(self.losses)}
        return Checkpoint(tensors, facts)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on exactly where the checkpoint was taken."""
        groups: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "best": {}, "optimizer": {}}
        for name, tensor in checkpoint.tensors.items():
            group, _, rest = name.partition(".")
            if rest:
                groups[group][rest] = tensor
        self.network.load_state_dict(groups["network"])
        self.average.load_state_dict(groups["average"])
        self.best = groups["best"]
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in groups["optimizer"].items():
            number, _, key = name.partition(".")
            moments.setdefault(int(number), {})[key] = tensor
        whole = self.optimizer.state_dict()
        self.optimizer.load_state_dict({"state": moments, "param_groups": whole["param_groups"]})
        torch.set_rng_state(checkpoint.tensors["random"])
        if torch.cuda.is_available() and "random_cuda" in checkpoint.tensors:
            torch.cuda.set_rng_state(checkpoint.tensors["random_cuda"])
        facts = checkpoint.facts
        self.step, self.seconds = facts["step"], facts["seconds"]
        self.figures, self.latest, self.stale = facts["figures"], facts["latest"], facts["stale"]
        self.losses.extend(facts["losses"])


def make_optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; weight decay for weights alone, not for biases and normalisation."""
    weights = [each for each in network.parameters() if each.ndim > 1]
    others = [each for each in network.parameters() if each.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate, fused=True)


def learning_rate(recipe: Recipe, step: int) -> float:
    """Up along a cosine in the warm-up's share of the steps, then down along one to nearly nothing."""
    peak = max(1, round(recipe.warmup * recipe.steps))
    if step < peak:
        return recipe.learning_rate * (0.04 + 0.96 * (1 - math.cos(math.pi * step / peak)) / 2)
    done = (step - peak) / max(1, recipe.steps - peak)
    return recipe.learning_rate * (1e-4 + (1 - 1e-4) * (1 + math.cos(math.pi * min(1.0, done))) / 2)
