"""How many processors this process may use, and keeping libraries from taking them all."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager


def available() -> int:
    """The cores that this process is allowed on, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_blas_thread() -> AbstractContextManager[object]:
    """From now on, until it is left as a context, NumPy's linear algebra takes one thread of this process.

    Its other threads wait for the next product in a busy loop: between the small ones of drawing they cost as
    much as drawing itself, and processes that draw side by side get into each other's way. Needs the extra
    ``draw``.
    """
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
