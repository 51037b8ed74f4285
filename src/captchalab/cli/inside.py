"""`inside`: what a model is built of, and how it comes to a reading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from captchalab.cli.console import print_table, say
from captchalab.cli.failures import FAILED
from captchalab.cli.options import ModelArgument
from captchalab.errors import ImageError


def inside(
    model: ModelArgument,
    pictures: Annotated[
        list[Path] | None, typer.Argument(metavar="PICTURE", help="Pictures to look into the reading of.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where those are written as PNG.")] = Path(
        "inside"
    ),
) -> None:
    """Print a model's layers; with pictures, draw each one's probabilities at every step instead."""
    if pictures:
        _draw(model, pictures, out)
    else:
        _print_layers(model)


def _draw(model: str, pictures: list[Path], out: Path) -> None:
    from captchalab.files import make_folder, write_atomic
    from captchalab.measuring.inside import draw_inside, look_inside
    from captchalab.reading.reader import Reader

    reader = Reader.open(model)
    make_folder(out)
    failed = False
    for picture in pictures:
        try:
            looked = look_inside(reader, picture)
        except ImageError as error:
            say(f"{picture}: {error}")
            failed = True
            continue
        target = _free(out / f"{picture.stem}.png")
        write_atomic(target, draw_inside(looked))
        print(target)
    if failed:
        raise typer.Exit(FAILED)


def _free(path: Path) -> Path:
    """Pictures of one name from several folders do not overwrite each other, nor anything else."""
    number, free = 2, path
    while free.exists():
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def _print_layers(model: str) -> None:
    from captchalab.reading.modelpath import find_model
    from captchalab.training.structure import layers_of

    data, info = find_model(model)
    layers = layers_of(data, info)
    rows = [
        (
            each.name,
            each.kind,
            "x".join(map(str, each.shape)),
            f"{each.parameters:,}",
            f"{each.multiply_adds:,}",
        )
        for each in layers
    ]
    print_table(("layer", "kind", "output", "parameters", "multiply-adds"), rows)
    parameters = sum(each.parameters for each in layers)
    work = sum(each.multiply_adds for each in layers)
    spec = info.input
    say(
        f"{info.name}: {info.network['name']}, {spec.width}x{spec.height}x{spec.channels} in, "
        f"{len(info.alphabet)} characters, {info.decoder}; {parameters:,} parameters, "
        f"{work / 1e6:,.1f} million multiply-adds a picture, {len(data) / 1e6:.2f} MB"
    )
