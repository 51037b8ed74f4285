"""One string -> whatever reads: a model file, a run, a bundled model, or a Python object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from captchalab.errors import UsageError

if TYPE_CHECKING:
    from captchalab.reading.reader import Reads

PYTHON = "python:"


def open_reads(text: str) -> Reads:
    """Opens ``FILE``, ``RUN``, a bundled model's name, several of these that vote (``FILE+FILE``), or
    ``python:MODULE:OBJECT``.

    The object is a ``Reads`` (it has ``read_many(images)``), or a class of such objects that needs no
    arguments. Raises ``UsageError`` where it is none.
    """
    if not text.startswith(PYTHON):
        from captchalab.reading.ensemble import Ensemble
        from captchalab.reading.reader import Reader

        models = models_of(text)
        return Ensemble.open(models) if len(models) > 1 else Reader.open(text)
    found = _import_object(text)
    if isinstance(found, type) and hasattr(found, "read_many"):
        try:
            found = found()
        except TypeError as error:
            raise UsageError(f"{text} cannot be made without arguments: {error}") from error
    if not hasattr(found, "read_many"):
        raise UsageError(f"{text} cannot read: it needs a method read_many(images) -> list of readings")
    reads: Reads = found
    return reads


def models_of(text: str) -> list[str]:
    """The models that ``text`` names: several where they are joined by ``+`` and no one file is called so.

    Raises ``UsageError`` where one of them has no name.
    """
    from pathlib import Path

    models = [text] if Path(text).exists() else text.split("+")
    if len(models) > 1 and "" in models:
        raise UsageError(f"{text!r}: a model is missing beside the +")
    return models


def _import_object(text: str) -> object:
    import importlib
    import sys
    from pathlib import Path

    module_name, _, attribute = text.removeprefix(PYTHON).partition(":")
    if not module_name or not attribute:
        raise UsageError(f"{text!r}: write python:MODULE:OBJECT")
    # As `python -m` does: a module in the current folder can be named.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise UsageError(f"{text!r}: no module {error.name!r} here or among the installed packages") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise UsageError(f"{text!r}: {module_name} has no {name!r}")
        found = getattr(found, name)
    return found
