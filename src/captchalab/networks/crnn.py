"""Convolutions, then recurrent layers along the columns, CTC.

Two of the field: ``Crnn`` after Shi, Bai and Yao (2015), with LSTMs, and ``CrnnGru``, smaller, with GRUs.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from captchalab.errors import UsageError
from captchalab.networks.checks import check_count, check_dropout, check_steps
from captchalab.networks.heads import CtcHead, Network
from captchalab.networks.layers import conv_block, standardise
from captchalab.reading.inputspec import InputSpec


class Crnn(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, W // 4, classes)``, for inputs of any height from 16.

    Seven 3x3 convolutions (``width`` to eight times ``width`` channels) with four pools, of which the last
    two halve the height alone; what height is left one convolution takes in whole. Then two
    bidirectional LSTMs of ``hidden`` cells each way.
    """

    def __init__(
        self,
        spec: InputSpec,
        classes: int,
        length: int,
        width: int = 64,
        hidden: int = 256,
        dropout: float = 0.0,
    ) -> None:
        _check(spec, width, hidden, dropout)
        check_steps(spec, length, self.columns_a_step({}))
        super().__init__()
        one, two, three, four = (width * factor for factor in (1, 2, 4, 8))
        self.stages = nn.Sequential(
            conv_block(spec.channels, one),
            nn.MaxPool2d(2),
            conv_block(one, two),
            nn.MaxPool2d(2),
            conv_block(two, three),
            conv_block(three, three),
            nn.MaxPool2d((2, 1)),
            conv_block(three, four),
            conv_block(four, four),
            nn.MaxPool2d((2, 1)),
            conv_block(four, four, kernel=(spec.height // 16, 3), padding=(0, 1)),
        )
        self.recurrent = nn.LSTM(
            four, hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=dropout
        )
        self.head = CtcHead(2 * hidden, classes)

    def forward(self, image: Tensor) -> Tensor:
        columns = self.stages(standardise(image)).squeeze(2).transpose(1, 2)  # (N, T, F)
        scores: Tensor = self.head(self.recurrent(columns)[0])
        return scores

    @classmethod
    def usual_height(cls, options: Mapping[str, Any]) -> int:
        return 32


class CrnnGru(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, W // 8, classes)``.

    Three stages of two 3x3 convolutions and a pool, one dense layer over each column, two bidirectional
    GRUs: the first adds its two directions, the second sets them side by side.
    """

    def __init__(
        self,
        spec: InputSpec,
        classes: int,
        length: int,
        width: int = 32,
        hidden: int = 128,
        dropout: float = 0.2,
    ) -> None:
        _check(spec, width, hidden, dropout)
        check_steps(spec, length, self.columns_a_step({}))
        super().__init__()
        channels = (spec.channels, width, 2 * width, 4 * width)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(conv_block(inputs, outputs), conv_block(outputs, outputs), nn.MaxPool2d(2))
                for inputs, outputs in itertools.pairwise(channels)
            )
        )
        self.columns = conv_block(channels[-1], hidden, kernel=(spec.height // 8, 1), padding=0)
        self.dropout = nn.Dropout(dropout)
        self.first = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.second = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.head = CtcHead(2 * hidden, classes, dropout)

    def forward(self, image: Tensor) -> Tensor:
        columns = self.columns(self.stages(standardise(image))).squeeze(2).transpose(1, 2)  # (N, T, F)
        both = self.first(self.dropout(columns))[0]
        size = both.shape[2] // 2
        scores: Tensor = self.head(self.second(both[:, :, :size] + both[:, :, size:])[0])
        return scores

    @classmethod
    def usual_height(cls, options: Mapping[str, Any]) -> int:
        return 64

    @classmethod
    def columns_a_step(cls, options: Mapping[str, Any]) -> int:
        return 8


def _check(spec: InputSpec, width: int, hidden: int, dropout: float) -> None:
    check_count("width", width)
    check_count("hidden", hidden)
    if spec.height < 16:
        raise UsageError(f"an input {spec.height} high: a recurrent network needs 16 or more")
    check_dropout(dropout)
