"""Who makes the batches, and when, so that drawing is never what training waits for.

A GPU leaves the processor free: worker processes draw ahead of it. On a processor, drawing ahead
would fight the training for the same cores, and a training step that loses one core for a moment
waits for it with all the others (measured: a third of the speed lost). So there the two take turns:
all cores draw a batch together, each process its rows, then all cores train on it.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from captchalab.errors import RunError
from captchalab.training.batches import Batch, Batches, to_batch

_batches: Batches
"""In a helper process: what it draws rows of."""


def load_ahead(batches: Batches, steps: Iterable[int], workers: int) -> Generator[Batch, None, None]:
    """The batches of ``steps``, in order, made ahead of time by ``workers`` processes."""
    _one_thread()
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
    yield from loader


def load_in_turns(batches: Batches, steps: Iterable[int], helpers: int) -> Generator[Batch, None, None]:
    """The batches of ``steps``, in order, each made when asked for, by this process and ``helpers`` others.

    Close the generator when done: the garbage collector may end the helpers' pipes before their pool.
    Raises ``RunError`` if a helper dies.
    """
    _one_thread()
    if not helpers:
        yield from (batches[step] for step in steps)
        return
    bounds = [batches.batch * share // (helpers + 1) for share in range(helpers + 2)]
    parts = list(itertools.pairwise(bounds))
    with ProcessPoolExecutor(helpers, initializer=_start_helper, initargs=(batches,)) as pool:
        for step in steps:
            asked = [pool.submit(_draw_rows, step, low, high) for low, high in parts[1:]]
            done = [batches.rows(step, *parts[0])]
            try:
                done += [each.result() for each in asked]
            except BrokenProcessPool:
                raise RunError(
                    "a process that draws pictures died (killed, or out of memory): resume. In a script that "
                    "calls fit, keep the call under: if __name__ == '__main__':"
                ) from None
            images = np.concatenate([images for images, _ in done])
            yield to_batch(images, [text for _, texts in done for text in texts], batches.alphabet)


def _start_helper(batches: Batches) -> None:
    global _batches
    _batches = batches
    _start_worker(0)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the training: one that is killed cannot tell its helpers."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _draw_rows(step: int, low: int, high: int) -> tuple[NDArray[np.uint8], list[str]]:
    return _batches.rows(step, low, high)


def _start_worker(_worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _one_thread()


def _one_thread() -> None:
    """OpenCV's threads gain nothing on small pictures; and its pool does not survive a fork, so this
    runs before one."""
    if cv2.getNumThreads() != 1:
        cv2.setNumThreads(1)
