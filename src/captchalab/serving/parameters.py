"""What a client may ask of a reading, checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from captchalab.serving.problems import Problem

NAMES = ("model", "alphabet", "length", "pattern", "fold_case", "answer", "min_confidence", "keep")


@dataclass(frozen=True, slots=True)
class Parameters:
    """``options`` go to the reader; ``keep`` is the consent to store the picture."""

    model: str | None
    min_confidence: float
    options: dict[str, Any]
    keep: bool = False


def parameters_of(given: Mapping[str, Any]) -> Parameters:
    """Raises ``Problem`` 422, naming what is allowed."""
    if not given:
        return _NONE
    for name in given:
        if name not in NAMES:
            raise wrong(f"a parameter that is not known; there are: {', '.join(NAMES)}")
    options: dict[str, Any] = {}
    for name in ("alphabet", "pattern"):
        if given.get(name) not in (None, ""):
            options[name] = _text(name, given[name])
    if given.get("length") not in (None, ""):
        options["length"] = _length(given["length"])
    for name in ("fold_case", "answer"):
        if _truth(name, given.get(name)):
            options[name] = True
    model = given.get("model")
    return Parameters(
        _text("model", model) if model not in (None, "") else None,
        _share("min_confidence", given.get("min_confidence")),
        options,
        _truth("keep", given.get("keep")),
    )


_NONE = Parameters(None, 0.0, {})


def merged(query: Iterable[tuple[str, str]], body: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a request's address and of its body. Raises ``Problem`` 422 where they contradict."""
    together = dict(body)
    for name, value in query:
        given = together.setdefault(name, value)
        if given != value and (isinstance(given, str) or str(given).lower() != value):
            raise wrong("a parameter stands twice, with different values: leave one out")
    return together


def wrong(detail: str) -> Problem:
    """A parameter that is wrong."""
    return Problem(422, "wrong-parameter", detail)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(f"{name} is a text")
    return value


def _length(value: Any) -> int | tuple[int, int]:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    low, dash, high = text.partition("-")
    if not (low.isascii() and low.isdecimal() and len(low) < 4) or (
        dash and not (high.isascii() and high.isdecimal() and len(high) < 4)
    ):
        raise wrong("length is a number (4) or a range (4-6)")
    return (int(low), int(high)) if dash else int(low)


_TRUTHS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def _truth(name: str, value: Any) -> bool:
    if value is None or value == "":
        return False
    truth = _TRUTHS.get(str(value).lower())
    if truth is None:
        raise wrong(f"{name} is true or false")
    return truth


def _share(name: str, value: Any) -> float:
    if value is None or value == "":
        return 0.0
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = -1.0
    if not 0 <= share <= 1:
        raise wrong(f"{name} is a number from 0 to 1")
    return share
