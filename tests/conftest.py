"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
