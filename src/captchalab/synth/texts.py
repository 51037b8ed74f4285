"""The texts of drawn samples."""

from __future__ import annotations

from numpy.random import Generator


def choose_text(characters: str, lengths: tuple[int, int], rng: Generator) -> str:
    """Every length of the range and every character equally likely."""
    shortest, longest = lengths
    numbers = rng.random(1 + longest).tolist()
    length = shortest + int(numbers[0] * (longest - shortest + 1))
    count = len(characters)
    return "".join([characters[int(number * count)] for number in numbers[1 : 1 + length]])
