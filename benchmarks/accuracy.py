"""How well a reader trained from scratch reads fresh pictures of the Python package captcha.

    python benchmarks/accuracy.py four-digits --minutes 1
    python benchmarks/accuracy.py four-digits --minutes 5
    python benchmarks/accuracy.py system5
    python benchmarks/accuracy.py twenty-thousand

Each trains by a file of recipes/ with the command line that users type, and stops the time from the
start of that command to its model.onnx and to its end. The test pictures have a seed of their own. Prints
a Markdown table of one row; `--model FILE` tests a finished file without training.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recording import (
    ROOT,
    Record,
    add_places,
    draw_folder,
    percent,
    print_table,
    read_lines,
    run_main,
    say,
    with_interval,
)
from trials import test as measure

from captchalab.reading.modelpath import find_model

CAPTCHA = "python:captcha.image:ImageCaptcha"
TRAINING_SEED, TEST_SEED = 711, 90210


@dataclass(frozen=True)
class Task:
    """What is to be read: ``scene`` are the options of ``ImageCaptcha``, ``wanted`` the accuracy hoped for.

    ``drawn`` is the number of pictures that are drawn by the package itself to train on; 0: the recipe
    names the source.
    """

    name: str
    recipe: str
    scene: str
    pictures: int
    wanted: float
    drawn: int = 0


TASKS = {
    "four-digits": Task(
        "4 digits, 160x60", "four-digits-5", "alphabet=digits&length=4&width=160&height=60", 10_000, 0.999
    ),
    "system5": Task(
        "digits and capitals, 170x80",
        "system5",
        "alphabet=digits+upper&length=4&width=170&height=80",
        12_800,
        0.9957,
    ),
    "twenty-thousand": Task(
        "digits and small letters, 100x60, 20,000 pictures",
        "twenty-thousand",
        "alphabet=digits+lower&length=4&width=100&height=60",
        2_000,
        0.97,
        drawn=20_000,
    ),
}
ONE_MINUTE = {"name": "4 digits, 160x60, 1 minute", "recipe": "four-digits-1", "wanted": 0.9914}
FIVE_MINUTES = {"name": "4 digits, 160x60, 5 minutes"}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, task in TASKS.items():
        each = tasks.add_parser(name, help=f"{task.name}; wanted: {percent(task.wanted)}%")
        if name == "four-digits":
            each.add_argument("--minutes", type=int, choices=(1, 5), default=1, help="wall clock (default 1)")
        each.add_argument("--model", metavar="FILE", help="test this file instead of training one")
        each.add_argument("--recipe", metavar="FILE", help="another recipe than that of recipes/")
        each.add_argument("--steps", type=int, help="another number of steps, for a try")
        each.add_argument("--seed", type=int, help="another seed of the training")
        each.add_argument("--pictures", type=int, help=f"test pictures (default {task.pictures:,})")
        each.add_argument("--drawn", type=int, help=argparse.SUPPRESS) if task.drawn else None
        add_places(each)
    return parser.parse_args()


def choose(settings: argparse.Namespace) -> Task:
    """The task with what the command line changes."""
    task = TASKS[settings.task]
    if settings.task == "four-digits":
        task = replace(task, **(ONE_MINUTE if settings.minutes == 1 else FIVE_MINUTES))
    if task.drawn and settings.drawn:
        task = replace(task, drawn=settings.drawn)
    return replace(task, pictures=settings.pictures or task.pictures)


def train(task: Task, settings: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train with the command line; seconds to the model file and to the end, and the pictures drawn."""
    command = [sys.executable, "-m", "captchalab", "train"]
    work = ROOT / settings.work
    if task.drawn:
        source = f"{CAPTCHA}?{task.scene}&seed={TRAINING_SEED}"
        command.append(str(draw_folder(source, work / f"{settings.task}-train-{task.drawn}", task.drawn)))
    command += ["--recipe", settings.recipe or f"benchmarks/recipes/{task.recipe}.toml", "--out", str(out)]
    for name in ("minutes", "steps", "seed"):
        if getattr(settings, name, None) is not None:
            command += [f"--{name}", str(getattr(settings, name))]
    model, to_model = out / "model.onnx", None
    begun = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr) as process:
        while process.poll() is None:
            if to_model is None and model.exists():
                to_model = time.monotonic() - begun
            time.sleep(0.05)
    whole = time.monotonic() - begun
    if process.returncode != 0:
        say(f"error: the training failed (exit status {process.returncode})")
        sys.exit(1)
    trained = find_model(model)[1]
    return {
        "seconds_to_model": round(to_model or whole, 2),
        "seconds_whole_command": round(whole, 2),
        "steps": trained.training["steps"],
        "training_pictures": trained.training["pictures"],
        "validation_pictures": trained.figures["validation_images"],
    }


def test(task: Task, model: str, settings: argparse.Namespace) -> dict[str, Any]:
    """The figures on pictures that no training saw."""
    source = f"{CAPTCHA}?{task.scene}&seed={TEST_SEED}"
    if task.drawn:
        folder = ROOT / settings.work / f"{settings.task}-test-{task.pictures}"
        source = str(draw_folder(source, folder, task.pictures))
    return measure(Path(model), source, None if task.drawn else task.pictures)


def main() -> None:
    """Train, test, print, record."""
    settings = parse()
    task = choose(settings)
    record = Record(__file__, settings.results)
    trained: dict[str, Any] = {}
    # A model named by the caller counts from where the caller is, all else from the repository's root.
    model = str(Path(settings.model).absolute()) if settings.model else ""
    if not model:
        out = ROOT / settings.work / f"{task.recipe}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        trained = train(task, settings, out)
        model = str(out / "model.onnx")
    data, info = find_model(model)
    figures = {
        "task": task.name,
        "wanted": task.wanted,
        **test(task, model, settings),
        **trained,
        "model_bytes": len(data),
        "network": info.network,
        "input": [info.input.width, info.input.height],
    }
    record.write(f"accuracy {settings.task}", figures)
    print_rows([figures])


def show(results: str) -> None:
    """Print the last figures of each task."""
    latest = {line["figures"]["task"]: line["figures"] for line in read_lines(__file__, results)}
    print_rows(list(latest.values())) if latest else print("not measured yet")


def print_rows(figures: Sequence[dict[str, Any]]) -> None:
    """A Markdown table; what was not trained here has no times."""
    heads = (
        *("task", "fresh pictures", "read right (95%)", "wanted"),
        *("to model.onnx", "whole command", "trained on", "file"),
    )
    print_table(heads, [_row(each) for each in figures])


def _row(figures: dict[str, Any]) -> tuple[str, ...]:
    seconds = (
        f"{figures[name]:.1f} s" if name in figures else "-"
        for name in ("seconds_to_model", "seconds_whole_command")
    )
    return (
        figures["task"],
        f"{figures['images']:,}",
        with_interval(figures),
        percent(figures["wanted"]),
        *seconds,
        f"{figures['training_pictures']:,} pictures" if "training_pictures" in figures else "-",
        f"{figures['model_bytes'] / 1e6:.2f} MB",
    )


if __name__ == "__main__":
    run_main(main)
