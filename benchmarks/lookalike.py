"""Whether scheme:lepture can stand in for the Python package captcha: equal trainings on either.

    python benchmarks/lookalike.py [--pictures 40000] [--steps 1875] [--seeds 3]

For each seed, one model is trained on pictures of ours and one on as many of theirs (digits and
capitals, 4 characters, 160x60): same recipe, same steps, same initial weights, no augmentation, and
best weights chosen on fresh pictures of their own kind. All are tested on the same 5,000 pictures of
theirs. Each finished training is noted in the work folder and not repeated when the script is run again.
Prints a Markdown table with each seed's figures, the means, and their difference.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
from math import sqrt
from pathlib import Path
from typing import Any

from recording import (
    ROOT,
    Record,
    add_places,
    append_line,
    commit,
    draw_folder,
    percent,
    print_table,
    run_main,
    say,
)

from captchalab.measuring.evaluate import evaluate
from captchalab.reading.metrics import Z_95
from captchalab.reading.reader import Reader
from captchalab.sources import open_source

LOOK = "alphabet=digits+upper&length=4&width=160&height=60"
SIDES = {
    "ours": f"scheme:lepture?{LOOK}",
    "theirs": f"python:captcha.image:ImageCaptcha?{LOOK}",
}
TRAINING_SEED, VALIDATION_SEED, TEST_SEED = 1_000, 2_000, 3_000
STUDENT_95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26}
"""Factor of the standard error by degrees of freedom; beyond, that of the normal distribution is near."""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=40_000, help="pictures each model is trained on")
    parser.add_argument("--steps", type=int, default=1_875, help="steps of 128 (1875: six times through)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each side")
    parser.add_argument("--test-pictures", type=int, default=5_000, help="pictures of theirs to test on")
    parser.add_argument("--recipe", default="compact", metavar="NAME|FILE", help="recipe of both sides")
    add_places(parser)
    return parser.parse_args()


def measured_as(settings: argparse.Namespace) -> dict[str, Any]:
    """What two trainings must share to stand in one table."""
    recipe = Path(settings.recipe)
    return {
        "pictures": settings.pictures,
        "steps": settings.steps,
        "test_pictures": settings.test_pictures,
        "recipe": recipe.read_text(encoding="utf-8") if recipe.is_file() else settings.recipe,
        "drawing_code": _hash_of_code("synth"),
    }


def finished(notes: Path, conditions: dict[str, Any]) -> dict[tuple[str, int], dict[str, Any]]:
    """The trainings noted before, under the same conditions."""
    if not notes.exists():
        return {}
    lines = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    return {(line["side"], line["seed"]): line for line in lines if line["conditions"] == conditions}


def train_and_test(side: str, seed: int, settings: argparse.Namespace, work: Path) -> dict[str, Any]:
    """One training on pictures drawn beforehand, tested on theirs."""
    from captchalab.training.fit import fit

    source = SIDES[side]
    count = settings.pictures
    drawn = draw_folder(
        f"{source}&seed={TRAINING_SEED + seed}",
        work / f"{side}-{seed}-{count}-{_hash_of_code('synth')}",
        count,
    )
    run = work / f"run-{side}-{seed}"
    shutil.rmtree(run, ignore_errors=True)
    say(f"training on {side}, seed {seed}")
    result = fit(
        [str(drawn)],
        recipe=settings.recipe,
        out=run,
        validation=f"{source}&seed={VALIDATION_SEED + seed}",
        validation_pictures=max(20, min(1_000, count // 40)),
        alphabet="digits+upper",
        augment="none",
        steps=settings.steps,
        patience=0,
        seed=seed,
    )
    theirs = draw_folder(
        f"{SIDES['theirs']}&seed={TEST_SEED}", work / f"test-{settings.test_pictures}", settings.test_pictures
    )
    figures = evaluate(Reader.open(result.model), open_source(str(theirs))).to_json()
    shutil.rmtree(run / "checkpoints")
    shutil.rmtree(drawn)  # hundreds of megabytes, and its numbers are known now
    return {
        "test_accuracy": figures["sequence_accuracy"],
        "validation_accuracy": result.validation["sequence_accuracy"],
        "seconds": round(result.seconds, 1),
    }


def compare(ours: list[float], theirs: list[float], tested: int) -> dict[str, float]:
    """Means, their difference, and half of its rough 95% interval.

    With several seeds the interval is Student's of the paired differences; with one, that of the
    difference of two shares of ``tested`` pictures.
    """
    gaps = [one - other for one, other in zip(ours, theirs, strict=True)]
    if len(gaps) > 1:
        half = STUDENT_95.get(len(gaps) - 1, Z_95) * statistics.stdev(gaps) / sqrt(len(gaps))
    else:
        half = Z_95 * sqrt(sum(each * (1 - each) / tested for each in (*ours, *theirs)))
    return {
        "ours": statistics.fmean(ours),
        "theirs": statistics.fmean(theirs),
        "difference": statistics.fmean(gaps),
        "half_interval": half,
    }


def main() -> None:
    """Train what is missing, then compare."""
    settings = parse()
    record = Record(__file__, settings.results)
    work = ROOT / settings.work / "lookalike"
    notes = work / "trainings.jsonl"
    conditions = measured_as(settings)
    for seed in range(settings.seeds):
        for side in SIDES:
            if (side, seed) in finished(notes, conditions):
                continue
            code = commit()
            outcome = train_and_test(side, seed, settings, work)
            line = {"side": side, "seed": seed, "conditions": conditions, "commit": code, **outcome}
            append_line(notes, line)
    done = finished(notes, conditions)
    accuracy = {side: [done[side, seed]["test_accuracy"] for seed in range(settings.seeds)] for side in SIDES}
    figures = compare(accuracy["ours"], accuracy["theirs"], settings.test_pictures)
    trainings = [
        {key: value for key, value in done[side, seed].items() if key != "conditions"}
        for seed in range(settings.seeds)
        for side in SIDES
    ]
    record.write("lookalike", {**conditions, **figures, "trainings": trainings})
    seeds = [f"seed {seed}" for seed in range(settings.seeds)]
    rows = [
        [f"trained on {side}", *(percent(each) for each in values), percent(figures[side])]
        for side, values in accuracy.items()
    ]
    gaps = [f"{100 * (a - b):+.2f}" for a, b in zip(*accuracy.values(), strict=True)]
    spread = f"{100 * figures['difference']:+.2f} ± {100 * figures['half_interval']:.2f}"
    print_table(
        (f"{settings.test_pictures:,} pictures of theirs, read right", *seeds, "mean"),
        [*rows, ["difference, points", *gaps, spread]],
    )


def _hash_of_code(package: str) -> str:
    """Of the package's Python files: pictures of another drawing are other pictures."""
    files = sorted((ROOT / "src" / "captchalab" / package).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


if __name__ == "__main__":
    run_main(main)
