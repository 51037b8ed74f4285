"""One request's pictures on their way through the queue. Only the event loop's thread settles them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from captchalab.errors import CaptchalabError
from captchalab.reading.reader import Reader, Reading
from captchalab.serving.problems import Problem

Outcome = Reading | CaptchalabError


@dataclass(slots=True, eq=False)
class Work:
    """Pictures waiting to be read by one model. Times are those of ``monotonic``.

    ``gone()`` ends when the client has gone.
    """

    reader: Reader
    images: Sequence[bytes]
    options: Mapping[str, Any]
    gone: Callable[[], Awaitable[object]]
    deadline: float
    done: asyncio.Future[None]
    queued: float = field(default_factory=monotonic)
    began: float = 0.0
    taken: int = 0
    left: int = field(init=False)
    given_up: bool = False
    outcomes: list[Outcome] = field(init=False)
    _watching: asyncio.Task[object] | None = None

    def __post_init__(self) -> None:
        self.left = len(self.images)
        self.outcomes = [_NOT_READ] * self.left

    def settle(self, place: int, outcome: Outcome) -> None:
        """The picture at ``place`` has been read."""
        self.outcomes[place] = outcome
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def fail(self, fault: BaseException) -> None:
        """Nothing more is read; whoever waits gets ``fault``."""
        self.given_up = True
        if not self.done.done():
            self.done.set_exception(fault)

    def fail_late(self) -> None:
        """Time is up. (One exception for all would hold, in its traceback, every request it ended.)"""
        self.fail(Problem(504, "too-late", "the picture was not read in time, and will not be"))

    def watch(self) -> None:
        """From now on, end the work when its client goes."""
        if self._watching is None and not self.done.done():
            self._watching = self.done.get_loop().create_task(self._listen())
            self._watching.add_done_callback(self._went)

    async def _listen(self) -> object:
        return await self.gone()

    def _went(self, task: asyncio.Task[object]) -> None:
        if not task.cancelled():
            self.fail(task.exception() or Problem(499, "client-gone", "the client has gone"))

    def end(self) -> None:
        """Nobody waits any more."""
        self.given_up = True
        if self._watching is not None:
            self._watching.cancel()


_NOT_READ = Reading("", 0.0, (), error="not read")
