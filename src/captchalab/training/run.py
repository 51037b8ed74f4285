"""The run folder: found, taken up again, and finished with its model, sheets and report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from captchalab import __version__
from captchalab.errors import UsageError
from captchalab.files import locked, make_folder, write_atomic
from captchalab.reading.metrics import wilson
from captchalab.reading.modelfile import ModelInfo
from captchalab.samples.characters import load_alphabet
from captchalab.training.batches import Batches
from captchalab.training.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from captchalab.training.export import export
from captchalab.training.pictures import remember_pictures
from captchalab.training.plan import Plan, Tell
from captchalab.training.plots import plot_curves, plot_mistakes, plot_predictions, plot_samples
from captchalab.training.recipe import Recipe, load_recipe
from captchalab.training.run_report import SHEETS, write_report
from captchalab.training.start import SCRATCH
from captchalab.training.state import State
from captchalab.training.tradeoff import Tradeoff
from captchalab.training.validate import Validation, validate

RECIPE, METRICS, MODEL, REPORT = "recipe.toml", "metrics.csv", "model.onnx", "report.md"
CHECKPOINTS, LOCK = "checkpoints", ".lock"
WRITTEN = (METRICS, MODEL, REPORT, CHECKPOINTS, *(f"{name}.png" for name in SHEETS))
"""What a training writes after its recipe: where that is missing, these are somebody else's."""

PARITY_PICTURES = 64
MAY_CHANGE = ("workers",)
"""Settings that a resumed training may change, since no step depends on them."""

FILLED_IN = (
    "sources",
    "alphabet",
    "max_length",
    "height",
    "width",
    "fit",
    "frames",
    "augment",
    "precision",
    "steps",
    "validate_every",
    "save_every",
)
"""Settings whose default is replaced by what it comes to when a run begins."""


def choose_folder(out: str | Path | None, resume: bool) -> Path:
    """The run folder; a new one is not made yet, so that wrong usage leaves nothing behind.

    Raises ``UsageError`` where a run would be overwritten.
    """
    if out is None:
        out = Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    run = Path(out)
    if run.is_file():
        raise UsageError(f"{run} is a file; --out names a folder")
    if resume and not run.is_dir():
        raise UsageError(f"there is no run in {run} to resume; leave --resume out to start one")
    if not resume and (run / RECIPE).exists():
        raise UsageError(f"{run} holds a run already: go on with it by --resume, or choose another --out")
    strange = [name for name in WRITTEN if (run / name).exists()]
    if strange and not (run / RECIPE).exists():
        raise UsageError(f"{run} is no run, but holds {strange[0]} already: choose another --out")
    return run


def stored_recipe(run: Path, stated: dict[str, Any]) -> Recipe | None:
    """The recipe that a run was started with; ``None`` if it was killed before it wrote one.

    ``stated`` settings may repeat it. Raises ``UsageError`` if they would change what a step depends on: a
    resumed run ends as if it had never been interrupted.
    """
    if not (run / RECIPE).exists():
        return None
    recipe = load_recipe(run / RECIPE)
    asked = recipe.with_changes(**stated)
    differing = [
        f"{name}={getattr(recipe, name)!s:.80}, not {getattr(asked, name)!s:.80}"
        for name in sorted(stated.keys() - MAY_CHANGE)
        if _contradicts(name, getattr(asked, name), getattr(recipe, name))
    ]
    if differing:
        raise UsageError(
            f"the run in {run} was started with {'; '.join(differing)}: leave that out to resume, "
            "or train on from it with --from"
        )
    return recipe.with_changes(**{name: stated[name] for name in MAY_CHANGE if name in stated})


def _contradicts(name: str, asked: Any, stored: Any) -> bool:
    if name == "alphabet" and asked:
        return bool(load_alphabet(asked).characters != stored)
    if name == "options":
        return any(key not in stored or stored[key] != value for key, value in asked.items())
    left_open = name in FILLED_IN and asked == getattr(Recipe(), name)
    return bool(asked != stored) and not left_open


def take_up(run: Path, state: State) -> bool:
    """Load the newest checkpoint that is whole into ``state``; whether there was one."""
    folder = run / CHECKPOINTS
    if not checkpoints(folder):
        return False
    state.load(load_checkpoint(folder))
    return True


@contextmanager
def training_alone(run: Path) -> Iterator[None]:
    """The folder of a run while this process trains it. Raises ``RunError`` where another one does."""
    make_folder(run)
    with locked(run / LOCK, f"another process trains the run in {run}: wait for its end, or stop it"):
        yield


def write_beginning(run: Path, plan: Plan, state: State, resumed: bool) -> None:
    """Into the folder of a run that is about to train: its pictures, its recipe, and what it starts from."""
    if not resumed:
        remember_pictures(run, plan.pictures)
    plan.recipe.save(run / RECIPE)
    # The start model may be gone when this run is resumed, and the teacher must be the same.
    if not resumed and (plan.recipe.start != SCRATCH or plan.recipe.teacher):
        save_checkpoint(run / CHECKPOINTS, state.step, state.to_checkpoint())


def is_finished(run: Path) -> bool:
    """Whether all has been written; the report comes last."""
    return (run / MODEL).is_file() and (run / REPORT).is_file()


def describe(run: Path, plan: Plan, state: State, processes: int) -> ModelInfo:
    """What the model file says about itself."""
    low, high = wilson(round(state.figures["sequence_accuracy"] * len(plan.validation)), len(plan.validation))
    return ModelInfo(
        name=run.resolve().name,
        alphabet=plan.alphabet,
        decoder=state.network.head.decoder,
        input=plan.spec,
        network={"name": plan.recipe.network, "options": plan.recipe.options},
        lengths=plan.lengths,
        frames=plan.recipe.frames,
        scheme={"sources": list(plan.recipe.sources)},
        figures={
            "validation_images": len(plan.validation),
            "validation_sequence_accuracy": state.figures["sequence_accuracy"],
            "validation_sequence_accuracy_low": low,
            "validation_sequence_accuracy_high": high,
            "validation_character_accuracy": state.figures["character_accuracy"],
        },
        training={
            "steps": state.step,
            "best_step": state.figures["step"],
            "pictures": state.step * plan.recipe.batch * processes,
            "seconds": round(state.seconds, 1),
            "processor_seconds": round(state.processor_seconds, 1),
            "parameters": sum(each.numel() for each in state.network.parameters()),
            "start": plan.recipe.start,
            "seed": plan.recipe.seed,
            "sizes": [list(size) for size in plan.sizes],
            **({"teacher": plan.recipe.teacher} if plan.recipe.teacher else {}),
        },
        captchalab=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def write_model(run: Path, out: Path, plan: Plan, state: State, processes: int = 1) -> Validation:
    """Export the best weights, check the file, and read the validation pictures with them."""
    network = state.best_network()
    info = describe(run, plan, state, processes)
    export(network, info, plan.validation.images[:PARITY_PICTURES], out, plan.recipe.weights)
    return validate(network, plan.validation, plan.alphabet, next(network.parameters()).device)


def finish(
    run: Path, plan: Plan, state: State, batches: Batches, processes: int, tell: Tell
) -> Tradeoff | None:
    """``model.onnx`` first, then the sheets, and the report last; what became of what its teacher knew."""
    validation = write_model(run, run / MODEL, plan, state, processes)
    tell(f"model: {run / MODEL} ({(run / MODEL).stat().st_size / 1e6:.2f} MB, checked against its network)")
    images, targets, _ = batches[0]
    texts = [plan.alphabet.decode(row) for row in targets.tolist()]
    plot_samples(list(zip(images.numpy(), texts, strict=True)), run / "samples.png")
    read = list(zip(plan.validation.images, plan.validation.texts, validation.reads, strict=True))
    plot_predictions(read, run / "predictions.png")
    plot_mistakes(read, run / "mistakes.png")
    plot_curves(run / METRICS, run / "curves.png")
    tradeoff = state.teacher.beside(run / MODEL, plan) if state.teacher is not None else None
    write_atomic(run / REPORT, write_report(run / MODEL, plan, state, validation, tradeoff).encode())
    return tradeoff
