"""Imports go down only, and what must stay light stays light."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

import captchalab

HEAVY = ("torch", "cv2", "matplotlib", "onnx", "onnxscript", "pyarrow", "accelerate", "jinja2", "safetensors")

# Runs a program in a Python in which the packages named cannot be imported, as if they were not installed.
WITHOUT = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)
sys.meta_path.insert(0, Blocker())
{program}
"""


def run_without(blocked: tuple[str, ...], program: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(blocked=blocked, program=program)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def modules_of(package_name: str) -> list[str]:
    package = __import__(package_name, fromlist=["__path__"])
    return [package_name, *(m.name for m in pkgutil.walk_packages(package.__path__, f"{package_name}."))]


def test_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_blocker_blocks() -> None:
    assert run_without(("json",), "import json").returncode != 0


def test_reading_and_samples_import_on_the_base_install() -> None:
    names = modules_of("captchalab.reading") + modules_of("captchalab.samples") + ["captchalab.sources"]
    done = run_without(HEAVY, f"import importlib\nfor name in {names!r}: importlib.import_module(name)")
    assert done.returncode == 0, done.stderr


def test_help_imports_nothing_heavy() -> None:
    program = "\n".join(
        [
            "from captchalab.cli.app import run",
            "assert run(['--help']) == 0 and run(['train', '--help']) == 0",
            "assert not {'numpy', 'PIL', 'onnxruntime'} & set(sys.modules), 'slow to import'",
        ]
    )
    done = run_without(HEAVY, program)
    assert done.returncode == 0, done.stderr
    assert "--resume" in done.stdout


def test_a_missing_extra_names_its_cure(tmp_path: Path) -> None:
    program = "from captchalab.cli.app import run; sys.exit(run(sys.argv[1:] or {arguments!r}))"
    for arguments, extra in [
        (["train", "scheme:lepture", "--out", "run"], "train"),
        (["generate", "scheme:lepture", "out", "-n", "1"], "draw"),
        (["export", "run", "out.onnx"], "train"),
    ]:
        done = run_without(HEAVY, program.format(arguments=arguments), cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1 and f"pip install 'captchalab[{extra}]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_public_names_are_there() -> None:
    for name in captchalab.__all__:
        assert getattr(captchalab, name) is not None
