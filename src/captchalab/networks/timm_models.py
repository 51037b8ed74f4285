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
