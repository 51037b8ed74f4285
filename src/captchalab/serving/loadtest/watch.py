"""The server's processes, seen from outside: memory, open files, processor time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter

import psutil


@dataclass(frozen=True, slots=True)
class Moment:
    """What the processes of the server held at ``second`` of the test; ``processor`` seconds spent.

    ``files`` is ``None`` where the system does not tell.
    """

    second: float
    memory: int
    files: int | None
    processor: float
    processes: int


class Watch:
    """Looks at the processes that listen on a port of this machine, and at their children; without a port, or
    as another user, there is nothing to see."""

    def __init__(self, port: int | None) -> None:
        self._port = port
        self._roots = _listening(port)
        self._began = perf_counter()
        self.moments: list[Moment] = []

    def look(self) -> None:
        """Add a moment, unless the processes have ended."""
        memory = files = count = 0
        processor = 0.0
        for process in self._family():
            with suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                memory += process.memory_info().rss
                files += process.num_fds() if hasattr(process, "num_fds") else 0
                processor += times.user + times.system
                count += 1
        if count:
            known = files if hasattr(psutil.Process, "num_fds") else None
            self.moments.append(Moment(perf_counter() - self._began, memory, known, processor, count))

    async def look_every(self, seconds: float) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(seconds)

    def _family(self) -> Iterator[psutil.Process]:
        """Found anew where one has ended, as a server may replace its workers."""
        if not all(root.is_running() for root in self._roots):
            self._roots = _listening(self._port)
        seen = set()
        for root in self._roots:
            with suppress(psutil.Error):
                for process in (root, *root.children(recursive=True)):
                    if process.pid not in seen:
                        seen.add(process.pid)
                        yield process


def _listening(port: int | None) -> list[psutil.Process]:
    """Those of the processes that may be looked at which listen on ``port``."""
    found: list[psutil.Process] = []
    if port is None:
        return found
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(
                each.status == psutil.CONN_LISTEN and each.laddr.port == port
                for each in process.net_connections("tcp")
            ):
                found.append(process)
    return found
