"""The pages: try it, models, runs. Rendered here; the little that moves is in ``static/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from captchalab.errors import RunError
from captchalab.reading.alphabet import PRESETS
from captchalab.serving.models import Served
from captchalab.serving.problems import Problem
from captchalab.serving.rendering import ASSETS, YEAR, asset, render, words_of
from captchalab.serving.reports import Report, find_report
from captchalab.serving.run_folders import SHEETS, Run, find_runs
from captchalab.serving.run_view import charts, summary
from captchalab.serving.texts import Words

router = APIRouter(include_in_schema=False)

POLL_SECONDS = 2
PRACTICE = "/practice/captcha"


@router.get("/")
async def try_it(request: Request) -> Response:
    """Read a picture by hand."""
    state = request.app.state
    return render(
        request,
        "try.html",
        models=_with_default_first(request),
        presets=[name for name in PRESETS if name.isascii()],
        most_megabytes=f"{state.settings.max_body_bytes / 2**20:g} MiB",
        address=str(request.base_url).rstrip("/"),
        keyed=request.scope["state"].get("key") is not None,
        practice=PRACTICE if state.settings.practice else "",
    )


@router.get("/models")
def models(request: Request) -> Response:
    """Every model."""
    rows = [model_row(served) for served in served_models(request)]
    return render(request, "models.html", models=rows, refused=request.app.state.shelf.refused)


@router.get("/models/{name}")
def model(request: Request, name: str) -> Response:
    """One model with its figures, confusions and mistakes."""
    served = request.app.state.shelf.find(name)
    file = _file_of(served)
    own = [run for run in runs_of(request) if file is not None and run.folder.resolve() == file.parent]
    return render(
        request,
        "model.html",
        model=model_row(served),
        report=_report_of(served),
        run=own[0] if own else None,
        file=served.place.path,
        folder=Path(served.place.path).parent,
    )


@router.get("/models/{name}/picture/{file:path}")
def model_picture(request: Request, name: str, file: str) -> Response:
    """A picture of the report that lies beside a model."""
    report = _report_of(request.app.state.shelf.find(name))
    if report is None or file not in report.pictures:
        raise _no_page()
    return _picture(report.folder / file)


@router.get("/runs")
def runs(request: Request) -> Response:
    """Every run, the newest first."""
    rows = []
    for run in runs_of(request):
        try:
            rows.append(summary(run))
        except RunError:
            rows.append({"name": run.name, "state": "", "why": True})
    return render(request, "runs.html", runs=rows)


@router.get("/runs/{name:path}/live")
def live(request: Request, name: str) -> Response:
    """The part of a run's page that changes, for the page to take in."""
    run = _run(request, name)
    tag = f'"{run.version}-{run.state}-{words_of(request).language}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return render(request, "live.html", **_run_view(run, words_of(request)), headers={"ETag": tag})


@router.get("/runs/{name:path}/picture/{sheet}")
def run_picture(request: Request, name: str, sheet: str) -> Response:
    """A contact sheet of a run."""
    run = _run(request, name)
    if sheet not in SHEETS:
        raise _no_page()
    return _picture(run.folder / f"{sheet}.png")


@router.get("/runs/{name:path}")
def run(request: Request, name: str) -> Response:
    """The curves of one run, live."""
    found = _run(request, name)
    view = _run_view(found, words_of(request))
    return render(request, "run.html", **view, poll_seconds=POLL_SECONDS)


@router.get("/docs")
def docs(request: Request) -> Response:
    """Every endpoint, from the description that machines read at /openapi.json."""
    paths = request.app.openapi()["paths"]
    calls = [
        {
            "method": method.upper(),
            "path": path,
            "summary": facts.get("summary", ""),
            "description": facts.get("description", "").replace("``", "").split("\n\n"),
            "body": list(facts.get("requestBody", {}).get("content", ())),
            "parameters": [
                (each["name"], each.get("description", "")) for each in facts.get("parameters", ())
            ],
            "answers": list(facts["responses"]),
        }
        for path, methods in paths.items()
        for method, facts in methods.items()
    ]
    return render(request, "docs.html", calls=calls)


@router.get("/static/{name}")
def static(request: Request, name: str) -> Response:
    """Styles and scripts; the pages name them with their hash."""
    if name not in ASSETS:
        raise _no_page()
    headers = {"Cache-Control": f"public, max-age={YEAR}, immutable"}
    return Response(asset(name)[0], media_type=ASSETS[name], headers=headers)


def model_row(served: Served) -> dict[str, Any]:
    """What the pages say of a model."""
    info, row = served.reader.info, served.row()
    size = f"{info.input.width}x{info.input.height}"
    return {
        **row,
        "identity": served.place.identity,
        "info": info,
        "size": size,
        "length": "-".join(map(str, dict.fromkeys(info.lengths))),
        "sources": [str(source) for source in info.scheme.get("sources", ())],
    }


def served_models(request: Request) -> list[Served]:
    """Every version of every model."""
    served: list[Served] = request.app.state.shelf.all()
    return served


def _with_default_first(request: Request) -> list[str]:
    names = [served.place.identity for served in served_models(request)]
    if not names:
        return names
    default = request.app.state.shelf.find(None).place.identity
    return [default, *(name for name in names if name != default)]


def runs_of(request: Request) -> list[Run]:
    """The runs that this server shows."""
    files = [file for each in served_models(request) if (file := _file_of(each)) is not None]
    return find_runs(request.app.state.settings.runs, files)


def _file_of(served: Served) -> Path | None:
    """The model's file; ``None`` for a bundled model, beside which nothing lies."""
    return None if served.place.signature is None else Path(served.place.path).resolve()


def _report_of(served: Served) -> Report | None:
    """Beside the model; of a bundled one, in the folder that the server was started in."""
    return find_report(Path(served.place.path).resolve(), served.reader.sha256)


def _run(request: Request, name: str) -> Run:
    for each in runs_of(request):
        if each.name == name:
            return each
    raise _no_page()


def _run_view(run: Run, words: Words) -> dict[str, Any]:
    try:
        return {"run": run, "summary": summary(run), "charts": charts(run), "why": ""}
    except RunError as error:
        return {"run": run, "summary": None, "charts": [], "why": words("unreadable_metrics", why=str(error))}


def _picture(file: Path) -> Response:
    if not file.is_file():
        raise _no_page()
    headers = {"Cache-Control": "private, no-cache"}
    return FileResponse(file, media_type="image/png", headers=headers)


def _no_page() -> Problem:
    return Problem(404, "http", "there is no such page")
