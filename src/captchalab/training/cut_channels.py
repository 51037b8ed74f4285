"""Whole channels cut out of a network, with all that depends on them."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from captchalab.errors import MissingExtra, UsageError
from captchalab.networks import Network
from captchalab.networks.layers import InstanceBatchNorm
from captchalab.reading.inputspec import InputSpec

ROUND_TO = 8
"""Channels stay a multiple of this: processors compute so many at once."""


def cut_channels(network: Network, spec: InputSpec, share: float) -> int:
    """Cut about ``share`` of the channels of each layer out of ``network``; how many parameters are gone.

    Those go whose weights, together with all weights that depend on them, have the smallest norm (Li et al.,
    2017; the groups by Fang et al., 2023). The scores keep their shape. Recurrent layers keep their cells.
    Raises ``UsageError`` for a network whose parts do not fit together without its channels.
    """
    try:
        import torch_pruning
    except ModuleNotFoundError:
        raise MissingExtra("train", "pruning") from None
    example = torch.zeros((1, *spec.shape), dtype=torch.uint8, device=next(network.parameters()).device)
    before = _size(network)
    training = network.training
    network.eval()
    try:
        with warnings.catch_warnings():
            # Of parts that it does not know: GRUs, which are left alone here.
            warnings.filterwarnings("ignore", category=UserWarning, module="torch_pruning")
            torch_pruning.pruner.BasePruner(
                network,
                example,
                importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
                pruning_ratio=share,
                ignored_layers=_left_alone(network),
                round_to=ROUND_TO,
            ).step()
        with torch.inference_mode():
            network(example)
    except (RuntimeError, ValueError, IndexError) as error:
        raise UsageError(f"this network cannot be pruned: {str(error).splitlines()[0]}") from error
    network.train(training)
    return before - _size(network)


def _left_alone(network: Network) -> list[nn.Module | nn.Parameter]:
    """The scores, recurrent layers, and the layers whose outputs must stay as many as they are."""
    kept: list[nn.Module | nn.Parameter] = [network.head.linear]
    for module in network.modules():
        if isinstance(module, nn.LSTM):
            kept.append(module)
        elif isinstance(module, nn.GRU):  # no type of layer that torch_pruning knows
            kept += [*module.parameters(), *network.get_submodule("columns").modules()]
        norm = getattr(module, "bn1", None)
        if norm is not None and any(isinstance(part, InstanceBatchNorm) for part in norm.modules()):
            kept.append(module.get_submodule("conv1"))  # it divides its channels in half
    return kept


def _size(network: Network) -> int:
    return sum(each.numel() for each in network.parameters())
