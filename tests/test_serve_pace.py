"""The queue of a worker process judges by its pace whom it lets in, and whom it lets wait."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from engines import PICTURE, Gated, Paced, at_the_gate, engine, read

from captchalab.serving import engine as engine_file
from captchalab.serving.problems import Problem


def test_those_whose_turn_would_come_too_late_are_refused_while_they_wait() -> None:
    """Nobody knows yet how long a picture takes when they are let in: four times what can be read in time."""

    async def run() -> None:
        own, reader = engine(queue=80, micro_batch=1, seconds=2.0), Paced(rest=0.1)
        began = time.monotonic()
        refused: list[float] = []

        async def one() -> int:
            try:
                await read(own, reader, PICTURE)
            except Problem as problem:
                assert problem.status == 504 or int(problem.headers["Retry-After"]) >= 1
                refused.append(time.monotonic() - began)
                return problem.status
            return 200

        statuses = await asyncio.gather(*(one() for _ in range(80)))
        assert 0 < statuses.count(200) <= len(reader.batches) <= statuses.count(200) + statuses.count(504)
        assert statuses.count(504) <= 2 and statuses.count(503) > 40
        assert sorted(refused)[30] < 1.0, "most are told long before their time is up"
        own.close()

    asyncio.run(run())


def test_a_queue_that_has_come_to_a_standstill_takes_no_more() -> None:
    gated = Gated()

    async def run() -> None:
        own = engine(seconds=0.4)
        first = asyncio.create_task(read(own, gated, PICTURE))
        await at_the_gate(gated)
        while not own.full:
            await asyncio.sleep(0.01)
        assert not first.done() and own.waiting == 1
        gated.gate.set()
        await asyncio.wait([first])
        assert not own.full
        own.close()

    asyncio.run(run())


def test_a_turn_of_the_loop_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it reads, the loop hears and refuses nobody."""
    monkeypatch.setattr(engine_file, "LONGEST_TURN", 0.1)
    monkeypatch.setattr(engine_file, "QUICK", 1.0)

    async def run() -> None:
        own, reader = engine(micro_batch=8), Paced(work=0.03)
        await read(own, reader, PICTURE)
        await asyncio.gather(*(read(own, reader, PICTURE) for _ in range(8)))
        assert max(map(len, reader.batches[1:])) <= 3
        assert set(reader.threads[1:]) == {threading.current_thread().name}
        own.close()

    asyncio.run(run())
