"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from captchalab.training.fit import FitResult

ROOT = Path(__file__).resolve().parent.parent


def require(condition: bool, reason: str) -> None:
    """Skip without ``condition``; fail instead where CAPTCHALAB_REQUIRE_ALL=1 forbids skips."""
    if condition:
        return
    if os.environ.get("CAPTCHALAB_REQUIRE_ALL") == "1":
        pytest.fail(f"CAPTCHALAB_REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def schemes_dir() -> Path:
    """The folder of real pictures that stands beside the repository."""
    folder = ROOT.parent / "shared" / "schemes"
    require(folder.is_dir(), "the pictures of ../shared/schemes are not here")
    return folder


@pytest.fixture(scope="session")
def told() -> list[object]:
    """What ``trained`` told while it trained."""
    return []


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, told: list[object]) -> FitResult:
    """A run of 120 steps on drawn pictures that reads nearly all of them. Copy it to change it."""
    from tiny import DIGITS, TINY

    from captchalab.training.fit import fit

    run = tmp_path_factory.mktemp("training") / "run"
    result = fit([DIGITS], out=run, steps=120, seed=3, on_progress=told.append, **TINY)
    assert result.validation["sequence_accuracy"] > 0.9
    return result


@pytest.fixture(scope="session")
def cli_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of two digits."""
    from shell import DIGITS

    from captchalab.cli.app import run

    folder = tmp_path_factory.mktemp("cli") / "pictures"
    assert run(["generate", DIGITS, str(folder), "-n", "12", "--seed", "5"]) == 0
    return folder


@pytest.fixture(scope="session")
def cli_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a training of a few steps: it reads badly, but it reads."""
    from shell import DIGITS, TINY

    from captchalab.cli.app import run

    folder = tmp_path_factory.mktemp("cli") / "run"
    assert run(["train", DIGITS, *TINY, "--steps", "8", "--out", str(folder)]) == 0
    return folder
