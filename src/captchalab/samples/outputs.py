"""Where drawn pictures go. Whatever it is, it goes on where it was stopped, and ends as if it never was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from captchalab.errors import UsageError
from captchalab.files import make_folder
from captchalab.reading.alphabet import check_label
from captchalab.samples.journal import INDEX_FILE, Journal, Row
from captchalab.samples.labels import LABEL_FILES
from captchalab.samples.writer import FolderWriter


class Encoded(NamedTuple):
    """A picture as the bytes of a file, and its text; ``suffix`` is that of the file's format (``.png``)."""

    text: str
    data: bytes
    suffix: str


class Output(ABC):
    """Takes ``count`` samples in their order; a context manager.

    ``drawn`` says what they are: it stands in the index, and another ``drawn`` cannot go on with them.
    """

    def __init__(self, index: Path, drawn: Mapping[str, Any], count: int) -> None:
        self.journal = Journal(index, drawn)
        self._digits = max(4, len(str(count - 1)))

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def done(self) -> int:
        """Samples that are there; the number of the next one."""
        return self.journal.rows

    def add(self, samples: Sequence[Encoded]) -> None:
        """Write the next samples. Raises ``LabelError`` for a bad text."""
        tails = [f"{number:0{self._digits}d}" for number in range(self.done, self.done + len(samples))]
        samples = [each._replace(text=check_label(each.text)) for each in samples]
        self.journal.add(self._write(samples, tails))

    @abstractmethod
    def last(self) -> bytes:
        """The picture that was written last, as it lies there. Only where there is one."""

    @abstractmethod
    def _write(self, samples: Sequence[Encoded], tails: Sequence[str]) -> list[Row]:
        """Write them whole, ``tails`` being the last parts of their names; the rows of the index."""

    @abstractmethod
    def finish(self) -> None:
        """What is to be done after the last sample."""

    def close(self) -> None:
        """Close all files."""
        self.journal.close()


class FolderOutput(Output):
    """``TEXT_0000.png``, ...; ``labels.jsonl`` for texts that are no file names; ``index.jsonl``.

    Raises ``UsageError`` if the folder holds something else, or lacks pictures that its index names.
    """

    def __init__(self, folder: Path, drawn: Mapping[str, Any], count: int) -> None:
        index = folder / INDEX_FILE
        if folder.is_dir() and not _begun(index) and any(path != index for path in folder.iterdir()):
            raise UsageError(f"{folder} is not empty: name a new folder, so that two drawings do not mix")
        make_folder(folder)
        super().__init__(index, drawn, count)
        self._folder = folder
        try:
            self._check_files()
            for unfinished in folder.glob(".*.part"):
                unfinished.unlink()
            _forget_labels(folder / LABEL_FILES[0], self.done)
            self._writer = FolderWriter(folder)
        except BaseException:
            self.journal.close()
            raise

    def _check_files(self) -> None:
        for row in self.journal:
            path = self._folder / row.file
            if not path.is_file() or path.stat().st_size != row.bytes:
                raise UsageError(
                    f"cannot go on: {path} is gone or was changed; name another folder, or delete this one"
                )

    def last(self) -> bytes:
        """The file of the last row."""
        assert self.journal.last is not None
        return (self._folder / self.journal.last.file).read_bytes()

    def _write(self, samples: Sequence[Encoded], tails: Sequence[str]) -> list[Row]:
        files = [
            self._writer.add(each.text, each.data, tail, each.suffix)
            for each, tail in zip(samples, tails, strict=True)
        ]
        return [Row(file, each.text, len(each.data)) for file, each in zip(files, samples, strict=True)]

    def finish(self) -> None:
        """A folder is complete as it is."""

    def close(self) -> None:
        """Close all files."""
        self._writer.close()
        super().close()


def _begun(index: Path) -> bool:
    """Whether the first line of the index is whole."""
    if not index.is_file():
        return False
    with index.open("rb") as lines:
        return lines.readline().endswith(b"\n")


def _forget_labels(path: Path, done: int) -> None:
    """Takes the rows of samples from number ``done`` on out of our own label file, where there is one.

    Raises ``UsageError`` for one that is not ours.
    """
    if not path.exists():
        return
    end = 0
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            number = line.partition(b'"_')[2].partition(b".")[0]
            if not number.isdigit():
                raise UsageError(f"{path} is not of this drawing: move it, or name another folder")
            if int(number) >= done:
                break
            end += len(line)
    if end:
        with path.open("r+b") as file:
            file.truncate(end)
    else:
        path.unlink()
