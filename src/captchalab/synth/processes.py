"""A function over many items in several processes, its answers in order, few of them held at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, TypeVar

from captchalab.errors import RunError, UsageError
from captchalab.processors import one_blas_thread
from captchalab.synth.opencv import cv2

Item = TypeVar("Item")
Answer = TypeVar("Answer")
AHEAD = 3
"""Items that each process may be ahead of the one whose answer is waited for."""

_function: Callable[[Any], Any] | None = None  # in a worker process


def in_order(function: Callable[[Item], Answer], items: Iterable[Item], processes: int) -> Iterator[Answer]:
    """``function(item)`` for each item, in their order; with one process in this one.

    Closing the generator ends the processes. The function must be picklable. Raises ``UsageError`` in a
    program that processes cannot be started from, ``RunError`` if one dies.
    """
    if processes == 1:
        with one_blas_thread():
            yield from map(function, items)
        return
    if getattr(sys.modules["__main__"], "__file__", None) == "<stdin>":
        raise UsageError(
            "a program read from standard input cannot start processes: write it into a file, or draw in "
            "this process with workers=1"
        )
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _start_worker, (function,))
    waiting: deque[Future[Answer]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(_call, item))
            if len(waiting) >= processes * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise RunError(
            "a drawing process died (killed, or out of memory): the same command goes on from here. In a "
            "script that calls generate, keep the call under: if __name__ == '__main__':"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    cv2.setNumThreads(1)
    one_blas_thread()
    # Ctrl-C reaches all processes of a terminal: the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot end its workers, which would wait for it forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _call(item: Any) -> Any:
    assert _function is not None
    return _function(item)
