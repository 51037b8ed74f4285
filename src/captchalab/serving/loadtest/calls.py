"""What became of every call, in columns: a million calls take 50 MB."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

OK = "ok"
REFUSED = ("503 busy", "503", "429 too-many-requests", "429")
"""Calls that a server turned away as it should under overload: with a Retry-After."""
MOST_KINDS, OTHER = 100, "other"
"""Some kinds bear words of the server, which may be any."""
COLUMNS = ("due", "late", "total", "server", "queue", "reading")
"""Seconds; ``due`` counts from the start of a stage, ``total`` from when the call was due."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended. Times are those that the server told, in seconds, ``nan`` where it told none."""

    kind: str
    server: float = nan
    queue: float = nan


class Calls:
    """The calls of one stage, in the order in which they ended."""

    def __init__(self) -> None:
        self.kinds: list[str] = [OK]
        self._kind = array("H")
        self._times = {name: array("d") for name in COLUMNS}

    def __len__(self) -> int:
        return len(self._kind)

    def add(self, due: float, late: float, total: float, outcome: Outcome) -> None:
        """Note a call: due at ``due``, sent ``late`` seconds after that, ended ``total`` seconds after it."""
        kind = outcome.kind
        if kind not in self.kinds:
            kind = kind if len(self.kinds) < MOST_KINDS else OTHER
            self.kinds += [kind] if kind not in self.kinds else []
        self._kind.append(self.kinds.index(kind))
        reading = outcome.server - outcome.queue
        values = (due, late, total, outcome.server, outcome.queue, reading)
        for name, value in zip(COLUMNS, values, strict=True):
            self._times[name].append(value)

    def seconds(self, column: str, *kinds: str) -> NDArray[np.float64]:
        """One of ``COLUMNS``, of the calls of these kinds (all, without any); unknown times are left out."""
        values = np.array(self._times[column], np.float64)
        if kinds:
            wanted = [self.kinds.index(kind) for kind in kinds if kind in self.kinds]
            values = values[np.isin(np.array(self._kind), wanted)]
        return values[~np.isnan(values)]

    def counts(self) -> dict[str, int]:
        """How many calls ended in each way, the commonest first."""
        found = Counter(self._kind)
        return {self.kinds[kind]: count for kind, count in found.most_common()}

    def rows(self) -> list[tuple[str, ...]]:
        """Every call as the CSV has it: kind, seconds since the start, then milliseconds."""
        times = [self._times[name] for name in COLUMNS]
        return [
            (self.kinds[kind], f"{due:.4f}", *("" if part != part else f"{1000 * part:.3f}" for part in rest))
            for kind, due, *rest in zip(self._kind, *times, strict=True)
        ]
