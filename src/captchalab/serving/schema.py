"""What the OpenAPI description says of bodies that FastAPI does not parse."""

from __future__ import annotations

from typing import Any

from captchalab.serving.problems import MEDIA_TYPE, TITLES

_TEXT, _NUMBER, _TRUTH = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
_BINARY = {"type": "string", "format": "binary"}
PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "model": (_TEXT, "Name of a model, NAME@VERSION, or auto: the one that suits the picture."),
    "alphabet": (_TEXT, "Only these characters: preset names (digits+upper), or the characters."),
    "length": (
        {"type": "string", "pattern": "^[0-9]{1,3}(-[0-9]{1,3})?$"},
        "Only texts of this length: 4, or 4-6.",
    ),
    "pattern": (_TEXT, "Only texts that this regular expression matches whole."),
    "fold_case": (_TRUTH, "Ignore case: texts in lower case."),
    "answer": (_TRUTH, "Also work out the sum that the picture shows."),
    "min_confidence": (
        {"type": "number", "minimum": 0, "maximum": 1},
        "A reading less sure than this bears an error.",
    ),
    "keep": (_TRUTH, "Consent to the picture's being kept (where the server keeps any; /v1/read only)."),
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "request_id": _TEXT,
    },
}
_CHARACTER = {
    "type": "object",
    "properties": {"character": _TEXT, "confidence": _NUMBER, "left": _NUMBER, "right": _NUMBER},
}
_ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": _TEXT,
        "confidence": _NUMBER,
        "characters": {"type": "array", "items": _CHARACTER},
        "answer": _TEXT,
        "error": PROBLEM,
    },
}
_MODEL = {
    "type": "object",
    "required": ["name", "sha256"],
    "properties": {"name": _TEXT, "version": _TEXT, "sha256": _TEXT, "choice_confidence": _NUMBER},
}
_FACTS = {"model": _MODEL, "milliseconds": _NUMBER, "queue_milliseconds": _NUMBER}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint may answer."""
    return {
        status: {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        for status in statuses
    }


PROBLEMS = problem_responses(401, 403, 404, 408, 413, 415, 421, 422, 429, 503, 504)
"""What any endpoint may answer."""


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}


def _body(pictures: dict[str, Any], in_json: dict[str, Any], *, raw: bool) -> dict[str, Any]:
    fields = {name: schema for name, (schema, _) in PARAMETERS.items()}
    content: dict[str, Any] = {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": pictures, **fields},
                "additionalProperties": False,
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": list(in_json),
                "properties": {**in_json, **fields},
                "additionalProperties": False,
            }
        },
    }
    if raw:
        content |= {
            kind: {"schema": _BINARY}
            for kind in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
        }
    return {"required": True, "content": content}


_QUERY = [
    {"name": name, "in": "query", "required": False, "schema": schema, "description": help_text}
    for name, (schema, help_text) in PARAMETERS.items()
]
_BASE64 = {"type": "string", "description": "base64, or a data URL"}
READING: dict[str, Any] = {
    "parameters": _QUERY,
    "requestBody": _body(_BINARY, {"image": _BASE64}, raw=True),
    "responses": _answer({**_ROW, "properties": {**_ROW["properties"], **_FACTS, "kept": _TEXT}}),
}
BATCH_READING: dict[str, Any] = {
    "parameters": _QUERY,
    "requestBody": _body(
        {"type": "array", "items": _BINARY}, {"images": {"type": "array", "items": _BASE64}}, raw=False
    ),
    "responses": _answer(
        {"type": "object", "properties": {"readings": {"type": "array", "items": _ROW}, **_FACTS}}
    ),
}
_STEP_ROW = {
    "type": "object",
    "properties": {"character": _TEXT, "probabilities": {"type": "array", "items": _NUMBER}},
}
_STEPS = {
    "type": "object",
    "properties": {
        "decoder": _TEXT,
        "covered": _NUMBER,
        "rows": {"type": "array", "items": _STEP_ROW},
        "best": {"type": "array", "items": {"type": ["integer", "null"]}},
        "model": {"type": "object"},
    },
}
STEPS: dict[str, Any] = {
    "parameters": _QUERY,
    "requestBody": READING["requestBody"],
    "responses": _answer(_STEPS),
}
MODELS: dict[str, Any] = {
    "responses": _answer(
        {
            "type": "object",
            "properties": {
                "models": {"type": "array", "items": {**_MODEL, "additionalProperties": True}},
                "refused": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": _TEXT, "reason": _TEXT}},
                },
            },
        }
    )
}

LONGEST_PRACTICE = 16
LARGEST_PRACTICE = 1000
_SIDE = {"type": "integer", "minimum": 8, "maximum": LARGEST_PRACTICE}
_PICTURE = {kind: {"schema": _BINARY} for kind in ("image/png", "image/jpeg", "image/gif")}
PRACTICE: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": _TEXT} for name in ("scheme", "alphabet")
    ]
    + [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in (
            ("length", {"type": "integer", "minimum": 1, "maximum": LONGEST_PRACTICE}),
            ("width", _SIDE),
            ("height", _SIDE),
        )
    ],
    "responses": {"200": {"description": "A drawn captcha", "content": _PICTURE}},
}
PRACTICE_ANSWER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["token", "answer"],
                    "properties": {"token": _TEXT, "answer": _TEXT},
                }
            }
        },
    },
    "responses": _answer({"type": "object", "properties": {"right": _TRUTH}}),
}
UPLOAD_B: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image_file"],
                    "properties": {"image_file": _BINARY},
                }
            }
        },
    },
    "responses": _answer(
        {
            "type": "object",
            "properties": {"time": _TEXT, "value": _TEXT, "speed_time(ms)": {"type": "integer"}},
        }
    ),
}
_OCR_ROW = {
    "type": "object",
    "properties": {"code": {"type": "integer"}, "message": _TEXT, "data": {"type": ["string", "null"]}},
}
OCR: dict[str, Any] = {
    "requestBody": _body(_BINARY, {"image": _BASE64}, raw=True),
    "responses": {
        status: {"description": text, "content": {"application/json": {"schema": _OCR_ROW}}}
        for status, text in (("200", "Read"), ("415", TITLES[415]), ("422", TITLES[422]))
    },
}
METRICS: dict[str, Any] = {
    "responses": {
        "200": {"description": "Prometheus' text format", "content": {"text/plain": {"schema": _TEXT}}}
    }
}
MODEL_FILE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": _BINARY}}}
}
