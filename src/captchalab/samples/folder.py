"""A folder of pictures: ``TEXT_anything.png`` names, or ``labels.jsonl`` / ``labels.csv``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from captchalab.errors import BrokenImage, TooManyBytes, UsageError
from captchalab.samples.listing import list_samples, pick_part, spell
from captchalab.samples.resting import RestingSource

MAX_FILE_BYTES = 64 * 1024**2
"""Size up to which a file is read into memory at all; what a picture may have is far less."""


class FolderSource(RestingSource):
    """All pictures of a folder and its sub-folders, in the order of their paths.

    ``part`` takes one sub-folder only (``train``). Hidden files are left out; sub-folders that are links
    are not followed, since they may lead in circles. Raises ``UsageError`` if there is no such folder or
    part, no picture in it, or a label file that cannot be read.
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
        links = [
            folder
            for folder in _folders(root)
            if (part is None or f"{folder}/".startswith(f"{part}/")) and (root / folder).is_symlink()
        ]
        listing = list_samples(paths, lambda file: _label_file(root / file), str(root), part, links)
        super().__init__(name, listing, frames)
        self._root = root.absolute()
        self.folder = self._root / (part or "")

    def data(self, index: int) -> bytes:
        """The encoded picture. Raises ``BrokenImage`` if the file is gone or cannot be opened."""
        path = self._root / self.name_of(index)
        try:
            found = path.stat()
            # A pipe would be waited for, a device such as /dev/zero read, for ever.
            if not stat.S_ISREG(found.st_mode):
                raise BrokenImage("no plain file, but a folder, pipe or device")
            if found.st_size > MAX_FILE_BYTES:
                raise TooManyBytes(
                    f"the file has {found.st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read"
                )
            return path.read_bytes()
        except OSError as error:
            raise BrokenImage(f"cannot be opened ({error.strerror})") from None
        except ValueError:
            raise BrokenImage("cannot be opened (no file can have this name)") from None


def _label_file(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"{path} is no plain file; rename it, or write the labels there")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the labels {path} ({error.strerror})") from None


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
