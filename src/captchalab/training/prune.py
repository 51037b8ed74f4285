"""A model file -> one with fewer channels, trained a little more, with what that costs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from captchalab.errors import UsageError
from captchalab.networks import Network
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model
from captchalab.training.cut_channels import cut_channels
from captchalab.training.device import open_accelerator
from captchalab.training.export import export
from captchalab.training.fit import count_workers, load_batches, make_batches
from captchalab.training.held_out import hold_out
from captchalab.training.loop import train_step
from captchalab.training.memory import explaining_memory
from captchalab.training.plan import Plan
from captchalab.training.ready import get_ready
from captchalab.training.recipe import Recipe
from captchalab.training.run import PARITY_PICTURES
from captchalab.training.state import State
from captchalab.training.teacher import load_teacher
from captchalab.training.tradeoff import TESTED, Tradeoff, check_target, write_lighter

STEPS = 500
"""Fewer leave accuracy behind; more gain little."""

OnStep = Callable[[int, int], None]
"""Called with the steps made and to make."""


@explaining_memory()
def prune(
    model: str,
    out: str | Path,
    data: Sequence[str],
    *,
    share: float = 0.3,
    steps: int = STEPS,
    test: str | None = None,
    device: str = "auto",
    on_step: OnStep | None = None,
) -> Tradeoff:
    """Cut ``share`` of the channels of each layer out of ``model``, and write the rest as ``out``.

    It is then trained on ``data`` for ``steps`` steps, with the whole model as its teacher. Both are
    measured on other pictures: those that a training on ``data`` holds out, or ``test``. Raises
    ``UsageError`` for a share or steps out of range and networks that cannot be cut, ``ModelFileError``
    for a model that holds no whole network.
    """
    if not 0.05 <= share <= 0.9:
        raise UsageError(f"share={share:g}: allowed is 0.05 to 0.9")
    if steps < 1:
        raise UsageError(f"steps={steps}: at least 1")
    original, info = find_model(model)
    target = check_target(model, out)
    pictures = hold_out(data, test, info.frames)
    plan, state = _get_ready(model, info, data, steps, device)
    cut = cut_channels(state.network, plan.spec, share)
    if not cut:
        raise UsageError(f"share={share:g} cuts nothing out of a network this small")
    teacher = state.teacher
    state = State.new(state.network, plan.recipe)
    state.teacher = teacher
    network = _train(plan, state, device, on_step)
    lighter = _describe(info, network, share, state)
    export(network, lighter, plan.validation.images[:PARITY_PICTURES], target)
    exported = target.read_bytes()
    return write_lighter((original, info), (exported, lighter), pictures.to_measure(TESTED), target)


def _get_ready(
    model: str, info: ModelInfo, data: Sequence[str], steps: int, device: str
) -> tuple[Plan, State]:
    """The plan of the training, and the whole network with itself as teacher."""
    recipe = Recipe().with_changes(
        start=model,
        teacher=model,
        alphabet=info.alphabet.characters,
        max_length=info.lengths[1],
        steps=steps,
        learning_rate=1e-3,
        warmup=0.1,
        seed=1,  # other drawn pictures than the model has seen
    )
    plan, state = get_ready(recipe, data, open_accelerator(device), lambda _text: None)
    state.teacher = load_teacher(plan, state.network)
    return plan, state


def _train(plan: Plan, state: State, device: str, on_step: OnStep | None) -> Network:
    """The average of the weights at the end: no picture that is measured on chooses among them."""
    accelerator = open_accelerator(device)
    steps = plan.recipe.steps
    loading = load_batches(make_batches(plan, accelerator), accelerator, 0, count_workers(plan))
    with closing(loading):
        for batch in itertools.islice(loading, steps):
            train_step(state, plan.recipe, batch)
            if on_step is not None:
                on_step(state.step, steps)
    return state.average.cpu().eval()


def _describe(info: ModelInfo, network: Network, share: float, state: State) -> ModelInfo:
    facts = {
        "why": f"channels were cut out of it; train on from {info.name}, which it came from",
        "pruned": share,
        "pruning_steps": state.step,
        "parameters": sum(each.numel() for each in network.parameters()),
    }
    return replace(info, name=f"{info.name}-pruned", restorable=False, training=info.training | facts)
