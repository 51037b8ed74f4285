"""Sets that several people labelled, as one: agreement collapses, disagreement is listed, nothing is lost."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.files import make_folder, write_atomic
from captchalab.reading.alphabet import check_label
from captchalab.samples.fingerprint import hash_bytes, hash_pixels, whole_look
from captchalab.samples.listing import CONFLICTS_FILE
from captchalab.samples.resting import refuse_overlap
from captchalab.samples.sample import AtRest
from captchalab.samples.writer import Pick, copy_samples, suffix_of

CONFLICTS_FOLDER = "conflicts"


@dataclass(frozen=True, slots=True)
class Vote:
    """One label of a picture: ``text``, and where it stands (source, name within it)."""

    text: str
    source: str
    name: str


@dataclass
class MergeReport:
    """What a merge did.

    ``merged`` pictures have one label, ``agreed`` of them were labelled more than once. ``conflicts``
    maps a file in ``conflicts/`` to all its labels. ``refused`` (source, name, reason) cannot be used.
    """

    merged: int = 0
    agreed: int = 0
    conflicts: dict[str, list[Vote]] = field(default_factory=dict)
    refused: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Picture:
    pick: Pick
    votes: list[Vote]

    @property
    def texts(self) -> set[str]:
        return {vote.text for vote in self.votes}


def merge(
    sources: Sequence[AtRest],
    out: str | os.PathLike[str],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> MergeReport:
    """One folder ``out`` from all ``sources``, which stay untouched.

    A picture (the same bytes or pixels) with one label is copied to ``out`` once. One with several
    goes to ``out/conflicts``, with a row for each label in ``conflicts.csv`` (file, text, source,
    name); that folder is left out when ``out`` is opened. To settle it, keep one row a file and
    rename it to ``labels.csv``. Raises ``UsageError`` if ``out`` is not empty, or lies in a source.
    """
    folder = Path(out)
    refuse_overlap(sources, folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty: merge into a new folder")
    report = MergeReport()
    pictures = _gather(sources, report, on_progress)
    agreed = [picture for picture in pictures if len(picture.texts) == 1]
    report.merged = len(agreed)
    report.agreed = sum(len(picture.votes) > 1 for picture in agreed)
    # Written beside and renamed when it is whole, so that a killed merge leaves no half of a set.
    beside = folder.absolute().with_name(f".{folder.absolute().name}.part")
    if beside.exists():
        rmtree(beside)
    copy_samples(beside, [picture.pick for picture in agreed])
    _write_conflicts([picture for picture in pictures if len(picture.texts) > 1], beside, report)
    if folder.exists():
        folder.rmdir()
    beside.rename(folder)
    return report


def _gather(
    sources: Sequence[AtRest], report: MergeReport, on_progress: Callable[[int, int], None] | None
) -> list[_Picture]:
    pictures: list[_Picture] = []
    by_hash: dict[bytes, _Picture] = {}
    total, done = sum(source.size for source in sources), 0
    for source in sources:
        for index in range(source.size):
            try:
                _add_vote(source, index, pictures, by_hash)
            except (ImageError, LabelError) as error:
                report.refused.append((source.name, source.name_of(index), str(error)))
            done += 1
            if on_progress is not None:
                on_progress(done, total)
    return pictures


def _add_vote(source: AtRest, index: int, pictures: list[_Picture], by_hash: dict[bytes, _Picture]) -> None:
    vote = Vote(check_label(source.text(index)), source.name, source.name_of(index))
    data = source.data(index)
    pixels, content = hash_pixels(whole_look(data)), hash_bytes(data)
    picture = by_hash.get(pixels) or by_hash.get(content)
    if picture is None:
        picture = _Picture(Pick(source, index, vote.text, pixels, suffix_of(data)), [])
        pictures.append(picture)
    picture.votes.append(vote)
    by_hash[pixels] = by_hash[content] = picture


def _write_conflicts(pictures: Sequence[_Picture], out: Path, report: MergeReport) -> None:
    if not pictures:
        return
    folder = out / CONFLICTS_FOLDER
    make_folder(folder)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("file", "text", "source", "name"))
    for picture in pictures:
        # The name states an empty text: without its row the picture is refused, not read wrongly.
        file = replace(picture.pick, text="").file
        write_atomic(folder / file, picture.pick.source.data(picture.pick.index), durable=False)
        report.conflicts[file] = picture.votes
        rows.writerows((file, vote.text, vote.source, vote.name) for vote in picture.votes)
    # Names of files need not be UTF-8.
    write_atomic(folder / CONFLICTS_FILE, table.getvalue().encode(errors="backslashreplace"))
