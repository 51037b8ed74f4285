"""metrics.csv: a row every few steps, so that curves can be drawn while a run goes on."""

from __future__ import annotations

import csv
import io
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from captchalab.errors import MissingExtra
from captchalab.files import write_atomic
from captchalab.training.curves import COLUMNS

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class MetricsFile:
    """Appends rows; whatever stands there beyond ``step`` (from before a kill) is dropped first.

    With ``tensorboard`` the same figures go to TensorBoard event files in that folder.
    """

    def __init__(self, path: Path, step: int, tensorboard: Path | None = None) -> None:
        self.path = path
        self._board: SummaryWriter | None = None
        if tensorboard is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(tensorboard), purge_step=step)
        rows = []
        if step and path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if len(row) == len(COLUMNS) and row[0].isdigit()]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([COLUMNS, *(row for row in rows if int(row[0]) <= step)])
        write_atomic(path, text.getvalue().encode())

    def add(self, **values: float) -> None:
        """One row; columns that are not named stay empty."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(_cell(values.get(name)) for name in COLUMNS)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, int(values["step"]))
            self._board.flush()


def require_tensorboard() -> None:
    """Raises ``MissingExtra`` where TensorBoard files cannot be written."""
    if find_spec("tensorboard") is None:
        raise MissingExtra("tensorboard", "--tensorboard")


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}"
