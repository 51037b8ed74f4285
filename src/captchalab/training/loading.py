"""Who makes the batches, and when, so that drawing is never what training waits for.

A GPU leaves the processor free: worker processes draw ahead of it. On a processor, drawing ahead
would fight the training for the same cores, and a training step that loses one core for a moment
waits for it with all the others (measured: a third of the speed lost). So there the two take turns:
all cores draw a few batches together, each process its rows of each, then all cores train on them. (One
batch at a time, each turn would find the caches full of what the other one needs.) Rows are drawn into
memory that the processes share: sent through a pipe, they cost half as much as drawing them.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing.sharedctypes import RawArray
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from captchalab.errors import RunError
from captchalab.processors import one_blas_thread
from captchalab.training.batches import Batch, Batches, to_batch

BATCHES_A_TURN = 4
"""More gain nothing, and keep the first step waiting."""

_batches: Batches
"""In a helper process: what it draws rows of, ..."""

_shared: NDArray[np.uint8]
"""... and where to: the batches of a turn."""


def load_ahead(batches: Batches, steps: Iterable[int], workers: int) -> Generator[Batch, None, None]:
    """The batches of ``steps``, in order, made ahead of time by ``workers`` processes."""
    single = _one_thread()
    loader: DataLoader[Batch] = DataLoader(
        batches,
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker if workers else None,
        pin_memory=torch.cuda.is_available(),
        # A generator of its own: the default one belongs to the network's dropout.
        generator=torch.Generator(),
    )
    with single:
        yield from loader


def load_in_turns(batches: Batches, steps: Iterable[int], helpers: int) -> Generator[Batch, None, None]:
    """The batches of ``steps``, in order, a few at a time, by this process and ``helpers`` others.

    Close the generator when done: the garbage collector may end the helpers' pipes before their pool.
    Raises ``RunError`` if a helper dies.
    """
    if not helpers:
        with _one_thread():
            yield from (batches[step] for step in steps)
        return
    bounds = [batches.batch * share // (helpers + 1) for share in range(helpers + 2)]
    own, *others = itertools.pairwise(bounds)
    memory = RawArray(ctypes.c_uint8, BATCHES_A_TURN * batches.batch * math.prod(batches.spec.shape))
    drawn, remaining = _as_batches(memory, batches), iter(steps)
    with (
        _one_thread(),
        ProcessPoolExecutor(helpers, initializer=_start_helper, initargs=(batches, memory)) as pool,
    ):
        while turn := list(enumerate(itertools.islice(remaining, BATCHES_A_TURN))):
            asked = [[pool.submit(_draw_rows, *each, *rows) for rows in others] for each in turn]
            texts = [batches.draw_rows(drawn[place], step, *own) for place, step in turn]
            try:
                texts = [
                    sum((each.result() for each in more), first)
                    for first, more in zip(texts, asked, strict=True)
                ]
            except BrokenProcessPool:
                raise RunError(
                    "a process that draws pictures died (killed, or out of memory): resume. In a script that "
                    "calls fit, keep the call under: if __name__ == '__main__':"
                ) from None
            for place, _ in turn:
                yield to_batch(drawn[place].copy(), texts[place], batches.alphabet)


def _as_batches(memory: Any, batches: Batches) -> NDArray[np.uint8]:
    """Shared memory as ``(BATCHES_A_TURN, B, H, W, C)`` uint8."""
    return np.frombuffer(memory, np.uint8).reshape(BATCHES_A_TURN, batches.batch, *batches.spec.shape)


def _start_helper(batches: Batches, memory: Any) -> None:
    global _batches, _shared
    _batches, _shared = batches, _as_batches(memory, batches)
    _start_worker(0)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the training: one that is killed cannot tell its helpers."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _draw_rows(place: int, step: int, low: int, high: int) -> list[str]:
    return _batches.draw_rows(_shared[place], step, low, high)


def _start_worker(_worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _one_thread()


def _one_thread() -> AbstractContextManager[object]:
    """OpenCV's threads gain nothing on small pictures; and its pool does not survive a fork, so this
    runs before one."""
    if cv2.getNumThreads() != 1:
        cv2.setNumThreads(1)
    return one_blas_thread()
