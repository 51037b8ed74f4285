"""`loadtest`: load on a server, measured and checked."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captchalab.cli.console import print_json, print_table, say
from captchalab.cli.failures import FAILED

if TYPE_CHECKING:
    from captchalab.serving.loadtest.pictures import Pictures
    from captchalab.serving.loadtest.run import Done

DEFAULT_CLIENTS = 8


class Body(StrEnum):
    """How a picture is sent."""

    RAW = "raw"
    MULTIPART = "multipart"
    JSON = "json"


def loadtest(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server: http://127.0.0.1:8000.")],
    rate: Annotated[
        list[float] | None,
        typer.Option(
            metavar="R", min=0.01, help="Calls a second, whatever the answers; several run in turn."
        ),
    ] = None,
    clients: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            min=1,
            help=f"Clients that wait for their answers ({DEFAULT_CLIENTS}); several run in turn.",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each load is measured.")] = 10.0,
    warm_up: Annotated[float, typer.Option(min=0, help="Seconds of load before that.")] = 2.0,
    source: Annotated[
        str, typer.Option(metavar="SOURCE", help="Where the pictures come from.")
    ] = "scheme:lepture",
    pictures: Annotated[int, typer.Option(metavar="N", min=1, help="How many different pictures.")] = 500,
    body: Annotated[Body, typer.Option(help="How a picture is sent.")] = Body.RAW,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Pictures a call, to /v1/read/batch.")] = 1,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE|RUN",
            help="The model whose own readings the answers must equal; without it, the bundled one.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Whether answers are compared.")] = True,
    api_key: Annotated[
        str | None, typer.Option(envvar="CAPTCHALAB_API_KEY", help="A key, if the server wants one.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds after which a call is given up.")] = 10.0,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write CSV files, a picture and an HTML page there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as one JSON object a load.")] = False,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Another machine, whose owner knows of this.")
    ] = False,
) -> None:
    """Put load on a server and measure it. Exit status 1 if an answer was wrong, or a call failed otherwise
    than by a refusal that says when to try again."""
    import asyncio

    from captchalab.serving.loadtest.figures import failed
    from captchalab.serving.loadtest.load import Stage
    from captchalab.serving.loadtest.run import check_url, run_stages

    address = check_url(url, remote=allow_remote)
    stages = [Stage(seconds, rate=each, warm_up=warm_up) for each in rate or ()]
    wanted = clients or (() if rate else (DEFAULT_CLIENTS,))
    stages += [Stage(seconds, clients=each, warm_up=warm_up) for each in wanted]
    sent = _pictures(source, pictures, model, check)
    form = Body.MULTIPART if batch > 1 and body is Body.RAW else body
    say(f"{len(sent.data):,} pictures of {source}, {len(stages)} loads of {warm_up:g} + {seconds:g} s")
    done = asyncio.run(
        run_stages(
            address,
            sent,
            stages,
            form=form.value,
            batch=batch,
            api_key=api_key,
            timeout=timeout,
            on_done=lambda each: say(_line(each)),
        )
    )
    if as_json:
        for each in done:
            print_json(each.figures)
    else:
        _print_figures(done)
    if report is not None:
        from captchalab.serving.loadtest.report import write_report

        facts = [
            f"{len(sent.data):,} different pictures of {source}, sent as {form.value}, {batch} a call",
            f"answers compared with the model {next(iter(sent.expected))[:16]}…"
            if check
            else "answers not compared",
        ]
        say(f"report: {write_report(done, report, title=f'Load test of {address}', facts=facts)}")
    if any(failed(each.figures) for each in done):
        raise typer.Exit(FAILED)


def _pictures(source: str, count: int, model: str | None, check: bool) -> Pictures:
    from captchalab.reading.reader import Reader
    from captchalab.serving.loadtest.pictures import Pictures, collect, with_expected
    from captchalab.sources import open_source

    data = collect(open_source(source), count)
    return with_expected(data, Reader.open(model)) if check else Pictures(data)


def _line(done: Done) -> str:
    found = done.figures
    return (
        f"{found['load']}: {found['ok']:,} of {found['requests']:,} answered, {found['ok_per_second']:,.1f}/s"
    )


def _print_figures(done: list[Done]) -> None:
    columns = ("load", "part", "p50 ms", "p90", "p95", "p99", "max")
    rows = [
        (each.figures["load"], part, *(f"{value:.1f}" for value in times.values()))
        for each in done
        for part, times in each.figures["milliseconds"].items()
        if times
    ]
    print_table(columns, rows)
    errors = [
        (each.figures["load"], kind, f"{count:,}")
        for each in done
        for kind, count in each.figures["errors"].items()
    ]
    if errors:
        print_table(("load", "how calls ended", "calls"), errors)
    for each in done:
        if server := each.figures["server"]:
            memory = f"{server['memory_mib_first']} to {server['memory_mib_last']} MiB"
            files = f"{server['files_first']} to {server['files_last']}"
            say(f"{each.figures['load']}: the server's memory {memory}, its open files {files}")
