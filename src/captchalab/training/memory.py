"""Memory that runs out, in words that say what to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from captchalab.errors import OutOfMemory
from captchalab.training.recipe import Recipe

_SIGNS = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def explaining_memory(recipe: Recipe) -> Iterator[None]:
    """Raises ``OutOfMemory`` for what torch raises when memory is gone, on whatever device."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(sign in str(error) for sign in _SIGNS):
            raise
        raise OutOfMemory(
            f"out of memory with batch={recipe.batch} and an input of {recipe.width}x{recipe.height}: "
            "lower --batch, or the input (--set width=, --set height=)"
        ) from error
