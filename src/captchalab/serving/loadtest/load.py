"""The two kinds of load: calls at a constant rate, and a fixed number of clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from captchalab.serving.loadtest.calls import Calls, Outcome

MOST_IN_FLIGHT = 2_000
NOT_SENT = f"not sent ({MOST_IN_FLIGHT:,} calls were waiting)"
_YIELD_EVERY = 8
_SPIN = 0.0015
"""Seconds before a call is due in which the loop turns instead of sleeping: it sleeps whole milliseconds."""


Make = Callable[[float, bool], Coroutine[Any, Any, None]]


class Caller(Protocol):
    """Whatever makes one call."""

    async def call(self) -> Outcome:
        """Make it; never raises for what a server does."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One load: ``rate`` calls a second whatever the answers, or ``clients`` that each wait for theirs."""

    seconds: float
    rate: float | None = None
    clients: int | None = None
    warm_up: float = 0.0
    connections: int = 0
    """Opened first and kept; one more is opened whenever all are in use, which looks like a leak."""

    @property
    def name(self) -> str:
        """As tables and pictures call it."""
        return f"{self.rate:g}/s" if self.rate else f"{self.clients} client{'s' * (self.clients != 1)}"


async def run_stage(caller: Caller, stage: Stage, on_call: Callable[[], None] = lambda: None) -> Calls:
    """The calls of the stage, all of them ended; those of the warm-up are made but not kept.

    ``on_call()`` is told of each call that ends.
    """
    calls = Calls()
    start = perf_counter() + stage.warm_up

    async def make(due: float, kept: bool) -> None:
        late = max(0.0, perf_counter() - due)
        outcome = await caller.call()
        if kept:
            calls.add(due - start, late, perf_counter() - due, outcome)
        on_call()

    def leave_out(due: float, kept: bool) -> None:
        if kept:
            calls.add(due - start, 0.0, 0.0, Outcome(NOT_SENT))

    if stage.rate:
        await _at_rate(make, leave_out, stage, stage.rate, start)
    else:
        await asyncio.gather(
            *(_client(make, start, start + stage.seconds) for _ in range(stage.clients or 1))
        )
    return calls


async def _client(make: Make, start: float, end: float) -> None:
    while (now := perf_counter()) < end:
        await make(now, now >= start)


async def _at_rate(
    make: Make, leave_out: Callable[[float, bool], None], stage: Stage, rate: float, start: float
) -> None:
    """Starts each call when it is due, however long earlier ones take: a slow server gets no respite, and
    what waited for it counts as waiting (no coordinated omission)."""
    waiting: set[asyncio.Task[None]] = set()
    for number in range(-round(rate * stage.warm_up), max(1, round(rate * stage.seconds))):
        due = start + number / rate
        while (ahead := due - perf_counter()) > 0:
            await asyncio.sleep(ahead - _SPIN if ahead > _SPIN else 0)
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)  # where calls are overdue, answers are looked at all the same
        if len(waiting) >= MOST_IN_FLIGHT:
            leave_out(due, number >= 0)
            continue
        task = asyncio.create_task(make(due, number >= 0))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    await asyncio.gather(*waiting)
