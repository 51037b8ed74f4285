"""Any backbone of timm (ResNet, DenseNet, SENet, ...) with the tricks of the field, each by itself.

One classifier for each position on the pooled features, or CTC along their columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from captchalab.errors import UsageError
from captchalab.networks.checks import check_dropout, check_flag, check_steps, check_word
from captchalab.networks.heads import CtcHead, Network, PositionHead
from captchalab.networks.layers import BNNeck, ChannelAttention, DualPool, standardise, with_ibn
from captchalab.networks.timm_models import create
from captchalab.reading.inputspec import InputSpec

STRIDE = 8
"""Columns of the input for each step of CTC."""


class Backbone(Network):
    """``(N, H, W, C)`` uint8 -> scores ``(N, length, classes)``, or with ``head="ctc"`` ``(N, T, classes)``.

    ``attention`` weighs the channels of the last features, ``pooling="dual"`` sets their average beside
    their maximum, ``ibn`` normalises half the channels of the first three stages by picture, ``neck``
    normalises the pooled features before the classifiers, ``center`` weighs the center loss.
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
        if not isinstance(center, int | float) or center < 0:
            raise UsageError(f"center={center!r}: a number from 0")
        check_dropout(dropout)
        if head == "ctc":
            check_steps(spec, length, STRIDE)
        super().__init__()
        self.backbone = _features(str(model), spec.channels, by_column=head == "ctc")
        if ibn:
            with_ibn(self.backbone)
        features = int(self.backbone.num_features)  # type: ignore[arg-type]
        self.attention = ChannelAttention(features) if attention else nn.Identity()
        if head == "ctc":
            self.pool: nn.Module = nn.AdaptiveAvgPool2d((1, None))
            self.neck: nn.Module = nn.Identity()
            self.head = CtcHead(features, classes, dropout)
            return
        self.pool = DualPool(features, 256) if pooling == "dual" else nn.AdaptiveAvgPool2d(1)
        pooled = 256 if pooling == "dual" else features
        self.neck = BNNeck(pooled) if neck else nn.Identity()
        self.head = PositionHead(pooled, length, classes, dropout, center)

    def forward(self, image: Tensor) -> Tensor:
        features = self.pool(self.attention(self.backbone(standardise(image))))
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


def _features(model: str, channels: int, by_column: bool) -> nn.Module:
    """A timm model without its pooling and classifier; ``by_column`` it gives features every ``STRIDE``."""
    options = {"in_chans": channels, "num_classes": 0, "global_pool": ""}
    if not by_column:
        try:
            return create(model, **options)
        except AssertionError:
            raise UsageError(f"{model} cannot go without its own pooling: choose another model") from None
    try:
        return create(model, **options, output_stride=STRIDE)
    except (TypeError, NotImplementedError, AssertionError):  # which one depends on the family of models
        raise UsageError(
            f"{model} cannot give features every {STRIDE} columns, as CTC needs: head='position'"
        ) from None
