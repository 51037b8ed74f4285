"""The command line: rubbish gets one line, and our own bugs their traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from captchalab.cli.app import run
from captchalab.cli.failures import explain


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["read"], "Missing argument"),
        (["reed"], "read"),
        (["read", "nothing.png"], "nothing.png"),
        (["read", "empty"], "no pictures in empty"),
        (["read", "scheme:lepture"], "captchalab generate"),
        (["read", "12_0.png", "-m", "nothing.onnx"], "nothing.onnx"),
        (["read", "12_0.png", "-m", "empty"], "no run folder"),
        (["read", "12_0.png", "--length", "6-4"], "--length"),
        (["read", "12_0.png", "--words", "none.txt"], "--words"),
        (["read", "12_0.png", "--out", "rows.xls"], ".jsonl or .csv"),
        (["read", "12_0.png", "--min-confidence", "7"], "--min-confidence"),
        (["generate", "scheme:lepure", "out", "-n", "1"], "lepture"),
        (["generate", "scheme:lepture?alphabet=digits&lenght=4", "out", "-n", "1"], "length"),
        (["generate", "python:no.such.module:Thing", "out", "-n", "1"], "no.such"),
        (["generate", "one", "out", "-n", "1"], "not drawn"),
        (["check", "empty"], "no pictures"),
        (["split", "one", "out", "--parts", "train"], "train=19"),
        (["alphabet", "scheme:lepture"], "drawn"),
        (["train"], "captchalab train FOLDER"),
        (["train", "--resume"], "--out RUN"),
        (["train", "nothing"], "nothing"),
        (["train", "empty"], "no pictures"),
        (["train", "scheme:lepture", "--recipe", "compct"], "compact"),
        (["train", "scheme:lepture", "--recipe", "mine.toml"], "mine.toml"),
        (["train", "scheme:lepture", "--set", "batches=3"], "batch"),
        (["train", "scheme:lepture", "--set", "batch"], "NAME=VALUE"),
        (["train", "scheme:lepture", "--set", "out=x"], "out is no setting"),
        (["train", "scheme:lepture", "--from", "nothing.onnx"], "nothing.onnx"),
        (["train", "scheme:lepture", "--until", "99"], "--until"),
        (["train", "scheme:lepture", "--minutes", "0"], "--minutes"),
        (["schemes", "--sheet", "nowhere/sheet.png"], "nowhere/sheet.png "),
        (["schemes", "--sheet", "sheet.jpg"], "OUT.png"),
        (["schemes", "leptur"], "'lepture'"),
        (["schemes", "mine.toml"], "mine.toml"),
        (["evaluate", "nothing.onnx", "one"], "nothing.onnx"),
        (["evaluate", "python:json:loads", "one"], "read_many"),
        (["evaluate", "python:json", "one"], "python:MODULE:OBJECT"),
        (["export", "nothing", "out.onnx"], "nothing"),
        (["export", "one", "out.zip"], "end it in .onnx"),
        (["export", "one", "out.onnx"], "one is no run: it holds no recipe.toml"),
        (
            ["generate", "scheme:lepture?seed=3", "out", "-n", "1", "--seed", "4"],
            "seed=3 and --seed 4 name two seeds",
        ),
        (["export", "one/12_0.png", "out.onnx"], "export takes a run folder, such as runs/mine"),
        (["schemes", "--sheet", "out.jpg"], "the sheet is a PNG"),
        (["split", "one", "one"], "one is the source one"),
        (["merge", "one", "one/out"], "one/out lies in the source one"),
        (["train", "one", "--out", "one"], "one is the source one"),
        (
            ["train", "scheme:lepture", "--validation", "one", "--out", "one/out"],
            "one/out lies in the source one",
        ),
        (["train", "--resume", "--out", "one"], "one holds no recipe.toml"),
        (["evaluate", "small", "one", "--report", "one"], "one is the source one"),
    ],
)
def test_wrong_usage_gets_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "one").mkdir()
    for file in ("12_0.png", "one/12_0.png"):
        Image.new("RGB", (40, 20), "white").save(file)
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert words in captured.err
    assert not (tmp_path / "out").exists() and not (tmp_path / "runs").exists()


def test_a_closed_pipe_is_quiet() -> None:
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    command = [sys.executable, "-m", "captchalab", "schemes"]
    done = subprocess.run(command, stdout=writing_end, stderr=subprocess.PIPE, timeout=60)
    os.close(writing_end)
    assert done.returncode == 141 and done.stderr == b""


def test_memory_that_runs_out_is_explained() -> None:
    with pytest.raises(MemoryError) as plain:
        bytearray(2**62)
    failure = explain(plain.value)
    assert failure is not None and failure.status == 1 and "--batch" in failure.line
    import torch

    with pytest.raises(RuntimeError) as in_torch:
        torch.empty(2**50, dtype=torch.uint8)
    failure = explain(in_torch.value)
    assert failure is not None and "--batch" in failure.line


def test_our_own_bugs_keep_their_traceback() -> None:
    assert explain(KeyError("x")) is None
