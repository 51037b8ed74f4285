"""`serve`: the HTTP server; `key`: a key for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from captchalab.cli.console import print_table


def key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")],
    file: Annotated[Path, typer.Option("--file", help="File of keys that the line is added to.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read (without any), metrics, or admin, which may do everything."),
    ] = None,
) -> None:
    """Make an API key for `serve`: printed once; the file keeps its hash. Serve with CAPTCHALAB_KEYS_FILE."""
    from captchalab.serving.keys import add_key

    print(add_key(file, name, scope or ["read"]))


def serve(
    model: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL...]",
            help="Model files, run folders or folders of models; without any, the bundled model.",
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on (127.0.0.1); a wider one needs an API key.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port (8000); 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes (1).")] = None,
    runs: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Show the curves of the runs in it, live.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="A key that every request must bear. Other users of this machine can see options: "
            "CAPTCHALAB_API_KEY is better.",
        ),
    ] = None,
    settings: Annotated[
        bool, typer.Option("--settings", help="Print every limit and switch: variable, default, meaning.")
    ] = False,
) -> None:
    """Serve readings over HTTP. Every limit is a setting, CAPTCHALAB_... in the environment (--settings)."""
    from captchalab.serving.server import serve as run
    from captchalab.serving.settings import listed, make_settings

    if settings:
        print_table(("variable", "default", "meaning"), listed())
        return
    given: dict[str, Any] = {
        "models": model,
        "host": host,
        "port": port,
        "workers": workers,
        "runs": runs,
        "api_key": api_key,
    }
    run(make_settings({name: value for name, value in given.items() if value is not None and value != []}))
