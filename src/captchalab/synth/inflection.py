"""English words with the endings that grammar gives them, whether or not anybody says so."""

from __future__ import annotations

from collections.abc import Iterator

ENDINGS = ("s", "ed", "er", "ers", "ing", "ly")
_ENDED = (*ENDINGS, "est", "ion", "ment")
_VOWELS = "aeiou"


def inflected(word: str) -> Iterator[str]:
    """The word, and where it has no ending yet, it with each: ``bake``, ``bakes``, ``baked``, .."""
    yield word
    if len(word) < 3 or word.endswith(_ENDED) or not word.isalpha():
        return
    for ending in ENDINGS:
        yield with_ending(word, ending)


def with_ending(word: str, ending: str) -> str:
    """Spelled by the common rules: ``boxes``, ``tries``, ``baking``, ``sitter``, ``happily``."""
    last, before = word[-1], word[-2]
    consonant = before not in _VOWELS
    if ending == "s" and word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if last == "y" and consonant and not ending.startswith("i"):
        return word[:-1] + ("ies" if ending == "s" else "i" + ending)
    if ending[0] in _VOWELS:
        if last == "e" and (ending[0] == "e" or before != "e"):
            return word[:-1] + ending
        if not consonant and len(word) < 5 and word[-3] not in _VOWELS and last not in _VOWELS + "wxy":
            return word + last + ending
    return word + ending
