"""A run that is gone on with: what it no longer needs, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pictures import png
from tiny import DIGITS, TINY, equal_weights, recipe, stored_weights

from captchalab.errors import RunError, UsageError
from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training.checkpoint import checkpoints, load_checkpoint
from captchalab.training.export_run import export_run
from captchalab.training.fit import FitResult, fit


class Stopped(Exception):
    """Raised by whoever watches, to end a training in its middle."""


def stop_at(words: str) -> Any:
    def watch(event: object) -> None:
        if words in str(event):
            raise Stopped

    return watch


def fit_until(words: str, sources: Any, **settings: Any) -> None:
    with pytest.raises(Stopped):
        fit(sources, on_progress=stop_at(words), **(TINY | settings))


@pytest.mark.parametrize("words", ["Progress(step=2,", "Progress(step=12,"], ids=["early", "late"])
def test_the_model_started_from_may_be_gone(words: str, trained: FitResult, tmp_path: Path) -> None:
    start, run = tmp_path / "start.onnx", tmp_path / "run"
    settings = {"start": str(start), "steps": 20, "validate_every": 1, "save_every": 5, "patience": 0}
    settings |= {"options": {"size": "tiny", "dropout": 0.2}}
    shutil.copy(trained.model, start)
    whole = fit(DIGITS, out=tmp_path / "whole", **(TINY | settings))
    fit_until(words, DIGITS, out=run, **settings)
    start.unlink()
    if "step=12" in words:
        assert export_run(run, tmp_path / "begun.onnx").is_file()
    resumed = fit(out=run, resume=True, device="cpu")
    assert equal_weights(stored_weights(resumed.model), stored_weights(whole.model))
    ours, theirs = (load_checkpoint(each / "checkpoints") for each in (run, whole.run))
    assert equal_weights(ours.tensors, theirs.tensors)
    assert export_run(run, tmp_path / "out.onnx").read_bytes() == resumed.model.read_bytes()


def test_only_a_run_that_starts_from_a_model_is_saved_at_once(tmp_path: Path) -> None:
    fit_until("Progress(step=1,", DIGITS, out=tmp_path / "run", steps=50)
    assert checkpoints(tmp_path / "run" / "checkpoints") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"recipe": "cnn-captcha"},
            "height=24, not 60; learning_rate=0.01, not 0.001; network=compact, not cnn",
        ),
        ({"recipe": recipe(batch=64)}, "batch=16, not 64"),
        ({"recipe": recipe(sources=["scheme:tangle"])}, "sources=.*, not .*scheme:tangle"),
        ({"options": {"size": "base"}}, "options=.*tiny.*, not .*base"),
        ({"validation": DIGITS}, "validation=, not scheme"),
        ({"until": 0.9, "seed": 4}, "seed=3, not 4; until=0.0, not 0.9"),
    ],
)
def test_what_contradicts_the_run_is_refused(changes: dict[str, Any], words: str, trained: FitResult) -> None:
    before = (trained.run / "recipe.toml").read_bytes()
    with pytest.raises(UsageError, match=f"was started with {words}.*: leave that out to resume") as caught:
        fit(out=trained.run, resume=True, device="cpu", **changes)
    assert "\n" not in str(caught.value)
    assert (trained.run / "recipe.toml").read_bytes() == before


def test_what_repeats_the_run_is_accepted(trained: FitResult) -> None:
    settings = {name: value for name, value in TINY.items() if name != "device"}
    own = trained.run / "recipe.toml"
    for repeated in (
        {"recipe": own},
        {"recipe": "compact", "sources": DIGITS, "steps": 120, "seed": 3, "alphabet": "0123"} | settings,
        {"recipe": recipe(max_length=0, fit="", sources=["scheme:tangle"]), "sources": [DIGITS]},
    ):
        assert fit(out=trained.run, resume=True, device="cpu", **repeated).steps == 120


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    generate(open_source(DIGITS), tmp_path / "pictures", 60, workers=1)
    return tmp_path / "pictures"


def test_other_pictures_are_refused(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit_until("Progress(step=10,", str(pictures), out=run, steps=20, validate_every=5)
    first = sorted(pictures.iterdir())[0]
    labelled = first.with_name(f"{'3' if first.name[0] != '3' else '2'}_0000.png")
    extra = pictures / "XY_extra.png"  # a character and a length that the run does not know

    for change, words in (
        (lambda: extra.write_bytes(png("XY")), "60 then, 61 now"),
        (lambda: first.rename(labelled), "60 then, 60 now"),
    ):
        change()
        with pytest.raises(RunError, match=words) as caught:
            fit(out=run, resume=True, device="cpu")
        told = str(caught.value)
        assert "\n" not in told and str(pictures) in told and f"captchalab export {run} begun.onnx" in told
        if extra.exists():
            with pytest.raises(RunError, match=r"move those elsewhere that are outside the alphabet: X, Y"):
                export_run(run, tmp_path / "begun.onnx")
            extra.unlink()
    # What it advises works: the relabelled pictures, by what the run has learnt.
    begun = export_run(run, tmp_path / "begun.onnx")
    more = fit(str(pictures), out=tmp_path / "more", start=str(begun), steps=2, **TINY)
    assert more.steps == 2
    labelled.rename(first)
    assert fit(out=run, resume=True, device="cpu").steps == 20
    pictures.rename(tmp_path / "elsewhere")
    with pytest.raises(
        UsageError, match=r"no such.*model\.onnx was checked when it was written: copying it will do"
    ):
        export_run(run, tmp_path / "gone.onnx")


def test_other_validation_pictures_are_refused(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit_until("Progress(step=6,", DIGITS, out=run, steps=9, validation=str(pictures), save_every=5)
    sorted(pictures.iterdir())[0].unlink()
    with pytest.raises(RunError, match="60 then, 59 now"):
        fit(out=run, resume=True, device="cpu")


def test_another_declaration_in_the_same_file_is_refused(tmp_path: Path) -> None:
    run, file = tmp_path / "run", tmp_path / "mine.toml"
    declared = 'like = "lepture"\nalphabet = "digits"\n'
    file.write_text(declared)
    fit_until("Progress(step=1,", f"scheme:{file}", out=run, steps=4)
    file.write_text(declared + 'palette = { ink = "#ff0000" }\n')
    with pytest.raises(RunError, match=r"mine\.toml does not declare what it did") as caught:
        fit(out=run, resume=True, device="cpu")
    assert "\n" not in str(caught.value) and f"captchalab export {run} begun.onnx" in str(caught.value)
    file.write_text("# only a remark\n" + declared)
    assert fit(out=run, resume=True, device="cpu").steps == 4


def test_a_damaged_list_of_pictures(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit_until("Progress(step=1,", str(pictures), out=run, steps=9)
    (run / "pictures.json").write_bytes(b"{")
    with pytest.raises(RunError, match=r"pictures\.json is damaged"):
        fit(out=run, resume=True, device="cpu")


def test_pictures_that_are_elsewhere_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    generate(open_source(DIGITS), Path("drawn"), 40)
    done = fit("drawn", out="run", steps=2, **TINY)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = tmp_path / done.run
    for going_on in (lambda: fit(out=run, resume=True), lambda: export_run(run, "out.onnx")):
        with pytest.raises(UsageError, match=r"not to be had from the folder .*elsewhere.*'drawn'"):
            going_on()
