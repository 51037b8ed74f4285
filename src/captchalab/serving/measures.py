"""What Prometheus is told. With several worker processes the figures of all of them are added up."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder where the processes meet; set before this module is imported."""
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

requests = Counter("captchalab_requests", "Requests, by route and status.", ["route", "status"])
seconds = Histogram("captchalab_request_seconds", "From header to answer.", ["route"], buckets=_STEPS)
queue_seconds = Histogram("captchalab_queue_seconds", "Time that pictures waited.", buckets=_STEPS)
reading_seconds = Histogram("captchalab_reading_seconds", "Time that readings took.", buckets=_STEPS)
pictures = Counter("captchalab_pictures", "Pictures, by model and outcome.", ["model", "outcome"])
waiting = Gauge("captchalab_waiting_pictures", "Pictures in the queue.", multiprocess_mode="livesum")
models = Gauge("captchalab_models", "Models that are served.", multiprocess_mode="livemin")


def request(route: str, status: int, taken: float) -> None:
    """Counts a request that took ``taken`` seconds."""
    counter, histogram = _of_requests(route, status)
    counter.inc()
    histogram.observe(taken)


@cache
def _of_requests(route: str, status: int) -> tuple[Counter, Histogram]:
    """Looked up once: routes and statuses are few."""
    return requests.labels(route, str(status)), seconds.labels(route)


def exposition() -> tuple[bytes, str]:
    """The figures as text, and its content type."""
    registry = REGISTRY
    if SHARED in os.environ:
        registry = CollectorRegistry()
        collector: Any = multiprocess.MultiProcessCollector  # without types
        collector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_process(pid: int) -> None:
    """A worker process has ended: its gauges no longer count."""
    if SHARED in os.environ:
        forget: Any = multiprocess.mark_process_dead  # without types
        forget(pid)
