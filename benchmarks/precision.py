"""How fast networks train in float32 and in bfloat16, and how long training waits for drawn pictures.

    python benchmarks/precision.py [--networks tiny small base large cnn] [--inputs 88x32 112x48 128x48]

For each network and input (width x height): the two precisions in turns, on one batch that lies in
memory; then, in the faster precision, real batches of scheme:lepture as a training loads them, and the
share of the time that went into waiting for them. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from contextlib import closing
from typing import Any

import torch
from recording import Record, add_places, print_table, run_main, say

from captchalab.networks import build
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.sources import open_source
from captchalab.training.batches import Batch, Batches
from captchalab.training.device import DEVICES, has_bfloat16, open_accelerator
from captchalab.training.loading import load_ahead, load_in_turns
from captchalab.training.loop import train_step
from captchalab.training.recipe import Recipe
from captchalab.training.state import State

NETWORKS = ("tiny", "small", "base", "large", "cnn")
PRECISIONS = ("float32", "bfloat16")
SOURCE = "scheme:lepture?alphabet=digits+upper&length=4"
ALPHABET = Alphabet.parse("digits+upper")
LENGTH = 4


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS, metavar="NAME")
    parser.add_argument("--inputs", nargs="+", default=["88x32", "112x48", "128x48"], metavar="WxH")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10, help="steps of one turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each precision")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw beside this one")
    add_places(parser)
    return parser.parse_args()


def new_state(name: str, spec: InputSpec, recipe: Recipe, device: torch.device) -> State:
    """A fresh network: a size of ``compact``, or ``cnn``."""
    kind, options = ("cnn", {}) if name == "cnn" else ("compact", {"size": name})
    torch.manual_seed(0)
    network = build(kind, spec, ALPHABET.classes, LENGTH, options)
    return State.new(network.to(device), recipe)


def finish_work(device: torch.device) -> None:
    """Wait for what a GPU still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def turn(state: State, recipe: Recipe, batch: Batch, steps: int, device: torch.device) -> float:
    """Pictures per second over some steps on one batch."""
    finish_work(device)
    begun = time.perf_counter()
    for _ in range(steps):
        train_step(state, recipe, batch)
    finish_work(device)
    return steps * len(batch[0]) / (time.perf_counter() - begun)


def waiting_share(
    state: State, recipe: Recipe, batches: Batches, settings: argparse.Namespace, device: torch.device
) -> float:
    """The share of a training's time that it waits for its pictures."""
    load = load_in_turns if device.type == "cpu" else load_ahead
    waited = worked = 0.0
    with closing(load(batches, itertools.count(), settings.workers)) as stream:
        for _ in range(2):  # the processes start, and what they draw ahead is used up
            train_step(state, recipe, next(stream))
        for _ in range(settings.steps):
            begun = time.perf_counter()
            batch = next(stream)
            waited += time.perf_counter() - begun
            begun = time.perf_counter()
            train_step(state, recipe, batch)
            finish_work(device)
            worked += time.perf_counter() - begun
    return waited / (waited + worked)


def measure(name: str, spec: InputSpec, settings: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """One row: both precisions in turns, then waiting in the faster one."""
    batches = Batches(None, (open_source(SOURCE),), spec, ALPHABET, settings.batch, 0, None)
    batch = batches[0]
    recipes = {each: Recipe(precision=each, batch=settings.batch, steps=1_000) for each in PRECISIONS}
    states = {each: new_state(name, spec, recipe, device) for each, recipe in recipes.items()}
    rates: dict[str, list[float]] = {each: [] for each in PRECISIONS}
    for each in PRECISIONS:
        turn(states[each], recipes[each], batch, 3, device)
    for _ in range(settings.repeats):
        for each in PRECISIONS:
            rates[each].append(turn(states[each], recipes[each], batch, settings.steps, device))
    medians = {each: statistics.median(values) for each, values in rates.items()}
    fastest = max(medians, key=lambda each: medians[each])
    ratios = [fast / plain for fast, plain in zip(rates["bfloat16"], rates["float32"], strict=True)]
    return {
        "network": name,
        "input": [spec.width, spec.height],
        "parameters": sum(each.numel() for each in states["float32"].network.parameters()),
        "pictures_per_second": {each: round(value, 1) for each, value in medians.items()},
        "bfloat16_ratio": round(statistics.median(ratios), 3),
        "bfloat16_ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "waiting_precision": fastest,
        "waiting_share": round(
            waiting_share(states[fastest], recipes[fastest], batches, settings, device), 4
        ),
    }


def main() -> None:
    """Measure every row, print, record."""
    settings = parse()
    record = Record(__file__, settings.results)
    device = open_accelerator(settings.device).device
    rows = []
    for size, name in itertools.product(settings.inputs, settings.networks):
        width, height = (int(each) for each in size.split("x"))
        say(f"{name} at {size}")
        rows.append(measure(name, InputSpec(height, width), settings, device))
    record.write(
        "precision",
        {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "native_bfloat16": has_bfloat16(device),
            "batch": settings.batch,
            "source": SOURCE,
            "rows": rows,
        },
    )
    heads = ("network", "input", "parameters", *PRECISIONS, "ratio (range)", "waits for pictures")
    print_table(heads, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[str]:
    low, high = row["bfloat16_ratio_range"]
    return [
        row["network"],
        "x".join(map(str, row["input"])),
        f"{row['parameters']:,}",
        *(f"{rate:,.0f}/s" for rate in row["pictures_per_second"].values()),
        f"{row['bfloat16_ratio']:.2f} ({low:.2f} to {high:.2f})",
        f"{row['waiting_share']:.1%} ({row['waiting_precision']})",
    ]


if __name__ == "__main__":
    run_main(main)
