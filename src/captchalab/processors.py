"""How many processors this process may use."""

from __future__ import annotations

import os


def available() -> int:
    """The cores that this process is allowed on, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
