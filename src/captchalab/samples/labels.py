"""The text of a picture at rest: from its file name, or from ``labels.jsonl`` / ``labels.csv`` beside it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import PurePosixPath

from captchalab.errors import LabelError, UsageError
from captchalab.reading.alphabet import check_label, normalise

FORMAT_OF_SUFFIX = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".gif": "gif",
    ".webp": "webp",
    ".bmp": "bmp",
}
PICTURE_SUFFIXES = tuple(FORMAT_OF_SUFFIX)
LABEL_FILES = ("labels.jsonl", "labels.csv")
"""Names of label files; where a folder holds both, the first one goes first."""

LONGEST_NAMED_TEXT = 120
"""UTF-8 bytes of a text that still goes into a file name (file systems end at 255 bytes a name)."""

_NOT_IN_FILE_NAMES = frozenset('<>:"/\\|?*')


def text_of_name(path: str) -> str:
    """The text that a file name states: up to its last underscore, or the whole stem; in NFC."""
    stem = PurePosixPath(path).stem
    head, underscore, _ = stem.rpartition("_")
    return normalise(head if underscore else stem)


def fits_file_name(text: str) -> bool:
    """Whether ``TEXT_0000.png`` is a safe name on Linux, macOS and Windows and reads back as ``text``."""
    return (
        not _NOT_IN_FILE_NAMES.intersection(text)
        and text == text.strip()
        and text == normalise(text)
        and not text.startswith(".")
        and 0 < len(text.encode("utf-8", "replace")) <= LONGEST_NAMED_TEXT
        and is_label(text)
    )


def is_label(text: str) -> bool:
    """Whether ``check_label`` accepts ``text``."""
    try:
        check_label(text)
    except LabelError:
        return False
    return True


def safe_path(file: str) -> bool:
    """Whether ``file`` is a relative path with ``/`` that stays inside its folder."""
    parts = file.split("/")
    return not ("\\" in file or "\0" in file or ":" in parts[0][1:2] or ".." in parts or file.startswith("/"))


def read_labels(data: bytes, path: str) -> dict[str, str]:
    """``file -> text`` of one label file; ``path`` (its place) says which format and serves messages.

    Raises ``UsageError`` that names the line for anything but rows of ``file`` and ``text``.
    """
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    read = _read_jsonl if path.endswith(".jsonl") else _read_csv
    labels: dict[str, str] = {}
    for line, file, text in read(content, path):
        file = str(PurePosixPath(file))
        if not safe_path(file) or file == ".":
            raise UsageError(f"{path} line {line}: {file!r} is no picture inside its folder")
        text = normalise(text)
        if labels.setdefault(file, text) != text:
            raise UsageError(f"{path} line {line}: {file!r} has two labels, {labels[file]!r} and {text!r}")
    return labels


def _read_jsonl(content: str, path: str) -> Iterable[tuple[int, str, str]]:
    for line, row in enumerate(content.split("\n"), 1):
        if not row.strip():
            continue
        try:
            entry = json.loads(row)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path} line {line} is not JSON ({error})") from None
        file, text = (entry.get("file"), entry.get("text")) if isinstance(entry, dict) else (None, None)
        if not isinstance(file, str) or not isinstance(text, str):
            raise UsageError(f'{path} line {line} must read {{"file": "...", "text": "..."}}, both strings')
        yield line, file, text


def _read_csv(content: str, path: str) -> Iterable[tuple[int, str, str]]:
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = next(rows, [])
        if "file" not in header or "text" not in header:
            raise UsageError(
                f"{path} needs the columns file,text in its first line; it has: {','.join(header)}"
            )
        file_at, text_at = header.index("file"), header.index("text")
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise UsageError(
                    f"{path} line {rows.line_num} has {len(row)} fields instead of {len(header)}"
                )
            yield rows.line_num, row[file_at], row[text_at]
    except csv.Error as error:
        raise UsageError(f"{path} line {rows.line_num} is not CSV ({error})") from None


def label_row(file: str, text: str, label_file: str) -> str:
    """One row of a label file, line end included."""
    if label_file.endswith(".jsonl"):
        return json.dumps({"file": file, "text": text}, ensure_ascii=False) + "\n"
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow((file, text))
    return row.getvalue()


def label_header(label_file: str) -> str:
    """What stands above the rows of a label file."""
    return "" if label_file.endswith(".jsonl") else "file,text\n"
