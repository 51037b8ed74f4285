"""One string names any source: a folder, an archive, ``scheme:NAME`` or ``python:MODULE:OBJECT``.

Options follow a ``?``: ``scheme:lepture?alphabet=digits&length=4``, ``pictures.tar?part=test``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from captchalab.errors import UsageError, suggest
from captchalab.samples.archive import GZIP_MAGIC, TarSource
from captchalab.samples.folder import FolderSource
from captchalab.samples.parquet import ParquetSource
from captchalab.samples.sample import Source

DRAWING_OPTIONS = ("alphabet", "length", "width", "height", "seed", "font")
RESTING_OPTIONS = ("part",)
OPTIONS = DRAWING_OPTIONS + RESTING_OPTIONS
KINDS = "a folder, a .tar, .tar.gz or .parquet file, scheme:NAME, or python:MODULE:OBJECT"


def open_source(
    text: str,
    *,
    alphabet: str | None = None,
    length: int | str | None = None,
    width: int | None = None,
    height: int | None = None,
    seed: int | None = None,
    part: str | None = None,
    frames: str = "first",
) -> Source:
    """The source that ``text`` names.

    Keywords are defaults for options that the string leaves out; those that a kind of source does not
    know (``part`` for a drawn one, ``seed`` for a folder) are passed over, whereas in the string they
    are errors. ``frames`` says how pictures at rest that move are read: "first" or "fuse".
    Raises ``UsageError`` for unknown kinds and options, ``ArchiveError`` for bad archives.
    """
    given = {"alphabet": alphabet, "length": length, "width": width, "height": height, "seed": seed}
    defaults = {key: str(value) for key, value in given.items() if value is not None}
    kind, colon, rest = text.partition(":")
    if colon and kind == "scheme":
        return _open_scheme(rest, defaults)
    if colon and kind == "python":
        return _open_python(rest, defaults)
    return _open_resting(text, part, frames)


def split_options(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the ``?``, and the options behind it, percent-decoded; a ``+`` stays a ``+``."""
    base, _, query = text.partition("?")
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        key, equals, value = pair.partition("=")
        key = _decoded(key)
        if not equals or not key:
            raise UsageError(f"{pair!r} is no option: write ?name=value&name=value (in {text!r})")
        if key in options:
            raise UsageError(f"the option {key!r} stands twice in {text!r}")
        options[key] = _decoded(value)
    return base, options


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UsageError(f"{text!r} is not percent-encoded UTF-8 (write a percent sign as %25)") from None


def _check(options: Mapping[str, str], allowed: tuple[str, ...], text: str) -> None:
    for option in options:
        if option in allowed:
            continue
        if option in OPTIONS:
            raise UsageError(f"{text!r} takes no option {option!r}; it takes: {', '.join(allowed)}")
        raise suggest(option, allowed, f"option in {text!r}:")


def _open_scheme(rest: str, defaults: Mapping[str, str]) -> Source:
    name, options = split_options(rest)
    _check(options, DRAWING_OPTIONS, f"scheme:{rest}")
    # Drawing needs OpenCV; folders and archives must open without it.
    from captchalab.synth.source import SchemeSource

    return SchemeSource(name, {**defaults, **options})


def _open_python(rest: str, defaults: Mapping[str, str]) -> Source:
    target, options = split_options(rest)
    from captchalab.synth.python_source import PythonSource

    return PythonSource(target, {**defaults, **options})


def _open_resting(text: str, part: str | None, frames: str) -> Source:
    base = text
    # A path may itself hold a question mark, so a file or folder of that very name goes first.
    if not Path(text).exists():
        path, _, query = text.rpartition("?")
        if path:
            base = path
            options = split_options(f"?{query}")[1]
            _check(options, RESTING_OPTIONS, text)
            part = options.get("part", part)
    place = Path(base)
    if base and place.is_dir():
        return FolderSource(place, part, frames=frames)
    if place.is_file():
        return _open_file(place, part, frames)
    kind, colon, _ = base.partition(":")
    if colon and kind.isidentifier() and len(kind) > 1:
        raise UsageError(f"unknown kind of source {kind!r} in {text!r}; a source is {KINDS}")
    raise UsageError(f"no such file or folder: {base!r}; a source is {KINDS}")


def _open_file(file: Path, part: str | None, frames: str) -> Source:
    try:
        with file.open("rb") as handle:
            head = handle.read(512)
    except OSError as error:
        raise UsageError(f"cannot open {file} ({error.strerror})") from None
    if head[:4] == b"PAR1" or file.suffix == ".parquet":
        if part is not None:
            raise UsageError(f"{file} takes no option 'part': a table has no folders")
        return ParquetSource(file, frames=frames)
    if head[257:262] == b"ustar" or head[:2] == GZIP_MAGIC or file.suffix in (".tar", ".tgz"):
        return TarSource(file, part, frames=frames)
    raise UsageError(f"{file} is no source; a source is {KINDS}")
