"""What may be asked of a reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from captchalab.reading.alphabet import Alphabet


class ReadOptions(TypedDict, total=False):
    """The options of ``Reader.read``, which explains them, wherever else pictures are read."""

    alphabet: str | Alphabet | None
    length: int | tuple[int, int] | None
    pattern: str | None
    words: Sequence[str] | None
    fold_case: bool
    answer: bool
    beam: int | None
