"""Engines answer as ``map`` does: in order, several at once, with the function's own errors."""

from __future__ import annotations

import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from captchalab.errors import MissingExtra, RunError, UsageError
from captchalab.scaling.engines import open_engine, shares


def meet(folder: str) -> int:
    """Waits until two processes are here; their number is the answer."""
    place = Path(folder)
    (place / str(os.getpid())).touch()
    for _ in range(3000):
        if len(list(place.iterdir())) > 1:
            return os.getpid()
        time.sleep(0.01)
    raise AssertionError("nobody else came")


def wrong(number: int) -> int:
    if number == 2:
        raise UsageError(f"{number} is no good")
    return number * 10


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's workers look for these functions by the name of this module."""
    paths = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


ENGINES = ["local", *(["ray"] if find_spec("ray") else [])]


@pytest.mark.parametrize("name", ENGINES)
def test_several_run_at_once_in_processes_of_their_own(name: str, tmp_path: Path) -> None:
    found = list(open_engine(name, 2)(meet, [str(tmp_path)] * 2))
    assert len(set(found)) == 2 and os.getpid() not in found


@pytest.mark.parametrize(("name", "at_once"), [("local", 1), *((name, 2) for name in ENGINES)])
def test_answers_come_in_order_and_errors_as_they_are(name: str, at_once: int) -> None:
    answers = iter(open_engine(name, at_once)(wrong, [0, 1, 2, 3]))
    assert [next(answers), next(answers)] == [0, 10]
    with pytest.raises(UsageError, match="2 is no good"):
        next(answers)


def kill(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def mine(_: int) -> list[int]:
    return sorted(os.sched_getaffinity(0))


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processes cannot be kept to processors")
def test_whoever_comes_last_has_no_more_processors_than_the_first() -> None:
    ours = sorted(os.sched_getaffinity(0))
    found = list(open_engine("local", 2)(mine, range(3)))
    assert {len(each) for each in found} == {max(1, len(ours) // 2)}
    assert set().union(*found) <= set(ours)
    assert [len(each) for each in shares(1)] == [len(ours)]
    assert all(len(each) == 1 for each in shares(len(ours) + 3))
    assert set().union(*map(set, shares(len(ours)))) == set(ours)


def test_a_process_that_is_killed_is_said() -> None:
    with pytest.raises(RunError, match="one of 2 processes was killed"):
        list(open_engine("local", 2)(kill, [0, 1]))


def test_what_there_is_not_is_said() -> None:
    with pytest.raises(UsageError, match=r"unknown engine 'rai'. Did you mean 'ray'"):
        open_engine("rai", 1)
    if find_spec("ray") is None:
        with pytest.raises(MissingExtra, match=r"captchalab\[scale\]"):
            open_engine("ray", 2)
