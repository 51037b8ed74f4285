"""What turns features into scores. Loss and decoder travel together.

A head takes features ``(N, T, F)`` and answers scores ``(N, T, C)``: log-probabilities over the
alphabet's classes, class 0 being the blank or the padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def smoothed(loss: Tensor, scores: Tensor, smoothing: float) -> Tensor:
    """``loss`` with a share of the cross-entropy between uniform and ``scores`` ``(N, T, C)``.

    Beside a cross-entropy that is label smoothing (Szegedy et al., 2016); beside CTC, a confidence penalty.
    """
    return loss if smoothing == 0 else (1 - smoothing) * loss - smoothing * scores.mean()


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

    def loss(self, scores: Tensor, targets: Tensor, lengths: Tensor, smoothing: float = 0.0) -> Tensor:
        """Mean over pictures of -log P(text) per character.

        ``targets`` is ``(N, L)`` int64 padded with 0, ``lengths`` is ``(N,)`` int64. An alignment has no
        target to smooth: ``smoothing`` draws the scores of each step towards uniform instead.
        """
        steps = torch.full((scores.shape[0],), scores.shape[1], dtype=torch.long)
        loss = functional.ctc_loss(scores.transpose(0, 1), targets, steps, lengths, zero_infinity=True)
        return smoothed(loss, scores, smoothing)


class PositionHead(nn.Module):
    """One classifier for each position of a text; shorter texts are filled up with the padding class."""

    decoder = "position"

    def __init__(
        self, features: int, length: int, classes: int, dropout: float = 0.0, center: float = 0.0
    ) -> None:
        super().__init__()
        self.length = length
        self.classes = classes
        self.centers = Centers(length, classes, features) if center else None
        self.center = center
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, length * classes)

    def forward(self, features: Tensor) -> Tensor:
        """``(N, F)`` -> ``(N, length, classes)``."""
        if self.training and self.centers is not None:
            self.centers.features = features
        logits = self.linear(self.dropout(features)).float()
        return functional.log_softmax(logits.reshape(-1, self.length, self.classes), dim=-1)

    def loss(self, scores: Tensor, targets: Tensor, lengths: Tensor, smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy per position. ``targets`` is ``(N, L)``, ``L <= length``, padded with 0.

        ``smoothing`` is the share of each target that is spread over all classes.
        """
        padded = functional.pad(targets, (0, self.length - targets.shape[1]))
        loss = smoothed(functional.nll_loss(scores.flatten(0, 1), padded.flatten()), scores, smoothing)
        if self.centers is not None and self.centers.features is not None:
            loss = loss + self.center * self.centers.loss(padded)
        return loss


class Centers(nn.Module):
    """Center loss (Wen et al., 2016): the features of pictures that show the same character at a position
    are drawn together. Only training needs the centers: model files do not hold them."""

    def __init__(self, length: int, classes: int, features: int, rate: float = 0.005) -> None:
        super().__init__()
        self.rate = rate
        self.features: Tensor | None = None
        """Of the pictures that were scored last, ``(N, F)``."""
        self.register_buffer("training_centers", torch.zeros(length, classes, features))

    def loss(self, targets: Tensor) -> Tensor:
        """Mean squared distance from the centers of ``targets`` ``(N, L)``, which then follow a little."""
        assert self.features is not None
        features, self.features = self.features.float(), None
        centers: Tensor = self.get_buffer("training_centers")
        positions = torch.arange(targets.shape[1], device=targets.device)
        away = features[:, None] - centers[positions, targets]  # (N, L, F)
        with torch.no_grad():
            places = (positions.expand_as(targets), targets)
            centers.index_put_(places, self.rate * away.detach(), accumulate=True)
        return away.pow(2).mean()


Head = CtcHead | PositionHead


class Network(nn.Module):
    """``(N, H, W, C)`` uint8 -> ``(N, T, C)`` log-probabilities.

    Its head holds the loss and names the decoder.
    """

    head: Head

    @classmethod
    def usual_height(cls, options: Mapping[str, Any]) -> int:
        """Pixels of an input that suits a network of these options."""
        return 48

    @classmethod
    def columns_a_step(cls, options: Mapping[str, Any]) -> int:
        """Columns of the input for each step of CTC; a network without steps has its input as wide."""
        return 4
