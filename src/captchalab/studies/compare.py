"""Recipes, models and foreign readers on the same pictures: who reads best, how fast, at what cost."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from captchalab.errors import CaptchalabError, ImageError, LabelError, RunError, UsageError
from captchalab.files import make_folder, write_atomic
from captchalab.measuring.evaluate import evaluate
from captchalab.measuring.readers import models_of
from captchalab.measuring.speed import time_readers
from captchalab.reading.image import ImageLike
from captchalab.reading.modelpath import find_model
from captchalab.reading.reader import Reads
from captchalab.samples.sample import AtRest, Source
from captchalab.samples.split import split
from captchalab.sources import open_source
from captchalab.studies.contestants import (
    DATA,
    Contestant,
    facts_of,
    head_start,
    open_contestant,
    parse_contestants,
)
from captchalab.studies.entries import (
    Comparison,
    Entry,
    Failed,
    identity_in,
    load_entry,
    note_identity,
    save_entry,
)
from captchalab.studies.known_pictures import count_known
from captchalab.synth.generate import generate
from captchalab.training.pictures import list_pictures
from captchalab.training.recipe import Recipe

SETTINGS, FAILURE = "comparison.json", "failure.txt"
PARTS = {"train": 4.0, "test": 1.0}
TEST_PICTURES = 2000
"""Fresh pictures of a drawn source that all are tested on."""
TIMED = 200
"""Pictures that are read one by one, and in batches, for the times."""


class Engine(Protocol):
    """Runs a function over items, as ``map`` does; several at once if it can."""

    def __call__(
        self, function: Callable[[_Task], Entry | Failed], items: Iterable[_Task], /
    ) -> Iterable[Entry | Failed]: ...


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
    ones of a drawn source are drawn, into ``out/data``. What is finished in ``out`` is not done again. A
    contestant that fails is told of, and the others go on. Raises ``UsageError`` for contestants or data that
    are none, and for an ``out`` of other data or contestants; ``RunError`` where none gets to the end.
    """
    folder = Path(out).absolute()  # workers may stand in another one
    parsed = parse_contestants(contestants)
    trains = any(each.kind == "recipe" for each in parsed)
    if trains and minutes is None and steps is None:
        raise UsageError("recipes need a budget, the same for all: --minutes or --steps")
    sources = [open_source(text) for text in data]
    tests = [open_source(test)] if test is not None else []
    if not tests:
        _check_divisible(sources)
    pictures = list_pictures([*sources, *tests], Recipe())
    facts = {"data": list(data), "test": test, "minutes": minutes, "steps": steps, "pictures": pictures}
    _refuse_others(folder, facts, parsed)
    _remember(folder, facts)
    train, tested = (tuple(data), test) if test is not None else _divide(data, sources, folder / DATA)
    shared, known = count_known(tested, train if tests and trains else (), parsed)
    if shared:
        tell(f"{shared:,} pictures of {tested} are among those to train on: accuracies will look too good")
    for name, count in known:
        tell(f"{name} was trained on {count:,} of the pictures to test on: its accuracy will look too good")
    budget = {name: value for name, value in (("minutes", minutes), ("steps", steps)) if value is not None}
    tasks = [_Task(each, train, tested, str(folder), tuple(budget.items())) for each in parsed]
    waiting = [e.name for e in parsed if e.kind == "recipe" and load_entry(folder / e.name) is None]
    if waiting:
        tell(f"to train: {', '.join(waiting)}; each {', '.join(f'{v:g} {k}' for k, v in budget.items())}")
    entries: list[Entry] = []
    failed: list[Failed] = []
    for outcome in engine(_enter, tasks):
        if isinstance(outcome, Failed):
            tell(f"{outcome.name}: failed: {outcome.why}")
            failed.append(outcome)
        else:
            tell(f"{outcome.name}: {outcome.sequence_accuracy:.2%} of {outcome.images:,}")
            entries.append(outcome)
    if not entries:
        raise RunError(f"nothing to compare, as all failed; {failed[0].name}: {failed[0].why}")
    entries = _time_together(entries, parsed, folder, tested)
    helped = tuple((each.name, models) for each in parsed if (models := head_start(each)))
    return Comparison(tuple(data), budget, tuple(entries), tuple(failed), shared, known, helped)


def _refuse_others(folder: Path, facts: dict[str, Any], contestants: Sequence[Contestant]) -> None:
    """Refuse to go on in a folder that holds another comparison, of other pictures or with another contestant
    of the same name."""
    stored = _stored(folder)
    for name, value in facts.items():
        if name != "pictures" and name in stored and stored[name] != value:
            raise UsageError(
                f"{folder} holds a comparison with {name} {stored[name]}, not {value}: "
                "name another --out, or the same settings to go on with it"
            )
    listed = facts["pictures"]
    before = stored.get("pictures", listed)
    for name in listed.keys() | before.keys():
        if listed.get(name) != before.get(name):
            raise UsageError(
                f"the pictures of {name} are not those that the comparison in {folder} began with, by names "
                "and labels: put those back, or name another --out"
            )
    for each in contestants:
        if identity_in(folder / each.name) not in ("", each.identity):
            raise UsageError(
                f"{folder / each.name} holds the figures of another {each.name} than {each.text} is now: "
                "name another --out, or delete that folder"
            )


def _remember(folder: Path, facts: dict[str, Any]) -> None:
    stored = _stored(folder)
    if facts.keys() - stored.keys():
        make_folder(folder)
        write_atomic(folder / SETTINGS, json.dumps(stored | facts, indent=1).encode())


def _stored(folder: Path) -> dict[str, Any]:
    file = folder / SETTINGS
    stored: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return stored


def _check_divisible(sources: Sequence[Source]) -> None:
    """Raises ``UsageError`` for sources of which no part can be set aside to test on."""
    drawn = [source for source in sources if source.size is None]
    if not sources:
        raise UsageError("no pictures to compare on: name a source (--data SOURCE)")
    if drawn and any(isinstance(source, AtRest) for source in sources):
        raise UsageError("drawn and other sources together: say which pictures to test on (--test SOURCE)")
    if len(drawn) > 1:
        raise UsageError("several drawn sources: say which pictures to test on (--test SOURCE)")


def _divide(data: Sequence[str], sources: Sequence[Source], folder: Path) -> tuple[tuple[str, ...], str]:
    """What to train on and what to test on."""
    if sources[0].size is None:
        generate(sources[0], folder / "test", TEST_PICTURES)  # goes on, or does nothing
        return tuple(data), str(folder / "test")
    split([source for source in sources if isinstance(source, AtRest)], folder, PARTS)
    return (str(folder / "train"),), str(folder / "test")


def _enter(task: _Task) -> Entry | Failed:
    """Train and test one contestant, or take up what was finished before."""
    run = Path(task.out) / task.contestant.name
    finished = load_entry(run)
    if finished is not None:
        return finished
    try:
        if task.contestant.kind == "recipe":
            from captchalab.training.fit import fit

            note_identity(task.contestant.identity, run)
            going_on = (run / "recipe.toml").exists()
            fit(task.train, recipe=task.contestant.text, out=run, resume=going_on, **dict(task.budget))
        entry = _test(task.contestant, open_contestant(task.contestant, run), task.test, run)
    except CaptchalabError as error:
        return Failed(task.contestant.name, str(error))
    except Exception as error:  # of somebody else's reader or network: the others go on
        make_folder(run)
        write_atomic(run / FAILURE, traceback.format_exc().encode("utf-8", "backslashreplace"))
        return Failed(task.contestant.name, f"{type(error).__name__}: {error} (more in {run / FAILURE})")
    save_entry(entry, run)
    return entry


def _test(contestant: Contestant, reader: Reads, test: str, run: Path) -> Entry:
    evaluation = evaluate(reader, open_source(test), keep_rows=True)
    figures = evaluation.to_json()
    wrong = (number for number, row in enumerate(evaluation.rows) if row.reading.text != row.text)
    facts = facts_of(reader)
    accuracies = ("sequence_accuracy", "character_accuracy")
    shares = [f"{name}{end}" for name in accuracies for end in ("", "_low", "_high")]
    return Entry(
        name=contestant.name,
        kind=contestant.kind,
        network=facts.get("network"),
        **{name: figures[name] for name in ("images", *shares, "sequence_accuracy_folded")},
        pictures_seen=facts.get("pictures"),
        seconds=facts.get("seconds"),
        processor_seconds=facts.get("processor_seconds"),
        parameters=facts.get("parameters"),
        file_bytes=_file_bytes(contestant, run),
        milliseconds=0.0,
        pictures_per_second=0.0,
        wrong=tuple(wrong),
        identity=contestant.identity,
    )


def _file_bytes(contestant: Contestant, run: Path) -> int | None:
    if contestant.kind == "reader":
        return None
    files = [str(run)] if contestant.kind == "recipe" else models_of(contestant.text)
    return sum(len(find_model(file)[0]) for file in files)


def _time_together(
    entries: Sequence[Entry], contestants: Sequence[Contestant], folder: Path, test: str
) -> list[Entry]:
    """The entries with their times, measured in turns and after all trainings: whatever else the machine does
    slows all of them alike. Those of the same contestants are not measured again."""
    file = folder / "speeds.json"
    wanted = [[each.name, each.identity] for each in entries]
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if stored.get("of") != wanted:
        known = {each.name: each for each in contestants}
        readers = [open_contestant(known[each.name], folder / each.name) for each in entries]
        speeds = time_readers(readers, _pictures_to_time(open_source(test)))
        stored = {"of": wanted, "speeds": [asdict(each) for each in speeds]}
        write_atomic(file, json.dumps(stored, indent=1).encode())
    return [replace(entry, **speed) for entry, speed in zip(entries, stored["speeds"], strict=True)]


def _pictures_to_time(source: Source) -> list[ImageLike]:
    """Some of the source's, in their own bytes; unreadable ones are passed over."""
    pictures: list[ImageLike] = []
    for index in range(source.size or TIMED):
        with suppress(ImageError, LabelError):
            sample = source.sample(index)
            pictures.append(sample.image if sample.data is None else sample.data)
        if len(pictures) == TIMED:
            break
    if not pictures:
        raise UsageError(f"no picture of {source.name} can be read: there is nothing to time readers on")
    return pictures
