"""Recipes, models and foreign readers on the same pictures: who reads best, how fast, at what cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from captchalab.errors import UsageError
from captchalab.files import make_folder, write_atomic
from captchalab.measuring.evaluate import evaluate
from captchalab.measuring.speed import time_readers
from captchalab.reading.modelpath import find_model
from captchalab.reading.reader import Reads
from captchalab.samples.sample import AtRest
from captchalab.samples.split import split
from captchalab.sources import open_source
from captchalab.studies.contestants import Contestant, facts_of, open_contestant, parse_contestants
from captchalab.synth.generate import generate

PARTS = {"train": 4.0, "test": 1.0}
TEST_PICTURES = 2000
"""Fresh pictures of a drawn source that all are tested on."""
TIMED = 200
"""Pictures that are read one by one, and in batches, for the times."""


class Engine(Protocol):
    """Runs a function over items, as ``map`` does; several at once if it can."""

    def __call__(self, function: Callable[[_Task], Entry], items: Iterable[_Task], /) -> Iterable[Entry]: ...


@dataclass(frozen=True)
class Entry:
    """What one contestant reached. Shares are 0 to 1; ``None`` where a foreign reader does not tell."""

    name: str
    kind: str
    network: str | None
    images: int
    sequence_accuracy: float
    sequence_accuracy_low: float
    sequence_accuracy_high: float
    sequence_accuracy_folded: float
    character_accuracy: float
    pictures_seen: int | None
    seconds: float | None
    """Spent training."""
    parameters: int | None
    file_bytes: int | None
    milliseconds: float
    """Of one picture by itself, from its bytes to the text: the median."""
    pictures_per_second: float
    """In batches of 64."""
    wrong: tuple[int, ...]
    """Which pictures of the test were read wrongly."""


@dataclass(frozen=True)
class Comparison:
    """All entries, in the order that they were named."""

    data: tuple[str, ...]
    budget: dict[str, Any]
    entries: tuple[Entry, ...]

    def overlap(self, one: Entry, other: Entry) -> float | None:
        """Of the pictures that either misreads, the share that both do; ``None`` if neither misreads any."""
        either = set(one.wrong) | set(other.wrong)
        return len(set(one.wrong) & set(other.wrong)) / len(either) if either else None


@dataclass(frozen=True)
class _Task:
    """What a worker needs to train and test one contestant."""

    contestant: Contestant
    train: tuple[str, ...]
    test: str
    out: str
    budget: tuple[tuple[str, Any], ...]


def compare(
    contestants: Sequence[str],
    data: Sequence[str],
    out: str | Path,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    test: str | None = None,
    engine: Engine = map,
    tell: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Train each recipe on the same part of ``data`` for the same budget, test all on the same other part.

    ``test`` names the test pictures; without it a fifth of the pictures at rest is set aside, and fresh
    ones of a drawn source are drawn, into ``out/data``. What is finished in ``out`` is not done again. Raises
    ``UsageError`` for contestants or data that are none, and for an ``out`` of other data.
    """
    folder = Path(out)
    parsed = parse_contestants(contestants)
    if any(each.kind == "recipe" for each in parsed) and minutes is None and steps is None:
        raise UsageError("recipes need a budget, the same for all: --minutes or --steps")
    _remember(folder, {"data": list(data), "test": test, "minutes": minutes, "steps": steps})
    train, tested = _divide(list(data), folder / "data", test)
    budget = {name: value for name, value in (("minutes", minutes), ("steps", steps)) if value is not None}
    tasks = [_Task(each, train, tested, str(folder), tuple(budget.items())) for each in parsed]
    entries = []
    for task, entry in zip(tasks, engine(_enter, tasks), strict=True):
        tell(f"{task.contestant.name}: {entry.sequence_accuracy:.2%} of {entry.images:,}")
        entries.append(entry)
    return Comparison(tuple(data), budget, tuple(entries))


def _remember(folder: Path, facts: dict[str, Any]) -> None:
    """Refuse to go on in a folder that holds another comparison."""
    file = folder / "comparison.json"
    if file.exists():
        stored = json.loads(file.read_text(encoding="utf-8"))
        for name, value in facts.items():
            if stored.get(name) != value:
                raise UsageError(
                    f"{folder} holds a comparison with {name} {stored.get(name)}, not {value}: "
                    "name another --out, or the same settings to go on with it"
                )
        return
    make_folder(folder)
    write_atomic(file, json.dumps(facts, indent=1).encode())


def _divide(data: list[str], folder: Path, test: str | None) -> tuple[tuple[str, ...], str]:
    """What to train on and what to test on."""
    if test is not None:
        open_source(test)
        return tuple(data), test
    sources = [open_source(text) for text in data]
    drawn = [source for source in sources if source.size is None]
    resting = [source for source in sources if isinstance(source, AtRest)]
    if drawn and resting:
        raise UsageError("drawn and other sources together: say which pictures to test on (--test SOURCE)")
    if len(drawn) > 1:
        raise UsageError("several drawn sources: say which pictures to test on (--test SOURCE)")
    if drawn:
        generate(drawn[0], folder / "test", TEST_PICTURES)  # goes on, or does nothing
        return tuple(data), str(folder / "test")
    split(resting, folder, PARTS)
    return (str(folder / "train"),), str(folder / "test")


def _enter(task: _Task) -> Entry:
    """Train and test one contestant, or take up what was finished before."""
    run = Path(task.out) / task.contestant.name
    result = run / "comparison-entry.json"
    if result.exists():
        stored = json.loads(result.read_text(encoding="utf-8"))
        return Entry(**{**stored, "wrong": tuple(stored["wrong"])})
    if task.contestant.kind == "recipe":
        from captchalab.training.fit import fit

        going_on = (run / "recipe.toml").exists()
        fit(task.train, recipe=task.contestant.text, out=run, resume=going_on, **dict(task.budget))
    entry = _test(task.contestant, open_contestant(task.contestant, run), task.test, run)
    make_folder(run)
    write_atomic(result, json.dumps(asdict(entry), indent=1).encode())
    return entry


def _test(contestant: Contestant, reader: Reads, test: str, run: Path) -> Entry:
    source = open_source(test)
    evaluation = evaluate(reader, source, keep_rows=True)
    figures = evaluation.to_json()
    wrong = (number for number, row in enumerate(evaluation.rows) if row.reading.text != row.text)
    facts = facts_of(reader)
    count = min(TIMED, source.size or TIMED)
    pictures = [
        sample.image if sample.data is None else sample.data for sample in map(source.sample, range(count))
    ]
    (speed,) = time_readers([reader], pictures)
    shares = ("images", "sequence_accuracy", "sequence_accuracy_low", "sequence_accuracy_high")
    return Entry(
        name=contestant.name,
        kind=contestant.kind,
        network=facts.get("network"),
        **{name: figures[name] for name in (*shares, "sequence_accuracy_folded", "character_accuracy")},
        pictures_seen=facts.get("pictures"),
        seconds=facts.get("seconds"),
        parameters=facts.get("parameters"),
        file_bytes=_file_bytes(contestant, run),
        milliseconds=speed.milliseconds,
        pictures_per_second=speed.pictures_per_second,
        wrong=tuple(wrong),
    )


def _file_bytes(contestant: Contestant, run: Path) -> int | None:
    if contestant.kind == "reader":
        return None
    files = [run] if contestant.kind == "recipe" else contestant.text.split("+")
    return sum(len(find_model(file)[0]) for file in files)
