"""The pictures that `read` is asked for: paths, folders, archives and standard input -> named pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captchalab.errors import ArchiveError, ImageError, UsageError

if TYPE_CHECKING:
    from captchalab.samples.sample import AtRest

STDIN = "-"
ARCHIVE_SUFFIXES = (".tar", ".tgz", ".gz", ".parquet")
"""Files that hold many pictures; any other file is read as a picture, and its row says so if it is none."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by the path that its row will carry; ``error`` says why its bytes could not be had."""

    path: str
    image: str | bytes
    error: str | None = None


def pictures(arguments: Sequence[str]) -> Iterator[Picture]:
    """All pictures, lazily, in the order of the arguments.

    Raises ``UsageError`` before the first one if an argument is neither there nor a source.
    """
    if arguments.count(STDIN) > 1:
        raise UsageError("'-' stands for one picture on standard input; it can be named once")
    sources = [_open(argument) for argument in arguments]
    return (picture for source in sources for picture in source)


def is_one_picture(arguments: Sequence[str]) -> bool:
    """Whether exactly one picture was named, so that its row needs no path."""
    return len(arguments) == 1 and (arguments[0] == STDIN or _is_picture_file(Path(arguments[0])))


def _is_picture_file(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() not in ARCHIVE_SUFFIXES


def _open(argument: str) -> Iterator[Picture]:
    if argument == STDIN:
        return _stdin()
    if _is_picture_file(Path(argument)):
        return iter([Picture(argument, argument)])
    return _source(argument)


def _stdin() -> Iterator[Picture]:
    if sys.stdin.isatty():
        raise UsageError("'-' reads a picture from standard input: captchalab read - < picture.png")
    return iter([Picture(STDIN, sys.stdin.buffer.read())])


def _source(argument: str) -> Iterator[Picture]:
    from captchalab.samples.sample import AtRest
    from captchalab.sources import open_source

    source = open_source(argument)
    if not isinstance(source, AtRest):
        raise UsageError(
            f"{argument} is drawn without end; write some first: captchalab generate SOURCE FOLDER -n 20"
        )
    return _members(argument, source)


def _members(argument: str, source: AtRest) -> Iterator[Picture]:
    place = argument if Path(argument).exists() else argument.rpartition("?")[0]
    prefix = f"{place.rstrip('/')}/" if Path(place).is_dir() else f"{place}!"
    for index in range(source.size):
        path = prefix + source.name_of(index)
        try:
            yield Picture(path, source.data(index))
        except (ImageError, ArchiveError, OSError) as error:
            yield Picture(path, b"", str(error))
