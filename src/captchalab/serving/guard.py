"""What every request passes (host, key, rate), and every answer bears (an id, security headers)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import Message, Receive, Scope, Send

from captchalab.errors import CaptchalabError
from captchalab.serving.engine import Engine
from captchalab.serving.keys import Key, Keyring
from captchalab.serving.problems import FAULT, Problem, answer, problem_of
from captchalab.serving.rates import Rates
from captchalab.serving.settings import Settings
from captchalab.serving.telling import Teller

Endpoint = Callable[[Request], Awaitable[Response]]

OPEN = ("/healthz", "/readyz")
"""Paths that need no key, nor a host name: health checks ask for an address."""
WRONG_KEYS_PER_MINUTE = 30
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_log = logging.getLogger("captchalab.serving")


class Guard:
    """Around the whole application.

    The ``reading`` endpoints, by path, are called from here: the framework's middleware, routing and
    dependencies would do nothing for them, and cost a good part of a reading. While the queue is full they
    are refused before their body is read.
    """

    def __init__(
        self, app: FastAPI, reading: Mapping[str, Endpoint], settings: Settings, rates: Rates | None
    ) -> None:
        self.app, self.reading, self.settings, self.rates = app, reading, settings, rates
        self.keyring: Keyring = app.state.keyring
        self.engine: Engine = app.state.engine
        self._teller = Teller(settings.log_requests)
        self._process, self._numbers = secrets.token_hex(4), count()
        self._wrong_keys = Rates(WRONG_KEYS_PER_MINUTE, None)
        self._verifying = asyncio.Semaphore(1)  # wrong keys shall not take every core
        self._hosts = allowed_hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its header to the end of its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        request_id = f"{self._process}{next(self._numbers) & 0xFFFFFFFF:08x}"
        method = scope["method"]
        if method == "HEAD":  # a GET whose body the HTTP server leaves out
            scope["method"] = "GET"
        state = scope.setdefault("state", {})
        state.update(request_id=request_id, client="", key=None, held=0)
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id.encode()), *_HEADERS]
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        try:
            await self._admit(scope, dict(scope["headers"]), state)
            endpoint = self.reading.get(scope["path"]) if scope["method"] == "POST" else None
            if endpoint is None:
                await self.app(scope, receive, send_guarded)
            else:
                scope["app"] = self.app
                response = await endpoint(Request(scope, receive))
                await response(scope, receive, send_guarded)
        # No other name may hold these: their traceback would hold the request in a circle, and while somebody
        # holds it, granian keeps the connection of a body that was not read to its end.
        except Problem as problem:
            await answer(problem, request_id)(scope, receive, send_guarded)
        except CaptchalabError as error:
            await answer(problem_of(error), request_id)(scope, receive, send_guarded)
        except Exception:  # whatever it is, the client gets an answer and the log the traceback
            _log.exception("fault", extra={"request_id": request_id})
            if not status:
                fault = Problem(500, "fault", FAULT)
                await answer(fault, request_id)(scope, receive, send_guarded)
        finally:
            self.app.state.budget.release(state)
            scope["method"] = method
            self._teller.tell(scope, self._route(scope), status, perf_counter() - began)

    async def _admit(self, scope: Scope, headers: Mapping[bytes, bytes], state: dict[str, Any]) -> None:
        """Raises ``Problem`` for a request that may not go on."""
        path: str = scope["path"]
        if path in OPEN:
            return
        if self._hosts and _host(headers) not in self._hosts:
            raise Problem(421, "wrong-host", "this server does not answer for that host name")
        if scope["method"] not in ("GET", "HEAD") and headers.get(b"sec-fetch-site") == b"cross-site":
            raise Problem(403, "cross-site", "pages of other sites may not use this server")
        address = scope["client"][0] if scope.get("client") else ""
        key = await self._key(headers, address)
        if self.keyring.required:
            scope_needed = "metrics" if path == "/metrics" else "read"
            if key is None or not key.may(scope_needed):
                raise _refused(key, scope_needed, headers)
        state["key"], state["client"] = key, key.name if key else address
        if self.rates is not None and path != "/metrics":
            wait = self.rates.wait(key.name if key else address)
            if wait:
                limit = self.settings.rate_per_minute
                detail = f"more than {limit} requests a minute; come again in {wait} s"
                raise Problem(429, "too-many-requests", detail, {"Retry-After": str(wait)})
        if path in self.reading and self.engine.full:
            raise self.engine.busy()

    async def _key(self, headers: Mapping[bytes, bytes], address: str) -> Key | None:
        if not self.keyring.required:
            return None
        token = token_of(headers)
        if not token:
            return None
        key = self.keyring.known(token)
        if key is not None:
            return key
        async with self._verifying:
            if wait := self._wrong_keys.wait(address, count=False):
                detail = "too many wrong keys were tried from there"
                raise Problem(429, "too-many-wrong-keys", detail, {"Retry-After": str(wait)})
            key = self.keyring.known(token) or await asyncio.to_thread(self.keyring.verify, token)
            if key is None:
                self._wrong_keys.wait(address)
            return key

    def _route(self, scope: Scope) -> str:
        """The endpoint that a request was for; paths of clients are any number."""
        path: str = scope["path"]
        return path if path in self.reading else getattr(scope.get("route"), "path", "other")


def need_admin(request: Request) -> None:
    """Raises ``Problem`` 403 unless the request bears a key that may do everything."""
    key: Key | None = request.scope["state"]["key"]
    if key is None or not key.may("admin"):
        raise Problem(403, "not-allowed", "that needs an API key of scope admin (start the server with one)")


def token_of(headers: Mapping[bytes, bytes]) -> str:
    """The key of a request: ``X-API-Key``, a bearer token, or the password of basic authentication."""
    given = headers.get(b"x-api-key")
    if given is None:
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                return ""
        elif scheme.lower() != b"bearer":
            return ""
    token = given.strip()
    return token.decode() if token.isascii() and len(token) <= 512 else ""


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Names in the header Host that are answered; empty: any. On loopback this stops DNS rebinding."""
    if settings.allowed_hosts:
        return frozenset({*LOOPBACK_NAMES, *(name.lower() for name in settings.allowed_hosts)})
    return frozenset({*LOOPBACK_NAMES, settings.host.lower()}) if is_loopback(settings.host) else frozenset()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host(headers: Mapping[bytes, bytes]) -> str:
    host = headers.get(b"host", b"localhost").decode("latin-1").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _refused(key: Key | None, scope: str, headers: Mapping[bytes, bytes]) -> Problem:
    if key is not None:
        return Problem(403, "not-allowed", f"the API key may not do that; it lacks the scope {scope}")
    # A browser asks its user for a password only where it is challenged so: any name, the key as password.
    scheme = "Basic" if b"text/html" in headers.get(b"accept", b"") else "Bearer"
    detail = "send an API key: Authorization: Bearer KEY, or X-API-Key: KEY"
    return Problem(401, "key-needed", detail, {"WWW-Authenticate": f'{scheme} realm="captchalab"'})
