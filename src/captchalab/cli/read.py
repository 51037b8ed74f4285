"""`read`: pictures -> texts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captchalab.cli.console import say
from captchalab.cli.options import length_of, words_of
from captchalab.cli.pictures import Picture, is_one_picture, pictures
from captchalab.cli.rows import Format, format_of, rows_writer

if TYPE_CHECKING:
    from captchalab.reading.ensemble import Ensemble
    from captchalab.reading.options import ReadOptions
    from captchalab.reading.reader import Reader, Reading

BATCH = 64


def read(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE|SOURCE|-",
            help="Picture files, folders, .tar or .parquet files; - for a picture on standard input.",
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE|RUN",
            help="The model; without it, the bundled one. Several -m vote, as do FILE+FILE.",
        ),
    ] = None,
    alphabet: Annotated[
        str | None,
        typer.Option(metavar="A", help="Only these characters: preset names (digits+upper) or characters."),
    ] = None,
    length: Annotated[str | None, typer.Option(metavar="N|N-M", help="Only texts of this length.")] = None,
    pattern: Annotated[
        str | None, typer.Option(metavar="RE", help="Only texts that this regular expression matches whole.")
    ] = None,
    words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only these words: a UTF-8 file, one on each line.")
    ] = None,
    fold_case: Annotated[
        bool,
        typer.Option(
            "--fold-case",
            help="Ignore case: texts in lower case, whatever that of alphabet, pattern and words.",
        ),
    ] = False,
    answer: Annotated[
        bool, typer.Option("--answer", help="Also work out the sum that the picture shows: 3+8=? is 11.")
    ] = False,
    min_confidence: Annotated[
        float,
        typer.Option(metavar="P", min=0, max=1, help="A reading less sure than this counts as failed."),
    ] = 0.0,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text: path, tab, text (one picture: its text); json: one object a line; csv: a table.",
        ),
    ] = Format.TEXT,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl|FILE.csv", help="Write the rows there instead.")
    ] = None,
) -> None:
    """Read pictures. One that cannot be read becomes a row with its error, and the exit status is 1."""
    from captchalab.measuring.readers import models_of
    from captchalab.reading.ensemble import Ensemble
    from captchalab.reading.reader import Reader

    form = format_of(out, form)
    wanted = pictures(source)
    options: ReadOptions = {
        "alphabet": alphabet,
        "length": length_of(length),
        "pattern": pattern,
        "words": words_of(words),
        "fold_case": fold_case,
        "answer": answer,
    }
    models = [each for text in model or () for each in models_of(text)]
    reader = Ensemble.open(models) if len(models) > 1 else Reader.open(models[0] if models else None)
    total = failed = 0
    with rows_writer(out, form, alone=is_one_picture(source)) as write:
        for picture, reading in _readings(reader, wanted, options):
            if reading.error is None and reading.confidence < min_confidence:
                reading = replace(reading, error=_too_unsure(reading, min_confidence))
            write(picture.path, reading)
            total += 1
            failed += reading.error is not None
    if out is not None:
        say(f"{total} rows in {out}, {failed} of them failed")
    elif total > 1 and failed:
        say(f"{failed} of {total} pictures failed")
    if failed:
        raise typer.Exit(1)


def _too_unsure(reading: Reading, least: float) -> str:
    return f"confidence {reading.confidence:.3f} of {reading.text!r} is below {least:g}"


def _readings(
    reader: Reader | Ensemble, wanted: Iterable[Picture], options: ReadOptions
) -> Iterator[tuple[Picture, Reading]]:
    """Each picture with its reading, in order, read in batches."""
    from captchalab.reading.reader import Reading

    waiting = iter(wanted)
    while batch := list(islice(waiting, BATCH)):
        readings = iter(reader.read_many([p.image for p in batch if p.error is None], **options))
        for picture in batch:
            yield picture, Reading("", 0.0, (), error=picture.error) if picture.error else next(readings)
        sys.stdout.flush()
