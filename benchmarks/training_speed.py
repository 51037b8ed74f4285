"""What drawing costs a training: pictures drawn as it goes against the same number already in memory.

    python benchmarks/training_speed.py [--steps 150] [--repeats 3]

Trains one network on a scheme, then on as many pictures of that scheme that lie in memory, turn by turn, so
that a busy machine slows both. Only the steps are timed. Prints one table: pictures a second and
their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from recording import Record, add_places, percent, print_table, run_main, say

from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training.fit import fit
from captchalab.training.progress import Event, Progress

SCHEMES = ("lepture", "random")
BATCH = 128
WARM = 20
"""First steps that are not counted: caches fill, threads start."""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=150, help="steps of each training")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each")
    parser.add_argument("--size", default="base", help="size of the network compact")
    parser.add_argument("--input", default="128x48", metavar="WIDTHxHEIGHT")
    add_places(parser)
    return parser.parse_args()


def speed(source: str, settings: argparse.Namespace, out: Path) -> float:
    """Pictures a second of a training, from its warm steps to its last."""
    width, height = map(int, settings.input.split("x"))
    marks: list[tuple[int, float]] = []

    def watch(event: Event) -> None:
        if isinstance(event, Progress):
            marks.append((event.step, event.step * BATCH / event.pictures_per_second))

    fit(
        [source],
        out=out,
        steps=settings.steps,
        on_progress=watch,
        options={"size": settings.size},
        width=width,
        height=height,
        batch=BATCH,
        augment="none",
        validation_pictures=64,
        validate_every=settings.steps,
        alphabet="alnum",
        max_length=8,
    )
    warm = next(mark for mark in marks if mark[0] >= WARM)
    # The last mark holds the validation; the one before it does not.
    last = marks[-2]
    return (last[0] - warm[0]) * BATCH / (last[1] - warm[1])


def measure(scheme: str, settings: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Both speeds and the median ratio of the turns."""
    drawn = f"scheme:{scheme}"
    lying = folder / scheme
    generate(open_source(drawn), lying, settings.steps * BATCH)
    pairs = []
    for turn in range(settings.repeats):
        say(f"{scheme}: turn {turn + 1} of {settings.repeats}")
        in_memory = speed(str(lying), settings, folder / f"memory-{scheme}-{turn}")
        pairs.append((speed(drawn, settings, folder / f"drawn-{scheme}-{turn}"), in_memory))
    ratios = [ours / theirs for ours, theirs in pairs]
    return {
        "drawn_pictures_per_second": round(statistics.median(each[0] for each in pairs)),
        "memory_pictures_per_second": round(statistics.median(each[1] for each in pairs)),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_low": round(min(ratios), 3),
        "ratio_high": round(max(ratios), 3),
    }


def main() -> None:
    """Measure, print, record."""
    settings = parse()
    record = Record(__file__, settings.results)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for scheme in SCHEMES:
            figures = measure(scheme, settings, Path(folder))
            record.write(
                f"training speed {scheme}", {"size": settings.size, "input": settings.input, **figures}
            )
            rows.append(
                (
                    f"scheme:{scheme}",
                    f"{figures['drawn_pictures_per_second']:,}",
                    f"{figures['memory_pictures_per_second']:,}",
                    f"{percent(figures['ratio'])} ({percent(figures['ratio_low'])} to "
                    f"{percent(figures['ratio_high'])})",
                )
            )
    print_table(("source", "drawn, pictures/s", "in memory, pictures/s", "ratio"), rows)


if __name__ == "__main__":
    run_main(main)
