"""The queue between the requests and what reads: bounded, fair, with deadlines.

Quick pictures are read between two turns of the event loop, in its own thread: handing one to another
thread costs up to a third of its reading (docs/decisions.md). Slow ones are read by a pool of threads. Only
``_read`` and ``_ended`` run there; all else runs in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from time import monotonic, thread_time
from typing import Any
from weakref import WeakKeyDictionary

from captchalab.reading.reader import Reader
from captchalab.serving.problems import Problem
from captchalab.serving.work import Outcome, Work

WATCH_AFTER = 0.02
"""Seconds after which a waiting request is watched for its client's going; most are done before."""
LONGEST_BATCH = 0.02
"""Seconds of work in a micro-batch of a thread: what comes meanwhile waits for its end."""
LONGEST_TURN = 0.01
"""The same in the event loop's thread, which hears, and refuses, nobody meanwhile."""
QUICK = 0.01
"""Seconds of work that a picture may be, to be read in the event loop's thread."""
SMALL = 64 * 1024
"""Bytes of a picture from which it may be slow to decode."""
HOPEFUL = 0.5
"""Share of the time to the deadline that the queue may fill: how long it takes is an estimate."""
_MEMORY = 0.9  # of the running means of a picture's time

_Batch = list[tuple[Work, int]]
_Read = tuple[list[Outcome], float, float]


class Engine:
    """Reads pictures for one event loop; at most ``queue`` wait, each for at most ``seconds``."""

    def __init__(self, *, threads: int, queue: int, micro_batch: int, seconds: float) -> None:
        self.threads, self.queue, self.micro_batch, self.seconds = threads, queue, micro_batch, seconds
        self.waiting = 0
        self._each = 0.0  # running mean of the seconds that pass for a picture, whatever else goes on
        self._costs: WeakKeyDictionary[Reader, float] = WeakKeyDictionary()  # of the work in one, by model
        self._moved = 0.0  # when a batch last ended, or the queue was last empty
        self._quick: deque[Work] = deque()
        self._turning = False  # whether a turn of quick ones is due
        self._slow: deque[Work] = deque()
        self._pool = ThreadPoolExecutor(threads, "reader")
        self._lock = threading.RLock()  # of the slow ones, and of how many threads read
        self._busy = 0
        self._open = True

    @property
    def full(self) -> bool:
        """Whether new work is refused: the queue is full, or so slow that its end might come too late."""
        return (
            not self._open
            or self.waiting >= self.queue
            or (self.waiting > 0 and self.expected_wait > HOPEFUL * self.seconds)
        )

    @property
    def expected_wait(self) -> float:
        """Seconds until what waits now will be read: as fast as usual, but no faster than just now."""
        stalled = monotonic() - self._moved if self.waiting else 0.0
        return max(self.waiting * self._each / self.threads, stalled)

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
        deadline: float | None = None,
    ) -> tuple[list[Outcome], Work]:
        """An outcome for each picture, in order, and the times of the work.

        ``gone()`` ends when the client has gone: then nothing more is read for it. ``deadline`` is that of a
        request which asks several times; without it, time is up ``seconds`` from now. Raises ``Problem`` 503
        where the queue is full, or turns out to be too slow; 504 where time is up, 499 where the client has
        gone.
        """
        if self.full:
            raise self.busy()
        loop = asyncio.get_running_loop()
        now = monotonic()
        deadline = now + self.seconds if deadline is None else deadline
        work = Work(reader, images, options, gone, deadline, loop.create_future(), now)
        if not self.waiting:
            self._moved = now
        self.waiting += len(images)
        timers: tuple[asyncio.TimerHandle, ...] = ()
        if self._is_quick(work):  # every turn looks at its deadline and its client
            self._quick.append(work)
            self._turn(loop)
        else:
            timers = (
                loop.call_later(max(0.0, deadline - now), work.fail_late),
                loop.call_later(WATCH_AFTER, work.watch),
            )
            with self._lock:
                self._slow.append(work)
            self._employ(loop)
        try:
            await work.done
        finally:
            self.waiting -= len(images)
            work.end()
            for timer in timers:
                timer.cancel()
        return work.outcomes, work

    def close(self) -> None:
        """Take no more work, and let the threads end when the queue is empty."""
        self._open = False
        if not self.waiting:
            self._pool.shutdown(wait=False)

    def _is_quick(self, work: Work) -> bool:
        """As far as one can know. A pattern may take long to prepare."""
        return (
            self.threads == 1
            and 0 < self._costs.get(work.reader, 0.0) <= QUICK
            and "pattern" not in work.options
            and max(len(image) for image in work.images) <= SMALL
        )

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """One micro-batch of quick ones; what has come meanwhile is heard before the next."""
        if self._turning:
            return
        now = monotonic()
        for work in self._quick:
            if now > work.deadline:
                work.fail_late()
            elif now > work.queued + WATCH_AFTER:
                work.watch()
        batch = self._take(self._quick, LONGEST_TURN)
        if batch:
            self._turning = True
            task = loop.create_task(self._read_here(batch))
            task.add_done_callback(partial(self._turned, loop, batch))

    async def _read_here(self, batch: _Batch) -> _Read:
        return self._read(batch)

    def _turned(self, loop: asyncio.AbstractEventLoop, batch: _Batch, done: asyncio.Task[_Read]) -> None:
        self._turning = False
        self._settle(batch, done)
        self._turn(loop)

    def _employ(self, loop: asyncio.AbstractEventLoop) -> None:
        """Gives slow ones to every thread that is free. Any thread may call it."""
        with self._lock:
            while self._busy < self.threads and (batch := self._take(self._slow, LONGEST_BATCH)):
                self._busy += 1
                self._pool.submit(self._read, batch).add_done_callback(partial(self._ended, loop, batch))

    def _ended(self, loop: asyncio.AbstractEventLoop, batch: _Batch, done: Future[_Read]) -> None:
        """In the thread that read, which goes on at once, however busy the event loop is."""
        with self._lock:
            self._busy -= 1
        self._employ(loop)
        loop.call_soon_threadsafe(self._settle, batch, done)

    def _read(self, batch: _Batch) -> _Read:
        """The outcomes, the seconds that passed, and those of work."""
        began, worked = monotonic(), thread_time()
        for work, _ in batch:
            work.began = work.began or began
        outcomes = batch[0][0].reader.read_each([(work.images[place], work.options) for work, place in batch])
        return outcomes, monotonic() - began, thread_time() - worked

    def _settle(self, batch: _Batch, done: Future[_Read] | asyncio.Task[_Read]) -> None:
        """A batch has ended: its requests get their answers, or the fault of ours that ended it."""
        if fault := done.exception():
            for work, _ in batch:
                work.fail(fault)
            return
        outcomes, passed, worked = done.result()
        for (work, place), outcome in zip(batch, outcomes, strict=True):
            work.settle(place, outcome)
        reader = batch[0][0].reader
        self._moved = monotonic()
        self._each = _mean(self._each, passed / len(batch))
        self._costs[reader] = _mean(self._costs.get(reader, 0.0), worked / len(batch))
        with self._lock:
            self._refuse_late(self._slow)
        self._refuse_late(self._quick)

    def _refuse_late(self, works: deque[Work]) -> None:
        """Refuses those whose turn would come too late, while their clients can still go elsewhere."""
        now = monotonic()
        if not works or now + self.waiting * self._each < min(work.deadline for work in works):
            return
        for place, work in enumerate(works):
            own = len(work.images)
            ahead = sum(min(len(each.images) - each.taken, own) for each in list(works)[:place])
            if not work.taken and now + (ahead + 1) * self._each / self.threads > work.deadline:
                work.fail(self.busy())

    def _take(self, works: deque[Work], longest: float) -> _Batch:
        """Pictures for one model, some of each request in turn, so that a long batch holds up nobody."""
        batch: _Batch = []
        most = self.micro_batch
        now = monotonic()
        while works and len(batch) < most:
            work = works[0]
            if work.given_up or work.deadline < now:
                works.popleft()
                continue
            if not batch:
                cost = self._costs.get(work.reader)
                most = max(1, min(most, int(longest / cost))) if cost else most
            elif work.reader is not batch[0][0].reader:
                break
            stop = min(len(work.images), work.taken + most - len(batch))
            batch += [(work, place) for place in range(work.taken, stop)]
            work.taken = stop
            works.popleft()
            if stop < len(work.images):
                works.append(work)
        return batch


def _mean(before: float, now: float) -> float:
    return _MEMORY * before + (1 - _MEMORY) * now if before else now
