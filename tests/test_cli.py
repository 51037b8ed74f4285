"""The command line: what it prints, where, with which exit status; and that rubbish gets one line."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from captchalab.cli.app import run
from captchalab.cli.failures import explain

DIGITS = "scheme:lepture?alphabet=digits&length=2"
TINY = ["--from", "scratch", "--batch", "16", "--set", "validation_pictures=32", "--device", "cpu"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of two digits."""
    folder = tmp_path_factory.mktemp("cli") / "pictures"
    assert run(["generate", DIGITS, str(folder), "-n", "12", "--seed", "5"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a training of a few steps: it reads badly, but it reads."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert run(["train", DIGITS, *TINY, "--steps", "8", "--out", str(folder)]) == 0
    return folder


def captchalab(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-W", "error", "-m", "captchalab", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120, **options)  # type: ignore[call-overload]


def first(folder: Path) -> Path:
    return sorted(folder.glob("*.png"))[0]


def test_generate_names_pictures_by_their_text_and_repeats_itself(pictures: Path, tmp_path: Path) -> None:
    assert run(["generate", DIGITS, str(tmp_path / "again"), "-n", "12", "--seed", "5"]) == 0
    assert run(["generate", DIGITS, str(tmp_path / "other"), "-n", "12", "--seed", "6"]) == 0
    drawn = {p.name: p.read_bytes() for p in pictures.glob("*.png")}
    assert len(drawn) == 12 and all(name[:2].isdigit() and name[2] == "_" for name in drawn)
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").glob("*.png")} == drawn
    assert {p.name: p.read_bytes() for p in (tmp_path / "other").glob("*.png")} != drawn


def test_generate_does_not_mix_two_drawings(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", DIGITS, str(pictures), "-n", "1"]) == 2
    assert "another drawing" in capsys.readouterr().err


def test_schemes_are_listed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schemes"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert ["scheme:lepture", "160x60", "4", "digits+upper"] in [row[:4] for row in rows]
    assert ["scheme:easycaptcha-arith", "130x48", "5", "+-0123456789=?x"] in [
        [*row[:3], "".join(sorted(row[3]))] for row in rows
    ]
    for names in ([], ["tangle"]):
        assert run(["schemes", *names, "--sheet", str(tmp_path / f"sheet{len(names)}.png")]) == 0
    with Image.open(tmp_path / "sheet0.png") as every, Image.open(tmp_path / "sheet1.png") as one:
        assert every.width == one.width > 500 and every.height > one.height


def test_a_scheme_is_printed_changed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schemes", "tangle"]) == 0
    declaration = tmp_path / "mine.toml"
    declaration.write_text(capsys.readouterr().out.replace("width = 160", "width = 200"), encoding="utf-8")
    assert run(["generate", f"scheme:{declaration}", str(tmp_path / "drawn"), "-n", "2"]) == 0
    for picture in (tmp_path / "drawn").glob("*.png"):
        with Image.open(picture) as drawn:
            assert drawn.size == (200, 60)
    assert run(["schemes", "lepture", "tangle"]) == 2
    assert "--sheet" in capsys.readouterr().err


def test_one_picture_prints_its_text_alone(
    trained: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["read", str(first(pictures)), "-m", str(trained), "--length", "2"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.strip()) == 2 and captured.err == ""


def test_models_that_vote(trained: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = ["read", str(first(pictures)), "-m", str(trained), "--length", "2"]
    assert run(one) == 0
    alone = capsys.readouterr().out
    assert run([*one, "-m", str(trained)]) == 0
    assert capsys.readouterr().out == alone


def test_json_rows(trained: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", str(pictures), "-m", str(trained), "--length", "2", "--format", "json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["path"] for row in rows] == [str(p) for p in sorted(pictures.glob("*.png"))]
    for row in rows:
        assert set(row) == {"path", "text", "confidence", "characters"}
        assert row["text"] == "".join(part["character"] for part in row["characters"])
        assert (
            0 <= row["confidence"] <= 1
            and 0 <= row["characters"][0]["left"] < row["characters"][0]["right"] <= 1
        )


def test_archive_members_are_named(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "some.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(first(pictures), "inside/12_0.png")
    assert run(["read", str(archive), "-m", str(trained), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == f"{archive}!inside/12_0.png"


def test_standard_input_and_utf8(trained: Path, pictures: Path) -> None:
    done = captchalab("read", "-", "-m", trained, "--length", "2", input=first(pictures).read_bytes())
    assert done.returncode == 0 and len(done.stdout.strip()) == 2 and done.stderr == b""


def test_a_bad_picture_is_a_row(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(first(pictures).read_bytes()[:60])
    out = tmp_path / "out" / "rows.csv"
    arguments = ["read", str(bad), str(first(pictures)), "-m", str(trained), "--length", "2"]
    assert run([*arguments, "--out", str(out)]) == 1
    assert "1 of them failed" in capsys.readouterr().err
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert [bool(row["error"]) for row in rows] == [True, False] and len(rows[1]["text"]) == 2
    assert [p.name for p in out.parent.iterdir()] == ["rows.csv"]
    assert run([*arguments, "--out", str(tmp_path / "rows.jsonl")]) == 1
    lines = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
    assert ["error" in json.loads(line) for line in lines] == [True, False]


def test_min_confidence(trained: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", str(first(pictures)), "-m", str(trained), "--min-confidence", "1"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "below 1" in captured.err


def test_words_and_pattern(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "words.txt").write_text("71\n\n72\n", "utf-8")
    assert run(["read", str(pictures), "-m", str(trained), "--words", str(tmp_path / "words.txt")]) == 0
    assert {line.split("\t")[1] for line in capsys.readouterr().out.splitlines()} <= {"71", "72"}
    assert run(["read", str(first(pictures)), "-m", str(trained), "--pattern", "[89]{3}"]) == 0
    assert set(capsys.readouterr().out.strip()) <= {"8", "9"}


def test_evaluate_json(trained: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(trained), str(pictures), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["images"] == 12 and figures["errors"] == 0
    low, high = figures["sequence_accuracy_low"], figures["sequence_accuracy_high"]
    assert 0 <= low <= figures["sequence_accuracy"] <= high <= 1
    assert {"sequence_accuracy_folded", "character_accuracy", "character_error_rate"} <= set(figures)
    assert figures["milliseconds_per_image"] > 0


def test_evaluate_says_what_it_skips(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("1_0.png", "_1.png"):
        Image.new("RGB", (64, 32)).save(tmp_path / name)
    assert run(["evaluate", str(trained), str(tmp_path)]) == 1
    assert "1 pictures skipped for their labels (the first, _1.png: the label is empty)" in (
        capsys.readouterr().err
    )


def test_evaluate_any_reader_against_a_target(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    assert run(["evaluate", "python:silly:Always", str(pictures), *target]) == 1
    assert "below the wanted 90.00%" in capsys.readouterr().err
    assert "data:image/png" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert run(["evaluate", "python:silly:Never", str(pictures)]) == 2


def test_export_reads_like_the_run(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "mine.onnx"
    assert run(["export", str(trained), str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    for model in (trained, out):
        assert run(["read", str(pictures), "-m", str(model), "--length", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:12] == lines[12:]


def test_check_split_merge_alphabet(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(pictures)]) == 0
    assert run(["split", str(pictures), str(tmp_path / "parts"), "--parts", "train=1,validation=1"]) == 0
    copied = [p.name for p in (tmp_path / "parts").rglob("*.png")]
    assert len(copied) == 12
    assert run(["merge", str(pictures), f"{tmp_path}/parts?part=train", str(tmp_path / "all")]) == 0
    assert len(list((tmp_path / "all").rglob("*.png"))) == 12
    capsys.readouterr()
    assert run(["alphabet", str(pictures), str(tmp_path / "alphabet.json")]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert sum(int(count) for _, count, _ in lines) == 24
    (pictures_bad := tmp_path / "bad").mkdir()
    (pictures_bad / "12_0.png").write_bytes(b"no picture")
    assert run(["check", str(pictures_bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[0])["severity"] == "error"


def test_pictures_left_out_show_in_the_exit_status(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pictures, tmp_path / "in")
    (tmp_path / "in" / "12_broken.png").write_bytes(b"no picture")
    assert run(["split", str(tmp_path / "in"), str(tmp_path / "parts")]) == 1
    assert run(["merge", str(tmp_path / "in"), str(tmp_path / "all")]) == 1
    assert capsys.readouterr().err.count("left out: ") == 2
    assert run(["evaluate", str(trained), str(tmp_path / "in")]) == 1
    (tmp_path / "in" / "12_broken.png").unlink()
    disputed = tmp_path / "in" / "disputed_0.png"
    disputed.write_bytes(first(pictures).read_bytes())
    assert run(["split", str(tmp_path / "in"), str(tmp_path / "parts2")]) == 1
    assert run(["merge", str(tmp_path / "in"), str(tmp_path / "all2")]) == 1
    disputed.unlink()
    assert run(["split", str(tmp_path / "in"), str(tmp_path / "parts3")]) == 0
    assert run(["merge", str(tmp_path / "in"), str(tmp_path / "all3")]) == 0
    assert run(["evaluate", str(trained), str(tmp_path / "in")]) == 0


def test_a_run_without_out_is_named_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", DIGITS, *TINY, "--steps", "2"]) == 0
    (made,) = (tmp_path / "runs").iterdir()
    told = capsys.readouterr().err
    assert 0 < told.index(f"run folder: runs{os.sep}{made.name}") < told.index("step ")


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


def test_hints_can_be_pasted(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(pictures, "my pictures/train")
    assert run(["alphabet", "my pictures?part=train", "a b.json"]) == 0
    hint = capsys.readouterr().err.partition("train with it: ")[2].splitlines()[0]
    assert shlex.split(hint)[2:] == ["my pictures?part=train", "--alphabet", "a b.json"]
    assert "'my pictures?part=train'" in hint  # zsh refuses a bare ? that matches nothing


def test_half_written_run(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("half").mkdir()
    Path("half/recipe.toml").write_bytes((trained / "recipe.toml").read_bytes())
    for arguments in (
        ["read", "x.png", "-m", "half"],
        ["evaluate", "half", "."],
        ["export", "half", "o.onnx"],
    ):
        Image.new("RGB", (40, 20)).save("x.png")
        assert run(arguments) == 1
        assert "--resume --out half" in capsys.readouterr().err


def test_a_damaged_model_is_refused(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray((trained / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.onnx").write_bytes(data)
    assert run(["read", str(first(pictures)), "-m", str(tmp_path / "bad.onnx")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_closed_pipe_is_quiet() -> None:
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    command = [sys.executable, "-m", "captchalab", "schemes"]
    done = subprocess.run(command, stdout=writing_end, stderr=subprocess.PIPE, timeout=60)
    os.close(writing_end)
    assert done.returncode == 141 and done.stderr == b""


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
