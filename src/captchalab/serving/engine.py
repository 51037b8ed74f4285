"""The queue between the requests and what reads: bounded, fair, with deadlines.

Quick pictures are read between two turns of the event loop, in its own thread: handing them to another
one, and the interpreter with them, would take half as long as reading them. Slow ones are read by threads
of their own. Only ``_run`` happens there, everything else in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from captchalab.errors import CaptchalabError
from captchalab.reading.reader import Reader, Reading
from captchalab.serving.problems import Problem

Outcome = Reading | CaptchalabError
WATCH_AFTER = 0.02
"""Seconds after which a waiting request is watched for its client's going; most are done before."""
LONGEST_BATCH = 0.02
"""Seconds that a micro-batch may take: what comes meanwhile waits for its end."""
QUICK = 0.01
"""Seconds that a picture may take to be read in the event loop's thread."""
SMALL = 64 * 1024
"""Bytes of a picture from which it may be slow to decode."""
_MEMORY = 0.9  # of the running mean of a picture's time


@dataclass(slots=True, eq=False)
class Work:
    """Pictures of one request, waiting to be read by one model. Times are those of ``monotonic``."""

    reader: Reader
    images: Sequence[bytes]
    options: Mapping[str, Any]
    done: asyncio.Future[None]
    deadline: float
    queued: float = field(default_factory=monotonic)
    began: float = 0.0
    taken: int = 0
    left: int = 0
    given_up: bool = False
    outcomes: list[Outcome | None] = field(default_factory=list)


class Engine:
    """Reads pictures in threads of its own, for one event loop."""

    def __init__(self, *, threads: int, queue: int, micro_batch: int, seconds: float) -> None:
        self.queue, self.micro_batch, self.seconds = queue, micro_batch, seconds
        self.waiting = 0
        self._each = 0.0  # running mean of the seconds that a picture takes
        self._works: deque[Work] = deque()
        self._quick: deque[Work] = deque()
        self._reading = False  # whether a turn of quick ones is due
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
        """Whether new work is refused: the queue is full, or so long that its end would come too late."""
        return not self._open or self.waiting >= self.queue or self.expected_wait > self.seconds

    @property
    def expected_wait(self) -> float:
        """Seconds until what waits now will be read."""
        return self.waiting * self._each / len(self._threads)

    def busy(self) -> Problem:
        """What a client is told when the queue is full."""
        wait = max(1, math.ceil(self.expected_wait))
        return Problem(
            503, "busy", "the server has as much work as it takes; try again", {"Retry-After": str(wait)}
        )

    async def read(
        self,
        reader: Reader,
        images: Sequence[bytes],
        options: Mapping[str, Any],
        gone: Callable[[], Awaitable[object]],
    ) -> tuple[list[Outcome], Work]:
        """An outcome for each picture, in order, and the times of the work.

        ``gone()`` ends when the client has gone: then nothing more is read for it. Raises ``Problem``
        503 where the queue is full, 504 where time is up, 499 where the client has gone.
        """
        if self.full:
            raise self.busy()
        loop = asyncio.get_running_loop()
        work = Work(reader, images, options, loop.create_future(), monotonic() + self.seconds)
        work.left, work.outcomes = len(images), [None] * len(images)
        self.waiting += len(images)
        late = loop.call_later(self.seconds, _fail, work, _TOO_LATE)
        watch = _Watch(loop, work, gone)
        if self._is_quick(work):
            self._quick.append(work)
            if not self._reading:
                self._reading = True
                loop.call_soon(self._turn, loop)
        else:
            with self._ready:
                self._works.append(work)
                self._ready.notify()
        try:
            await work.done
        finally:
            work.given_up = True
            self.waiting -= len(images)
            late.cancel()
            watch.end()
        return [outcome for outcome in work.outcomes if outcome is not None], work

    def close(self) -> None:
        """Take no more work, and let the threads end when the queue is empty."""
        with self._ready:
            self._open = False
            self._ready.notify_all()

    def _is_quick(self, work: Work) -> bool:
        """As far as one can know. A pattern may take long to prepare."""
        return (
            len(self._threads) == 1
            and 0 < self._each <= QUICK
            and "pattern" not in work.options
            and max(len(image) for image in work.images) <= SMALL
        )

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """One micro-batch of quick ones; what has come meanwhile is heard before the next."""
        batch = self._take(self._quick)
        if batch:
            try:
                outcomes = self._read(batch)
            except Exception as fault:  # a fault of ours must reach its requests, not the loop
                _fail_all([work for work, _ in batch], fault)
            else:
                _deliver(batch, outcomes)
        self._reading = bool(self._quick)
        if self._reading:
            loop.call_soon(self._turn, loop)

    def _run(self) -> None:
        while True:
            with self._ready:
                while not (batch := self._take(self._works)):
                    if not self._open:
                        return
                    self._ready.wait()
            loop = batch[0][0].done.get_loop()
            try:
                outcomes = self._read(batch)
            except Exception as fault:  # a fault of ours must reach its requests, not end the thread
                loop.call_soon_threadsafe(_fail_all, [work for work, _ in batch], fault)
            else:
                loop.call_soon_threadsafe(_deliver, batch, outcomes)

    def _read(self, batch: list[tuple[Work, int]]) -> list[Outcome]:
        began = monotonic()
        for work, _ in batch:
            work.began = work.began or began
        outcomes = batch[0][0].reader.read_each([(work.images[place], work.options) for work, place in batch])
        each = (monotonic() - began) / len(batch)
        self._each = _MEMORY * self._each + (1 - _MEMORY) * each if self._each else each
        return outcomes

    def _take(self, works: deque[Work]) -> list[tuple[Work, int]]:
        """Pictures for one model, some of each request in turn, so that a long batch holds up nobody."""
        batch: list[tuple[Work, int]] = []
        most = self.micro_batch
        if self._each:
            most = max(1, min(most, int(LONGEST_BATCH / self._each)))
        now = monotonic()
        while works and len(batch) < most:
            work = works[0]
            if work.given_up or work.deadline < now:
                works.popleft()
                continue
            if batch and work.reader is not batch[0][0].reader:
                break
            stop = min(len(work.images), work.taken + most - len(batch))
            batch += [(work, place) for place in range(work.taken, stop)]
            work.taken = stop
            works.popleft()
            if stop < len(work.images):
                works.append(work)
        return batch


class _Watch:
    """Ends a work whose client goes while it waits."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, work: Work, gone: Callable[[], Awaitable[object]]
    ) -> None:
        self._loop, self._work, self._gone = loop, work, gone
        self._task: asyncio.Task[None] | None = None
        self._timer = loop.call_later(WATCH_AFTER, self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._listen())
        self._task.add_done_callback(self._went)

    async def _listen(self) -> None:
        await self._gone()

    def _went(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            _fail(self._work, task.exception() or _GONE)

    def end(self) -> None:
        """The work is done: watch no more."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


_TOO_LATE = Problem(504, "too-late", "the picture was not read in time, and will not be")
_GONE = Problem(499, "client-gone", "the client has gone")


def _deliver(batch: list[tuple[Work, int]], outcomes: list[Outcome]) -> None:
    for (work, place), outcome in zip(batch, outcomes, strict=True):
        work.outcomes[place] = outcome
        work.left -= 1
        if not work.left and not work.done.done():
            work.done.set_result(None)


def _fail_all(works: list[Work], fault: Exception) -> None:
    for work in works:
        _fail(work, fault)


def _fail(work: Work, fault: BaseException) -> None:
    if not work.done.done():
        work.done.set_exception(fault)
