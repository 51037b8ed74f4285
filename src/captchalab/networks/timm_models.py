"""timm, imported so that it works beside a torch without CUDA."""

from __future__ import annotations

from typing import Any

import torch

from captchalab.errors import MissingExtra, UsageError

# timm imports torchvision, whose compiled operators a torch built for the CPU cannot load. No backbone calls
# them; their names alone must be known before the import.
_library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
_OPERATORS = ("nms", "qnms")


def create(model: str, **options: Any) -> torch.nn.Module:
    """A timm model with random weights. Raises ``UsageError`` for a name that timm does not know."""
    timm = _timm()
    if model not in timm.list_models():
        near = timm.list_models(f"*{model}*")[:6] or timm.list_models("resnet*")[:6]
        raise UsageError(f"timm has no model {model!r}; it has for example: {', '.join(near)}")
    network: torch.nn.Module = timm.create_model(model, pretrained=False, **options)
    return network


def as_map(features: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    """What a timm model gives without pooling as ``(N, C, H, W)``; ``(N, P, C)`` becomes ``(N, C, P, 1)``."""
    if features.dim() == 2:
        return features[:, :, None, None]
    if features.dim() == 3:
        own = int(getattr(model, "num_prefix_tokens", 0))  # of no place in the picture
        return features[:, own:].transpose(1, 2).unsqueeze(3)
    return features.permute(0, 3, 1, 2) if getattr(model, "output_fmt", "NCHW") == "NHWC" else features


def _timm() -> Any:
    for name in _OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            signature = f"{name}(Tensor boxes, Tensor scores, float iou_threshold) -> Tensor"
            _library.define(signature)  # type: ignore[no-untyped-call]
    try:
        import timm
    except ModuleNotFoundError:
        raise MissingExtra("zoo", "networks of timm") from None
    return timm
