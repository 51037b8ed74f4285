"""The page of what the server holds says what was measured, and what was not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from reliability_page import BEGIN, END, MISSING, PAGE, newest, table

CHAOS = {"requests": 10_000, "unexpected": [], "faults": []}
HELD = {
    "header_closed_after_seconds": 5.0,
    "body_closed_after_seconds": 10.1,
    "while_held": {"requests": 300, "ok": 299},
    "faults": [],
}


def line(task: str, figures: dict[str, Any]) -> dict[str, Any]:
    machine = {"processor": "a processor", "cores": 2, "load": 0.1}
    told = {"date": "2026-01-02T00:00:00", "commit": "abc", "command": f"python {task}", "machine": machine}
    return {"benchmark": task, **told, "figures": figures}


def test_figures_are_judged_and_the_newest_count(tmp_path: Path) -> None:
    old = line("chaos", CHAOS | {"unexpected": ["an answer of others"]})
    rows = [old, line("held", HELD), line("chaos", CHAOS)]
    (tmp_path / "serving.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = table(newest(tmp_path / "serving.jsonl"))
    assert "| 0 of 10,000 | yes | `serving.py chaos` |" in found
    assert "| header 5.0 s, body 10.1 s; 299 of 300 good ones | **no** |" in found
    assert found.count(MISSING) == len(found.split("\n\n")[0].splitlines()) - 4
    assert "`held`: 2026-01-02, commit abc, 2 cores of a processor, load 0.1" in found


def test_the_page_has_the_newest_figures() -> None:
    told = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    expected = table(newest(ROOT / "benchmarks" / "results" / "serving.jsonl")).strip()
    assert told == expected, "python benchmarks/reliability_page.py"
