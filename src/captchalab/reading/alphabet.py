"""Text <-> class indices. Class 0 is the blank (CTC) or the padding (one head per position)."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from captchalab.errors import LabelError, UsageError

PRESETS: dict[str, str] = {
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "letters": string.ascii_uppercase + string.ascii_lowercase,
    "alnum": string.digits + string.ascii_uppercase + string.ascii_lowercase,
    "math": string.digits + "+-*/=?",
    # The common characters: level 1 of the Table of General Standard Chinese Characters (2013), in its order.
    "chinese": Path(__file__).with_name("chinese.txt").read_text(encoding="utf-8"),
}
MAX_LABEL_LENGTH = 64
BLANK = 0


def normalise(text: str) -> str:
    """``text`` in Unicode NFC, the one form in which labels and alphabets are compared."""
    return unicodedata.normalize("NFC", text)


def is_forbidden(character: str) -> bool:
    """Whether a character may never stand in a label: controls, bidi marks, surrogates, line breaks."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def printable(characters: Iterable[str]) -> str:
    """Characters as a message names them; invisible ones by code point."""
    return ", ".join(f"U+{ord(c):04X}" if is_forbidden(c) or c.isspace() else c for c in characters)


def check_label(text: str, max_length: int = MAX_LABEL_LENGTH) -> str:
    """The label in NFC. Raises ``LabelError`` if it is empty, over-long or holds forbidden characters."""
    label = normalise(text)
    if not label.strip():
        raise LabelError("the label is empty")
    if len(label) > max_length:
        raise LabelError(f"the label has {len(label)} characters; at most {max_length} are allowed")
    bad = sorted({c for c in label if is_forbidden(c)})
    if bad:
        raise LabelError(f"the label holds control or invisible characters: {printable(bad)}")
    return label


@dataclass(frozen=True)
class Alphabet:
    """The ordered characters that a model can output.

    ``characters`` is a string of distinct code points in NFC; class ``i + 1`` is ``characters[i]``.
    """

    characters: str
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.characters:
            raise UsageError("an alphabet needs at least one character")
        if normalise(self.characters) != self.characters:
            raise UsageError("an alphabet must be in Unicode NFC, one code point a character")
        bad = [c for c in self.characters if is_forbidden(c)]
        if bad:
            raise UsageError(f"an alphabet cannot hold {printable(bad)}")
        index = {c: i + 1 for i, c in enumerate(self.characters)}
        if len(index) != len(self.characters):
            twice = sorted({c for c in self.characters if self.characters.count(c) > 1})
            raise UsageError(f"an alphabet names each character once; twice here: {printable(twice)}")
        object.__setattr__(self, "_index", index)

    @classmethod
    def parse(cls, text: str) -> Alphabet:
        """From preset names joined by ``+`` (``digits+upper``), or else from the characters themselves."""
        parts = text.split("+")
        if all(part in PRESETS for part in parts):
            return cls("".join(dict.fromkeys("".join(PRESETS[part] for part in parts))))
        try:
            return cls(normalise(text))
        except UsageError as error:  # perhaps a misspelt preset
            raise UsageError(f"{error} (presets, joined by +, are: {', '.join(PRESETS)})") from None

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Alphabet:
        """All characters in use, sorted."""
        used = sorted({c for text in texts for c in normalise(text)})
        if not used:
            raise UsageError("no labelled pictures, so no alphabet: give --alphabet")
        return cls("".join(used))

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self._index

    @property
    def classes(self) -> int:
        """Number of classes of a network: the characters and the blank."""
        return len(self.characters) + 1

    def encode(self, text: str) -> list[int]:
        """Class indices (each >= 1). Raises ``LabelError`` that names the characters outside the alphabet."""
        label = normalise(text)
        missing = sorted({c for c in label if c not in self._index})
        if missing:
            raise LabelError(f"outside the alphabet: {printable(missing)} (in {label!r})")
        return [self._index[c] for c in label]

    def decode(self, indices: Sequence[int]) -> str:
        """The text of class indices; blanks are left out."""
        return "".join(self.characters[i - 1] for i in indices if i != BLANK)
