"""What several commands share: how option texts become values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from captchalab.errors import UsageError

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL|RUN", help="A model file, run, or bundled model.")
]
SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="A folder, a .tar or .parquet file, scheme:NAME, or python:MODULE:OBJECT."
    ),
]
DrawnSourceArgument = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="scheme:NAME (see `captchalab schemes`), or python:MODULE:OBJECT."),
]
RestingSourcesArgument = Annotated[
    list[str], typer.Argument(metavar="SOURCE", help="Folders, .tar or .parquet files.")
]
AlphabetOption = Annotated[
    str | None,
    typer.Option(
        "--alphabet",
        metavar="A",
        help="Preset names (digits+upper), the characters themselves, or a file that `alphabet` wrote.",
    ),
]


def length_of(text: str | None) -> int | tuple[int, int] | None:
    """``4`` or ``4-6`` -> a length or a range of lengths."""
    if text is None:
        return None
    low, dash, high = text.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise UsageError(f"--length {text!r}: a number (4) or a range (4-6)")
    shortest, longest = int(low), int(high or low)
    if not 1 <= shortest <= longest:
        raise UsageError(f"--length {text!r}: at least 1, and the smaller number first")
    return (shortest, longest) if dash else shortest


def words_of(path: Path | None) -> list[str] | None:
    """The words of a UTF-8 file, one on each line."""
    if path is None:
        return None
    try:
        words = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise UsageError(f"--words {path}: not a UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"--words {path}: {error.strerror}") from None
    words = [word for word in words if word]
    if not words:
        raise UsageError(f"--words {path}: no word in it; one on each line is needed")
    return words
