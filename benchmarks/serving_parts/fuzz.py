"""Requests that a fuzzer makes up from the OpenAPI description: none may be a fault of the server."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from recording import print_table, say

from serving_parts.processes import OWN, running

FUZZER = "schemathesis"
PHASES = "examples,coverage,fuzzing,stateful"
KEY = "a-key-of-scope-admin"
"""With it nothing is refused at the door."""
_SENT = re.compile(r"([\d,]+) generated")
_FAULT = re.compile(r"^\s*- Server error", re.M)
_OPERATIONS = re.compile(r"(?:Selected|Tested|Operations):\s+([\d,]+)(?:/[\d,]+)?")


def run_fuzz(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """Every operation of the description, ``settings.examples`` requests of each phase."""
    command = fuzzer()
    folder = work / "fuzzed"
    folder.mkdir(parents=True, exist_ok=True)  # of models, which it may add and remove
    with running([*OWN, "small", str(folder)], core, work, api_key=KEY) as server:
        begun = perf_counter()
        said = _fuzz(command, server.url, settings.examples, work)
        lasted = perf_counter() - begun
        alive = server.process.poll() is None
        faults = server.faults()
    (work / "fuzz.txt").write_text(said, encoding="utf-8")
    figures = {
        "fuzzer": _version(command),
        "operations": _number(_OPERATIONS, said),
        "requests": _number(_SENT, said),
        "server_errors": len(_FAULT.findall(said)),
        "faults": len(faults),
        "alive": alive,
        "seconds": round(lasted, 1),
    }
    print_table(tuple(figures), [tuple(str(value) for value in figures.values())])
    return figures


def fuzzer() -> str:
    """The command: beside this Python, or wherever the shell would find it. Ends the script without it."""
    found = shutil.which(FUZZER, path=str(Path(sys.executable).parent)) or shutil.which(FUZZER)
    if found is None:
        sys.exit(f"{FUZZER} is not here: pipx install {FUZZER} (or: uv tool install {FUZZER})")
    return found


def _fuzz(command: str, url: str, examples: int, work: Path) -> str:
    """What it printed; its notes go to ``work``. Findings of other kinds are left to read."""
    done = subprocess.run(
        [
            *(command, "run", f"{url}/openapi.json", "--checks", "not_a_server_error"),
            *("--phases", PHASES, "--max-examples", str(examples), "--seed", "1", "--no-color"),
            *("--continue-on-failure", "--header", f"X-API-Key: {KEY}"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=work,
    )
    if done.returncode not in (0, 1):
        say(done.stdout + done.stderr)
        sys.exit(f"{FUZZER} ended with status {done.returncode}")
    return done.stdout


def _version(command: str) -> str:
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _number(pattern: re.Pattern[str], said: str) -> int | None:
    found = pattern.search(said)
    return int(found.group(1).replace(",", "")) if found else None
