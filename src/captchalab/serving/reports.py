"""What lies beside a model file: the report of its evaluation, or what its training wrote."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVALUATION, TRAINING = "report.json", "report.md"
MATRIX, SHEET = "confusion.png", "mistakes.png"
MAX_REPORT_BYTES = 8 * 1024 * 1024
SHOWN = 60
"""Mistakes and pairs of characters that a page shows."""

# As the report of a training lists them.
_PAIR = re.compile(r"^- (.) read as (.): (\d+)$", re.MULTILINE)
_PICTURE = re.compile(r"mistakes/[0-9a-f]{16}\.png")


@dataclass(frozen=True)
class Report:
    """``folder`` holds the pictures; ``figures`` is empty where a training wrote the report.

    ``confusion`` are rows of ``true``, ``read`` and ``count``; ``mistakes`` rows of ``file``, ``true``,
    ``read``, ``confidence``, ``error``, the texts as lists of (character, kind); ``matrix`` and ``sheet`` are
    names of pictures, "" where there is none.
    """

    folder: Path
    source: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    confusion: list[dict[str, Any]] = field(default_factory=list)
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    matrix: str = ""
    sheet: str = ""

    @property
    def pictures(self) -> set[str]:
        """The files that a page may ask for."""
        named = {row["file"] for row in self.mistakes if row["file"]}
        return named | {name for name in (self.matrix, self.sheet) if name}


def find_report(model: Path, sha256: str) -> Report | None:
    """The report of this very file, in the folder it lies in or one below; the newest goes first.

    ``model`` is a model file, ``sha256`` its hash; a bundled model is no file of that folder, and no run's.
    """
    folder = model.parent
    files = [*folder.glob(EVALUATION), *folder.glob(f"*/{EVALUATION}")]
    for file in sorted(files, key=lambda each: each.stat().st_mtime, reverse=True):
        report = _evaluation(file, sha256)
        if report is not None:
            return report
    if model.is_file() and (folder / "metrics.csv").is_file():
        return _training(folder)
    return None


def _evaluation(file: Path, sha256: str) -> Report | None:
    """``None`` for a report of another model, and for a file that is none."""
    if file.stat().st_size > MAX_REPORT_BYTES:
        return None
    try:
        told = json.loads(file.read_text("utf-8"))
        if (told["model"] or {}).get("sha256") != sha256:
            return None
        mistakes = [
            {
                "file": row["file"] if _PICTURE.fullmatch(row["file"]) else "",
                "true": row["true"],
                "read": row["read"],
                "confidence": row["confidence"],
                "error": row["error"],
            }
            for row in told["mistakes"][:SHOWN]
        ]
        matrix = MATRIX if (file.parent / MATRIX).is_file() else ""
        return Report(file.parent, told["source"], told, told["confusion"][:SHOWN], mistakes, matrix)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _training(run: Path) -> Report | None:
    """From a run folder that was never evaluated: the pairs of its report.md, and the sheet of mistakes."""
    report = run / TRAINING
    if not report.is_file() or report.stat().st_size > MAX_REPORT_BYTES:
        return None
    pairs = [
        {"true": true, "read": read, "count": int(count)}
        for true, read, count in _PAIR.findall(report.read_text("utf-8", "replace"))
    ]
    return Report(run, confusion=pairs, sheet=SHEET if (run / SHEET).is_file() else "")
