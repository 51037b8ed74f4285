"""Numbers in Chinese words, both ways: 105 <-> 一百零五."""

from __future__ import annotations

from functools import cache

LARGEST = 9999
_ORDINARY = "零一二三四五六七八九", "十百千"
_FORMAL = "零壹贰叁肆伍陆柒捌玖", "拾佰仟"
_TO_ORDINARY = str.maketrans("".join(_FORMAL) + "〇两", "".join(_ORDINARY) + "零二")
WORDS = "".join(dict.fromkeys("".join((*_ORDINARY, *_FORMAL)) + "〇两"))
"""All characters of such numbers."""


def in_chinese(number: int, formal: bool = False) -> str:
    """A number from 0 to 9999 in Chinese words: 12 -> 十二, 105 -> 一百零五; ``formal``: 壹佰零伍."""
    numerals, units = _FORMAL if formal else _ORDINARY
    digits = [int(digit) for digit in str(number)]
    words = ""
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit:
            words += numerals[digit] + (units[place - 1] if place else "")
        elif not words.endswith(numerals[0]):
            words += numerals[0]
    words = words.rstrip(numerals[0]) or numerals[0]
    ten = numerals[1] + units[0]
    return words[1:] if words.startswith(ten) and not formal else words


def from_chinese(words: str) -> int | None:
    """The number from 0 to 9999 that the words are, ordinary or formal; ``None`` for other words."""
    return _values().get(words.translate(_TO_ORDINARY))


@cache
def _values() -> dict[str, int]:
    """Of all numbers, in ordinary words; with 一十二 beside 十二, as the formal words have it."""
    return {
        words.translate(_TO_ORDINARY): number
        for number in range(LARGEST + 1)
        for words in (in_chinese(number), in_chinese(number, formal=True))
    }
