"""What all benchmarks share: options, drawn folders, tables, and a line of JSON for every figure."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from captchalab.errors import CaptchalabError
from captchalab.reading.metrics import wilson
from captchalab.sources import open_source
from captchalab.synth.generate import generate

ROOT = Path(__file__).resolve().parent.parent
RESULTS = "benchmarks/results"
WORK = "runs/benchmarks"
PACKAGES = (
    "captchalab",
    "torch",
    "onnxruntime",
    "numpy",
    "Pillow",
    "opencv-python-headless",
    "captcha",
    "ddddocr",
)
MEASURED_CODE = ("src", "benchmarks", ":!benchmarks/results")
"""What a commit has to hold unchanged for a figure to be that commit's."""


def add_places(parser: argparse.ArgumentParser) -> None:
    """The options that every benchmark takes; relative paths count from the repository's root."""
    parser.add_argument("--results", default=RESULTS, metavar="DIR", help="where the line of JSON goes")
    parser.add_argument("--work", default=WORK, metavar="DIR", help="where pictures and runs may lie")


class Record:
    """One run of a benchmark, from its start: which code, on which machine, for how long."""

    def __init__(self, script: str, results: str) -> None:
        self._file = ROOT / results / f"{Path(script).stem}.jsonl"
        self._started = time.monotonic()
        self._head = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "command": _command(script),
            "machine": machine(),
        }

    def write(self, name: str, figures: dict[str, Any]) -> None:
        """Append a line with ``figures`` to the results."""
        seconds = round(time.monotonic() - self._started, 1)
        line = {"benchmark": name, **self._head, "seconds": seconds, "figures": figures}
        append_line(self._file, line)


def read_lines(script: str, results: str) -> list[dict[str, Any]]:
    """The lines that a benchmark has written so far, the oldest first."""
    file = ROOT / results / f"{Path(script).stem}.jsonl"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def find_figures(script: str, results: str, name: str, conditions: dict[str, Any]) -> dict[str, Any] | None:
    """The last figures that were written under this name with these ``conditions``; ``None``: none yet."""
    wanted = json.loads(json.dumps(conditions))  # as they come back: no tuples
    for line in reversed(read_lines(script, results)):
        if line["benchmark"] == name and line["figures"].get("conditions") == wanted:
            found: dict[str, Any] = line["figures"]
            return found
    return None


def append_line(file: Path, value: dict[str, Any]) -> None:
    """Add one JSON object to a file of lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(value, ensure_ascii=False) + "\n")


@cache
def commit() -> str:
    """The commit that this process began with, marked where the code that is measured differs from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    return f"{head}+changes" if _git("status", "--porcelain", "--", *MEASURED_CODE) else head


def machine() -> dict[str, Any]:
    """Processor, cores, load before the start, and versions; nothing that names the machine."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def draw_folder(source: str, folder: Path, count: int) -> Path:
    """``count`` pictures of a drawn source in ``folder``; drawn once, and whole or not at all."""
    if folder.is_dir():
        return folder
    partial = folder.with_name(folder.name + ".partial")
    say(f"drawing {count:,} pictures of {source} into {folder}")
    generate(open_source(source), partial, count)  # goes on where it was stopped, and refuses to be two
    return partial.rename(folder)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table on standard output."""
    for row in (columns, ["---"] * len(columns), *rows):
        print("| " + " | ".join(row) + " |")


def percent(share: float) -> str:
    """0.98765 -> ``98.77%``, always rounded down to what was reached: 0.99996 is no 100%."""
    return f"{int(share * 10_000 + 1e-6) / 100:.2f}%"


def with_interval(figures: dict[str, Any], name: str = "sequence_accuracy") -> str:
    """A share of the pictures of an evaluation, with its 95% interval."""
    share, images = figures[name], figures["images"]
    low, high = wilson(round(share * images), images)
    return f"{percent(share)} ({percent(low)} to {percent(high)})"


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def run_main(main: Callable[[], None]) -> None:
    """Run a benchmark; a user's mistake is one line, not a traceback."""
    try:
        main()
    except CaptchalabError as error:
        say(f"error: {error}")
        sys.exit(2)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _command(script: str) -> str:
    """The command as others can type it: absolute paths are shortened to their last part."""
    name = Path(script).resolve().relative_to(ROOT).as_posix()
    short = [Path(each).name if Path(each).is_absolute() else each for each in sys.argv[1:]]
    return shlex.join(["python", name, *short])
