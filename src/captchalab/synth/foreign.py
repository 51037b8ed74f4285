"""Randomness for code that has its own: seeded for one call, then put back."""

from __future__ import annotations

import base64
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

_WORD = 2**32


@contextmanager
def seeded(module: ModuleType, seed: int, index: int) -> Iterator[None]:
    """``random``, ``numpy.random`` and the ``secrets`` that ``module`` has imported follow (seed, index).

    What they were before is put back. Works on globals, hence in one thread at a time.
    """
    before, before_numpy = random.getstate(), np.random.get_state()
    real = vars(module).get("secrets")
    number = seed * 2**64 + index
    random.seed(number)
    np.random.seed([number // _WORD**power % _WORD for power in range(4)])
    if real is secrets:
        vars(module)["secrets"] = _stand_in(random.Random(number))
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(before_numpy)
        if real is secrets:
            vars(module)["secrets"] = real


def _stand_in(rng: random.Random) -> SimpleNamespace:
    """What ``secrets`` offers, from a seeded generator."""

    def token_bytes(nbytes: int | None = None) -> bytes:
        return rng.randbytes(32 if nbytes is None else nbytes)

    def token_urlsafe(nbytes: int | None = None) -> str:
        return base64.urlsafe_b64encode(token_bytes(nbytes)).rstrip(b"=").decode()

    def system_random(*seed: Any) -> random.Random:
        return rng

    return SimpleNamespace(
        randbelow=rng.randrange,
        randbits=rng.getrandbits,
        choice=rng.choice,
        token_bytes=token_bytes,
        token_hex=lambda nbytes=None: token_bytes(nbytes).hex(),
        token_urlsafe=token_urlsafe,
        compare_digest=secrets.compare_digest,
        SystemRandom=system_random,
    )
