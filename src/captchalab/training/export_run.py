"""A run -> one model file elsewhere, checked once more on real pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import write_model
from captchalab.reading.modelpath import find_model
from captchalab.samples.files import make_folder
from captchalab.sources import open_source
from captchalab.training.export import check_parity, restore
from captchalab.training.recipe import load_recipe

CHECKED_PICTURES = 32


def export_run(run: str | Path, out: Path) -> Path:
    """Write the model of the run folder ``run`` as ``out``, after restoring its network from the file and
    comparing both on pictures of the run's own sources.

    Raises ``RunError`` for a run without a model, ``UsageError`` where its pictures are gone, and
    ``ExportError`` where file and network disagree.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise UsageError(f"no such run folder: {run}")
    data, info = find_model(folder)
    network, _ = restore(folder / "model.onnx")
    network.eval()
    check_parity(network, data, info, _pictures(folder, info.input))
    make_folder(out.parent)
    write_model(out, data)
    return out


def _pictures(run: Path, spec: InputSpec) -> NDArray[np.uint8]:
    """``(n, H, W, C)`` uint8: the first pictures of the run's sources that can be read."""
    recipe = load_recipe(run / "recipe.toml")
    prepared: list[NDArray[np.uint8]] = []
    for name in recipe.sources:
        try:
            source = open_source(name)
        except UsageError as error:
            raise UsageError(
                f"the export is checked on the run's pictures, and they are gone: {error}; "
                f"{run / 'model.onnx'} itself was checked when the training ended"
            ) from None
        for index in range(min(CHECKED_PICTURES, source.size or CHECKED_PICTURES)):
            try:
                prepared.append(spec.apply(source.sample(index).image))
            except (ImageError, LabelError):
                continue
    if not prepared:
        raise UsageError(
            f"none of the pictures of {run} can be read: {', '.join(recipe.sources) or 'no sources'}"
        )
    return np.stack(prepared[:CHECKED_PICTURES])
