"""`schemes` and `generate`: pictures that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captchalab.cli.console import print_table, say
from captchalab.cli.options import DrawnSourceArgument
from captchalab.cli.watching import counter
from captchalab.errors import UsageError

if TYPE_CHECKING:
    from captchalab.synth.source import SchemeSource

INK = (40, 44, 52)
SHEET_SAMPLES = 5
"""Pictures of each scheme on the sheet: one row."""


def schemes(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|FILE.toml]...", help="Schemes; one alone is printed as a declaration."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Draw samples of these schemes, or of every one, on one sheet."),
    ] = None,
) -> None:
    """List the schemes that can be drawn, show their pictures, or print what one is made of.

    captchalab schemes lepture > mine.toml writes the whole declaration of a scheme: change what you like,
    and scheme:mine.toml can be drawn and trained on as any other. A file may also hold changes only:
    like = "lepture" in its first line.
    """
    if sheet is not None:
        if sheet.suffix.lower() != ".png":
            raise UsageError(f"--sheet {sheet}: the sheet is a PNG; name it OUT.png")
        _draw_sheet(_open(names), sheet)
        say(f"{SHEET_SAMPLES} samples of each scheme: {sheet}")
    elif not names:
        _list(_open(names))
    elif len(names) == 1:
        from captchalab.synth.declaration_text import toml_of

        print(toml_of(_open(names)[0].scheme), end="")
    else:
        raise UsageError(
            "the declaration of one scheme is printed at a time; several go on a --sheet OUT.png"
        )


def _open(names: Sequence[str] | None) -> list[SchemeSource]:
    """The schemes of these names (``lepture``, ``scheme:mine.toml?length=5``), or all."""
    from captchalab.sources import open_source
    from captchalab.synth.schemes import SCHEMES
    from captchalab.synth.source import SchemeSource

    opened = [open_source(f"scheme:{name.removeprefix('scheme:')}") for name in names or sorted(SCHEMES)]
    return [source for source in opened if isinstance(source, SchemeSource)]


def _list(sources: Sequence[SchemeSource]) -> None:
    rows = []
    for source in sources:
        scheme = source.scheme
        shortest, longest = source.lengths
        length = str(shortest) if shortest == longest else f"{shortest}-{longest}"
        # Sums and syllables have characters of their own.
        alphabet = scheme.alphabet if "alphabet" in scheme.texts.takes else source.alphabet.characters
        rows.append((source.name, f"{scheme.width}x{scheme.height}", length, alphabet, scheme.summary))
    print_table(("source", "size", "length", "alphabet", "look"), rows)


def _draw_sheet(sources: Sequence[SchemeSource], out: Path) -> None:
    from captchalab.training.sheet import Caption, Cell, draw_sheet

    cells = []
    for source in sources:
        for index in range(SHEET_SAMPLES):
            sample = source.sample(index)
            captions = Caption(sample.text, INK), Caption(source.scheme.name, INK)
            cells.append(Cell(sample.image, captions))
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
    from captchalab.sources import open_source, split_options
    from captchalab.synth.generate import generate as draw

    if seed is not None and split_options(source)[1].get("seed", str(seed)) != str(seed):
        raise UsageError(f"{source} and --seed {seed} name two seeds: leave one of them out")
    opened = open_source(source, seed=seed)
    try:
        with counter("drew") as show:
            written = draw(
                opened,
                out,
                count,
                on_progress=lambda done: show(done, count),
                on_resume=lambda done: say(f"going on with {out}: {done:,} of {count:,} are there"),
            )
    except KeyboardInterrupt:
        say(f"{out} is not complete; the same command goes on from here")
        raise
    say(f"{written:,} pictures in {out}")
