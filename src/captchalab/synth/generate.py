"""Drawn samples into a folder, on all processors; the same files whatever the number of processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from captchalab.errors import UsageError
from captchalab.samples.sample import Source
from captchalab.samples.writer import FolderWriter, encode_png

CHUNK = 64
"""Samples that a process draws at a time."""
WORTH_A_PROCESS = 1_000
"""Fewer samples than this for each process are not worth starting one."""
_DIGITS = 4

Drawn = list[tuple[str, bytes]]
Chunks = Iterable[range]

_source: Source | None = None  # in a worker process: the source that it draws from


def generate(
    source: Source,
    out: str | os.PathLike[str],
    count: int,
    *,
    workers: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Draw samples 0 to ``count - 1`` into the new or empty folder ``out`` as ``TEXT_0000.png``; the count.

    ``workers`` processes draw and encode (default: one for each processor, fewer for a small job), this
    one writes, in the order of the samples. ``on_progress`` is told the number written so far. Raises
    ``UsageError`` if ``out`` holds files already, or if ``source`` is not a drawn one.
    """
    folder = Path(out)
    if source.size is not None:
        raise UsageError(
            f"{source.name} is not drawn: its pictures exist already; name scheme:.. or python:.."
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: name a new folder, so that two drawings do not mix")
    digits = max(_DIGITS, len(str(count - 1)))
    chunks = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    written = 0
    with FolderWriter(folder) as writer, _drawing(source, _processes(count, workers)) as draw:
        for drawn in draw(chunks):
            for text, data in drawn:
                writer.add(text, data, f"{written:0{digits}d}")
                written += 1
            if on_progress is not None:
                on_progress(written)
    return written


def _processes(count: int, workers: int | None) -> int:
    if workers is not None:
        return max(1, workers)
    return max(1, min(os.cpu_count() or 1, count // WORTH_A_PROCESS))


@contextmanager
def _drawing(source: Source, processes: int) -> Iterator[Callable[[Chunks], Iterator[Drawn]]]:
    """A function from chunks to what was drawn for each, in order; here or in other processes."""
    if processes == 1:
        yield lambda chunks: (_draw_chunk(source, chunk) for chunk in chunks)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _start_worker, (source,)) as pool:
        yield lambda chunks: pool.imap(_draw_in_worker, chunks)


def _start_worker(source: Source) -> None:
    global _source
    _source = source


def _draw_in_worker(chunk: range) -> Drawn:
    assert _source is not None
    return _draw_chunk(_source, chunk)


def _draw_chunk(source: Source, chunk: range) -> Drawn:
    samples = (source.sample(index) for index in chunk)
    return [(sample.text, encode_png(sample.image)) for sample in samples]
