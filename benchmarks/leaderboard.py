"""Ten recipes, trained from scratch for the same time on the same pictures and tested on the same others.

    python benchmarks/leaderboard.py lepture
    python benchmarks/leaderboard.py hutool-line captcha_v2 --schemes DIR [--test]
    python benchmarks/leaderboard.py lepture --recipes compact crnn-gru --minutes 1

Built on `captchalab compare`. lepture: digits and capitals, 160x60, drawn as it trains, tested on
pictures of the Python package captcha; 10 minutes a recipe. hutool-line: the train part of its archive,
a fifth of it set aside to test on, or with `--test`, for final figures only, the test part; 10 minutes.
captcha_v2: the train part of the archive, one 5-fold, 2 minutes a fold. Times include getting ready and the
export. A recipe that has a line in the results is not trained again, and one that fails does not stop the
others. When all of a board are there they are timed in turns. Prints a table for each board, best first,
with the last times of the most recipes; pages with plots and common mistakes lie in
runs/benchmarks/leaderboard.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accuracy import CAPTCHA, TEST_SEED
from recording import (
    ROOT,
    Record,
    add_places,
    draw_folder,
    find_figures,
    percent,
    print_table,
    read_lines,
    run_main,
    say,
    with_interval,
)
from trials import add_threads, make_folds, open_at_rest, use_threads

from captchalab.errors import CaptchalabError, RunError, UsageError
from captchalab.reading.metrics import wilson
from captchalab.studies.compare import compare
from captchalab.studies.comparison_page import write_comparison
from captchalab.studies.entries import Entry, load_entry
from captchalab.training.recipe import read_settings

RECIPES = (
    "compact",
    str(ROOT / "benchmarks" / "recipes" / "compact-fine.toml"),
    "cnn-captcha",
    "captchanet",
    "crnn-digits",
    "crnn-gru",
    "crnn-pretrain",
    "resnet18-dual-attention",
    "resnet18-ibn",
    "resnet18-bnneck-center",
)
"""All that start from scratch; crnn-finetune goes on from another model: a second size of compact instead."""
FOLDS = 5
LEPTURE = "alphabet=digits+upper&length=4&width=160&height=60"


@dataclass(frozen=True)
class Board:
    """One set of pictures, and the minutes that each training has."""

    minutes: float
    folded: bool = False
    """Whether case does not count: it cannot be seen."""
    at_rest: bool = True


BOARDS = {
    "lepture": Board(10, at_rest=False),
    "hutool-line": Board(10, folded=True),
    "captcha_v2": Board(2),
}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("boards", nargs="*", metavar="BOARD", help=f"of {', '.join(BOARDS)} (default: all)")
    parser.add_argument("--schemes", metavar="DIR", help="the folder of archives of real pictures")
    parser.add_argument("--recipes", nargs="+", default=RECIPES, metavar="NAME|FILE")
    parser.add_argument("--minutes", type=float, help="of each training, instead of the board's")
    parser.add_argument("--steps", type=int, help="steps of each training instead, for a try")
    parser.add_argument("--pictures", type=int, default=2_000, help="fresh pictures of lepture to test on")
    parser.add_argument("--test", action="store_true", help="read test parts: for final figures only")
    add_threads(parser)
    add_places(parser)
    settings = parser.parse_args()
    for name in settings.boards:
        if name not in BOARDS:
            raise UsageError(f"no board {name!r}; there are: {', '.join(BOARDS)}")
    settings.boards = settings.boards or list(BOARDS)
    if settings.schemes is None and any(BOARDS[name].at_rest for name in settings.boards):
        raise UsageError("the boards of real pictures need --schemes DIR, the folder of their archives")
    return settings


def budget_of(name: str, settings: argparse.Namespace) -> dict[str, Any]:
    """The steps or minutes of each training."""
    if settings.steps:
        return {"steps": settings.steps}
    return {"minutes": settings.minutes or BOARDS[name].minutes}


def conditions_of(name: str, settings: argparse.Namespace) -> dict[str, Any]:
    """What all recipes of a table share; a line also has what its ``recipe`` states."""
    parts = {
        "lepture": {"pictures": settings.pictures},
        "hutool-line": {"test_part": settings.test},
        "captcha_v2": {"folds": FOLDS},
    }
    return {**budget_of(name, settings), **parts[name], "threads": settings.threads}


def tasks_of(name: str, settings: argparse.Namespace) -> list[tuple[list[str], str | None, Path]]:
    """What to train on, what to test on (``None``: a fifth is set aside), and where: one for each fold."""
    work = ROOT / settings.work / "leaderboard"
    ((unit, amount),) = budget_of(name, settings).items()
    threads = f"-{settings.threads}-threads" if settings.threads > 1 else ""
    out = work / f"{name}{'-test' if settings.test else ''}-{amount:g}-{unit}{threads}"
    if name == "lepture":
        count = settings.pictures
        fresh = draw_folder(f"{CAPTCHA}?{LEPTURE}&seed={TEST_SEED}", work / f"lepture-test-{count}", count)
        return [([f"scheme:lepture?{LEPTURE}"], str(fresh), out)]
    archive = Path(settings.schemes).absolute() / f"{name}.tar"
    if name == "captcha_v2":
        folds = make_folds(open_at_rest(f"{archive}?part=train"), FOLDS, 0, work / "captcha_v2-folds")
        return [
            ([str(other) for other in folds if other != fold], str(fold), out / fold.name) for fold in folds
        ]
    return [([f"{archive}?part=train"], f"{archive}?part=test" if settings.test else None, out)]


def measure(recipe: str, name: str, settings: argparse.Namespace) -> dict[str, Any]:
    """Train and test one recipe; what its folds come to together."""
    entries: list[Entry] = []
    for data, test, out in tasks_of(name, settings):
        entries += compare([recipe], data, out, test=test, tell=say, **budget_of(name, settings)).entries
    return together(entries)


def time_together(name: str, settings: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Times of all whose runs are here, in turns, on the pictures of the first fold; a page for each."""
    speeds = {}
    for data, test, out in reversed(tasks_of(name, settings)):
        done = [each for each in settings.recipes if load_entry(out / Path(each).stem) is not None]
        if not done:  # lines of another machine, whose runs stayed there
            continue
        found = compare(done, data, out, test=test, **budget_of(name, settings))
        write_comparison(found, out)
        speeds = {
            each.name: {
                "milliseconds": each.milliseconds,
                "pictures_per_second": each.pictures_per_second,
            }
            for each in found.entries
        }
    return speeds


def together(entries: Sequence[Entry]) -> dict[str, Any]:
    """The figures of one contestant over all folds, of which each picture is in one."""
    total = sum(each.images for each in entries)
    shares = {
        name: sum(getattr(each, name) * each.images for each in entries) / total
        for name in ("sequence_accuracy", "sequence_accuracy_folded", "character_accuracy")
    }
    of_one = ("wrong", "identity", "character_accuracy_low", "character_accuracy_high")
    last = {name: value for name, value in asdict(entries[-1]).items() if name not in of_one}
    low, high = wilson(round(shares["sequence_accuracy"] * total), total)
    counted = ("pictures_seen", "seconds", "processor_seconds")
    sums = {name: sum(getattr(each, name) or 0 for each in entries) for name in counted}
    return {
        **last,
        **shares,
        **sums,
        "images": total,
        "sequence_accuracy_low": low,
        "sequence_accuracy_high": high,
        "folds": [each.sequence_accuracy for each in entries],
    }


def print_board(name: str, rows: Sequence[dict[str, Any]], times: dict[str, Any], told: str) -> None:
    """The table of one board, best first; ``times`` by name, of those that were timed in turns."""
    score = "sequence_accuracy_folded" if BOARDS[name].folded else "sequence_accuracy"
    print(f"\n{name}: {told}\n")
    print_table(
        (
            "recipe",
            "read right (95%)",
            "case ignored (95%)",
            "characters",
            "pictures seen",
            "training (on the processor)",
            "parameters",
            "file",
            "one picture",
        ),
        [
            (
                each["name"],
                with_interval(each),
                with_interval(each, "sequence_accuracy_folded"),
                percent(each["character_accuracy"]),
                f"{each['pictures_seen']:,}",
                f"{each['seconds']:.0f} s ({each['processor_seconds']:.0f} s)",
                f"{each['parameters']:,}",
                f"{each['file_bytes'] / 1e6:.2f} MB",
                f"{times[each['name']]['milliseconds']:.2f} ms" if each["name"] in times else "-",
            )
            for each in sorted(rows, key=lambda each: -each[score])
        ],
    )


def _told(name: str, conditions: dict[str, Any]) -> str:
    """The conditions in words."""
    tested = {
        "lepture": f"{conditions.get('pictures', 0):,} fresh pictures of the package captcha",
        "hutool-line": "the test part" if conditions.get("test_part") else "a fifth of the train part",
        "captcha_v2": f"{conditions.get('folds')} folds of the train part",
    }
    unit = "minutes" if "minutes" in conditions else "steps"
    each = "a fold" if name == "captcha_v2" else "each"
    return f"{conditions[unit]:g} {unit} {each}, {conditions['threads']} thread(s), tested on {tested[name]}"


def show(results: str, conditions: dict[str, dict[str, Any]] | None = None) -> None:
    """Print the boards of these ``conditions``; else every board as last measured with its whole minutes."""
    lines = read_lines(__file__, results)
    for name in conditions or BOARDS:
        here = [line["figures"] for line in lines if line["benchmark"].split()[1] == name]
        whole = [each for each in here if each["conditions"].get("minutes") == BOARDS[name].minutes]
        wanted = conditions[name] if conditions else _shared(whole[-1]) if whole else None
        under = [each for each in here if _shared(each) == wanted]
        latest = {each["name"]: each for each in under if "name" in each}
        times = [each["times"] for each in reversed(under) if "times" in each]
        if latest and wanted is not None:
            print_board(name, list(latest.values()), max(times, key=len, default={}), _told(name, wanted))
        else:
            print(f"\n{name}\n\nnot measured yet")


def _shared(figures: dict[str, Any]) -> dict[str, Any]:
    """The conditions of a whole board."""
    return {key: value for key, value in figures["conditions"].items() if key not in ("recipe", "recipes")}


def run_board(name: str, settings: argparse.Namespace) -> list[str]:
    """Train what has no line yet, then time all together. The recipes that failed, with the reason."""
    conditions = conditions_of(name, settings)
    failed = []
    for recipe in settings.recipes:
        title = f"leaderboard {name} {Path(recipe).stem}"
        its = {**conditions, "recipe": read_settings(recipe)}
        record = Record(__file__, settings.results)
        if find_figures(__file__, settings.results, title, its) is not None:
            continue
        say(title)
        try:
            record.write(title, {"conditions": its, **measure(recipe, name, settings)})
        except CaptchalabError as error:
            failed.append(f"{title}: {error}")
            say(failed[-1])
    if failed:
        return failed
    title = f"leaderboard {name} times"
    recipes = {Path(each).stem: read_settings(each) for each in settings.recipes}
    record = Record(__file__, settings.results)
    if find_figures(__file__, settings.results, title, {**conditions, "recipes": recipes}) is None:
        times = time_together(name, settings)
        record.write(title, {"conditions": {**conditions, "recipes": recipes}, "times": times})
    return []


def main() -> None:
    """Measure what has no line yet, then print every board."""
    settings = parse()
    use_threads(settings.threads)
    failed = [each for name in settings.boards for each in run_board(name, settings)]
    show(settings.results, {name: conditions_of(name, settings) for name in settings.boards})
    if failed:
        raise RunError("; ".join(failed))


if __name__ == "__main__":
    run_main(main)
