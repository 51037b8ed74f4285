"""Checkpoints: written beside the target, flushed, renamed; named by their hash; two are kept.

A file is ``step-00001000-<first 16 digits of its SHA-256>.safetensors``. Loading verifies the hash
and falls back to the older one, so a kill at any moment costs no more than the steps since the last.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from captchalab.errors import RunError
from captchalab.files import make_folder, write_atomic

KEPT = 2
_NAME = re.compile(r"step-(\d{8,})-([0-9a-f]{16})\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and ``facts``: plain JSON values (step, random state, best figures, ...)."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


def save_checkpoint(folder: Path, step: int, checkpoint: Checkpoint) -> Path:
    """Write it whole or not at all; drop all but the ``KEPT`` newest, and damaged ones beyond ``step``."""
    make_folder(folder)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    data = safetensors.torch.save(tensors, metadata={"facts": json.dumps(checkpoint.facts)})
    path = folder / f"step-{step:08d}-{hashlib.sha256(data).hexdigest()[:16]}.safetensors"
    write_atomic(path, data)
    others = [each for each in checkpoints(folder) if each != path]
    beyond = [each for each in others if _step_of(each) >= step]  # passed over when this training resumed
    for old in [*beyond, *[each for each in others if each not in beyond][KEPT - 1 :]]:
        old.unlink(missing_ok=True)
    for partial in folder.glob(".*.part"):  # left by a kill during an earlier write
        partial.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints of a run, newest first."""
    found = [path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=_step_of, reverse=True)


def _step_of(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return int(match[1])


def load_checkpoint(folder: Path) -> Checkpoint:
    """The newest checkpoint whose hash is right. Raises ``RunError`` if there is none."""
    damaged = []
    for path in checkpoints(folder):
        data = path.read_bytes()
        match = _NAME.fullmatch(path.name)
        assert match is not None
        if hashlib.sha256(data).hexdigest()[:16] != match[2]:
            damaged.append(path.name)
            continue
        return Checkpoint(safetensors.torch.load(data), _facts(data))
    if damaged:
        raise RunError(
            f"every checkpoint in {folder} is damaged ({', '.join(damaged)}): train anew with another --out"
        )
    raise RunError(f"no checkpoint in {folder}: there is nothing to resume; train without --resume")


def _facts(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    facts: dict[str, Any] = json.loads(header["__metadata__"]["facts"])
    return facts
