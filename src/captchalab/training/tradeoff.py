"""A model made lighter, and what that costs: accuracy, size and time, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captchalab.errors import UsageError
from captchalab.files import make_folder
from captchalab.measuring.markup import percent
from captchalab.measuring.speed import Speed, time_readers
from captchalab.reading.metrics import Tally, measure, sign_test
from captchalab.reading.modelfile import ModelInfo, seal, write_model
from captchalab.reading.modelpath import RUN_MODEL
from captchalab.reading.reader import Reader
from captchalab.training.held_out import Picture

TESTED = 2000
"""Pictures that both models read, about."""

TIMED = 200
"""Pictures that both models are timed on, at most."""

WORSE = 0.005
"""A step that costs more accuracy than this does not pay."""

NOTICEABLE = 0.05
"""A smaller share of time or size is neither gain nor loss."""


@dataclass(frozen=True)
class Measured:
    """What one model reached: ``size`` is that of its file in bytes."""

    tally: Tally
    speed: Speed
    size: int

    def shown(self) -> dict[str, str]:
        """The figures by name, as people read them."""
        figures = self.tally.to_json()
        low, high = percent(figures["sequence_accuracy_low"]), percent(figures["sequence_accuracy_high"])
        return {
            "pictures": f"{figures['images']:,}",
            "sequence accuracy": percent(figures["sequence_accuracy"]),
            "  95%": f"{low} to {high}",
            "character accuracy": percent(figures["character_accuracy"]),
            "file": f"{self.size / 1e6:.2f} MB",
            "one picture": f"{self.speed.milliseconds:.2f} ms",
            "in batches of 64": f"{self.speed.pictures_per_second:,.0f} pictures/s",
        }


@dataclass(frozen=True)
class Tradeoff:
    """A model before and after a step that was to make it lighter, on the same pictures."""

    before: Measured
    after: Measured
    model: Path
    """The lighter one."""

    notes: tuple[str, ...] = ()
    """What could not be made lighter."""

    worse: int = 0
    """Pictures that only the model as it was reads right."""

    better: int = 0
    """Pictures that only the lighter one reads right."""

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Each figure: its name, before, after."""
        before, after = self.before.shown(), self.after.shown()
        return [(name, before[name], after[name]) for name in before]

    @property
    def lost(self) -> float:
        """Sequence accuracy, 0 to 1; negative where the lighter model reads better."""
        return self.before.tally.sequence_accuracy - self.after.tally.sequence_accuracy

    @property
    def speedup(self) -> float:
        """How many times as fast one picture by itself is read."""
        return self.before.speed.milliseconds / max(1e-6, self.after.speed.milliseconds)

    @property
    def size(self) -> float:
        """Of the file, as a share of what it was."""
        return self.after.size / self.before.size

    @property
    def reads(self) -> bool:
        """Whether either reads anything right."""
        return max(each.tally.sequence_accuracy for each in (self.before, self.after)) > 0

    @property
    def pays(self) -> bool:
        """Whether it gains time or space, is not slower, and reads nearly as well."""
        gains = self.speedup > 1 + NOTICEABLE or self.size < 1 - NOTICEABLE
        return self.reads and gains and self.lost <= WORSE and self.speedup >= 1 - NOTICEABLE

    @property
    def may_be_chance(self) -> bool:
        """Whether two models that read equally well would differ as much in one of twenty tries, or more."""
        return sign_test(self.worse, self.better) >= 0.05

    @property
    def advice(self) -> str:
        """What to do with the lighter model, in one sentence."""
        if not self.reads:
            return "nothing can be said of what it costs, as neither reads any picture right"
        gains = f"{self.speedup:.2f} times the speed, {percent(self.size)} of the size"
        if self.pays:
            return f"it pays: {gains}, {0.0 - 100 * self.lost:+.2f} points of accuracy"
        if self.lost > WORSE and self.may_be_chance:
            return (
                f"these pictures are too few to tell: {self.worse} are read right only by the model as it "
                f"was, {self.better} only by the lighter one ({gains}); name more with --data"
            )
        if self.lost > WORSE:
            why = f"it reads {100 * self.lost:.2f} points less right, for {gains}"
        elif self.speedup < 1 - NOTICEABLE:
            why = f"it is slower here ({gains})"
        else:
            why = f"it gains next to nothing ({gains})"
        return f"it does not pay: {why}; stay with the model as it was"


def check_target(model: str | Path, out: str | Path) -> Path:
    """``out`` as the place of a model file. Raises ``UsageError`` if it is none, or the model itself."""
    target = Path(out)
    if target.suffix != ".onnx":
        raise UsageError(f"{out} is no name of a model file: end it in .onnx")
    itself = Path(model) / RUN_MODEL if Path(model).is_dir() else Path(model)
    if target.exists() and itself.exists() and target.samefile(itself):
        raise UsageError(f"{out} is the model itself: choose another name for the lighter one")
    make_folder(target.parent)
    return target


def weigh(
    model: tuple[bytes, ModelInfo],
    lighter: tuple[bytes, ModelInfo],
    pictures: Sequence[Picture],
    out: Path,
    notes: Sequence[str] = (),
) -> Tradeoff:
    """Both models read ``pictures``, and are timed on some; ``out`` is where the lighter one is to lie.

    Raises ``ModelFileError`` for a model that does not run, ``UsageError`` without pictures.
    """
    if not pictures:
        raise UsageError("no pictures to weigh the models by")
    readers = [Reader(*model), Reader(*lighter)]
    images = [image for image, _ in pictures]
    truths = [text for _, text in pictures]
    texts = [[each.text for each in reader.read_many(images)] for reader in readers]
    tallies = [measure(zip(truths, read, strict=True)) for read in texts]
    pairs = [(old == truth, new == truth) for truth, old, new in zip(truths, *texts, strict=True)]
    speeds = time_readers(readers, images[:TIMED])
    before, after = (
        Measured(tally, speed, len(file))
        for tally, speed, (file, _) in zip(tallies, speeds, (model, lighter), strict=True)
    )
    return Tradeoff(
        before,
        after,
        out,
        tuple(notes),
        worse=pairs.count((True, False)),
        better=pairs.count((False, True)),
    )


def write_lighter(
    model: tuple[bytes, ModelInfo],
    lighter: tuple[bytes, ModelInfo],
    pictures: Sequence[Picture],
    out: Path,
    notes: Sequence[str] = (),
) -> Tradeoff:
    """Weigh both models, and write the lighter one with its figures. Raises as ``weigh`` does."""
    found = weigh(model, lighter, pictures, out, notes)
    data, info = lighter
    sealed = seal(data, replace(info, figures=_figures(found.after.tally)))
    write_model(out, sealed)
    return replace(found, after=replace(found.after, size=len(sealed)))


def _figures(tally: Tally) -> dict[str, float]:
    """As a training writes them into a model file: of pictures that were held out."""
    figures = tally.to_json()
    names = ("images", "sequence_accuracy", "sequence_accuracy_low", "sequence_accuracy_high")
    return {f"validation_{name}": figures[name] for name in (*names, "character_accuracy")}
