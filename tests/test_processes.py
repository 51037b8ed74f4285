"""Several processes train one network: each its share of the pictures, one writes the run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny import DIGITS, equal_weights, stored_weights

from captchalab.errors import RunError
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.training.checkpoint import checkpoints, load_checkpoint
from captchalab.training.fit import fit

STEPS = 40

PROGRAM = """
import os
import sys
import torch
from captchalab.training import fit as fitting
from captchalab.training.state import State

kept = []  # the state at the end, which fit itself does not hand out
new = State.new
State.new = staticmethod(lambda *given: kept.append(new(*given)) or kept[-1])
told = []
result = fitting.fit({source!r}, out=sys.argv[1], on_progress=told.append, {settings})
rank = os.environ["RANK"]
weights = dict(kept[0].network.named_parameters())
torch.save({{"weights": weights, "told": len(told), "steps": result.steps}}, f"rank{{rank}}.pt")
"""
SETTINGS = {
    "options": {"size": "tiny", "dropout": 0.1},
    "width": 64,
    "height": 24,
    "batch": 8,
    "learning_rate": 1e-2,
    "average": 0.9,
    "validation_pictures": 64,
    "workers": 0,
    "device": "cpu",
    "precision": "float32",
    "steps": STEPS,
    "patience": 0,
    # The first process alone validates, and so knows when the rate is to fall.
    "schedule": "plateau",
    "plateau": 1,
    "decay": 0.7,
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start_two(folder: Path, command: list[str]) -> list[subprocess.Popen[str]]:
    """Two processes as a launcher such as torchrun starts them."""
    port = str(free_port())
    processes = []
    for rank in range(2):
        launched = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        launched |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
        launched |= {"ACCELERATE_USE_CPU": "true"}
        processes.append(
            subprocess.Popen(
                [sys.executable, "-W", "error", *command],
                cwd=folder,
                env=os.environ | launched,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    return processes


def end(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.kill()
        process.communicate()


def run_two(folder: Path, command: list[str], timeout: int = 120) -> list[str]:
    """What each of two processes printed on standard output."""
    processes = start_two(folder, command)
    try:
        outputs = [process.communicate(timeout=timeout) for process in processes]
    finally:
        end(processes)
    assert [process.returncode for process in processes] == [0, 0], outputs
    return [out for out, _ in outputs]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes have trained a run together."""
    folder = tmp_path_factory.mktemp("processes")
    settings = ", ".join(f"{name}={value!r}" for name, value in SETTINGS.items())
    (folder / "main.py").write_text(PROGRAM.format(source=DIGITS, settings=settings))
    run_two(folder, ["main.py", "run"])
    return folder


def test_both_end_with_the_same_weights(folder: Path) -> None:
    first, second = (torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(2))
    assert first["steps"] == second["steps"] == STEPS
    assert load_checkpoint(folder / "run" / "checkpoints").facts["cuts"] > 0
    assert first["weights"].keys() == second["weights"].keys()
    for name, tensor in first["weights"].items():
        assert torch.equal(tensor, second["weights"][name]), name


def test_one_writes_and_tells(folder: Path) -> None:
    told = [torch.load(folder / f"rank{rank}.pt", weights_only=True)["told"] for rank in range(2)]
    assert told[0] > 0 == told[1]
    rows = (folder / "run" / "metrics.csv").read_text().splitlines()[1:]
    steps = [int(row.split(",")[0]) for row in rows]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS
    assert int(rows[-1].split(",")[1]) == STEPS * 8 * 2


def test_the_model_has_learnt(folder: Path) -> None:
    reader, source = Reader.open(folder / "run"), open_source(DIGITS)
    samples = [source.sample(index) for index in range(60)]
    readings = reader.read_many([sample.image for sample in samples])
    right = sum(r.text == s.text for r, s in zip(readings, samples, strict=True))
    assert right > 20, "no better than chance"
    assert reader.info.training["pictures"] == STEPS * 8 * 2


def test_resuming_the_finished_run_from_the_shell(folder: Path) -> None:
    before = (folder / "run" / "model.onnx").read_bytes()
    printed = run_two(folder, ["-m", "captchalab", "train", "--resume", "--out", "run", "--device", "cpu"])
    assert [text.split() for text in printed] == [["run/model.onnx"], []]
    assert (folder / "run" / "model.onnx").read_bytes() == before


def test_killed_in_the_middle_and_resumed(folder: Path) -> None:
    killed, whole = folder / "killed" / "checkpoints", folder / "run" / "checkpoints"
    processes = start_two(folder, ["main.py", "killed"])
    try:
        while len(checkpoints(killed)) < 2:
            assert all(process.poll() is None for process in processes), "ended before it was killed"
            time.sleep(0.01)
    finally:
        end(processes)
    assert load_checkpoint(killed).facts["step"] < STEPS
    with pytest.raises(RunError, match="begun by 2 and is resumed by 1 processes") as caught:
        fit(out=folder / "killed", resume=True, device="cpu")
    assert "\n" not in str(caught.value)
    run_two(folder, ["-m", "captchalab", "train", "--resume", "--out", "killed", "--device", "cpu"])
    ours, theirs = load_checkpoint(killed), load_checkpoint(whole)
    assert ours.facts["step"] == STEPS and equal_weights(ours.tensors, theirs.tensors)
    ends = [stored_weights(folder / name / "model.onnx") for name in ("killed", "run")]
    assert equal_weights(*ends)
