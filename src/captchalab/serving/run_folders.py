"""Run folders as the pages show them: which there are, how far each is."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isnan
from pathlib import Path
from time import time
from typing import Any

from captchalab.errors import RunError
from captchalab.training.curves import Columns, read_metrics

METRICS, RECIPE, REPORT = "metrics.csv", "recipe.toml", "report.md"
SHEETS = ("predictions", "mistakes", "samples")
DEEPEST = 3
"""Folders below the folder of runs that are looked into."""

MOST_RUNS = 200
MAX_METRICS_BYTES = 8 * 1024 * 1024
GOING_SECONDS = 120.0
"""A run whose metrics are older and that has no report has stopped."""


@dataclass(frozen=True)
class Run:
    """A run folder; ``name`` is what its page is called."""

    name: str
    folder: Path

    @property
    def version(self) -> str:
        """Changes with everything that its page shows."""
        return "-".join(f"{_changed(self.folder / name):x}" for name in (METRICS, REPORT))

    @property
    def metrics(self) -> Columns:
        """Raises ``RunError`` for a file that is none, or too long."""
        file = self.folder / METRICS
        return _read(file, _changed(file))

    @cached_property
    def steps(self) -> int | None:
        """How many the recipe wants."""
        try:
            recipe: dict[str, Any] = tomllib.loads((self.folder / RECIPE).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        steps = recipe.get("steps")
        return steps if isinstance(steps, int) and steps > 0 else None

    @property
    def state(self) -> str:
        """``done``, ``going`` or ``resting``."""
        if (self.folder / REPORT).is_file():
            return "done"
        return "going" if time() - _changed(self.folder / METRICS) / 1e9 < GOING_SECONDS else "resting"

    @property
    def sheets(self) -> list[str]:
        """The contact sheets that are there."""
        return [name for name in SHEETS if (self.folder / f"{name}.png").is_file()]

    def last(self, column: str) -> float | None:
        """The newest value of a column."""
        return next((value for value in reversed(self.metrics[column]) if not isnan(value)), None)

    def best(self, column: str) -> float | None:
        """The highest value of a column."""
        return max((value for value in self.metrics[column] if not isnan(value)), default=None)

    @property
    def seconds_left(self) -> float | None:
        """By the speed of the whole run so far; ``None`` unless it is going and the end is known."""
        step, seconds = self.last("step"), self.last("seconds")
        if self.state != "going" or not step or not seconds or self.steps is None or step >= self.steps:
            return None
        return seconds / step * (self.steps - step)


def find_runs(runs: Path | None, models: Sequence[Path]) -> list[Run]:
    """The runs below the folder ``runs``, and those of the model files ``models``; the newest first."""
    found = {run.folder.resolve(): run for run in (_below(runs) if runs is not None else ())}
    for model in models:
        folder = model.resolve().parent
        if (folder / METRICS).is_file() and folder not in found:
            name = _free_name(folder.name, {run.name for run in found.values()})
            found[folder] = Run(name, folder)
    return sorted(found.values(), key=lambda run: _changed(run.folder / METRICS), reverse=True)


@lru_cache(MOST_RUNS)
def _read(file: Path, changed: int) -> Columns:
    """Once for every state of a file, as the page of a run asks again and again."""
    size = file.stat().st_size
    if size > MAX_METRICS_BYTES:
        raise RunError(f"it has {size:,} bytes; allowed are {MAX_METRICS_BYTES:,}")
    try:
        return read_metrics(file)
    except UnicodeDecodeError:
        raise RunError("it is no UTF-8 text") from None


def _below(runs: Path) -> Iterator[Run]:
    """Links are not followed: they may lead in circles, or out of the folder."""
    count = 0
    for place, folders, files in os.walk(runs):
        here = Path(place)
        depth = len(here.relative_to(runs).parts)
        if METRICS in files:
            yield Run(here.relative_to(runs).as_posix() if depth else here.resolve().name, here)
            count += 1
            folders.clear()
        if depth >= DEEPEST or count >= MOST_RUNS:
            folders.clear()
        folders.sort()


def _free_name(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _changed(file: Path) -> int:
    """Nanoseconds; 0 for a file that is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
