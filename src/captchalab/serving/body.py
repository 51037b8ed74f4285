"""What came with a request: its body, in the three forms that are taken, and its parameters."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from captchalab.serving.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FIELDS = 32
"""Fields of a form beside its pictures."""
LONG_BODY = 256 * 1024
"""Bytes from which a body is taken apart in a thread, so that others need not wait."""


@dataclass(slots=True)
class Upload:
    """Pictures, and parameters by name (texts; from JSON also numbers and truth values).

    ``faults`` says, by place, why a picture of several did not come out of the JSON: b"" stands for it.
    """

    images: list[bytes] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    faults: dict[int, Problem] = field(default_factory=dict)


class Budget:
    """Bytes of bodies that a worker process holds at a time, so that slow uploads cannot fill its memory."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    def take(self, state: dict[str, Any], size: int) -> None:
        """Counts ``size`` bytes of a request. Raises ``Problem`` 503 where all are in use."""
        if self.held + size > self.most:
            raise Problem(
                503, "busy", "the server holds as many bytes as it may; try again", {"Retry-After": "1"}
            )
        self.held += size
        state["held"] += size

    def release(self, state: dict[str, Any]) -> None:
        """The request has been answered."""
        self.held -= state["held"]
        state["held"] = 0


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body. Raises ``Problem`` 413 above ``limit`` bytes, 408 after ``seconds``, 503 if full."""
    budget, state = request.app.state.budget, request.scope["state"]
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    total = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Problem(499, "client-gone", "the client has gone")
                part = message.get("body", b"")
                total += len(part)
                if total > limit:
                    raise _too_large(limit)
                budget.take(state, len(part))
                parts.append(part)
                if not message.get("more_body"):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise Problem(
            408, "slow-body", f"the body did not arrive within {seconds:g} seconds", {"Connection": "close"}
        ) from None


def _too_large(limit: int) -> Problem:
    return Problem(
        413, "too-large", f"the body is longer than the limit of {limit} bytes", {"Connection": "close"}
    )


async def read_upload(request: Request, limit: int, fields: tuple[str, ...], most: int) -> Upload:
    """The pictures and parameters of a body; see ``read_body`` and ``parse`` for what is raised."""
    body = await read_body(request, limit, request.app.state.settings.body_seconds)
    kind = request.headers.get("content-type", "")
    if len(body) > LONG_BODY:
        return await asyncio.to_thread(parse, kind, body, fields, most)
    return parse(kind, body, fields, most)


def parse(kind: str, body: bytes, fields: tuple[str, ...], most: int) -> Upload:
    """The pictures of a body of content type ``kind``: at most ``most``, in form fields named ``fields``.

    Raises ``Problem`` 415 for another content type, 422 for a body that is malformed.
    """
    media, _, _ = kind.partition(";")
    media = media.strip().lower()
    if media == "multipart/form-data":
        return _multipart(kind, body, fields, most)
    if media == "application/json":
        return _json(body, most)
    if media in ("", "application/octet-stream") or media.startswith("image/"):
        return Upload([body])
    raise Problem(
        415,
        "unsupported-body",
        "send the picture as multipart/form-data, as JSON, or alone with an image type (image/png)",
    )


def _json(body: bytes, most: int) -> Upload:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(422, "malformed-body", "the body is not valid JSON") from None
    if not isinstance(given, dict):
        raise Problem(422, "malformed-body", 'JSON is an object: {"image": base64}')
    alone = "image" in given or most == 1
    pictures = [given.pop("image")] if "image" in given else given.pop("images", [])
    if not isinstance(pictures, list) or not all(isinstance(each, str) for each in pictures):
        raise Problem(422, "malformed-body", "'image' is a base64 text, 'images' a list of them")
    if len(pictures) > most:
        raise too_many(most)
    upload = Upload([], given)
    for place, text in enumerate(pictures):
        try:
            upload.images.append(decode_base64(text))
        except Problem as problem:
            if alone:
                raise
            upload.images.append(b"")
            upload.faults[place] = problem
    return upload


def decode_base64(text: str) -> bytes:
    """Bytes of a base64 text or data URL. Raises ``Problem`` 422."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(422, "malformed-body", "a picture in JSON is base64 or a data URL") from None


def too_many(most: int) -> Problem:
    """More pictures than a request may hold."""
    return Problem(
        413, "too-many-pictures", f"more than {most} picture{'s' if most > 1 else ''} in one request"
    )


def _multipart(kind: str, body: bytes, fields: tuple[str, ...], most: int) -> Upload:
    boundary = parse_options_header(kind)[1].get(b"boundary")
    if not boundary:
        raise Problem(422, "malformed-body", "multipart/form-data names no boundary")
    form = _Form(fields, most)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except (FormParserError, UnicodeDecodeError, ValueError):
        raise Problem(422, "malformed-body", "the body is not valid multipart/form-data") from None
    if not form.ended:
        raise Problem(422, "malformed-body", "the multipart/form-data ends too early")
    return form.upload


class _Form:
    """Collects the parts of a form."""

    def __init__(self, fields: tuple[str, ...], most: int) -> None:
        self.fields, self.most = fields, most
        self.upload = Upload()
        self.ended = False
        self._count = 0
        self._header, self._value, self._name, self._parts = b"", b"", "", [b""]

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_header,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > self.most + MOST_FIELDS:
            raise Problem(413, "too-many-fields", f"more than {MOST_FIELDS} fields in the form")
        self._header, self._value, self._name, self._parts = b"", b"", "", []

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._name = parse_options_header(self._value)[1].get(b"name", b"").decode("utf-8")
        self._header, self._value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._parts.append(data[start:end])

    def _end(self) -> None:
        value = b"".join(self._parts)
        if self._name in self.fields:
            if len(self.upload.images) == self.most:
                raise too_many(self.most)
            self.upload.images.append(value)
        else:
            self.upload.parameters[self._name] = value.decode("utf-8", "replace")

    def _end_form(self) -> None:
        self.ended = True
