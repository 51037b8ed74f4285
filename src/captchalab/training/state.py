"""What changes while training: weights, their average, the optimizer's moments, the best so far."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from captchalab.errors import RunError
from captchalab.networks import Network
from captchalab.training.checkpoint import Checkpoint
from captchalab.training.optimizer import make_optimizer, slow_rows
from captchalab.training.recipe import Recipe
from captchalab.training.teacher import Teacher


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
    processor_seconds: float = 0.0
    """Of the first process meanwhile: what other programs took of the machine is not in it."""
    figures: dict[str, Any] = field(default_factory=dict)
    """Of the best validation: step, loss, sequence and character accuracy."""
    latest: float | None = None
    """Sequence accuracy of the last validation."""
    stale: int = 0
    """Validations since the last gain."""
    cuts: int = 0
    """How often validations without gain have called for a lower learning rate."""
    losses: deque[float] = field(default_factory=lambda: deque(maxlen=50))
    """Of the last steps; their mean is what is told."""
    known_rows: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.bool))
    """``(rows,)`` bool: rows of the classifier that came from the start model, where they learn slower."""
    teacher: Teacher | None = None
    processes: int = 0
    """How many train together, each its share of the pictures; 0 where nothing is trained."""

    @classmethod
    def new(cls, network: Network, recipe: Recipe, known_rows: Tensor | None = None) -> State:
        average = copy.deepcopy(network).eval().requires_grad_(False)
        state = cls(network, average, make_optimizer(network, recipe))
        if recipe.start_rate != 1:
            classifier = network.head.linear
            state.known_rows = torch.zeros_like(classifier.bias, dtype=torch.bool)
            if known_rows is not None:
                state.known_rows.copy_(known_rows)
            slow_rows(state.optimizer, classifier, state.known_rows, recipe.start_rate)
        return state

    def follow(self, decay: float) -> None:
        """Move the average towards the weights. Early on the average forgets faster."""
        keep = min(decay, (1 + self.step) / (10 + self.step))
        ours, theirs = self.average.state_dict(), self.network.state_dict()
        with torch.no_grad():
            floats = [name for name, tensor in ours.items() if tensor.is_floating_point()]
            torch._foreach_lerp_([ours[name] for name in floats], [theirs[name] for name in floats], 1 - keep)

    def take_best(self, figures: dict[str, Any], endured: int) -> bool:
        """Remember these weights if they are the best yet: by accuracy, then by loss. Whether they are.

        Every so many validations without gain as are ``endured`` count as a call for a lower learning rate.
        """
        key = (figures["sequence_accuracy"], -figures["loss"])
        gained = not self.figures or key > (self.figures["sequence_accuracy"], -self.figures["loss"])
        if gained:
            self.figures = figures
            self.best = {name: tensor.detach().clone() for name, tensor in self.average.state_dict().items()}
        self.latest = figures["sequence_accuracy"]
        self.stale = 0 if gained else self.stale + 1
        self.cuts += int(self.stale > 0 and self.stale % endured == 0)
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
        if len(self.known_rows):
            tensors["known_rows"] = self.known_rows
        if torch.cuda.is_available():  # where dropout draws on a GPU
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        facts = {"step": self.step, "seconds": self.seconds, "figures": self.figures}
        facts["processor_seconds"] = self.processor_seconds
        facts |= {"latest": self.latest, "stale": self.stale, "losses": list(self.losses), "cuts": self.cuts}
        facts["processes"] = self.processes
        facts["teacher"] = self.teacher.sha256 if self.teacher is not None else ""
        return Checkpoint(tensors, facts)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on exactly where the checkpoint was taken.

        Raises ``RunError`` for another teacher than then, or another number of processes.
        """
        facts = checkpoint.facts
        then = facts.get("processes", self.processes)
        if self.processes not in (0, then):
            raise RunError(
                f"this run was begun by {then} and is resumed by {self.processes} processes, which would see "
                f"other pictures: resume it by {then}, or train on from it with --from"
            )
        if self.teacher is not None and facts["teacher"] != self.teacher.sha256:
            raise RunError("the teacher is not the one that this run began with: put that back to resume")
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
        if len(self.known_rows):
            self.known_rows.copy_(checkpoint.tensors["known_rows"])
        self.step, self.seconds = facts["step"], facts["seconds"]
        self.processor_seconds = facts.get("processor_seconds", 0.0)  # as cuts below
        self.figures, self.latest, self.stale = facts["figures"], facts["latest"], facts["stale"]
        self.cuts = facts.get("cuts", 0)  # 0: a run of an older version
        self.losses.extend(facts["losses"])
