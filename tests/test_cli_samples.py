"""The command line: pictures that are drawn, checked, divided and joined."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image
from shell import DIGITS, first

from captchalab.cli.app import run


def test_generate_names_pictures_by_their_text_and_repeats_itself(cli_pictures: Path, tmp_path: Path) -> None:
    assert run(["generate", DIGITS, str(tmp_path / "again"), "-n", "12", "--seed", "5"]) == 0
    assert run(["generate", DIGITS, str(tmp_path / "other"), "-n", "12", "--seed", "6"]) == 0
    drawn = {p.name: p.read_bytes() for p in cli_pictures.glob("*.png")}
    assert len(drawn) == 12 and all(name[:2].isdigit() and name[2] == "_" for name in drawn)
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").glob("*.png")} == drawn
    assert {p.name: p.read_bytes() for p in (tmp_path / "other").glob("*.png")} != drawn


def test_generate_does_not_mix_two_drawings(cli_pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", DIGITS, str(cli_pictures), "-n", "1"]) == 2
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


def test_check_split_merge_alphabet(
    cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(cli_pictures)]) == 0
    assert run(["split", str(cli_pictures), str(tmp_path / "parts"), "--parts", "train=1,validation=1"]) == 0
    copied = [p.name for p in (tmp_path / "parts").rglob("*.png")]
    assert len(copied) == 12
    assert run(["merge", str(cli_pictures), f"{tmp_path}/parts?part=train", str(tmp_path / "all")]) == 0
    assert len(list((tmp_path / "all").rglob("*.png"))) == 12
    capsys.readouterr()
    assert run(["alphabet", str(cli_pictures), str(tmp_path / "alphabet.json")]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert sum(int(count) for _, count, _ in lines) == 24
    (pictures_bad := tmp_path / "bad").mkdir()
    (pictures_bad / "12_0.png").write_bytes(b"no picture")
    assert run(["check", str(pictures_bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[0])["severity"] == "error"


def test_pictures_left_out_show_in_the_exit_status(
    cli_run: Path, cli_pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(cli_pictures, tmp_path / "in")
    (tmp_path / "in" / "12_broken.png").write_bytes(b"no picture")
    assert run(["split", str(tmp_path / "in"), str(tmp_path / "parts")]) == 1
    assert run(["merge", str(tmp_path / "in"), str(tmp_path / "all")]) == 1
    assert capsys.readouterr().err.count("left out: ") == 2
    assert run(["evaluate", str(cli_run), str(tmp_path / "in")]) == 1
    (tmp_path / "in" / "12_broken.png").unlink()
    disputed = tmp_path / "in" / "disputed_0.png"
    disputed.write_bytes(first(cli_pictures).read_bytes())
    assert run(["split", str(tmp_path / "in"), str(tmp_path / "parts2")]) == 1
    assert run(["merge", str(tmp_path / "in"), str(tmp_path / "all2")]) == 1
    disputed.unlink()
    assert run(["split", str(tmp_path / "in"), str(tmp_path / "parts3")]) == 0
    assert run(["merge", str(tmp_path / "in"), str(tmp_path / "all3")]) == 0
    assert run(["evaluate", str(cli_run), str(tmp_path / "in")]) == 0


def test_hints_can_be_pasted(
    cli_pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(cli_pictures, "my pictures/train")
    assert run(["alphabet", "my pictures?part=train", "a b.json"]) == 0
    hint = capsys.readouterr().err.partition("train with it: ")[2].splitlines()[0]
    assert shlex.split(hint)[2:] == ["my pictures?part=train", "--alphabet", "a b.json"]
    assert "'my pictures?part=train'" in hint  # zsh refuses a bare ? that matches nothing
