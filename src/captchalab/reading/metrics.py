"""Texts against truths: sequence and character accuracy, error rate, intervals, confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from math import comb, sqrt
from typing import Any

from rapidfuzz.distance import Levenshtein

from captchalab.errors import CaptchalabError
from captchalab.reading.alphabet import normalise
from captchalab.reading.arithmetic import evaluate, normalise_arithmetic

GAP = "∅"
"""How a missing character is written: ``(true, ∅)`` was not read, ``(∅, read)`` was not there."""

Z_95 = 1.959963984540054


def wilson(right: float, total: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of the share ``right / total``, 95% by default; ``(0, 1)`` of nothing.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if total == 0:
        return (0.0, 1.0)
    share = right / total
    scale = 1 + z * z / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # At the ends the formula is exact, but its floating-point value is not.
    low = 0.0 if right == 0 else (centre - spread) / scale
    high = 1.0 if right == total else (centre + spread) / scale
    return (low, high)


def sign_test(one: int, other: int) -> float:
    """The chance that two readers which read equally well differ as much, 0 to 1: two-sided, exact.

    ``one`` and ``other`` count the pictures that only the one, and only the other, reads right. Q. McNemar,
    "Note on the sampling error of the difference between correlated proportions", 1947.
    """
    total = one + other
    tail = sum(comb(total, few) for few in range(min(one, other) + 1))
    return min(1.0, tail / (1 << max(0, total - 1)))


def align(truth: str, read: str) -> list[tuple[str, str]]:
    """Pairs ``(true, read)`` of a shortest edit path; ``""`` stands where one side has no character."""
    if truth == read:
        return list(zip(truth, read, strict=True))
    pairs: list[tuple[str, str]] = []
    for step in Levenshtein.opcodes(truth, read):
        lost, found = truth[step.src_start : step.src_end], read[step.dest_start : step.dest_end]
        pairs += zip_longest(lost, found, fillvalue="")
    return pairs


def answer_of(text: str) -> str:
    """The answer of an arithmetic text (``3+8=?`` -> ``11``); a text that is no task is its own answer."""
    try:
        return evaluate(text)
    except CaptchalabError:
        return normalise_arithmetic(text)


@dataclass
class Count:
    """How many of ``total`` were right."""

    right: int = 0
    total: int = 0

    def add(self, right: bool) -> None:
        self.right += right
        self.total += 1

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else 0.0


@dataclass
class Groups:
    """Cases that come in groups, of which ``right`` of ``total`` were right: characters of pictures."""

    right: int = 0
    total: int = 0
    count: int = 0
    right_squares: int = 0
    products: int = 0
    total_squares: int = 0
    """These three are sums over the groups of right * right, right * total, and total * total."""

    def add(self, right: int, total: int) -> None:
        """One more group."""
        self.right += right
        self.total += total
        self.count += 1
        self.right_squares += right * right
        self.products += right * total
        self.total_squares += total * total

    def interval(self) -> tuple[float, float]:
        """95% of the share; ``(0, 1)`` of nothing.

        Characters of one picture are right or wrong together, and so tell less than as many of different
        pictures: Wilson's interval of as many as they are worth by the design effect (Kish, 1965), of one a
        group where all are right, or none.
        """
        if not self.total:
            return (0.0, 1.0)
        share, most = self.right / self.total, self.total / self.count
        scattered = self.right_squares - 2 * share * self.products + share * share * self.total_squares
        alone = self.total * share * (1 - share)
        effect = min(max(1.0, scattered / alone), max(1.0, most)) if alone else most
        return wilson(self.right / effect, self.total / effect)


@dataclass
class Tally:
    """Figures over (truth, reading) pairs, added one at a time; the memory does not grow with them.

    With ``by_answer`` a sequence is right where the answers of two arithmetic texts are equal;
    characters are then compared in arithmetic normal form (``3x8=?`` and ``3*8`` are the same text).
    """

    by_answer: bool = False
    errors: int = 0
    sequences: Count = field(default_factory=Count)
    folded: Count = field(default_factory=Count)
    characters: Count = field(default_factory=Count)
    pictures: Groups = field(default_factory=Groups)
    """The characters of each picture together."""
    edits: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_length: dict[int, Count] = field(default_factory=dict)
    by_character: dict[str, Count] = field(default_factory=dict)

    def add(self, truth: str, read: str) -> bool:
        """Count one reading; whether its sequence is right."""
        truth, read, right, folded = self._compare(normalise(truth), normalise(read))
        self._add_sequence(truth, right, folded)
        pairs = align(truth, read)
        for true, got in pairs:
            self._add_character(true, got)
            if true != got:
                self.confusion[true, got] += 1
        self.pictures.add(sum(true == got for true, got in pairs), len(truth))
        return right

    def add_error(self, truth: str) -> None:
        """Count a picture that could not be read: wrong, all its characters missed, nothing confused."""
        truth = normalise_arithmetic(truth) if self.by_answer else normalise(truth)
        self.errors += 1
        self._add_sequence(truth, right=False, folded=False)
        for true in truth:
            self._add_character(true, "")
        self.pictures.add(0, len(truth))

    def _compare(self, truth: str, read: str) -> tuple[str, str, bool, bool]:
        """The texts whose characters are compared, and whether they are right with and without case."""
        if not self.by_answer:
            return truth, read, truth == read, truth.casefold() == read.casefold()
        answer = answer_of(truth)
        right = answer == answer_of(read)
        truth, read = normalise_arithmetic(truth), normalise_arithmetic(read)
        if truth == answer:  # labelled with the answer alone: the read task has no characters to compare
            read = answer_of(read)
        return truth, read, right, right

    def _add_sequence(self, truth: str, right: bool, folded: bool) -> None:
        self.sequences.add(right)
        self.folded.add(folded)
        self.by_length.setdefault(len(truth), Count()).add(right)

    def _add_character(self, true: str, got: str) -> None:
        self.edits += true != got
        if true:
            self.characters.add(true == got)
            self.by_character.setdefault(true, Count()).add(true == got)

    @property
    def sequence_accuracy(self) -> float:
        """Share of texts that are right as a whole."""
        return self.sequences.share

    @property
    def character_accuracy(self) -> float:
        """Share of true characters that were read, by a shortest alignment."""
        return self.characters.share

    @property
    def character_error_rate(self) -> float:
        """Edits per true character (above 1 where far too much was read)."""
        return self.edits / self.characters.total if self.characters.total else 0.0

    def confusions(self) -> list[tuple[str, str, int]]:
        """``(true, read, count)``, most frequent first; ``GAP`` for the side without a character."""
        ordered = sorted(self.confusion.items(), key=lambda item: (-item[1], item[0]))
        return [(true or GAP, read or GAP, count) for (true, read), count in ordered]

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values; shares are 0 to 1."""
        low, high = wilson(self.sequences.right, self.sequences.total)
        character_low, character_high = self.pictures.interval()
        return {
            "images": self.sequences.total,
            "errors": self.errors,
            "sequence_accuracy": self.sequence_accuracy,
            "sequence_accuracy_low": low,
            "sequence_accuracy_high": high,
            "sequence_accuracy_folded": self.folded.share,
            "character_accuracy": self.character_accuracy,
            "character_accuracy_low": character_low,
            "character_accuracy_high": character_high,
            "character_error_rate": self.character_error_rate,
            "confusion": [{"true": t, "read": r, "count": n} for t, r, n in self.confusions()],
            "by_length": [
                {"length": length, **_count_json(count)} for length, count in sorted(self.by_length.items())
            ],
            "by_character": [
                {"character": character, **_count_json(count)}
                for character, count in sorted(self.by_character.items())
            ],
        }


def _count_json(count: Count) -> dict[str, float]:
    return {"count": count.total, "right": count.right, "accuracy": count.share}


def measure(pairs: Iterable[tuple[str, str]], by_answer: bool = False) -> Tally:
    """The figures of ``(truth, reading)`` pairs."""
    tally = Tally(by_answer)
    for truth, read in pairs:
        tally.add(truth, read)
    return tally
