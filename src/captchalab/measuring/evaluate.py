"""Every sample read once: a reader and a source -> an Evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.measuring.calibrate import Calibration
from captchalab.measuring.thumbnail import thumbnail
from captchalab.reading.alphabet import check_label, printable
from captchalab.reading.metrics import Tally
from captchalab.reading.reader import Reader, Reading, Reads
from captchalab.samples.sample import AtRest, Source

DRAWN_LIMIT = 10_000
MISREAD_KEPT = 200
SKIPPED_KEPT = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One sample as it was read."""

    name: str
    text: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Misread:
    """A sample read wrongly; ``picture`` is a small PNG, ``None`` where the picture cannot be decoded."""

    name: str
    text: str
    reading: Reading
    picture: bytes | None


@dataclass(frozen=True, slots=True)
class _Item:
    """A picture on its way to the reader; ``error`` says why its source could not hand it over."""

    name: str
    text: str
    image: bytes | NDArray[np.uint8] | None
    error: str = ""


@dataclass
class Evaluation:
    """The figures of one reader on one source.

    ``misread`` keeps the first 200 sequences that were read wrongly, ``skipped`` the first 100
    samples with a bad label as ``(name, why)``; ``rows`` is empty unless ``keep_rows`` was asked for.
    """

    source: str
    options: dict[str, Any]
    model: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    calibration: Calibration = field(default_factory=Calibration)
    reader_seconds: float = 0.0
    reader_images: int = 0
    misread: list[Misread] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    skipped_count: int = 0
    rows: list[Row] = field(default_factory=list)

    @property
    def milliseconds_per_image(self) -> float:
        """The reader's time alone: from the file's bytes (at rest) or the array (drawn) to the text."""
        return 1000 * self.reader_seconds / self.reader_images if self.reader_images else 0.0

    def to_json(self) -> dict[str, Any]:
        """All figures as plain values; shares are 0 to 1."""
        figures = self.tally.to_json()
        tables = {key: figures.pop(key) for key in ("confusion", "by_length", "by_character")}
        return {
            **figures,
            "milliseconds_per_image": self.milliseconds_per_image,
            "skipped": self.skipped_count,
            "source": self.source,
            "options": self.options,
            "model": self.model,
            "notes": self.notes,
            "calibration": self.calibration.to_json(),
            **tables,
        }


def evaluate(
    reader: Reads,
    source: Source,
    *,
    limit: int | None = None,
    by_answer: bool = False,
    batch_size: int = 64,
    keep_rows: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Read every sample of ``source`` once, in batches, and count.

    ``limit`` reads that many samples spread evenly over the source (a sorted folder's first ones
    would be all alike); an endless source stops after 10,000 unless told otherwise. An unreadable
    picture counts as wrong; a sample whose label is bad is skipped and named. ``on_progress`` is
    called with the samples done and to do. Raises ``UsageError`` for a source without samples, a
    limit or batch size below 1, and a reader that does not answer every picture.
    """
    if batch_size < 1:
        raise UsageError(f"batch_size={batch_size}: at least 1 is needed")
    indices, notes = _choose(source, limit)
    options = {"by_answer": by_answer, "limit": limit, "batch_size": batch_size}
    evaluation = Evaluation(source.name, options, _describe(reader), notes, Tally(by_answer))
    for start in range(0, len(indices), batch_size):
        chosen = indices[start : start + batch_size]
        items = list(_load(source, chosen, evaluation))
        for item, reading in zip(items, _read(reader, items, evaluation), strict=True):
            _count(item, reading, evaluation, keep_rows)
        if on_progress is not None:
            on_progress(start + len(chosen), len(indices))
    if not evaluation.tally.sequences.total:
        name, why = evaluation.skipped[0]
        raise UsageError(
            f"no sample of {source.name} has a usable label (the first, {name}: {why}); "
            "'captchalab check' lists them all"
        )
    if isinstance(reader, Reader):
        evaluation.notes += _unknown_characters(evaluation.tally, reader)
    return evaluation


def _unknown_characters(tally: Tally, reader: Reader) -> list[str]:
    """What explains a low accuracy best: characters that the model cannot read at all."""
    unknown = sorted(set(tally.by_character) - set(reader.info.alphabet.characters) - {""})
    if not unknown or tally.by_answer:
        return []
    shown = printable(unknown[:40]) + (f" and {len(unknown) - 40} more" if len(unknown) > 40 else "")
    return [f"the model knows none of these characters of the texts: {shown}"]


def _choose(source: Source, limit: int | None) -> tuple[range | list[int], list[str]]:
    """The indices to read, and what the user should know about the choice."""
    if limit is not None and limit < 1:
        raise UsageError(f"limit={limit}: at least 1 picture is needed")
    size = source.size
    if size is None:
        if limit is not None:
            return range(limit), []
        return range(DRAWN_LIMIT), [f"{source.name} is endless: its first {DRAWN_LIMIT:,} pictures were read"]
    if size == 0:
        raise UsageError(f"{source.name} holds no labelled pictures; 'captchalab check' says what it holds")
    if limit is None or limit >= size:
        return range(size), []
    note = f"{limit:,} of {size:,} pictures were read, spread evenly"
    return [number * size // limit for number in range(limit)], [note]


def _describe(reader: Reads) -> dict[str, Any] | None:
    if not isinstance(reader, Reader):
        return None
    info = reader.info
    return {
        "name": info.name,
        "sha256": reader.sha256,
        "alphabet": info.alphabet.characters,
        "frames": info.frames,
    }


def _load(source: Source, indices: range | list[int], evaluation: Evaluation) -> Iterator[_Item]:
    """The samples with a good label; the others are noted as skipped."""
    for index in indices:
        name = source.name_of(index) if isinstance(source, AtRest) else f"{source.name}#{index}"
        try:
            yield _load_one(source, index, name)
        except LabelError as error:
            evaluation.skipped_count += 1
            if len(evaluation.skipped) < SKIPPED_KEPT:
                evaluation.skipped.append((name, str(error)))


def _load_one(source: Source, index: int, name: str) -> _Item:
    """One sample: the encoded file where there is one, so that the reader's time includes decoding."""
    text = check_label(source.text(index))
    try:
        if isinstance(source, AtRest):
            return _Item(name, text, source.data(index))
        sample = source.sample(index)
    except (ImageError, OSError) as error:
        return _Item(name, text, None, str(error))
    return _Item(sample.name or name, text, sample.image if sample.data is None else sample.data)


def _read(reader: Reads, items: list[_Item], evaluation: Evaluation) -> Iterator[Reading]:
    """A reading of every item, in order; the clock runs while the reader works."""
    images = [item.image for item in items if item.image is not None]
    started = perf_counter()
    readings = reader.read_many(images) if images else []
    evaluation.reader_seconds += perf_counter() - started
    evaluation.reader_images += len(images)
    if len(readings) != len(images):
        raise UsageError(
            f"the reader returned {len(readings)} readings of {len(images)} pictures; "
            "read_many must return one of each, in order"
        )
    answered = iter(readings)
    for item in items:
        yield next(answered) if item.image is not None else Reading("", 0.0, (), error=item.error)


def _count(item: _Item, reading: Reading, evaluation: Evaluation, keep_row: bool) -> None:
    if reading.error is not None:
        evaluation.tally.add_error(item.text)
        right = False
    else:
        right = evaluation.tally.add(item.text, reading.text)
        evaluation.calibration.add(reading.confidence, right)
    if keep_row:
        evaluation.rows.append(Row(item.name, item.text, reading))
    if not right and len(evaluation.misread) < MISREAD_KEPT:
        frames = (evaluation.model or {}).get("frames", "first")
        picture = None if item.image is None else thumbnail(item.image, frames)
        evaluation.misread.append(Misread(item.name, item.text, reading, picture))
