"""Which pictures at rest a run began with, and which schemes of files: it is resumed with no others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Protocol, runtime_checkable

from captchalab.errors import RunError
from captchalab.files import write_atomic
from captchalab.samples.sample import AtRest, Source
from captchalab.sources import open_source
from captchalab.training.recipe import Recipe

PICTURES = "pictures.json"

Listed = dict[str, dict[str, int | str]]
"""Source -> its number of pictures and the SHA-256 of their names and texts, or of its declaration."""


@runtime_checkable
class Declared(Protocol):
    """A drawn source whose look may stand in a file, which may change."""

    def file_sha256(self) -> str | None:
        """Of what the file declares; ``None`` where there is none."""


def list_pictures(sources: Iterable[Source], recipe: Recipe) -> Listed:
    """What the sources and the recipe's validation hold that may change. No picture is opened."""
    listed: Listed = {}
    for source in [*sources, *([open_source(recipe.validation)] if recipe.validation else [])]:
        if isinstance(source, AtRest):
            listed[source.name] = {"pictures": source.size, "sha256": _hash(source)}
        elif isinstance(source, Declared) and (declared := source.file_sha256()) is not None:
            listed[source.name] = {"sha256": declared}
    return listed


def remember_pictures(run: Path, listed: Listed) -> None:
    """Write them down in the run folder, where there are any."""
    if listed:
        write_atomic(run / PICTURES, (json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode())


def check_pictures(run: Path, listed: Listed) -> None:
    """Raises ``RunError`` if they are not what the run began with."""
    file = run / PICTURES
    if not file.exists():
        return
    try:
        known = json.loads(file.read_text("utf-8"))
    except ValueError:
        raise RunError(f"{file} is damaged: train again, with another --out") from None
    for name, now in listed.items():
        before = known.get(name)
        if before == now:
            continue
        if "pictures" not in now:
            raise RunError(
                f"{name} does not declare what it did when the run in {run} began: put that back to resume, "
                f"or take what it has learnt to the new one: captchalab export {quote(str(run))} begun.onnx, "
                "then train --from begun.onnx"
            )
        then = "none" if before is None else f"{before['pictures']:,}"
        raise RunError(
            f"the pictures of {name} are not those that the run in {run} began with ({then} then, "
            f"{now['pictures']:,} now, by names and labels): put those back to resume, or take what it has "
            f"learnt to the new ones: captchalab export {quote(str(run))} begun.onnx, "
            "then train --from begun.onnx"
        )


def _hash(source: AtRest) -> str:
    digest = hashlib.sha256()
    for index in range(source.size):
        row = json.dumps([source.name_of(index), source.text(index)])  # ASCII, whatever the name
        digest.update(f"{row}\n".encode())
    return digest.hexdigest()
