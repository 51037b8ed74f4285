"""Servers in processes of their own, on one core; this process on the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from recording import say

OWN = ("-m", "captchalab", "serve", "--port", "0")
FLASK = (str(Path(__file__).parent / "flask_service.py"),)
START_SECONDS = 120
STOP_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A server: its address, its process, and the file that its messages go to."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def faults(self) -> list[dict[str, Any]]:
        """The lines of its log that tell of a fault of its own."""
        rows = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            row = json.loads(line) if line.startswith("{") else {"message": line, "level": "error"}
            if row.get("level") in ("error", "critical") or "traceback" in row:
                rows.append(row)
        return rows


def split_cores() -> int | None:
    """Leave one core to the servers and take the others; the servers' core, ``None`` where that cannot be."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        say("servers and load share the same core: no speeds to publish")
        return None
    os.sched_setaffinity(0, set(cores[1:]))
    return cores[0]


@contextmanager
def running(command: Sequence[str], core: int | None, work: Path, **settings: object) -> Iterator[Running]:
    """A server whose command prints its address first; ``settings`` become CAPTCHALAB_NAME."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAPTCHALAB_")}
    environment |= {f"CAPTCHALAB_{name.upper()}": str(value) for name, value in settings.items()}
    work.mkdir(parents=True, exist_ok=True)
    log = work / f"server-{os.urandom(4).hex()}.log"
    with log.open("w", encoding="utf-8") as messages:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            env=environment | {"OMP_NUM_THREADS": "1"},
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        _wait_until_ready(url, process)
        yield Running(url, process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"the server did not end within {STOP_SECONDS} s of being asked to")
            process.kill()


def _wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(f"{url}/v1/models", timeout=10):
                return
        except HTTPError:
            return
        except (OSError, ValueError):
            time.sleep(0.1)
    sys.exit(f"the server did not start: {url or 'it printed no address'}")
