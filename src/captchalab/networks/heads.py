"""What turns features into scores. Loss and decoder travel together.

A head takes features ``(N, T, F)`` and answers scores ``(N, T, C)``: log-probabilities over the
alphabet's classes, class 0 being the blank or the padding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class CtcHead(nn.Module):
    """Connectionist temporal classification (Graves et al., 2006): texts of any length up to T steps."""

    decoder = "ctc"

    def __init__(self, features: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, classes)

    def forward(self, features: Tensor) -> Tensor:
        # Log-probabilities in float32: bf16 has too few digits for sums over alignments.
        return functional.log_softmax(self.linear(self.dropout(features)).float(), dim=-1)

    def loss(self, scores: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        """Mean over pictures of -log P(text) per character.

        ``targets`` is ``(N, L)`` int64 padded with 0, ``lengths`` is ``(N,)`` int64.
        """
        steps = torch.full((scores.shape[0],), scores.shape[1], dtype=torch.long)
        return functional.ctc_loss(scores.transpose(0, 1), targets, steps, lengths, zero_infinity=True)


class PositionHead(nn.Module):
    """One classifier for each position of a text; shorter texts are filled up with the padding class."""

    decoder = "position"

    def __init__(self, features: int, length: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.length = length
        self.classes = classes
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, length * classes)

    def forward(self, features: Tensor) -> Tensor:
        """``(N, F)`` -> ``(N, length, classes)``."""
        logits = self.linear(self.dropout(features)).float()
        return functional.log_softmax(logits.reshape(-1, self.length, self.classes), dim=-1)

    def loss(self, scores: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        """Mean cross-entropy per position. ``targets`` is ``(N, L)``, ``L <= length``, padded with 0."""
        padded = functional.pad(targets, (0, self.length - targets.shape[1]))
        return functional.nll_loss(scores.flatten(0, 1), padded.flatten())


Head = CtcHead | PositionHead


class Network(nn.Module):
    """``(N, H, W, C)`` uint8 -> ``(N, T, C)`` log-probabilities.

    Its head holds the loss and names the decoder.
    """

    head: Head
