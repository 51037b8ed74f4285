"""Where a training starts from: nothing, a model file, or another run."""

from __future__ import annotations

import torch

from captchalab.errors import UsageError
from captchalab.networks import Network
from captchalab.reading.alphabet import BLANK, Alphabet
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model
from captchalab.training.export import restore

SCRATCH = "scratch"


def load_start(start: str) -> tuple[Network, ModelInfo] | None:
    """The network and description behind ``--from``; ``None`` for ``scratch``."""
    if start == SCRATCH:
        return None
    data, info = find_model(start)
    return restore(data, info), info


def take_over(network: Network, old: Network, alphabet: Alphabet, old_alphabet: Alphabet) -> int:
    """Copy the old network's weights into ``network``; the number of characters whose rows were shared.

    The last layer's rows move to where the new alphabet has the same character; the blank's row
    stays the blank's. New characters keep their fresh rows. Raises ``UsageError`` if anything else
    differs in shape.
    """
    shared = [
        (alphabet.encode(c)[0], old_alphabet.encode(c)[0]) for c in alphabet.characters if c in old_alphabet
    ]
    rows = [(BLANK, BLANK), *shared]
    weights = network.state_dict()
    with torch.no_grad():
        for name, source in old.state_dict().items():
            target = weights.get(name)
            if name.startswith("head.linear."):
                _copy_rows(weights[name], source, rows, alphabet.classes, old_alphabet.classes)
            elif target is None or target.shape != source.shape:
                raise UsageError(
                    f"the networks differ in {name}: train from scratch, or keep the old network's options"
                )
            else:
                target.copy_(source)
    return len(shared)


def _copy_rows(
    new: torch.Tensor, old: torch.Tensor, rows: list[tuple[int, int]], classes: int, old_classes: int
) -> None:
    """Rows of a classifier, for each of its positions (one, where the head is CTC)."""
    positions = min(new.shape[0] // classes, old.shape[0] // old_classes)
    for position in range(positions):
        for here, there in rows:
            new[position * classes + here] = old[position * old_classes + there]
