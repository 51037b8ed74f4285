"""Sums as texts: ``3+8=?``, ``70-1=``, ``三加五等于？``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

from numpy.random import Generator

from captchalab.errors import UsageError, suggest
from captchalab.reading.chinese_numbers import in_chinese

NUMERALS = ("digits", "chinese", "formal")
_FORM = re.compile(r"(\d{1,4})(?:-(\d{1,4}))? (\S{1,8}) (\d{1,4})(?:-(\d{1,4}))?")
_MINUS, _DIVIDED = ("-", "−", "－", "减"), ("/", "÷", "除以")
_TRIES = 1000
_WIDEST_PAD = 16


@dataclass(frozen=True)
class Sums:
    """Two numbers and a sign between them. Raises ``UsageError`` for a form that is none."""

    forms: tuple[str, ...] = ("0-9 + 0-9", "0-9 - 0-9", "0-9 * 0-9")
    """``"0-19 + 1-9"``: smallest and largest first number, sign, smallest and largest second number. Each
    form is equally likely; one that stands twice is twice as likely. Divisions come out even."""
    negative: bool = True
    """Whether a result may be negative; else the larger number goes first."""
    suffix: str = "=?"
    """What follows the numbers."""
    numerals: str = "digits"
    """How numbers are written: ``digits``, ``chinese`` (十二), or ``formal`` Chinese (壹拾贰)."""
    pad: int = 0
    """Blanks fill up shorter numbers to so many characters; they are drawn, but not in the label."""
    spaced: bool = False
    """Blanks around the sign and before the suffix, which are drawn, but not in the label."""

    takes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if self.numerals not in NUMERALS:
            raise suggest(self.numerals, NUMERALS, "numerals")
        if not self.forms:
            raise UsageError('sums need at least one form, such as "0-9 + 0-9"')
        if not 0 <= self.pad <= _WIDEST_PAD:
            raise UsageError(f"pad = {self.pad}: a whole number from 0 to {_WIDEST_PAD}")
        for form in self.forms:
            _parsed(form)

    def choose(self, rng: Generator, alphabet: str, lengths: tuple[int, int]) -> str:
        """One sum; alphabet and lengths follow from the fields."""
        form = _parsed(self.forms[int(rng.random() * len(self.forms))])
        for _ in range(_TRIES):
            first, second = form.numbers(rng)
            if not form.divides or (second and first % second == 0):
                break
        else:
            assert form.even is not None
            first, second = form.even
        if form.subtracts and not self.negative and first < second:
            first, second = second, first
        return f"{self._spelled(first)}{form.sign}{self._spelled(second)}{self.suffix}"

    def written(self, text: str) -> str:
        """The sum with its blanks."""
        if not (self.pad or self.spaced):
            return text
        blank = " " if self.spaced else ""
        body = text.removesuffix(self.suffix)
        signs = "|".join(sorted({re.escape(_parsed(form).sign) for form in self.forms}))
        first, sign, second = re.split(f"({signs})", body, maxsplit=1)
        pad = self.pad
        return f"{first:<{pad}}{blank}{sign}{blank}{second:<{pad}}{blank}{self.suffix}"

    def characters(self, alphabet: str) -> str:
        """Numerals in use, then signs, then the suffix."""
        forms = [_parsed(form) for form in self.forms]
        numerals = {c for form in forms for number in form.all_numbers() for c in self._spelled(number)}
        signs = "".join(form.sign for form in forms)
        return "".join(dict.fromkeys("".join(sorted(numerals)) + signs + self.suffix))

    def bounds(self, lengths: tuple[int, int]) -> tuple[int, int]:
        """Of the shortest and longest sums."""
        totals = []
        for form in map(_parsed, self.forms):
            sides = ([len(self._spelled(number)) for number in side] for side in form.sides())
            short, long = zip(*((min(side), max(side)) for side in sides), strict=True)
            rest = len(form.sign) + len(self.suffix)
            totals += [sum(short) + rest, sum(long) + rest]
        return min(totals), max(totals)

    def _spelled(self, number: int) -> str:
        if self.numerals == "digits":
            return str(number)
        return in_chinese(number, formal=self.numerals == "formal")


class _Form(NamedTuple):
    first: tuple[int, int]
    sign: str
    second: tuple[int, int]

    @property
    def subtracts(self) -> bool:
        return self.sign in _MINUS

    @property
    def divides(self) -> bool:
        return self.sign in _DIVIDED

    @property
    def even(self) -> tuple[int, int] | None:
        """Some division that comes out even, if there is one."""
        low, high = self.first
        for second in range(max(1, self.second[0]), self.second[1] + 1):
            first = -(-low // second) * second
            if first <= high:
                return first, second
        return None

    def numbers(self, rng: Generator) -> tuple[int, int]:
        one, other = rng.random(2).tolist()
        (low, high), (least, most) = self.first, self.second
        return low + int(one * (high - low + 1)), least + int(other * (most - least + 1))

    def sides(self) -> tuple[range, range]:
        return range(self.first[0], self.first[1] + 1), range(self.second[0], self.second[1] + 1)

    def all_numbers(self) -> Iterable[int]:
        return (number for side in self.sides() for number in side)


@lru_cache(maxsize=256)
def _parsed(form: str) -> _Form:
    found = _FORM.fullmatch(form)
    if not found or any(c.isdigit() for c in found[3]):
        raise UsageError(f'{form!r} is no form of sums: write numbers, a sign, numbers, as in "0-19 + 1-9"')
    low, high = int(found[1]), int(found[2] or found[1])
    least, most = int(found[4]), int(found[5] or found[4])
    parsed = _Form((low, high), found[3], (least, most))
    if low > high or least > most:
        raise UsageError(f"{form!r}: the smaller number of a range goes first")
    if parsed.divides and parsed.even is None:
        raise UsageError(f"{form!r}: no division of these numbers comes out even")
    return parsed
