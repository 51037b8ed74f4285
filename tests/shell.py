"""What the tests of the command line share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DIGITS = "scheme:lepture?alphabet=digits&length=2"
TINY = ["--from", "scratch", "--batch", "16", "--set", "validation_pictures=32", "--device", "cpu"]


def captchalab(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-W", "error", "-m", "captchalab", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120, **options)  # type: ignore[call-overload]


def first(folder: Path) -> Path:
    return sorted(folder.glob("*.png"))[0]
