"""A labelled picture, and what anything that yields them looks like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture and its text.

    ``image`` is upright RGB uint8 ``(height, width, 3)``; ``name`` identifies the sample within its
    source (a relative path, or ``seed/index`` for a drawn one); ``data`` is the encoded file it
    came from, ``None`` for drawn samples.
    """

    image: NDArray[np.uint8]
    text: str
    name: str = ""
    data: bytes | None = None


@runtime_checkable
class Source(Protocol):
    """Anything that samples come from. Picklable, so that worker processes can be handed one."""

    @property
    def name(self) -> str:
        """The string that opens this source again."""

    @property
    def size(self) -> int | None:
        """Number of samples; ``None`` for an endless (drawn) source."""

    def sample(self, index: int) -> Sample:
        """Sample ``index``: the same each time. Raises ``ImageError`` or ``LabelError`` for a bad one."""

    def text(self, index: int) -> str:
        """The label of sample ``index`` without decoding its picture."""


@runtime_checkable
class DrawsSeveral(Source, Protocol):
    """A source that is faster at several samples than at one after the other."""

    def samples(self, indices: Sequence[int]) -> Iterator[Sample]:
        """As ``sample`` for each index, in their order."""


def samples(source: Source, indices: Sequence[int]) -> Iterator[Sample]:
    """The samples ``indices`` of any source, in their order."""
    return source.samples(indices) if isinstance(source, DrawsSeveral) else map(source.sample, indices)


@runtime_checkable
class AtRest(Source, Protocol):
    """A source whose pictures lie in files: a folder, an archive, a table."""

    @property
    def size(self) -> int:
        """Number of samples."""

    def name_of(self, index: int) -> str:
        """The path of sample ``index`` within the source."""

    def data(self, index: int) -> bytes:
        """The encoded picture of sample ``index``, as it lies there. Raises ``ImageError``."""
