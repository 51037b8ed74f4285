"""The classical fixed-length network: three convolutions, one dense layer, one classifier a position."""

from __future__ import annotations

from torch import Tensor, nn

from captchalab.networks.heads import Network, PositionHead
from captchalab.networks.layers import standardise
from captchalab.reading.inputspec import InputSpec


class Cnn(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, length, classes)``.

    ``channels`` are those of the three 3x3 convolutions, each followed by ReLU, 2x2 max pooling and
    dropout; ``dense`` is the width of the layer before the classifiers.
    """

    def __init__(
        self,
        spec: InputSpec,
        classes: int,
        length: int,
        channels: tuple[int, int, int] = (32, 64, 128),
        dense: int = 1024,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for inputs, outputs in zip((spec.channels, *channels), channels, strict=False):
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
