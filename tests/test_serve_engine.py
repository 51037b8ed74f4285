"""The queue of a worker process: its bound, its deadlines, its fairness; and that no work is wasted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from engines import PICTURE, Gated, at_the_gate, engine, read
from pictures import png

from captchalab import Reader
from captchalab.errors import UnsupportedImage
from captchalab.serving import engine as engine_file
from captchalab.serving.problems import Problem


@pytest.fixture
def gated() -> Iterator[Gated]:
    reader = Gated()
    yield reader
    reader.gate.set()


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
        told = []
        for each in (first, *(asyncio.create_task(read(own, gated, png(text))) for text in "23")):
            with pytest.raises(Problem) as caught:
                await each
            assert caught.value.status == 504
            told.append(caught.value)
        # An exception that is raised twice holds, in its traceback, both requests, and for ever.
        assert len({id(problem) for problem in told}) == len(told)
        assert own.waiting == 0
        gated.gate.set()
        await read(own, gated, png("4"))
        assert gated.batches == [[PICTURE], [png("4")]]
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
