"""The commands of both READMEs run, in order, as a reader would type them (with smaller numbers)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

BLOCK = re.compile(r"<!-- runnable -->\n```(sh|python)\n(.*?)```", re.DOTALL)

# What makes a command slow, and what the test types instead: the same command with a smaller budget.
SMALLER = (
    (re.compile(r"--minutes \d+"), "--steps 6 --batch 16 --device cpu --set validation_pictures=32"),
    (re.compile(r"-n 2000"), "-n 40"),
    (re.compile(r"--limit \d+"), "--limit 8"),
)


def blocks(readme: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / readme).read_text("utf-8"))


def test_both_languages_show_the_same_commands() -> None:
    def commands(readme: str) -> list[str]:
        # Comments are translated; commands and code are not.
        return [re.sub(r" +#.*", "", code) for _, code in blocks(readme)]

    assert commands("README.md") == commands("README.zh-CN.md")
    assert sum(code.count("captchalab ") for code in commands("README.md")) >= 12


@pytest.mark.skipif(os.name == "nt", reason="the READMEs quote for a POSIX shell")
def test_the_commands_run(tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    for language, code in blocks("README.md"):
        for slow, quick in SMALLER:
            code = slow.sub(quick, code)
        command = ["bash", "-euxc", code] if language == "sh" else [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    for made in ("drawn", "mine.onnx", "readings.csv", "alphabet.json", "runs/mine/validation/report.html"):
        assert (tmp_path / made).exists(), f"the README's commands did not make {made}"
