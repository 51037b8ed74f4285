"""metrics.csv -> curves.png."""

from __future__ import annotations

import csv
from io import BytesIO
from math import isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from captchalab.errors import MissingExtra, RunError
from captchalab.training.sheet import TITLE, message_sheet, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Columns = dict[str, list[float]]
Corner = Literal["upper right", "upper left", "lower right"]

COLUMNS = (
    "step",
    "pictures",
    "seconds",
    "loss",
    "learning_rate",
    "pictures_per_second",
    "train_sequence_accuracy",
    "train_character_accuracy",
    "validation_loss",
    "validation_sequence_accuracy",
    "validation_character_accuracy",
)
TRAINING, VALIDATION, QUIET = "#8aa4c8", "#c2410c", "#6b7280"
DPI = 80


def read_metrics(path: Path) -> Columns:
    """The columns of a ``metrics.csv`` as floats, ``nan`` where a cell is empty.

    A last line cut short by a killed training is left out. Raises ``RunError`` for a file that
    is missing or has other columns.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            rows = [row for row in reader if len(row) == len(header)]
    except FileNotFoundError:
        raise RunError(f"{path} is missing: is this the folder of a run?") from None
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        raise RunError(f"{path} lacks the columns {', '.join(absent)}: it is no metrics.csv of this version")
    return {name: [_number(row[i]) for row in rows] for i, name in enumerate(header)}


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return nan


def plot_curves(metrics_csv: Path, out: Path) -> None:
    """Loss, accuracy, errors and speed over the pictures seen, as a PNG.

    Raises ``RunError`` as ``read_metrics`` does, ``MissingExtra`` without matplotlib.
    """
    metrics = read_metrics(metrics_csv)
    if not metrics["step"]:
        message_sheet("No curves yet", "Training has not finished its first step.", TITLE, out)
        return
    try:
        from matplotlib.figure import Figure  # pyplot would take twice as long and is not needed
    except ImportError:
        raise MissingExtra("train", "drawing curves") from None
    figure = Figure(figsize=(12, 7.5), dpi=DPI, layout="constrained")
    _draw(figure, metrics)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    save(Image.open(buffer), out)


def _draw(figure: Figure, metrics: Columns) -> None:
    (loss, accuracy), (error, speed) = figure.subplots(2, 2, sharex=True)
    _line(loss, metrics, "loss", "training", TRAINING)
    _line(loss, metrics, "validation_loss", "validation", VALIDATION)
    _finish(loss, "Loss", log=True)

    _line(accuracy, metrics, "train_sequence_accuracy", "training, whole texts", TRAINING)
    _line(accuracy, metrics, "train_character_accuracy", "training, characters", TRAINING, ":")
    _line(accuracy, metrics, "validation_sequence_accuracy", "validation, whole texts", VALIDATION)
    _line(accuracy, metrics, "validation_character_accuracy", "validation, characters", VALIDATION, ":")
    accuracy.set_ylim(-0.02, 1.02)
    _finish(accuracy, "Accuracy", place="lower right")

    metrics = metrics | {
        "train_error": [1 - share for share in metrics["train_sequence_accuracy"]],
        "validation_error": [1 - share for share in metrics["validation_sequence_accuracy"]],
    }
    _line(error, metrics, "train_error", "training", TRAINING)
    _line(error, metrics, "validation_error", "validation", VALIDATION)
    _finish(error, "Share of whole texts read wrong", log=True)
    error.set_ylim(top=1.5)

    _draw_speed(speed, metrics)
    for axes in (error, speed):
        axes.set_xlabel("pictures seen")
        axes.xaxis.set_major_formatter("{x:,.0f}")
    figure.suptitle(_headline(metrics))


def _draw_speed(speed: Axes, metrics: Columns) -> None:
    """Two scales, told apart by the colours of their numbers."""
    _line(speed, metrics, "pictures_per_second", "pictures per second (left)", QUIET)
    rate = speed.twinx()
    _line(rate, metrics, "learning_rate", "learning rate (right)", VALIDATION, "--")
    for axes, colour in ((speed, QUIET), (rate, VALIDATION)):
        top = max(_heights(axes), default=0.0)
        axes.set_ylim(0, 1.35 * top or 1.0)  # room for the legend above the lines
        axes.tick_params(axis="y", labelcolor=colour)
    rate.spines[["top", "right"]].set_visible(False)
    rate.legend(loc="upper right", frameon=False)
    _finish(speed, "Speed and learning rate", place="upper left")


def _line(axes: Axes, metrics: Columns, name: str, label: str, colour: str, style: str = "-") -> None:
    """One column over the pictures seen; empty cells are bridged, lone points get a dot."""
    pairs = zip(metrics["pictures"], metrics[name], strict=True)
    points = [(x, y) for x, y in pairs if isfinite(x) and isfinite(y)]
    if not points:
        return
    marker = "o" if len(points) < 30 else ""
    xs, ys = zip(*points, strict=True)
    axes.plot(xs, ys, linestyle=style, color=colour, label=label, marker=marker, markersize=3, linewidth=1.5)


def _finish(axes: Axes, title: str, log: bool = False, place: Corner = "upper right") -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    drawn = _heights(axes)
    if log and any(value > 0 for value in drawn):
        axes.set_yscale("log", nonpositive="mask")
    if drawn:
        axes.legend(loc=place, framealpha=0.8, edgecolor="none")


def _heights(axes: Axes) -> list[float]:
    """All values drawn so far."""
    return [float(value) for line in axes.get_lines() for value in np.asarray(line.get_ydata())]


def _headline(metrics: Columns) -> str:
    pictures, seconds = metrics["pictures"][-1], metrics["seconds"][-1]
    text = f"{pictures:,.0f} pictures in {seconds:,.0f} s"
    best = max((share for share in metrics["validation_sequence_accuracy"] if isfinite(share)), default=nan)
    return f"{text}, best validation accuracy {best:.2%}" if isfinite(best) else text
