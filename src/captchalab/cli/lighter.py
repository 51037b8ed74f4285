"""`quantize` and `prune`: a model made smaller and faster, with what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captchalab.cli.console import print_table, say
from captchalab.cli.options import ModelArgument
from captchalab.cli.train import Device
from captchalab.cli.watching import counter

if TYPE_CHECKING:
    from captchalab.training.tradeoff import Tradeoff

OutArgument = Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The model file to write.")]
DataOption = Annotated[
    list[str],
    typer.Option(
        "--data", metavar="SOURCE", help="Labelled pictures of the kind to read; may be given again."
    ),
]
TestOption = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="SOURCE", help="Measure on this; without it, a part of the data is held out."
    ),
]


def quantize(model: ModelArgument, out: OutArgument, data: DataOption, test: TestOption = None) -> None:
    """Write a model in int8. Accuracy, size and time are printed before and after."""
    from captchalab.training.quantize import quantize as write_quantized

    _print_tradeoff(write_quantized(model, out, data, test))


def prune(
    model: ModelArgument,
    out: OutArgument,
    data: DataOption,
    share: Annotated[
        float, typer.Option(metavar="X", min=0.05, max=0.9, help="Share of each layer's channels to cut.")
    ] = 0.3,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps of training after the cut.")
    ] = None,
    test: TestOption = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
) -> None:
    """Cut channels out of a model and train the rest. Accuracy, size and time before and after."""
    from captchalab.training.prune import STEPS
    from captchalab.training.prune import prune as write_pruned

    with counter("trained") as on_step:
        tradeoff = write_pruned(
            model,
            out,
            data,
            share=share,
            steps=steps or STEPS,
            test=test,
            device=device.value,
            on_step=on_step,
        )
    _print_tradeoff(tradeoff)


def _print_tradeoff(tradeoff: Tradeoff) -> None:
    print_table(("figure", "before", "after"), tradeoff.rows)
    for note in tradeoff.notes:
        say(note)
    say(f"{tradeoff.model}: {tradeoff.advice}")
