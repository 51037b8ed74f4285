"""A training that is killed, however often, ends as if it never had been."""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import DIGITS, TINY, equal_weights, stored_weights

from captchalab.errors import RunError, UsageError
from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training.checkpoint import Checkpoint, checkpoints, load_checkpoint, save_checkpoint
from captchalab.training.fit import fit
from captchalab.training.run import LOCK, training_alone

STEPS, SAVE_EVERY, VALIDATE_EVERY = 120, 10, 15
TIMINGS = ("seconds", "pictures_per_second")
SETTINGS: dict[str, Any] = TINY | {
    # Dropout, so that the random state counts; augmented pictures at rest, so that their order does.
    "options": {"size": "tiny", "dropout": 0.3},
    "augment": "light",
    "steps": STEPS,
    "save_every": SAVE_EVERY,
    "validate_every": VALIDATE_EVERY,
    "patience": 0,
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills with a POSIX signal")


def session(log: Path, die_at: str | None, sources: Any, settings: dict[str, Any]) -> None:
    """One training in a process of its own; it kills itself on telling something that holds ``die_at``."""
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    # As in a training from the shell, not as in the process that this test started it from.
    multiprocessing.set_start_method(multiprocessing.get_all_start_methods()[0], force=True)

    def watch(event: object) -> None:
        with log.open("a") as lines:
            lines.write(f"{event}\n")
        if die_at is not None and die_at in str(event):
            os.kill(os.getpid(), signal.SIGKILL)

    fit(sources, on_progress=watch, **settings)


class Sessions:
    """Starts trainings in fresh processes that need not load the libraries again, and kills them."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["captchalab.training.fit"])

    def start(self, sources: Any, die_at: str | None = None, **settings: Any) -> BaseProcess:
        self.log.write_text("")
        process = self.context.Process(target=session, args=(self.log, die_at, sources, SETTINGS | settings))
        process.start()
        return process

    def run(self, sources: Any, die_at: str | None = None, **settings: Any) -> None:
        process = self.start(sources, die_at, **settings)
        process.join(120)
        assert process.exitcode == (0 if die_at is None else -signal.SIGKILL)

    def is_training(self) -> bool:
        """Whether the last session has begun its steps."""
        return "Progress(" in self.log.read_text()

    def resumed_at(self) -> int:
        """The step that the last session went on from; 0 if it told none."""
        told = [line for line in self.log.read_text().splitlines() if "going on at step" in line]
        return int(told[0].partition("at step ")[2].partition(" of")[0]) if told else 0


def wait_until(condition: Callable[[], object], process: BaseProcess) -> None:
    while not condition():
        assert process.is_alive(), "the training ended before it was killed"
        time.sleep(0.002)


def last_step(run: Path) -> int:
    """The last step that left a whole row of metrics."""
    if not (run / "metrics.csv").exists():
        return 0
    rows = (run / "metrics.csv").read_text().rpartition("\n")[0].splitlines()[1:]
    return int(rows[-1].partition(",")[0]) if rows else 0


def rows_but_timings(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return [
            {key: cell for key, cell in row.items() if key not in TIMINGS} for row in csv.DictReader(file)
        ]


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return Sessions(tmp_path_factory.mktemp("sessions"))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Drawn pictures and pictures at rest."""
    folder = tmp_path_factory.mktemp("resume") / "pictures"
    generate(open_source(DIGITS), folder, 60, workers=1)
    return DIGITS, str(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, sessions: Sessions, sources: tuple[str, str]) -> Path:
    """The run that nothing interrupted."""
    run = tmp_path_factory.mktemp("resume") / "whole"
    sessions.run(sources, out=run)
    return run


def assert_same_end(run: Path, whole: Path) -> None:
    assert equal_weights(stored_weights(run / "model.onnx"), stored_weights(whole / "model.onnx"))
    ours, theirs = load_checkpoint(run / "checkpoints"), load_checkpoint(whole / "checkpoints")
    assert equal_weights(ours.tensors, theirs.tensors)
    clocks = {"seconds": 0, "processor_seconds": 0}
    assert ours.facts | clocks == theirs.facts | clocks
    assert ours.facts["step"] == STEPS
    assert rows_but_timings(run) == rows_but_timings(whole)


def test_killed_at_random_moments(
    sessions: Sessions, sources: tuple[str, str], whole: Path, tmp_path: Path
) -> None:
    run, chance = tmp_path / "killed", random.Random(7)
    reached = 0
    for kill in range(4):
        # The number of helpers must not matter, whatever it was before.
        process = sessions.start(sources if kill < 2 else (), out=run, resume=kill > 0, workers=kill % 3)
        goal = reached + chance.randint(SAVE_EVERY + 2, 2 * SAVE_EVERY)
        wait_until(partial(lambda goal: sessions.is_training() and last_step(run) >= goal, goal), process)
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert sessions.resumed_at() == reached
        seen, reached = last_step(run), _newest(run)
        assert seen - reached <= SAVE_EVERY
        if kill == 2:  # then the newest checkpoint is damaged, and the older one has to do
            flip_a_byte(checkpoints(run / "checkpoints")[0])
            reached -= SAVE_EVERY
    sessions.run((), out=run, resume=True)
    assert sessions.resumed_at() == reached
    assert_same_end(run, whole)
    assert not list(run.rglob("*.part"))


def _newest(run: Path) -> int:
    found = checkpoints(run / "checkpoints")
    return int(found[0].name.split("-")[1]) if found else 0


@pytest.mark.parametrize(
    ("moment", "going_on_at"),
    [
        ("Estimate(", 0),
        ("Progress(step=15,", 10),
        (f"Progress(step={STEPS},", STEPS - SAVE_EVERY),
        ("model:", STEPS),
    ],
    ids=["before its recipe", "between checkpoints", "after its last step", "while finishing"],
)
def test_killed_at_a_chosen_moment(
    moment: str, going_on_at: int, sessions: Sessions, sources: tuple[str, str], whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "killed"
    sessions.run(sources, moment, out=run)
    assert not (run / "report.md").exists()
    if not run.exists():  # so early that there is nothing to resume
        with pytest.raises(UsageError, match=r"no run in .* to resume"):
            fit((), out=run, resume=True)
        return
    sessions.run((), out=run, resume=True)
    assert sessions.resumed_at() == going_on_at
    assert_same_end(run, whole)
    assert (run / "report.md").exists()


def test_killed_before_its_first_checkpoint(
    sessions: Sessions, sources: tuple[str, str], whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "killed"
    process = sessions.start(sources, out=run)
    wait_until((run / "recipe.toml").exists, process)
    process.kill()
    process.join()
    shutil.rmtree(run / "checkpoints", ignore_errors=True)  # in case that it was faster than this test
    sessions.run((), out=run, resume=True)
    assert sessions.resumed_at() == 0
    assert_same_end(run, whole)


def test_a_finished_run_stays_as_it_is(whole: Path) -> None:
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    result = fit((), out=whole, resume=True, device="cpu")
    assert result.steps == STEPS and result.validation["sequence_accuracy"] > 0.5
    assert {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": STEPS + 1}, f"steps={STEPS}, not {STEPS + 1}"),
        ({"batch": 8}, "batch=16, not 8"),
        ({"width": 96}, "width=64, not 96"),
        ({"alphabet": "01234"}, "alphabet=0123, not 01234"),
        ({"sources": "scheme:lepture"}, "other sources"),
        ({"stpes": 3}, "Did you mean 'steps'"),
    ],
)
def test_resuming_changes_nothing(change: dict[str, Any], words: str, whole: Path) -> None:
    recipe = (whole / "recipe.toml").read_bytes()
    settings: dict[str, Any] = {"sources": ()} | change
    with pytest.raises(UsageError, match=words) as caught:
        fit(out=whole, resume=True, device="cpu", **settings)
    assert "\n" not in str(caught.value)
    assert (whole / "recipe.toml").read_bytes() == recipe


def test_a_run_is_never_overwritten(whole: Path) -> None:
    with pytest.raises(UsageError, match="holds a run already"):
        fit(DIGITS, out=whole, **SETTINGS)


def test_damaged_checkpoints(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    newest, older = checkpoints(run / "checkpoints")
    flip_a_byte(newest)
    assert load_checkpoint(run / "checkpoints").facts["step"] == STEPS - SAVE_EVERY
    flip_a_byte(older)
    with pytest.raises(RunError, match=r"every checkpoint in .* is damaged .* another --out"):
        fit((), out=run, resume=True, device="cpu")
    (run / "checkpoints" / newest.name).write_bytes(b"")
    with pytest.raises(RunError, match="damaged"):
        load_checkpoint(run / "checkpoints")


def test_a_damaged_checkpoint_does_not_push_out_whole_ones(tmp_path: Path) -> None:
    def save(step: int, value: float) -> Path:
        return save_checkpoint(tmp_path, step, Checkpoint({"x": torch.tensor(value)}, {"step": step}))

    first, second = save(10, 1.0), save(20, 2.0)
    flip_a_byte(second)
    third = save(15, 1.5)
    assert checkpoints(tmp_path) == [third, first]
    (tmp_path / ".step-00000020.1.part").write_bytes(b"half")
    fourth = save(20, 2.5)
    assert sorted(tmp_path.iterdir()) == sorted([third, fourth])
    assert load_checkpoint(tmp_path).tensors["x"].item() == 2.5


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_one_training_at_a_time(sessions: Sessions, sources: tuple[str, str], tmp_path: Path) -> None:
    process = sessions.start(sources, out=tmp_path / "run", steps=100_000)
    try:
        wait_until(sessions.is_training, process)
        with pytest.raises(RunError, match=r"another process trains the run in .*: wait for its end"):
            fit(sources, out=tmp_path / "run", resume=True, device="cpu")
    finally:
        process.kill()
        process.join(20)
    with training_alone(tmp_path / "run"):  # the lock died with its process
        assert (tmp_path / "run" / LOCK).exists()
    assert not (tmp_path / "run" / LOCK).exists()


def test_a_killed_training_leaves_no_helpers_behind(
    sessions: Sessions, sources: tuple[str, str], tmp_path: Path
) -> None:
    process = sessions.start(sources, out=tmp_path / "run", workers=2, steps=100_000)
    wait_until(sessions.is_training, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    process.kill()
    process.join()
    deadline = time.monotonic() + 30
    while any(_runs(int(child)) for child in children):
        assert time.monotonic() < deadline, "processes that draw pictures outlived their training"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
