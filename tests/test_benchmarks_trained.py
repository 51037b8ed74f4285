"""The benchmarks that train run whole on a handful of pictures and a few steps, and do nothing twice."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch
from conftest import ROOT
from test_benchmarks import last_line

from captchalab.errors import RunError, UsageError
from captchalab.reading.metrics import measure
from captchalab.sources import open_source
from captchalab.studies.entries import Entry
from captchalab.synth.generate import generate
from captchalab.training.recipe import load_recipe, read_settings

sys.path.insert(0, str(ROOT / "benchmarks"))

import captcha_v2
import leaderboard
import lighter
import recording
import results_page
import sixty_two
import systems
import trials

TINY = (
    'options = { size = "tiny" }\nheight = 24\nwidth = 80\nbatch = 8\nvalidation_pictures = 8\npatience = 0\n'
)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two archives, each with a train part only, and a tiny recipe."""
    folder = tmp_path_factory.mktemp("archives")
    generate(open_source("scheme:captcha_v2"), folder / "pictures", 20)
    for name in ("captcha_v2", "hutool-line"):
        with tarfile.open(folder / f"{name}.tar", "w") as archive:
            archive.add(folder / "pictures", "train")
    (folder / "tiny.toml").write_text(f"{TINY}steps = 3\n", encoding="utf-8")
    return folder


Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a script in this process, so that torch is loaded once; its standard output."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    threads = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))

    def run_script(script: ModuleType, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [str(script.__file__), *arguments])
        script.main()
        return capsys.readouterr().out

    yield run_script
    torch.set_num_threads(threads)
    if cores is not None:
        os.sched_setaffinity(0, cores)


def places(folder: Path) -> list[str]:
    return ["--work", str(folder / "work"), "--results", str(folder / "results")]


def test_folds_hold_each_picture_once_and_are_dealt_anew_by_each_repeat(
    archives: Path, tmp_path: Path
) -> None:
    source = trials.open_at_rest(f"{archives / 'captcha_v2.tar'}?part=train")
    dealt = []
    for repeat in (0, 1):
        folds = trials.make_folds(source, 3, repeat, tmp_path / str(repeat))
        assert folds == trials.make_folds(source, 3, repeat, tmp_path / str(repeat))
        shutil.rmtree(folds[1])  # as if it had been stopped there
        assert folds == trials.make_folds(source, 3, repeat, tmp_path / str(repeat))
        opened = [trials.open_at_rest(str(fold)) for fold in folds]
        assert sorted(each.size for each in opened) == [6, 7, 7]
        dealt.append([{each.data(index) for index in range(each.size)} for each in opened])
    everything = {source.data(index) for index in range(source.size)}
    assert all(set.union(*folds) == everything for folds in dealt)
    assert dealt[0] != dealt[1]


def test_each_fold_is_trained_once_and_noted(run: Run, archives: Path, tmp_path: Path) -> None:
    arguments = ["--schemes", str(archives), "--part", "train", "--recipe", str(archives / "tiny.toml")]
    arguments += ["--repeats", "1", "--folds", "2", *places(tmp_path)]
    table = run(captcha_v2, *arguments)
    assert "of 20 |" in table and "mean of 1" in table
    results = tmp_path / "results" / "captcha_v2.jsonl"
    line = last_line(results)
    assert line["benchmark"] == "captcha_v2 repeat 0 fold 1" and str(tmp_path) not in results.read_text()
    figures = line["figures"]
    assert figures["images"] == 10 and figures["training_pictures"] == 3 * 8
    assert figures["multiply_adds"] == 24 * figures["multiply_adds_a_picture"] > 24_000
    before = results.read_bytes()
    assert run(captcha_v2, *arguments) == table
    assert results.read_bytes() == before


def test_each_way_to_a_lighter_model_is_weighed_once(run: Run, tmp_path: Path) -> None:
    arguments = ["--steps", "1", "--tested", "12", *places(tmp_path)]
    table = run(lighter, *arguments)
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| int8", "| pruned", "| distilled"]
    for line in recording.read_lines("lighter.py", str(tmp_path / "results")):
        before, after = line["figures"]["before"], line["figures"]["after"]
        assert before["images"] == after["images"] == 12 and before["sequence_accuracy"] > 0.5
        assert 0 < after["bytes"] < before["bytes"] and after["milliseconds"] > 0
    written = (tmp_path / "results" / "lighter.jsonl").read_bytes()
    assert run(lighter, *arguments) == table
    assert (tmp_path / "results" / "lighter.jsonl").read_bytes() == written
    with pytest.raises(SystemExit):
        run(lighter, "int4")


def show_board(results: str, capsys: pytest.CaptureFixture[str]) -> str:
    leaderboard.show(results)
    return capsys.readouterr().out


def test_leaderboard_goes_on_after_one_that_fails(run: Run, archives: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(f"{TINY}start_rate = 0.1\n", encoding="utf-8")
    arguments = ["hutool-line", "--schemes", str(archives), "--steps", "2", *places(tmp_path)]
    with pytest.raises(RunError, match=r"hutool-line bad: .*bad.toml: start_rate=0\.1 is of a model"):
        run(leaderboard, *arguments, "--recipes", str(bad), str(archives / "tiny.toml"))
    (line,) = recording.read_lines("leaderboard.py", str(tmp_path / "results"))
    assert line["benchmark"] == "leaderboard hutool-line tiny"


def test_leaderboard_notes_each_recipe(
    run: Run, archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = ["--recipes", str(archives / "tiny.toml"), "--steps", "2"]
    table = run(leaderboard, "hutool-line", "--schemes", str(archives), *recipes, *places(tmp_path))
    assert "| tiny |" in table
    figures = last_line(tmp_path / "results" / "leaderboard.jsonl")["figures"]
    conditions = {"steps": 2, "test_part": False, "threads": 1}
    assert figures["conditions"] == {**conditions, "recipes": {"tiny": read_settings(archives / "tiny.toml")}}
    assert f"{figures['times']['tiny']['milliseconds']:.2f} ms |" in table
    (line, _) = recording.read_lines("leaderboard.py", str(tmp_path / "results"))
    assert line["figures"]["conditions"]["recipe"] == read_settings(archives / "tiny.toml")
    assert line["figures"]["images"] < 20 and line["figures"]["pictures_seen"] == 2 * 8
    before = (tmp_path / "results" / "leaderboard.jsonl").read_bytes()
    assert run(leaderboard, "hutool-line", "--schemes", str(archives), *recipes, *places(tmp_path)) == table
    assert (tmp_path / "results" / "leaderboard.jsonl").read_bytes() == before
    assert "not measured yet" in show_board(str(tmp_path / "results"), capsys), "a try is no figure"
    page = tmp_path / "work" / "leaderboard" / "hutool-line-2-steps" / "comparison.html"
    assert "tiny" in page.read_text(encoding="utf-8")


def test_systems_are_measured_once_with_what_they_cost(run: Run, archives: Path, tmp_path: Path) -> None:
    small = ["--recipe", str(archives / "tiny.toml"), "--pictures", "24", "--drawn", "20", "--tested", "10"]
    arguments = ["1", "--network", "compact", *small, *places(tmp_path)]
    table = run(systems, *arguments)
    assert "| 1 |" in table and table.count("not measured yet") > 6
    results = tmp_path / "results" / "systems.jsonl"
    assert f"of {10:,}" not in table, "a try with other pictures is none of a system's figures"
    figures = last_line(results)["figures"]
    assert (figures["images"], figures["training_pictures"], len(figures["curve"])) == (10, 24, 3)
    whole = figures["multiply_adds"] / figures["share_of_compute"]
    by_hand = (
        96 * 60 * 9 * 32 + 48 * 30 * 288 * 64 + 24 * 15 * 576 * 128 + 12 * 7 * 128 * 1024 + 1024 * 4 * 37
    )
    assert round(whole / figures["pictures_published"]) == by_hand, "cnn-captcha, 96x60, 37 classes"
    before = results.read_bytes()
    assert run(systems, *arguments) == table
    assert results.read_bytes() == before


def test_a_system_trains_on_what_its_recipe_names(tmp_path: Path) -> None:
    system = systems.SYSTEMS["5"]
    stated = read_settings(ROOT / "benchmarks" / "recipes" / f"{system.compact}.toml")
    named = systems.sources_of(system, {"recipe": stated, "drawn": 0}, tmp_path)
    assert len(named) > 1 and named == list(stated["sources"])
    plain = systems.sources_of(system, {"recipe": {}, "drawn": 0}, tmp_path)
    assert plain == [f"scheme:lepture?{system.scene}"]


def test_pairs_are_found_whichever_way_the_reader_leans() -> None:
    leaning = [("a", "a")] * 50 + [("A", "a")] * 48 + [("A", "A")] * 2 + [("a", "A")]
    clear = [("b", "b")] * 60 + [("c", "c")] * 60 + [("b", "c"), ("c", "b")]
    found = sixty_two.find_pairs(measure(leaning + clear))
    assert [pair["pair"] for pair in found] == [["A", "a"]]
    assert found[0]["seen"] == [50, 51] and found[0]["taken"] == [48, 1]
    assert found[0]["apart"] == pytest.approx((2 / 50 + 50 / 51) / 2) and found[0]["apart"] < 0.6
    (always,) = sixty_two.find_pairs(measure([("0", "0")] * 30 + [("O", "0")] * 30))
    assert always["pair"] == ["0", "O"] and always["taken"] == [0, 30] and always["apart"] == 0.5


def test_sixty_two_symbols_are_measured_once(run: Run, archives: Path, tmp_path: Path) -> None:
    arguments = ["--recipe", str(archives / "tiny.toml"), "--tested", "10", *places(tmp_path)]
    table = run(sixty_two, *arguments)
    results = tmp_path / "results" / "sixty_two.jsonl"
    before = results.read_bytes()
    assert last_line(results)["figures"]["images"] == 10 and "| 10 |" in table
    assert run(sixty_two, *arguments) == table and results.read_bytes() == before


def test_the_page_of_results_says_what_is_missing_and_shows_what_is_there(
    archives: Path, tmp_path: Path
) -> None:
    empty = results_page.page(str(tmp_path))
    assert empty.count(results_page.MISSING) >= len(results_page.SECTIONS) and "Measured" not in empty
    figures = {
        **{"conditions": {}, "images": 200, "sequence_accuracy": 0.9},
        **{"sequence_accuracy_folded": 0.955, "character_accuracy": 0.98},
        **{"training_pictures": 5_000, "processor_seconds": 90.0, "pairs": []},
    }
    recording.Record("benchmarks/sixty_two.py", str(tmp_path)).write("sixty-two", figures)
    page = results_page.page(str(tmp_path))
    shares = "90.00% (85.05% to 93.43%) | 95.50% (91.67% to 97.61%)"
    assert f"| 200 | {shares} | 98.00% | 5,000 pictures | 1.5 minutes |" in page
    assert "Measured 20" in page and page.count(results_page.MISSING) == empty.count(results_page.MISSING) - 1
    for section in results_page.SECTIONS:
        assert section.title in page and all(f"benchmarks/{command}" in page for command in section.commands)
    (measured,) = (section for section in results_page.SECTIONS if section.script == "accuracy")
    assert "not measured yet" not in results_page.section_text(measured, "benchmarks/results")


def test_every_system_has_recipes_for_both_networks() -> None:
    for system in systems.SYSTEMS.values():
        assert load_recipe(system.own).with_changes(**system.changes)
        assert load_recipe(ROOT / "benchmarks" / "recipes" / f"{system.compact}.toml").network == "compact"
        assert open_source(f"scheme:lepture?{system.scene}").sample(0).text
        assert system.budget <= system.seen and 0 < system.published < 1


def test_folds_count_by_their_pictures() -> None:
    def entry(images: int, share: float) -> Entry:
        return Entry("a", "recipe", "n", images, share, 0, 1, share, 1.0, 100, 2.0, 5, 6, 1.0, 1.0, (1,))

    figures = leaderboard.together([entry(30, 0.9), entry(10, 0.5)])
    assert figures["sequence_accuracy"] == pytest.approx(0.8)
    assert (figures["images"], figures["pictures_seen"], figures["seconds"]) == (40, 200, 4.0)
    assert figures["sequence_accuracy_low"] < 0.8 < figures["sequence_accuracy_high"]
    assert figures["folds"] == [0.9, 0.5]
    assert not figures.keys() & {"wrong", "character_accuracy_low"}, "the last fold's alone"


def test_a_wrong_board_is_one_line(run: Run) -> None:
    with pytest.raises(UsageError, match="no board 'lepure'; there are: lepture, hutool-line"):
        run(leaderboard, "lepure")
    with pytest.raises(UsageError, match="need --schemes DIR"):
        run(leaderboard, "lepture", "hutool-line")
