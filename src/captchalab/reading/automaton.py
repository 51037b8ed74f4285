"""Automata over the symbols of a constraint: a dense table for lengths and patterns, a trie for words.

Symbol ``i`` (from 0) is the character of column ``i + 1`` of the prepared scores; column 0 is the blank.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ConstraintError

MAX_STATES = 2_000
MAX_CELLS = 400_000  # states times symbols: 100 MB of sums for a picture of 30 steps

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A deterministic automaton; state 0 is the start.

    ``next`` is int32 ``(states, symbols)``, -1 where no accepted text goes on; ``accepting`` is bool
    ``(states,)``.
    """

    next: NDArray[np.int32]
    accepting: NDArray[np.bool_]

    def accepts(self, symbols: Sequence[int]) -> bool:
        """Whether the text of these symbols obeys."""
        state = 0
        for symbol in symbols:
            state = int(self.next[state, symbol])
            if state < 0:
                return False
        return bool(self.accepting[state])


def explore(
    start: State, step: Callable[[State], tuple[bool, Sequence[State | None]]], symbols: int
) -> Table:
    """The table of all states that are reachable from ``start`` and can still reach acceptance.

    ``step(state)`` tells whether the state accepts, and the next state for each symbol. Raises
    ``ConstraintError`` above ``MAX_STATES`` states or ``MAX_CELLS`` cells.
    """
    index: dict[State, int] = {start: 0}
    todo = [start]
    rows: list[list[int]] = []
    accepting: list[bool] = []
    for state in todo:  # grows while it is walked
        accepts, targets = step(state)
        row = [-1] * symbols
        for symbol, target in enumerate(targets):
            if target is None:
                continue
            number = index.get(target)
            if number is None:
                number = index[target] = len(todo)
                todo.append(target)
            row[symbol] = number
        rows.append(row)
        accepting.append(accepts)
        _check_size(len(todo), symbols)
    table = np.array(rows, np.int32).reshape(len(rows), symbols)
    return _without_dead_ends(table, np.array(accepting, np.bool_))


def _check_size(states: int, symbols: int) -> None:
    if states > MAX_STATES or states * symbols > MAX_CELLS:
        raise ConstraintError(
            f"the constraint's automaton is too large (limits: {MAX_STATES:,} states, {MAX_CELLS:,} "
            "states times characters); shorten the pattern, lower its counts or allow fewer characters"
        )


def _without_dead_ends(table: NDArray[np.int32], accepting: NDArray[np.bool_]) -> Table:
    """Every way into a state from which no accepted text follows becomes -1."""
    states = len(table)
    sources, columns = np.nonzero(table >= 0)
    pairs = np.unique(table[sources, columns].astype(np.int64) * states + sources)
    before: list[list[int]] = [[] for _ in range(states)]
    for pair in pairs.tolist():
        before[pair // states].append(pair % states)
    alive = set(np.flatnonzero(accepting).tolist())
    todo = list(alive)
    for state in todo:
        new = [s for s in before[state] if s not in alive]
        alive.update(new)
        todo.extend(new)
    if len(alive) == states:
        return Table(table, accepting)
    dead = np.ones(states + 1, np.bool_)
    dead[list(alive)] = False  # the last entry stands for -1
    return Table(np.where(dead[table], np.int32(-1), table), accepting)


def any_text(symbols: int) -> Table:
    """Accepts every text."""
    return Table(np.zeros((1, symbols), np.int32), np.ones(1, np.bool_))


def of_length(least: int, most: int, symbols: int) -> Table:
    """Accepts texts of ``least`` to ``most`` characters."""

    def step(count: int) -> tuple[bool, list[int | None]]:
        return count >= least, [count + 1 if count < most else None] * symbols

    return explore(0, step, symbols)


def both(a: Table, b: Table) -> Table:
    """Accepts what ``a`` and ``b`` accept (the product automaton)."""
    symbols = a.next.shape[1]

    def step(state: tuple[int, int]) -> tuple[bool, list[tuple[int, int] | None]]:
        i, j = state
        pairs = zip(a.next[i].tolist(), b.next[j].tolist(), strict=True)
        targets = [(p, q) if p >= 0 and q >= 0 else None for p, q in pairs]
        return bool(a.accepting[i] and b.accepting[j]), targets

    return explore((0, 0), step, symbols)


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """The prefixes of a word list, shorter ones first; node 0 is the empty prefix.

    ``parent`` and ``symbol`` (int32 ``(nodes,)``) describe each node; ``words`` are the nodes that end a
    word; ``repeats`` the nodes whose symbol is also their parent's; ``upto[d]`` counts the nodes of at
    most ``d`` characters.
    """

    parent: NDArray[np.int32]
    symbol: NDArray[np.int32]
    words: NDArray[np.int32]
    repeats: NDArray[np.int64]
    upto: tuple[int, ...]

    def spell(self, node: int) -> tuple[int, ...]:
        """The symbols of a node's prefix."""
        symbols: list[int] = []
        while node:
            symbols.append(int(self.symbol[node]))
            node = int(self.parent[node])
        return tuple(reversed(symbols))


def trie_of(words: Sequence[Sequence[int]], symbols: int) -> Trie:
    """The trie of words given as symbols; at least one word, none of them empty."""
    longest = max(map(len, words))
    letters = np.full((len(words), longest), -1, np.int64)
    for row, word in zip(letters, words, strict=True):
        row[: len(word)] = word
    at = np.zeros(len(words), np.int64)  # the node that each word has reached
    parents, characters, upto = [np.zeros(1, np.int64)], [np.full(1, -1, np.int64)], [1]
    for column in letters.T:
        going = column >= 0
        keys, which = np.unique(at[going] * symbols + column[going], return_inverse=True)
        parents.append(keys // symbols)
        characters.append(keys % symbols)
        at[going] = upto[-1] + which
        upto.append(upto[-1] + len(keys))
    parent = np.concatenate(parents).astype(np.int32)
    symbol = np.concatenate(characters).astype(np.int32)
    repeats = np.flatnonzero(symbol == symbol[parent])[1:]  # without the root, its own parent
    return Trie(parent, symbol, np.unique(at).astype(np.int32), repeats, tuple(upto))
