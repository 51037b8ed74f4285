"""Options of drawn sources: text in, checked values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from captchalab.errors import UsageError
from captchalab.reading.alphabet import MAX_LABEL_LENGTH

SMALLEST_SIDE, LARGEST_SIDE = 16, 4096
"""Pixels that a drawn picture may be wide or high."""


def parse_lengths(text: str) -> tuple[int, int]:
    """``4`` or ``4-6`` as fewest and most characters. Raises ``UsageError``."""
    found = re.fullmatch(r"([0-9]{1,3})(?:-([0-9]{1,3}))?", text)
    shortest, longest = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= shortest <= longest <= MAX_LABEL_LENGTH:
        raise UsageError(f"length={text}: give a number from 1 to {MAX_LABEL_LENGTH}, or a range such as 4-6")
    return shortest, longest


def whole_number(name: str, text: str, low: int, high: int) -> int:
    """A whole number within ``low`` to ``high``. Raises ``UsageError`` that names the option."""
    if not re.fullmatch(r"[0-9]{1,20}", text) or not low <= int(text) <= high:
        raise UsageError(f"{name}={text}: give a whole number from {low} to {high}")
    return int(text)


def spell(head: str, options: Mapping[str, str]) -> str:
    """The string that names a source with these options."""
    tail = "&".join(f"{quote(key)}={quote(value, safe='+')}" for key, value in options.items())
    return f"{head}?{tail}" if tail else head
