"""How fast readers are: one picture by itself, and in batches."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from captchalab.reading.image import ImageLike
from captchalab.reading.reader import Reads

BATCH = 64
TURNS = 3
_WARM_UP = 10


@dataclass(frozen=True)
class Speed:
    """``milliseconds`` of one picture by itself, from what was handed over to the text: the median of the
    pictures. ``pictures_per_second`` is in batches of 64. Of three times for the same, the shortest counts.
    """

    milliseconds: float
    pictures_per_second: float


def time_readers(readers: Sequence[Reads], pictures: Sequence[ImageLike]) -> list[Speed]:
    """The speed of each reader on the same pictures, of which there is at least one.

    They take turns, picture by picture, so that whatever else the machine does slows all of them alike. Each
    turn has another order, as on a shared core the same place in every turn can be interrupted again and
    again; and each picture has three turns, as those that take longest are interrupted most.
    """
    turns = random.Random(0)
    for reader in readers:
        for picture in pictures[:_WARM_UP]:
            reader.read_many([picture])
    alone = [_shortest(readers, [picture], turns) for picture in pictures]
    batches = [pictures[first : first + BATCH] for first in range(0, len(pictures), BATCH)]
    together = [_shortest(readers, batch, turns) for batch in batches]
    return [
        Speed(round(1000 * statistics.median(single), 3), round(len(pictures) / sum(batched), 1))
        for single, batched in zip(zip(*alone, strict=True), zip(*together, strict=True), strict=True)
    ]


def _shortest(readers: Sequence[Reads], pictures: Sequence[ImageLike], turns: random.Random) -> list[float]:
    """The shortest time of each reader in seconds."""
    shortest = [math.inf] * len(readers)
    for _ in range(TURNS):
        for number in turns.sample(range(len(readers)), len(readers)):
            shortest[number] = min(shortest[number], _seconds(readers[number], pictures))
    return shortest


def _seconds(reader: Reads, pictures: Sequence[ImageLike]) -> float:
    begun = time.perf_counter()
    reader.read_many(pictures)
    return time.perf_counter() - begun
