"""Logs: one JSON object on each line of standard error. Never what a picture, a text or a key holds."""

from __future__ import annotations

import json
import logging
from typing import Any

_EXTRA = ("request_id", "method", "route", "status", "milliseconds", "client", "model", "reason", "count")


class JsonLines(logging.Formatter):
    """Time, level and message, and what of ``extra`` is known here."""

    _second, _time = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        if (second := int(record.created)) != self._second:
            self._second, self._time = second, self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        row: dict[str, Any] = {
            "time": self._time,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        row |= {name: value for name in _EXTRA if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)


def configuration() -> dict[str, Any]:
    """For ``logging.config.dictConfig``: ours, the HTTP server's and the libraries', in the same form.

    What python-multipart warns of is the client's fault: it is answered, and no line of its own.
    """
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "json"}
    logger = {"handlers": ["console"], "level": "INFO", "propagate": False}
    return {
        "formatters": {"json": {"()": "captchalab.serving.logs.JsonLines"}},
        "handlers": {"console": handler},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "captchalab.serving": logger,
            "_granian": dict(logger),
            "granian.access": dict(logger),
            "python_multipart": {"level": "ERROR"},
        },
    }
