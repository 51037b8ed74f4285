"""The torch-free promise: the wheel, installed without torch into an empty environment, reads a picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image, ImageDraw, ImageFont

# The base packages come from the package registry, which may be slow.
pytestmark = pytest.mark.timeout(600)

NOT_THERE = ("torch", "cv2", "matplotlib", "pyarrow", "onnx", "jinja2")


def call(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that holds the wheel and nothing of its extras."""
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("captchalab-*.whl")
    venv.create(folder / "empty", with_pip=True)
    programs = folder / "empty" / ("Scripts" if os.name == "nt" else "bin")
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call(*pip, "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return programs


def draw(path: Path) -> None:
    picture = Image.new("RGB", (160, 60), "white")
    ImageDraw.Draw(picture).text((14, 8), "K7P2", "black", ImageFont.load_default(40))
    picture.save(path)


def test_the_wheel_reads_without_torch(installed: Path, tmp_path: Path) -> None:
    for package in NOT_THERE:
        found = call(
            installed / "python",
            "-c",
            f"import importlib.util as u; print(u.find_spec('{package}'))",
            cwd=tmp_path,
        )
        assert found.strip() == "None", f"{package} came with the base install"
    assert "train" in call(installed / "captchalab", "--help", cwd=tmp_path)
    assert "train" in call(installed / "python", "-m", "captchalab", "--help", cwd=tmp_path)
    draw(tmp_path / "K7P2_0000.png")
    out = call(installed / "captchalab", "read", "K7P2_0000.png", "--format", "json", cwd=tmp_path)
    row = json.loads(out)
    assert row["path"] == "K7P2_0000.png" and row["text"] and "error" not in row
    assert len(row["characters"]) == len(row["text"])


def test_folders_are_checked_and_measured_without_torch(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    draw(folder / "K7P2_0000.png")
    call(installed / "captchalab", "check", folder, cwd=tmp_path)
    program = (
        "from captchalab import Reader; from captchalab.sources import open_source;"
        "from captchalab.measuring.evaluate import evaluate;"
        "print(evaluate(Reader.open(), open_source('pictures')).to_json()['images'])"
    )
    assert call(installed / "python", "-c", program, cwd=tmp_path).strip() == "1"
