"""What a comparison found, and how an entry is kept in the folder of its contestant."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from captchalab.files import make_folder, write_atomic

ENTRY, CONTESTANT = "comparison-entry.json", "comparison-contestant.json"


@dataclass(frozen=True)
class Entry:
    """What one contestant reached. Shares are 0 to 1; ``None`` where a foreign reader does not tell."""

    name: str
    kind: str
    network: str | None
    images: int
    sequence_accuracy: float
    sequence_accuracy_low: float
    sequence_accuracy_high: float
    sequence_accuracy_folded: float
    character_accuracy: float
    pictures_seen: int | None
    seconds: float | None
    """Spent training."""
    parameters: int | None
    file_bytes: int | None
    milliseconds: float
    """Of one picture by itself, from its bytes to the text: the median; 0 until all are timed together."""
    pictures_per_second: float
    """In batches of 64."""
    wrong: tuple[int, ...]
    """Which pictures of the test were read wrongly."""
    character_accuracy_low: float | None = None
    """``None`` in an entry of an older version, as ``character_accuracy_high``."""
    character_accuracy_high: float | None = None
    processor_seconds: float | None = None
    """Of the process that trained: as many as ``seconds`` and more, unless others kept the machine busy."""
    identity: str = ""
    """Of the contestant that this is the entry of; empty in an entry of an older version."""


@dataclass(frozen=True)
class Failed:
    """A contestant that did not get to the end."""

    name: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """All entries, in the order that they were named."""

    data: tuple[str, ...]
    budget: dict[str, Any]
    entries: tuple[Entry, ...]
    failed: tuple[Failed, ...] = ()
    shared: int = 0
    """How many pictures of the test are among those to train on."""
    known: tuple[tuple[str, int], ...] = ()
    """Contestants that came already trained on pictures of the test, and on how many."""
    head_starts: tuple[tuple[str, str], ...] = ()
    """Contestants that another model helped, and which: what that took is in no figure of theirs."""

    def overlap(self, one: Entry, other: Entry) -> float | None:
        """Of the pictures that either misreads, the share that both do; ``None`` if neither misreads any."""
        either = set(one.wrong) | set(other.wrong)
        return len(set(one.wrong) & set(other.wrong)) / len(either) if either else None


def load_entry(run: Path) -> Entry | None:
    """The entry in the folder ``run`` of a contestant; ``None`` where there is none yet."""
    file = run / ENTRY
    if not file.exists():
        return None
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Entry(**{**stored, "wrong": tuple(stored["wrong"])})


def note_identity(identity: str, run: Path) -> None:
    """Say whose folder ``run`` is, before hours of training have an entry."""
    make_folder(run)
    write_atomic(run / CONTESTANT, json.dumps({"identity": identity}).encode())


def identity_in(run: Path) -> str:
    """Of the contestant whose folder this is; empty where there is none yet, or an older version's."""
    entry, file = load_entry(run), run / CONTESTANT
    if entry is not None or not file.exists():
        return entry.identity if entry is not None else ""
    return str(json.loads(file.read_text(encoding="utf-8"))["identity"])


def save_entry(entry: Entry, run: Path) -> None:
    """Into the folder ``run`` of its contestant."""
    make_folder(run)
    write_atomic(run / ENTRY, json.dumps(asdict(entry), indent=1).encode())
