"""How fast readers are: one picture by itself, and in batches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from captchalab.reading.image import ImageLike
from captchalab.reading.reader import Reads

BATCH = 64
_WARM_UP = 10


@dataclass(frozen=True)
class Speed:
    """``milliseconds`` of one picture by itself, from what was handed over to the text: the median.

    ``pictures_per_second`` is in batches of 64.
    """

    milliseconds: float
    pictures_per_second: float


def time_readers(readers: Sequence[Reads], pictures: Sequence[ImageLike]) -> list[Speed]:
    """The speed of each reader on the same pictures, of which there is at least one.

    They take turns, picture by picture, so that whatever else the machine does slows all of them alike.
    """
    for reader in readers:
        for picture in pictures[:_WARM_UP]:
            reader.read_many([picture])
    alone = [[_seconds(reader, [picture]) for reader in readers] for picture in pictures]
    batches = [pictures[first : first + BATCH] for first in range(0, len(pictures), BATCH)]
    together = [[_seconds(reader, batch) for reader in readers] for batch in batches]
    return [
        Speed(round(1000 * statistics.median(single), 3), round(len(pictures) / sum(batched), 1))
        for single, batched in zip(zip(*alone, strict=True), zip(*together, strict=True), strict=True)
    ]


def _seconds(reader: Reads, pictures: Sequence[ImageLike]) -> float:
    begun = time.perf_counter()
    reader.read_many(pictures)
    return time.perf_counter() - begun
