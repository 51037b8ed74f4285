"""The application, and the server that runs it."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from captchalab import __version__
from captchalab.errors import UsageError
from captchalab.serving import problems, read_api
from captchalab.serving.engine import Engine
from captchalab.serving.models import Shelf
from captchalab.serving.settings import Settings


def make_app(settings: Settings) -> FastAPI:
    """The application of one worker process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.engine.close()

    app = FastAPI(title="captchalab", version=__version__, lifespan=lifespan)
    app.state.settings = settings
    app.state.shelf = Shelf(settings.models, settings.image_limits)
    app.state.engine = Engine(
        threads=settings.threads, queue=settings.queue_pictures, micro_batch=settings.micro_batch
    )
    problems.install(app)
    app.include_router(read_api.router)
    return app


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises ``UsageError`` where the port cannot be had."""
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    multiprocessing.set_start_method("spawn", force=True)
    with _bound(settings) as held:
        settings = settings.model_copy(update={"port": held.getsockname()[1]})
        server = Server(
            "captchalab",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            workers=settings.workers,
            websockets=False,
            log_level=LogLevels.warning,
            http1_settings=HTTP1Settings(header_read_timeout=int(1000 * settings.header_seconds)),
        )
        server.on_startup(partial(print, f"http://{_in_url(settings.host)}:{settings.port}", flush=True))
        server.serve(target_loader=partial(make_app, settings), wrap_loader=False)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bound(settings: Settings) -> socket.socket:
    """Holds the port, so that it stays ours until the workers, which share it, have bound it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEPORT"):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((settings.host, settings.port))
    except OSError as error:
        held.close()
        raise UsageError(f"cannot listen on {settings.host}:{settings.port} ({error.strerror})") from None
    return held
