"""The command line: `train`, `evaluate` and `export`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from shell import DIGITS, TINY

from captchalab.cli.app import run


def test_evaluate_json(cli_run: Path, cli_pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(cli_run), str(cli_pictures), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["images"] == 12 and figures["errors"] == 0
    low, high = figures["sequence_accuracy_low"], figures["sequence_accuracy_high"]
    assert 0 <= low <= figures["sequence_accuracy"] <= high <= 1
    assert {"sequence_accuracy_folded", "character_accuracy", "character_error_rate"} <= set(figures)
    assert figures["milliseconds_per_image"] > 0


def test_evaluate_says_what_it_skips(
    cli_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("1_0.png", "_1.png"):
        Image.new("RGB", (64, 32)).save(tmp_path / name)
    assert run(["evaluate", str(cli_run), str(tmp_path)]) == 1
    assert "1 pictures skipped for their labels (the first, _1.png: the label is empty)" in (
        capsys.readouterr().err
    )


def test_evaluate_any_reader_against_a_target(
    cli_pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "silly.py").write_text(
        "from captchalab import Reading\n"
        "class Always:\n"
        "    def read_many(self, images):\n"
        "        return [Reading('07', 0.5, ()) for _ in images]\n",
        "utf-8",
    )
    monkeypatch.chdir(tmp_path)
    target = ["--min-accuracy", "0.9", "--report", "report"]
    assert run(["evaluate", "python:silly:Always", str(cli_pictures), *target]) == 1
    assert "below the wanted 90.00%" in capsys.readouterr().err
    assert "data:image/png" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert run(["evaluate", "python:silly:Never", str(cli_pictures)]) == 2


def test_export_reads_like_the_run(
    cli_run: Path, cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "mine.onnx"
    assert run(["export", str(cli_run), str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    for model in (cli_run, out):
        assert run(["read", str(cli_pictures), "-m", str(model), "--length", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:12] == lines[12:]


def test_a_run_without_out_is_named_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", DIGITS, *TINY, "--steps", "2"]) == 0
    (made,) = (tmp_path / "runs").iterdir()
    told = capsys.readouterr().err
    assert 0 < told.index(f"run folder: runs{os.sep}{made.name}") < told.index("step ")


def test_half_written_run(
    cli_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("half").mkdir()
    Path("half/recipe.toml").write_bytes((cli_run / "recipe.toml").read_bytes())
    for arguments in (
        ["read", "x.png", "-m", "half"],
        ["evaluate", "half", "."],
        ["export", "half", "o.onnx"],
    ):
        Image.new("RGB", (40, 20)).save("x.png")
        assert run(arguments) == 1
        assert "--resume --out half" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal here")
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "captchalab",
        "train",
        DIGITS,
        *TINY,
        "--steps",
        "100000",
        "--out",
        "run",
    ]
    options = {"cwd": tmp_path, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    # A shell starts background jobs deaf to Ctrl-C, and children inherit that; terminals do not.
    options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, **options) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step "):
                break
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells the worker processes too
        rest = process.stderr.read()
        assert process.wait(60) == 130
    assert "captchalab train --resume --out run" in rest and "Traceback" not in rest
