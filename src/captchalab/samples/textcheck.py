"""Signs that the texts of a set are not what its pictures show."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

ENOUGH = 10
"""Texts from which on a pattern among them is no accident."""
ACCIDENTAL = 0.005
"""Share of texts that differ from another one in case only, up to which it may be chance."""
DENSE = 0.9
"""Share of the numbers between the smallest and the largest that a series of serial numbers has."""


def doubtful_texts(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``(kind, detail)`` for each doubt about ``texts`` (in NFC)."""
    texts = [text for text in texts if text]
    if len(texts) >= ENOUGH:
        yield from _not_texts(texts)
    yield from _cases(texts)


def _not_texts(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    example = texts[0]
    cure = "name the pictures TEXT_anything.png, or write labels.csv"
    if len(set(texts)) == 1:
        yield "serial numbers", f"all {len(texts)} pictures bear the text {example!r}: {cure}"
    elif _are_serial(texts):
        low, high = min(texts, key=_number), max(texts, key=_number)
        yield (
            "serial numbers",
            f"the texts run from {low!r} to {high!r}, like serial numbers, not labels: {cure}",
        )
    elif all(re.fullmatch(r"[0-9a-fA-F]{16,}|[0-9a-fA-F-]{36}", text) for text in texts):
        yield "serial numbers", f"the texts look like hashes, such as {example!r}, not labels: {cure}"


def _are_serial(texts: Sequence[str]) -> bool:
    """Whether all texts end in a number after one and the same prefix, and the numbers are a series."""
    if any(not re.fullmatch(r"\D*[0-9]+", text) for text in texts):
        return False
    prefixes = {text.rstrip("0123456789") for text in texts}
    numbers = {_number(text) for text in texts}
    spread = max(numbers) - min(numbers) + 1
    return len(prefixes) == 1 and len(numbers) == len(texts) and len(numbers) >= DENSE * spread


def _number(text: str) -> int:
    return int(text[len(text.rstrip("0123456789")) :] or "0")


def _cases(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Texts that differ in case only: often two people who labelled by two rules."""
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        spellings[text.casefold()].add(text)
    mixed = sorted(tuple(sorted(group)) for group in spellings.values() if len(group) > 1)
    if len(mixed) > ACCIDENTAL * len(texts):
        shown = "; ".join(" / ".join(group) for group in mixed[:5])
        yield "case", f"{len(mixed)} texts come in several cases ({shown}): is the case of the labels meant?"
