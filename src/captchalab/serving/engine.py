"""The queue between the requests and the threads that read: bounded, with deadlines."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from captchalab.errors import CaptchalabError
from captchalab.reading.reader import Reader, Reading
from captchalab.serving.problems import Problem

Outcome = Reading | CaptchalabError


@dataclass(slots=True, eq=False)
class Work:
    """Pictures of one request, waiting to be read. Times are those of ``monotonic``."""

    reader: Reader
    images: Sequence[bytes]
    options: dict[str, Any]
    deadline: float
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[list[Outcome]]
    queued: float = field(default_factory=monotonic)
    began: float = 0.0
    given_up: bool = False


class Engine:
    """Reads pictures in threads of its own. Used from one event loop."""

    def __init__(self, *, threads: int, queue: int, micro_batch: int) -> None:
        self.queue, self.micro_batch = queue, micro_batch
        self.waiting = 0
        self._works: deque[Work] = deque()
        self._ready = threading.Condition()
        self._open = True
        self._threads = [
            threading.Thread(target=self._run, name=f"reader-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def full(self) -> bool:
        """Whether new work is refused."""
        return self.waiting >= self.queue or not self._open

    async def read(
        self, reader: Reader, images: Sequence[bytes], options: dict[str, Any], seconds: float
    ) -> tuple[list[Outcome], Work]:
        """An outcome for each picture, in order. Raises ``Problem`` where the queue is full or time is up."""
        if self.full:
            raise busy()
        loop = asyncio.get_running_loop()
        work = Work(reader, images, options, monotonic() + seconds, loop, loop.create_future())
        self.waiting += len(images)
        late = loop.call_at(loop.time() + seconds, _too_late, work)
        with self._ready:
            self._works.append(work)
            self._ready.notify()
        try:
            return await work.done, work
        finally:
            late.cancel()
            work.given_up = True
            self.waiting -= len(images)

    def close(self) -> None:
        """Let the threads end when the queue is empty."""
        with self._ready:
            self._open = False
            self._ready.notify_all()

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._works:
                    if not self._open:
                        return
                    self._ready.wait()
                work = self._works.popleft()
            if work.given_up:
                continue
            work.began = monotonic()
            try:
                outcomes = [_read(work, image) for image in work.images]
            except Exception as fault:  # a fault of ours must reach the request, not end the thread
                work.loop.call_soon_threadsafe(_fail, work, fault)
            else:
                work.loop.call_soon_threadsafe(_finish, work, outcomes)


def busy() -> Problem:
    """What a client is told when the queue is full."""
    return Problem(503, "busy", "the server has as much work as it takes; try again", {"Retry-After": "1"})


def _read(work: Work, image: bytes) -> Outcome:
    try:
        return work.reader.read(image, **work.options)
    except CaptchalabError as error:
        return error


def _finish(work: Work, outcomes: list[Outcome]) -> None:
    if not work.done.done():
        work.done.set_result(outcomes)


def _fail(work: Work, fault: Exception) -> None:
    if not work.done.done():
        work.done.set_exception(fault)


def _too_late(work: Work) -> None:
    _fail(work, Problem(504, "too-late", "the picture was not read in time; nothing more is done for it"))
