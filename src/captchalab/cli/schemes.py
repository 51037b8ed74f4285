"""`schemes` and `generate`: pictures that are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from captchalab.cli.console import print_table, say
from captchalab.cli.options import SourceArgument
from captchalab.cli.watching import counter


def schemes(
    sheet: Annotated[
        Path | None, typer.Option(metavar="OUT.png", help="Draw samples of every scheme on one sheet.")
    ] = None,
) -> None:
    """List the schemes that can be drawn."""
    from captchalab.synth.scheme import SCHEMES

    rows = [
        (f"scheme:{name}", f"{scheme.width}x{scheme.height}", str(scheme.length), scheme.alphabet)
        for name, scheme in sorted(SCHEMES.items())
    ]
    print_table(("source", "size", "length", "alphabet"), rows)
    if sheet is not None:
        from captchalab.synth.sheet import draw_sheet

        draw_sheet(sheet)
        say(f"samples of every scheme: {sheet}")


def generate(
    source: SourceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into.")],
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many pictures.")],
    seed: Annotated[
        int | None, typer.Option(metavar="S", min=0, help="Another seed, other pictures.")
    ] = None,
) -> None:
    """Write labelled pictures as files named TEXT_0000.png. The same seed gives the same pictures."""
    from captchalab.synth.generate import generate as draw

    with counter("drew") as on_progress:
        written = draw(source, out, count, seed=seed, on_progress=on_progress)
    say(f"{written:,} pictures in {out}")
    print(out)
