"""split: stable, gap-free, and no picture in two parts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pictures import draw, encoded, png

from captchalab.errors import UsageError
from captchalab.samples.fingerprint import hash_pixels
from captchalab.samples.folder import FolderSource
from captchalab.samples.merge import merge
from captchalab.samples.split import SplitReport, check_parts, parse_parts, part_of, split
from captchalab.sources import open_source

LETTERS = "ABCDEFGHKMNPRSTUVWXYZ"


def text_of(number: int) -> str:
    return "".join(LETTERS[number // 21**place % 21] for place in range(4))


def fill(folder: Path, numbers: range) -> FolderSource:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{text_of(number * 7919)}_{number}.png").write_bytes(png(text_of(number * 7919), number))
    return FolderSource(folder)


def content(out: Path) -> dict[str, tuple[str, str]]:
    """Hash of the pixels -> (part, text)."""
    table = {}
    for folder in sorted(out.iterdir()):
        source = FolderSource(folder)
        for index in range(source.size):
            sample = source.sample(index)
            key = hash_pixels(sample.image).hex()
            assert key not in table
            table[key] = (folder.name, sample.text)
    return table


def test_nineteen_to_one(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", range(300))
    report = split([source], tmp_path / "out")
    assert report.added["train"] + report.added["validation"] == 300
    assert 5 <= report.added["validation"] <= 30
    table = content(tmp_path / "out")
    expected = {hash_pixels(source.sample(i).image).hex(): source.text(i) for i in range(300)}
    assert {key: text for key, (_, text) in table.items()} == expected
    for key, (part, _) in table.items():
        assert part == part_of(bytes.fromhex(key), {"train": 19, "validation": 1})


def test_again_with_more_samples_and_another_ratio(tmp_path: Path) -> None:
    out = tmp_path / "out"
    split([fill(tmp_path / "in", range(60))], out)
    before = content(out)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "7!_1.png").write_bytes(png("7!", 999))
    new = FolderSource(tmp_path / "new")
    parts = {"train": 1.0, "validation": 1.0, "test": 2.0}
    report = split([fill(tmp_path / "in", range(120)), new], out, parts)
    after = content(out)
    assert {key: after[key] for key in before} == before and len(after) == 121
    assert report.kept == {
        part: sum(found == part for found, _ in before.values()) for part in ("train", "validation")
    }
    assert (report.duplicates, sum(report.added.values())) == (60, 61)
    assert min(report.added.values()) > 5
    assert report.new_characters == ("!", "7")
    again = split([fill(tmp_path / "in", range(120)), new], out, parts)
    assert sum(again.added.values()) == 0 and again.new_characters == () and content(out) == after


def test_the_part_does_not_depend_on_the_other_samples(tmp_path: Path) -> None:
    parts = {"train": 1.0, "test": 1.0}
    split([fill(tmp_path / "a", range(80))], tmp_path / "one", parts)
    split([fill(tmp_path / "b", range(40, 80))], tmp_path / "two", parts)
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert len(two) == 40 and {key: one[key] for key in two} == two


def test_copies_go_to_one_part(tmp_path: Path) -> None:
    source = tmp_path / "in"
    fill(source, range(60))
    for number in range(60):
        text, image = text_of(number * 7919), draw(text_of(number * 7919), number)
        (source / f"{text}_again{number}.bmp").write_bytes(encoded(image, "BMP"))
        brighter = np.clip(image.astype(int) + 6, 0, 255).astype(np.uint8)
        (source / f"{text}_bright{number}.png").write_bytes(encoded(brighter))
    report = split([FolderSource(source)], tmp_path / "out", {"train": 1, "test": 1})
    assert report.duplicates == 60 and report.near >= 55
    table = content(tmp_path / "out")
    assert len(table) == 120
    parts: dict[str, set[str]] = {}
    for part, text in table.values():
        parts.setdefault(text, set()).add(part)
    assert sum(len(found) > 1 for found in parts.values()) <= 60 - report.near
    assert min(report.added.values()) > 20


def test_bad_samples_and_awkward_texts(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    fill(folder, range(10))
    rows = "file,text\n1.png,3+8=?\n2.png,a/b\n3.png,\n5.png,no\n6.png,C:*\n"
    (folder / "labels.csv").write_text(rows)
    for number in (1, 2, 3):
        (folder / f"{number}.png").write_bytes(png("x", 100 + number))
    (folder / "4_4.png").write_bytes(b"broken")
    (folder / "5.png").write_bytes(png(text_of(7919), 1))
    (folder / "6.png").write_bytes(encoded(draw("y", 106), "JPEG"))
    report = split([FolderSource(folder)], tmp_path / "out", {"a": 1, "b": 1})
    assert sorted(name for name, _ in report.refused) == ["3.png", "4_4.png"]
    assert len(report.conflicts) == 1 and set(report.conflicts[0][1:]) == {"no", text_of(7919)}
    texts = {text for _, text in content(tmp_path / "out").values()}
    assert {"3+8=?", "a/b", "C:*"} <= texts
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 1


def test_no_part_stays_empty(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", range(4))
    report = split([source], tmp_path / "out", {"train": 1000, "validation": 1, "test": 1})
    assert report.added == {"train": 2, "validation": 1, "test": 1}
    content(tmp_path / "out")


def test_killed_half_way(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", range(200))
    rows = [f"{source.name_of(index)},a/{source.text(index)}\n" for index in range(0, 200, 2)]
    (tmp_path / "in" / "labels.csv").write_text("file,text\n" + "".join(rows))
    code = (
        "import sys; from captchalab.samples.folder import FolderSource;"
        "from captchalab.samples.split import split;"
        "split([FolderSource(sys.argv[1])], sys.argv[2])"
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "in"), str(out)])
    while process.poll() is None and len(list(out.rglob("*.png"))) < 20:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    split([FolderSource(tmp_path / "in")], out)
    split([FolderSource(tmp_path / "in")], tmp_path / "whole")
    assert content(out) == content(tmp_path / "whole") and len(content(out)) == 200


def test_parts() -> None:
    assert parse_parts("train=8, validation:1,test=1") == {"train": 8, "validation": 1, "test": 1}
    for text in ("train", "train=x", "train=1", "a/b=1,c=1", "a=0,b=1", "a=nan,b=1", ".a=1,b=1", "=1,b=2"):
        with pytest.raises(UsageError):
            parse_parts(text)
    assert isinstance(check_parts({"a": 1, "b": 2}), dict)
    assert SplitReport({}, {}).new_characters == ()
    assert part_of(b"\0" * 32, {"a": 1, "b": 1}) == "a" and part_of(b"\xff" * 32, {"a": 1, "b": 1}) == "b"


@pytest.mark.parametrize(
    ("source", "out", "words"),
    [
        ("in", "in", "is the source"),
        ("in", "in/parts", "lies in the source"),
        ("in/a", "in", "holds the source"),
        ("in?part=a", "in/a/b", "lies in the source"),
        ("in/../in", "./in", "is the source"),
    ],
)
def test_sources_are_not_written_into(
    source: str, out: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "in", range(2))
    fill(tmp_path / "in" / "a", range(2, 4))
    before = sorted(tmp_path.rglob("*"))
    for act in (split, merge):
        with pytest.raises(UsageError, match=rf"{words}|not empty"):
            act([open_source(source)], out)
    with pytest.raises(UsageError, match=words):
        split([open_source(source)], out)
    assert sorted(tmp_path.rglob("*")) == before


def test_folders_beside_a_source_may_be_written(tmp_path: Path) -> None:
    fill(tmp_path / "data", range(2))
    fill(tmp_path / "data" / "raw", range(2, 12))
    report = split([FolderSource(tmp_path / "data", "raw")], tmp_path / "data" / "rawer")
    assert sum(report.added.values()) == 10
