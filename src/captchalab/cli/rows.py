"""Readings as rows: text, JSON lines or CSV; on standard output or into a file."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from captchalab.cli.console import printable, say
from captchalab.errors import UsageError
from captchalab.files import make_folder

if TYPE_CHECKING:
    from captchalab.reading.reader import Reading

WriteRow = Callable[[str, "Reading"], None]
CSV_COLUMNS = ("path", "text", "confidence", "answer", "error")


class Format(StrEnum):
    """How rows are written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


FORMAT_OF_SUFFIX = {".jsonl": Format.JSON, ".csv": Format.CSV}


def row_of(path: str, reading: Reading) -> dict[str, Any]:
    """A reading as the object that `read --format json` prints."""
    row: dict[str, Any] = {
        "path": path,
        "text": reading.text,
        "confidence": round(reading.confidence, 6),
        "characters": [
            {
                "character": span.character,
                "confidence": round(span.confidence, 6),
                "left": round(span.left, 4),
                "right": round(span.right, 4),
            }
            for span in reading.characters
        ],
    }
    if reading.answer is not None:
        row["answer"] = reading.answer
    if reading.error is not None:
        row["error"] = reading.error
    return row


def format_of(out: Path | None, asked: Format) -> Format:
    """The format of the rows: a file's suffix decides. Raises ``UsageError`` for an unknown one."""
    if out is None:
        return asked
    if out.suffix.lower() not in FORMAT_OF_SUFFIX:
        raise UsageError(f"--out {out}: a name that ends in .jsonl or .csv is needed")
    return FORMAT_OF_SUFFIX[out.suffix.lower()]


@contextmanager
def rows_writer(out: Path | None, form: Format, *, alone: bool) -> Iterator[WriteRow]:
    """A function that writes one row: to ``out``, or to standard output.

    ``alone``: a single picture was named, so text output is its text and nothing else. A file appears
    under its name when all rows are in it, not before.
    """
    if out is None:
        yield _writer(sys.stdout, form, alone)
        return
    make_folder(out.parent)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield _writer(stream, form, alone)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _writer(stream: TextIO, form: Format, alone: bool) -> WriteRow:
    if form is Format.JSON:
        return lambda path, reading: print(json.dumps(row_of(path, reading), ensure_ascii=False), file=stream)
    if form is Format.CSV:
        return _csv_writer(stream)
    return _write_alone if alone else _write_text


def _csv_writer(stream: TextIO) -> WriteRow:
    # Plain line ends on standard output, where other programs read lines; csv's own default is CR LF.
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)

    def write(path: str, reading: Reading) -> None:
        row = row_of(path, reading)
        writer.writerow([row.get(column, "") for column in CSV_COLUMNS])

    return write


def _write_text(path: str, reading: Reading) -> None:
    cells = [path, reading.text if reading.answer is None else reading.answer]
    if reading.error is not None:
        cells.append(f"error: {reading.error}")
    print("\t".join(printable(cell) for cell in cells))


def _write_alone(path: str, reading: Reading) -> None:
    if reading.error is not None:
        say(f"error: {path}: {reading.error}")
    else:
        print(reading.text if reading.answer is None else reading.answer)
