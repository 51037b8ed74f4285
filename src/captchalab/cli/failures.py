"""Which exceptions are the user's to mend, and the one line and exit status that each becomes."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from captchalab.errors import CaptchalabError, ConstraintError, MissingExtra, UsageError
from captchalab.training.memory import is_out_of_memory

FAILED = 1
WRONG_USAGE = 2

# Typer's errors about the command line share this base, whichever click it brings.
_COMMAND_LINE_ERROR = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

_EXTRA_OF_PACKAGE = (
    {
        "cv2": ("draw", "drawing pictures"),
        "pyarrow": ("parquet", "reading and writing .parquet files"),
    }
    | dict.fromkeys(
        ("torch", "accelerate", "onnx", "onnxscript", "matplotlib", "safetensors", "jinja2", "tomli_w"),
        ("train", "training"),
    )
    | dict.fromkeys(
        (
            "fastapi",
            "granian",
            "prometheus_client",
            "pydantic",
            "pydantic_settings",
            "pyrate_limiter",
            "python_multipart",
        ),
        ("serve", "serving"),
    )
    | dict.fromkeys(("aiohttp", "psutil"), ("loadtest", "a load test"))
)


@dataclass(frozen=True)
class Failure:
    """What the user is told, and the exit status."""

    line: str
    status: int


def explain(error: Exception) -> Failure | None:
    """The failure that ``error`` stands for; ``None`` for a bug of ours, whose traceback is wanted."""
    if isinstance(error, (UsageError, ConstraintError)):
        return Failure(_one_line(str(error)), WRONG_USAGE)
    if isinstance(error, CaptchalabError):
        return Failure(_one_line(str(error)), FAILED)
    if isinstance(error, _COMMAND_LINE_ERROR):
        return Failure(_command_line_message(error), WRONG_USAGE)
    if isinstance(error, ModuleNotFoundError):
        return _missing_package(error)
    if is_out_of_memory(error):
        return Failure(
            "out of memory: end other programs, or take fewer pictures at once (to train: a lower --batch, "
            "or a smaller input: --set width=, --set height=)",
            FAILED,
        )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return Failure(_one_line(f"{where}{error.strerror}"), FAILED)
    return None


def _command_line_message(error: Exception) -> str:
    message = _one_line(error.format_message() if hasattr(error, "format_message") else str(error)).rstrip(
        "."
    )
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "captchalab"
    return f"{message} (see: {command} --help)"


def _missing_package(error: ModuleNotFoundError) -> Failure | None:
    package = (error.name or "").partition(".")[0]
    if package not in _EXTRA_OF_PACKAGE:
        return None
    return Failure(str(MissingExtra(*_EXTRA_OF_PACKAGE[package])), WRONG_USAGE)


def _one_line(text: str) -> str:
    return " ".join(text.split())
