"""Knowledge distillation: a network also learns what a larger one makes of each picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from captchalab.errors import UsageError
from captchalab.networks import Network
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model
from captchalab.training.export import restore
from captchalab.training.plan import Plan
from captchalab.training.recipe import Recipe
from captchalab.training.tradeoff import Tradeoff, weigh


@dataclass
class Teacher:
    """A trained network that scores pictures as the one in training does."""

    network: Network
    sha256: str
    """Of its file: a resumed training needs the same one."""
    weight: float
    """Its share of the loss."""
    temperature: float
    file: tuple[bytes, ModelInfo]

    def beside(self, student: Path, plan: Plan) -> Tradeoff:
        """Both models on the validation pictures, which are prepared for both already."""
        pictures = list(zip(plan.validation.images, plan.validation.texts, strict=True))
        return weigh(self.file, find_model(student), pictures, student)

    def mix(self, loss: Tensor, scores: Tensor, images: Tensor) -> Tensor:
        """``loss`` and the divergence of ``scores`` ``(N, T, C)`` from the teacher's, by their weights.

        Both softened by the temperature, whose square keeps the gradient's size (Hinton et al., 2015);
        for CTC, step by step.
        """
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            theirs = functional.log_softmax(self.network(images) / self.temperature, dim=-1)
        ours = functional.log_softmax(scores / self.temperature, dim=-1)
        divergence = functional.kl_div(ours, theirs, reduction="sum", log_target=True)
        divergence = divergence * self.temperature**2 / (scores.shape[0] * scores.shape[1])
        return (1 - self.weight) * loss + self.weight * divergence


def follow_teacher(recipe: Recipe) -> Recipe:
    """The recipe with the alphabet and input that it leaves open as its teacher has them."""
    if not recipe.teacher:
        return recipe
    _, info = find_model(recipe.teacher)
    return recipe.with_changes(
        alphabet=recipe.alphabet or info.alphabet.characters,
        max_length=recipe.max_length or (info.lengths[1] if info.decoder == "position" else 0),
        height=recipe.height or info.input.height,
        width=recipe.width or info.input.width,
        channels=info.input.channels if recipe.channels == Recipe.channels else recipe.channels,
        fit=recipe.fit or info.input.fit,
    )


def load_teacher(plan: Plan, network: Network) -> Teacher | None:
    """The teacher that the plan's recipe names, on the device of ``network``, which it is to teach.

    Raises ``UsageError`` where their scores could not be compared, ``ModelFileError`` for a file that
    holds no whole network.
    """
    recipe = plan.recipe
    if not recipe.teacher:
        return None
    data, info = find_model(recipe.teacher)
    _check_alike(info, plan, network)
    teacher = restore(data, info).eval().requires_grad_(False)
    examples = torch.zeros((1, *plan.spec.shape), dtype=torch.uint8)
    device = next(network.parameters()).device
    with torch.inference_mode():
        theirs = teacher(examples).shape[1]
        training, ours = network.training, network.eval()(examples.to(device)).shape[1]
    network.train(training)
    if theirs != ours:
        raise UsageError(
            f"the teacher {info.name} scores {theirs} steps a picture, the network {recipe.network} {ours}: "
            "choose a network or size with the same steps"
        )
    digest = hashlib.sha256(data).hexdigest()
    return Teacher(teacher.to(device), digest, recipe.teacher_weight, recipe.temperature, (data, info))


def _check_alike(info: ModelInfo, plan: Plan, network: Network) -> None:
    ours, theirs = (
        f"{spec.width}x{spec.height}x{spec.channels} {spec.fit}" for spec in (plan.spec, info.input)
    )
    pairs = (
        ("alphabet", plan.alphabet.characters, info.alphabet.characters),
        ("decoder", network.head.decoder, info.decoder),
        ("input", ours, theirs),
        ("frames", plan.recipe.frames, info.frames),
    )
    for what, here, there in pairs:
        if here != there:
            raise UsageError(
                f"the teacher {info.name} has the {what} {there:.60}, the network to train {here:.60}: they "
                "must agree; leave alphabet and input open to follow the teacher, or choose another"
            )
