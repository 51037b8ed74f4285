"""`schemes` and `generate`: pictures that are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from captchalab.cli.console import print_table, say
from captchalab.cli.options import DrawnSourceArgument
from captchalab.cli.watching import counter
from captchalab.errors import UsageError

INK = (40, 44, 52)
SHEET_SAMPLES = 5
"""Pictures of each scheme on the sheet: one row."""


def schemes(
    sheet: Annotated[
        Path | None, typer.Option(metavar="OUT.png", help="Draw samples of every scheme on one sheet.")
    ] = None,
) -> None:
    """List the schemes that can be drawn."""
    from captchalab.synth.schemes import SCHEMES

    if sheet is not None:
        if sheet.suffix.lower() != ".png":
            raise UsageError(f"--sheet {sheet}: the sheet is a PNG, so end its name in .png")
        _draw_sheet(sheet)
    rows = []
    for name, scheme in sorted(SCHEMES.items()):
        shortest, longest = scheme.lengths
        length = str(shortest) if shortest == longest else f"{shortest}-{longest}"
        rows.append(
            (f"scheme:{name}", f"{scheme.width}x{scheme.height}", length, scheme.alphabet, scheme.summary)
        )
    print_table(("source", "size", "length", "alphabet", "look"), rows)
    if sheet is not None:
        say(f"samples of every scheme: {sheet}")


def _draw_sheet(out: Path) -> None:
    from captchalab.sources import open_source
    from captchalab.synth.schemes import SCHEMES
    from captchalab.training.sheet import Caption, Cell, draw_sheet

    cells = []
    for name in sorted(SCHEMES):
        source = open_source(f"scheme:{name}")
        for index in range(SHEET_SAMPLES):
            sample = source.sample(index)
            cells.append(Cell(sample.image, (Caption(sample.text, INK), Caption(name, INK))))
    draw_sheet("Schemes", cells, out)


def generate(
    source: DrawnSourceArgument,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new folder, or a file that ends in .tar or .parquet.")
    ],
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many pictures.")],
    seed: Annotated[
        int | None, typer.Option(metavar="S", min=0, help="Another seed, other pictures.")
    ] = None,
) -> None:
    """Draw labelled pictures, on all cores. The same seed gives the same pictures.

    OUT also gets index.jsonl: what was drawn, and file and text of each picture (a .parquet has them in its
    metadata and columns). Stopped in the middle, the same command goes on, and ends with the same bytes: at
    most the pictures of the last moments are drawn again. A .tar or .parquet is drawn into OUT.part first,
    which a .parquet is made of at the end: it takes twice the space for that long.
    """
    from captchalab.sources import open_source
    from captchalab.synth.generate import generate as draw

    opened = open_source(source, seed=seed)
    with counter("drew") as show:
        written = draw(
            opened,
            out,
            count,
            on_progress=lambda done: show(done, count),
            on_resume=lambda done: say(f"going on with {out}: {done:,} of {count:,} are there"),
        )
    say(f"{written:,} pictures in {out}")
