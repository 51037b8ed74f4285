"""Calls and moments -> figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchalab.serving.loadtest.calls import OK, REFUSED, Calls
from captchalab.serving.loadtest.load import Stage
from captchalab.serving.loadtest.watch import Moment

PERCENTILES = (50, 90, 95, 99)
TIMES = ("total", "server", "queue", "reading")
LONG_ENOUGH = 60.0
"""Seconds from which on a slope of memory says something."""


def percentiles(seconds: NDArray[np.float64]) -> dict[str, float] | None:
    """Milliseconds p50 to p99 and max, each the time of a call that there was; ``None`` of no calls."""
    if not len(seconds):
        return None
    found = np.percentile(1000 * seconds, PERCENTILES, method="inverted_cdf")
    named = {f"p{name}": round(float(value), 3) for name, value in zip(PERCENTILES, found, strict=True)}
    return named | {"max": round(float(1000 * seconds.max()), 3)}


def figures_of(stage: Stage, calls: Calls, moments: Sequence[Moment], batch: int = 1) -> dict[str, Any]:
    """What is reported of a stage. Per second: of the time from its start to its last answer."""
    totals, dues = calls.seconds("total"), calls.seconds("due")
    lasted = max(float((dues + totals).max()), stage.seconds) if len(calls) else stage.seconds
    counts = calls.counts()
    good = counts.get(OK, 0)
    return {
        "load": stage.name,
        "seconds": round(lasted, 3),
        "requests": len(calls),
        "ok": good,
        "errors": {kind: count for kind, count in counts.items() if kind != OK},
        "requests_per_second": round(len(calls) / lasted, 2),
        "ok_per_second": round(good / lasted, 2),
        "pictures_per_second": round(batch * good / lasted, 2),
        "milliseconds": {name: percentiles(calls.seconds(name, OK)) for name in TIMES},
        "refused_milliseconds": percentiles(calls.seconds("total", *REFUSED)),
        "sent_late_milliseconds": percentiles(calls.seconds("late")),
        "server": server_figures(moments),
    }


def server_figures(moments: Sequence[Moment]) -> dict[str, Any] | None:
    """Memory (MiB), its slope, open files and processor time between the first moment and the last."""
    if not moments:
        return None
    first, last = moments[0], moments[-1]
    lasted = last.second - first.second
    return {
        "processes": last.processes,
        "memory_mib_first": round(first.memory / 2**20, 1),
        "memory_mib_last": round(last.memory / 2**20, 1),
        "memory_mib_most": round(max(moment.memory for moment in moments) / 2**20, 1),
        "memory_percent_an_hour": _slope(moments) if lasted >= LONG_ENOUGH else None,
        "files_first": first.files,
        "files_last": last.files,
        "processors_busy": round((last.processor - first.processor) / lasted, 3) if lasted else None,
    }


def _slope(moments: Sequence[Moment]) -> float:
    """Growth of memory in percent an hour: a straight line through all moments, against their mean."""
    seconds = np.array([moment.second for moment in moments])
    memory = np.array([moment.memory for moment in moments], np.float64)
    a_second = np.polyfit(seconds - seconds[0], memory, 1)[0]
    return round(float(100 * 3600 * a_second / memory.mean()), 3)


def failed(figures: dict[str, Any]) -> int:
    """Calls that ended neither well nor in a refusal that says when to try again."""
    return sum(count for kind, count in figures["errors"].items() if kind not in REFUSED)
