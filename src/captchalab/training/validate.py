"""A network read on prepared pictures: what training, curves and sheets know of its quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from captchalab.networks import Network
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.decode import decode
from captchalab.reading.metrics import Tally, measure
from captchalab.training.batches import Prepared, encode_texts

BATCH = 250


@dataclass(frozen=True)
class Validation:
    """``reads`` are the texts in the order of the pictures."""

    loss: float
    tally: Tally
    reads: list[str]

    @property
    def figures(self) -> dict[str, float]:
        return {
            "loss": self.loss,
            "sequence_accuracy": self.tally.sequence_accuracy,
            "character_accuracy": self.tally.character_accuracy,
        }


def validate(network: Network, prepared: Prepared, alphabet: Alphabet, device: torch.device) -> Validation:
    """Read every prepared picture; the network is left in evaluation mode."""
    network.eval()
    reads: list[str] = []
    loss = 0.0
    with torch.inference_mode():
        for first in range(0, len(prepared), BATCH):
            images = torch.from_numpy(prepared.images[first : first + BATCH]).to(device)
            texts = prepared.texts[first : first + BATCH]
            scores = network(images).cpu()
            loss += network.head.loss(scores, *encode_texts(texts, alphabet)).item() * len(texts)
            reads += read_scores(scores, alphabet, network.head.decoder)
    return Validation(loss / len(prepared), measure(zip(prepared.texts, reads, strict=True)), reads)


def read_scores(scores: Tensor, alphabet: Alphabet, decoder: str) -> list[str]:
    """The texts of scores ``(N, T, C)``."""
    return [decode(each, alphabet, decoder).text for each in np.asarray(scores.detach().float().cpu())]
