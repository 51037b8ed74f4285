"""What runs a function over items, several at once: processes of this machine, or Ray.

An engine is called as ``map`` is, and answers in the order of the items. Function and items must be picklable
where more than one is to run at once.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol, TypeVar

from captchalab.errors import MissingExtra, RunError, suggest

Item = TypeVar("Item")
Result = TypeVar("Result")

ENGINES = ("local", "ray")


class Engine(Protocol):
    """As ``map`` of one iterable."""

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterable[Result]: ...


def open_engine(name: str, at_once: int) -> Engine:
    """The engine of that name for ``at_once`` items at a time.

    Raises ``UsageError`` for an unknown name, ``MissingExtra`` for ``ray`` where it is not installed.
    """
    if name not in ENGINES:
        raise suggest(name, ENGINES, "engine")
    if name == "ray":
        return _Ray(at_once)
    return map if at_once == 1 else _Processes(at_once)


class _Processes:
    """Several processes, of which each takes the next item; a new one for each.

    The processors are shared out evenly, and for all the time: whoever comes last, when the others have
    ended, works on no more of them than the first.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        from concurrent.futures.process import BrokenProcessPool

        # Not multiprocessing.Pool: a training starts processes of its own, which its workers may not.
        spawn = multiprocessing.get_context("spawn")
        free = spawn.SimpleQueue()
        for share in shares(self._at_once):
            free.put(share)
        pool = ProcessPoolExecutor(
            self._at_once, spawn, initializer=_take_share, initargs=(free,), max_tasks_per_child=1
        )
        with pool:
            try:
                yield from pool.map(partial(_run_and_free, function), items)
            except BrokenProcessPool:
                raise RunError(
                    f"one of {self._at_once} processes was killed, perhaps for want of memory: "
                    "go on with fewer at once"
                ) from None


def shares(count: int) -> list[list[int]]:
    """The processors that this process may use, for ``count`` others: as many for each, and at least one.

    Empty shares where processes cannot be kept to processors (macOS, Windows).
    """
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(count)]
    processors = sorted(os.sched_getaffinity(0))
    size = max(1, len(processors) // count)
    return [[processors[(place * size + n) % len(processors)] for n in range(size)] for place in range(count)]


_share: tuple[Any, list[int]] | None = None
"""In a worker: where its processors come from and go back to, and these."""


def _take_share(free: Any) -> None:
    """Before the worker imports a library that counts processors."""
    global _share
    _share = free, free.get()
    if _share[1]:
        os.sched_setaffinity(0, _share[1])


def _run_and_free(function: Callable[[Item], Result], item: Item) -> Result:
    assert _share is not None
    free, processors = _share
    try:
        return function(item)
    finally:
        free.put(processors)


class _Ray:
    """Tasks on Ray: on the cluster that it is connected to or that RAY_ADDRESS names, else on this machine.

    What a task writes lies where it ran: on a cluster, name folders that all machines share.
    """

    def __init__(self, at_once: int) -> None:
        try:
            import ray
        except ModuleNotFoundError:
            raise MissingExtra("scale", "the engine ray") from None
        self._ray, self._at_once = ray, at_once

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
        ours = not self._ray.is_initialized()
        if ours:
            # A cluster knows its processors; of this machine, each item takes one.
            size = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": self._at_once}
            self._ray.init(
                **size, include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING
            )
        task = self._ray.remote(num_cpus=1, max_retries=0)(function)
        under_way: deque[object] = deque()
        try:
            for item in items:
                if len(under_way) == self._at_once:
                    yield self._answer_of(under_way.popleft())
                under_way.append(task.remote(item))
            while under_way:
                yield self._answer_of(under_way.popleft())
        finally:
            if ours:
                self._ray.shutdown()

    def _answer_of(self, reference: object) -> Any:
        """Of one task; an error of the function comes as itself, not as Ray's."""
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
