"""Folders: texts from names and label files, and texts that survive the way to disk and back."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from pictures import draw, png

from captchalab.errors import BrokenImage, LabelError, TooManyBytes, UsageError
from captchalab.samples import folder
from captchalab.samples.characters import collect, load_alphabet
from captchalab.samples.check import check
from captchalab.samples.folder import FolderSource
from captchalab.samples.labels import fits_file_name, text_of_name
from captchalab.samples.sample import AtRest, Sample
from captchalab.samples.writer import FolderWriter

AWKWARD = [
    "0042",
    "ÄÖü",
    "验证码",
    "a_b",
    "a__",
    "3+8=?",
    "6*7/2",
    "C:\\x",
    " ab ",
    '"q"',
    "a,b",
    "'",
    "..",
    "_",
    "a.b",
]
AWKWARD += ["x" * 64, "验" * 64, "%20", "#?&", "e\u0301", "CON", "-rf", "<b>", "|", "~"]


def put(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ABCD_0000.png", "ABCD"),
        ("a/b/00_42_x.png", "00_42"),
        ("0042.png", "0042"),
        ("_1.png", ""),
        ("A.B_1.png", "A.B"),
        ("e\u0301_1.png", "\u00e9"),
    ],
)
def test_text_of_name(name: str, text: str) -> None:
    assert text_of_name(name) == text


@pytest.mark.parametrize("label_file", ["labels.jsonl", "labels.csv"])
def test_awkward_texts_survive(tmp_path: Path, label_file: str) -> None:
    samples = [Sample(draw("x", seed), text) for seed, text in enumerate(AWKWARD)]
    for numbers in (range(5), range(5, len(samples))):
        with FolderWriter(tmp_path, label_file=label_file) as writer:
            for number in numbers:
                writer.add(samples[number].text, samples[number].image, f"{number:04d}")
    source = FolderSource(tmp_path)
    assert isinstance(source, AtRest)
    back = {int(source.name_of(i).rsplit("_", 1)[1][:-4]): source.sample(i) for i in range(source.size)}
    for number, sample in enumerate(samples):
        assert back[number].text == sample.text.replace("e\u0301", "\u00e9")
        assert np.array_equal(back[number].image, sample.image)
    forbidden = set('<>:"/\\|?*')
    assert not any(forbidden & set(file.name) or file.name.startswith(".") for file in tmp_path.iterdir())
    assert source.listing.unlisted == [] and source.listing.ignored == []
    assert (tmp_path / "ÄÖü_0001.png").exists() and (tmp_path / "a_b_0003.png").exists()


@pytest.mark.parametrize("text", ["", "a\nb", "a\tb", "\u202eabc", "a\u200db", "x" * 65, "\x7f"])
def test_forbidden_texts_are_refused(tmp_path: Path, text: str) -> None:
    assert not fits_file_name(text)
    with FolderWriter(tmp_path) as writer, pytest.raises(LabelError):
        writer.add(text, draw("x"), "0000")
    put(tmp_path, {"a.png": png("a"), "labels.jsonl": json.dumps({"file": "a.png", "text": text})})
    source = FolderSource(tmp_path)
    with pytest.raises(LabelError, match=r"a\.png: "):
        source.sample(0)


def test_label_files_go_first_and_the_nearest_wins(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "labels.csv": '\ufefffile,text\r\n1.png,"a,""b"""\r\nsub/2.png,outer\r\n2.png,csv\r\n',
            "labels.jsonl": '{"file": "2.png", "text": "jsonl"}\n\n',
            "sub/labels.csv": "note,text,file\n,inner,2.png\n",
            "1.png": png("1"),
            "2.png": png("2"),
            "sub/2.png": png("3"),
            "NAME_3.png": png("4"),
            "notes.txt": "no picture",
            ".hidden_1.png": png("5"),
            "conflicts/conflicts.csv": "file,text\n",
            "conflicts/_1.png": png("6"),
        },
    )
    source = FolderSource(tmp_path)
    texts = {source.name_of(i): source.text(i) for i in range(source.size)}
    assert texts == {"1.png": 'a,"b"', "2.png": "jsonl", "sub/2.png": "inner", "NAME_3.png": "NAME"}
    assert source.listing.unlisted == ["NAME_3.png"] and source.listing.ignored == ["notes.txt"]


def test_parts(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "labels.csv": "file,text\ntest/1.png,from above\n",
            "train/A_1.png": png("A"),
            "test/1.png": png("B"),
            "test/deep/C_1.png": png("C"),
        },
    )
    assert FolderSource(tmp_path).size == 3
    source = pickle.loads(pickle.dumps(FolderSource(tmp_path, "test")))
    assert [(source.name_of(i), source.text(i)) for i in range(source.size)] == [
        ("test/1.png", "from above"),
        ("test/deep/C_1.png", "C"),
    ]
    assert source.name == f"{tmp_path}?part=test" and np.array_equal(source.sample(0).image, draw("B"))
    with pytest.raises(UsageError, match=r"no part 'tset'.*test, test/deep, train"):
        FolderSource(tmp_path, "tset")
    with pytest.raises(UsageError, match="no part"):
        FolderSource(tmp_path / "train", "../test")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("labels.csv", "name,label\n1.png,a\n", "needs the columns file,text .* it has: name,label"),
        ("labels.csv", "file,text\n1.png\n", "line 2 has 1 fields instead of 2"),
        ("labels.csv", 'file,text\n1.png,"a\n', "is not CSV"),
        ("labels.csv", b"file,text\n1.png,\xff\n", "not UTF-8"),
        ("labels.csv", "file,text\n1.png,a\n1.png,b\n", "two labels, 'a' and 'b'"),
        ("labels.csv", "file,text\n../1.png,a\n", "no picture inside its folder"),
        ("labels.jsonl", '{"file": "1.png", "text": 12}\n', "both strings"),
        ("labels.jsonl", '\n{"file": "1.png", "te', "line 2 is not JSON"),
        ("labels.jsonl", "[]", "both strings"),
        ("labels.jsonl", "[" * 200_000, "line 1 is not JSON"),
        ("labels.jsonl", '{"file": "/etc/1.png", "text": "a"}', "no picture inside its folder"),
    ],
)
def test_bad_label_files(tmp_path: Path, file: str, content: str | bytes, message: str) -> None:
    put(tmp_path, {file: content, "1.png": png("1")})
    with pytest.raises(UsageError, match=message) as caught:
        FolderSource(tmp_path)
    assert "\n" not in str(caught.value) and file in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and devices of POSIX")
def test_what_is_no_plain_file_is_neither_awaited_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, {"A_1.png": png("A"), "labels.jsonl": '{"file": "\\ud800.png", "text": "B"}'})
    os.mkfifo(tmp_path / "C_1.png")
    (tmp_path / "D_1.png").symlink_to("/dev/zero")
    (tmp_path / "E_1.png").symlink_to("/nonexistent")
    (tmp_path / "F_1.png").symlink_to("A_1.png")
    (tmp_path / "G_1.png").mkdir()
    source = FolderSource(tmp_path)
    problems = {problem.name: problem.detail for problem in check(source) if problem.kind == "unreadable"}
    assert problems == {
        "C_1.png": "no plain file, but a folder, pipe or device",
        "D_1.png": "no plain file, but a folder, pipe or device",
        "E_1.png": "cannot be opened (No such file or directory)",
        "\ud800.png": "cannot be opened (no file can have this name)",
    }
    monkeypatch.setattr(folder, "MAX_FILE_BYTES", 10)
    with pytest.raises(TooManyBytes, match=r"A_1\.png: .* at most 10"):
        source.sample(0)
    os.mkfifo(tmp_path / "labels.csv")
    with pytest.raises(UsageError, match="no plain file"):
        FolderSource(tmp_path)


def test_missing_and_empty(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        FolderSource(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no pictures in"):
        FolderSource(tmp_path)
    put(tmp_path, {"labels.csv": "file,text\ngone.png,a\n", "bad_1.png": b"no picture"})
    source = FolderSource(tmp_path)
    with pytest.raises(BrokenImage, match=r"gone\.png: cannot be opened"):
        source.sample(1)
    assert source.text(1) == "a"


def test_characters_in_use(tmp_path: Path) -> None:
    files = {f"{'AB' * 15}_{i}.png": b"" for i in range(10)} | {"AC_1.png": b"", "_2.png": b""}
    counts = collect([FolderSource(put(tmp_path, dict(files)))])
    assert counts.counts == {"A": 151, "B": 150, "C": 1}
    assert (counts.rare, counts.labels, counts.bad) == (("C",), 11, 1)
    counts.save(tmp_path / "mine.json")
    assert load_alphabet(str(tmp_path / "mine.json")) == counts.alphabet
    (tmp_path / "mine.txt").write_text("验证\n码\n", encoding="utf-8")
    assert load_alphabet(str(tmp_path / "mine.txt")).characters == "验证码"
    assert load_alphabet("digits").characters == "0123456789" and load_alphabet("xyz").characters == "xyz"
    with pytest.raises(UsageError, match="cannot open the alphabet file"):
        load_alphabet(str(tmp_path / "none.json"))
    (tmp_path / "bad.json").write_text("[1]")
    with pytest.raises(UsageError, match="needs"):
        load_alphabet(str(tmp_path / "bad.json"))
