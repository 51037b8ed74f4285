"""The random numbers of sample ``i``: a function of ``(seed, i)`` alone."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.random import Generator, Philox

_WORD = 2**64
_threads = threading.local()


def random_for(seed: int, index: int, place: int = 0) -> Generator:
    """The generator of one sample.

    Philox is counter based: the seed is its key and the index stands in the upper words of its
    counter, so that no two samples share a number. Each thread has one generator for each ``place``,
    whose state is set anew (a tenth of the cost of building one): finish a sample before asking for
    the next, or draw the two in different places.
    """
    generators: list[Generator] | None = getattr(_threads, "generators", None)
    if generators is None:
        generators = _threads.generators = []
        _threads.state = Philox(key=0).state
    while place >= len(generators):
        generators.append(Generator(Philox(key=0)))
    state: dict[str, Any] = _threads.state
    state["state"]["key"] = (seed % _WORD, seed // _WORD % _WORD)
    state["state"]["counter"] = (0, 0, index % _WORD, index // _WORD % _WORD)
    generators[place].bit_generator.state = state
    return generators[place]


def random_beside(seed: int, index: int, number: int) -> Generator:
    """Another generator of the same sample, its own for every ``number``: both can be used at once.

    It begins where that of ``random_for`` would be after ``number + 1`` times 2**64 steps.
    """
    key = np.array((seed % _WORD, seed // _WORD % _WORD), dtype=np.uint64)
    counter = np.array((0, number + 1, index % _WORD, index // _WORD % _WORD), dtype=np.uint64)
    return Generator(Philox(key=key, counter=counter))
