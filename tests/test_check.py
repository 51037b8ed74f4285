"""check: each kind of problem is found, nothing else is, and nothing is touched."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import draw, encoded, png
from PIL import Image

from captchalab.errors import UsageError
from captchalab.reading.alphabet import Alphabet
from captchalab.samples.check import Problem, check
from captchalab.samples.fingerprint import greyscale, thumbnail
from captchalab.samples.folder import FolderSource
from captchalab.samples.merge import merge
from captchalab.samples.near import find_near
from captchalab.samples.split import split
from captchalab.samples.textcheck import doubtful_texts
from captchalab.sources import open_source

TEXTS = [f"{a}{b}{c}{d}" for a in "ABKM" for b in "XR" for c in "27" for d in "HS"]


def clean(folder: Path) -> Path:
    for number, text in enumerate(TEXTS):
        (folder / f"{text}_{number}.png").write_bytes(png(text, number))
    return folder


def found(folder: Path, **options: Alphabet) -> dict[tuple[str, str], Problem]:
    return {(problem.kind, problem.name): problem for problem in check(FolderSource(folder), **options)}


def test_a_clean_folder_has_no_problems(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    source = FolderSource(clean(tmp_path))
    assert check(source, Alphabet.parse("ABKMXR27HS"), on_progress=lambda *at: seen.append(at)) == []
    assert seen == [(done, len(TEXTS)) for done in range(1, len(TEXTS) + 1)]


def test_every_kind_of_problem(tmp_path: Path) -> None:
    clean(tmp_path)
    first, second = draw(TEXTS[0], 0), draw(TEXTS[1], 1)
    files = {
        "BROKEN_1.png": png("X")[:200],
        "EMPTY_1.png": b"",
        "WRONG_1.png": encoded(draw("WRNG", 50), "JPEG"),
        "ODDS_1.png": png("ODDS", 51, (100, 44)),
        "_1.png": png("KKKK", 52),
        "bidi\u202e_1.png": png("LLLL", 53),
        "OUT!_1.png": png("OUT", 54),
        f"{TEXTS[0]}_copy.png": png(TEXTS[0], 0),
        f"{TEXTS[1]}_copy.bmp": encoded(second, "BMP"),
        "OTHER_1.png": png(TEXTS[2], 2),
        f"{TEXTS[3]}_near.jpg": encoded(draw(TEXTS[3], 3), "JPEG", quality=80),
        "NEAR_1.png": encoded(np.clip(draw(TEXTS[4], 4).astype(int) + 8, 0, 255).astype(np.uint8)),
        "notes.txt": b"",
        TEXTS[5].lower() + "_1.png": png("nine", 55),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    problems = found(tmp_path, alphabet=Alphabet.parse("upper+digits"))
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert first.shape == (40, 96, 3)

    expected = {
        ("unreadable", "BROKEN_1.png"): "error",
        ("unreadable", "EMPTY_1.png"): "error",
        ("wrong suffix", "WRONG_1.png"): "warning",
        ("odd size", "ODDS_1.png"): "warning",
        ("empty label", "_1.png"): "error",
        ("bad label", "bidi\u202e_1.png"): "error",
        ("outside alphabet", "OUT!_1.png"): "error",
        ("outside alphabet", TEXTS[5].lower() + "_1.png"): "error",
        ("duplicate", f"{TEXTS[0]}_copy.png"): "warning",
        ("duplicate", f"{TEXTS[1]}_copy.bmp"): "warning",
        ("two labels", "OTHER_1.png"): "error",
        ("near duplicate", f"{TEXTS[3]}_near.jpg"): "warning",
        ("near two labels", "NEAR_1.png"): "warning",
        ("ignored", "notes.txt"): "warning",
        ("case", str(tmp_path)): "warning",
    }
    assert {key: problem.severity for key, problem in problems.items()} == expected
    details = {problem.kind: problem.detail for problem in problems.values()}
    assert "'OTHER' here" in details["two labels"] and "U+202E" in details["bad label"]
    assert "100x44" in details["odd size"] and "96x40" in details["odd size"]
    assert "JPEG" in details["wrong suffix"] and "!" in problems["outside alphabet", "OUT!_1.png"].detail


def test_pictures_beside_a_label_file_that_leaves_them_out(tmp_path: Path) -> None:
    clean(tmp_path)
    (tmp_path / "labels.csv").write_text(f"file,text\n{TEXTS[0]}_0.png,OTHER\n")
    problems = found(tmp_path)
    assert {kind for kind, _ in problems} == {"not listed"} and len(problems) == len(TEXTS) - 1


@pytest.mark.parametrize(
    "texts",
    [
        [str(number) for number in range(100, 130)],
        [f"{number:05d}" for number in range(30)],
        [f"img{number}" for number in range(30)],
        ["captcha"] * 30,
        [f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(30)],
    ],
)
def test_texts_that_are_no_labels(texts: list[str]) -> None:
    assert [kind for kind, _ in doubtful_texts(texts)] == ["serial numbers"]


@pytest.mark.parametrize(
    "texts", [["1", "2", "3"], [str(n * 37 % 9973) for n in range(30)], TEXTS, [*TEXTS * 9, "axh"]]
)
def test_texts_that_may_be_labels(texts: list[str]) -> None:
    assert list(doubtful_texts(texts)) == []


def test_spaces_around_a_label(tmp_path: Path) -> None:
    for number, text in enumerate((" AB", "CD\u3000", "E F", "  ")):
        (tmp_path / f"{text}_{number}.png").write_bytes(png(text, number))
    kinds = {problem.name: (problem.kind, problem.severity) for problem in check(FolderSource(tmp_path))}
    assert kinds == {
        "  _3.png": ("empty label", "error"),
        " AB_0.png": ("spaces", "warning"),
        "CD\u3000_1.png": ("spaces", "warning"),
    }


def test_animations_are_compared_by_all_frames(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for text in ("AAA", "BBB"):
        frames = [Image.fromarray(draw(shown, 1)) for shown in ("", text)]
        frames[0].save(source / f"{text}_1.gif", save_all=True, append_images=frames[1:])
    assert check(FolderSource(source)) == []
    assert merge([FolderSource(source)], tmp_path / "merged").merged == 2
    report = split([FolderSource(source)], tmp_path / "parts")
    assert sum(report.added.values()) == 2 and not report.conflicts


def test_sizes_that_all_differ_are_not_odd(tmp_path: Path) -> None:
    for number, text in enumerate(TEXTS):
        (tmp_path / f"{text}_{number}.png").write_bytes(png(text, number, (96 + 4 * number, 40)))
    assert found(tmp_path) == {}


def moved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(image, ((0, 0), (1, 0), (0, 0)), mode="edge")[:, :-1]


@pytest.mark.parametrize(
    "scheme", ["lepture", "pycapt", "captcha_v2", "mews-default", "simplecaptcha-servlet", "patchca-marble"]
)
def test_near_duplicates_of_real_pictures(schemes_dir: Path, scheme: str) -> None:
    """Copies are found, and no two pictures of different texts are taken for copies."""
    source = open_source(f"{schemes_dir / scheme}.tar?part=train")
    images = [source.sample(index).image for index in range(300)]
    images += [np.clip(image.astype(int) + 15, 0, 255).astype(np.uint8) for image in images[:20]]
    images += [moved(image) for image in images[20:40]]
    pairs = find_near(
        [thumbnail(image) for image in images],
        [image.shape[:2] for image in images],
        lambda index: greyscale(images[index]),
    )
    true = {(index, 300 + index) for index in range(40)}
    assert set(pairs) <= true
    assert len(pairs) >= 36


def test_near_duplicates_of_few_or_flat_pictures() -> None:
    flat = [np.full((40, 96, 3), value, np.uint8) for value in (255, 254, 0)]
    images = [*flat, draw("A"), draw("B", 1)]
    for count in range(len(images) + 1):
        pairs = find_near(
            [thumbnail(image) for image in images[:count]],
            [image.shape[:2] for image in images[:count]],
            lambda index: greyscale(images[index]),
        )
        assert all(second < 3 for _, second in pairs)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_linked_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    clean(tmp_path / "elsewhere")
    (tmp_path / "in" / "sub").mkdir(parents=True)
    with pytest.raises(UsageError, match="no pictures in") as empty:
        FolderSource(tmp_path / "in")
    assert "is a link" not in str(empty.value)
    (tmp_path / "in" / "sub" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(UsageError, match="sub/linked is a link to a folder, which is not followed"):
        FolderSource(tmp_path / "in")
    for place in ("", "sub"):
        (tmp_path / "in" / place / "AB_1.png").write_bytes(png("AB", len(place)))
    problems = check(FolderSource(tmp_path / "in"))
    assert [(each.kind, each.name, each.severity) for each in problems] == [("link", "sub/linked", "warning")]
    assert len(check(FolderSource(tmp_path / "in", "sub"))) == 1
    (tmp_path / "in" / "other").mkdir()
    (tmp_path / "in" / "other" / "CD_1.png").write_bytes(png("CD"))
    assert check(FolderSource(tmp_path / "in", "other")) == []


def test_texts_beyond_all_measure(tmp_path: Path) -> None:
    long = ["Ab" * 5000 + "1", "aB" * 5000 + "2", "9" * 5000]
    rows = [f'{{"file": "{number}.png", "text": "{text}"}}' for number, text in enumerate(long * 4)]
    (tmp_path / "labels.jsonl").write_text("\n".join(rows))
    for number in range(12):
        (tmp_path / f"{number}.png").write_bytes(png("AB", number % 6))
    problems = check(FolderSource(tmp_path))
    assert [each.kind for each in problems].count("bad label") == 12
    # Copies bear the same text (6 is a multiple of 3), and nothing is said of cases or serial numbers.
    assert {each.kind for each in problems} == {"bad label", "duplicate"}
    (tmp_path / "labels.jsonl").write_text("\n".join(rows).replace("aB", "bA"))
    (tmp_path / "12.png").write_bytes(png("AB", 0))
    problems = check(FolderSource(tmp_path))
    disputed = next(each for each in problems if each.kind == "two labels")
    assert "'AbAb" in disputed.detail and len(disputed.detail) < 300
