"""The characters in use: their counts, which are rare, and the alphabet file that ``train`` takes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from captchalab.errors import UsageError
from captchalab.files import write_atomic
from captchalab.reading.alphabet import PRESETS, Alphabet, normalise
from captchalab.samples.labels import is_label
from captchalab.samples.sample import AtRest

RARE_COUNT = 20
"""A character that occurs less often than this is rare: too few to learn its shape from."""

RARE_SHARE = 0.1
"""So is one that occurs less often than this share of the median character."""


@dataclass(frozen=True)
class CharacterCounts:
    """``counts``: character -> occurrences, by code point; ``labels`` were counted, ``bad`` ones left out."""

    counts: dict[str, int]
    labels: int
    bad: int

    @property
    def alphabet(self) -> Alphabet:
        """All characters in use. Raises ``UsageError`` if there are none."""
        return Alphabet.of_texts(self.counts)

    @property
    def rare(self) -> tuple[str, ...]:
        """Characters below ``RARE_COUNT`` or ``RARE_SHARE`` of the median, the rarest first."""
        if not self.counts:
            return ()
        floor = max(RARE_COUNT, RARE_SHARE * median(self.counts.values()))
        return tuple(
            sorted((c for c, n in self.counts.items() if n < floor), key=lambda c: (self.counts[c], c))
        )

    def to_json(self) -> dict[str, Any]:
        """The content of an alphabet file."""
        return {
            "alphabet": self.alphabet.characters,
            "counts": self.counts,
            "rare": "".join(self.rare),
            "labels": self.labels,
        }

    def save(self, path: Path) -> None:
        """Write the alphabet file (JSON), whole or not at all."""
        text = json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n"
        write_atomic(path, text.encode())


def collect(
    sources: Sequence[AtRest], on_progress: Callable[[int, int], None] | None = None
) -> CharacterCounts:
    """Count the characters of all labels; no picture is read. ``on_progress(done, total)``."""
    counts: Counter[str] = Counter()
    total, done, bad = sum(source.size for source in sources), 0, 0
    for source in sources:
        for index in range(source.size):
            text = normalise(source.text(index))
            if is_label(text):
                counts.update(text)
            else:
                bad += 1
            done += 1
            if on_progress is not None and (done % 1000 == 0 or done == total):
                on_progress(done, total)
    return CharacterCounts(dict(sorted(counts.items())), total - bad, bad)


def load_alphabet(text: str) -> Alphabet:
    """The alphabet that ``text`` names: a ``.json`` or ``.txt`` file, presets, or the characters.

    A ``.txt`` file holds the characters themselves; its line breaks do not count.
    Raises ``UsageError`` if the file is missing or holds no alphabet.
    """
    if not text.endswith((".json", ".txt")):
        return Alphabet.parse(text)
    path = Path(text)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        presets = ", ".join(PRESETS)
        raise UsageError(
            f"cannot open the alphabet file {path} ({error.strerror}); presets are: {presets}"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"the alphabet file {path} is not UTF-8: save it as UTF-8") from None
    if path.suffix == ".txt":
        return Alphabet(normalise("".join(content.splitlines())))
    try:
        entry = json.loads(content)
    except ValueError as error:
        raise UsageError(f"the alphabet file {path} is not JSON ({error})") from None
    characters = entry.get("alphabet") if isinstance(entry, dict) else None
    if not isinstance(characters, str):
        raise UsageError(
            f'the alphabet file {path} needs {{"alphabet": "..."}}, as captchalab alphabet writes it'
        )
    return Alphabet(normalise(characters))
