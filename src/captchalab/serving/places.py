"""Where models lie, and the names that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captchalab.reading.modelpath import BUNDLED, RUN_MODEL

NAME = re.compile(r"[\w.+-]{1,100}")
"""What a model's name, or its version, is made of."""
SUFFIX = ".onnx"
Signature = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Place:
    """A model that ought to be served: ``NAME.onnx`` or ``NAME@VERSION.onnx``, a run folder, a bundled one.

    ``signature`` changes with the file; ``None`` for a bundled model, which never changes.
    """

    name: str
    version: str
    path: str
    signature: Signature

    @property
    def identity(self) -> str:
        """Name and version as a client writes them."""
        return f"{self.name}@{self.version}" if self.version else self.name

    @property
    def rank(self) -> list[tuple[int, int | str]]:
        """Orders versions: numbers by their value, so that 10 comes after 9."""
        parts = re.findall(r"\d+|\D+", self.version)
        return [(1, int(part)) if part.isdecimal() else (0, part) for part in parts]


def places(named: Sequence[str]) -> Iterator[Place]:
    """The models that stand at ``named`` now: files, run folders, bundled names, and folders of those.

    Raises ``OSError`` where it cannot be told what stands there: that is not the same as nothing.
    """
    for text in named:
        if text in BUNDLED:
            yield Place(text, "", text, None)
            continue
        if is_folder(text):
            yield from _in_folder(Path(text))
        else:
            yield from _at(Path(text))


def is_folder(text: str) -> bool:
    """Whether a folder of models is meant, and no bundled one, file or run folder."""
    path = Path(text)
    return text not in BUNDLED and path.is_dir() and not (path / RUN_MODEL).is_file()


def _in_folder(folder: Path) -> Iterator[Place]:
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:  # it was removed meanwhile
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.suffix == SUFFIX or (entry.is_dir() and (entry / RUN_MODEL).is_file()):
            yield from _at(entry)


def _at(path: Path) -> Iterator[Place]:
    file = path / RUN_MODEL if path.is_dir() else path
    try:
        state = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    called = path.resolve().name if path.is_dir() else path.stem
    if file.name == RUN_MODEL and not path.is_dir():
        called = path.resolve().parent.name
    name, _, version = called.partition("@")
    yield Place(name, version, str(file), (state.st_mtime_ns, state.st_size, state.st_ino))
