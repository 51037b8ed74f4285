"""Drawn samples into files, on all processors; the same bytes whatever the number of processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from captchalab import __version__
from captchalab.errors import UsageError
from captchalab.processors import available
from captchalab.samples.archive_outputs import ParquetOutput, TarOutput
from captchalab.samples.outputs import Encoded, FolderOutput, Output
from captchalab.samples.sample import Source
from captchalab.synth.declaration import table_of
from captchalab.synth.encode import encode, encode_all
from captchalab.synth.processes import in_order
from captchalab.synth.source import SchemeSource

CHUNK = 64
"""Samples that a process draws at a time."""
WORTH_A_PROCESS = 1_000
"""Fewer samples than this for each process are not worth starting one."""

OUTPUTS: dict[str, type[Output]] = {".tar": TarOutput, ".parquet": ParquetOutput}
"""By suffix; anything else is a folder."""
_NO_FOLDERS = (".gz", ".tgz", ".bz2", ".xz", ".zip", ".7z", ".png", ".jpg", ".gif", ".csv", ".jsonl")


def generate(
    source: Source,
    out: str | os.PathLike[str],
    count: int,
    *,
    workers: int | None = None,
    on_progress: Callable[[int], None] | None = None,
    on_resume: Callable[[int], None] | None = None,
) -> int:
    """Draw samples 0 to ``count - 1`` into ``out``: a folder, or a ``.tar`` or ``.parquet`` file; the count.

    ``workers`` processes draw and encode (default: one for each processor, fewer for a small job), this
    one writes, in the order of the samples. A drawing that was stopped goes on, and ends with the same
    bytes. ``on_progress`` is told the number written so far, ``on_resume`` how many were there. Raises
    ``UsageError`` if ``out`` holds anything else, or if ``source`` is not a drawn one, ``RunError`` while
    another process draws into it.
    """
    if source.size is not None:
        raise UsageError(
            f"{source.name} is not drawn: its pictures exist already; name scheme:.. or python:.."
        )
    with _output(Path(out), _description(source, count), count) as output:
        if output.done:
            _check_last(source, output, out)
            if on_resume is not None:
                on_resume(output.done)
        chunks = [range(first, min(first + CHUNK, count)) for first in range(output.done, count, CHUNK)]
        processes = _processes(count - output.done, workers)
        for encoded in in_order(_Draw(source), chunks, processes):
            output.add(encoded)
            if on_progress is not None:
                on_progress(output.done)
        output.finish()
        return output.done


class _Draw:
    """Draws and encodes a chunk of a source; picklable."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(self, chunk: Sequence[int]) -> list[Encoded]:
        return list(encode_all(self._source, chunk))


def _output(out: Path, drawn: dict[str, Any], count: int) -> Output:
    suffix = out.suffix.lower()
    if suffix in _NO_FOLDERS:
        raise UsageError(f"{out}: pictures go into a folder, or a file that ends in .tar or .parquet")
    return OUTPUTS.get(suffix, FolderOutput)(out, drawn, count)


def _description(source: Source, count: int) -> dict[str, Any]:
    """What is drawn: the first line of the index."""
    drawn: dict[str, Any] = {"drawn": source.name, "count": count, "captchalab": __version__}
    if isinstance(source, SchemeSource):
        drawn["scheme"] = table_of(source.scheme)
    return drawn


def _check_last(source: Source, output: Output, out: str | os.PathLike[str]) -> None:
    """Other code, packages or fonts may draw other pictures: then nothing is added to the old ones."""
    if output.last() != encode(source, output.done - 1).data:
        raise UsageError(
            f"cannot go on with {out}: sample {output.done - 1} is drawn otherwise now (other versions or "
            "fonts, or pictures that are new every time); name another place, or delete it"
        )


def _processes(count: int, workers: int | None) -> int:
    if workers is not None:
        return max(1, workers)
    return max(1, min(available(), count // WORTH_A_PROCESS))
