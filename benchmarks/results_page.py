"""Writes docs/results.md from the lines in results/: each table with the command that makes it.

    python benchmarks/results_page.py [--check]

`--check` writes nothing and fails where the page is behind the lines. Also: make docs-results
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import accuracy
import captcha_v2
import leaderboard
import lighter
import sixty_two
import systems
import transfer
from recording import RESULTS, ROOT, read_lines, run_main, say

from captchalab.files import write_atomic

PAGE = ROOT / "docs" / "results.md"
MISSING = "not measured yet"


@dataclass(frozen=True)
class Section:
    """A table, or several, and where they come from; ``show`` prints them from the lines in a folder."""

    title: str
    script: str
    commands: tuple[str, ...]
    text: str
    show: Callable[[str], None]


def show_transfer(results: str) -> None:
    """The tables of transfer.py."""
    if not read_lines("transfer.py", results):
        print(MISSING)
        return
    transfer.table(argparse.Namespace(results=results))


SECTIONS = (
    Section(
        "Each system on its own setting",
        "systems",
        ("systems.py SYSTEM --network own", "systems.py SYSTEM --network compact"),
        "The network of each system as built here, trained on a stated part of the pictures that the system "
        "saw, and `compact` for at most a tenth of the multiply-adds of the system's whole training. Where "
        "the budget is far below the system's, its network trains in batches of 32 (`systems.toml`). The "
        "figure of 2-digits is what a claim of 99.9999% has to reach: no more than 5 errors in 100,000.",
        systems.show,
    ),
    Section(
        "Ten recipes, the same minutes",
        "leaderboard",
        ("leaderboard.py --schemes DIR --test",),
        "From scratch; best first (`hutool-line` by what is right with case ignored, as its case cannot be "
        "seen). One picture: by itself, from its bytes to the text, all timed in turns.",
        leaderboard.show,
    ),
    Section(
        "The public set captcha_images_v2",
        "captcha_v2",
        ("captcha_v2.py --schemes DIR",),
        "1,040 pictures, three times 5-fold, each fold from scratch.",
        captcha_v2.show,
    ),
    Section(
        "62 symbols",
        "sixty_two",
        ("sixty_two.py",),
        "Python `captcha`, 4 characters, 160x60.",
        sixty_two.show,
    ),
    Section(
        "Smaller and faster",
        "lighter",
        ("lighter.py",),
        "The bundled model `small` in int8, with 30% of its channels cut out, and as the teacher of a "
        "smaller network: before and after, on the same pictures of Python `captcha`, 62 symbols.",
        lighter.show,
    ),
    Section(
        "A reader from scratch",
        "accuracy",
        (
            *("accuracy.py four-digits --minutes 1", "accuracy.py four-digits --minutes 5"),
            *("accuracy.py system5", "accuracy.py twenty-thousand"),
        ),
        "The command line as users type it; the last figure of each task.",
        accuracy.show,
    ),
    Section(
        "Trained on drawn pictures alone, read on real ones",
        "transfer",
        ("transfer.py joint", "transfer.py read --schemes DIR", "transfer.py table"),
        "One model for the looks of all libraries.",
        show_transfer,
    ),
)


def section_text(section: Section, results: str) -> str:
    """One section in Markdown."""
    shown = io.StringIO()
    with redirect_stdout(shown):
        section.show(results)
    commands = "\n".join(f"    python benchmarks/{command}" for command in section.commands)
    measured = _measured(read_lines(f"{section.script}.py", results))
    parts = (f"## {section.title}", section.text, commands, shown.getvalue().strip(), measured)
    return "\n\n".join(part for part in parts if part)


def _measured(lines: list[dict[str, Any]]) -> str:
    """When, at which commits and on what the lines were measured."""
    if not lines:
        return ""
    days = sorted({line["date"][:10] for line in lines})
    commits = list(dict.fromkeys(line["commit"] for line in lines))
    machines = sorted({f"{line['machine']['processor']}, {line['machine']['cores']} cores" for line in lines})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"Measured {when} at {', '.join(commits)}, on {'; '.join(machines)}."


def page(results: str) -> str:
    """The whole page."""
    head = (
        "# Results\n\nMade by `python benchmarks/results_page.py` (`make docs-results`) from the lines in "
        "`benchmarks/results`; nothing here is written by hand. Intervals are Wilson's, 95%; shares are "
        "rounded down. What a command does is told in [benchmarks/README.md](../benchmarks/README.md)."
    )
    return "\n\n".join([head, *(section_text(each, results) for each in SECTIONS)]) + "\n"


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail if anything would change")
    check = parser.parse_args().check
    anew = page(RESULTS)
    if check:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != anew:
            say(f"{PAGE.relative_to(ROOT)} is behind the results: make docs-results")
            sys.exit(1)
        return
    write_atomic(PAGE, anew.encode())
    say(f"{PAGE.relative_to(ROOT)}: {anew.count(MISSING)} times {MISSING}")


if __name__ == "__main__":
    run_main(main)
