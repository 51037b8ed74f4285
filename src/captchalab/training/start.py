"""Where a training starts from: nothing, a model file, or another run."""

from __future__ import annotations

import torch

from captchalab.errors import UsageError
from captchalab.networks import Network
from captchalab.reading.alphabet import BLANK, Alphabet
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model
from captchalab.training.export import restore
from captchalab.training.recipe import Recipe

SCRATCH = "scratch"
_CLASSIFIER = "head.linear."
_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue in grey, as ``InputSpec`` makes it."""

Weights = dict[str, torch.Tensor]


def load_start(start: str) -> tuple[Network, ModelInfo] | None:
    """The network and description behind ``--from``; ``None`` for ``scratch``."""
    if start == SCRATCH:
        return None
    data, info = find_model(start)
    return restore(data, info), info


def follow_start(recipe: Recipe, info: ModelInfo) -> Recipe:
    """The recipe with what it leaves open as the model ``info`` has it: network, options, input, frames.

    What it does say stays, and ``take_over`` judges whether the old weights fit. Raises ``UsageError`` for
    another network.
    """
    network = info.network["name"]
    if recipe.network not in (network, Recipe.network):
        raise UsageError(
            f"network={recipe.network}: the model {info.name} to start from is of the network {network}; "
            "leave the network out, or train --from scratch"
        )
    ours, theirs = recipe, info.input
    return recipe.with_changes(
        network=network,
        options=info.network["options"] | recipe.options,
        height=ours.height or theirs.height,
        width=ours.width or theirs.width,
        channels=theirs.channels if ours.channels == Recipe.channels else ours.channels,
        fit=ours.fit or theirs.fit,
        frames=ours.frames or info.frames,
    )


def take_over(network: Network, old: Network, alphabet: Alphabet, old_alphabet: Alphabet) -> int:
    """Copy the old network's weights into ``network``; the number of characters whose rows were shared.

    The last layer's rows move to where the new alphabet has the same character; the blank's row
    stays the blank's. New characters keep their fresh rows. A grey network may go on in colour.
    Raises ``UsageError`` if anything else differs in shape.
    """
    pairs = _row_pairs(network, old, alphabet, old_alphabet)
    here, there = (list(rows) for rows in zip(*pairs, strict=True))
    weights = _taken(network)
    known = _in_colour(_taken(old), weights)
    _check_shapes(weights, known)
    with torch.no_grad():
        for name, target in weights.items():
            if name.startswith(_CLASSIFIER):
                target[here] = known[name][there]
            else:
                target.copy_(known[name])
    return sum(character in old_alphabet for character in alphabet.characters)


def known_rows(network: Network, old: Network, alphabet: Alphabet, old_alphabet: Alphabet) -> torch.Tensor:
    """``(rows,)`` bool: which rows of the classifier of ``network`` ``take_over`` fills."""
    rows = torch.zeros(network.head.linear.out_features, dtype=torch.bool)
    rows[[here for here, _ in _row_pairs(network, old, alphabet, old_alphabet)]] = True
    return rows


def _row_pairs(
    network: Network, old: Network, alphabet: Alphabet, old_alphabet: Alphabet
) -> list[tuple[int, int]]:
    """Rows of the two classifiers that stand for one class, for each position (one in CTC)."""
    shared = [c for c in alphabet.characters if c in old_alphabet]
    classes = [(BLANK, BLANK), *((alphabet.encode(c)[0], old_alphabet.encode(c)[0]) for c in shared)]
    ours, theirs = alphabet.classes, old_alphabet.classes
    positions = min(network.head.linear.out_features // ours, old.head.linear.out_features // theirs)
    return [
        (position * ours + here, position * theirs + there)
        for position in range(positions)
        for here, there in classes
    ]


def _taken(network: Network) -> Weights:
    """All that one network can take from another: not what only a loss remembers."""
    return {name: tensor for name, tensor in network.state_dict().items() if ".training_" not in name}


def _in_colour(known: Weights, weights: Weights) -> Weights:
    """What read grey pictures reads the grey of coloured ones, where ``weights`` are for colour."""
    return {
        name: tensor * torch.tensor(_LUMA).view(1, 3, 1, 1)
        if tensor.dim() == 4 and name in weights and (tensor.shape[1], weights[name].shape[1]) == (1, 3)
        else tensor
        for name, tensor in known.items()
    }


def _check_shapes(weights: Weights, known: Weights) -> None:
    """All but the classifier's rows, which ``take_over`` moves, must be alike."""
    for name in weights | known:
        ours, theirs = (each[name].shape if name in each else None for each in (weights, known))
        if name.startswith(_CLASSIFIER) and ours and theirs:
            ours, theirs = ours[1:], theirs[1:]
        if ours != theirs:
            raise UsageError(
                f"the network asked for differs in {name} from that of the model to start from: leave its "
                "options, height, width and channels as that model has them, or train --from scratch"
            )
