"""The command itself: its list of commands, and what becomes of errors.

Exit status: 0 fine, 1 some pictures failed or a target was not met, 2 wrong usage, 130 stopped by
Ctrl-C. An error is one line on standard error; ``CAPTCHALAB_TRACEBACK=1`` shows its traceback too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from captchalab.cli import (
    compare,
    evaluate,
    export,
    inside,
    lighter,
    loadtest,
    read,
    samples,
    schemes,
    serve,
    train,
)
from captchalab.cli.console import say
from captchalab.cli.failures import explain

INTERRUPTED = 130
CLOSED_PIPE = 141

app = typer.Typer(
    name="captchalab",
    help="Labelled pictures of distorted text in, a small fast reader out.",
    epilog="Each command explains itself: captchalab train --help",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(read.read)
app.command()(schemes.schemes)
app.command()(schemes.generate)
app.command()(samples.check)
app.command()(samples.split)
app.command()(samples.merge)
app.command()(samples.alphabet)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.command()(export.export)
app.command()(lighter.quantize)
app.command()(serve.serve)
app.command()(serve.key)
app.command()(loadtest.loadtest)
app.command()(lighter.prune)
app.command()(inside.inside)


def _print_version(wanted: bool) -> None:
    if wanted:
        from captchalab import __version__

        print(f"captchalab {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Labelled pictures of distorted text in, a small fast reader out."""


def run(arguments: Sequence[str]) -> int:
    """Runs the command line ``arguments`` (without the program's name); the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Readings may be Chinese and file names may be no text at all, whatever the console speaks.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        status = typer.main.get_command(app).main(
            args=list(arguments) or ["--help"], prog_name="captchalab", standalone_mode=False
        )
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has gone (`| head`); of that alone Typer makes a SystemExit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's last flush
        return CLOSED_PIPE
    except Exception as error:
        failure = explain(error)
        if failure is None or os.environ.get("CAPTCHALAB_TRACEBACK") == "1":
            raise
        say(f"error: {failure.line}")
        return failure.status
    if status == INTERRUPTED:
        say("stopped")
    return status if isinstance(status, int) else 0
