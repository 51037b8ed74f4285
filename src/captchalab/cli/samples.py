"""`check`, `split`, `merge`, `alphabet`: labelled pictures at rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from captchalab.cli.console import print_json, print_table, say
from captchalab.cli.options import AlphabetOption, SourcesArgument
from captchalab.cli.watching import counter
from captchalab.errors import UsageError

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
OutArgument = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into.")]


def check(sources: SourcesArgument, alphabet: AlphabetOption = None, as_json: JsonOption = False) -> None:
    """List what is wrong with pictures. Nothing is moved or deleted; exit status 1 where there are errors."""
    from captchalab.samples.characters import load_alphabet
    from captchalab.samples.check import check as find_problems
    from captchalab.sources import open_source

    wanted = load_alphabet(alphabet) if alphabet is not None else None
    errors = warnings = pictures = 0
    for name in sources:
        source = open_source(name)
        with counter("checked") as on_progress:
            problems = find_problems(source, wanted, on_progress=on_progress)
        pictures += source.size or 0
        for problem in problems:
            errors += problem.severity == "error"
            warnings += problem.severity != "error"
        if as_json:
            for problem in problems:
                print_json({"source": name, **problem.to_json()})
        elif problems:
            print_table(
                ("severity", "problem", "picture", "detail"),
                ((p.severity, p.kind, p.name, p.detail) for p in problems),
            )
    say(f"{pictures:,} pictures: {errors} errors, {warnings} warnings")
    if errors:
        raise typer.Exit(1)


def split(
    sources: SourcesArgument,
    out: OutArgument,
    parts: Annotated[
        str, typer.Option(metavar="NAME=N,...", help="The parts and their shares.")
    ] = "train=19,validation=1",
) -> None:
    """Copy pictures into parts. Duplicates stay together; run again, it adds what is new."""
    from captchalab.samples.split import split as split_samples

    with counter("split") as on_progress:
        report = split_samples(sources, out, parts=_shares(parts), on_progress=on_progress)
    print(report)


def merge(sources: SourcesArgument, out: OutArgument) -> None:
    """Join sets of several labellers. Pictures with different labels are listed, none is lost."""
    from captchalab.samples.merge import merge as merge_samples

    with counter("merged") as on_progress:
        report = merge_samples(sources, out, on_progress=on_progress)
    print(report)


def alphabet(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE [OUT.json]", help="Labelled pictures; the file to write comes last."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Count all characters in use. Rare ones are marked; `train --alphabet OUT.json` takes the file."""
    from captchalab.samples.characters import collect
    from captchalab.samples.resting import RestingSource
    from captchalab.sources import open_source

    out = Path(sources.pop()) if len(sources) > 1 and sources[-1].endswith(".json") else None
    opened: list[RestingSource] = []
    for name in sources:
        source = open_source(name)
        if not isinstance(source, RestingSource):
            raise UsageError(f"{name} is drawn: its alphabet is an option of it (?alphabet=digits+upper)")
        opened.append(source)
    with counter("counted") as on_progress:
        counts = collect(opened, on_progress)
    if out is not None:
        counts.save(out)
        say(f"train with it: captchalab train {' '.join(sources)} --alphabet {out}")
    if as_json:
        print_json(counts.to_json())
        return
    rare = set(counts.rare)
    print_table(
        ("character", "count", ""),
        ((c, str(n), "rare" if c in rare else "") for c, n in counts.counts.items()),
    )
    say(f"{len(counts.counts)} characters in {counts.labels:,} labels, {len(rare)} of them rare")


def _shares(text: str) -> dict[str, float]:
    """``train=19,validation=1`` -> shares by part."""
    shares: dict[str, float] = {}
    for piece in text.split(","):
        name, equals, share = (part.strip() for part in piece.partition("="))
        try:
            value = float(share)
        except ValueError:
            value = 0
        if not name or not equals or not 0 < value < float("inf") or name in shares:
            raise UsageError(
                f"--parts {text!r}: write names and shares above 0, as in train=8,validation=1,test=1"
            )
        shares[name] = value
    return shares
