"""The queue of a worker process: its bound, its deadlines, its fairness; and that no work is wasted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from pictures import png

from captchalab import Reader, Reading
from captchalab.errors import CaptchalabError, UnsupportedImage
from captchalab.reading.image import ImageLike
from captchalab.reading.modelpath import find_model
from captchalab.serving import engine as engine_file
from captchalab.serving.engine import Engine
from captchalab.serving.problems import Problem

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


@pytest.fixture
def gated() -> Iterator[Gated]:
    reader = Gated()
    yield reader
    reader.gate.set()


def engine(**changes: Any) -> Engine:
    return Engine(**{"threads": 1, "queue": 8, "micro_batch": 4, "seconds": 60.0} | changes)


async def never() -> None:
    await asyncio.Event().wait()


async def read(engine: Engine, reader: Reader, *images: bytes, gone: Any = never) -> list[Any]:
    return (await engine.read(reader, images, {}, gone))[0]


async def at_the_gate(gated: Gated) -> None:
    while not gated.reached.is_set():
        await asyncio.sleep(0.001)


def test_pictures_of_many_requests_are_read_together(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_file, "LONGEST_BATCH", 1e9)  # the time at the gate would count

    async def run() -> None:
        own = engine()
        first = asyncio.create_task(read(own, gated, PICTURE))
        await at_the_gate(gated)
        others = [asyncio.create_task(read(own, gated, PICTURE)) for _ in range(3)]
        await asyncio.sleep(0)
        gated.gate.set()
        texts = {(await each)[0].text for each in [first, *others]}
        assert texts == {Reader.open().read(PICTURE).text}
        assert [len(batch) for batch in gated.batches] == [1, 3]
        own.close()

    asyncio.run(run())


def test_a_full_queue_refuses_and_is_free_again(gated: Gated) -> None:
    async def run() -> None:
        own = engine(queue=2)
        tasks = [asyncio.create_task(read(own, gated, PICTURE)) for _ in range(2)]
        await at_the_gate(gated)
        assert own.full
        with pytest.raises(Problem) as caught:
            await read(own, gated, PICTURE)
        assert caught.value.status == 503
        assert int(caught.value.headers["Retry-After"]) >= 1
        gated.gate.set()
        await asyncio.gather(*tasks)
        assert own.waiting == 0 and not own.full
        own.close()
        assert own.full

    asyncio.run(run())


def test_nothing_is_read_after_its_deadline(gated: Gated) -> None:
    async def run() -> None:
        own = engine(seconds=1.0)
        first = asyncio.create_task(read(own, gated, PICTURE))
        await at_the_gate(gated)
        for each in (first, *(asyncio.create_task(read(own, gated, png(text))) for text in "23")):
            with pytest.raises(Problem) as caught:
                await each
            assert caught.value.status == 504
        assert own.waiting == 0
        gated.gate.set()
        await read(own, gated, png("4"))
        assert gated.batches == [[PICTURE], [png("4")]]
        own.close()

    asyncio.run(run())


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


def test_a_queue_that_has_come_to_a_standstill_takes_no_more(gated: Gated) -> None:
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


def test_nothing_is_read_for_a_client_that_has_gone(gated: Gated) -> None:
    async def run() -> None:
        own = engine()
        left = asyncio.Event()
        first = asyncio.create_task(read(own, gated, PICTURE))
        await at_the_gate(gated)
        second = asyncio.create_task(read(own, gated, png("2"), gone=left.wait))
        third = asyncio.create_task(read(own, gated, png("3")))
        await asyncio.sleep(0)
        left.set()
        with pytest.raises(Problem) as caught:
            await second
        assert caught.value.status == 499
        gated.gate.set()
        await asyncio.gather(first, third)
        assert gated.batches == [[PICTURE], [png("3")]]
        own.close()

    asyncio.run(run())


def test_a_long_batch_holds_up_nobody(gated: Gated) -> None:
    async def run() -> None:
        own = engine(queue=100)
        long = asyncio.create_task(read(own, gated, *[PICTURE] * 12))
        await at_the_gate(gated)
        short = asyncio.create_task(read(own, gated, png("2")))
        await asyncio.sleep(0)
        gated.gate.set()
        await short
        assert len(await long) == 12
        assert png("2") in gated.batches[1] + gated.batches[2]
        own.close()

    asyncio.run(run())


def test_a_fault_reaches_its_requests_and_no_others(gated: Gated) -> None:
    async def run() -> None:
        own = engine(micro_batch=1)
        gated.gate.set()
        tasks = [asyncio.create_task(read(own, gated, picture)) for picture in (PICTURE, b"fault", PICTURE)]
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(outcomes[1], RuntimeError)
        assert not isinstance(outcomes[0], BaseException) and outcomes[0] == outcomes[2]
        own.close()

    asyncio.run(run())


def test_quick_pictures_are_read_in_turns_of_the_loop_and_slow_ones_elsewhere(
    gated: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_file, "QUICK", 1e9)  # however busy the machine

    async def run() -> None:
        own = engine()
        gated.gate.set()
        large = PICTURE + bytes(engine_file.SMALL)
        await read(own, gated, PICTURE)  # from now on it is known how long one takes
        tasks = [
            asyncio.create_task(read(own, gated, picture))
            for picture in (PICTURE, png("2"), b"fault", png("4"), large)
        ]
        await asyncio.wait(tasks)
        assert isinstance(tasks[2].exception(), RuntimeError)
        after = await read(own, gated, png("2"), b"no picture", png("4"))
        assert after[0].text == Reader.open().read(png("2")).text
        assert isinstance(after[1], UnsupportedImage)
        assert own.waiting == 0
        names = dict(zip((batch[-1] for batch in gated.batches), gated.threads, strict=True))
        assert names[png("4")] == threading.current_thread().name
        assert names[large] == gated.threads[0] != names[png("4")]
        own.close()

    asyncio.run(run())
