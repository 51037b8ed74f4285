"""The random numbers of sample ``i``: a function of ``(seed, i)`` alone."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.random import Generator, Philox

_WORD = 2**64
_threads = threading.local()


def random_for(seed: int, index: int) -> Generator:
    """The generator of one sample.

    Philox is counter based: the seed is its key and the index stands in the upper words of its
    counter, so that no two samples share a number. Each thread has one generator whose state is
    set anew (a tenth of the cost of building one): finish a sample before asking for the next.
    """
    generator: Generator | None = getattr(_threads, "generator", None)
    if generator is None:
        generator = _threads.generator = Generator(Philox(key=0))
        _threads.state = generator.bit_generator.state
    state: dict[str, Any] = _threads.state
    state["state"]["key"] = (seed % _WORD, seed // _WORD % _WORD)
    state["state"]["counter"] = (0, 0, index % _WORD, index // _WORD % _WORD)
    generator.bit_generator.state = state
    return generator


def random_beside(seed: int, index: int, number: int) -> Generator:
    """Another generator of the same sample, its own for every ``number``: both can be used at once.

    It begins where that of ``random_for`` would be after ``number + 1`` times 2**64 steps.
    """
    key = np.array((seed % _WORD, seed // _WORD % _WORD), dtype=np.uint64)
    counter = np.array((0, number + 1, index % _WORD, index // _WORD % _WORD), dtype=np.uint64)
    return Generator(Philox(key=key, counter=counter))
