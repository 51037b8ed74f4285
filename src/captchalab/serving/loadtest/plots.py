"""The picture of a load test: boxes, percentiles, the time as it went on, the server's memory."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from captchalab.serving.loadtest.calls import OK
from captchalab.serving.loadtest.run import Done

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOXES = {"total": "#2f5fa8", "queue": "#c2410c", "reading": "#167d3e"}
LINES = ("#2f5fa8", "#c2410c", "#167d3e", "#7c3aed", "#0e7490", "#a16207", "#be185d", "#475569")
SHARES = np.concatenate([np.linspace(0, 0.9, 91), 1 - np.geomspace(0.1, 1e-4, 120)])
TICKS = (0, 0.5, 0.9, 0.99, 0.999, 0.9999)
POINTS = 300
"""Spans of time that a stage is cut into."""
DPI = 90
_SMALLEST = 1e-3


def draw(done: Sequence[Done]) -> bytes:
    """A PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9.5), dpi=DPI, layout="constrained")
    (boxes, shares), (course, memory) = figure.subplots(2, 2)
    _draw_boxes(boxes, done)
    _draw_percentiles(shares, done)
    _draw_course(course, done)
    _draw_memory(memory, done)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_boxes(axes: Axes, done: Sequence[Done]) -> None:
    width = 0.8 / len(BOXES)
    for offset, (name, colour) in enumerate(BOXES.items()):
        boxes, places = [], []
        for place, each in enumerate(done):
            times = np.maximum(1000 * each.calls.seconds(name, OK), _SMALLEST)
            if len(times):
                low, first, middle, third, high = np.percentile(times, (1, 25, 50, 75, 99))
                boxes.append(
                    {
                        "whislo": low,
                        "q1": first,
                        "med": middle,
                        "q3": third,
                        "whishi": high,
                        "fliers": [times.max()],
                    }
                )
                places.append(place + (offset - 1) * width)
        if not boxes:
            continue
        axes.bxp(
            boxes,
            positions=places,
            widths=0.85 * width,
            patch_artist=True,
            boxprops={"facecolor": colour, "alpha": 0.55},
            medianprops={"color": "black"},
            flierprops={"marker": ".", "markersize": 5, "markeredgecolor": colour},
        )
        axes.plot([], [], color=colour, linewidth=6, alpha=0.55, label=name)
    axes.set_xticks(range(len(done)), [each.stage.name for each in done])
    axes.set_xlim(-0.6, len(done) - 0.4)
    _finish(axes, "Answered calls: middle half, whiskers 1% to 99%, dot: the slowest", "milliseconds")


def _draw_percentiles(axes: Axes, done: Sequence[Done]) -> None:
    for colour, each in zip(_colours(done), done, strict=True):
        times = 1000 * each.calls.seconds("total", OK)
        if len(times):
            known = SHARES[len(times) * (1 - SHARES) >= 1]  # further out there are no calls
            heights = np.percentile(times, 100 * known, method="inverted_cdf")
            axes.plot(_nines(known), heights, color=colour, label=each.stage.name)
    axes.set_xticks(_nines(np.array(TICKS)), [f"{100 * tick:g}%" for tick in TICKS])
    axes.set_xlabel("share of the answered calls that took no longer")
    _finish(axes, "Percentiles of the total time", "milliseconds")


def _nines(
    shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """0.9, 0.99, 0.999 -> 1, 2, 3."""
    return -np.log10(1 - shares)


def _draw_course(axes: Axes, done: Sequence[Done]) -> None:
    """The slowest hundredth of each short span: what a user feels, as time goes on."""
    for colour, each in zip(_colours(done), done, strict=True):
        dues, totals = each.calls.seconds("due", OK), 1000 * each.calls.seconds("total", OK)
        if not len(dues):
            continue
        spans = np.minimum((dues / each.stage.seconds * POINTS).astype(int), POINTS - 1)
        found = [(span, np.percentile(totals[spans == span], 99)) for span in np.unique(spans)]
        places, heights = np.array(found).T
        axes.plot((places + 0.5) / POINTS * each.stage.seconds, heights, color=colour, label=each.stage.name)
    axes.set_xlabel("seconds since the stage began (warm-up left out)")
    _finish(axes, "p99 of the total time, as time goes on", "milliseconds")


def _draw_memory(axes: Axes, done: Sequence[Done]) -> None:
    for colour, each in zip(_colours(done), done, strict=True):
        if each.moments:
            seconds = [moment.second for moment in each.moments]
            axes.plot(
                seconds,
                [moment.memory / 2**20 for moment in each.moments],
                color=colour,
                label=each.stage.name,
                marker="o" if len(seconds) < 30 else "",
                markersize=3,
            )
    axes.set_xlabel("seconds since the test began")
    _finish(axes, "Memory of the server's processes", "MiB", log=False)
    most = max((moment.memory / 2**20 for each in done for moment in each.moments), default=1.0)
    axes.set_ylim(0, 1.25 * most)
    if not any(each.moments for each in done):
        axes.text(0.5, 0.5, "not seen from here", transform=axes.transAxes, ha="center")


def _colours(done: Sequence[Done]) -> list[str]:
    return [LINES[number % len(LINES)] for number in range(len(done))]


def _finish(axes: Axes, title: str, unit: str, log: bool = True) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_ylabel(unit)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(framealpha=0.8, edgecolor="none", fontsize=9)
