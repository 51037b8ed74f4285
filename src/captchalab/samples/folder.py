"""A folder of pictures: ``TEXT_anything.png`` names, or ``labels.jsonl`` / ``labels.csv``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from captchalab.errors import BrokenImage, UsageError
from captchalab.samples.listing import list_samples, pick_part, spell
from captchalab.samples.resting import RestingSource


class FolderSource(RestingSource):
    """All pictures of a folder and its sub-folders, in the order of their paths.

    ``part`` takes one sub-folder only (``train``). Hidden files are left out. Raises ``UsageError``
    if there is no such folder or part, no picture in it, or a label file that cannot be read.
    """

    def __init__(
        self, path: str | os.PathLike[str], part: str | None = None, *, frames: str = "first"
    ) -> None:
        root = Path(path)
        if not root.is_dir():
            raise UsageError(f"no such folder: {root}")
        name = spell(str(root), part)
        if part is not None:
            part = pick_part(_folders(root), part.strip("/"), str(root))
        paths = (file for file in _files(root) if part is None or _concerns(file, part))
        listing = list_samples(paths, lambda file: (root / file).read_bytes(), str(root), part)
        super().__init__(name, listing, frames)
        self._root = root.absolute()

    def data(self, index: int) -> bytes:
        """The encoded picture. Raises ``BrokenImage`` if the file is gone or cannot be opened."""
        try:
            return (self._root / self.name_of(index)).read_bytes()
        except OSError as error:
            raise BrokenImage(f"cannot be opened ({error.strerror})") from None


def _concerns(file: str, part: str) -> bool:
    """Whether ``file`` lies in ``part``, or beside one of its parents as a label file may."""
    folder, _, _ = file.rpartition("/")
    return file.startswith(f"{part}/") or not folder or part.startswith(f"{folder}/")


def _walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = Path(folder).relative_to(root).as_posix()
        yield "" if relative == "." else f"{relative}/", folders, files


def _files(root: Path) -> Iterator[str]:
    for prefix, _, files in _walk(root):
        for file in files:
            yield prefix + file


def _folders(root: Path) -> Iterator[str]:
    for prefix, folders, _ in _walk(root):
        for folder in folders:
            yield prefix + folder
