"""A comparison as comparison.md, comparison.html and accuracy.png."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from captchalab.errors import MissingExtra
from captchalab.files import make_folder, write_atomic
from captchalab.measuring.markup import percent
from captchalab.measuring.report import environments
from captchalab.studies.compare import Comparison, Entry


@dataclass(frozen=True)
class Column:
    """One figure of each entry; ``best`` picks the best value, ``None`` where none is better than another."""

    title: str
    value: Callable[[Entry], float | None]
    show: Callable[[Any], str]
    best: Callable[..., float] | None = None


def _count(number: float) -> str:
    return f"{number:,.0f}"


COLUMNS = (
    Column("read right", lambda e: e.sequence_accuracy, percent, max),
    Column("case ignored", lambda e: e.sequence_accuracy_folded, percent, max),
    Column("characters", lambda e: e.character_accuracy, percent, max),
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
        cells.append({"text": "-" if value is None else column.show(value), "best": best})
    interval = f"{percent(entry.sequence_accuracy_low)} to {percent(entry.sequence_accuracy_high)}"
    return {"name": entry.name, "network": entry.network or entry.kind, "cells": cells, "interval": interval}


def _overlaps(comparison: Comparison) -> list[list[str]]:
    """For each pair the share of common mistakes, in the order of the table."""
    entries = ranked(comparison)
    shares = [[comparison.overlap(one, other) for other in entries] for one in entries]
    return [["-" if share is None else percent(share) for share in row] for row in shares]


def _plot(comparison: Comparison) -> bytes:
    """Accuracy against the time of one picture, with 95% intervals."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("train", "plots") from None
    figure = Figure(figsize=(8, 5), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for entry in comparison.entries:
        low = entry.sequence_accuracy - entry.sequence_accuracy_low
        high = entry.sequence_accuracy_high - entry.sequence_accuracy
        axes.errorbar(
            entry.milliseconds,
            100 * entry.sequence_accuracy,
            yerr=[[100 * max(0.0, low)], [100 * max(0.0, high)]],
            fmt="o",
            capsize=3,
        )
        axes.annotate(
            entry.name,
            (entry.milliseconds, 100 * entry.sequence_accuracy),
            xytext=(7, 3),
            textcoords="offset points",
            fontsize=9,
        )
    axes.set_xscale("log")
    axes.set_xlabel("one picture by itself, milliseconds (from its bytes to the text)")
    axes.set_ylabel("read right, %")
    axes.grid(alpha=0.3)
    axes.margins(x=0.25, y=0.1)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
