"""`export`: a run -> one model file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from captchalab.cli.console import say


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run folder of a training.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The model file to write.")],
) -> None:
    """Write a run's model as one file. It is checked against its network on real pictures."""
    from captchalab.training.export_run import export_run

    written = export_run(run, out)
    say(f"read with it: captchalab read PICTURE -m {shlex.quote(str(written))}")
    print(written)
