"""The classical fixed-length networks: three convolutions, dense layers, one classifier a position."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from captchalab.networks.checks import check_count, check_dropout
from captchalab.networks.heads import Network, PositionHead
from captchalab.networks.layers import conv_block, standardise
from captchalab.reading.inputspec import InputSpec


class Cnn(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, length, classes)``.

    Three 3x3 convolutions of 32, 64 and 128 channels, each followed by ReLU, 2x2 max pooling and dropout;
    ``dense`` is the width of the layer before the classifiers.
    """

    def __init__(
        self,
        spec: InputSpec,
        classes: int,
        length: int,
        dense: int = 1024,
        dropout: float = 0.25,
    ) -> None:
        check_count("dense", dense)
        check_dropout(dropout)
        super().__init__()
        channels = (spec.channels, 32, 64, 128)
        stages: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(channels):
            stages += [
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
        self.stages = nn.Sequential(*stages)
        cells = (spec.height // 8) * (spec.width // 8)
        self.dense = nn.Sequential(nn.Linear(channels[-1] * cells, dense), nn.ReLU())
        self.head = PositionHead(dense, length, classes, dropout)

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.head(self.dense(self.stages(standardise(image)).flatten(1)))
        return scores


class CaptchaNet(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, length, classes)``; a few convolutions of 5, 10 and 16 channels.

    Nearly all its weights are in the dense layers of 512, 256 and 128.
    """

    def __init__(self, spec: InputSpec, classes: int, length: int, dropout: float = 0.0) -> None:
        check_dropout(dropout)
        super().__init__()
        channels = (spec.channels, 5, 10, 16)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(conv_block(inputs, outputs), nn.MaxPool2d(2))
                for inputs, outputs in itertools.pairwise(channels)
            )
        )
        widths = (channels[-1] * (spec.height // 8) * (spec.width // 8), 512, 256, 128)
        self.dense = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU())
                for inputs, outputs in itertools.pairwise(widths)
            )
        )
        self.head = PositionHead(widths[-1], length, classes, dropout)

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.head(self.dense(self.stages(standardise(image)).flatten(1)))
        return scores
