"""62 symbols of the Python package captcha, 4 characters: how many are read, and which cannot be told apart.

    python benchmarks/sixty_two.py [--minutes 30 | --steps N] [--tested 20000]

Trains recipes/sixty-two.toml from scratch on pictures of scheme:lepture, tests it on fresh ones of the
package, and prints the accuracy, exact and with case ignored, and the pairs of characters that are taken
for one another. Of a pair a/b only characters are counted that are a or b and were read as one of the two;
its figure is the mean of the share of right a and the share of right b: 50% is chance, whichever way the
reader leans. A training that has a line in the results is not repeated, one that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from itertools import combinations
from typing import Any

from accuracy import CAPTCHA, TEST_SEED
from recording import (
    ROOT,
    Record,
    add_places,
    find_figures,
    percent,
    print_table,
    read_lines,
    run_main,
    with_interval,
)
from trials import TESTED, add_threads, run_folder, train

from captchalab.measuring.evaluate import evaluate
from captchalab.reading.metrics import Tally, wilson
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.training.recipe import read_settings

SCENE = "alphabet=alnum&length=4&width=160&height=60"
RECIPE = "benchmarks/recipes/sixty-two.toml"
LISTED = 0.95
"""Pairs that are told apart less often are listed; ..."""
NEAR_CHANCE = 0.6
"""... and those that are told apart in less than this are named as hopeless."""
FEWEST = 20
"""Characters of a pair that must have been seen."""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes", type=float, help="wall clock of the training, instead of the recipe's steps"
    )
    budget.add_argument("--steps", type=int, help="steps of the training, instead of the recipe's")
    parser.add_argument("--tested", type=int, default=20_000, help="fresh pictures to read")
    parser.add_argument("--recipe", default=RECIPE, metavar="FILE")
    add_threads(parser)
    add_places(parser)
    return parser.parse_args()


def find_pairs(tally: Tally) -> list[dict[str, Any]]:
    """Pairs of characters that are told apart in less than ``LISTED`` of the cases, the worst first.

    ``apart`` is the mean share of the right ones of both, ``low`` and ``high`` Wilson's interval of it as if
    both were counted together.
    """
    pairs = []
    for one, other in combinations(sorted(tally.by_character), 2):
        if not tally.confusion[one, other] and not tally.confusion[other, one]:
            continue
        right = [tally.by_character[each].right for each in (one, other)]
        seen = [right[0] + tally.confusion[one, other], right[1] + tally.confusion[other, one]]
        if not all(seen) or sum(seen) < FEWEST:
            continue
        apart = (right[0] / seen[0] + right[1] / seen[1]) / 2
        if apart < LISTED:
            low, high = wilson(round(apart * sum(seen)), sum(seen))
            pairs.append(
                {
                    "pair": [one, other],
                    "seen": seen,
                    "taken": [tally.confusion[one, other], tally.confusion[other, one]],
                    "apart": apart,
                    "low": low,
                    "high": high,
                }
            )
    return sorted(pairs, key=lambda pair: (pair["apart"], pair["pair"]))


def measure(settings: argparse.Namespace, conditions: dict[str, Any]) -> dict[str, Any]:
    """Train, read fresh pictures, look for pairs."""
    run = run_folder(ROOT / settings.work / "sixty-two", "run", conditions)
    budget = {key: value for key in ("minutes", "steps") if (value := getattr(settings, key))}
    model, cost = train([f"scheme:lepture?{SCENE}"], ROOT / settings.recipe, run, settings.threads, **budget)
    fresh = open_source(f"{CAPTCHA}?{SCENE}&seed={TEST_SEED}")
    evaluation = evaluate(Reader.open(model), fresh, limit=settings.tested)
    figures = evaluation.to_json()
    return {
        **{name: figures[name] for name in TESTED},
        "confusion": figures["confusion"][:40],
        "pairs": find_pairs(evaluation.tally),
        **cost,
    }


def show(results: str, conditions: dict[str, Any] | None = None) -> None:
    """Print the figures under these ``conditions``; else the last ones of the recipe's whole training."""
    found = [line["figures"] for line in read_lines(__file__, results)]
    if conditions is not None:
        found = [each for each in found if each["conditions"] == json.loads(json.dumps(conditions))]
    else:
        found = [each for each in found if not {"minutes", "steps"} & _stated(each["conditions"])]
    if not found:
        print("not measured yet")
        return
    figures = found[-1]
    print_table(
        (
            "fresh pictures",
            "read right (95%)",
            "case ignored (95%)",
            "characters",
            "trained on",
            "processor time",
        ),
        [
            (
                f"{figures['images']:,}",
                with_interval(figures),
                with_interval(figures, "sequence_accuracy_folded"),
                percent(figures["character_accuracy"]),
                f"{figures['training_pictures']:,} pictures",
                f"{figures['processor_seconds'] / 60:.1f} minutes",
            )
        ],
    )
    print()
    heads = ("pair", "told apart (95%; chance: 50%)", "first as second", "second as first")
    print_table(heads, [_row(pair) for pair in figures["pairs"]])
    alike = ["/".join(each["pair"]) for each in figures["pairs"] if each["apart"] < NEAR_CHANCE]
    told = f"are told apart in less than {NEAR_CHANCE:.0%}, near the 50% of chance"
    print(f"\n{', '.join(alike) if alike else 'No two characters'} {told}.")


def _stated(conditions: dict[str, Any]) -> set[str]:
    return {name for name, value in conditions.items() if value is not None}


def _row(pair: dict[str, Any]) -> tuple[str, ...]:
    (one, other), taken, seen = pair["pair"], pair["taken"], pair["seen"]
    share = f"{percent(pair['apart'])} ({percent(pair['low'])} to {percent(pair['high'])})"
    ways = [f"{count} of {total}" for count, total in zip(taken, seen, strict=True)]
    return (f"{one} / {other}", share, *ways)


def main() -> None:
    """Measure unless there is a line; print."""
    settings = parse()
    conditions = {
        "recipe": read_settings(ROOT / settings.recipe),
        **{key: getattr(settings, key) for key in ("minutes", "steps", "tested", "threads")},
    }
    record = Record(__file__, settings.results)
    if find_figures(__file__, settings.results, "sixty-two", conditions) is None:
        record.write("sixty-two", {"conditions": conditions, **measure(settings, conditions)})
    show(settings.results, conditions)


if __name__ == "__main__":
    run_main(main)
