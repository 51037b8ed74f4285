"""What a text must obey: allowed characters, a length, a pattern, a word list; all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ConstraintError, UsageError
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, Alphabet, normalise
from captchalab.reading.automaton import Table, Trie, any_text, both, of_length, trie_of
from captchalab.reading.pattern import compile_pattern

LOWEST = -1e4  # stands for log 0, so that a row without any likely class stays finite


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """The scores' columns that may be used, and the automaton that the text must run through.

    ``characters[i]`` is the text of symbol ``i``. ``order`` lists the model's classes, grouped by symbol
    with the blank first; ``starts`` is where each group begins.
    """

    characters: str
    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    automaton: Table | Trie

    def prepare(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(T, C)`` log-probabilities -> ``(T, 1 + symbols)`` probabilities among what is allowed.

        The classes of one symbol are summed; every row sums to one.
        """
        chosen = np.maximum(scores[:, self.order], LOWEST, dtype=np.float64)
        chosen -= chosen.max(axis=1, keepdims=True)
        np.exp(chosen, out=chosen)
        if len(self.starts) < len(self.order):
            chosen = np.add.reduceat(chosen, self.starts, axis=1)
        chosen /= chosen.sum(axis=1, keepdims=True)
        return chosen


def build_constraint(
    *,
    alphabet: Alphabet,
    allowed: str | Alphabet | None = None,
    length: int | tuple[int, int] | None = None,
    pattern: str | None = None,
    words: Sequence[str] | None = None,
    fold_case: bool = False,
) -> Constraint | None:
    """The constraint of these options for a model's ``alphabet``; ``None`` where no option is given.

    ``allowed``: preset names joined by ``+`` (``digits+upper``) or the characters themselves; an
    ``Alphabet`` is never taken for a preset's name. Characters that the model does not know are passed
    over, as it never reads them; it is an error where none is left.
    ``length``: a number of characters, or the least and the most, 0 to 64.
    ``pattern``: a regular expression of the subset that ``pattern.py`` states; the whole text must match.
    ``words``: the texts that are possible. Those that break another option, or that hold characters
    outside the alphabet, are passed over; it is an error where none is left.
    ``fold_case``: case is ignored. The probabilities of a letter's cases are summed at every step, the
    text is in lower case (in upper case where the alphabet has no lower one), and the other options match
    whatever their case.

    Raises ``ConstraintError`` for options that are malformed, over a limit, or that no text can obey.
    """
    if allowed is None and length is None and pattern is None and words is None and not fold_case:
        return None
    check_types(allowed, pattern)
    span = None if length is None else _length_range(length)
    if words is None:
        return _build(alphabet, allowed, span, pattern, fold_case)
    return _build_words(alphabet, allowed, span, pattern, listed_words(words), fold_case)


def check_types(allowed: object, pattern: object) -> None:
    """Raises ``ConstraintError`` for an alphabet or a pattern that is neither left out nor a text."""
    if not isinstance(allowed, str | Alphabet | None):
        raise ConstraintError(f"alphabet={allowed!r:.80}: a text is needed, such as 'digits' or '0123'")
    if not isinstance(pattern, str | None):
        raise ConstraintError(f"pattern={pattern!r:.80}: a text is needed, such as '[0-9]{{4}}'")


def listed_words(words: object) -> tuple[str, ...]:
    """The words as a tuple. Raises ``ConstraintError`` for what is no list of texts."""
    if isinstance(words, Iterable) and not isinstance(words, str | bytes):
        listed = tuple(words)
        if all(isinstance(word, str) for word in listed):
            return listed
    raise ConstraintError(f"words={words!r:.80}: a list of words is needed, such as ['one', 'two']")


@lru_cache(maxsize=16)
def _build(
    alphabet: Alphabet,
    allowed: str | Alphabet | None,
    length: tuple[int, int] | None,
    pattern: str | None,
    fold_case: bool,
) -> Constraint:
    symbols = _Symbols.of(alphabet, allowed, fold_case)
    return symbols.constraint(_table(symbols, length, pattern))


def free(alphabet: Alphabet) -> Constraint:
    """The constraint that every text obeys."""
    return _build(alphabet, None, None, None, False)


def _length_range(length: int | tuple[int, int]) -> tuple[int, int]:
    least, most = (length, length) if isinstance(length, int) else length
    if not 0 <= least <= most <= MAX_LABEL_LENGTH:
        raise ConstraintError(
            f"length {length}: give a number, or the least and the most, from 0 to {MAX_LABEL_LENGTH}"
        )
    return int(least), int(most)


@dataclass(frozen=True, slots=True)
class _Symbols:
    """The characters that a text may hold: each with its variants and the classes that stand for it."""

    characters: str
    variants: tuple[str, ...]
    classes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, alphabet: Alphabet, allowed: str | Alphabet | None, fold_case: bool) -> _Symbols:
        named = alphabet.characters if allowed is None else _allowed_characters(allowed)
        wanted = {same_symbol(character, fold_case) for character in named}
        groups: dict[str, list[str]] = {}
        for character in alphabet.characters:
            key = same_symbol(character, fold_case)
            if key in wanted:
                groups.setdefault(key, []).append(character)
        if not groups:
            raise ConstraintError(
                f"alphabet {named[:80]!r} shares no character with the model's, {alphabet.characters[:80]!r}"
            )
        characters = "".join(key if key in group else group[0] for key, group in groups.items())
        variants = tuple(_variants(key, group, fold_case) for key, group in groups.items())
        classes = tuple(tuple(alphabet.encode("".join(group))) for group in groups.values())
        return cls(characters, variants, classes)

    def constraint(self, automaton: Table | Trie) -> Constraint:
        groups = [(0,), *self.classes]
        order = np.array([i for group in groups for i in group], np.intp)
        starts = np.cumsum([0, *map(len, groups[:-1])], dtype=np.intp)
        return Constraint(self.characters, order, starts, automaton)


def _allowed_characters(allowed: str | Alphabet) -> str:
    if isinstance(allowed, Alphabet):
        return allowed.characters
    try:
        return Alphabet.parse(allowed).characters
    except UsageError as error:
        raise ConstraintError(f"alphabet {allowed!r}: {error}") from error


def same_symbol(character: str, fold_case: bool) -> str:
    """What the characters of one symbol share. Letters without a lower case of one character stay alone."""
    lower = character.lower()
    return lower if fold_case and len(lower) == 1 else character


def _variants(key: str, group: list[str], fold_case: bool) -> str:
    if not fold_case:
        return key
    both_cases = [key, key.upper()] if len(key.upper()) == 1 else [key]
    return "".join(dict.fromkeys([*group, *both_cases]))


def _table(symbols: _Symbols, length: tuple[int, int] | None, pattern: str | None) -> Table:
    count = len(symbols.characters)
    tables: list[Table] = []
    if pattern is not None:
        tables.append(compile_pattern(pattern, symbols.variants))
    if length is not None:
        tables.append(of_length(*length, count))
    table = both(*tables) if len(tables) == 2 else tables[0] if tables else any_text(count)
    if not table.accepting[0] and (table.next[0] < 0).all():
        together = "" if length is None else f" with length {length[0]} to {length[1]}"
        raise ConstraintError(
            f"no text over the allowed characters {symbols.characters[:80]!r} matches "
            f"pattern {pattern!r}{together}"
        )
    return table


def _build_words(
    alphabet: Alphabet,
    allowed: str | Alphabet | None,
    length: tuple[int, int] | None,
    pattern: str | None,
    words: Sequence[str],
    fold_case: bool,
) -> Constraint:
    symbols = _Symbols.of(alphabet, allowed, fold_case)
    table = None if pattern is None else _table(symbols, None, pattern)
    least, most = length or (1, MAX_LABEL_LENGTH)
    index = {variant: i for i, group in enumerate(symbols.variants) for variant in group}
    possible = []
    for word in words:
        spelled = [index.get(character, -1) for character in normalise(word)]
        if spelled and least <= len(spelled) <= most and min(spelled) >= 0:
            possible.append(spelled)
    if table is not None:
        possible = [spelled for spelled in possible if table.accepts(spelled)]
    if not possible:
        raise ConstraintError(
            f"words: none of the {len(words):,} is left; each needs 1 to {MAX_LABEL_LENGTH} characters of "
            f"{symbols.characters[:80]!r} and must obey the length and the pattern given"
        )
    return symbols.constraint(trie_of(possible, len(symbols.characters)))
