"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any


def say(text: str) -> None:
    """A message or progress line: standard error."""
    print(printable(text), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """``text`` with control characters escaped, so that no file name can steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def percent(part: float | None) -> str:
    """A share 0..1 as people read it; a dash for one that is not known."""
    return "-" if part is None else f"{100 * part:.2f}%"


def print_json(value: Any) -> None:
    """One JSON object on one line of standard output."""
    import json

    print(json.dumps(value, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output: drawn on a terminal, tab-separated where a program reads it."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(printable(cell) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(table)
