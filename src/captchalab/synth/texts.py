"""The texts of drawn samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from numpy.random import Generator

from captchalab.errors import UsageError


def choose_text(characters: str, lengths: tuple[int, int], rng: Generator) -> str:
    """Every length of the range and every character equally likely."""
    shortest, longest = lengths
    numbers = rng.random(1 + longest).tolist()
    length = shortest + int(numbers[0] * (longest - shortest + 1))
    count = len(characters)
    return "".join([characters[int(number * count)] for number in numbers[1 : 1 + length]])


class Texts(Protocol):
    """What a scheme writes. ``alphabet`` are its characters, ``lengths`` its fewest and most of them."""

    @property
    def takes(self) -> tuple[str, ...]:
        """Which of the options ``alphabet`` and ``length`` have a say."""

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """One text."""

    def written(self, text: str) -> str:
        """What is drawn for a text: the same, or with blanks that its label leaves out."""

    def characters(self, alphabet: str) -> str:
        """All characters that a text may hold. Raises ``UsageError`` where there is no text to write."""

    def bounds(self, lengths: tuple[int, int]) -> tuple[int, int]:
        """Fewest and most characters of a text."""


@dataclass(frozen=True)
class RandomTexts:
    """Every length and every character of the alphabet equally likely."""

    twice: str = ""
    """Characters that come twice as often as the others."""

    takes: ClassVar[tuple[str, ...]] = ("alphabet", "length")

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """See ``choose_text``."""
        if self.twice:
            alphabet += "".join(c for c in self.twice if c in alphabet)
        return choose_text(alphabet, lengths, rng)

    def written(self, text: str) -> str:
        """The text itself."""
        return text

    def characters(self, alphabet: str) -> str:
        """The alphabet. Raises ``UsageError`` for one with a blank."""
        if any(map(str.isspace, alphabet)):
            raise UsageError("the alphabet holds a blank, which nobody sees at the end of a text")
        return alphabet

    def bounds(self, lengths: tuple[int, int]) -> tuple[int, int]:
        """``lengths``."""
        return lengths
