"""The API: readings, models, health."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from captchalab.errors import CaptchalabError
from captchalab.reading.reader import Reading
from captchalab.serving.body import parse, read_body
from captchalab.serving.models import Served
from captchalab.serving.parameters import parameters_of
from captchalab.serving.problems import Problem, problem_of

router = APIRouter()


@router.post("/v1/read")
async def read(request: Request) -> Response:
    """Reads one picture."""
    began = monotonic()
    settings = request.app.state.settings
    body = await read_body(request, settings.max_body_bytes, settings.body_seconds)
    upload = parse(request.headers.get("content-type", ""), body, ("file",), 1)
    if not upload.images:
        raise Problem(422, "no-picture", "there is no picture in the request: the form's field is 'file'")
    wanted = parameters_of({**request.query_params, **upload.parameters})
    served = request.app.state.shelf.find(wanted.model)
    outcomes, work = await request.app.state.engine.read(
        served.reader, upload.images, wanted.options, settings.deadline_seconds
    )
    if isinstance(outcomes[0], CaptchalabError):
        raise problem_of(outcomes[0])
    row = row_of(outcomes[0], wanted.min_confidence)
    row["model"] = model_of(served)
    row["milliseconds"] = round(1000 * (monotonic() - began), 3)
    row["queue_milliseconds"] = round(1000 * (work.began - work.queued), 3)
    return as_json(row)


@router.get("/v1/models")
async def models(request: Request) -> Response:
    """The models that can be asked for."""
    return as_json({"models": request.app.state.shelf.rows()})


@router.get("/healthz")
async def healthz() -> Response:
    """The process is alive."""
    return as_json({"status": "ok"})


def as_json(value: Any) -> Response:
    """A JSON response."""
    return Response(json.dumps(value, ensure_ascii=False).encode(), media_type="application/json")


def model_of(served: Served) -> dict[str, str]:
    """How an answer names its model."""
    return {"name": served.name, "sha256": served.reader.sha256}


def row_of(reading: Reading, least: float) -> dict[str, Any]:
    """A reading as JSON; one less sure than ``least`` bears an error."""
    row: dict[str, Any] = {
        "text": reading.text,
        "confidence": reading.confidence,
        "characters": [
            {
                "character": span.character,
                "confidence": span.confidence,
                "left": span.left,
                "right": span.right,
            }
            for span in reading.characters
        ],
    }
    if reading.answer is not None:
        row["answer"] = reading.answer
    if reading.error is not None:
        row["error"] = Problem(422, "no-arithmetic", reading.error).row()
    elif reading.confidence < least:
        detail = f"the confidence {reading.confidence:.3f} is below {least:g}"
        row["error"] = Problem(422, "too-unsure", detail).row()
    return row
