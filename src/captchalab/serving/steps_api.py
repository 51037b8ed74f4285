"""`POST /v1/steps`: what the network sees at each step of a picture, which explains its reading."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from captchalab.measuring.inside import Inside, look_inside, shown_rows
from captchalab.reading.alphabet import BLANK
from captchalab.serving.answers import as_json
from captchalab.serving.body import parse, read_body
from captchalab.serving.models import AUTO
from captchalab.serving.parameters import merged, parameters_of, wrong
from captchalab.serving.problems import Problem
from captchalab.serving.schema import STEPS, problem_responses

router = APIRouter()

MOST_WAITING = 4
"""Requests that wait for their turn; it is people who look at steps, one picture at a time."""


@router.post(
    "/v1/steps",
    summary="How a reading comes about",
    responses=problem_responses(404, 408, 413, 415, 422, 429, 503, 504),
    openapi_extra=STEPS,
)
async def steps(request: Request) -> Response:
    """The likeliest characters at each step from left to right, before any constraint. Takes what
    ``/v1/read`` takes, but for ``model=auto``."""
    settings, engine = request.app.state.settings, request.app.state.engine
    body = await read_body(request, settings.max_body_bytes, settings.body_seconds)
    upload = parse(request.headers.get("content-type", ""), body, ("file",), 1)
    if not upload.images:
        raise Problem(422, "no-picture", "there is no picture in the request: the form's field is 'file'")
    wanted = parameters_of(merged(request.query_params.multi_items(), upload.parameters))
    if wanted.model == AUTO:
        raise wrong("steps are those of one model: name it")
    served = request.app.state.shelf.find(wanted.model)
    turn = _turn(request.app.state)
    if turn.statistics().tasks_waiting >= MOST_WAITING:
        raise engine.busy()
    try:
        async with asyncio.timeout(settings.deadline_seconds):
            inside = await to_thread.run_sync(
                look_inside, served.reader, upload.images[0], limiter=turn, abandon_on_cancel=True
            )
    except TimeoutError:
        raise Problem(504, "too-late", "the picture was not read in time") from None
    return as_json({**steps_of(inside), "model": served.label()})


def _turn(state: Any) -> CapacityLimiter:
    """One picture at a time, in each worker process."""
    if not hasattr(state, "steps_turn"):
        state.steps_turn = CapacityLimiter(1)
    turn: CapacityLimiter = state.steps_turn
    return turn


def steps_of(inside: Inside) -> dict[str, Any]:
    """``rows``: characters worth showing ("" is none) with their probability at each step; ``best``: the
    number of the likeliest row of each step, or null; ``covered``: the share of the steps under the picture.
    """
    labels = shown_rows(inside.scores)
    probabilities = np.exp(inside.scores).clip(0, 1)
    return {
        "decoder": inside.decoder,
        "covered": inside.covered,
        "rows": [
            {
                "character": "" if label == BLANK else inside.alphabet.characters[label - 1],
                "probabilities": [round(share, 4) for share in probabilities[:, label].tolist()],
            }
            for label in labels
        ],
        "best": [
            labels.index(label) if label in labels else None
            for label in inside.scores.argmax(axis=1).tolist()
        ],
    }
