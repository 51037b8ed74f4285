"""Any backbone of timm (ResNet, DenseNet, SENet, ...) with the tricks of the field, each by itself.

One classifier for each position on the pooled features, or CTC along their columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from captchalab.errors import UsageError
from captchalab.networks.checks import check_dropout, check_flag, check_steps, check_word
from captchalab.networks.heads import CtcHead, Network, PositionHead
from captchalab.networks.layers import BNNeck, ChannelAttention, DualPool, standardise, with_ibn
from captchalab.networks.timm_models import as_map, create
from captchalab.reading.inputspec import InputSpec

STRIDE = 8
"""Columns of the input for each step of CTC."""


class Backbone(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, length, classes)``, or with ``head="ctc"`` ``(N, T, classes)``.

    ``attention`` weighs the channels of the last features, ``pooling="dual"`` sets their average beside
    their maximum, ``ibn`` normalises half the channels of the first three stages by picture, ``neck``
    normalises the pooled features before the classifiers, ``center`` weighs the center loss. The last two are
    of whole pictures: CTC, which reads columns, refuses them.
    """

    def __init__(
        self,
        spec: InputSpec,
        classes: int,
        length: int,
        model: str = "resnet18",
        head: str = "position",
        attention: bool = False,
        pooling: str = "average",
        ibn: bool = False,
        neck: bool = False,
        center: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        check_word("head", head, ("position", "ctc"))
        check_word("pooling", pooling, ("average", "dual"))
        for name, value in (("attention", attention), ("ibn", ibn), ("neck", neck)):
            check_flag(name, value)
        if not isinstance(center, int | float) or not 0 <= center < math.inf:
            raise UsageError(f"center={center!r}: a number from 0")
        check_dropout(dropout)
        by_column = head == "ctc"
        if by_column:
            check_steps(spec, length, STRIDE)
            _check_columns(neck, center)
        super().__init__()
        self.backbone, features = _features(str(model), spec, by_column)
        if ibn:
            with_ibn(self.backbone)
        self.attention = ChannelAttention(features) if attention else nn.Identity()
        self.pool: nn.Module = nn.AdaptiveAvgPool2d((1, None) if by_column else 1)
        if pooling == "dual":
            self.pool, features = DualPool(features, 256, by_column), 256
        self.neck = BNNeck(features) if neck else nn.Identity()
        self.head = (
            CtcHead(features, classes, dropout)
            if by_column
            else PositionHead(features, length, classes, dropout, center)
        )

    def forward(self, image: Tensor) -> Tensor:
        features = self.pool(self.attention(as_map(self.backbone(standardise(image)), self.backbone)))
        if isinstance(self.head, CtcHead):
            scores: Tensor = self.head(features.squeeze(2).transpose(1, 2))
        else:
            scores = self.head(self.neck(features.flatten(1)))
        return scores

    @classmethod
    def usual_height(cls, options: Mapping[str, Any]) -> int:
        return 64

    @classmethod
    def columns_a_step(cls, options: Mapping[str, Any]) -> int:
        return STRIDE if options.get("head") == "ctc" else 4


def _check_columns(neck: bool, center: float) -> None:
    for name, value in (("neck", neck), ("center", center)):
        if value:
            raise UsageError(
                f"{name}={value!r} is of whole pictures, and head='ctc' reads columns: leave it out"
            )


def _features(model: str, spec: InputSpec, by_column: bool) -> tuple[nn.Module, int]:
    """A timm model without its pooling and classifier, and its channels.

    ``by_column`` it gives features every ``STRIDE``.
    """
    options: dict[str, Any] = {"in_chans": spec.channels, "num_classes": 0, "global_pool": ""}
    # Transformers are made for one size of picture; other models do not know the option.
    tries: tuple[dict[str, Any], ...] = ({}, {"img_size": (spec.height, spec.width)})
    if by_column:
        tries = ({"output_stride": STRIDE},)
    why = ""
    for more in tries:
        try:
            backbone = create(model, **options, **more)
            return backbone, _count_channels(backbone, spec)
        # Which one depends on the family of models.
        except (
            TypeError,
            NotImplementedError,
            AssertionError,
            RuntimeError,
            ValueError,
            IndexError,
        ) as error:
            why = why or (str(error).splitlines() or [""])[0]
    if by_column:
        raise UsageError(
            f"{model} cannot give features every {STRIDE} columns, as CTC needs: head='position'"
        )
    raise UsageError(
        f"{model} cannot go without its own pooling, or not on inputs of {spec.width}x{spec.height} "
        f"({why:.80}): choose another model or size"
    )


def _count_channels(backbone: nn.Module, spec: InputSpec) -> int:
    """As many as come out: some models have layers behind what timm calls their features."""
    height, width, channels = spec.shape
    backbone.eval()
    with torch.no_grad():
        features = as_map(backbone(torch.zeros(1, channels, height, width)), backbone)
    backbone.train()
    return int(features.shape[1])
