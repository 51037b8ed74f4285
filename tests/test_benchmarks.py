"""The scripts of benchmarks/ start, and two of them run whole on a handful of pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from PIL import Image

from captchalab.synth.generate import generate
from captchalab.synth.source import SchemeSource
from captchalab.training.recipe import load_recipe

BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = (
    "accuracy",
    "captcha_v2",
    "drawing",
    "leaderboard",
    "lighter",
    "lookalike",
    "precision",
    "reading",
    "real_schemes",
    "reliability_page",
    "results_page",
    "scheme_speed",
    "schemes_page",
    "serving",
    "side_by_side",
    "sixty_two",
    "systems",
    "training_speed",
    "transfer",
)
TINY = 'options = { size = "tiny" }\nbatch = 16\n'


def run(script: str, *arguments: str) -> str:
    """Its standard output."""
    command = [sys.executable, str(BENCHMARKS / f"{script}.py"), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def last_line(file: Path) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(file.read_text(encoding="utf-8").splitlines()[-1])
    return line


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_shows_the_command_to_type(script: str) -> None:
    assert f"python benchmarks/{script}.py" in run(script, "--help")


def test_the_readme_names_every_script_and_recipe() -> None:
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    scripts = {file.stem for file in BENCHMARKS.glob("*.py")} - {"recording", "trials"}
    assert scripts == set(SCRIPTS)
    for name in scripts:
        assert f"python benchmarks/{name}.py" in readme
    for recipe in BENCHMARKS.glob("recipes/*.toml"):
        assert f"recipes/{recipe.name}" in readme
        load_recipe(recipe)


def test_equal_trainings_are_compared_and_not_repeated_and_their_model_is_timed(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY, encoding="utf-8")
    places = ["--work", str(tmp_path / "work"), "--results", str(tmp_path / "results")]
    sizes = ["--pictures", "60", "--steps", "3", "--seeds", "1", "--test-pictures", "20"]
    table = run("lookalike", *sizes, "--recipe", str(recipe), *places)
    assert "trained on ours" in table and "trained on theirs" in table
    line = last_line(tmp_path / "results" / "lookalike.jsonl")
    assert line["commit"] and line["machine"]["cores"]
    assert str(tmp_path) not in json.dumps(line)
    figures = line["figures"]
    assert [(each["side"], each["seed"]) for each in figures["trainings"]] == [("ours", 0), ("theirs", 0)]
    assert figures["difference"] == figures["ours"] - figures["theirs"]

    notes = tmp_path / "work" / "lookalike" / "trainings.jsonl"
    before = notes.read_bytes()
    assert run("lookalike", *sizes, "--recipe", str(recipe), *places) == table
    assert notes.read_bytes() == before

    model = tmp_path / "work" / "lookalike" / "run-ours-0" / "model.onnx"
    output = run(
        "reading", "--model", str(model), "--sizes", "100x60", "--pictures", "12", "--no-peer", *places
    )
    assert f"{model.stat().st_size / 1e6:.3f} MB" in output
    timed = last_line(tmp_path / "results" / "reading.jsonl")["figures"]["sizes"]["100x60"]
    assert len(timed["stages"]) == 4
    assert all(
        0 < each["median_ms"] <= each["p90_ms"] for each in (timed["captchalab"], *timed["stages"].values())
    )
    assert set(timed["batches"]) == {"16", "64", "256"}


def test_schemes_are_timed_and_compared_with_their_libraries(tmp_path: Path) -> None:
    index = "scheme,library_pictures_per_second\nlepture,0.001\ncaptcha_v2,-\n"
    (tmp_path / "index.csv").write_text(index, encoding="utf-8")
    places = ["--work", str(tmp_path / "work"), "--results", str(tmp_path / "results")]
    quick = ["--seconds", "0.02", "--repeats", "1", "--schemes", str(tmp_path)]
    table = run("scheme_speed", "lepture", "tangle", *quick, *places)
    assert [line.split()[1] for line in table.splitlines()[2:]] == ["lepture", "tangle"]
    figures = last_line(tmp_path / "results" / "scheme_speed.jsonl")["figures"]
    assert figures["lepture"]["ratio"] > 1 and figures["tangle"]["ratio"] is None
    assert figures["lepture"]["bytes"] > 1000

    run("scheme_speed", "lepture", "--samples", "60", *places)
    memory = last_line(tmp_path / "results" / "scheme_speed.jsonl")["figures"]["memory"]
    assert (memory[0]["samples"], memory[-1]["samples"]) == (0, 60)


def test_sheets_show_both_sides(tmp_path: Path) -> None:
    generate(SchemeSource("lepture"), tmp_path / "pictures", 5)
    with tarfile.open(tmp_path / "lepture.tar", "w") as archive:
        archive.add(tmp_path / "pictures", "train")
    run("side_by_side", "--schemes", str(tmp_path), "--out", str(tmp_path / "sheets"), "--rows", "3")
    with Image.open(tmp_path / "sheets" / "lepture.png") as sheet:
        assert sheet.width > 4 * 160 and sheet.height > 6 * 60


def test_the_page_of_schemes_is_what_the_code_says() -> None:
    run("schemes_page", "--check")  # else: make docs-schemes
