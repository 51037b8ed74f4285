"""A run -> one model file elsewhere, checked once more on real pictures."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from captchalab.errors import LabelError, RunError, UsageError
from captchalab.files import make_folder
from captchalab.reading.modelfile import write_model as write_file
from captchalab.reading.modelpath import find_model
from captchalab.training.device import open_accelerator
from captchalab.training.export import check_parity, restore
from captchalab.training.ready import get_ready
from captchalab.training.run import MODEL, PARITY_PICTURES, RECIPE, stored_recipe, take_up, write_model


def export_run(run: str | Path, out: str | Path) -> Path:
    """Write the model of the run folder ``run`` as ``out``.

    A finished run's file is compared with the network restored from it, on the run's own validation
    pictures; of an unfinished one the best weights of its newest checkpoint are exported. Raises
    ``UsageError`` for what is no run, for pictures that are gone and for an ``out`` that is no ``.onnx``,
    ``RunError`` for a run without weights yet or with labels that it never knew, and ``ExportError`` where
    file and network disagree.
    """
    folder, target = Path(run), Path(out)
    if target.suffix != ".onnx":
        raise UsageError(f"{out} is no name of a model file: end it in .onnx")
    if folder.is_file():
        near = folder.parent if (folder.parent / RECIPE).exists() else "runs/mine"
        raise UsageError(f"{run} is a file, and export takes a run folder, such as {near}")
    if not folder.is_dir():
        raise UsageError(f"no such run folder: {run}")
    recipe = stored_recipe(folder, {})
    if recipe is None:
        raise UsageError(f"{folder} is no run: it holds no {RECIPE}")
    try:
        plan, state = get_ready(recipe, (), open_accelerator("auto"), lambda _text: None, resuming=True)
    except UsageError as error:
        if not (folder / MODEL).is_file():
            raise
        raise UsageError(
            f"{error}; the model cannot be checked once more without them. {folder / MODEL} was checked when "
            "it was written: copying it will do"
        ) from None
    except LabelError as error:
        raise RunError(
            f"the model of {folder} is checked on the run's own pictures, but they have changed: move those "
            f"elsewhere that are {str(error).partition('. ')[0]}"
        ) from None
    make_folder(target.parent)
    if (folder / MODEL).is_file():
        data, info = find_model(folder)
        check_parity(restore(data, info).eval(), data, info, plan.validation.images[:PARITY_PICTURES])
        write_file(target, data)
    elif take_up(folder, state) and state.best:
        write_model(folder, target, plan, state)
    else:
        raise RunError(f"{folder} has no weights yet: captchalab train --resume --out {quote(str(folder))}")
    return target
