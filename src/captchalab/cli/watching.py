"""Progress on standard error: a live display on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from captchalab.cli.console import percent, say

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from captchalab.training.progress import Event, Progress

LINE_EVERY = 5.0
"""Seconds between two progress lines where there is no terminal to redraw."""

Count = Callable[[int, int], None]


@contextmanager
def counter(verb: str) -> Iterator[Count]:
    """A function ``(done, total)`` that shows how far we are; silent for what takes no time."""
    if sys.stderr.isatty():
        with _bar("{task.completed:,} of {task.total:,}", "{task.fields[rate]:,.0f}/s") as bar:
            task = bar.add_task(verb, total=None, rate=0.0, visible=False)
            started = time.monotonic()

            def draw(done: int, total: int) -> None:
                rate = done / max(1e-6, time.monotonic() - started)
                bar.update(task, completed=done, total=total, rate=rate, visible=True)

            yield draw
        return
    last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY:
            last = time.monotonic()
            say(f"{verb} {done:,} of {total:,}")

    yield line


class TrainingWatch:
    """Shows the events of a training; used as a context manager, called with each event."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: Any = None
        self._last_line = 0.0
        self._last_accuracy: float | None = None

    def __enter__(self) -> TrainingWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        from captchalab.training.progress import Estimate, Message

        if isinstance(event, (Estimate, Message)):
            self._say(event.text)
        elif sys.stderr.isatty():
            self._draw(event)
        else:
            self._line(event)

    def _say(self, text: str) -> None:
        if self._bar is None:
            say(text)
        else:
            self._bar.console.print(text, markup=False, highlight=False)

    def _draw(self, event: Progress) -> None:
        if self._bar is None:
            self._bar = _bar(
                "step {task.completed:,}/{task.total:,}",
                "{task.fields[rate]:,.0f} pictures/s",
                "loss {task.fields[loss]:.3f}",
                "validation {task.fields[accuracy]}",
                "{task.fields[left]} left",
            )
            self._task = self._bar.add_task(
                "training", total=event.steps, rate=0.0, loss=0.0, accuracy="-", left="-"
            )
            self._bar.start()
        self._bar.update(
            self._task,
            completed=event.step,
            total=event.steps,
            rate=event.pictures_per_second,
            loss=event.loss,
            accuracy=percent(event.validation_accuracy),
            left=duration(event.seconds_left),
        )

    def _line(self, event: Progress) -> None:
        now = time.monotonic()
        new_accuracy = event.validation_accuracy != self._last_accuracy
        if not (new_accuracy or event.step == event.steps or now - self._last_line >= LINE_EVERY):
            return
        self._last_line, self._last_accuracy = now, event.validation_accuracy
        say(
            f"step {event.step}/{event.steps}  {event.pictures_per_second:.0f} pictures/s  "
            f"loss {event.loss:.3f}  validation {percent(event.validation_accuracy)}  "
            f"{duration(event.seconds_left)} left"
        )


def duration(seconds: float) -> str:
    """``75`` -> ``1:15``; hours only where there are any."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _bar(*columns: str) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        *(TextColumn(column) for column in columns),
        console=Console(stderr=True),
    )
