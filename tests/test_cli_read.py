"""The command line: `read`, its rows, where they go, and its exit status."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path

import pytest
from shell import captchalab, first

from captchalab.cli.app import run


def test_one_picture_prints_its_text_alone(
    cli_run: Path, cli_pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["read", str(first(cli_pictures)), "-m", str(cli_run), "--length", "2"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.strip()) == 2 and captured.err == ""


def test_models_that_vote(cli_run: Path, cli_pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = ["read", str(first(cli_pictures)), "-m", str(cli_run), "--length", "2"]
    assert run(one) == 0
    alone = capsys.readouterr().out
    assert run([*one, "-m", str(cli_run)]) == 0
    assert capsys.readouterr().out == alone
    assert run([*one[:2], "-m", f"{cli_run}+{cli_run}", *one[4:]]) == 0
    assert capsys.readouterr().out == alone


def test_json_rows(cli_run: Path, cli_pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", str(cli_pictures), "-m", str(cli_run), "--length", "2", "--format", "json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["path"] for row in rows] == [str(p) for p in sorted(cli_pictures.glob("*.png"))]
    for row in rows:
        assert set(row) == {"path", "text", "confidence", "characters"}
        assert row["text"] == "".join(part["character"] for part in row["characters"])
        assert (
            0 <= row["confidence"] <= 1
            and 0 <= row["characters"][0]["left"] < row["characters"][0]["right"] <= 1
        )


def test_archive_members_are_named(
    cli_run: Path, cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "some.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(first(cli_pictures), "inside/12_0.png")
    assert run(["read", str(archive), "-m", str(cli_run), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == f"{archive}!inside/12_0.png"


def test_standard_input_and_utf8(cli_run: Path, cli_pictures: Path) -> None:
    done = captchalab("read", "-", "-m", cli_run, "--length", "2", input=first(cli_pictures).read_bytes())
    assert done.returncode == 0 and len(done.stdout.strip()) == 2 and done.stderr == b""


def test_a_bad_picture_is_a_row(
    cli_run: Path, cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(first(cli_pictures).read_bytes()[:60])
    out = tmp_path / "out" / "rows.csv"
    arguments = ["read", str(bad), str(first(cli_pictures)), "-m", str(cli_run), "--length", "2"]
    assert run([*arguments, "--out", str(out)]) == 1
    assert "1 of them failed" in capsys.readouterr().err
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert [bool(row["error"]) for row in rows] == [True, False] and len(rows[1]["text"]) == 2
    assert [p.name for p in out.parent.iterdir()] == ["rows.csv"]
    assert run([*arguments, "--out", str(tmp_path / "rows.jsonl")]) == 1
    lines = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
    assert ["error" in json.loads(line) for line in lines] == [True, False]


def test_min_confidence(cli_run: Path, cli_pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", str(first(cli_pictures)), "-m", str(cli_run), "--min-confidence", "1"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "below 1" in captured.err


def test_words_and_pattern(
    cli_run: Path, cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "words.txt").write_text("71\n\n72\n", "utf-8")
    assert run(["read", str(cli_pictures), "-m", str(cli_run), "--words", str(tmp_path / "words.txt")]) == 0
    assert {line.split("\t")[1] for line in capsys.readouterr().out.splitlines()} <= {"71", "72"}
    assert run(["read", str(first(cli_pictures)), "-m", str(cli_run), "--pattern", "[89]{3}"]) == 0
    assert set(capsys.readouterr().out.strip()) <= {"8", "9"}


def test_a_damaged_model_is_refused(
    cli_run: Path, cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray((cli_run / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.onnx").write_bytes(data)
    assert run(["read", str(first(cli_pictures)), "-m", str(tmp_path / "bad.onnx")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
