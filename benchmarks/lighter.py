"""The bundled model made lighter in each of the three ways: accuracy, size and time, before and after.

    python benchmarks/lighter.py [int8 | pruned | distilled ...] [--steps N] [--tested 2000]

62 symbols of four characters at 160x60. int8 needs no training; pruned takes 30% of the channels out of each
layer and trains what is left; distilled trains a smaller network from scratch, with the bundled
model as its teacher. Both learn from drawn pictures of scheme:lepture, the bundled model's own; all are
tested on the same fresh pictures of the Python package captcha. Before and after are timed in turns. What has
a line in the results is not done again.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accuracy import CAPTCHA, TEST_SEED
from recording import (
    ROOT,
    Record,
    add_places,
    draw_folder,
    find_figures,
    print_table,
    read_lines,
    run_main,
    with_interval,
)
from trials import TESTED, add_threads, run_folder, use_threads

from captchalab.reading.modelpath import find_model
from captchalab.training.fit import fit
from captchalab.training.held_out import hold_out
from captchalab.training.prune import prune
from captchalab.training.quantize import quantize
from captchalab.training.tradeoff import Measured, Tradeoff, weigh

MODEL = "small"
SCENE = "alphabet=alnum&length=4&width=160&height=60"
SMALLER = {"size": "small"}
STEPS = {"int8": 0, "pruned": 500, "distilled": 800}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"of {', '.join(STEPS)} (default: all)")
    parser.add_argument("--steps", type=int, help="steps of each training, for a try")
    parser.add_argument("--tested", type=int, default=2_000, help="fresh pictures to test on")
    add_threads(parser)
    add_places(parser)
    settings = parser.parse_args()
    for way in settings.ways:
        if way not in STEPS:
            parser.error(f"no way {way!r}; there are: {', '.join(STEPS)}")
    settings.ways = settings.ways or list(STEPS)
    return settings


def measure(way: str, conditions: dict[str, Any], work: Path) -> dict[str, Any]:
    """Make the model lighter in this way, and weigh both."""
    data, steps = [f"scheme:lepture?{SCENE}"], conditions["steps"]
    count = conditions["tested"]
    test = str(draw_folder(f"{CAPTCHA}?{SCENE}&seed={TEST_SEED}", work / f"test-{count}", count))
    out = work / f"{way}.onnx"
    if way == "int8":
        return _figures(quantize(MODEL, out, data, test))
    if way == "pruned":
        return _figures(prune(MODEL, out, data, steps=steps, test=test))
    run = run_folder(work, way, conditions)
    resume = (run / "recipe.toml").exists()
    student = fit(data, out=run, resume=resume, teacher=MODEL, options=SMALLER, steps=steps).model
    pictures = hold_out(data, test, "first").to_measure(count)
    return _figures(weigh(find_model(MODEL), find_model(student), pictures, student))


def _figures(found: Tradeoff) -> dict[str, Any]:
    both = {"before": _side(found.before), "after": _side(found.after)}
    return {**both, "worse": found.worse, "better": found.better, "advice": found.advice}


def _side(measured: Measured) -> dict[str, Any]:
    tally = measured.tally.to_json()
    tested = {name: tally[name] for name in TESTED if name in tally}
    return {**tested, "bytes": measured.size, **asdict(measured.speed)}


def show(results: str) -> None:
    """Print the last figures of each way with its whole training."""
    rows = []
    for way in STEPS:
        lines = [line for line in read_lines(__file__, results) if line["benchmark"] == f"lighter {way}"]
        found = [line["figures"] for line in lines]
        whole = [each for each in found if each["conditions"]["steps"] == STEPS[way]] or found
        rows.append(_row(way, whole[-1]) if whole else (way, "not measured yet", *["-"] * 4))
    print_table(("way", "read right (95%)", "file", "one picture", "in batches", "advice"), rows)


def _row(way: str, figures: dict[str, Any]) -> tuple[str, ...]:
    before, after = figures["before"], figures["after"]
    return (
        way,
        f"{with_interval(before)} -> {with_interval(after)}",
        f"{before['bytes'] / 1e6:.2f} -> {after['bytes'] / 1e6:.2f} MB",
        f"{before['milliseconds']:.2f} -> {after['milliseconds']:.2f} ms",
        f"{before['pictures_per_second']:,.0f} -> {after['pictures_per_second']:,.0f} pictures/s",
        figures["advice"],
    )


def main() -> None:
    """Measure what has no line yet, then print all."""
    settings = parse()
    use_threads(settings.threads)
    for way in settings.ways:
        steps = (settings.steps or STEPS[way]) if STEPS[way] else 0
        conditions = {"model": MODEL, "steps": steps, "tested": settings.tested, "threads": settings.threads}
        record = Record(__file__, settings.results)
        if find_figures(__file__, settings.results, f"lighter {way}", conditions) is None:
            found = measure(way, conditions, ROOT / settings.work / "lighter")
            record.write(f"lighter {way}", {"conditions": conditions, **found})
    show(settings.results)


if __name__ == "__main__":
    run_main(main)
