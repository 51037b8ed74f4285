"""The public set of 1,040 pictures of the Keras OCR example, several times 5-fold, each fold from scratch.

    python benchmarks/captcha_v2.py --schemes DIR
    python benchmarks/captcha_v2.py --schemes DIR --part train --repeats 1 --steps 20

DIR holds captcha_v2.tar. Each repeat deals the pictures anew, by their bytes, to folds of the same size; a
reader is trained on all folds but one, by recipes/captcha-v2.toml, and reads the one. Nothing is chosen by
the pictures that are read: the weights are the averaged ones at the end of a fixed number of steps, validated
once, on pictures that were trained on. The first form uses all pictures, for final figures only; the second
leaves the test part closed, for choosing the recipe. One line of JSON a fold; folds that have one are not
trained again. Prints a row a repeat.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from recording import ROOT, Record, add_places, find_figures, percent, print_table, read_lines, run_main, say
from trials import add_threads, make_folds, open_at_rest, run_folder, test, train

from captchalab.reading.metrics import wilson

WANTED = 0.985
RECIPE = "benchmarks/recipes/captcha-v2.toml"


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schemes", required=True, metavar="DIR", help="the folder of captcha_v2.tar")
    parser.add_argument("--part", choices=("all", "train"), default="all", help="pictures that are used")
    parser.add_argument("--repeats", type=int, default=3, help="times that the pictures are dealt anew")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", type=int, metavar="N", help="the first N folds of each repeat, for a try")
    parser.add_argument("--recipe", default=RECIPE, metavar="FILE")
    parser.add_argument("--steps", type=int, help="another number of steps, for a try")
    add_threads(parser)
    add_places(parser)
    return parser.parse_args()


def conditions_of(settings: argparse.Namespace) -> dict[str, Any]:
    """What two folds must share to stand in one table."""
    recipe = ROOT / settings.recipe
    return {
        "part": settings.part,
        "folds": settings.folds,
        "recipe": recipe.read_text(encoding="utf-8"),
        "steps": settings.steps,
    }


def measure_fold(settings: argparse.Namespace, repeat: int, number: int) -> dict[str, Any]:
    """Train on all folds but one, read that one."""
    archive = Path(settings.schemes).absolute() / "captcha_v2.tar"
    source = open_at_rest(str(archive) if settings.part == "all" else f"{archive}?part=train")
    work = ROOT / settings.work / "captcha-v2" / f"{settings.part}-{settings.folds}-{repeat}"
    folds = make_folds(source, settings.folds, repeat, work)
    others = [str(fold) for fold in folds if fold != folds[number]]
    recipe = ROOT / settings.recipe
    run = run_folder(work, f"fold-{number}-run", conditions_of(settings))
    changes = {"steps": settings.steps} if settings.steps else {}
    model, cost = train(
        others,
        recipe,
        run,
        settings.threads,
        seed=repeat * settings.folds + number,
        validation=others[0],
        validate_every=10**8,
        **changes,
    )
    return {**test(model, str(folds[number])), **cost}


def show(results: str, conditions: dict[str, Any] | None = None) -> None:
    """Print a row a repeat of the lines under these ``conditions``; else of the last final ones."""
    lines = read_lines(__file__, results)
    if conditions is None:
        known = [line["figures"]["conditions"] for line in lines]
        conditions = next((each for each in reversed(known) if each["part"] == "all"), {})
    wanted = json.loads(json.dumps(conditions))
    repeats: dict[int, dict[int, dict[str, Any]]] = {}
    for line in lines:
        if line["figures"]["conditions"] == wanted:
            _, _, repeat, _, fold = line["benchmark"].split()
            repeats.setdefault(int(repeat), {})[int(fold)] = line["figures"]
    if not repeats:
        print("not measured yet")
        return
    rows, shares = [], []
    for number, found in sorted(repeats.items()):
        folds = [found[fold] for fold in sorted(found)]
        total = sum(each["images"] for each in folds)
        right = sum(round(each["sequence_accuracy"] * each["images"]) for each in folds)
        shares.append(right / total)
        low, high = wilson(right, total)
        clock, processor = (
            statistics.fmean(fold[key] for fold in folds) for key in ("seconds", "processor_seconds")
        )
        rows.append(
            (
                str(number + 1),
                ", ".join(percent(fold["sequence_accuracy"]) for fold in folds),
                f"{right} of {total}",
                f"{percent(right / total)} ({percent(low)} to {percent(high)})",
                f"{clock:.0f} s, {processor:.0f} s of processor time",
            )
        )
    print_table(("repeat", "each fold", "read right", "together (95%)", "training of a fold"), rows)
    print(f"\nmean of {len(shares)}: {percent(statistics.fmean(shares))}; wanted: {percent(WANTED)}")


def main() -> None:
    """Measure the folds that have no line yet, then print all."""
    settings = parse()
    conditions = conditions_of(settings)
    for repeat in range(settings.repeats):
        for number in range(settings.only or settings.folds):
            name = f"captcha_v2 repeat {repeat} fold {number}"
            record = Record(__file__, settings.results)
            if find_figures(__file__, settings.results, name, conditions) is None:
                figures = measure_fold(settings, repeat, number)
                record.write(name, {"conditions": conditions, **figures})
                say(f"{name}: {percent(figures['sequence_accuracy'])}, {figures['seconds']:.0f} s")
    show(settings.results, conditions)


if __name__ == "__main__":
    run_main(main)
