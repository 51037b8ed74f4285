"""Errors over HTTP: ``application/problem+json`` (RFC 9457), with a request id, without a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from captchalab.errors import (
    ArithmeticTextError,
    CaptchalabError,
    ConstraintError,
    ImageError,
    TooManyBytes,
    UnsupportedImage,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "API key needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Body too slow",
    409: "Conflict",
    411: "Length required",
    413: "Body too large",
    415: "Not a picture that is read",
    421: "Wrong host",
    422: "Cannot be read",
    429: "Too many requests",
    499: "Client has gone",
    500: "Fault of the server",
    503: "Busy",
    504: "Too late",
}

FAULT = "a fault of the server; its log names it by the request_id"


class Problem(Exception):
    """What ends a request: a status, a name of the kind of problem, and one line that says what to do."""

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, dict(headers or {})

    def row(self) -> dict[str, Any]:
        """The members of RFC 9457; ``request_id`` is added by the answer it stands in."""
        return {
            "type": f"urn:captchalab:{self.kind}",
            "title": TITLES[self.status],
            "status": self.status,
            "detail": self.detail,
        }


def problem_of(error: CaptchalabError) -> Problem:
    """The problem that an error of a reader is to a client."""
    if isinstance(error, TooManyBytes):
        return Problem(413, "too-large", str(error))
    if isinstance(error, UnsupportedImage):
        return Problem(415, "unsupported-image", str(error))
    if isinstance(error, ImageError):
        kind = {"BrokenImage": "broken-image", "TooManyPixels": "too-many-pixels"}[type(error).__name__]
        return Problem(422, kind, str(error))
    if isinstance(error, ConstraintError | UsageError):
        return Problem(422, "wrong-parameter", str(error))
    if isinstance(error, ArithmeticTextError):
        return Problem(422, "no-arithmetic", str(error))
    return Problem(500, "fault", "the server could not read the picture")


def answer(problem: Problem, request_id: str) -> Response:
    """The problem as a response."""
    body = json.dumps({**problem.row(), "request_id": request_id}, ensure_ascii=False).encode()
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def request_id_of(request: Request) -> str:
    """The id that the guard gave the request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return answer(error, request_id_of(request))

    @app.exception_handler(CaptchalabError)
    async def _known(request: Request, error: CaptchalabError) -> Response:
        return answer(problem_of(error), request_id_of(request))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        # Pydantic's message echoes the input; the place of the fault is enough.
        places = sorted({".".join(str(part) for part in fault["loc"]) for fault in error.errors()})
        return answer(
            Problem(422, "wrong-parameter", f"wrong or missing: {', '.join(places)}"), request_id_of(request)
        )

    @app.exception_handler(Exception)
    async def _fault(request: Request, error: Exception) -> Response:
        # Starlette raises it again, and the guard logs it.
        return answer(Problem(500, "fault", FAULT), request_id_of(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        status = error.status_code if error.status_code in TITLES else 400
        detail = {404: "there is no such page; see /docs", 405: "this page does not take that method"}.get(
            status, TITLES[status]
        )
        return answer(Problem(status, "http", detail, error.headers), request_id_of(request))
