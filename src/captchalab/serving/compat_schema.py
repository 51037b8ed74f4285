"""What the OpenAPI description says of the endpoints of other servers."""

from __future__ import annotations

from typing import Any

from captchalab.serving.problems import TITLES
from captchalab.serving.schema import BASE64, BINARY, QUERY, TEXT, TRUTH, answer_of

_PARAMETERS = [each for each in QUERY if each["name"] != "keep"]
"""Those of a reading; clients that know nothing of them need none."""


def _form(**pictures: dict[str, Any]) -> dict[str, Any]:
    """A body with fields of which one holds the picture."""
    one = [{"required": [name]} for name in pictures]
    return {"schema": {"type": "object", "properties": pictures, "anyOf": one}}


def _refusals(row: dict[str, Any], kind: str) -> dict[str, Any]:
    """The same form of answer for pictures that are read and for those that are not."""
    told = (("200", "Read"), ("413", TITLES[413]), ("415", TITLES[415]), ("422", TITLES[422]))
    return {status: {"description": text, "content": {kind: {"schema": row}}} for status, text in told}


UPLOAD_B: dict[str, Any] = {
    "parameters": _PARAMETERS,
    "requestBody": {"required": True, "content": {"multipart/form-data": _form(image_file=BINARY)}},
    "responses": answer_of(
        {
            "type": "object",
            "required": ["time", "value", "speed_time(ms)"],
            "properties": {"time": TEXT, "value": TEXT, "speed_time(ms)": {"type": "integer"}},
        }
    ),
}
_FLAGS = {"probability": TRUTH, "png_fix": TRUTH, "charsets": TEXT}
_OCR_ROW = {
    "type": "object",
    "required": ["code", "message", "data"],
    "properties": {"code": {"type": "integer"}, "message": TEXT, "data": {"type": ["string", "null"]}},
}
_OCR_FIELDS: dict[str, Any] = {**_FLAGS, **{each["name"]: each["schema"] for each in _PARAMETERS}}


def _ocr_form(**pictures: dict[str, Any]) -> dict[str, Any]:
    form = _form(**pictures)
    form["schema"]["properties"] = {**pictures, **_OCR_FIELDS}
    return form


OCR: dict[str, Any] = {
    "parameters": _PARAMETERS,
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": _ocr_form(file=BINARY, image=BASE64),
            "application/x-www-form-urlencoded": _ocr_form(image=BASE64),
            "application/json": _ocr_form(image=BASE64),
        },
    },
    "responses": _refusals(_OCR_ROW, "application/json"),
}
_BY_PATH_ROW = {
    "type": "object",
    "required": ["status", "result", "msg"],
    "properties": {"status": {"type": "integer"}, "result": TEXT, "msg": TEXT},
}


def upload_ocr(path: str) -> dict[str, Any]:
    """Of ``/ocr/{file,b64}``, with ``/text`` or ``/json`` behind it."""
    as_base64 = {"application/json": _form(image=BASE64), "text/plain": {"schema": BASE64}}
    content = as_base64 if "/b64" in path else {"multipart/form-data": _form(image=BINARY)}
    answers = (_BY_PATH_ROW, "application/json") if path.endswith("/json") else (TEXT, "text/plain")
    return {
        "parameters": _PARAMETERS,
        "requestBody": {"required": True, "content": content},
        "responses": _refusals(*answers),
    }
