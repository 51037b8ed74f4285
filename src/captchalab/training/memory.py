"""Memory that runs out, in words that say what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from captchalab.errors import OutOfMemory

_SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "insufficient memory")


def is_out_of_memory(error: Exception) -> bool:
    """By text: torch (CPU), CUDA, ONNX Runtime and OpenCV each raise a type of their own."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS)


@contextmanager
def explaining_memory() -> Iterator[None]:
    """Raises ``OutOfMemory`` for what torch raises when memory is gone, on whatever device."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            "out of memory: lower --batch, the size of the network's input (--set width=, --set height=), "
            "or the network's own"
        ) from error
