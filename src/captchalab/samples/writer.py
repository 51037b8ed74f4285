"""Saves samples as a folder: ``TEXT_0000.png`` names, and a label file for texts that no name can hold."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import UsageError
from captchalab.files import make_folder, write_atomic
from captchalab.reading.alphabet import check_label
from captchalab.reading.image import sniff_format
from captchalab.samples.labels import LABEL_FILES, fits_file_name, label_header, label_row, read_labels
from captchalab.samples.sample import AtRest

SUFFIX_OF_FORMAT = {"png": ".png", "jpeg": ".jpg", "gif": ".gif", "webp": ".webp", "bmp": ".bmp"}


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Upright RGB uint8 ``(height, width, 3)`` as PNG; quick rather than smallest."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


class FolderWriter:
    """Adds samples to a folder that ``FolderSource`` reads back, text for text.

    ``label_file`` (``labels.jsonl`` or ``labels.csv``) is begun when the first text comes that cannot be
    a file name. A row is written before its picture, and such a picture's own name (``_0007.png``)
    states an empty text: a kill in between leaves an unreadable sample, never a wrong label.
    """

    def __init__(self, folder: str | os.PathLike[str], *, label_file: str = "labels.jsonl") -> None:
        if label_file not in LABEL_FILES:
            raise UsageError(f"unknown label file {label_file!r}; known: {', '.join(LABEL_FILES)}")
        self._folder = Path(folder)
        make_folder(self._folder)
        self._label_file = label_file
        self._rows: IO[str] | None = None

    def __enter__(self) -> FolderWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the label file."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def add(self, text: str, picture: bytes | NDArray[np.uint8], tail: str, suffix: str = ".png") -> str:
        """Write one sample and return its file name.

        ``picture`` is an encoded file (with ``suffix``) or an RGB array, ``tail`` what follows the last
        underscore and tells samples of one text apart. Raises ``LabelError`` for a bad text.
        """
        assert tail and "_" not in tail and "." not in tail
        text = check_label(text)
        file = file_of(text, tail, suffix)
        if not fits_file_name(text):
            self._add_row(file, text)
        data = picture if isinstance(picture, bytes) else encode_png(picture)
        write_atomic(self._folder / file, data, durable=False)
        return file

    def _add_row(self, file: str, text: str) -> None:
        if self._rows is None:
            path = self._folder / self._label_file
            begun = path.exists() and path.stat().st_size > 0
            self._rows = path.open("a", encoding="utf-8", newline="")
            if not begun:
                self._rows.write(label_header(self._label_file))
        self._rows.write(label_row(file, text, self._label_file))
        self._rows.flush()


def file_of(text: str, tail: str, suffix: str) -> str:
    """``TEXT_tail.png``, or ``_tail.png`` where a name cannot hold the text."""
    return f"{text if fits_file_name(text) else ''}_{tail}{suffix}"


@dataclass(frozen=True, slots=True)
class Pick:
    """A sample to be copied as it lies: ``content_hash`` and ``suffix`` go into its file name."""

    source: AtRest
    index: int
    text: str
    content_hash: bytes
    suffix: str

    @property
    def file(self) -> str:
        """Its file name."""
        return file_of(self.text, self.content_hash.hex()[:16], self.suffix)


def copy_samples(folder: Path, picks: Sequence[Pick]) -> None:
    """Add samples to ``folder``, byte for byte, under names that no other picture can have.

    The label file comes first, whole: a kill leaves rows without pictures, never pictures without labels.
    """
    make_folder(folder)
    rows = {pick.file: pick.text for pick in picks if not fits_file_name(pick.text)}
    if rows:
        path = folder / LABEL_FILES[0]
        before = read_labels(path.read_bytes(), str(path)) if path.exists() else {}
        rows = before | rows
        write_atomic(path, "".join(label_row(file, rows[file], path.name) for file in rows).encode())
    for pick in picks:
        write_atomic(folder / pick.file, pick.source.data(pick.index), durable=False)


def suffix_of(data: bytes) -> str:
    """The suffix that an encoded picture should have, by its content."""
    return SUFFIX_OF_FORMAT[sniff_format(data) or "png"]
