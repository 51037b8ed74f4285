"""The likeliest text that obeys a constraint, and the probability that a text obeys at all.

For an automaton (lengths, patterns, character sets): exact sums over the product of the scores and the
automaton, from the last step to the first, tell how much probability lies behind every way to go on. Prefix
search (Graves et al. 2006, section 3.2) then follows the prefixes with most probability behind them. That
probability bounds each text that starts so, and the search ends when no prefix left can beat the best text
found: this text is then the best of all. At most ``beam`` prefixes of each length are followed; where that
cuts a promising one off, the text of the best single path (Viterbi) competes too, and the answer may be
less than the best. No prefix without an end that obeys is ever followed, so there is always an answer.

For word lists: one pass over the trie gives the exact probability of every word.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from itertools import count
from typing import NamedTuple

import numpy as np

from captchalab.errors import ConstraintError
from captchalab.reading.automaton import Table, Trie
from captchalab.reading.forward import Prefix, empty_prefix, extend_ctc, extend_position
from captchalab.reading.product import Probabilities, Product

DEFAULT_BEAM = 8
MAX_BEAM = 1_000  # a second of search for the vaguest scores
SMALLEST = 1e-280  # below this a sum of plain probabilities may have lost paths to underflow
ROOM = 640.0  # natural logarithms of probability that fit above it


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
    product = Product(y, table, ctc)
    if product.whole < SMALLEST:
        return None
    columns: list[list[float]] = y.T.tolist()
    symbols, probability, cut = _prefix_search(product, columns, beam)
    if cut:
        paths = Product(y, table, ctc, np.maximum)
        path = paths.best_path() if paths.whole > 0 else symbols
        mass = _text_probability(columns, path, ctc)
        if mass > probability:
            symbols, probability = path, mass
    return Found(symbols, probability, product.whole)


def _extend(columns: list[list[float]], prefix: Prefix, text: tuple[int, ...], ctc: bool) -> Prefix:
    """The prefix ``text``, from the prefix without its last symbol."""
    column = columns[text[-1] + 1]
    if ctc:
        return extend_ctc(prefix, columns[0], column, text[-1:] == text[-2:-1])
    return extend_position(prefix, columns[0], column)


def _text_probability(columns: list[list[float]], text: tuple[int, ...], ctc: bool) -> float:
    prefix = empty_prefix(columns[0])
    for end in range(1, len(text) + 1):
        prefix = _extend(columns, prefix, text[:end], ctc)
    return prefix.total[-1]


def _prefix_search(
    product: Product, columns: list[list[float]], beam: int
) -> tuple[tuple[int, ...], float, bool]:
    """The best text found, its probability, and whether the beam cut off one that might be better."""
    table, ctc = product.table, product.ctc
    best: tuple[int, ...] = ()
    best_probability = -1.0
    followed: Counter[int] = Counter()
    lost = 0.0  # the highest bound among the prefixes that the beam cut off
    order = count()
    # (minus the bound, tie break, text, state, the prefix without its last symbol)
    heap: list[tuple[float, int, tuple[int, ...], int, Prefix | None]]
    heap = [(-product.whole, next(order), (), 0, None)]
    while heap and -heap[0][0] > best_probability:
        minus_bound, _, text, state, parent = heapq.heappop(heap)
        if followed[len(text)] == beam:
            lost = max(lost, -minus_bound)
            continue
        followed[len(text)] += 1
        prefix = empty_prefix(columns[0]) if parent is None else _extend(columns, parent, text, ctc)
        if table.accepting[state] and prefix.total[-1] > best_probability:
            best, best_probability = text, prefix.total[-1]
        starts = product.starts(state)
        bounds = np.array(prefix.total[:-1]) @ starts
        if ctc and text:
            bounds[text[-1]] = np.array(prefix.quiet[:-1]) @ starts[:, text[-1]]
        for rank, symbol in enumerate(bounds.argsort()[::-1].tolist()):
            bound = float(bounds[symbol])
            if bound <= max(0.0, best_probability):
                break
            if rank == beam:
                lost = max(lost, bound)
                break
            target = int(table.next[state, symbol])
            heapq.heappush(heap, (-bound, next(order), (*text, symbol), target, prefix))
    return best, best_probability, lost > best_probability
