"""Requests per second and times beside the peer, and beside the reader alone on the same core."""

from __future__ import annotations

import asyncio
import os
from statistics import median
from time import perf_counter, process_time
from typing import Any

from captchalab import Reader
from captchalab.serving.loadtest.load import Stage
from captchalab.serving.loadtest.pictures import Form, Pictures
from captchalab.serving.loadtest.run import run_stages

BATCH = 32
BATCH_CLIENTS = 2
"""They fill the queue of pictures; more would be refused, and send their bodies in vain."""


def compare(
    urls: dict[str, str],
    pictures: Pictures,
    reader: Reader,
    core: int | None,
    *,
    clients: list[int],
    seconds: float,
    rounds: int,
) -> dict[str, Any]:
    """Every form and number of clients, the servers in turns; figures are medians over the rounds."""
    forms: tuple[Form, ...] = ("raw", "multipart")
    keys = [(form, count, name) for form in forms for count in clients for name in urls]
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {key: [] for key in keys}
    own = next(iter(urls))
    batches, alone, alone_in_batches = [], [], []
    for _ in range(rounds):
        alone.append(_in_process(reader, pictures, core, seconds, 1))
        alone_in_batches.append(_in_process(reader, pictures, core, seconds, BATCH))
        for form, count, name in keys:
            stage = Stage(seconds, clients=count, warm_up=min(2.0, seconds / 4))
            found[form, count, name].append(_figures(urls[name], pictures, stage, form, 1))
        stage = Stage(seconds, clients=BATCH_CLIENTS, warm_up=min(2.0, seconds / 4))
        batches.append(_figures(urls[own], pictures, stage, "multipart", BATCH))
    in_process, in_batches = (median(rate for rate, _ in each) for each in (alone, alone_in_batches))
    return {
        "in_process_per_second": in_process,
        "in_process_processor_ms": median(spent for _, spent in alone),
        "in_process_batches_per_second": in_batches,
        "batch": BATCH,
        "batches_per_second": median(each["pictures_per_second"] for each in batches),
        "batches_share": median(each["pictures_per_second"] for each in batches) / in_batches,
        "rows": [
            {
                "body": form,
                "clients": count,
                **{name: _medians(found[form, count, name]) for name in urls},
                "share_of_in_process": _rate(found[form, count, own]) / in_process,
                "ratios": {
                    name: _rate(found[form, count, own]) / _rate(found[form, count, name])
                    for name in urls
                    if name != own
                },
            }
            for form in forms
            for count in clients
        ],
    }


def _figures(url: str, pictures: Pictures, stage: Stage, form: Form, batch: int) -> dict[str, Any]:
    (done,) = asyncio.run(run_stages(url, pictures, [stage], form=form, batch=batch))
    return done.figures


def _rate(figures: list[dict[str, Any]]) -> float:
    return max(1e-9, median(each["ok_per_second"] for each in figures))


def _medians(figures: list[dict[str, Any]]) -> dict[str, Any]:
    totals = [each["milliseconds"]["total"] for each in figures if each["milliseconds"]["total"]]
    errors: dict[str, int] = {}
    for each in figures:
        for kind, count in each["errors"].items():
            errors[kind] = errors.get(kind, 0) + count
    return {
        "per_second": _rate(figures),
        "processor_ms": _processor(figures),
        "p50": median(total["p50"] for total in totals) if totals else None,
        "p99": median(total["p99"] for total in totals) if totals else None,
        "errors": errors,
    }


def _processor(figures: list[dict[str, Any]]) -> float | None:
    """Milliseconds of processor time that a request costs the server: hardly changes on a busy machine."""
    busy = [(each["server"] or {}).get("processors_busy") for each in figures]
    spent = [1000 * one / _rate([each]) for one, each in zip(busy, figures, strict=True) if one is not None]
    return median(spent) if spent else None


def _in_process(
    reader: Reader, pictures: Pictures, core: int | None, seconds: float, batch: int
) -> tuple[float, float]:
    """The reader on the servers' core, which do nothing meanwhile: pictures per second, and milliseconds of
    processor time for each."""
    before = os.sched_getaffinity(0) if core is not None else set()
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        read = 0
        begun, spent = perf_counter(), process_time()
        while (passed := perf_counter() - begun) < seconds:
            start = read % len(pictures.data)
            chosen = pictures.data[start : start + batch]
            if batch == 1:
                reader.read(chosen[0])
            else:
                reader.read_many(chosen, batch)
            read += len(chosen)
        return read / passed, 1000 * (process_time() - spent) / read
    finally:
        if core is not None:
            os.sched_setaffinity(0, before)
