"""Scores -> text: CTC or one head per position; greedy, by prefix search, under a constraint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import UsageError
from captchalab.reading.alphabet import BLANK, Alphabet
from captchalab.reading.constraint import Constraint, free, same_symbol
from captchalab.reading.forward import (
    DECODERS,
    align_ctc,
    align_position,
    empty_prefix,
    extend_ctc,
    extend_position,
)
from captchalab.reading.search import DEFAULT_BEAM, MAX_BEAM, find


@dataclass(frozen=True, slots=True)
class Span:
    """One character of a reading.

    ``confidence`` is the highest probability of the character along its steps. ``left`` and ``right`` are
    fractions, 0 to 1, of the width of the network's input.
    """

    character: str
    confidence: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the probability that the scores give it, and its characters one by one."""

    text: str
    confidence: float
    characters: tuple[Span, ...]


def decode(
    scores: NDArray[np.float32],
    alphabet: Alphabet,
    decoder: str,
    constraint: Constraint | None = None,
    beam: int | None = None,
) -> Decoded:
    """The text of ``(T, C)`` float32 log-probabilities, ``C == alphabet.classes``, class 0 the blank.

    ``decoder`` is ``ctc`` or ``position``. With ``position``, class 0 is padding, and padded positions are
    left out wherever they stand.

    Without ``constraint`` and ``beam``: greedy, the likeliest class of each step. With either: the text of
    the highest probability among all that obey, where probability is summed over all alignments; ``beam``
    (8 if not given) bounds how many prefixes of each length are followed in search of it, so that for vague
    scores of long texts a better one may be missed (word lists are searched whole).

    ``confidence`` is the exact probability of the text, summed over all alignments; under a constraint,
    divided by the probability of all texts that obey. The confidence of a character is among the characters
    that the constraint allows. Raises ``ConstraintError`` where no text that obeys fits into ``T`` steps.
    """
    if decoder not in DECODERS:
        raise UsageError(f"decoder={decoder!r}: {' or '.join(map(repr, DECODERS))}")
    if beam is not None and not 1 <= beam <= MAX_BEAM:
        raise UsageError(f"beam={beam}: a number from 1 to {MAX_BEAM:,}")
    assert scores.ndim == 2 and scores.shape[1] == alphabet.classes, (scores.shape, alphabet.classes)
    if constraint is None and beam is None:
        return _greedy_ctc(scores, alphabet) if decoder == "ctc" else _greedy_position(scores, alphabet)
    return _search(scores, constraint or free(alphabet), decoder, beam or DEFAULT_BEAM)


def probability_of(
    text: str, scores: NDArray[np.float32], alphabet: Alphabet, decoder: str, fold_case: bool = False
) -> float:
    """The exact probability of ``text``, summed over all alignments; 0 for one outside the alphabet.

    With ``fold_case``, of all texts that differ from it in case alone.
    """
    classes = _classes_of(alphabet, fold_case)
    symbols = [same_symbol(character, fold_case) for character in text]
    if not classes.keys() >= set(symbols):
        return 0.0
    blank = np.exp(scores[:, BLANK], dtype=np.float64).tolist()
    prefix, before = empty_prefix(blank), ""
    for symbol in symbols:
        column = np.exp(scores[:, classes[symbol]], dtype=np.float64).sum(axis=1).tolist()
        if decoder == "ctc":
            prefix = extend_ctc(prefix, blank, column, symbol == before)
        else:
            prefix = extend_position(prefix, blank, column)
        before = symbol
    return min(1.0, prefix.total[-1])


@lru_cache(maxsize=16)
def _classes_of(alphabet: Alphabet, fold_case: bool) -> dict[str, list[int]]:
    """The classes that stand for each symbol."""
    classes: dict[str, list[int]] = {}
    for label, character in enumerate(alphabet.characters, BLANK + 1):
        classes.setdefault(same_symbol(character, fold_case), []).append(label)
    return classes


def _greedy_ctc(scores: NDArray[np.float32], alphabet: Alphabet) -> Decoded:
    labels: list[int] = []
    runs: list[tuple[int, int]] = []
    previous, start = BLANK, 0
    path: list[int] = scores.argmax(axis=1).tolist()
    path.append(BLANK)  # closes the last run
    for step, label in enumerate(path):
        if label != previous:
            if previous != BLANK:
                labels.append(previous)
                runs.append((start, step - 1))
            previous, start = label, step
    columns = np.exp(scores.T[[BLANK, *labels]], dtype=np.float64).tolist()
    blank = columns[0]
    prefix = empty_prefix(blank)
    before = BLANK
    for label, column in zip(labels, columns[1:], strict=True):
        prefix = extend_ctc(prefix, blank, column, label == before)
        before = label
    characters = [alphabet.characters[label - 1] for label in labels]
    # float32 scores of one step may sum to a little more than 1.
    return _decoded(characters, min(1.0, prefix.total[-1]), columns[1:], runs, len(blank))


def _greedy_position(scores: NDArray[np.float32], alphabet: Alphabet) -> Decoded:
    path = scores.argmax(axis=1)
    steps = np.flatnonzero(path).tolist()
    labels = path[steps].tolist()
    columns = np.exp(scores.T[[BLANK, *labels]], dtype=np.float64).tolist()
    tops = [column[step] for column, step in zip(columns[1:], steps, strict=True)]
    probability = math.prod(tops)
    if len(labels) < len(path):
        prefix = empty_prefix(columns[0])
        for column in columns[1:]:
            prefix = extend_position(prefix, columns[0], column)
        probability = prefix.total[-1]
    return _shares([alphabet.characters[label - 1] for label in labels], min(1.0, probability), tops)


def _search(scores: NDArray[np.float32], constraint: Constraint, decoder: str, beam: int) -> Decoded:
    probabilities = constraint.prepare(scores)
    found = find(probabilities, constraint.automaton, decoder, beam)
    confidence = min(1.0, found.probability / found.obeying)
    characters = [constraint.characters[symbol] for symbol in found.symbols]
    columns = probabilities.T[[0, *(symbol + 1 for symbol in found.symbols)]].tolist()
    if decoder == "ctc":
        runs = align_ctc(columns, found.symbols)
        return _decoded(characters, confidence, columns[1:], runs, len(scores))
    steps = align_position(columns, len(characters))
    tops = [column[step] for column, step in zip(columns[1:], steps, strict=True)]
    return _shares(characters, confidence, tops)


def _decoded(
    characters: list[str],
    confidence: float,
    columns: list[list[float]],
    runs: list[tuple[int, int]],
    steps: int,
) -> Decoded:
    """Spans from the runs of steps: each reaches half way to its neighbours, outer ones as far as inwards."""
    if not characters:
        return Decoded("", confidence, ())
    cuts = [(end + 1 + start) / 2 for (_, end), (start, _) in pairwise(runs)]
    (first, first_end), (last, last_end) = runs[0], runs[-1]
    if cuts:
        left = max(0.0, first + first_end + 1 - cuts[0])
        right = min(float(steps), last + last_end + 1 - cuts[-1])
    else:
        left, right = first / 2, (last_end + 1 + steps) / 2
    edges = [left, *cuts, right]
    spans = [
        Span(character, max(column[start : end + 1]), edges[i] / steps, edges[i + 1] / steps)
        for i, (character, column, (start, end)) in enumerate(zip(characters, columns, runs, strict=True))
    ]
    return Decoded("".join(characters), confidence, tuple(spans))


def _shares(characters: list[str], confidence: float, tops: list[float]) -> Decoded:
    """Spans of equal width: a position says nothing about where its character stands."""
    count = len(characters)
    spans = (Span(c, tops[i], i / count, (i + 1) / count) for i, c in enumerate(characters))
    return Decoded("".join(characters), confidence, tuple(spans))
