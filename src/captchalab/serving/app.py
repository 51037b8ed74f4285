"""The application of one worker process."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from captchalab import __version__
from captchalab.errors import UsageError
from captchalab.serving import admin_api, compat, measures, pages, practice, problems, read_api, steps_api
from captchalab.serving.body import Budget
from captchalab.serving.engine import Engine
from captchalab.serving.guard import Endpoint, Guard
from captchalab.serving.keys import Key, Keyring, key_of_secret, read_keys
from captchalab.serving.models import Shelf
from captchalab.serving.rates import Rates
from captchalab.serving.schema import PROBLEMS, SECURITY
from captchalab.serving.settings import Settings
from captchalab.serving.uploads import Uploads

RATES_FILE = "rates.sqlite"
READING: dict[str, Endpoint] = {
    "/v1/read": read_api.read,
    "/v1/read/batch": read_api.read_batch,
    "/b": compat.b,
    "/ocr": compat.ocr,
    **dict.fromkeys(compat.BY_PATH, compat.ocr_by_path),
}
"""Endpoints that read pictures: in front of the framework, which only describes them."""
_log = logging.getLogger("captchalab.serving")


@dataclass(frozen=True)
class Shared:
    """What the worker processes have in common: a ``folder`` that dies with the server, and a secret."""

    folder: Path | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))


def make_app(settings: Settings, shared: Shared | None = None) -> Guard:
    """The application. Raises ``UsageError`` for models or keys that are not there."""
    shared = shared or Shared()
    engine = Engine(
        threads=settings.threads,
        queue=settings.queue_pictures,
        micro_batch=settings.micro_batch,
        seconds=settings.deadline_seconds,
    )
    shelf = Shelf(settings.models, settings.image_limits, settings.max_models)
    app = _Described(
        title="captchalab",
        version=__version__,
        lifespan=_lifespan,
        responses=PROBLEMS,
        docs_url=None,
        redoc_url=None,
    )
    state = app.state
    state.settings, state.engine, state.shelf = settings, engine, shelf
    state.budget = Budget(settings.held_bytes)
    state.uploads = Uploads(settings.uploads, settings.max_uploads)
    state.practice_secret, state.drawing = shared.secret, asyncio.Semaphore(1)
    rates = None
    if settings.rate_per_minute:
        rates = Rates(settings.rate_per_minute, shared.folder / RATES_FILE if shared.folder else None)
    wanted = settings.keys_file is not None or settings.api_key is not None
    state.keyring = Keyring(keys_of(settings), required=wanted)
    problems.install(app)
    for router in (read_api.router, steps_api.router, admin_api.router, compat.router, pages.router):
        app.include_router(router)
    if settings.practice:
        app.include_router(practice.router)
    return Guard(app, READING, settings, rates)


class _Described(FastAPI):
    """Whose description says how a key is sent, where one is wanted."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        if self.state.keyring.required:
            described.setdefault("components", {})["securitySchemes"] = SECURITY
            described["security"] = [{name: []} for name in SECURITY]
        return described


def keys_of(settings: Settings) -> list[Key]:
    """Every key that is valid."""
    keys = read_keys(settings.keys_file) if settings.keys_file else []
    if settings.api_key is not None:
        keys.append(key_of_secret(settings.api_key.get_secret_value()))
    return keys


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    await asyncio.to_thread(app.state.shelf.look, at_once=True)
    gc.collect()
    gc.freeze()  # what was imported stays; looking through it again and again would hold up requests
    watching = asyncio.create_task(_watch(app))
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    app.state.engine.close()
    measures.forget_process(os.getpid())


async def _watch(app: FastAPI) -> None:
    """Follows the folders of models and the file of keys, and tells how much waits."""
    shelf, seconds = app.state.shelf, app.state.settings.look_seconds
    changed = _changed(app.state.settings.keys_file)
    while True:
        measures.models.set(len(shelf))
        measures.waiting.set(app.state.engine.waiting)
        await asyncio.sleep(seconds)
        await shelf.follow()
        if (now := _changed(app.state.settings.keys_file)) != changed:
            changed = now
            try:
                app.state.keyring.replace(await asyncio.to_thread(keys_of, app.state.settings))
                _log.info("keys read again")
            except UsageError as error:  # the old ones stay valid
                _log.warning("keys not read", extra={"reason": str(error)})


def _changed(file: Path | None) -> int | None:
    """When a file was last changed; ``None`` where there is none."""
    try:
        return file.stat().st_mtime_ns if file else None
    except OSError:
        return None
