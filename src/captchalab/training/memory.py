"""Memory that runs out, in words that say what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from captchalab.errors import OutOfMemory

_SIGNS = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def explaining_memory() -> Iterator[None]:
    """Raises ``OutOfMemory`` for what torch raises when memory is gone, on whatever device."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(sign in str(error) for sign in _SIGNS):
            raise
        raise OutOfMemory(
            "out of memory: lower --batch, the size of the network's input (--set width=, --set height=), "
            "or the network's own"
        ) from error
