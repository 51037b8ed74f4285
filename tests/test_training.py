"""Sources -> a run folder: what is learnt, when it stops, what is left behind."""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from tiny import DIGITS, TINY, Told, equal_weights, messages, ready, recipe, stored_weights

from captchalab.errors import MissingExtra, OutOfMemory, RunError, UsageError
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.training.batches import Batch
from captchalab.training.budget import DEFAULT_STEPS, decide_steps, fill_intervals, with_steps
from captchalab.training.curves import COLUMNS, read_metrics
from captchalab.training.estimate import measure_speed
from captchalab.training.fit import FitResult, fit
from captchalab.training.loop import train_step
from captchalab.training.memory import explaining_memory
from captchalab.training.progress import Estimate, Progress
from captchalab.training.ready import settings_of
from captchalab.training.recipe import load_recipe

STEPS = 120
"""Of the run that ``trained`` is."""


def test_the_run_folder_is_complete(trained: FitResult) -> None:
    assert sorted(path.name for path in trained.run.iterdir()) == [
        "checkpoints",
        "curves.png",
        "metrics.csv",
        "mistakes.png",
        "model.onnx",
        "predictions.png",
        "recipe.toml",
        "report.md",
        "samples.png",
    ]
    for sheet in trained.run.glob("*.png"):
        with Image.open(sheet) as picture:
            picture.verify()
    report = (trained.run / "report.md").read_text("utf-8")
    assert f"| steps | {STEPS} of {STEPS} " in report and f"- `{DIGITS}`" in report
    assert len(list((trained.run / "checkpoints").iterdir())) == 2


def test_metrics_have_every_column(trained: FitResult) -> None:
    header, *rows = (trained.run / "metrics.csv").read_text().splitlines()
    assert tuple(header.split(",")) == COLUMNS
    metrics = read_metrics(trained.run / "metrics.csv")
    assert len(rows) == len(metrics["step"]) >= 60
    assert metrics["step"][-1] == STEPS and metrics["pictures"][-1] == STEPS * 16 == trained.pictures
    assert metrics["seconds"] == sorted(metrics["seconds"])
    validated = [not math.isnan(value) for value in metrics["validation_loss"]]
    assert sum(validated) == 12 and validated[-1]
    for name in COLUMNS:
        assert all(math.isfinite(value) for value in metrics[name]) or name.startswith("validation")
    assert metrics["loss"][0] > 2 > metrics["loss"][-1]
    assert max(metrics["learning_rate"]) == pytest.approx(TINY["learning_rate"], rel=0.01)
    accuracy = [value for value in metrics["validation_sequence_accuracy"] if not math.isnan(value)]
    assert max(accuracy) == pytest.approx(trained.validation["sequence_accuracy"])


def test_progress_is_told(trained: FitResult, told: Told) -> None:
    progress = [event for event in told if isinstance(event, Progress)]
    assert progress[-1].step == progress[-1].steps == trained.steps == STEPS
    assert progress[-1].seconds_left == 0 and progress[-1].validation_accuracy is not None
    assert "checked against its network" in messages(told)
    first = next(place for place, event in enumerate(told) if isinstance(event, Progress))
    assert f"run folder: {trained.run}" in messages(told[:first])


def test_the_model_describes_itself_and_reads(trained: FitResult) -> None:
    reader = Reader.open(trained.run)
    info = reader.info
    assert info.alphabet.characters == "0123" and info.lengths == (1, 1) and info.frames == "first"
    assert info.input == InputSpec(24, 64) and info.name == "run"
    assert info.training["steps"] == STEPS and info.training["seed"] == 3
    assert info.training["sizes"] == [[64, 32]]
    assert info.figures["validation_images"] == 64
    source = open_source(DIGITS)
    samples = [source.sample(index) for index in range(100)]  # never trained on
    readings = reader.read_many([sample.image for sample in samples])
    assert sum(r.text == s.text for r, s in zip(readings, samples, strict=True)) > 85


def test_the_recipe_is_whole_and_runs_again(trained: FitResult, tmp_path: Path) -> None:
    stored = load_recipe(trained.run / "recipe.toml")
    assert stored.steps == STEPS and stored.sources == (DIGITS,) and stored.alphabet == "0123"
    assert stored.validate_every == 10 and stored.save_every == 10 and stored.augment == "none"
    again = fit(recipe=trained.run / "recipe.toml", out=tmp_path / "again", device="cpu")
    assert equal_weights(stored_weights(again.model), stored_weights(trained.model))
    assert load_recipe(tmp_path / "again" / "recipe.toml") == stored


def test_another_seed_is_another_network() -> None:
    states = [ready(DIGITS, seed=seed)[1].network.state_dict() for seed in (0, 0, 1)]
    assert equal_weights(states[0], states[1]) and not equal_weights(states[0], states[2])


def test_until_stops_early_and_stays_stopped(tmp_path: Path) -> None:
    told: Told = []
    run = tmp_path / "run"
    settings = TINY | {"steps": 2000, "validate_every": 20, "warmup": 0.02}
    result = fit(DIGITS, out=run, until=0.6, on_progress=told.append, **settings)
    assert result.steps < 1000 and result.steps % 20 == 0
    assert result.validation["sequence_accuracy"] >= 0.6
    assert f"at step {result.steps}" in messages(told)
    before = result.model.read_bytes()
    again = fit(out=run, resume=True, device="cpu")
    assert again.steps == result.steps and result.model.read_bytes() == before


def test_patience_ends_what_gains_nothing(trained: FitResult, tmp_path: Path) -> None:
    told: Told = []
    result = fit(
        DIGITS,
        out=tmp_path / "run",
        start=str(trained.run),
        on_progress=told.append,
        **(TINY | {"steps": 1000, "patience": 2, "validate_every": 2, "learning_rate": 0.5, "warmup": 0.0}),
    )
    assert result.steps < 500 and "no gain in 2 validations" in messages(told)
    # What is kept is the best of it, not the last.
    best = max(read_metrics(result.run / "metrics.csv")["validation_sequence_accuracy"][:-1])
    info = Reader.open(result.model).info
    assert info.figures["validation_sequence_accuracy"] == pytest.approx(best)
    assert info.training["best_step"] == result.steps - 4


def test_minutes_become_steps(tmp_path: Path) -> None:
    result = fit(DIGITS, out=tmp_path / "run", minutes=0.4, **(TINY | {"schedule": "step"}))
    stored = load_recipe(tmp_path / "run" / "recipe.toml")
    assert stored.minutes == 0.4 and stored.steps == result.steps >= 20
    assert decide_steps(recipe(minutes=2.0), 0.5, 0.5, 6.0) == ((120 - 6 - 12 - 6) / 0.5, 12)
    assert decide_steps(recipe(minutes=2.0, steps=7), 0.5, 1.0, 6.0) == (7, 12)
    assert decide_steps(recipe(), 0.5, 1.0, 6.0) == (DEFAULT_STEPS, 12)


def test_a_slow_network_does_not_spend_its_minutes_validating() -> None:
    assert decide_steps(recipe(minutes=2.0), 0.5, 2.5, 8.0) == ((120 - 8 - 12 - 4 * 2.5) / 0.5, 4)
    assert decide_steps(recipe(minutes=2.0), 0.5, 25, 8.0) == ((120 - 8 - 12 - 2 * 25) / 0.5, 2)
    assert fill_intervals(recipe(), 90, 4).validate_every == 23
    assert fill_intervals(recipe(validate_every=7), 90, 4).validate_every == 7


@pytest.mark.parametrize(("measured", "too_fast"), [(2.5, False), (0.02, True)])
def test_a_speed_that_was_measured_in_an_odd_moment_is_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: float, too_fast: bool
) -> None:
    def measure(*given: Any) -> tuple[float, list[Batch]]:
        return measured, measure_speed(*given)[1]

    # Of the loop alone: a step takes some 0.2 s of it, on any machine.
    ticks = map(lambda tick: tick / 10, itertools.count())
    clock = SimpleNamespace(monotonic=ticks.__next__, process_time=time.process_time)
    monkeypatch.setattr("captchalab.training.estimate.measure_speed", measure)
    monkeypatch.setattr("captchalab.training.loop.time", clock)
    told: list[Any] = []
    result = fit(DIGITS, out=tmp_path / "run", minutes=1.5, on_progress=told.append, **TINY)
    planned = next(each.steps for each in told if isinstance(each, Estimate))
    assert result.steps < planned / 3 if too_fast else result.steps > 2 * planned
    stored = load_recipe(tmp_path / "run" / "recipe.toml")
    assert stored.steps == result.steps and stored.validate_every == -(-stored.steps // 12)


def test_other_steps_change_the_intervals_that_followed_from_them() -> None:
    open_ones = fill_intervals(recipe(), 120)
    assert (open_ones.validate_every, open_ones.save_every) == (10, 10)
    assert with_steps(open_ones, 600) == fill_intervals(recipe(), 600)
    stated = fill_intervals(recipe(validate_every=7, save_every=10), 120)
    assert with_steps(stated, 600) == fill_intervals(recipe(validate_every=7, save_every=10), 600)
    few = fill_intervals(recipe(minutes=2), 90, 4)
    assert with_steps(few, 200) == fill_intervals(recipe(minutes=2), 200, 4)


def test_a_recipe_runs_again_for_longer_or_shorter(trained: FitResult, tmp_path: Path) -> None:
    stored = trained.run / "recipe.toml"
    assert settings_of(stored, {})["steps"] == STEPS
    # Its intervals came from its 120 steps: they are no wish of anyone's.
    for change in ({"minutes": 5.0}, {"steps": 6000}):
        again = settings_of(stored, change)
        assert {"steps": again.get("steps"), "minutes": again.get("minutes")} == {
            "steps": None,
            "minutes": None,
        } | change
        assert "validate_every" not in again and "save_every" not in again
        assert settings_of(load_recipe(stored), change).get("validate_every") is None
    load_recipe(stored).with_changes(validate_every=7, save_every=10).save(tmp_path / "mine.toml")
    again = settings_of(tmp_path / "mine.toml", {"steps": 6000})
    assert again["validate_every"] == 7 and again["save_every"] == 10
    assert settings_of(stored, {"steps": 6000, "validate_every": 3})["validate_every"] == 3
    with pytest.raises(UsageError, match="steps and minutes both"):
        settings_of("compact", {"minutes": 5, "steps": 10})


def test_tensorboard_that_is_not_installed_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=r"captchalab\[tensorboard\]"):
        fit(DIGITS, out=tmp_path / "run", steps=2, tensorboard=True, **TINY)
    assert not (tmp_path / "run").exists()


def test_memory_that_runs_out_names_what_to_lower(tmp_path: Path) -> None:
    allocations: list[Callable[[], object]] = [
        lambda: torch.empty(2**50, dtype=torch.uint8),
        lambda: bytearray(2**62),
    ]
    for allocate in allocations:
        with pytest.raises(OutOfMemory, match=r"^out of memory: lower --batch.*width="), explaining_memory():
            allocate()
    with pytest.raises(RuntimeError, match="something else"), explaining_memory():
        raise RuntimeError("something else")
    with pytest.raises(OutOfMemory, match="lower --batch"):
        fit(DIGITS, out=tmp_path, **(TINY | {"network": "cnn", "options": {"dense": 10**12}}))


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    plan, state = ready(DIGITS, steps=10)
    with torch.no_grad():
        state.network.head.linear.bias[0] = float("nan")
    images = torch.zeros((2, *plan.spec.shape), dtype=torch.uint8)
    with pytest.raises(RunError, match="the loss became nan at step 0: lower learning_rate"):
        train_step(state, plan.recipe, (images, torch.tensor([[1], [2]]), torch.tensor([1, 1])))


@pytest.mark.parametrize("resume", [False, True])
def test_files_of_others_are_not_written_over(resume: bool, tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("of somebody else")
    with pytest.raises(UsageError, match=r"is no run, but holds report\.md"):
        fit(DIGITS, out=tmp_path, resume=resume, steps=1, **TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    assert (tmp_path / "report.md").read_text() == "of somebody else"
