"""A comparison as comparison.md, comparison.html and accuracy.png."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from captchalab.errors import MissingExtra
from captchalab.files import make_folder, write_atomic
from captchalab.measuring.markup import percent
from captchalab.measuring.report import environments
from captchalab.studies.entries import Comparison, Entry


@dataclass(frozen=True)
class Column:
    """One figure of each entry; ``best`` picks the best value, ``None`` where none is better than another."""

    title: str
    value: Callable[[Entry], float | None]
    show: Callable[[Any], str]
    best: Callable[..., float] | None = None
    interval: Callable[[Entry], tuple[float | None, float | None]] | None = None
    """Of 95%."""


def _count(number: float) -> str:
    return f"{number:,.0f}"


COLUMNS = (
    Column(
        "read right",
        lambda e: e.sequence_accuracy,
        percent,
        max,
        lambda e: (e.sequence_accuracy_low, e.sequence_accuracy_high),
    ),
    Column("case ignored", lambda e: e.sequence_accuracy_folded, percent, max),
    Column(
        "characters",
        lambda e: e.character_accuracy,
        percent,
        max,
        lambda e: (e.character_accuracy_low, e.character_accuracy_high),
    ),
    Column("pictures seen", lambda e: e.pictures_seen, _count),
    Column("training, s", lambda e: e.seconds, _count),
    Column("parameters", lambda e: e.parameters, _count, min),
    Column("file, MB", lambda e: e.file_bytes, lambda size: f"{size / 1e6:.2f}", min),
    Column("one picture, ms", lambda e: e.milliseconds, lambda time: f"{time:.2f}", min),
    Column("in batches, pictures/s", lambda e: e.pictures_per_second, _count, max),
)


def write_comparison(comparison: Comparison, out: str | Path) -> Path:
    """Write the table, the page and the plot into ``out``; the path of the page.

    Raises ``MissingExtra`` without Jinja2 or matplotlib.
    """
    folder = Path(out)
    make_folder(folder)
    html, markdown = environments("captchalab.studies")
    context = {
        "data": ", ".join(comparison.data),
        "failed": comparison.failed,
        "helped": comparison.head_starts,
        "by_steps": "steps" in comparison.budget,
        "known": [(name, f"{count:,}") for name, count in comparison.known],
        "shared": f"{comparison.shared:,}" if comparison.shared else "",
        "budget": ", ".join(f"{value:g} {name}" for name, value in comparison.budget.items()) or "none",
        "titles": [column.title for column in COLUMNS],
        "rows": [_row(comparison, entry) for entry in ranked(comparison)],
        "overlaps": _overlaps(comparison),
        "names": [entry.name for entry in ranked(comparison)],
    }
    plot = _plot(comparison)
    write_atomic(folder / "accuracy.png", plot)
    for name, environment in (("comparison.md", markdown), ("comparison.html", html)):
        text = environment.get_template(name).render(context)
        write_atomic(folder / name, text.encode("utf-8", "backslashreplace"))
    return folder / "comparison.html"


def ranked(comparison: Comparison) -> list[Entry]:
    """The entries, the one that reads best first."""
    return sorted(comparison.entries, key=lambda each: (-each.sequence_accuracy, each.milliseconds))


def _row(comparison: Comparison, entry: Entry) -> dict[str, Any]:
    cells = []
    for column in COLUMNS:
        value = column.value(entry)
        known = [found for each in comparison.entries if (found := column.value(each)) is not None]
        best = value is not None and column.best is not None and value == column.best(known)
        text = "-" if value is None else column.show(value)
        cells.append({"text": text, "best": best, "interval": _interval(column, entry)})
    return {"name": entry.name, "network": entry.network or entry.kind, "cells": cells}


def _interval(column: Column, entry: Entry) -> str:
    """``97.10% to 98.20%``; empty for a figure without one."""
    low, high = column.interval(entry) if column.interval is not None else (None, None)
    return "" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def _overlaps(comparison: Comparison) -> list[list[str]]:
    """For each pair the share of common mistakes, in the order of the table."""
    entries = ranked(comparison)
    shares = [[comparison.overlap(one, other) for other in entries] for one in entries]
    return [["-" if share is None else f"{share:.0%}" for share in row] for row in shares]


def _plot(comparison: Comparison) -> bytes:
    """Accuracy against the time of one picture, with 95% intervals."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("train", "plots") from None
    figure = Figure(figsize=(9, 5), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    entries = ranked(comparison)
    bottom = 100 * min(each.sequence_accuracy_low for each in entries)
    top = 100 * max(each.sequence_accuracy_high for each in entries)
    margin = max(0.2, (top - bottom) / 20)
    axes.set_ylim(bottom - margin, top + margin)
    points = [(100 * e.sequence_accuracy - bottom + margin) / (top - bottom + 2 * margin) for e in entries]
    for entry, height in zip(entries, _spread(points), strict=True):
        low = entry.sequence_accuracy - entry.sequence_accuracy_low
        high = entry.sequence_accuracy_high - entry.sequence_accuracy
        drawn = axes.errorbar(
            entry.milliseconds,
            100 * entry.sequence_accuracy,
            yerr=[[100 * max(0.0, low)], [100 * max(0.0, high)]],
            fmt="o",
            capsize=3,
        )
        # Names stand in a column of their own: points of good readers lie too close for names beside them.
        axes.annotate(
            entry.name,
            (entry.milliseconds, 100 * entry.sequence_accuracy),
            xytext=(1.03, height),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": drawn.lines[0].get_color(),
                "alpha": 0.5,
                "relpos": (0, 0.5),
            },
        )
    times = [each.milliseconds for each in entries]
    if max(times) > 3 * min(times):  # 1, 2 and 5 lie 2.5 times apart at most: one of them is in sight
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(_sparse)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("one picture by itself, milliseconds (from its bytes to the text)")
    axes.set_ylabel("read right, %")
    axes.grid(alpha=0.3)
    axes.margins(x=0.1)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _sparse(value: float, _position: float | None = None) -> str:
    """2 and 5 between the powers of ten: all that a decade has room for."""
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def _spread(points: Sequence[float]) -> list[float]:
    """Heights for the names of points, the highest first, as shares of the plot: near them, and apart."""
    gap = min(0.05, 1 / len(points))
    heights: list[float] = []
    for place, point in enumerate(points):
        highest = heights[-1] - gap if heights else 1.0
        heights.append(max(gap * (len(points) - place - 1), min(highest, point)))
    return heights
