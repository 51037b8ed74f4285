"""Comparisons: real trainings of a few steps, a finished model, a foreign reader, one page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import require
from PIL import Image

from captchalab.cli.app import run
from captchalab.errors import RunError, UsageError
from captchalab.measuring.speed import Speed, time_readers
from captchalab.reading.ensemble import Ensemble
from captchalab.reading.image import ImageLike
from captchalab.reading.reader import Reading, Reads
from captchalab.sources import open_source
from captchalab.studies import compare as study
from captchalab.studies.compare import compare
from captchalab.studies.comparison_page import ranked, write_comparison
from captchalab.studies.contestants import facts_of, parse_contestants
from captchalab.studies.entries import Comparison, Entry
from captchalab.synth.generate import generate
from captchalab.training.fit import fit

TINY = """
options = { size = "tiny" }
height = 24
width = 64
validation_pictures = 20
"""


class Parrot:
    """A foreign reader that says the same of every picture."""

    def read_many(self, images: object) -> list[Reading]:
        return [Reading("12", 0.5, ()) for _ in images]  # type: ignore[attr-defined]


class Broken:
    """A foreign reader that does not get to the end."""

    def read_many(self, images: object) -> list[Reading]:
        raise ZeroDivisionError("division by zero")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "pictures"
    generate(open_source("scheme:lepture?alphabet=12&length=2&width=64&height=24"), folder, 150)
    return folder


@pytest.fixture(scope="module")
def compared(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Path]:
    out = tmp_path_factory.mktemp("comparison")
    (out / "tiny.toml").write_text(TINY, encoding="utf-8")
    (out / "short.toml").write_text(TINY + "max_length = 1\n", encoding="utf-8")
    return compare(contestants_in(out), [str(pictures)], out / "all", steps=4), out


def contestants_in(out: Path) -> list[str]:
    """One to train, one that these pictures do not suit, a finished model, a foreign reader."""
    recipes = [str(out / f"{name}.toml") for name in ("tiny", "short")]
    return [*recipes, "small", "python:tests.test_compare:Parrot"]


def test_all_are_tested_on_the_same_unseen_pictures(
    compared: tuple[Comparison, Path], pictures: Path
) -> None:
    found, out = compared
    assert [each.kind for each in found.entries] == ["recipe", "model", "reader"]
    assert len({each.images for each in found.entries}) == 1 and found.entries[0].images >= 15
    train, test = (open_source(str(out / "all" / "data" / part)) for part in ("train", "test"))
    assert train.size + test.size == open_source(str(pictures)).size  # type: ignore[operator]
    seen = {train.sample(i).image.tobytes() for i in range(train.size or 0)}
    assert not any(test.sample(i).image.tobytes() in seen for i in range(test.size or 0))


def test_figures_are_those_of_the_readings(compared: tuple[Comparison, Path]) -> None:
    found, out = compared
    trained, bundled, parrot = found.entries
    test = open_source(str(out / "all" / "data" / "test"))
    truths = [test.text(i) for i in range(test.size or 0)]
    assert parrot.wrong == tuple(i for i, text in enumerate(truths) if text != "12")
    assert parrot.sequence_accuracy == pytest.approx(1 - len(parrot.wrong) / len(truths))
    assert parrot.parameters is parrot.file_bytes is parrot.pictures_seen is None
    assert trained.pictures_seen == 4 * 128 and trained.parameters and trained.file_bytes
    twice = facts_of(Ensemble.open([out / "all" / "tiny"] * 2))
    assert twice == {"parameters": 2 * trained.parameters}
    assert all(each.milliseconds > 0 and each.pictures_per_second > 0 for each in found.entries)
    assert found.overlap(parrot, parrot) == 1.0
    for each in found.entries:
        assert each.character_accuracy_low is not None and each.character_accuracy_high is not None
        assert each.character_accuracy_low <= each.character_accuracy <= each.character_accuracy_high
        assert each.character_accuracy_high - each.character_accuracy_low > 0.01
    assert (bundled.network, parrot.name) == ("compact", "Parrot")


def test_goes_on_without_doing_anything_twice(compared: tuple[Comparison, Path], pictures: Path) -> None:
    found, out = compared
    model = out / "all" / "tiny" / "model.onnx"
    written = model.stat().st_mtime_ns
    assert compare(contestants_in(out), [str(pictures)], out / "all", steps=4) == found
    assert model.stat().st_mtime_ns == written
    with pytest.raises(UsageError, match="holds a comparison with steps 4, not 5"):
        compare(contestants_in(out), [str(pictures)], out / "all", steps=5)


def test_one_that_fails_leaves_the_others_in_peace(
    compared: tuple[Comparison, Path], pictures: Path, tmp_path: Path
) -> None:
    found, out = compared
    ((name, why),) = [(each.name, each.why) for each in found.failed]
    assert name == "short" and why.startswith("max_length=1: the sources have texts of 2 characters")
    text = write_comparison(found, tmp_path).read_text(encoding="utf-8")
    assert "<b>short</b> failed: max_length=1" in text
    assert "short failed: max" in (tmp_path / "comparison.md").read_text(encoding="utf-8")
    with pytest.raises(RunError, match="all failed; short: max_length=1"):
        compare([str(out / "short.toml")], [str(pictures)], tmp_path / "alone", steps=4)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ('options = { size = "tinny" }', "'tinny'"),
        ('network = "resnet18"', "unknown network 'resnet18'"),
        ('network = "backbone"\noptions = { model = "resnet18", attn = true }', "unknown option"),
        ("start_rate = 0.1", r"a recipe of your own with start = 'FILE\|RUN'"),
        ('start = "typo"', "no model 'typo'"),
    ],
)
def test_what_no_pictures_can_mend_is_said_before_any_training(
    stated: str, why: str, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.toml").write_text(TINY, encoding="utf-8")
    (tmp_path / "bad.toml").write_text(stated, encoding="utf-8")
    recipes = [str(tmp_path / f"{name}.toml") for name in ("good", "bad")]
    with pytest.raises(UsageError, match=why):
        compare(recipes, [str(pictures)], tmp_path / "out", steps=1)
    assert not (tmp_path / "out").exists()


def test_a_head_start_is_told(pictures: Path, tmp_path: Path) -> None:
    fit([str(pictures)], network="compact", options={"size": "tiny"}, out=tmp_path / "old", steps=1, batch=4)
    recipe = tmp_path / "further.toml"
    recipe.write_text(f"start = '{tmp_path / 'old'}'\nbatch = 4\n", encoding="utf-8")
    fit([str(pictures)], recipe=recipe, out=tmp_path / "done", steps=1)
    contestants = [str(recipe), str(tmp_path / "done"), "small"]
    found = compare(contestants, [str(pictures)], tmp_path / "out", steps=1)
    old = str(tmp_path / "old")
    assert found.head_starts == (("further", f"{old} (4 pictures)"), ("done", old))
    for file in (write_comparison(found, tmp_path), tmp_path / "comparison.md"):
        assert "from another model, or learned from one: " in file.read_text(encoding="utf-8")


def test_figures_of_one_are_not_taken_for_those_of_another(
    compared: tuple[Comparison, Path], pictures: Path
) -> None:
    out = compared[1]
    other = out / "elsewhere" / "tiny.toml"
    other.parent.mkdir()
    other.write_text(TINY + "seed = 3\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"tiny holds the figures of another tiny than .*elsewhere"):
        compare([str(other)], [str(pictures)], out / "all", steps=4)


def test_other_pictures_are_refused_before_they_mix(pictures: Path, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine", tmp_path / "out"
    shutil.copytree(pictures, mine)
    found = compare(["small"], [str(mine)], out)
    shutil.copy(next(mine.glob("*.png")), mine / "12_new.png")
    with pytest.raises(UsageError, match=r"mine are not those that the comparison in .*out began with"):
        compare(["small"], [str(mine)], out)
    (mine / "12_new.png").unlink()
    assert compare(["small"], [str(mine)], out) == found


def test_tested_on_what_was_trained_on_is_told(pictures: Path, tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "tiny.toml").write_text(TINY + "batch = 4\n", encoding="utf-8")
    contestants = ["small", str(tmp_path / "tiny.toml")]
    found = compare(
        contestants, [str(pictures)], tmp_path / "out", steps=1, test=str(pictures), tell=told.append
    )
    size = open_source(str(pictures)).size
    assert found.shared == size and told[0].startswith(f"{size} pictures of {pictures} are among those")
    for file in (write_comparison(found, tmp_path), tmp_path / "comparison.md"):
        text = file.read_text(encoding="utf-8")
        assert f"{size} of those pictures were also trained on" in text and "no training here" not in text
    assert compare(["small"], [str(pictures)], tmp_path / "finished", test=str(pictures)).shared == 0


def test_a_finished_model_that_knows_the_test_is_told_of(pictures: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY, encoding="utf-8")
    fit([str(pictures)], recipe=recipe, out=tmp_path / "mine", steps=2)
    told: list[str] = []
    found = compare([str(tmp_path / "mine"), "small"], [str(pictures)], tmp_path / "out", tell=told.append)
    images = found.entries[0].images
    assert found.known == (("mine", images),) and found.shared == 0
    assert f"mine was trained on {images} of the pictures to test on" in told[0]
    for file in (write_comparison(found, tmp_path), tmp_path / "comparison.md"):
        assert f"already trained on {images} of those pictures" in file.read_text(encoding="utf-8")


def test_a_training_that_was_stopped_is_not_gone_on_with_by_another_recipe(
    pictures: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY + "batch = 4\n", encoding="utf-8")
    compare([str(recipe)], [str(pictures)], tmp_path / "out", steps=2)
    (tmp_path / "out" / "tiny" / "comparison-entry.json").unlink()  # as if it had been stopped before
    recipe.write_text(TINY, encoding="utf-8")
    with pytest.raises(UsageError, match="holds the figures of another tiny"):
        compare([str(recipe)], [str(pictures)], tmp_path / "out", steps=2)


def test_a_wrong_name_leaves_nothing_behind(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for data, test in (([str(tmp_path / "typo")], None), ([str(pictures), "scheme:lepture"], None)):
        with pytest.raises(UsageError):
            compare(["small"], data, out, test=test)
    with pytest.raises(UsageError):
        compare(["small"], [str(pictures)], out, test=str(tmp_path / "typo"))
    assert not out.exists()


def test_a_broken_picture_of_the_test_is_an_error_and_no_more(pictures: Path, tmp_path: Path) -> None:
    test = tmp_path / "test"
    generate(open_source("scheme:lepture?alphabet=12&length=2&width=64&height=24"), test, 5)
    (test / "12_broken.png").write_bytes(b"no picture")
    found = compare(["small"], [str(pictures)], tmp_path / "out", test=str(test))
    assert found.entries[0].images == 6 and found.entries[0].milliseconds > 0
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(test / "12_broken.png", empty)
    with pytest.raises(UsageError, match="nothing to time readers on"):
        compare(["small"], [str(pictures)], tmp_path / "none", test=str(empty))


def test_a_foreign_reader_that_breaks_leaves_the_others_in_peace(pictures: Path, tmp_path: Path) -> None:
    found = compare(["python:tests.test_compare:Broken", "small"], [str(pictures)], tmp_path / "out")
    assert [each.name for each in found.entries] == ["small"]
    assert found.failed[0].why.startswith("ZeroDivisionError: division by zero")
    assert "read_many" in (tmp_path / "out" / "Broken" / "failure.txt").read_text(encoding="utf-8")


def test_all_are_timed_in_turns_after_the_last_training(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[int] = []

    def watched(readers: list[Reads], images: list[ImageLike]) -> list[Speed]:
        timed.append(len(readers))
        return time_readers(readers, images)

    monkeypatch.setattr(study, "time_readers", watched)
    out = tmp_path / "out"
    compare(["small", "small+small"], [str(pictures)], out)
    compare(["small", "small+small"], [str(pictures)], out)
    assert timed == [2]
    compare(["small+small", "small"], [str(pictures)], out)
    assert timed == [2, 2], "speeds belong to names, in whatever order"


def test_page_holds_every_figure_and_marks_the_best(
    compared: tuple[Comparison, Path], tmp_path: Path
) -> None:
    found, _ = compared
    page = write_comparison(found, tmp_path)
    html = page.read_text(encoding="utf-8")
    markdown = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    for entry in found.entries:
        assert entry.name in html
    best = ranked(found)[0]
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {best.name} |"))
    assert "**" in line
    table = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table[: 2 + len(found.entries)]}) == 1, "a ragged table"
    assert np.asarray(Image.open(tmp_path / "accuracy.png")).std() > 5


def test_page_fits_a_desk_and_a_phone(compared: tuple[Comparison, Path], tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    require(chromium is not None, "there is no chromium to look at the page in")
    sync_api = pytest.importorskip("playwright.sync_api")
    address = write_comparison(compared[0], tmp_path).as_uri()
    faults: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("console", lambda message: faults.append(message.text))
        page.goto(address)
        assert page.evaluate("document.images[0].naturalWidth") > 500
        table = page.locator(".scroll").first
        assert table.evaluate("box => box.scrollWidth <= box.clientWidth"), "columns are out of sight"
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        table.evaluate("box => box.scrollLeft = 400")
        assert table.evaluate("box => box.scrollLeft") > 0
        name = table.locator("td").first.bounding_box()
        assert name is not None and name["x"] >= 0, "names stay while figures are scrolled"
        browser.close()
    assert faults == []


def test_contestants_are_named_apart_and_checked(
    compared: tuple[Comparison, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = compared[1] / "all" / "tiny" / "model.onnx"
    names = [each.name for each in parse_contestants(["small", "small", "compact"])]
    assert names == ["small", "small-2", "compact"]
    assert [(e.name, e.kind) for e in parse_contestants(["small+small"])] == [("small+small", "vote")]
    for name in ("lr0.01", "lr0.003", "c++"):
        (tmp_path / name).mkdir()
        shutil.copy(model, tmp_path / name / "model.onnx")
    runs = [str(tmp_path / name) for name in ("lr0.01", "lr0.003")]
    monkeypatch.chdir(runs[0])
    assert [each.name for each in parse_contestants([".", "../lr0.003"])] == ["lr0.01", "lr0.003"]
    assert [each.name for each in parse_contestants(runs)] == ["lr0.01", "lr0.003"]
    (tmp_path / "c++" / "mine.toml").write_text(TINY)
    (recipe,) = parse_contestants([str(tmp_path / "c++" / "mine.toml")])
    assert (recipe.name, recipe.kind) == ("mine", "recipe")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compact").mkdir()
    assert [each.kind for each in parse_contestants(["compact"])] == ["recipe"]
    (tmp_path / "data.toml").write_text(TINY)
    assert [each.name for each in parse_contestants([str(tmp_path / "data.toml")])] == ["data-2"]
    with pytest.raises(UsageError, match=r"no model 'typo': give a \.onnx file"):
        parse_contestants(["small+typo"])
    with pytest.raises(UsageError, match=r"'small\+': a model is missing beside the \+"):
        parse_contestants(["small+"])
    with pytest.raises(UsageError, match="nothing to compare"):
        parse_contestants([])
    with pytest.raises(UsageError, match=r"unknown recipe .compct.\. Did you mean .compact."):
        parse_contestants(["compct"])
    with pytest.raises(UsageError, match="need a budget"):
        compare(["compact"], ["scheme:lepture"], tmp_path / "x")


def test_a_drawn_source_is_tested_on_fresh_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "TEST_PICTURES", 12)
    found = compare(["small", "small+small"], ["scheme:lepture?alphabet=digits"], tmp_path / "drawn")
    alone, voted = found.entries
    assert alone.images == 12 and voted.wrong == alone.wrong
    assert voted.file_bytes == 2 * (alone.file_bytes or 0)
    assert json.loads((tmp_path / "drawn" / "comparison.json").read_text())["data"] == [
        "scheme:lepture?alphabet=digits"
    ]


def test_overlap_of_mistakes() -> None:
    def entry(wrong: tuple[int, ...]) -> Entry:
        return Entry("a", "reader", None, 9, 0, 0, 0, 0, 0, None, None, None, None, 1.0, 1.0, wrong)

    nobody = Comparison((), {}, ())
    assert nobody.overlap(entry((1, 2, 3)), entry((2, 3, 4))) == 0.5
    assert nobody.overlap(entry(()), entry(())) is None


def test_several_at_once_from_the_command_line(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(TINY, encoding="utf-8")
    recipes = [str(tmp_path / f"{name}.toml") for name in ("one", "two")]
    out = tmp_path / "out"
    arguments = [
        "compare",
        *recipes,
        "--data",
        str(pictures),
        "--steps",
        "2",
        "--at-once",
        "2",
        "--out",
        str(out),
    ]
    assert run(arguments) == 0
    captured = capsys.readouterr()
    assert [name in captured.out for name in ("one", "two")] == [True, True]
    assert str(out / "comparison.html") in captured.err
    assert captured.err.startswith("to train: one, two; each 2 steps\n")
    assert all((out / name / "model.onnx").exists() for name in ("one", "two"))
