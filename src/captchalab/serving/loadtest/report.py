"""The result of a load test as files: CSV, JSON, a picture and a page."""

from __future__ import annotations

import csv
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from captchalab import __version__
from captchalab.errors import MissingExtra
from captchalab.files import make_folder, write_atomic
from captchalab.serving.loadtest.calls import COLUMNS, REFUSED
from captchalab.serving.loadtest.run import Done

CALL_HEADINGS = ("load", "ended", "due_s", *(f"{name}_ms" for name in COLUMNS[1:]))
MOMENT_HEADINGS = ("load", "second", "memory_bytes", "open_files", "processor_s", "processes")


def write_report(done: Sequence[Done], folder: Path, *, title: str, facts: Sequence[str]) -> Path:
    """Write ``calls.csv``, ``server.csv``, ``figures.json``, ``loadtest.png`` and ``loadtest.html``; the path
    of the last. ``facts`` are lines about what was sent.

    Raises ``UsageError`` where ``folder`` cannot be written, ``MissingExtra`` without Jinja2 and matplotlib.
    """
    try:
        from captchalab.measuring.report import environments
        from captchalab.serving.loadtest.plots import draw

        html, _ = environments("captchalab.serving.loadtest")
        picture = draw(done)
    except ImportError:
        raise MissingExtra("loadtest", "a load test's report") from None
    make_folder(folder)
    _write_csv(
        folder / "calls.csv",
        CALL_HEADINGS,
        ((each.stage.name, *row) for each in done for row in each.calls.rows()),
    )
    _write_csv(
        folder / "server.csv",
        MOMENT_HEADINGS,
        (
            (each.stage.name, f"{at.second:.3f}", at.memory, at.files, f"{at.processor:.3f}", at.processes)
            for each in done
            for at in each.moments
        ),
    )
    figures = [each.figures for each in done]
    write_atomic(folder / "figures.json", json.dumps(figures, ensure_ascii=False, indent=1).encode())
    write_atomic(folder / "loadtest.png", picture)
    page = html.get_template("loadtest.html").render(
        title=title,
        facts=facts,
        rows=figures,
        refused=REFUSED,
        picture=b64encode(picture).decode("ascii"),
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=__version__,
    )
    write_atomic(folder / "loadtest.html", page.encode())
    return folder / "loadtest.html"


def _write_csv(path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(headings)
        writer.writerows(rows)
