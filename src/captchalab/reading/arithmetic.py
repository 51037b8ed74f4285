"""Arithmetic readings: "3+8=?" -> "11". A parser, never ``eval``.

``+ - * /`` with the usual precedence, from left to right, on whole numbers; a minus may stand before the
first number. Numbers from 0 to 9999 and signs may stand in Chinese words: "三加五等于？" -> "8". Results are
exact: a whole number where the division comes out even, else a fraction in lowest terms ("7/2").
"""

from __future__ import annotations

import re
from fractions import Fraction

from captchalab.errors import ArithmeticTextError
from captchalab.reading.alphabet import MAX_LABEL_LENGTH
from captchalab.reading.chinese_numbers import WORDS, from_chinese

_SIGNS = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width to plain
        **dict.fromkeys("×xX✕✖∗⋅·ｘＸ", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        **dict.fromkeys("−–—‒", "-"),
    }
)
_CHINESE_SIGNS = {"加上?": "+", "[减減]去?": "-", "乘[以上]?": "*", "除以": "/", "等[于於](几|幾|多少)?$": ""}
_CHINESE_NUMBER = re.compile(f"[{WORDS}]+")
_TOKEN = re.compile(r"[0-9]+|[-+*/]")


def normalise_arithmetic(text: str) -> str:
    """The one form in which arithmetic texts are compared.

    ``×``, ``x``, ``X`` and ``*`` become ``*``; ``÷`` and ``/`` become ``/``; full-width characters become
    plain ones; spaces and a trailing ``=``, ``?`` or ``=?`` go.
    """
    plain = text.translate(_SIGNS)
    return "".join(plain.split()).removesuffix("?").removesuffix("=")


def evaluate(text: str) -> str:
    """The value of an arithmetic text, as text: ``"3+8=?"`` -> ``"11"``, ``"7÷2="`` -> ``"7/2"``,
    ``"十二乘以三"`` -> ``"36"``.

    Raises ``ArithmeticTextError`` for anything else than numbers joined by signs, for more than 64
    characters, and for a division by zero.
    """
    if len(text) > MAX_LABEL_LENGTH:
        raise ArithmeticTextError(
            f"an arithmetic text has at most {MAX_LABEL_LENGTH} characters; this one has {len(text)}"
        )
    plain = _in_digits(normalise_arithmetic(text))
    tokens = _TOKEN.findall(plain)
    if plain.startswith("-"):
        tokens.insert(0, "0")
    numbers, signs = tokens[::2], tokens[1::2]
    well_formed = (
        "".join(tokens).removeprefix("0" if plain.startswith("-") else "") == plain
        and len(numbers) == len(signs) + 1
        and all(map(str.isdecimal, numbers))
        and not any(map(str.isdecimal, signs))
    )
    if not well_formed:
        raise ArithmeticTextError(
            f"{text!r} is no arithmetic text: numbers joined by + - * (or x, ×) / (or ÷), such as '3+8=?', "
            "or all that in Chinese words"
        )
    return str(_value(text, [Fraction(number) for number in numbers], signs))


def _in_digits(plain: str) -> str:
    """With digits and signs for Chinese words; those that are no number stay."""
    for words, sign in _CHINESE_SIGNS.items():
        plain = re.sub(words, sign, plain)
    return _CHINESE_NUMBER.sub(_digits, plain)


def _digits(words: re.Match[str]) -> str:
    number = from_chinese(words[0])
    return words[0] if number is None else str(number)


def _value(text: str, numbers: list[Fraction], signs: list[str]) -> Fraction:
    """Products are finished as they end, and added up."""
    total, product = Fraction(0), numbers[0]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if sign == "*":
            product *= number
        elif sign == "/":
            if not number:
                raise ArithmeticTextError(f"{text!r} divides by zero")
            product /= number
        else:
            total += product
            product = number if sign == "+" else -number
    return total + product
