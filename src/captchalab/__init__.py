"""captchalab: labelled pictures of distorted text in, a small fast reader out. Never imports torch.

``Reader``, ``Reading``, ``Alphabet`` and ``fit`` are imported when they are first used, so that
``import captchalab`` costs nothing; ``fit`` alone needs the ``train`` extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from captchalab.errors import (
    ArchiveError,
    BrokenImage,
    CaptchalabError,
    ConstraintError,
    ExportError,
    ImageError,
    LabelError,
    MissingExtra,
    ModelFileError,
    OutOfMemory,
    RunError,
    TooManyBytes,
    TooManyPixels,
    UnsupportedImage,
    UsageError,
)

if TYPE_CHECKING:
    from captchalab.reading.alphabet import Alphabet
    from captchalab.reading.ensemble import Ensemble
    from captchalab.reading.reader import Reader, Reading
    from captchalab.training.fit import fit

__version__ = "0.1.0"

__all__ = [
    "Alphabet",
    "ArchiveError",
    "BrokenImage",
    "CaptchalabError",
    "ConstraintError",
    "Ensemble",
    "ExportError",
    "ImageError",
    "LabelError",
    "MissingExtra",
    "ModelFileError",
    "OutOfMemory",
    "Reader",
    "Reading",
    "RunError",
    "TooManyBytes",
    "TooManyPixels",
    "UnsupportedImage",
    "UsageError",
    "__version__",
    "fit",
]

_HOMES = {
    "Alphabet": "captchalab.reading.alphabet",
    "Ensemble": "captchalab.reading.ensemble",
    "Reader": "captchalab.reading.reader",
    "Reading": "captchalab.reading.reader",
    "fit": "captchalab.training.fit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'captchalab' has no attribute {name!r}")
    import importlib

    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if name != "fit" or (error.name or "").startswith("captchalab"):
            raise
        raise MissingExtra("train", "captchalab.fit") from error
