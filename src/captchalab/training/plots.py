"""The pictures of a run folder: curves, and sheets of samples, predictions and mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captchalab.training.curves import plot_curves
from captchalab.training.sheet import Caption, Cell, draw_sheet, message_sheet

__all__ = ["plot_curves", "plot_mistakes", "plot_predictions", "plot_samples"]

GREEN = (22, 125, 62)
RED = (190, 30, 45)
INK = (40, 44, 52)
MAX_CELLS = 64

Prediction = tuple[NDArray[np.uint8], str, str]
"""A picture, the true text, the text that was read."""


def plot_samples(samples: Sequence[tuple[NDArray[np.uint8], str]], out: Path) -> None:
    """The first 64 ``(picture, text)`` as a contact sheet; pictures are grey or RGB uint8 of any size."""
    if not samples:
        message_sheet("No samples", "There was nothing to show.", INK, out)
        return
    cells = [Cell(picture, (Caption(text, INK),)) for picture, text in samples[:MAX_CELLS]]
    draw_sheet(_title("Samples as the network is trained on them", samples), cells, out)


def plot_predictions(items: Sequence[Prediction], out: Path) -> None:
    """The first 64 readings: right ones in green, wrong ones in red with the truth below."""
    if not items:
        message_sheet("No predictions", "Nothing has been read yet.", INK, out)
        return
    right = sum(truth == read for _, truth, read in items)
    title = _title(f"Predictions: {right} of {len(items)} right", items)
    draw_sheet(title, [_cell(*item) for item in items[:MAX_CELLS]], out)


def plot_mistakes(items: Sequence[Prediction], out: Path) -> None:
    """The first 64 wrong readings among ``items``; a friendly picture where there is none."""
    wrong = [item for item in items if item[1] != item[2]]
    if not wrong:
        message_sheet("No mistakes", "Every validation picture was read right.", GREEN, out)
        return
    draw_sheet(_title("Mistakes", wrong), [_cell(*item) for item in wrong[:MAX_CELLS]], out)


def _title(what: str, items: Sequence[object]) -> str:
    return f"{what} (the first {MAX_CELLS} of {len(items)} shown)" if len(items) > MAX_CELLS else what


def _cell(picture: NDArray[np.uint8], truth: str, read: str) -> Cell:
    """Colour is doubled by a sign and a second line, for those who do not see red from green."""
    if truth == read:
        return Cell(picture, (Caption(read, GREEN, "✓ "),), GREEN)
    return Cell(picture, (Caption(read, RED, "✗ "), Caption(truth, INK, "is ")), RED)
