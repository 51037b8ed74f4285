"""Which files of a folder or archive are samples, and what their texts are: one rule for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from captchalab.errors import UsageError
from captchalab.samples.journal import INDEX_FILE
from captchalab.samples.labels import LABEL_FILES, PICTURE_SUFFIXES, read_labels, text_of_name

CONFLICTS_FILE = "conflicts.csv"
"""A folder that holds this file is left out when it is met inside a source: its labels are disputed."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The samples of a folder or archive, as parallel lists.

    ``unlisted`` are pictures that stand beside a label file that does not name them (their names are
    read instead), ``ignored`` files that are neither pictures nor label files, ``links`` folders that are
    not followed.
    """

    names: list[str]
    texts: list[str]
    unlisted: list[str]
    ignored: list[str]
    links: list[str]


def list_samples(
    paths: Iterable[str],
    read: Callable[[str], bytes],
    where: str,
    part: str | None,
    links: Sequence[str] = (),
) -> Listing:
    """Sort ``paths`` (relative, with ``/``) into samples; ``read`` gives the bytes of a label file.

    ``where`` names the source in messages, ``links`` are folders that were not followed. Raises
    ``UsageError`` if no picture is found.
    """
    visible = [path for path in paths if not _is_hidden(path)]
    disputed = {str(PurePosixPath(path).parent) for path in visible if _file_name(path) == CONFLICTS_FILE} - {
        "."
    }
    visible = [path for path in visible if not _is_under(path, disputed)]
    labels, labelled_folders = _gather_labels(visible, read, where)
    inside = f"{part}/" if part else ""
    # Our own writer lists only what a name cannot hold, as _0007.png; its TEXT_0008.png are meant to be read.
    mixed = any(_file_name(path).startswith("_") for path in labels)
    listing = Listing([], [], [], [], list(links))
    for path in sorted(set(labels).union(visible)):
        if not path.startswith(inside) or _file_name(path) in (*LABEL_FILES, INDEX_FILE):
            continue
        if path not in labels and PurePosixPath(path).suffix.lower() not in PICTURE_SUFFIXES:
            listing.ignored.append(path)
            continue
        listing.names.append(path)
        listing.texts.append(labels[path] if path in labels else text_of_name(path))
        if (
            path not in labels
            and _is_under(path, labelled_folders)
            and not (mixed and "_" in _file_name(path))
        ):
            listing.unlisted.append(path)
    if not listing.names:
        unfollowed = f"; {links[0]} is a link to a folder, which is not followed" if links else ""
        raise UsageError(
            f"no pictures in {where} (suffixes that count: {', '.join(PICTURE_SUFFIXES)}){unfollowed}"
        )
    return listing


def _gather_labels(
    paths: list[str], read: Callable[[str], bytes], where: str
) -> tuple[dict[str, str], set[str]]:
    """All rows of all label files by full path; the nearest file wins, jsonl before csv."""
    files = [path for path in paths if _file_name(path) in LABEL_FILES]
    files.sort(key=lambda path: (path.count("/"), -LABEL_FILES.index(_file_name(path))))
    labels: dict[str, str] = {}
    folders: set[str] = set()
    for path in files:
        folder = PurePosixPath(path).parent
        folders.add(str(folder))
        for file, text in read_labels(read(path), f"{where}/{path}").items():
            labels[str(folder / file)] = text
    return labels, folders


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_hidden(path: str) -> bool:
    return any(piece.startswith(".") for piece in path.split("/"))


def _is_under(path: str, folders: set[str]) -> bool:
    return bool(folders) and any(str(parent) in folders for parent in PurePosixPath(path).parents)


def pick_part(folders: Iterable[str], part: str, where: str) -> str:
    """The folder that ``part`` names: itself, or below the one folder that holds everything.

    ``folders`` are all folders of the source. Raises ``UsageError`` that names those that there are.
    """
    known = set(folders)
    tops = sorted({folder.split("/")[0] for folder in known})
    for candidate in [part] + [f"{top}/{part}" for top in tops if len(tops) == 1]:
        if candidate in known:
            return candidate
    parts = ", ".join(sorted(known)[:12]) or "none"
    raise UsageError(f"{where} has no part {part!r}; its folders: {parts}")


def spell(path: str, part: str | None) -> str:
    """The string that opens ``path`` again."""
    return path if part is None else f"{path}?part={quote(part)}"
