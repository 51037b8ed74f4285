"""The API: readings, models, health, metrics."""

from __future__ import annotations

from time import monotonic

from fastapi import APIRouter, Request
from fastapi.responses import Response

from captchalab.errors import CaptchalabError
from captchalab.serving import measures
from captchalab.serving.admin_api import listing
from captchalab.serving.answers import as_json, row_of
from captchalab.serving.asking import Asked, ask
from captchalab.serving.body import Upload, read_upload
from captchalab.serving.parameters import merged, parameters_of
from captchalab.serving.problems import Problem, problem_of
from captchalab.serving.schema import BATCH_READING, HEALTH, METRICS, MODELS, READING

router = APIRouter()


@router.post("/v1/read", summary="Read one picture", openapi_extra=READING)
async def read(request: Request) -> Response:
    """Its text, with the confidence and place of each character, and the model that read it."""
    began = monotonic()
    upload = await _upload(request, request.app.state.settings.max_body_bytes, 1)
    if not upload.images:
        raise Problem(422, "no-picture", "there is no picture in the request: the form's field is 'file'")
    wanted = parameters_of(upload.parameters)
    asked = await ask(request, upload.images, wanted)
    outcome = asked.outcomes[0]
    if isinstance(outcome, CaptchalabError):
        raise problem_of(outcome)
    row = row_of(outcome, wanted.min_confidence)
    if wanted.keep:
        row["kept"] = await request.app.state.uploads.keep(upload.images[0])
    return as_json(row | {"model": asked.label(0)} | _times(asked, began))


@router.post("/v1/read/batch", summary="Read several pictures", openapi_extra=BATCH_READING)
async def read_batch(request: Request) -> Response:
    """A row for each picture, in order: its reading, or ``{"error": problem}``. Under ``model=auto`` each row
    names its own model."""
    began = monotonic()
    settings = request.app.state.settings
    upload = await _upload(request, settings.max_batch_bytes, settings.max_batch_pictures)
    if not upload.images:
        raise Problem(422, "no-picture", "there is no picture in the request: the form's field is 'file'")
    wanted = parameters_of(upload.parameters)
    if wanted.keep:
        raise Problem(422, "wrong-parameter", "pictures are kept one by one: send them to /v1/read")
    asked = await ask(request, upload.images, wanted)
    rows = [row_of(outcome, wanted.min_confidence) for outcome in asked.outcomes]
    for place, fault in upload.faults.items():
        rows[place] = {"error": fault.row()}
    if asked.choices is None:
        return as_json({"readings": rows, "model": asked.label(0)} | _times(asked, began))
    rows = [row | {"model": asked.label(place)} for place, row in enumerate(rows)]
    return as_json({"readings": rows} | _times(asked, began))


@router.get("/v1/models", summary="The models that can be asked for", openapi_extra=MODELS)
async def models(request: Request) -> Response:
    """Those that are served, and the files that were refused, with the reason."""
    return listing(request.app.state.shelf)


@router.get("/healthz", summary="Whether the process is alive", openapi_extra=HEALTH)
async def healthz() -> Response:
    """Always ``ok``."""
    return as_json({"status": "ok"})


@router.get("/readyz", summary="Whether readings can be asked for", openapi_extra=HEALTH)
async def readyz(request: Request) -> Response:
    """503 while no model is loaded, or the queue is full."""
    state = request.app.state
    if not len(state.shelf):
        raise Problem(503, "no-model", "no model is loaded", {"Retry-After": "1"})
    if state.engine.full:
        raise state.engine.busy()
    return as_json({"status": "ready", "models": len(state.shelf)})


@router.get("/metrics", summary="Figures for Prometheus", openapi_extra=METRICS)
async def metrics(request: Request) -> Response:
    """Of all worker processes together."""
    body, kind = measures.exposition()
    return Response(body, media_type=kind)


async def _upload(request: Request, limit: int, most: int) -> Upload:
    """The pictures, and the parameters of address and body together."""
    upload = await read_upload(request, limit, ("file",), most)
    if request.scope["query_string"]:
        upload.parameters = merged(request.query_params.multi_items(), upload.parameters)
    return upload


def _times(asked: Asked, began: float) -> dict[str, float]:
    """How long an answer took."""
    return {
        "milliseconds": round(1000 * (monotonic() - began), 3),
        "queue_milliseconds": round(1000 * asked.queue_seconds, 3),
    }
