"""Readers timed beside each other."""

from __future__ import annotations

import numpy as np

from captchalab.measuring.speed import time_readers
from captchalab.reading.image import ImageLike
from captchalab.reading.reader import Reading


def test_turns_are_taken_in_every_order() -> None:
    seen: list[int] = []

    class Noting:
        def __init__(self, number: int) -> None:
            self.number = number

        def read_many(self, images: list[ImageLike]) -> list[Reading]:
            seen.append(self.number)
            return []

    speeds = time_readers([Noting(number) for number in range(3)], [np.zeros((8, 8, 3), np.uint8)] * 100)
    turns = [tuple(seen[place : place + 3]) for place in range(30, len(seen), 3)]
    assert len(speeds) == 3 and {tuple(sorted(turn)) for turn in turns} == {(0, 1, 2)}
    assert len(set(turns)) == 6
