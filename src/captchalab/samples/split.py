"""Train, validation and test parts by content hash: stable, and no picture in two parts.

The output folder is its own memory: what lies in a part stays there, so a run that was killed, a run
with more samples, another ratio or another machine all go on from it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.reading.alphabet import check_label
from captchalab.samples.fingerprint import fingerprint, greyscale, whole_look
from captchalab.samples.folder import FolderSource
from captchalab.samples.labels import PICTURE_SUFFIXES
from captchalab.samples.near import find_near
from captchalab.samples.resting import refuse_overlap
from captchalab.samples.sample import AtRest
from captchalab.samples.writer import Pick, copy_samples, suffix_of

DEFAULT_PARTS: Mapping[str, float] = {"train": 19, "validation": 1}
Progress = Callable[[int, int], None]


@dataclass
class SplitReport:
    """What a split did.

    ``kept`` and ``added`` count samples a part; ``duplicates`` were there already; ``near`` pairs were
    kept in one part. ``refused`` (name, reason) cannot be used, ``conflicts`` (name, text, other text)
    bear two labels; both were left out. ``new_characters`` occur in no older sample.
    """

    kept: dict[str, int]
    added: dict[str, int]
    duplicates: int = 0
    near: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)
    new_characters: tuple[str, ...] = ()


def parse_parts(text: str) -> dict[str, float]:
    """``"train=19,validation=1"`` (or ``:``) as a dict. Raises ``UsageError`` if it reads otherwise."""
    parts: dict[str, float] = {}
    for piece in text.split(","):
        name, _, weight = piece.replace(":", "=").partition("=")
        try:
            parts[name.strip()] = float(weight)
        except ValueError:
            raise UsageError(
                f"{piece!r} is no part; write name=weight, as in train=19,validation=1"
            ) from None
    return check_parts(parts)


def check_parts(parts: Mapping[str, float]) -> dict[str, float]:
    """The parts, each with a plain name and a weight above 0. Raises ``UsageError``."""
    for name, weight in parts.items():
        if not name or name.startswith(".") or any(c in '/\\:*?"<>|' for c in name):
            raise UsageError(f"a part cannot be called {name!r}: it becomes a folder")
        if not 0 < weight < float("inf"):
            raise UsageError(f"the part {name!r} has the weight {weight:g}; it must be above 0")
    if len(parts) < 2:
        raise UsageError("a split needs two parts or more, as in train=19,validation=1")
    return dict(parts)


def part_of(content_hash: bytes, parts: Mapping[str, float]) -> str:
    """The part that a content hash falls into: a function of the two alone."""
    point = int.from_bytes(content_hash[:8], "big") / 2**64 * sum(parts.values())
    for name, weight in parts.items():
        point -= weight
        if point < 0:
            return name
    return list(parts)[-1]


def split(
    sources: Sequence[AtRest],
    out: str | os.PathLike[str],
    parts: Mapping[str, float] = DEFAULT_PARTS,
    *,
    on_progress: Progress | None = None,
) -> SplitReport:
    """Copy the samples of ``sources`` into the parts below ``out``, each a folder that opens as a source.

    A picture's part follows from the hash of its pixels; exact and near duplicates go to one part,
    exact ones once. Samples of an earlier split stay in their parts. A part that chance
    leaves empty gets the sample nearest to it. Raises ``UsageError`` for bad parts, and for an ``out``
    that is a source, lies in one or holds one.
    """
    parts = check_parts(parts)
    refuse_overlap(sources, Path(out))
    work = _Split(Path(out), parts)
    total = sum(source.size for source in sources)
    work.remember()
    done = 0
    for source in sources:
        for index in range(source.size):
            work.take(source, index)
            done += 1
            if on_progress is not None:
                on_progress(done, total)
    work.assign()
    work.write()
    return work.report


@dataclass
class _Entry:
    """A sample at hand, and the part that it belongs to (older ones have it from the start)."""

    pick: Pick
    part: str | None


class _Split:
    def __init__(self, out: Path, parts: Mapping[str, float]) -> None:
        self.out, self.parts = out, parts
        self.report = SplitReport({}, dict.fromkeys(parts, 0))
        self.entries: list[_Entry] = []
        self.by_hash: dict[bytes, int] = {}
        self.thumbs: list[NDArray[np.uint8]] = []
        self.sizes: list[tuple[int, int]] = []

    def remember(self) -> None:
        """Take in what lies in the parts already, also parts that go by other names now."""
        names = sorted(folder.name for folder in self.out.iterdir()) if self.out.is_dir() else []
        for name in names:
            folder = self.out / name
            if name.startswith(".") or not folder.is_dir() or not _holds_pictures(folder):
                continue
            older = FolderSource(folder)
            for index in range(older.size):
                self.take(older, index, name)
        self.report.kept = dict(Counter(entry.part for entry in self.entries if entry.part))
        self.older = len(self.entries)

    def take(self, source: AtRest, index: int, part: str | None = None) -> None:
        """Fingerprint one sample; duplicates, bad ones and conflicts go no further."""
        name = source.name_of(index)
        try:
            text = check_label(source.text(index))
            data = source.data(index)
            image = whole_look(data)
        except (ImageError, LabelError) as error:
            if part is None:
                self.report.refused.append((name, str(error)))
            return
        print_ = fingerprint(data, image)
        earlier = self.by_hash.get(print_.pixels_hash, self.by_hash.get(print_.bytes_hash))
        if earlier is not None:
            if self.entries[earlier].pick.text == text:
                self.report.duplicates += part is None
            else:
                self.report.conflicts.append((name, text, self.entries[earlier].pick.text))
            return
        self.by_hash[print_.pixels_hash] = self.by_hash[print_.bytes_hash] = len(self.entries)
        self.entries.append(_Entry(Pick(source, index, text, print_.pixels_hash, suffix_of(data)), part))
        self.thumbs.append(print_.thumb)
        self.sizes.append(image.shape[:2])

    def assign(self) -> None:
        """Give each new sample its part: that of an older near duplicate, or that of its group's hash."""
        groups = self._groups()
        for members in groups.values():
            settled = next(
                (self.entries[member].part for member in members if self.entries[member].part), None
            )
            part = settled or part_of(
                min(self.entries[member].pick.content_hash for member in members), self.parts
            )
            for member in members:
                self.entries[member].part = self.entries[member].part or part
        self._fill_empty([members for members in groups.values() if members[0] >= self.older])

    def _groups(self) -> dict[int, list[int]]:
        """Near duplicates joined (union-find); the first member stands for its group."""
        leader = list(range(len(self.entries)))

        def find(member: int) -> int:
            while leader[member] != member:
                leader[member] = leader[leader[member]]
                member = leader[member]
            return member

        def grey(position: int) -> NDArray[np.uint8]:
            entry = self.entries[position]
            return greyscale(whole_look(entry.pick.source.data(entry.pick.index)))

        for first, second in find_near(self.thumbs, self.sizes, grey):
            self.report.near += 1
            one, other = sorted((find(first), find(second)))
            leader[other] = one
        groups: dict[int, list[int]] = {}
        for member in range(len(self.entries)):
            groups.setdefault(find(member), []).append(member)
        return groups

    def _fill_empty(self, fresh: list[list[int]]) -> None:
        """Small sets: a part without any sample takes the new group with the highest hash."""
        for part in self.parts:
            counts = Counter(entry.part for entry in self.entries)
            movable = [group for group in fresh if counts[self.entries[group[0]].part] > len(group)]
            if counts[part] or not movable:
                continue
            chosen = max(
                movable, key=lambda group: min(self.entries[member].pick.content_hash for member in group)
            )
            for member in chosen:
                self.entries[member].part = part

    def write(self) -> None:
        """Copy the new samples, byte for byte, under names that no other picture can have."""
        older = {c for entry in self.entries[: self.older] for c in entry.pick.text}
        fresh = self.entries[self.older :]
        if older:
            self.report.new_characters = tuple(
                sorted({c for entry in fresh for c in entry.pick.text} - older)
            )
        for part in self.parts:
            chosen = [entry for entry in fresh if entry.part == part]
            copy_samples(self.out / part, [entry.pick for entry in chosen])
            self.report.added[part] = len(chosen)


def _holds_pictures(folder: Path) -> bool:
    return any(file.suffix.lower() in PICTURE_SUFFIXES for file in folder.rglob("*"))
