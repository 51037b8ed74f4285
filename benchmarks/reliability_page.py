"""Writes the table of docs/reliability.md from the newest figures that benchmarks/serving.py has recorded.

    python benchmarks/reliability_page.py [--check] [--results DIR]

What has not been measured is said to be missing. `--check` writes nothing, fails where the page is behind.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recording import RESULTS, ROOT, run_main, say
from serving_parts.claims import CLAIMS, Claim

from captchalab.files import write_atomic

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- begin figures -->\n", "<!-- end figures -->"
MISSING = "not measured yet"


def main() -> None:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail if anything would change")
    parser.add_argument("--results", default=RESULTS, metavar="DIR", help="where the lines of JSON are")
    settings = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    lines = newest(ROOT / settings.results / "serving.jsonl")
    anew = f"{before}{BEGIN}\n{table(lines)}\n{END}{rest.partition(END)[2]}"
    if settings.check:
        if anew != page:
            say(f"{PAGE.relative_to(ROOT)} is behind the figures: python benchmarks/reliability_page.py")
            sys.exit(1)
        return
    write_atomic(PAGE, anew.encode())
    measured = sum(claim.task in lines for claim in CLAIMS)
    say(f"{PAGE.relative_to(ROOT)}: {measured} of {len(CLAIMS)} figures")


def newest(file: Path) -> dict[str, dict[str, Any]]:
    """The last line of each task."""
    if not file.is_file():
        return {}
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {row["benchmark"]: row for row in rows}


def table(lines: dict[str, dict[str, Any]]) -> str:
    """Every claim with what was measured of it, or that nothing was."""
    rows = [("what", "wanted", "reached", "", "measured by"), ("---",) * 5]
    rows += [_row(claim, lines.get(claim.task)) for claim in CLAIMS]
    notes = list(_notes(lines))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows) + "".join(f"\n{note}\n" for note in notes)


def _row(claim: Claim, line: dict[str, Any] | None) -> tuple[str, ...]:
    task = f"`serving.py {claim.task}`"
    if line is None:
        return claim.what, claim.wanted, MISSING, "", task
    reached, holds = claim.reached(line["figures"])
    return claim.what, claim.wanted, reached, "yes" if holds else "**no**", task


def _notes(lines: dict[str, dict[str, Any]]) -> Iterator[str]:
    """When and where each task was measured, and how busy the machine was."""
    for task, line in lines.items():
        machine = line["machine"]
        yield (
            f"`{task}`: {line['date'][:10]}, commit {line['commit']}, {machine['cores']} cores of "
            f"{machine['processor']}, load {machine['load']} before the start. `{line['command']}`"
        )


if __name__ == "__main__":
    run_main(main)
