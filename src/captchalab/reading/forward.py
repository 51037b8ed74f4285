"""Probability of a text: the sum over all alignments with the steps of the scores, exact.

Two readings of scores ``(T, 1 + symbols)`` are known. ``ctc`` (Graves et al. 2006, section 4.1): equal
neighbours collapse and the blank separates. ``position``: each step is one position, and padded positions
are left out wherever they stand. Everything here works on plain probabilities and Python floats: for the
few steps and characters of a captcha that is faster than any array function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

DECODERS = ("ctc", "position")


class Prefix(NamedTuple):
    """Probabilities of having read exactly this prefix after 0, 1, ... T steps.

    ``total`` counts all alignments, ``quiet`` those that a further character of the same class may follow
    (in CTC: those whose last step is blank).
    """

    total: list[float]
    quiet: list[float]


def empty_prefix(blank: Sequence[float]) -> Prefix:
    """The prefix of no character; ``blank`` are the ``T`` probabilities of class 0."""
    mass = 1.0
    total = [mass]
    for probability in blank:
        mass *= probability
        total.append(mass)
    return Prefix(total, total)


def extend_ctc(prefix: Prefix, blank: Sequence[float], character: Sequence[float], repeated: bool) -> Prefix:
    """The prefix with one more character, whose ``T`` probabilities are ``character``.

    ``repeated``: it is also the prefix's last one, so that a blank has to stand between the two.
    """
    ending = quiet = 0.0
    totals, quiets = [0.0], [0.0]
    incoming = prefix.quiet if repeated else prefix.total
    for before, silent, heard in zip(incoming, blank, character, strict=False):
        quiet = silent * (quiet + ending) if ending or quiet else 0.0
        ending = heard * (ending + before)
        totals.append(quiet + ending)
        quiets.append(quiet)
    return Prefix(totals, quiets)


def extend_position(prefix: Prefix, blank: Sequence[float], character: Sequence[float]) -> Prefix:
    """The same for one head per position."""
    mass = 0.0
    totals = [0.0]
    for before, silent, heard in zip(prefix.total, blank, character, strict=False):
        mass = silent * mass + heard * before
        totals.append(mass)
    return Prefix(totals, totals)


def align_ctc(columns: Sequence[Sequence[float]], labels: Sequence[int]) -> list[tuple[int, int]]:
    """First and last step of each label on the likeliest alignment (Viterbi).

    ``columns[0]`` are the blank's ``T`` probabilities, ``columns[i + 1]`` those of ``labels[i]``.
    """
    states = 2 * len(labels) + 1  # blank, label, blank, label, ... blank
    rows = list(zip(*([_log(p) for p in column] for column in columns), strict=True))
    skips = [s % 2 == 1 and s > 1 and labels[s // 2] != labels[s // 2 - 1] for s in range(states)]
    best = [-math.inf] * states
    best[0] = 0.0
    moves: list[list[int]] = []
    for row in rows:
        before, best, back = best, [], []
        for s in range(states):
            value, move = before[s], 0
            if s and before[s - 1] > value:
                value, move = before[s - 1], 1
            if skips[s] and before[s - 2] > value:
                value, move = before[s - 2], 2
            best.append(value + row[(s // 2 + 1) if s % 2 else 0])
            back.append(move)
        moves.append(back)
    state = max(states - 1, states - 2 if labels else 0, key=best.__getitem__)
    first, last = [0] * len(labels), [-1] * len(labels)
    for step in range(len(rows) - 1, -1, -1):
        if state % 2:
            label = state // 2
            first[label] = step
            last[label] = max(last[label], step)
        state -= moves[step][state]
    return list(zip(first, last, strict=True))


def align_position(columns: Sequence[Sequence[float]], count: int) -> list[int]:
    """The step of each of ``count`` labels on the likeliest alignment; ``columns`` as in ``align_ctc``."""
    steps = len(columns[0])
    best = [0.0] + [-math.inf] * count
    took: list[list[bool]] = []
    for step in range(steps):
        quiet = _log(columns[0][step])
        news = [-math.inf] + [best[i] + _log(columns[i + 1][step]) for i in range(count)]
        stays = [value + quiet for value in best]
        took.append([new > stay for new, stay in zip(news, stays, strict=True)])
        best = [max(new, stay) for new, stay in zip(news, stays, strict=True)]
    at: list[int] = []
    left = count
    for step in range(steps - 1, -1, -1):
        if took[step][left]:
            at.append(step)
            left -= 1
    return at[::-1]


def _log(probability: float) -> float:
    return math.log(probability) if probability > 1e-300 else -700.0
