"""Queues for tests, and readers whose pace a test sets."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pictures import png

from captchalab import Reader, Reading
from captchalab.errors import CaptchalabError
from captchalab.reading.image import ImageLike
from captchalab.reading.modelpath import find_model
from captchalab.serving.engine import Engine

PICTURE = png("1234")


class Gated(Reader):
    """A reader that waits at a gate before each batch, and notes the batches."""

    def __init__(self) -> None:
        super().__init__(*find_model())
        self.gate = threading.Event()
        self.reached = threading.Event()
        self.batches: list[list[ImageLike]] = []
        self.threads: list[str] = []

    def read_each(
        self, pictures: Sequence[tuple[ImageLike, Mapping[str, Any]]]
    ) -> list[Reading | CaptchalabError]:
        self.reached.set()
        self.gate.wait()
        self.batches.append([picture for picture, _ in pictures])
        self.threads.append(threading.current_thread().name)
        if any(picture == b"fault" for picture, _ in pictures):
            raise RuntimeError("a fault of ours")
        return super().read_each(pictures)


class Paced(Gated):
    """A reader that works ``work`` seconds on each picture, and rests for ``rest``."""

    def __init__(self, *, work: float = 0.0, rest: float = 0.0) -> None:
        super().__init__()
        self.work, self.rest = work, rest
        self.gate.set()

    def read_each(
        self, pictures: Sequence[tuple[ImageLike, Mapping[str, Any]]]
    ) -> list[Reading | CaptchalabError]:
        end = time.thread_time() + self.work * len(pictures)
        while time.thread_time() < end:
            pass
        time.sleep(self.rest * len(pictures))
        return super().read_each(pictures)


def engine(**changes: Any) -> Engine:
    return Engine(**{"threads": 1, "queue": 8, "micro_batch": 4, "seconds": 60.0} | changes)


async def never() -> None:
    await asyncio.Event().wait()


async def read(engine: Engine, reader: Reader, *images: bytes, gone: Any = never) -> list[Any]:
    return (await engine.read(reader, images, {}, gone))[0]


async def at_the_gate(gated: Gated) -> None:
    while not gated.reached.is_set():
        await asyncio.sleep(0.001)
