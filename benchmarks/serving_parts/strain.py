"""More load than a server can carry; load for long; models that change under load."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from captchalab.files import write_atomic
from captchalab.serving.loadtest.calls import OK
from captchalab.serving.loadtest.figures import failed
from captchalab.serving.loadtest.load import Stage
from captchalab.serving.loadtest.pictures import Pictures
from captchalab.serving.loadtest.run import Done, run_stages

SHARES = (0.5, 0.8, 1.0, 1.5, 2.0, 5.0)
CLIENTS = 16
BROKEN_EVERY = 4
"""Every so manieth swap brings a broken file."""
CONNECTIONS = 512
"""Open before a long load: more than pile up while a busy machine stands still for a second."""
LONGEST_SWAP = 30.0
"""Seconds after which a swap counts as not taken up."""


def capacity(url: str, pictures: Pictures, seconds: float) -> Done:
    """What the server carries: clients that always have a request under way."""
    stage = Stage(seconds, clients=CLIENTS, warm_up=min(3.0, seconds / 2))
    (done,) = asyncio.run(run_stages(url, pictures, [stage]))
    return done


def overload(url: str, pictures: Pictures, seconds: float) -> tuple[dict[str, Any], list[Done]]:
    """Shares of the capacity up to five times, then at once half of it: how soon all is well again."""
    first = capacity(url, pictures, seconds)
    most = first.figures["ok_per_second"]
    stages = [Stage(seconds, rate=share * most, warm_up=min(2.0, seconds / 4)) for share in SHARES]
    after = Stage(max(10.0, seconds), rate=0.5 * most)
    *loads, calm = asyncio.run(run_stages(url, pictures, [*stages, after]))
    peak = max(most, *(each.figures["ok_per_second"] for each in loads))
    rows = [
        each.figures
        | {"share": share, "goodput": each.figures["ok_per_second"] / peak, "failed": failed(each.figures)}
        for share, each in zip(SHARES, loads, strict=True)
    ]
    figures = {
        "capacity_per_second": most,
        "peak_per_second": peak,
        "rows": rows,
        "recovered_after_seconds": last_trouble(calm),
        "after": calm.figures,
    }
    return figures, [first, *loads, calm]


def last_trouble(done: Done) -> float:
    """Seconds from a stage's start to the due time of its last call that was not answered."""
    kinds = [kind for kind in done.calls.kinds if kind != OK]
    dues = done.calls.seconds("due", *kinds) if kinds else np.zeros(0)
    return float(dues.max()) if len(dues) else 0.0


def soak(url: str, pictures: Pictures, minutes: float, share: float) -> tuple[dict[str, Any], list[Done]]:
    """A share of the capacity for long: does memory grow, do files stay open?

    A client opens a connection whenever all are in use, and keeps it: those it may need are opened first. The
    first minutes do not count: an allocator takes that long to find its size.
    """
    first = capacity(url, pictures, min(10.0, 15 * minutes))
    rate = share * first.figures["ok_per_second"]
    stage = Stage(60 * minutes, rate=rate, warm_up=min(300.0, 10 * minutes), connections=CONNECTIONS)
    (done,) = asyncio.run(run_stages(url, pictures, [stage]))
    return {"share": share, "failed": failed(done.figures), **done.figures}, [done]


def swaps(
    url: str,
    pictures: Pictures,
    file: Path,
    models: Sequence[bytes],
    *,
    count: int,
    every: float,
    loaded: Callable[[], str],
) -> tuple[dict[str, Any], list[Done]]:
    """Half the capacity while ``file``, which the server watches, is replaced ``count`` times: by ``models``
    in turn, and by broken files. ``loaded()`` is the hash of the model that the server lists."""
    first = capacity(url, pictures, min(10.0, count * every))
    stage = Stage(max(5.0, count * every / 5), rate=0.5 * first.figures["ok_per_second"])
    waits: list[float] = []

    async def swap() -> None:
        good = 0
        for number in range(count):
            if number % BROKEN_EVERY == BROKEN_EVERY - 1:
                half = models[0][: len(models[0]) // 2]
                write_atomic(file, half if number % (2 * BROKEN_EVERY) < BROKEN_EVERY else os.urandom(5_000))
                await asyncio.sleep(every)
            else:
                good += 1
                waits.append(await _swap(file, models[good % len(models)], loaded))
                await asyncio.sleep(max(0.0, every - waits[-1]))

    async def both() -> list[Done]:
        swapping = asyncio.create_task(swap())
        done = []
        while not swapping.done():
            done += await run_stages(url, pictures, [stage], model=file.stem)
        await swapping
        return done

    done = asyncio.run(both())
    ended: Counter[str] = Counter()
    for each in done:
        ended.update(each.calls.counts())
    figures = {
        "swaps": count,
        "broken": count - len(waits),
        "taken_up": sum(wait < LONGEST_SWAP for wait in waits),
        "slowest_seconds": round(max(waits), 2),
        "rate": stage.rate,
        "ended": dict(ended),
        "failed": sum(failed(each.figures) for each in done),
    }
    return figures, done


async def _swap(file: Path, data: bytes, loaded: Callable[[], str]) -> float:
    """Seconds until the server lists the new file."""
    write_atomic(file, data)
    begun = perf_counter()
    while (passed := perf_counter() - begun) < LONGEST_SWAP:
        if await asyncio.to_thread(loaded) == sha256(data).hexdigest():
            return passed
        await asyncio.sleep(0.1)
    return LONGEST_SWAP


def make_model(folder: Path, **settings: Any) -> Path:
    """A model file that has learnt nothing: for what it costs, not for what it reads. Made once."""
    file = folder / "model.onnx"
    if not file.is_file():
        from captchalab.training.fit import fit

        shutil.rmtree(folder, ignore_errors=True)
        fit(
            ["scheme:lepture?alphabet=digits+upper&length=4"],
            out=folder,
            steps=2,
            batch=4,
            validation_pictures=8,
            workers=0,
            device="cpu",
            **settings,
        )
    return file
