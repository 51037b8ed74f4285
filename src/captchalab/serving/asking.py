"""From a request's body to its readings: what all endpoints that read share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from time import monotonic
from typing import Any

from fastapi import Request

from captchalab.errors import CaptchalabError, ConstraintError
from captchalab.reading.containers import SIZES, sniff_format
from captchalab.serving import measures
from captchalab.serving.models import AUTO, Served
from captchalab.serving.parameters import Parameters
from captchalab.serving.work import Outcome, Work

AUTO_MODELS = 4
"""Most models that ``model=auto`` reads a picture with."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Readings and the model that made them; ``choice`` is the confidence of choosing it, under ``auto``."""

    outcomes: list[Outcome]
    served: Served
    queue_seconds: float
    choice: float | None = None


async def ask(request: Request, images: Sequence[bytes], wanted: Parameters) -> Asked:
    """Have the pictures read as ``wanted``. Raises ``Problem`` where that is not possible."""
    shelf = request.app.state.shelf
    if wanted.model == AUTO:
        return await _ask_all(request, images, wanted.options, shelf.latest())
    served = shelf.find(wanted.model)
    outcomes, work = await _read(request, served, images, wanted.options)
    _tell(served, outcomes, work)
    return Asked(outcomes, served, work.began - work.queued)


async def _read(
    request: Request, served: Served, images: Sequence[bytes], options: dict[str, Any]
) -> tuple[list[Outcome], Work]:
    outcomes, work = await request.app.state.engine.read(served.reader, images, options, request.receive)
    return [_without_echo(outcome, options) for outcome in outcomes], work


def _without_echo(outcome: Outcome, options: dict[str, Any]) -> Outcome:
    """Messages quote what was asked for; to clients, nothing of their input goes back."""
    if not isinstance(outcome, ConstraintError):
        return outcome
    text = str(outcome)
    for name, value in options.items():
        if isinstance(value, str):
            text = text.replace(repr(value), f"({name})")
    return ConstraintError(text)


async def _ask_all(
    request: Request, images: Sequence[bytes], options: dict[str, Any], candidates: list[Served]
) -> Asked:
    """One model for all pictures of a request: the surest of those that know pictures of that size."""
    size = _size_of(images)
    fitting = sorted(candidates, key=lambda each: _misfit(each, size))[:AUTO_MODELS]
    tried: list[Asked] = []
    weights: list[float] = []
    for served in fitting:
        outcomes, work = await _read(request, served, images, options)
        tried.append(Asked(outcomes, served, work.began - work.queued))
        weights.append(_sureness(outcomes) * exp(-_misfit(served, size)))
        _tell(served, outcomes, work)
    best = max(range(len(tried)), key=lambda place: weights[place])
    share = weights[best] / (sum(weights) or 1.0)
    chosen = tried[best]
    return Asked(chosen.outcomes, chosen.served, sum(each.queue_seconds for each in tried), share)


def _tell(served: Served, outcomes: Sequence[Outcome], work: Work) -> None:
    measures.queue_seconds.observe(work.began - work.queued)
    measures.reading_seconds.observe(monotonic() - work.began)
    bad = sum(isinstance(outcome, CaptchalabError) for outcome in outcomes)
    name = served.place.identity
    if bad < len(outcomes):
        measures.pictures.labels(name, "read").inc(len(outcomes) - bad)
    if bad:
        measures.pictures.labels(name, "refused").inc(bad)


def _size_of(images: Sequence[bytes]) -> tuple[int, int] | None:
    """Width and height of the first picture whose header can be read."""
    for image in images:
        kind = sniff_format(image)
        try:
            width, height = SIZES[kind](image) if kind else (0, 0)
        except CaptchalabError:
            continue
        if width > 0 and height > 0:
            return width, height
    return None


def _misfit(served: Served, size: tuple[int, int] | None) -> float:
    """How far a picture is from those that the model was trained on, as a logarithm; 0 for the same size."""
    info = served.reader.info
    if size is None:
        return 0.0
    known = info.training.get("sizes")
    if not known:  # a model of before: then what its input does to the picture
        stretch = log(size[0] / size[1] * info.input.height / info.input.width)
        return max(0.0, stretch) if info.input.fit == "pad" else abs(stretch)
    return min(abs(log(size[0] / width)) + abs(log(size[1] / height)) for width, height in known)


def _sureness(outcomes: Sequence[Outcome]) -> float:
    """The mean confidence of a character."""
    each = [
        0.0 if isinstance(outcome, CaptchalabError) else outcome.confidence ** (1 / max(1, len(outcome.text)))
        for outcome in outcomes
    ]
    return sum(each) / len(each)
