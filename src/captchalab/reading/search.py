"""The likeliest text that obeys a constraint, and the probability that a text obeys at all.

For an automaton (lengths, patterns, character sets): exact sums over the product of the scores and the
automaton, from the last step to the first, tell how much probability lies behind every way to go on. Prefix
search (Graves et al. 2006, section 3.2) then follows the prefixes with most probability behind them. That
probability bounds each text that starts so, and the search ends when no prefix left can beat the best text
found: this text is then the best of all. At most ``beam`` prefixes of each length are followed; only where
that cuts a promising one off may the answer be less than the best. No prefix without an end that obeys is
ever followed, so there is always an answer.

For word lists: one pass over the trie gives the exact probability of every word.
"""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ConstraintError
from captchalab.reading.automaton import Table, Trie
from captchalab.reading.forward import Prefix, empty_prefix, extend_ctc, extend_position

DEFAULT_BEAM = 8
SMALLEST = 1e-280  # below this a sum of plain probabilities may have lost paths to underflow
ROOM = 640.0  # natural logarithms of probability that fit above it

Probabilities = NDArray[np.float64]


class Found(NamedTuple):
    """The symbols of the best text, its probability, and the probability that any obeying text is read."""

    symbols: tuple[int, ...]
    probability: float
    obeying: float


def find(probabilities: Probabilities, automaton: Table | Trie, decoder: str, beam: int) -> Found:
    """The best text for ``(T, 1 + symbols)`` probabilities (rows sum to one).

    Where everything that obeys lies more than ``ROOM`` below certainty, each probability is raised to at
    least ``exp(-ROOM / T)`` and the figures are approximate; the text obeys all the same. Raises
    ``ConstraintError`` where no text that obeys fits into ``T`` steps.
    """
    steps = len(probabilities)
    ctc = decoder == "ctc"
    for floor in (0.0, math.exp(-ROOM / max(1, steps))):
        y = np.maximum(probabilities, floor) if floor else probabilities
        if isinstance(automaton, Trie):
            found = _search_words(y, automaton, ctc)
        else:
            found = _search_table(y, automaton, ctc, beam)
        if found is not None:
            return found
    raise ConstraintError(
        f"no text that obeys the constraints fits into the {steps} steps of this model's scores; "
        "allow shorter texts"
    )


def _search_words(y: Probabilities, trie: Trie, ctc: bool) -> Found | None:
    masses = _forward_trie(y, trie, ctc)[trie.words]
    obeying = float(masses.sum())
    if obeying < SMALLEST:
        return None
    best = int(masses.argmax())
    return Found(trie.spell(int(trie.words[best])), float(masses[best]), obeying)


def _forward_trie(y: Probabilities, trie: Trie, ctc: bool) -> Probabilities:
    """For each node of the trie, the probability that exactly its prefix is read."""
    total = np.zeros(len(trie.parent))
    total[0] = 1.0
    quiet, ending = total.copy(), np.zeros_like(total)
    for step, row in enumerate(y):
        reach = trie.upto[min(step + 1, len(trie.upto) - 1)]  # deeper nodes need more steps
        incoming = total[trie.parent[:reach]]
        if ctc:
            repeats = trie.repeats[: np.searchsorted(trie.repeats, reach)]
            incoming[repeats] = quiet[trie.parent[repeats]]
            incoming += ending[:reach]
        incoming *= row[1:][trie.symbol[:reach]]
        incoming[0] = 0.0
        if ctc:
            ending[:reach] = incoming
            np.multiply(total[:reach], row[0], out=quiet[:reach])
            np.add(quiet[:reach], incoming, out=total[:reach])
        else:
            total[:reach] *= row[0]
            total[:reach] += incoming
    return total


def _search_table(y: Probabilities, table: Table, ctc: bool, beam: int) -> Found | None:
    gains, obeying = (_backward_ctc if ctc else _backward_position)(y, table)
    if obeying < SMALLEST:
        return None
    symbols, probability = _prefix_search(y, table, ctc, beam, gains, obeying)
    return Found(symbols, probability, obeying)


def _backward_ctc(y: Probabilities, table: Table) -> tuple[Probabilities, float]:
    """``gains[t, s, k]``: the probability of starting symbol ``k`` at step ``t`` in state ``s`` and then
    ending in a text that obeys; and the same for the whole picture."""
    steps, (states, symbols) = len(y), table.next.shape
    blank, characters = y[:, 0].tolist(), np.ascontiguousarray(y[:, 1:])
    target = _flat_targets(table)
    gains = np.empty((steps, states, symbols))
    spoken = np.zeros((states + 1, symbols))  # to come after a step that spoke k; last row: dead
    after = spoken[:states]
    after[:] = table.accepting[:, None]
    silent = table.accepting.astype(np.float64)  # to come after a blank step
    for t in range(steps - 1, -1, -1):
        gain = gains[t]
        spoken.take(target, out=gain, mode="clip")
        gain *= characters[t]
        silent *= blank[t]
        after *= characters[t]  # the same character goes on
        after += silent[:, None]
        # Any other character may start: sums to the left and right of k. Subtracting k's share from the
        # whole sum instead would cancel all digits where that share dominates.
        after[:, 1:] += gain[:, :-1].cumsum(axis=1)
        after[:, :-1] += gain[:, :0:-1].cumsum(axis=1)[:, ::-1]
        silent += gain.sum(axis=1)
    return gains, float(silent[0])


def _backward_position(y: Probabilities, table: Table) -> tuple[Probabilities, float]:
    steps, (states, symbols) = len(y), table.next.shape
    gains = np.empty((steps, states, symbols))
    after = np.zeros(states + 1)
    after[:states] = table.accepting
    for t in range(steps - 1, -1, -1):
        np.multiply(after[table.next], y[t, 1:], out=gains[t])
        after[:states] *= y[t, 0]
        after[:states] += gains[t].sum(axis=1)
    return gains, float(after[0])


def _flat_targets(table: Table) -> NDArray[np.intp]:
    states, symbols = table.next.shape
    rows: NDArray[np.intp] = np.where(table.next < 0, states, table.next).astype(np.intp)
    rows *= symbols
    rows += np.arange(symbols)
    return rows


def _prefix_search(
    y: Probabilities, table: Table, ctc: bool, beam: int, gains: Probabilities, obeying: float
) -> tuple[tuple[int, ...], float]:
    columns: list[list[float]] = y.T.tolist()
    blank = columns[0]
    best: tuple[int, ...] = ()
    best_probability = -1.0
    followed: dict[int, int] = {}
    order = count()
    # (minus the bound, tie break, text, state, the prefix without its last character)
    root: tuple[float, int, tuple[int, ...], int, Prefix | None] = (-obeying, next(order), (), 0, None)
    heap = [root]
    while heap and -heap[0][0] > best_probability:
        _, _, text, state, parent = heapq.heappop(heap)
        if followed.get(len(text), 0) == beam:
            continue
        followed[len(text)] = followed.get(len(text), 0) + 1
        if parent is None:
            prefix = empty_prefix(blank)
        elif ctc:
            prefix = extend_ctc(parent, blank, columns[text[-1] + 1], text[-1:] == text[-2:-1])
        else:
            prefix = extend_position(parent, blank, columns[text[-1] + 1])
        if table.accepting[state] and prefix.total[-1] > best_probability:
            best, best_probability = text, prefix.total[-1]
        bounds = np.array(prefix.total[:-1]) @ gains[:, state]
        if ctc and text:
            bounds[text[-1]] = np.array(prefix.quiet[:-1]) @ gains[:, state, text[-1]]
        for symbol in bounds.argsort()[: -beam - 1 : -1].tolist():
            bound = float(bounds[symbol])
            if bound <= max(0.0, best_probability):
                break
            target = int(table.next[state, symbol])
            heapq.heappush(heap, (-bound, next(order), (*text, symbol), target, prefix))
    return best, best_probability
