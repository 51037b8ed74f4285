"""How often a client may ask: one count for all worker processes."""

from __future__ import annotations

import logging
import math
import sqlite3
from contextlib import suppress
from pathlib import Path
from time import time

from pyrate_limiter import GCRA, Duration, Rate

_FORGET_AFTER = 1000  # checks
_PATIENCE = 0.2  # seconds; nobody else is heard while this process waits for its turn
_log = logging.getLogger("captchalab.serving")


class Rates:
    """At most ``per_minute`` requests a minute for each client, none kept waiting.

    The state of a client is one number (the generic cell rate algorithm). With ``file`` it lies in an
    SQLite file that other processes share; otherwise in memory. Nothing is lost that matters if it is lost.
    """

    def __init__(self, per_minute: int, file: Path | None) -> None:
        self._rate, self._rule = Rate(per_minute, Duration.MINUTE), GCRA()
        self._checks = 0
        self._table = sqlite3.connect(
            file or ":memory:", isolation_level=None, check_same_thread=False, timeout=_PATIENCE
        )
        self._table.execute("PRAGMA journal_mode=MEMORY")
        self._table.execute("PRAGMA synchronous=OFF")
        self._table.execute("CREATE TABLE IF NOT EXISTS clients (client TEXT PRIMARY KEY, state INTEGER)")

    def wait(self, client: str, *, count: bool = True) -> int:
        """Counts a request of ``client``: 0 if it may go on, else the seconds until it may come again.

        Without ``count`` it only looks.

        A request that cannot be counted (no turn, a full disk) may go on: the log tells of it.
        """
        try:
            return self._wait(client, count)
        except sqlite3.Error as error:
            _log.warning("request not counted", extra={"reason": str(error)})
            return 0

    def _wait(self, client: str, count: bool) -> int:
        now = int(1000 * time())
        self._checks += 1
        self._table.execute("BEGIN IMMEDIATE")
        try:
            if self._checks % _FORGET_AFTER == 0:
                self._table.execute("DELETE FROM clients WHERE state < ?", (1000 * now,))
            row = self._table.execute("SELECT state FROM clients WHERE client = ?", (client,)).fetchone()
            state, decision = self._rule.step([self._rate], row or (0,), now, 1)
            if decision.allowed and count:
                self._table.execute("INSERT OR REPLACE INTO clients VALUES (?, ?)", (client, state[0]))
        finally:
            self._table.execute("COMMIT")
        return 0 if decision.allowed else max(1, math.ceil((decision.retry_after_ms or 1000) / 1000))

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._table.close()
