"""`compare`: recipes, models and foreign readers on the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from captchalab.cli.console import percent, print_table, say
from captchalab.cli.failures import FAILED
from captchalab.errors import UsageError


def compare(
    contestants: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE|FILE|RUN|python:READER",
            help="Recipes to train, finished models, votes of these (FILE+FILE), other readers.",
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option("--data", metavar="SOURCE", help="Pictures to train and test on; may be given again."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Runs, table and page; goes on where it was.")
    ] = Path("runs/comparison"),
    minutes: Annotated[
        float | None, typer.Option(metavar="M", min=0.01, help="Training time of each recipe.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps of each recipe, instead.")
    ] = None,
    test: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Test on this; without it, a fifth is set aside.")
    ] = None,
    at_once: Annotated[
        int, typer.Option(metavar="N", min=1, help="Contestants at once, each in its own process.")
    ] = 1,
    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="Run on this machine, or as tasks on Ray.")
    ] = "local",
) -> None:
    """Train recipes with equal budgets, test all on the same pictures: one table, one page.

    Exit status 1 where one of them failed.
    """
    from captchalab.scaling.engines import open_engine
    from captchalab.studies.compare import compare as run_comparison
    from captchalab.studies.comparison_page import ranked, write_comparison

    if minutes is not None and steps is not None:
        raise UsageError("--minutes or --steps, not both")
    chosen = open_engine(engine, at_once)
    found = run_comparison(
        contestants, data, out, minutes=minutes, steps=steps, test=test, engine=chosen, tell=say
    )
    page = write_comparison(found, out)
    rows = [
        (each.name, percent(each.sequence_accuracy), f"{each.milliseconds:.2f} ms") for each in ranked(found)
    ]
    print_table(("contestant", "read right", "one picture"), rows)
    say(f"the whole table, plot and common mistakes: {page}")
    if found.failed:
        raise typer.Exit(FAILED)
