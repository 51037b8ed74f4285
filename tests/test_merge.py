"""merge: agreement collapses, disagreement is listed, nothing is lost."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import pytest
from pictures import draw, encoded, png

from captchalab.errors import UsageError
from captchalab.samples.folder import FolderSource
from captchalab.samples.merge import Vote, merge


def people(folder: Path) -> list[FolderSource]:
    """Two sets: pictures 0-3 are in both; they agree on 0 and 1, not on 2 and 3."""
    first, second = folder / "ann", folder / "bob"
    first.mkdir()
    second.mkdir()
    for number, (ours, theirs) in enumerate([("AA", "AA"), ("a/b", "a/b"), ("CC", "cc"), ("O0", "3+8=?")]):
        (first / f"{number}.png").write_bytes(png(ours, number))
        (second / f"x{number}.bmp").write_bytes(encoded(draw(ours, number), "BMP"))
        for path, name, text in ((first, f"{number}.png", ours), (second, f"x{number}.bmp", theirs)):
            labels = path / "labels.csv"
            before = labels.read_text() if labels.exists() else "file,text\n"
            labels.write_text(f"{before}{name},{text}\n")
    (first / "EE_1.png").write_bytes(png("EE", 8))
    (second / "FF_1.png").write_bytes(png("FF", 9))
    (second / "GG_1.png").write_bytes(b"broken")
    return [FolderSource(first), FolderSource(second)]


def test_merge(tmp_path: Path) -> None:
    sources = people(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.*")}
    out = tmp_path / "out"
    seen: list[tuple[int, int]] = []
    report = merge(sources, out, on_progress=lambda *at: seen.append(at))
    assert {file: file.read_bytes() for file in before} == before
    assert seen == [(done, 11) for done in range(1, 12)]
    assert (report.merged, report.agreed) == (4, 2)
    assert [(source, name) for source, name, _ in report.refused] == [(sources[1].name, "GG_1.png")]
    merged = FolderSource(out)
    assert sorted(merged.text(index) for index in range(merged.size)) == ["AA", "EE", "FF", "a/b"]
    votes = sorted(sorted(vote.text for vote in found) for found in report.conflicts.values())
    assert votes == [["3+8=?", "O0"], ["CC", "cc"]]
    assert Vote("cc", sources[1].name, "x2.bmp") in next(
        v for v in report.conflicts.values() if v[0].text == "CC"
    )
    with (out / "conflicts" / "conflicts.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert sorted((row["text"], row["name"]) for row in rows) == [
        ("3+8=?", "x3.bmp"),
        ("CC", "2.png"),
        ("O0", "3.png"),
        ("cc", "x2.bmp"),
    ]
    assert {row["file"] for row in rows} == {file.name for file in (out / "conflicts").glob("*.png")}


def test_a_settled_conflict_joins_the_set(tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge(people(tmp_path), out)
    disputed = out / "conflicts" / "conflicts.csv"
    with disputed.open(newline="") as handle:
        kept = [row for row in csv.reader(handle) if row[1] not in ("cc", "O0")]
    with (out / "conflicts" / "labels.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows(kept)
    disputed.unlink()
    merged = FolderSource(out)
    texts = sorted(merged.sample(index).text for index in range(merged.size))
    assert texts == ["3+8=?", "AA", "CC", "EE", "FF", "a/b"]


def test_one_person_who_labels_twice_differently(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for text in ("A", "B"):
        (tmp_path / "in" / f"{text}_1.png").write_bytes(png("A"))
    (tmp_path / "in" / "C_1.png").write_bytes(png("C"))
    report = merge([FolderSource(tmp_path / "in")], tmp_path / "out")
    assert report.merged == 1 and len(report.conflicts) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no UTF-8")
def test_conflicts_of_files_whose_names_are_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for text in (b"A", b"B"):
        (tmp_path / "in" / os.fsdecode(text + b"_\xff.png")).write_bytes(png("A"))
    assert len(merge([FolderSource(tmp_path / "in")], tmp_path / "out").conflicts) == 1
    assert "A_\\udcff.png" in (tmp_path / "out" / "conflicts" / "conflicts.csv").read_text("utf-8")


def test_the_output_must_be_new(tmp_path: Path) -> None:
    sources = people(tmp_path)
    (tmp_path / "out").mkdir()
    stale = tmp_path / ".out.part"
    stale.mkdir()
    (stale / "ZZ_1.png").write_bytes(b"left by a killed merge")
    assert merge(sources, tmp_path / "out").merged == 4
    assert not stale.exists() and not list((tmp_path / "out").glob("ZZ*"))
    with pytest.raises(UsageError, match="not empty"):
        merge(sources, tmp_path / "out")
