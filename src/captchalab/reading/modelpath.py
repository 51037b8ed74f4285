"""From what a user calls a model to its verified bytes."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from shlex import quote

from captchalab.errors import ModelFileError, RunError, UsageError
from captchalab.reading.modelfile import ModelInfo, open_sealed, read_model

BUNDLED = ("small", "base", "chinese")
DEFAULT = "small"
RUN_MODEL = "model.onnx"
_RUN_MARKS = ("recipe.toml", "checkpoints", "metrics.csv")


def find_model(model: str | os.PathLike[str] | None = None) -> tuple[bytes, ModelInfo]:
    """Bytes and description of a model file, of the best model of a run folder, or of a bundled model.

    A bundled name goes before a file of the same name (``./small`` names the file). Raises
    ``UsageError`` where there is no such model, ``RunError`` for a run that has none yet, and
    ``ModelFileError`` for a file that cannot be trusted.
    """
    name = DEFAULT if model is None else os.fspath(model)
    if name in BUNDLED:
        return _bundled(name)
    path = Path(name)
    if path.is_dir():
        return _of_run(path)
    if not path.exists():
        raise UsageError(
            f"no model {name!r}: give a .onnx file, a run folder, or a bundled model ({', '.join(BUNDLED)})"
        )
    return read_model(path)


def _bundled(name: str) -> tuple[bytes, ModelInfo]:
    folder = resources.files("captchalab.reading") / "models"
    file = folder / f"{name}.onnx"
    if not file.is_file():
        here = [other for other in BUNDLED if (folder / f"{other}.onnx").is_file()]
        raise UsageError(
            f"this installation has no bundled model {name!r} (it has: {', '.join(here) or 'none'}); "
            "name a .onnx file or a run folder"
        )
    data = file.read_bytes()
    try:
        return data, open_sealed(data)
    except ModelFileError as error:
        raise ModelFileError(f"the bundled model {name!r}: {error}; install captchalab again") from error


def _of_run(folder: Path) -> tuple[bytes, ModelInfo]:
    file = folder / RUN_MODEL
    if file.is_file():
        return read_model(file)
    if any((folder / mark).exists() for mark in _RUN_MARKS):
        raise RunError(
            f"the run {folder} has no {RUN_MODEL} yet: its training has not ended; "
            f"finish it with: captchalab train --resume --out {quote(str(folder))}"
        )
    raise UsageError(f"{folder} is no run folder: it holds no {RUN_MODEL}")
