"""The texts of drawn samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator


def choose_text(characters: str, lengths: tuple[int, int], rng: Generator) -> str:
    """Every length of the range and every character equally likely."""
    shortest, longest = lengths
    numbers = rng.random(1 + longest).tolist()
    length = shortest + int(numbers[0] * (longest - shortest + 1))
    count = len(characters)
    return "".join([characters[int(number * count)] for number in numbers[1 : 1 + length]])


class Texts(Protocol):
    """What a scheme writes."""

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """One text. ``alphabet`` are the characters of the scheme, ``lengths`` its fewest and most."""


@dataclass(frozen=True)
class RandomTexts:
    """Every length and every character equally likely."""

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """See ``choose_text``."""
        return choose_text(alphabet, lengths, rng)
