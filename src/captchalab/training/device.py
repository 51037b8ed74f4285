"""What a training runs on."""

from __future__ import annotations

import warnings

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast

from captchalab.errors import UsageError

DEVICES = ("auto", "cpu", "cuda", "mps")


def open_accelerator(device: str) -> Accelerator:
    """Accelerate's handle on the device and its processes. Raises ``UsageError`` for a device not there."""
    if device not in DEVICES:
        raise UsageError(f"device={device!r}: allowed are {', '.join(DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device on this machine: use --device auto or cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise UsageError("no MPS device on this machine: use --device auto or cpu")
    # Precision is left to torch.autocast: accelerate fixes it for the whole process, we for one training.
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision="no")
    if accelerator.num_processes > 1:
        # Of gradients of one-channel convolutions, whose layout is ambiguous: they are right either way.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides", UserWarning)
    return accelerator


def as_the_first(accelerator: Accelerator, *numbers: int) -> list[int]:
    """The numbers of the first of several processes, which decides for all; all of them have to ask."""
    if accelerator.num_processes == 1:
        return list(numbers)
    told: list[int] = broadcast(torch.tensor(numbers, device=accelerator.device)).tolist()
    return told


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is native here. Emulated, it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))
    return False
