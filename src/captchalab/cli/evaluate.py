"""`evaluate`: a reader on labelled pictures -> figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captchalab.cli.console import percent, print_json, print_table, say
from captchalab.cli.failures import FAILED
from captchalab.cli.options import SourceArgument
from captchalab.cli.watching import counter

if TYPE_CHECKING:
    from captchalab.measuring.evaluate import Evaluation


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE|RUN|python:READER",
            help="A model, several that vote (FILE+FILE), or a Python object with read_many(images).",
        ),
    ],
    source: SourceArgument,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most this many pictures, spread evenly.")
    ] = None,
    by_answer: Annotated[
        bool, typer.Option("--by-answer", help="A sum counts as right if what it comes to is right.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as one JSON object.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write report.md and report.html with the misread pictures there."),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(metavar="X", min=0, max=1, help="Exit status 1 if the sequence accuracy is below."),
    ] = None,
) -> None:
    """Measure a reader on labelled pictures. Exit status 1 where some failed or were skipped."""
    from captchalab.measuring import evaluate as measuring
    from captchalab.measuring.readers import open_reads
    from captchalab.sources import open_source

    reader, opened = open_reads(model), open_source(source)
    if report is not None:
        from captchalab.measuring.report import prepare_report
        from captchalab.samples.resting import refuse_overlap

        refuse_overlap([opened], report)
        prepare_report(report)  # what stands in its way is said before hours of reading, not after
    with counter("read") as on_progress:
        evaluation = measuring.evaluate(
            reader,
            opened,
            limit=limit,
            by_answer=by_answer,
            on_progress=on_progress,
        )
    for note in evaluation.notes:
        say(note)
    if evaluation.skipped:
        name, why = evaluation.skipped[0]
        say(f"{evaluation.skipped_count:,} pictures skipped for their labels (the first, {name}: {why})")
    if as_json:
        print_json(evaluation.to_json())
    else:
        _print_figures(evaluation)
    if report is not None:
        from captchalab.measuring.report import write_report

        say(f"report: {write_report(evaluation, report, title=f'{model} on {source}')}")
    figures = evaluation.to_json()
    accuracy = figures["sequence_accuracy"]
    missed = min_accuracy is not None and accuracy < min_accuracy
    if missed:
        say(f"sequence accuracy {percent(accuracy)} is below the wanted {percent(min_accuracy)}")
    if missed or figures["errors"] or figures["skipped"]:
        raise typer.Exit(FAILED)


def _print_figures(evaluation: Evaluation) -> None:
    figures = evaluation.to_json()
    interval = f"{percent(figures['sequence_accuracy_low'])} to {percent(figures['sequence_accuracy_high'])}"
    rows = [
        ("pictures", f"{figures['images']:,}"),
        ("errors", f"{figures['errors']:,}"),
        ("sequence accuracy", f"{percent(figures['sequence_accuracy'])}  (95%: {interval})"),
        ("  case ignored", percent(figures["sequence_accuracy_folded"])),
        ("character accuracy", percent(figures["character_accuracy"])),
        ("character error rate", percent(figures["character_error_rate"])),
        ("time a picture", f"{figures['milliseconds_per_image']:.2f} ms"),
    ]
    print_table(("figure", "value"), rows)
