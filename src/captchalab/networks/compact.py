"""The project's own network: a few residual convolutions, read column by column, CTC.

No recurrent layer: convolutions along the columns see as far as a captcha needs, train and read
faster on processors, and export to plain operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from captchalab.errors import suggest
from captchalab.networks.checks import check_dropout, check_steps
from captchalab.networks.heads import CtcHead, Network
from captchalab.networks.layers import Residual, conv_block, standardise
from captchalab.reading.inputspec import InputSpec


@dataclass(frozen=True)
class CompactSize:
    """Channels of the three stages, residual blocks in each, channels and blocks along the columns.

    ``last`` is what the third stage divides the width by.
    """

    stages: tuple[int, int, int]
    blocks: tuple[int, int, int]
    columns: int
    column_blocks: int
    last: int = 1


SIZES = {
    "tiny": CompactSize((8, 16, 24), (0, 0, 0), 32, 1),
    "small": CompactSize((16, 32, 64), (0, 1, 1), 128, 1),
    "base": CompactSize((24, 48, 80), (0, 1, 1), 128, 2),
    # For inputs as large as the pictures: half the steps, each from twice the columns.
    "fine": CompactSize((16, 32, 64), (0, 1, 1), 128, 2, last=2),
    "large": CompactSize((32, 64, 128), (0, 2, 2), 192, 2),
}


class Compact(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, T, classes)``; ``T = ceil(W / 4)``, in ``fine`` ``ceil(W / 8)``.

    The stages halve both sides, halve both sides, halve the height (and the width once more in
    ``fine``); then each column becomes one step of the sequence.
    """

    def __init__(
        self, spec: InputSpec, classes: int, length: int, size: str = "base", dropout: float = 0.0
    ) -> None:
        if str(size) not in SIZES:
            raise suggest(str(size), list(SIZES), "size of the network compact")
        parts = SIZES[size]
        check_dropout(dropout)
        check_steps(spec, length, self.columns_a_step({"size": size}))
        super().__init__()
        one, two, three = parts.stages
        self.stages = nn.Sequential(
            conv_block(spec.channels, one, stride=2),
            *(Residual(one) for _ in range(parts.blocks[0])),
            conv_block(one, two, stride=2),
            *(Residual(two) for _ in range(parts.blocks[1])),
            conv_block(two, three, stride=(2, parts.last)),
            *(Residual(three) for _ in range(parts.blocks[2])),
        )
        height = -(-spec.height // 8)
        self.columns = nn.Sequential(
            conv_block(three, parts.columns, kernel=(height, 1), padding=0),
            *(Residual(parts.columns, kernel=(1, 5), padding=(0, 2)) for _ in range(parts.column_blocks)),
        )
        self.head = CtcHead(parts.columns, classes, dropout)

    def forward(self, image: Tensor) -> Tensor:
        features = self.columns(self.stages(standardise(image)))  # (N, F, 1, T)
        scores: Tensor = self.head(features.squeeze(2).transpose(1, 2))
        return scores

    @classmethod
    def usual_height(cls, options: Mapping[str, Any]) -> int:
        return 32 if options.get("size") in ("tiny", "small") else 48

    @classmethod
    def columns_a_step(cls, options: Mapping[str, Any]) -> int:
        size = SIZES.get(str(options.get("size")))
        return 4 * size.last if size is not None else 4
