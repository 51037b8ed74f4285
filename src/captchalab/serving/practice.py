"""A captcha of our own to practise on: drawn here, answered here. No other site is involved."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from functools import lru_cache
from time import time

from fastapi import APIRouter, Request
from fastapi.responses import Response

from captchalab.errors import CaptchalabError, MissingExtra
from captchalab.samples.sample import Source
from captchalab.serving.answers import as_json
from captchalab.serving.body import read_body
from captchalab.serving.problems import Problem
from captchalab.serving.schema import (
    LARGEST_PRACTICE,
    LONGEST_PRACTICE,
    PRACTICE,
    PRACTICE_ANSWER,
    SMALLEST_PRACTICE,
)

router = APIRouter(tags=["practice"])
SECONDS = 600
OPTIONS = ("scheme", "alphabet", "length", "width", "height")
_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif"}


@router.get("/practice/captcha", summary="A captcha to practise on", openapi_extra=PRACTICE)
@router.get("/captcha/", include_in_schema=False)
async def draw(request: Request) -> Response:
    """A drawn picture; the header ``X-Captcha-Token`` goes back with the answer."""
    given = dict(request.query_params)
    if unknown := given.keys() - set(OPTIONS):
        raise Problem(422, "wrong-parameter", f"{len(unknown)} unknown; there are: {', '.join(OPTIONS)}")
    for name, least, most in (
        ("width", SMALLEST_PRACTICE, LARGEST_PRACTICE),
        ("height", SMALLEST_PRACTICE, LARGEST_PRACTICE),
        ("length", 1, LONGEST_PRACTICE),
    ):
        number = given.get(name, str(least))
        if not (number.isascii() and number.isdecimal() and len(number) < 6 and least <= int(number) <= most):
            raise Problem(422, "wrong-parameter", f"{name} is a number from {least} to {most}")
    async with request.app.state.drawing:
        picture, kind, text = await asyncio.to_thread(_drawn, tuple(sorted(given.items())))
    token = _token(request.app.state.practice_secret, text, int(time()) + SECONDS)
    return Response(picture, media_type=kind, headers={"X-Captcha-Token": token})


@router.post("/practice/captcha", summary="Check an answer", openapi_extra=PRACTICE_ANSWER)
@router.post("/captcha/", include_in_schema=False)
async def check(request: Request) -> Response:
    """JSON ``{"token", "answer"}``: whether it was right, case ignored."""
    body = await read_body(request, 4096, request.app.state.settings.body_seconds)
    try:
        given = json.loads(body)
        token, answer = given["token"], given["answer"]
        seal, salt, until = token.split(".")
        late = int(until) < time()
        expected = _seal(request.app.state.practice_secret, answer, salt, int(until))
        right = hmac.compare_digest(seal.encode(), expected.encode())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Problem(422, "malformed-body", 'send {"token": of the picture, "answer": text}') from None
    if late:
        raise Problem(422, "late", f"a captcha is good for {SECONDS} seconds; take another one")
    return as_json({"right": right})


@lru_cache(16)
def _source(options: tuple[tuple[str, str], ...]) -> Source:
    from captchalab.sources import open_source
    from captchalab.synth.schemes import SCHEMES

    given = dict(options)
    name = given.pop("scheme", "lepture")
    if name not in SCHEMES:
        raise Problem(422, "wrong-parameter", f"no such scheme; there are: {', '.join(sorted(SCHEMES))}")
    return open_source(
        f"scheme:{name}",
        alphabet=given.get("alphabet"),
        length=given.get("length"),
        width=int(given["width"]) if "width" in given else None,
        height=int(given["height"]) if "height" in given else None,
    )


def _drawn(options: tuple[tuple[str, str], ...]) -> tuple[bytes, str, str]:
    """Bytes, content type and text of a picture that nobody has seen."""
    from captchalab.synth.encode import encode

    try:
        source = _source(options)
        made = encode(source, secrets.randbelow(2**40))
    except MissingExtra as error:
        raise Problem(503, "no-drawing", str(error), {"Retry-After": "3600"}) from None
    except CaptchalabError:  # its message would quote what was sent
        detail = "the scheme cannot be drawn with this alphabet, length, width and height: leave some out"
        raise Problem(422, "wrong-parameter", detail) from None
    return made.data, _KINDS[made.suffix], made.text


def _token(secret: bytes, text: str, until: int) -> str:
    salt = secrets.token_urlsafe(12)
    return f"{_seal(secret, text, salt, until)}.{salt}.{until}"


def _seal(secret: bytes, text: str, salt: str, until: int) -> str:
    """Names the text to nobody, and needs no memory: any worker process can check it."""
    folded = "".join(text.split()).casefold()
    return hmac.digest(secret, f"{salt}.{until}.{folded}".encode(), "sha256").hex()
