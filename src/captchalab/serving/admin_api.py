"""Changing the models over HTTP, with a key of scope admin. The folder stays the truth."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from captchalab.errors import CaptchalabError, UsageError
from captchalab.files import write_atomic
from captchalab.reading.modelfile import open_sealed
from captchalab.reading.reader import Reader
from captchalab.serving.answers import as_json
from captchalab.serving.body import read_body
from captchalab.serving.guard import need_admin
from captchalab.serving.models import AUTO, Shelf
from captchalab.serving.places import NAME, SUFFIX
from captchalab.serving.problems import Problem
from captchalab.serving.schema import MODEL_FILE, MODELS, problem_responses

router = APIRouter(tags=["admin"])
_CONFLICT = problem_responses(409)


@router.post("/v1/models/reload", summary="Look at the folders of models now", openapi_extra=MODELS)
async def reload(request: Request) -> Response:
    """The models that are served then, and those that are refused. Other workers look within seconds."""
    need_admin(request)
    await _look(request.app.state.shelf)
    return listing(request.app.state.shelf)


@router.put(
    "/v1/models/{name}", summary="Add or replace a model", responses=_CONFLICT, openapi_extra=MODEL_FILE
)
async def put(request: Request, name: str) -> Response:
    """The body is a model file. One that cannot be trusted is refused, and nothing changes; so is one for
    which there is no room, or whose name is that of a model from elsewhere."""
    need_admin(request)
    file = _file(request, name)
    settings = request.app.state.settings
    # A refusal before the body has come would break many clients' sending, and they would not see the reason.
    data = await read_body(request, settings.max_model_bytes, settings.body_seconds)
    if reason := request.app.state.shelf.no_room(name, file):
        raise Problem(409, "no-room", reason)
    try:
        await asyncio.to_thread(lambda: Reader(data, open_sealed(data)))
    except CaptchalabError as error:
        raise Problem(422, "refused-model", str(error)) from None
    try:
        await asyncio.to_thread(write_atomic, file, data, mode=0o644)
    except UsageError:
        raise _unwritable() from None
    await _look(request.app.state.shelf)
    return listing(request.app.state.shelf)


@router.delete("/v1/models/{name}", summary="Remove a model", responses=_CONFLICT, openapi_extra=MODELS)
async def delete(request: Request, name: str) -> Response:
    """Requests that are being read with it are read to their end."""
    need_admin(request)
    file = _file(request, name)
    try:
        file.unlink()
    except FileNotFoundError:
        raise Problem(404, "unknown-model", "there is no such file in the folder of models") from None
    except OSError:
        raise _unwritable() from None
    await _look(request.app.state.shelf)
    return listing(request.app.state.shelf)


def listing(shelf: Shelf) -> Response:
    """What ``GET /v1/models`` answers."""
    refused = [{"name": name, "reason": reason} for name, reason in shelf.refused.items()]
    return as_json({"models": shelf.rows(), "refused": refused})


async def _look(shelf: Shelf) -> None:
    await asyncio.to_thread(shelf.look, at_once=True)


def _unwritable() -> Problem:
    detail = (
        "the server cannot change that in its folder of models (read-only, full, or no file of that name)"
    )
    return Problem(409, "folder-unwritable", detail)


def _file(request: Request, identity: str) -> Path:
    name, _, version = identity.partition("@")
    if name == AUTO or not NAME.fullmatch(name) or not NAME.fullmatch(version or "1") or name.startswith("."):
        raise Problem(
            422, "wrong-parameter", "a model is called NAME or NAME@VERSION: letters, digits, . + - _"
        )
    folders = [Path(named) for named in request.app.state.shelf.named if Path(named).is_dir()]
    if not folders:
        raise Problem(422, "no-folder", "the server was started without a folder of models")
    return folders[0] / f"{identity}{SUFFIX}"
