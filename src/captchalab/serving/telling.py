"""What operators are told of each request: figures, and a line of the log."""

from __future__ import annotations

import logging
from time import monotonic

from starlette.types import Scope

from captchalab.serving import measures

_log = logging.getLogger("captchalab.serving")


class Teller:
    """Tells of every request; ``each`` says whether the log has a line for it."""

    def __init__(self, each: bool) -> None:
        self._each = each
        self._refused, self._next = 0, 0.0

    def tell(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        measures.request(route, status, seconds)
        if status == 503:
            self._tell_refused()
        elif self._each:
            state = scope["state"]
            row = {
                "name": _log.name,
                "levelno": logging.INFO,
                "levelname": "INFO",
                "msg": "request",
                "request_id": state["request_id"],
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(1000 * seconds, 2),
                "client": state["client"] or None,
            }
            _log.handle(logging.makeLogRecord(row))  # `info` would look up its caller, which nobody reads

    def _tell_refused(self) -> None:
        """One line a second: a server with too much to do shall not spend its time on logs."""
        self._refused += 1
        now = monotonic()
        if now >= self._next:
            _log.warning("requests refused", extra={"status": 503, "count": self._refused})
            self._refused, self._next = 0, now + 1.0
