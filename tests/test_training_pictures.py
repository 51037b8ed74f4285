"""Which pictures a training takes, which it sets aside, and which it refuses."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import draw, png
from PIL import Image
from tiny import DIGITS, TINY, Told, messages, ready, recipe

from captchalab.errors import LabelError, UsageError
from captchalab.reading.image import load_image
from captchalab.reading.reader import Reader
from captchalab.samples.folder import FolderSource
from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training.device import open_accelerator
from captchalab.training.fit import fit
from captchalab.training.plan import make_plan, set_aside
from captchalab.training.progress import Message
from captchalab.training.ready import get_ready
from captchalab.training.recipe import load_recipe


def test_a_folder_with_a_broken_picture(tmp_path: Path, told: Told) -> None:
    folder, run = tmp_path / "pictures", tmp_path / "run"
    folder.mkdir()
    for number in range(60):
        text = "ABC"[number % 3] * (1 + number % 2)
        (folder / f"{text}_{number:02d}.png").write_bytes(png(text, number))
    (folder / "A_broken.png").write_bytes(png("A")[:50])
    (folder / "A_00.png").write_bytes(b"no picture")  # the first, whose size would be looked at
    told = []
    result = fit(str(folder), out=run, steps=4, on_progress=told.append, **TINY)
    told_all = messages(told)
    assert "unreadable pictures of" in told_all and ("A_00.png" in told_all or "A_broken.png" in told_all)
    stored = load_recipe(run / "recipe.toml")
    assert stored.alphabet == "ABC" and stored.max_length == 2
    assert stored.augment == "light" and stored.fit == "stretch"
    info = Reader.open(result.model).info
    assert info.lengths == (1, 2) and 1 <= info.figures["validation_images"] <= 25


def test_a_label_file_that_names_a_missing_picture(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.png").write_bytes(png("AB", number))
    rows = [f"{number}.png,AB\n" for number in range(30)]
    (tmp_path / "labels.csv").write_text("file,text\ngone.png,AB\n" + "".join(rows))
    told: Told = []
    plan, _ = get_ready(
        recipe(), str(tmp_path), open_accelerator("cpu"), lambda text: told.append(Message(text))
    )
    assert "left out 1 unreadable pictures" in messages(told) and "gone.png: cannot be" in messages(told)
    assert plan.resting is not None and len(plan.resting) + len(plan.validation) == 30


def test_pictures_set_aside_are_not_trained_on(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"A_{number:02d}.png").write_bytes(png("A", number))
    source = FolderSource(tmp_path)
    train, validation = set_aside(source)
    assert sorted(train + validation) == list(range(50)) and 2 <= len(validation) <= 20
    chosen = {source.name_of(index) for index in validation}
    for number in range(50, 60):  # more pictures move none of the old ones
        (tmp_path / f"A_{number}.png").write_bytes(png("A", number))
    (tmp_path / "A_copy.png").write_bytes(source.data(validation[0]))
    more = FolderSource(tmp_path)
    after = {more.name_of(index) for index in set_aside(more)[1]}
    assert chosen | {"A_copy.png"} <= after
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "A_0.png").write_bytes(png("A"))
    with pytest.raises(UsageError, match=r"no picture could be set aside .* --validation"):
        ready(str(tmp_path / "one"))


def test_the_same_bytes_stand_on_one_side_in_every_source(tmp_path: Path) -> None:
    # Alone, the small folder would set aside a larger share: pictures that the large one trains on.
    sides = []
    for name, count in (("large", 600), ("small", 100)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"A_{number:03d}.png").write_bytes(str(number).encode())  # only hashed
        source = FolderSource(tmp_path / name)
        sides.append({source.data(index) for index in set_aside(source, total=700)[1]})
    assert sides[1] and sides[1] == {each for each in sides[0] if int(each) < 100}


def test_a_handful_of_pictures_stands_on_both_sides(tmp_path: Path) -> None:
    """Whatever their hashes say: with 30 pairs, some pair falls wholly to either side."""
    for number in range(30):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in ("A_0.png", "A_1.png"):
            (folder / name).write_bytes(png("A", 2 * number + int(name[2])))
        train, validation = set_aside(FolderSource(folder))
        assert len(train) == len(validation) == 1
    for number in range(30):
        (tmp_path / str(number) / "A_1.png").unlink()
        with pytest.raises(UsageError, match=r"no picture (could be set aside|is left to train on)"):
            ready(str(tmp_path / str(number)))


def test_an_archive_of_real_pictures(schemes_dir: Path, tmp_path: Path) -> None:
    source = f"{schemes_dir / 'base64captcha-digit.tar'}?part=train"
    result = fit(source, out=tmp_path / "run", steps=3, **(TINY | {"width": 80}))
    info = Reader.open(result.model).info
    assert info.alphabet.characters == "0123456789" and info.lengths == (5, 5)
    assert info.figures["validation_images"] == 64 and info.scheme == {"sources": [source]}


def gif(text: str, seed: int) -> bytes:
    """An animation that shows one half of a picture at a time."""
    whole = draw(text, seed)
    frames = []
    for half in (slice(0, 40), slice(40, None)):
        frame = np.full_like(whole, 255)
        frame[:, half] = whole[:, half]
        frames.append(Image.fromarray(frame))
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return stream.getvalue()


def test_animations_are_fused_where_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "gifs"
    folder.mkdir()
    for number in range(24):
        (folder / f"AB_{number}.gif").write_bytes(gif("AB", number))
    assert ready(str(folder))[0].recipe.frames == "first"
    result = fit(str(folder), out=tmp_path / "run", steps=2, frames="fuse", **TINY)
    reader = Reader.open(result.model)
    assert reader.info.frames == load_recipe(result.run / "recipe.toml").frames == "fuse"
    plan, _ = ready(str(folder), frames="fuse", augment="none", validation=str(folder))
    fused = {plan.spec.apply(load_image(path, frames="fuse")).tobytes() for path in sorted(folder.iterdir())}
    assert plan.resting is not None
    for prepared in (plan.resting, plan.validation):
        assert {picture.tobytes() for picture in prepared.images} <= fused
    # Training goes on as the model began, unless told otherwise.
    assert ready(str(folder), start=str(result.run))[0].recipe.frames == "fuse"
    assert ready(str(folder), start=str(result.run), frames="first")[0].recipe.frames == "first"
    with pytest.raises(UsageError, match="opened with frames='first', the recipe has 'fuse'"):
        ready([FolderSource(folder)], frames="fuse")


@pytest.mark.parametrize(
    ("files", "settings", "error", "words"),
    [
        ({"AB_1.png": "", "A7_2.png": ""}, {"alphabet": "AB"}, LabelError, "outside the alphabet: 7"),
        ({"A_1.png": "", "_2.png": ""}, {}, LabelError, r"_2\.png: the label is empty.*captchalab check"),
        ({"A_1.png": "", "A\u202eB_2.png": ""}, {}, LabelError, r"U\+202E"),
        ({"A_1.png": "no picture"}, {}, UsageError, "no picture of .* can be read: captchalab check"),
        ({"ABCDEFGHIJK_1.png": "", "AB_2.png": ""}, {}, UsageError, "at least 21 steps"),
    ],
    ids=["outside", "empty", "invisible", "unreadable", "too long"],
)
def test_bad_labels_and_pictures_get_one_line(
    files: dict[str, str], settings: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    for name, content in files.items():
        (tmp_path / "set" / name).write_bytes(content.encode() or png("A"))
    with pytest.raises(error, match=words) as caught:
        fit(str(tmp_path / "set"), out=tmp_path / "run", **(TINY | settings))
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_drawn_sources_declare_what_a_glance_would_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = "".join(map(chr, range(0x4E00, 0x4E00 + 900)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn_by_others.py").write_text(
        "from PIL import Image\n"
        "def draw(text):\n    return Image.new('L', (64, 32), len(text))\n"
        "def choose():\n    return Image.new('L', (64, 32)), 'xy'\n"
    )
    source = open_source(f"python:drawn_by_others:draw?alphabet={rare}&length=2-6")
    plan = make_plan(recipe(frames="first"), [source], "float32", lambda _text: None)
    assert plan.alphabet.characters == rare and plan.lengths == (2, 6)
    own = open_source("python:drawn_by_others:choose?alphabet=digits")
    plan = make_plan(recipe(frames="first"), [own], "float32", lambda _text: None)
    assert plan.alphabet.characters == "xy" and plan.lengths == (2, 2)
    scheme = open_source("scheme:lepture?alphabet=alnum&length=1-7")
    plan = make_plan(recipe(frames="first", max_length=8), [scheme], "float32", lambda _text: None)
    assert len(plan.alphabet) == 62 and plan.lengths == (1, 8)
    scheme = open_source("scheme:lepture?alphabet=digits&length=50")
    assert (
        make_plan(recipe(frames="first", width=0), [scheme], "float32", lambda _text: None).spec.width == 408
    )
    with pytest.raises(UsageError, match="max_length=8: the sources have texts of 50"):
        make_plan(recipe(frames="first", max_length=8), [scheme], "float32", lambda _text: None)
    with pytest.raises(LabelError, match="outside the alphabet: A, B"):
        ready("scheme:lepture?alphabet=AB0&length=1", alphabet="digits")


@pytest.mark.parametrize(
    ("rare", "words"), [("xZ", "outside the alphabet: Z.*--alphabet"), ("xyx", "max_length")]
)
def test_drawn_texts_that_the_glance_missed(
    rare: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = f"rare_{len(rare)}"
    (tmp_path / f"{module}.py").write_text(
        "from PIL import Image\nseen = []\n"
        "def choose():\n    seen.append(1)\n"
        f"    return Image.new('L', (64, 32)), 'xy' if len(seen) < 520 else '{rare}'\n"
    )
    with pytest.raises(LabelError, match=words):
        fit(f"python:{module}:choose", out=tmp_path / "run", steps=20, **TINY)


def test_generated_pictures_train_like_drawn_ones(tmp_path: Path) -> None:
    generate(open_source(DIGITS), tmp_path / "drawn", 40, workers=1)
    plan, _ = ready([str(tmp_path / "drawn"), DIGITS])
    assert plan.resting is not None and len(plan.drawn) == 1
    source = open_source(DIGITS)
    assert {plan.spec.apply(source.sample(index).image).tobytes() for index in range(40)} >= {
        picture.tobytes() for picture in plan.resting.images
    }
