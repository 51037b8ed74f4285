"""How fast each scheme is drawn, encoded and written to files by one process, and how much memory that takes.

    python benchmarks/scheme_speed.py [NAME ...] [--schemes DIR]
    python benchmarks/scheme_speed.py NAME --samples 1000000

The first form prints a table of all schemes: milliseconds of processor time to draw a picture, to encode it
(PNG, JPEG, GIF) and to write it to a file; its bytes; pictures per second of all three together, by
the clock and by processor time (on a busy machine the fairer of the two). With `--schemes` (a folder with the
index.csv of the real pictures) beside it the rate of the library that a scheme looks like, as measured by the
clock on a machine of the same kind, and the ratio to that by the clock, worst first. Turns of all schemes
alternate; all figures are medians over the turns. Files go to the system's folder for temporary ones
(TMPDIR); where thousands of files were deleted a moment ago, ext4 takes up to ten times as long for a
new one, for minutes: run it once, or elsewhere.
The second form writes that many pictures and shows the process's memory at intervals: it must stay flat.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import psutil
from recording import Record, add_places, print_table, run_main, say

from captchalab.errors import suggest
from captchalab.samples.writer import FolderWriter
from captchalab.synth.encode import encode
from captchalab.synth.schemes import SCHEMES
from captchalab.synth.source import SchemeSource

WARM = 2
"""Pictures for each character drawn before the clock runs: fonts and clean glyphs are loaded by then."""
INTERVALS = 20
"""How often memory is looked at."""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="schemes (default: all)")
    parser.add_argument("--schemes", metavar="DIR", help="the folder with index.csv: libraries' rates")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each scheme")
    parser.add_argument("--samples", type=int, help="write so many pictures of each and watch the memory")
    add_places(parser)
    return parser.parse_args()


class Stopwatch:
    """Draws, encodes and writes pictures of a scheme, and keeps what each turn took."""

    def __init__(self, name: str, folder: Path) -> None:
        self._source = SchemeSource(name, {"seed": "1"})
        self._writer = FolderWriter(folder / name)
        self._numbers = itertools.count()
        self.turns: list[dict[str, float]] = []
        for _ in range(WARM * len(self._source.alphabet.characters)):
            self._source.sample(next(self._numbers))

    def turn(self, seconds: float) -> None:
        """Pictures for so long. They are drawn once more outside the rate, to time that by itself."""
        clock, processor = time.perf_counter, time.process_time
        wall = drawing = encoding = writing = 0.0
        size = count = 0
        while wall < seconds:
            number = next(self._numbers)
            began, start = clock(), processor()
            text, data, suffix = encode(self._source, number)
            encoded = processor()
            self._writer.add(text, data, f"{number:07d}", suffix)
            written = processor()
            wall += clock() - began
            self._source.sample(number)
            drawing += processor() - written
            encoding += encoded - start
            writing += written - encoded
            size, count = size + len(data), count + 1
        self.turns.append(
            {
                "pictures_per_second": count / wall,
                "pictures_per_processor_second": count / (encoding + writing),
                "draw_ms": 1000 * drawing / count,
                "encode_ms": 1000 * (encoding - drawing) / count,
                "write_ms": 1000 * writing / count,
                "bytes": size / count,
            }
        )

    def medians(self) -> dict[str, float]:
        """Of all turns."""
        return {key: statistics.median(turn[key] for turn in self.turns) for key in self.turns[0]}


def peer_rates(folder: str | None) -> dict[str, float]:
    """The libraries' own rates by scheme, from index.csv."""
    if folder is None:
        return {}
    with (Path(folder) / "index.csv").open(encoding="utf-8", newline="") as rows:
        rates = {row["scheme"]: row["library_pictures_per_second"] for row in csv.DictReader(rows)}
    return {scheme: float(rate) for scheme, rate in rates.items() if rate != "-"}


def measure_speed(names: list[str], settings: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The figures of each scheme; prints the table, the slowest against its library first."""
    watches = {name: Stopwatch(name, folder) for name in names}
    for _ in range(settings.repeats):
        for watch in watches.values():
            watch.turn(settings.seconds)
    peers = peer_rates(settings.schemes)
    figures: dict[str, dict[str, float | None]] = {}
    for name, watch in watches.items():
        found, peer = watch.medians(), peers.get(name)
        ratio = found["pictures_per_second"] / peer if peer else None
        figures[name] = {
            **{key: round(value, 4) for key, value in found.items()},
            "peer": peer,
            "ratio": ratio,
        }
    order = sorted(names, key=lambda name: (figures[name]["ratio"] or float("inf"), name))
    parts = ("draw ms", "encode ms", "write ms", "bytes")
    heads = ("scheme", *parts, "pictures/s", "a processor second", "library/s", "ratio")
    print_table(heads, [_row(name, figures[name]) for name in order])
    return figures


def _row(name: str, each: dict[str, float | None]) -> list[str]:
    parts = [f"{each[key]:.3f}" for key in ("draw_ms", "encode_ms", "write_ms")]
    # Rounded down: what is a little slower must not look as fast.
    peer, ratio = (f"{int(each[key] * 100) / 100:.2f}" if each[key] else "-" for key in ("peer", "ratio"))
    keys = ("bytes", "pictures_per_second", "pictures_per_processor_second")
    return [name, *parts, *(f"{each[key]:,.0f}" for key in keys), peer, ratio]


def measure_memory(name: str, samples: int, folder: Path) -> dict[str, Any]:
    """Resident memory at intervals while ``samples`` pictures go to files, each over the one before."""
    source, process = SchemeSource(name, {"seed": "1"}), psutil.Process()
    step = max(1, samples // INTERVALS)
    rows, start = [], time.perf_counter()
    file = folder / "picture"
    for number in range(samples + 1):
        if number % step == 0 or number == samples:
            megabytes = process.memory_info().rss / 1e6
            rows.append({"samples": number, "megabytes": round(megabytes, 1)})
            say(f"{name}: {number:,} pictures, {megabytes:.1f} MB, {time.perf_counter() - start:.0f} s")
        file.write_bytes(encode(source, number).data)
    half = [row["megabytes"] for row in rows if row["samples"] >= samples / 2]
    growth = round(half[-1] - half[0], 1)
    heads = ("scheme", "samples", "MB at the start", "MB half way", "MB at the end")
    print_table(
        heads, [[name, f"{samples:,}", *(f"{each}" for each in (rows[0]["megabytes"], half[0], half[-1]))]]
    )
    return {"samples": samples, "memory": rows, "growth_in_second_half": growth}


def main() -> None:
    """Measure, print and record."""
    settings = parse()
    names = settings.names or sorted(SCHEMES)
    for name in names:
        if name not in SCHEMES:
            raise suggest(name, list(SCHEMES), "scheme")
    cv2.setNumThreads(1)
    record = Record(__file__, settings.results)
    with tempfile.TemporaryDirectory() as folder:
        if settings.samples:
            for name in names:
                record.write(f"memory of {name}", measure_memory(name, settings.samples, Path(folder)))
        else:
            record.write("scheme speed", measure_speed(names, settings, Path(folder)))


if __name__ == "__main__":
    run_main(main)
