"""The processes that serve the application."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from captchalab.errors import UsageError
from captchalab.serving.app import Shared, keys_of, make_app
from captchalab.serving.guard import is_loopback
from captchalab.serving.logs import configuration
from captchalab.serving.measures import SHARED, forget_process
from captchalab.serving.models import Shelf
from captchalab.serving.settings import Settings
from captchalab.serving.uploads import Uploads

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that stand for all, and one of theirs that can be asked."""
ANSWER_SECONDS = 5.0


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; running requests are answered first.

    Raises ``UsageError`` where the port cannot be had, a model, key or folder is not there, or the address
    is wider than loopback without a key.
    """
    if not keys_of(settings) and not is_loopback(settings.host):
        raise UsageError(
            f"refusing to listen on {settings.host} without an API key: anybody could use it; "
            "give --api-key or CAPTCHALAB_KEYS_FILE, or stay on 127.0.0.1"
        )
    Shelf(settings.models, settings.image_limits, settings.max_models).check()
    Uploads(settings.uploads, settings.max_uploads)
    if settings.runs is not None and not settings.runs.is_dir():
        raise UsageError(
            f"no folder of runs {str(settings.runs)!r}: name the one that `train --out` writes in"
        )
    # A forked worker would inherit locks of threads that it does not have.
    multiprocessing.set_start_method("spawn", force=True)
    with _bound(settings) as held, tempfile.TemporaryDirectory(prefix="captchalab-") as folder:
        settings = settings.model_copy(update={"port": held.getsockname()[1]})
        os.environ[SHARED] = folder
        _run(settings, Shared(Path(folder)))


def _run(settings: Settings, shared: Shared) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.mp import MPServer

    class Workers(MPServer):
        """Granian's, whose dead workers leave no figures behind."""

        def _respawn_workers(self, workers: list[int], *arguments: Any, **options: Any) -> None:
            for index in workers:
                forget_process(self.wrks[index].inner.pid)
            super()._respawn_workers(workers, *arguments, **options)

    server = Workers(
        "captchalab",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,  # while it waits to tell the versions apart, nothing times a silent client out
        workers=settings.workers,
        websockets=False,
        backpressure=settings.connections,
        workers_kill_timeout=settings.drain_seconds,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        log_dictconfig=configuration(),
        http1_settings=HTTP1Settings(header_read_timeout=int(1000 * settings.header_seconds)),
    )
    threading.Thread(target=_announce, args=(settings.host, settings.port), daemon=True).start()
    server.serve(_work, partial(make_app, settings, shared), wrap_loader=False)


def _announce(host: str, port: int) -> None:
    """Prints the address as soon as there is an answer from it, whichever one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as line:
                line.settimeout(ANSWER_SECONDS)
                line.connect((EVERYWHERE.get(host, host), port))
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if line.recv(16):
                    break
        except OSError:
            time.sleep(0.02)
    print(f"http://{_in_url(host)}:{port}", flush=True)


def _work(*arguments: Any) -> None:
    """A worker process, from its start to its end.

    Ends without Python's own shutdown: granian's threads that wait for the interpreter while it goes
    away end the process with a panic (seen with 2.8.7 on Python 3.11). All requests are answered by then.
    """
    from granian.server.mp import MPServer

    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    MPServer._spawn_asgi_lifespan_worker(*arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_with_parent() -> None:
    """A worker whose parent was killed would go on listening, and be nobody's."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bound(settings: Settings) -> socket.socket:
    """Holds the port, so that it stays ours until the workers, which share it, have bound it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    place = (settings.host, settings.port)
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # Sharing would also let us sit beside a stranger's server; alone, the port must be free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
        if hasattr(socket, "SO_REUSEPORT"):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(place)
    except OSError as error:
        held.close()
        raise UsageError(f"cannot listen on {settings.host}:{settings.port} ({error.strerror})") from None
    return held
