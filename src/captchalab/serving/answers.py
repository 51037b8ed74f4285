"""How answers look."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import Response

from captchalab.errors import CaptchalabError
from captchalab.reading.reader import Reading
from captchalab.serving.problems import Problem, problem_of


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(json.dumps(value, ensure_ascii=False).encode(), status, media_type="application/json")


def row_of(outcome: Reading | CaptchalabError, least: float = 0.0) -> dict[str, Any]:
    """A reading as JSON, or ``{"error": problem}``; a reading less sure than ``least`` bears an error too."""
    if isinstance(outcome, CaptchalabError):
        return {"error": problem_of(outcome).row()}
    row: dict[str, Any] = {
        "text": outcome.text,
        "confidence": outcome.confidence,
        "characters": [
            {
                "character": span.character,
                "confidence": span.confidence,
                "left": span.left,
                "right": span.right,
            }
            for span in outcome.characters
        ],
    }
    if outcome.answer is not None:
        row["answer"] = outcome.answer
    if outcome.error is not None:
        row["error"] = Problem(422, "no-arithmetic", outcome.error).row()
    elif outcome.confidence < least:
        detail = f"the confidence {outcome.confidence:.3f} is below {least:g}"
        row["error"] = Problem(422, "too-unsure", detail).row()
    return row
