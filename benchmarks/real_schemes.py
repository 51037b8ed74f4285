"""Pictures that other people's libraries drew: trained on an archive's `train` part, read on its `test` part.

    python benchmarks/real_schemes.py --schemes DIR [NAME ...] --minutes 3
    python benchmarks/real_schemes.py --schemes DIR [NAME ...] --minutes 3 --test

DIR holds one NAME.tar a scheme, with the folders `train` and `test`; nothing is unpacked. The first form
is for choosing settings: it shows the accuracy on pictures that training set aside from `train`. Only
`--test` reads the test pictures, for a final figure. One line of JSON a scheme, one Markdown table.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from recording import ROOT, Record, add_places, percent, print_table, run_main, say, with_interval

from captchalab.measuring.evaluate import evaluate
from captchalab.reading.reader import Reader
from captchalab.sources import open_source

HANDFUL = ("captcha_v2", "lepture", "pycapt", "base64captcha-digit", "hutool-shear-math")
ARITHMETIC = ("-math", "-arith")
"""Ends of the names of schemes whose pictures show sums: a trailing ``=?`` does not count there."""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=HANDFUL, help=f"schemes (default: {', '.join(HANDFUL)})")
    parser.add_argument("--schemes", required=True, metavar="DIR", help="the folder of archives")
    parser.add_argument("--minutes", type=float, default=3.0, help="wall clock of each training")
    parser.add_argument("--steps", type=int, help="a number of steps instead")
    parser.add_argument("--recipe", default="compact", metavar="NAME|FILE")
    parser.add_argument(
        "--from", dest="start", default="scratch", metavar="FILE", help="a model to start from"
    )
    parser.add_argument("--test", action="store_true", help="read the test part: for final figures only")
    add_places(parser)
    return parser.parse_args()


def train(name: str, archive: Path, settings: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """The model file of one scheme, and how its training went."""
    from captchalab.training.fit import fit

    budget = {"steps": settings.steps} if settings.steps else {"minutes": settings.minutes}
    run = ROOT / settings.work / "real-schemes" / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    result = fit([f"{archive}?part=train"], recipe=settings.recipe, start=settings.start, out=run, **budget)
    figures = {
        "seconds": round(result.seconds, 1),
        "steps": result.steps,
        "validation_accuracy": result.validation["sequence_accuracy"],
    }
    return result.model, figures


def read(name: str, archive: Path, model: Path) -> dict[str, Any]:
    """The figures on the test part."""
    by_answer = name.endswith(ARITHMETIC)
    figures = evaluate(Reader.open(model), open_source(f"{archive}?part=test"), by_answer=by_answer).to_json()
    names = ("images", "errors", "sequence_accuracy", "sequence_accuracy_low", "sequence_accuracy_high")
    kept = {key: figures[key] for key in (*names, "sequence_accuracy_folded", "character_accuracy")}
    return {"by_answer": by_answer, **kept}


def main() -> None:
    """Train, read and record scheme by scheme."""
    settings = parse()
    folder = Path(settings.schemes).absolute()
    rows = []
    for name in settings.names:
        archive = folder / f"{name}.tar"
        record = Record(__file__, settings.results)
        say(f"training on the train part of {name}")
        model, figures = train(name, archive, settings)
        row = [name, f"{figures['seconds']:.0f} s", percent(figures["validation_accuracy"])]
        if settings.test:
            tested = read(name, archive, model)
            figures["test"] = tested
            row += [with_interval(tested), percent(tested["sequence_accuracy_folded"])]
        start = "scratch" if settings.start == "scratch" else Path(settings.start).name
        record.write(f"real scheme {name}", {"recipe": Path(settings.recipe).name, "start": start, **figures})
        rows.append(row)
    heads = ["scheme", "training", "set aside from train"]
    print_table(heads + ["test (95%)", "case ignored"] * settings.test, rows)


if __name__ == "__main__":
    run_main(main)
