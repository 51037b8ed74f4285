"""A load test from its options to its result."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from captchalab.errors import UsageError
from captchalab.serving.loadtest.calls import Calls
from captchalab.serving.loadtest.client import Client
from captchalab.serving.loadtest.figures import figures_of
from captchalab.serving.loadtest.load import MOST_IN_FLIGHT, Stage, run_stage
from captchalab.serving.loadtest.pictures import Form, Pictures
from captchalab.serving.loadtest.watch import Moment, Watch

LOOK_EVERY = 1.0
_MOST_LOOKS = 200
"""Looks at the server in a long stage: more would only make its table long."""


@dataclass(frozen=True, slots=True)
class Done:
    """A stage, the calls it made, the server during it, and what is reported of it."""

    stage: Stage
    calls: Calls
    moments: Sequence[Moment]
    figures: dict[str, Any]


async def run_stages(
    url: str,
    pictures: Pictures,
    stages: Sequence[Stage],
    *,
    form: Form = "raw",
    batch: int = 1,
    model: str | None = None,
    api_key: str | None = None,
    timeout: float = 10.0,
    on_done: Callable[[Done], None] = lambda _done: None,
) -> list[Done]:
    """Put the loads on the server at ``url``, one after the other. Raises ``UsageError`` if nobody answers.

    ``model`` is the server's name for the model to read with; ``None`` finds one whose readings
    ``pictures`` knows.
    """
    _let_open_files()
    watch = Watch(_port(url) if is_loopback(_host(url)) else None)
    if pictures.expected and model is None:
        async with open_session(api_key, timeout) as session:
            model = await name_of(session, url, list(pictures.expected))
    done = []
    for stage in stages:
        # Connections that one stage leaves open would count as the server's open files in the next.
        async with open_session(api_key, timeout) as session:
            await _connect(session, url, stage.connections)
            client = Client(session, url, pictures, form=form, batch=batch, model=model)
            done.append(await _watched(client, stage, watch))
        on_done(done[-1])
    return done


async def _connect(session: aiohttp.ClientSession, url: str, count: int) -> None:
    """Open so many connections, by as many requests at once; how they are answered does not matter."""

    async def ask() -> None:
        async with session.get(f"{url}/healthz", allow_redirects=False) as response:
            await response.read()

    await asyncio.gather(*[ask() for _ in range(count)], return_exceptions=True)


async def _watched(client: Client, stage: Stage, watch: Watch) -> Done:
    seen = len(watch.moments)
    loop = asyncio.get_running_loop()
    looking: asyncio.Task[None] | None = None

    def begin() -> None:
        nonlocal looking
        every = max(LOOK_EVERY, stage.seconds / _MOST_LOOKS)
        looking = asyncio.create_task(watch.look_every(every))

    loop.call_later(stage.warm_up, begin)
    calls = await run_stage(client, stage)
    if looking is not None:
        looking.cancel()
        watch.look()
    moments = watch.moments[seen:]
    return Done(stage, calls, moments, figures_of(stage, calls, moments, client.batch))


def open_session(api_key: str | None, timeout: float) -> aiohttp.ClientSession:
    """Connections without limit or proxy; ``timeout`` seconds for a whole call."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=timeout),
        headers={"Authorization": f"Bearer {api_key}"} if api_key else None,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


async def name_of(session: aiohttp.ClientSession, url: str, hashes: Sequence[str]) -> str | None:
    """The server's name for a model with one of these hashes; ``None`` if it lists no models.

    Raises ``UsageError`` where nobody answers, a key is asked for, or the server has other models only.
    """
    try:
        async with session.get(f"{url}/v1/models", allow_redirects=False) as response:
            if response.status in (401, 403):
                raise UsageError("the server asks for an API key: give --api-key, or set CAPTCHALAB_API_KEY")
            rows = json.loads(await response.read())["models"] if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError) as error:
        raise UsageError(f"no answer from {url} ({type(error).__name__}); is the server running?") from None
    except (ValueError, KeyError, TypeError):
        rows = None
    if rows is None:
        return None
    for row in rows:
        if row["sha256"] in hashes:
            return f"{row['name']}@{row['version']}" if row.get("version") else str(row["name"])
    names = ", ".join(str(row["name"]) for row in rows)
    raise UsageError(
        f"the server has no model with the hash {hashes[0][:12]}… to compare answers with (it has: {names}); "
        "name the file of one of them by --model, or do not compare: --no-check"
    )


def check_url(text: str, *, remote: bool = False) -> str:
    """The server's address without a slash at its end. Raises ``UsageError`` for what is no such address, or
    leads to another machine where ``remote`` is not allowed."""
    parts = urlsplit(text)
    with suppress(ValueError):
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.query:
            if not remote and not is_loopback(parts.hostname):
                raise UsageError(
                    f"{parts.hostname} is another machine; with the consent of its owner, say --allow-remote "
                    "(without it, this is an attack)"
                )
            return text.rstrip("/")
    raise UsageError(f"{text!r} is no address of a server; it looks like http://127.0.0.1:8000")


def is_loopback(host: str) -> bool:
    """Whether all addresses of ``host`` are this machine's own. Raises ``UsageError`` if it has none."""
    try:
        found = {row[4][0] for row in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise UsageError(f"cannot find {host} ({error.strerror})") from None
    return all(ipaddress.ip_address(str(address)).is_loopback for address in found)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _let_open_files() -> None:
    """Every waiting call holds a connection, more than most systems allow a process at first."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    low, high = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_IN_FLIGHT + 200
    if low != resource.RLIM_INFINITY and low < wanted:
        most = wanted if high == resource.RLIM_INFINITY else min(wanted, high)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, high))
