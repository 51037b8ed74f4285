"""Trained on drawn pictures alone, read on pictures that other people's libraries drew.

    python benchmarks/transfer.py joint --minutes 100
    python benchmarks/transfer.py tune --minutes 2 [NAME ...]
    python benchmarks/transfer.py own --schemes DIR --minutes 2 NAME ...
    python benchmarks/transfer.py read --schemes DIR [--part test] [NAME ...]
    python benchmarks/transfer.py table

`joint` trains one model on all looks and one on the Chinese look; `tune` goes on from it on each look by
itself; `own` trains on the real `train` part, for comparison. `read` reads the real pictures with the most
special model that there is: the `train` part while working, the `test` part once, at the end. Each goes
on where it was stopped and does nothing twice. `table` prints the last figures, worst first.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recording import ROOT, Record, add_places, percent, print_table, run_main, say

from captchalab.measuring.evaluate import evaluate
from captchalab.reading.arithmetic import normalise_arithmetic
from captchalab.reading.metrics import measure, wilson
from captchalab.reading.reader import Reader, Reading
from captchalab.sources import open_source
from captchalab.synth.schemes import SCHEMES

CHINESE = "easycaptcha-chinese"
ARITHMETIC = ("-math", "-arith")
"""Ends of the names of schemes whose pictures show sums: a trailing ``=?`` does not count there."""
HARD = {
    "base64captcha-digit": 2,
    "cage-g": 3,
    "cage-y": 4,
    "gregwar": 6,
    "hutool-shear": 4,
    "jcaptcha-basiclist": 8,
    "jcaptcha-default": 4,
    "jcaptcha-nonlinear": 4,
    "lepture": 2,
    "mews-default": 4,
    "mews-flat": 2,
    "mews-inverse": 6,
    "patchca-default": 2,
    "patchca-marble": 2,
    "patchca-wobble": 2,
}
"""Looks that a short training reads worst, ours as theirs: so many times as often for the joint model."""
WITHOUT_PICTURES = ("icaptcha", "imagerandom", "random", "skewpassimage", "sums-chinese", "tangle", "words")
"""Schemes of which there are no real pictures: no part of the joint model."""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, run in TASKS.items():
        each = tasks.add_parser(name, help=run.__doc__)
        add_places(each)
        if name != "table":
            each.add_argument("names", nargs="*", help="schemes (default: all)")
        if name in ("joint", "tune", "own"):
            each.add_argument("--minutes", type=float, default=100.0 if name == "joint" else 2.0)
        if name == "joint":
            each.add_argument("--start", default="scratch", help="a model of an earlier joint training")
        if name in ("own", "read"):
            each.add_argument("--schemes", required=True, metavar="DIR", help="the folder of archives")
        if name == "read":
            each.add_argument("--part", choices=("train", "test"), default="train")
            each.add_argument(
                "--model", choices=("joint", "tuned", "own"), help="which (default: tuned, joint)"
            )
            each.add_argument("--limit", type=int, default=200, help="pictures of the train part")
    return parser.parse_args()


def joint(settings: argparse.Namespace) -> None:
    """train one model on all looks, another on the Chinese one"""
    looks = [f"scheme:{name}" for name in SCHEMES if name not in (*WITHOUT_PICTURES, CHINESE)]
    looks += [f"scheme:{name}?seed={seed}" for name, times in HARD.items() for seed in range(1, times)]
    for name, sources in (("joint", looks), ("chinese", [f"scheme:{CHINESE}"])):
        if not settings.names or name in settings.names:
            _fit(settings, name, sources, name, settings.start)


def tune(settings: argparse.Namespace) -> None:
    """go on from the joint model on drawn pictures of each look alone; the Chinese model knows one look"""
    for name in settings.names or [row["scheme"] for row in _published(settings) if row["scheme"] != CHINESE]:
        start = "chinese" if name == CHINESE else "joint"
        model = _model(settings, start)
        _fit(settings, f"tuned/{name}", [f"scheme:{name}"], "one-look", str(model))


def own(settings: argparse.Namespace) -> None:
    """train on the real train part, for comparison"""
    for name in settings.names:
        model = _model(settings, "chinese" if name == CHINESE else "joint")
        _fit(
            settings,
            f"own/{name}",
            [f"{Path(settings.schemes)}/{name}.tar?part=train"],
            "one-look",
            str(model),
        )


def _fit(settings: argparse.Namespace, name: str, sources: list[str], recipe: str, start: str) -> None:
    from captchalab.training.fit import fit

    run = _runs(settings) / name
    if (run / "model.onnx").exists() and (run / "report.md").exists():
        say(f"{name} is trained already: {run}")
        return
    say(f"training {name}")
    going_on = run.exists()
    recipe_file = ROOT / "benchmarks" / "recipes" / f"{recipe}.toml"
    fit(sources, recipe=recipe_file, start=start, out=run, minutes=settings.minutes, resume=going_on)


def read(settings: argparse.Namespace) -> None:
    """read the real pictures"""
    for row in _published(settings):
        name = row["scheme"]
        if settings.names and name not in settings.names:
            continue
        record = Record(__file__, settings.results)
        found = _best_model(settings, name)
        if found is None:
            say(f"{name}: no model yet")
            continue
        kind, model = found
        figures = _read(settings, row, model)
        record.write(
            f"transfer {name}", {"model": kind, "part": settings.part, "case": row["case"], **figures}
        )
        say(
            f"{name}: {percent(figures['sequence_accuracy'])}, case ignored "
            f"{percent(figures['sequence_accuracy_folded'])} ({kind})"
        )


def _best_model(settings: argparse.Namespace, name: str) -> tuple[str, Path] | None:
    places = {
        "own": f"own/{name}",
        "tuned": f"tuned/{name}",
        "joint": "chinese" if name == CHINESE else "joint",
    }
    wanted = [settings.model] if settings.model else ["tuned", "joint"]
    for kind in wanted:
        model = _runs(settings) / places[kind] / "model.onnx"
        if model.exists():
            return kind, model
    return None


def _read(settings: argparse.Namespace, row: dict[str, str], model: Path) -> dict[str, Any]:
    """The figures of one scheme; the reader is told the scheme's characters and length, as its user would.

    Where case is not to count, it is told that too for the figure without case.
    """
    reader = Reader.open(model)
    least, _, most = row["length"].partition("-")
    told: dict[str, Any] = {"length": (int(least), int(most or least))}
    if row["scheme"] != CHINESE:
        told["alphabet"] = row["alphabet"]
    figures = _evaluate(settings, row, _Told(reader, told))
    if row["case"] == "folded":
        without = _evaluate(settings, row, _Told(reader, {**told, "fold_case": True}))
        figures["sequence_accuracy_folded"] = without["sequence_accuracy_folded"]
    scored = round(_score({**figures, "case": row["case"]}) * figures["images"])
    low, high = wilson(scored, figures["images"])
    return {**figures, "low": low, "high": high}


def _evaluate(settings: argparse.Namespace, row: dict[str, str], reader: _Told) -> dict[str, Any]:
    source = open_source(f"{Path(settings.schemes)}/{row['scheme']}.tar?part={settings.part}")
    limit = settings.limit if settings.part == "train" else None
    evaluation = evaluate(reader, source, limit=limit, keep_rows=True)
    figures = evaluation.to_json()
    if row["scheme"].endswith(ARITHMETIC):
        pairs = [
            (normalise_arithmetic(each.text), normalise_arithmetic(each.reading.text))
            for each in evaluation.rows
        ]
        figures |= measure(pairs).to_json()
    names = ("images", "errors", "sequence_accuracy", "sequence_accuracy_folded", "character_accuracy")
    return {key: figures[key] for key in names}


@dataclass
class _Told:
    """A reader that knows what its user knows of the scheme."""

    reader: Reader
    options: dict[str, Any]

    def read_many(self, images: Iterable[Any]) -> list[Reading]:
        return self.reader.read_many(images, **self.options)


def table(settings: argparse.Namespace) -> None:
    """print the last figures of each scheme, worst first"""
    lines = (ROOT / settings.results / "transfer.jsonl").read_text(encoding="utf-8").splitlines()
    parts: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for line in map(json.loads, lines):
        figures = line["figures"]
        name = line["benchmark"].removeprefix("transfer ")
        parts.setdefault(figures["part"], {}).setdefault(name, {})[figures["model"]] = figures
    for part, schemes in sorted(parts.items()):
        final = {name: each.get("tuned") or each["joint"] for name, each in schemes.items()}
        rows = sorted(schemes, key=lambda name: _score(final[name]))
        mean = sum(map(_score, final.values())) / len(final)
        print(f"\nThe {part} part: mean {percent(mean)} of {len(final)} schemes\n")
        print_table(
            ("scheme", "scored", "read right (95%)", "exact", "case ignored", "characters", "joint", "own"),
            [
                (
                    name,
                    (each := final[name])["case"],
                    f"{percent(_score(each))} ({percent(each['low'])} to {percent(each['high'])})",
                    percent(each["sequence_accuracy"]),
                    percent(each["sequence_accuracy_folded"]),
                    percent(each["character_accuracy"]),
                    *(_short(schemes[name].get(kind)) for kind in ("joint", "own")),
                )
                for name in rows
            ],
        )


def _short(figures: dict[str, Any] | None) -> str:
    return "-" if figures is None else percent(_score(figures))


def _score(figures: dict[str, Any]) -> float:
    """Sequence accuracy as the scheme is to be scored."""
    return float(figures["sequence_accuracy_folded" if figures["case"] == "folded" else "sequence_accuracy"])


def _published(settings: argparse.Namespace) -> list[dict[str, str]]:
    """The rows of the archives' index; without it only their names, which the schemes bear too."""
    folder = getattr(settings, "schemes", None)
    if folder is None:
        return [{"scheme": name} for name in SCHEMES if name not in WITHOUT_PICTURES]
    with (Path(folder) / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _runs(settings: argparse.Namespace) -> Path:
    return ROOT / settings.work / "transfer"


def _model(settings: argparse.Namespace, name: str) -> Path:
    return _runs(settings) / name / "model.onnx"


TASKS = {"joint": joint, "tune": tune, "own": own, "read": read, "table": table}


def main() -> None:
    """Run one task."""
    settings = parse()
    TASKS[settings.task](settings)


if __name__ == "__main__":
    run_main(main)
