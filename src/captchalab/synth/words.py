"""Words as texts: from a list, spliced from two, or made up of syllables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from numpy.random import Generator

from captchalab.errors import UsageError, suggest
from captchalab.reading.alphabet import normalise, printable
from captchalab.synth.inflection import inflected
from captchalab.synth.ranges import check_limits

BUNDLED = Path(__file__).parent / "data" / "words.txt"
CASES = ("as listed", "lower", "upper", "title")
MAKING = ("whole", "joined", "spliced")


@dataclass(frozen=True)
class Words:
    """Words whose length is within the scheme's lengths and whose characters are all in its alphabet.

    Raises ``UsageError`` for a file that cannot be read, and when there is no such word.
    """

    file: str = ""
    """A UTF-8 file with one word on each line; without it, common English words of 3 to 9 letters."""
    making: str = "whole"
    """``whole`` words; two ``joined``; or ``spliced``: the first half of one, the second of another."""
    case: str = "as listed"
    """``as listed``, ``lower``, ``upper`` or ``title``."""
    endings: bool = False
    """Also what English endings make of the words, rightly or not: ``bakers``, ``womaning``."""

    takes: ClassVar[tuple[str, ...]] = ("alphabet", "length")

    def __post_init__(self) -> None:
        if self.making not in MAKING:
            raise suggest(self.making, MAKING, "making of words")
        if self.case not in CASES:
            raise suggest(self.case, CASES, "case of words")
        if self.file:
            _listed(self.file)

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """Every length that there is equally likely, then every word of it."""
        one, other, which = rng.random(3).tolist()
        if self.making == "joined":
            pairs = self._pairs(alphabet, lengths)
            first, second = pairs[int(which * len(pairs))]
            return first[int(one * len(first))] + second[int(other * len(second))]
        by_length = self._by_length(alphabet, lengths)
        words = by_length[int(which * len(by_length))]
        word = words[int(one * len(words))]
        if self.making == "whole":
            return word
        return word[: len(word) // 2] + words[int(other * len(words))][len(word) // 2 :]

    def written(self, text: str) -> str:
        """The word itself."""
        return text

    def characters(self, alphabet: str) -> str:
        """The characters of the alphabet: a word may hold all of them."""
        return alphabet

    def bounds(self, lengths: tuple[int, int]) -> tuple[int, int]:
        """``lengths``."""
        return lengths

    def _by_length(self, alphabet: str, lengths: tuple[int, int]) -> tuple[tuple[str, ...], ...]:
        by_length = _sorted_out(self.file, self.case, self.endings, alphabet)
        found = tuple(words for length, words in by_length if lengths[0] <= length <= lengths[1])
        if not found:
            raise self._none(alphabet, lengths)
        return found

    def _pairs(
        self, alphabet: str, lengths: tuple[int, int]
    ) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        by_length = _sorted_out(self.file, self.case, self.endings, alphabet)
        found = tuple(
            (words, others)
            for length, words in by_length
            for rest, others in by_length
            if lengths[0] <= length + rest <= lengths[1]
        )
        if not found:
            raise self._none(alphabet, lengths)
        return found

    def _none(self, alphabet: str, lengths: tuple[int, int]) -> UsageError:
        listed = self.file or "the list of English words"
        return UsageError(
            f"no word of {lengths[0]} to {lengths[1]} characters in {listed} is written with "
            f"{printable(alphabet[:40])}; choose another alphabet or length, or another list"
        )


@lru_cache(maxsize=64)
def _sorted_out(
    file: str, case: str, endings: bool, alphabet: str
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The words that the alphabet can write, by length."""
    allowed = set(alphabet)
    by_length: dict[int, dict[str, None]] = {}
    listed = _listed(file)
    forms = [form for word in listed for form in inflected(word)] if endings else listed
    for form in forms:
        word = form if case == "as listed" else str(getattr(form, case)())
        if allowed.issuperset(word):
            by_length.setdefault(len(word), {})[word] = None
    return tuple((length, tuple(by_length[length])) for length in sorted(by_length))


@lru_cache(maxsize=16)
def _listed(file: str) -> tuple[str, ...]:
    path = Path(file) if file else BUNDLED
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"the list of words {path} is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read the list of words {path} ({error.strerror})") from None
    words = tuple(normalise(line.strip()) for line in lines if line.strip())
    if not words:
        raise UsageError(f"no word in {path}: one on each line is needed")
    return words


@dataclass(frozen=True)
class Syllables:
    """Words that are none: consonants and vowels in turn. The scheme's alphabet has no say."""

    consonants: str = "bcdfghjklmnpqrstvwxyz"
    """Equally likely."""
    vowels: str = "aeiou"
    """Equally likely."""
    vowel_first: float = 0.2
    """How often a vowel begins."""

    takes: ClassVar[tuple[str, ...]] = ("length",)
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"vowel_first": (0, 1)}

    def __post_init__(self) -> None:
        if not (self.consonants and self.vowels):
            raise UsageError("syllables need at least one consonant and one vowel")
        if " " in self.consonants + self.vowels:
            raise UsageError("syllables hold no blanks: a label would end with one")
        check_limits(self, self.limits)

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """One word; every length equally likely."""
        shortest, longest = lengths
        begin, length, *numbers = rng.random(2 + longest).tolist()
        turn = 1 if begin < self.vowel_first else 0
        kinds = (self.consonants, self.vowels)
        letters = numbers[: shortest + int(length * (longest - shortest + 1))]
        return "".join(
            kinds[(i + turn) % 2][int(number * len(kinds[(i + turn) % 2]))]
            for i, number in enumerate(letters)
        )

    def written(self, text: str) -> str:
        """The word itself."""
        return text

    def characters(self, alphabet: str) -> str:
        """Consonants and vowels, sorted."""
        return "".join(sorted({*self.consonants, *self.vowels}))

    def bounds(self, lengths: tuple[int, int]) -> tuple[int, int]:
        """``lengths``."""
        return lengths
