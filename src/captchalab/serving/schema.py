"""What the OpenAPI description says of bodies that FastAPI does not parse."""

from __future__ import annotations

from typing import Any

from captchalab.serving.problems import MEDIA_TYPE, TITLES

TEXT, _NUMBER, TRUTH = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
BINARY = {"type": "string", "format": "binary"}
PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "model": (TEXT, "Name of a model, NAME@VERSION, or auto: the one that suits the picture."),
    "alphabet": (TEXT, "Only these characters: preset names (digits+upper), or the characters."),
    "length": (
        {"type": "string", "pattern": "^[0-9]{1,3}(-[0-9]{1,3})?$"},
        "Only texts of this length: 4, or 4-6.",
    ),
    "pattern": (TEXT, "Only texts that this regular expression matches whole."),
    "fold_case": (TRUTH, "Ignore case: texts in lower case."),
    "answer": (TRUTH, "Also work out the sum that the picture shows."),
    "min_confidence": (
        {"type": "number", "minimum": 0, "maximum": 1},
        "A reading less sure than this bears an error.",
    ),
    "keep": (TRUTH, "Consent to the picture's being kept (where the server keeps any; /v1/read only)."),
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "request_id": TEXT,
    },
}
_CHARACTER = {
    "type": "object",
    "properties": {"character": TEXT, "confidence": _NUMBER, "left": _NUMBER, "right": _NUMBER},
}
_ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": TEXT,
        "confidence": _NUMBER,
        "characters": {"type": "array", "items": _CHARACTER},
        "answer": TEXT,
        "error": PROBLEM,
    },
}
_MODEL = {
    "type": "object",
    "required": ["name", "sha256"],
    "properties": {"name": TEXT, "version": TEXT, "sha256": TEXT, "choice_confidence": _NUMBER},
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


def answer_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}


def body_of(pictures: dict[str, Any], in_json: dict[str, Any], *, raw: bool) -> dict[str, Any]:
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
            kind: {"schema": BINARY}
            for kind in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
        }
    return {"required": True, "content": content}


QUERY: list[dict[str, Any]] = [
    {"name": name, "in": "query", "required": False, "schema": schema, "description": help_text}
    for name, (schema, help_text) in PARAMETERS.items()
]
BASE64 = {"type": "string", "description": "base64, or a data URL"}
READING: dict[str, Any] = {
    "parameters": QUERY,
    "requestBody": body_of(BINARY, {"image": BASE64}, raw=True),
    "responses": answer_of({**_ROW, "properties": {**_ROW["properties"], **_FACTS, "kept": TEXT}}),
}
_BATCH_ROW: dict[str, Any] = {
    **_ROW,
    "properties": {**_ROW["properties"], "model": {**_MODEL, "description": "Under auto: of each picture."}},
}
BATCH_READING: dict[str, Any] = {
    "parameters": QUERY,
    "requestBody": body_of(
        {"type": "array", "items": BINARY}, {"images": {"type": "array", "items": BASE64}}, raw=False
    ),
    "responses": answer_of(
        {"type": "object", "properties": {"readings": {"type": "array", "items": _BATCH_ROW}, **_FACTS}}
    ),
}
_STEP_ROW = {
    "type": "object",
    "properties": {"character": TEXT, "probabilities": {"type": "array", "items": _NUMBER}},
}
_STEPS = {
    "type": "object",
    "properties": {
        "decoder": TEXT,
        "covered": _NUMBER,
        "rows": {"type": "array", "items": _STEP_ROW},
        "best": {"type": "array", "items": {"type": ["integer", "null"]}},
        "model": {"type": "object"},
    },
}
STEPS: dict[str, Any] = {
    "parameters": QUERY,
    "requestBody": READING["requestBody"],
    "responses": answer_of(_STEPS),
}
_SERVED: dict[str, Any] = {
    "type": "object",
    "required": ["name", "sha256", "alphabet", "lengths", "figures"],
    "properties": {
        "name": TEXT,
        "version": TEXT,
        "sha256": TEXT,
        "alphabet": {"type": "string", "description": "The characters that it can answer."},
        "lengths": {"type": "array", "items": {"type": "integer"}, "description": "Shortest and longest."},
        "figures": {"type": "object", "description": "How well it read when it was made."},
        "input": {"type": "object", "description": "What pictures are made into."},
        "network": TEXT,
        "created": TEXT,
    },
}
MODELS: dict[str, Any] = {
    "responses": answer_of(
        {
            "type": "object",
            "required": ["models", "refused"],
            "properties": {
                "models": {"type": "array", "items": _SERVED},
                "refused": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": TEXT, "reason": TEXT}},
                },
            },
        }
    )
}

LONGEST_PRACTICE = 16
SMALLEST_PRACTICE, LARGEST_PRACTICE = 16, 1000
_SIDE = {"type": "integer", "minimum": SMALLEST_PRACTICE, "maximum": LARGEST_PRACTICE}
_PICTURE = {kind: {"schema": BINARY} for kind in ("image/png", "image/jpeg", "image/gif")}
PRACTICE: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": TEXT} for name in ("scheme", "alphabet")
    ]
    + [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in (
            ("length", {"type": "integer", "minimum": 1, "maximum": LONGEST_PRACTICE}),
            ("width", _SIDE),
            ("height", _SIDE),
        )
    ],
    "responses": {
        "200": {
            "description": "A drawn captcha",
            "content": _PICTURE,
            "headers": {"X-Captcha-Token": {"schema": TEXT, "description": "Goes back with the answer."}},
        }
    },
}
PRACTICE_ANSWER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["token", "answer"],
                    "properties": {"token": TEXT, "answer": TEXT},
                }
            }
        },
    },
    "responses": answer_of({"type": "object", "properties": {"right": TRUTH}}),
}
METRICS: dict[str, Any] = {
    "responses": {
        "200": {"description": "Prometheus' text format", "content": {"text/plain": {"schema": TEXT}}}
    }
}
MODEL_FILE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": BINARY}}},
    **MODELS,
}
HEALTH: dict[str, Any] = {
    "security": [],
    "responses": answer_of({"type": "object", "properties": {"status": TEXT, "models": {"type": "integer"}}}),
}
SECURITY: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "Any name; the key is the password."},
}
"""The ways to send a key, where the server asks for one."""
