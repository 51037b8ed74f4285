"""The product of scores and an automaton: what lies behind each step, state and last character."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from captchalab.reading.automaton import Table

Probabilities = NDArray[np.float64]


class Product:
    """For ``(T, 1 + symbols)`` probabilities and an automaton: the ways to a text that obeys.

    ``silent[t, s]`` is the probability of ending well when ``t`` steps are done, state ``s`` is reached and
    the last step was blank. ``spoken[t, s, k]`` (CTC only): the same when the last step was symbol ``k``.
    The last state stands for "no accepted text goes on". ``add`` is ``np.add`` for the sum over all paths,
    ``np.maximum`` for the best path alone.
    """

    def __init__(self, y: Probabilities, table: Table, ctc: bool, add: np.ufunc = np.add) -> None:
        self.y, self.table, self.ctc, self.add = y, table, ctc, add
        states, symbols = table.next.shape
        self.silent = np.zeros((len(y) + 1, states + 1))
        self.silent[-1, :states] = table.accepting
        self._starts: dict[int, Probabilities] = {}
        if ctc:
            self.spoken = np.zeros((len(y) + 1, states + 1, symbols))
            self.spoken[-1, :states] = table.accepting[:, None]
            self._backward_ctc()
        else:
            self._backward_position()

    @property
    def whole(self) -> float:
        """The probability of all texts that obey (or of the best path)."""
        return float(self.silent[0, 0])

    @cached_property
    def _targets(self) -> NDArray[np.intp]:
        """Where ``spoken[t]``, flattened, holds what follows each symbol from each state."""
        states, symbols = self.table.next.shape
        flat: NDArray[np.intp] = np.where(self.table.next < 0, states, self.table.next).astype(np.intp)
        flat *= symbols
        flat += np.arange(symbols)
        return flat

    def _backward_ctc(self) -> None:
        add, table = self.add, self.table
        states = len(table.next)
        blank, characters = self.y[:, 0].tolist(), np.ascontiguousarray(self.y[:, 1:])
        gain = np.empty(table.next.shape)  # to start symbol k here and then end well
        for t in range(len(blank) - 1, -1, -1):
            after, silent = self.spoken[t, :states], self.silent[t, :states]
            self.spoken[t + 1].take(self._targets, out=gain, mode="clip")
            gain *= characters[t]
            np.multiply(self.silent[t + 1, :states], blank[t], out=silent)
            np.multiply(self.spoken[t + 1, :states], characters[t], out=after)  # the same one goes on
            add(after, silent[:, None], out=after)
            # Any other symbol may start: what lies to the left and to the right of k. Taking k's share from
            # the whole sum instead would cancel all digits where that share dominates.
            add(after[:, 1:], add.accumulate(gain[:, :-1], axis=1), out=after[:, 1:])
            add(after[:, :-1], add.accumulate(gain[:, :0:-1], axis=1)[:, ::-1], out=after[:, :-1])
            add(silent, add.reduce(gain, axis=1), out=silent)

    def _backward_position(self) -> None:
        states = len(self.table.next)
        for t in range(len(self.y) - 1, -1, -1):
            after = self.silent[t + 1]
            gain = after[self.table.next] * self.y[t, 1:]
            self.add(
                after[:states] * self.y[t, 0], self.add.reduce(gain, axis=1), out=self.silent[t, :states]
            )

    def starts(self, state: int) -> Probabilities:
        """``(T, symbols)``: the probability of starting each symbol at each step and then ending well."""
        found = self._starts.get(state)
        if found is None:
            if self.ctc:
                flat = self.spoken[1:].reshape(len(self.y), -1)
                found = flat.take(self._targets[state], axis=1)
            else:
                found = self.silent[1:].take(self.table.next[state], axis=1, mode="wrap")
            found *= self.y[:, 1:]
            self._starts[state] = found
        return found

    def best_path(self) -> tuple[int, ...]:
        """The symbols of the best path; asks for ``add=np.maximum`` and ``whole > 0``."""
        state, last = 0, -1  # last: the symbol of the step before, -1 after a blank
        text: list[int] = []
        for t, row in enumerate(self.y):
            values = self.starts(state)[t].copy()
            if last >= 0:
                values[last] = row[1 + last] * self.spoken[t + 1, state, last]
            symbol = int(values.argmax())
            if row[0] * self.silent[t + 1, state] >= values[symbol]:
                last = -1
            elif symbol != last:
                text.append(symbol)
                state = int(self.table.next[state, symbol])
                last = symbol if self.ctc else -1
        return tuple(text)
