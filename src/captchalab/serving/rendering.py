"""Templates -> pages in the language that a browser wants, and the files that go with them."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from captchalab import __version__
from captchalab.measuring.report import environments
from captchalab.serving.texts import LANGUAGES, Words, language_of

ASSETS = {
    "pages.css": "text/css",
    "try.js": "text/javascript",
    "run.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files that pages name, with their types."""

YEAR = 365 * 24 * 3600
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie"}


def render(
    request: Request, template: str, *, headers: dict[str, str] | None = None, **values: Any
) -> Response:
    """A page in the language that the browser wants."""
    words = words_of(request)
    page = _environment().get_template(template)
    text = page.render(
        t=words,
        languages=LANGUAGES,
        path=request.url.path,
        static={name: f"/static/{name}?{asset(name)[1]}" for name in ASSETS},
        version=__version__,
        **values,
    )
    language = {"Content-Language": words.html_language}
    response = HTMLResponse(text, headers=_HEADERS | (headers or {}) | language)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie("lang", words.language, max_age=YEAR, httponly=True, samesite="lax")
    return response


def words_of(request: Request) -> Words:
    """The texts in the language that the address, a cookie or the browser asks for."""
    accepted = request.headers.get("accept-language", "")
    return Words(language_of(request.query_params, request.cookies, accepted))


@cache
def asset(name: str) -> tuple[bytes, str]:
    """The bytes of one of ``ASSETS``, and their hash."""
    data = (resources.files("captchalab.serving") / "static" / name).read_bytes()
    return data, sha256(data).hexdigest()[:12]


@cache
def _environment() -> Any:
    return environments("captchalab.serving")[0]
