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
    """Readings, and for each the model that made it; ``choices`` are the confidences of choosing those, under
    ``auto``."""

    outcomes: list[Outcome]
    served: list[Served]
    queue_seconds: float
    choices: list[float] | None = None

    def label(self, place: int) -> dict[str, Any]:
        """How the answer names the model of a picture."""
        choice = {} if self.choices is None else {"choice_confidence": self.choices[place]}
        return self.served[place].label() | choice


async def ask(request: Request, images: Sequence[bytes], wanted: Parameters) -> Asked:
    """Have the pictures read as ``wanted``. Raises ``Problem`` where that is not possible."""
    shelf = request.app.state.shelf
    if wanted.model == AUTO:
        return await _ask_all(request, images, wanted.options, shelf.latest())
    served = shelf.find(wanted.model)
    outcomes, work = await _read(request, served, images, wanted.options)
    _tell(served, outcomes, work)
    return Asked(outcomes, [served] * len(outcomes), work.began - work.queued)


async def _read(
    request: Request,
    served: Served,
    images: Sequence[bytes],
    options: dict[str, Any],
    deadline: float | None = None,
) -> tuple[list[Outcome], Work]:
    engine = request.app.state.engine
    outcomes, work = await engine.read(served.reader, images, options, request.receive, deadline)
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
    """For each picture the surest of the models that know pictures of its size."""
    deadline = monotonic() + request.app.state.engine.seconds
    sizes = [_size_of(image) for image in images]
    fitting = [_fitting(candidates, size) for size in sizes]
    tried: list[dict[str, tuple[float, Outcome, Served]]] = [{} for _ in images]
    queued = 0.0
    for served in candidates:
        places = [place for place, found in enumerate(fitting) if served in found]
        if not places:
            continue
        own = [images[place] for place in places]
        outcomes, work = await _read(request, served, own, options, deadline)
        queued += work.began - work.queued
        _tell(served, outcomes, work)
        for place, outcome in zip(places, outcomes, strict=True):
            weight = _sureness(outcome) * exp(-_misfit(served, sizes[place]))
            tried[place][served.place.identity] = (weight, outcome, served)
    best = [max(found.values(), key=lambda each: each[0]) for found in tried]
    sums = [sum(weight for weight, *_ in found.values()) or 1.0 for found in tried]
    return Asked(
        [outcome for _, outcome, _ in best],
        [served for *_, served in best],
        queued,
        [weight / total for (weight, *_), total in zip(best, sums, strict=True)],
    )


def _fitting(candidates: list[Served], size: tuple[int, int] | None) -> list[Served]:
    return sorted(candidates, key=lambda each: _misfit(each, size))[:AUTO_MODELS]


def _tell(served: Served, outcomes: Sequence[Outcome], work: Work) -> None:
    measures.queue_seconds.observe(work.began - work.queued)
    measures.reading_seconds.observe(monotonic() - work.began)
    bad = sum(isinstance(outcome, CaptchalabError) for outcome in outcomes)
    name = served.place.identity
    if bad < len(outcomes):
        measures.pictures.labels(name, "read").inc(len(outcomes) - bad)
    if bad:
        measures.pictures.labels(name, "refused").inc(bad)


def _size_of(image: bytes) -> tuple[int, int] | None:
    """Width and height of a picture; ``None`` where its header cannot be read."""
    kind = sniff_format(image)
    try:
        width, height = SIZES[kind](image) if kind else (0, 0)
    except CaptchalabError:
        return None
    return (width, height) if width > 0 and height > 0 else None


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


def _sureness(outcome: Outcome) -> float:
    """The mean confidence of a character."""
    if isinstance(outcome, CaptchalabError):
        return 0.0
    sureness: float = outcome.confidence ** (1 / max(1, len(outcome.text)))
    return sureness
