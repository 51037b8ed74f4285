"""`check`, `split`, `merge`, `alphabet`: labelled pictures at rest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captchalab.cli.console import print_json, print_table, say
from captchalab.cli.failures import FAILED
from captchalab.cli.options import AlphabetOption, RestingSourcesArgument
from captchalab.cli.watching import counter
from captchalab.errors import UsageError

if TYPE_CHECKING:
    from captchalab.samples.resting import RestingSource
    from captchalab.samples.split import SplitReport

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
OutArgument = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into.")]
NAMED = 20
"""Left-out pictures that a message names one by one."""


def check(
    sources: RestingSourcesArgument, alphabet: AlphabetOption = None, as_json: JsonOption = False
) -> None:
    """List what is wrong with pictures. Nothing is moved or deleted; exit status 1 where there are errors."""
    from dataclasses import asdict

    from captchalab.samples.characters import load_alphabet
    from captchalab.samples.check import check as find_problems

    wanted = load_alphabet(alphabet) if alphabet is not None else None
    errors = warnings = pictures = 0
    for source in _open(sources):
        with counter("checked") as on_progress:
            problems = find_problems(source, wanted, on_progress=on_progress)
        pictures += source.size
        errors += sum(problem.severity == "error" for problem in problems)
        warnings += sum(problem.severity == "warning" for problem in problems)
        if as_json:
            for problem in problems:
                print_json({"source": source.name, **asdict(problem)})
        elif problems:
            rows = [(each.severity, each.kind, each.name, each.detail) for each in problems]
            print_table(("severity", "problem", "picture", "detail"), rows)
    say(f"{pictures:,} pictures: {errors} errors, {warnings} warnings")
    if errors:
        raise typer.Exit(FAILED)


def split(
    sources: RestingSourcesArgument,
    out: OutArgument,
    parts: Annotated[
        str, typer.Option(metavar="NAME=N,...", help="The parts and their shares.")
    ] = "train=19,validation=1",
) -> None:
    """Copy pictures into parts. Duplicates stay together; run again, it adds what is new.

    Exit status 1 where pictures were left out.
    """
    from captchalab.samples.split import parse_parts
    from captchalab.samples.split import split as split_samples

    with counter("split") as on_progress:
        report = split_samples(_open(sources), out, parse_parts(parts), on_progress=on_progress)
    names = list(dict.fromkeys([*report.added, *report.kept]))
    rows = [(f"{out}?part={n}", f"{report.kept.get(n, 0):,}", f"{report.added.get(n, 0):,}") for n in names]
    print_table(("part", "kept", "added"), rows)
    _tell_left_out(report)
    if report.refused or report.conflicts:
        raise typer.Exit(FAILED)


def _tell_left_out(report: SplitReport) -> None:
    if report.duplicates:
        say(f"{report.duplicates} duplicates were there already")
    if report.new_characters:
        say(f"new characters: {' '.join(report.new_characters)} (a model trained before does not know them)")
    _name_some("left out", [f"{name}: {why}" for name, why in report.refused])
    _name_some(
        "left out, two labels for one picture", [f"{name}: {a!r} or {b!r}" for name, a, b in report.conflicts]
    )


def merge(sources: RestingSourcesArgument, out: OutArgument) -> None:
    """Join sets of several labellers. Pictures with different labels are listed, none is lost.

    Exit status 1 where there are such pictures, or unusable ones.
    """
    from captchalab.samples.merge import merge as merge_samples

    with counter("merged") as on_progress:
        report = merge_samples(_open(sources), out, on_progress=on_progress)
    rows = [
        (file, " ".join(sorted({vote.text for vote in votes}))) for file, votes in report.conflicts.items()
    ]
    if rows:
        print_table(("picture", "labels"), rows)
        say(
            f"{len(rows)} pictures have different labels; in {out / 'conflicts'}, keep one row a picture "
            "in conflicts.csv and rename it to labels.csv"
        )
    _name_some("left out", [f"{source} {name}: {why}" for source, name, why in report.refused])
    say(f"{report.merged:,} pictures in {out}, {report.agreed:,} of them labelled alike more than once")
    if report.refused or report.conflicts:
        raise typer.Exit(FAILED)


def alphabet(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE [OUT.json]", help="Labelled pictures; the file to write comes last."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Count all characters in use. Rare ones are marked; `train --alphabet OUT.json` takes the file."""
    from captchalab.samples.characters import collect

    out = Path(sources.pop()) if len(sources) > 1 and sources[-1].endswith(".json") else None
    opened = _open(sources)
    with counter("counted") as on_progress:
        counts = collect(opened, on_progress)
    if out is not None:
        counts.save(out)
        say(f"train with it: captchalab train {shlex.join(sources)} --alphabet {shlex.quote(str(out))}")
    if as_json:
        print_json(counts.to_json())
        return
    rare = set(counts.rare)
    rows = [(c, str(count), "rare" if c in rare else "") for c, count in counts.counts.items()]
    print_table(("character", "count", ""), rows)
    say(f"{len(counts.counts)} characters in {counts.labels:,} labels, {len(rare)} of them rare")


def _open(names: Sequence[str]) -> list[RestingSource]:
    """The sources, all of them pictures at rest. Raises ``UsageError``."""
    from captchalab.samples.resting import RestingSource
    from captchalab.sources import open_source

    opened = []
    for name in names:
        source = open_source(name)
        if not isinstance(source, RestingSource):
            raise UsageError(
                f"{name} is drawn without end; write some first: captchalab generate SOURCE FOLDER -n 20"
            )
        opened.append(source)
    return opened


def _name_some(what: str, lines: Sequence[str]) -> None:
    """Says each line, the first twenty of many."""
    for line in lines[:NAMED]:
        say(f"{what}: {line}")
    if len(lines) > NAMED:
        say(f"{what}: {len(lines) - NAMED} more")
