"""What benchmarks that train share: threads, folds of pictures, a training and its cost, a test."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recording import say

from captchalab.measuring.evaluate import evaluate
from captchalab.reading.modelpath import find_model
from captchalab.reading.reader import Reader, Reads
from captchalab.samples.sample import AtRest
from captchalab.samples.writer import Pick, copy_samples, suffix_of
from captchalab.sources import open_source

TESTED = (
    *("images", "errors", "sequence_accuracy", "sequence_accuracy_low", "sequence_accuracy_high"),
    *("sequence_accuracy_folded", "character_accuracy", "milliseconds_per_image"),
)


def add_threads(parser: argparse.ArgumentParser) -> None:
    """The option ``--threads``."""
    parser.add_argument("--threads", type=int, default=1, help="threads of a training (default 1)")


def use_threads(count: int) -> None:
    """Keep this process and those that it starts to so many threads, and to the last cores that it may use.

    Started under ``taskset``, it stays on the cores named there.
    """
    os.environ["OMP_NUM_THREADS"] = str(count)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])
    import torch

    torch.set_num_threads(count)


def open_at_rest(text: str) -> AtRest:
    """Pictures in files. ``text`` is known to name some."""
    source = open_source(text)
    assert isinstance(source, AtRest)
    return source


def make_folds(source: AtRest, folds: int, repeat: int, folder: Path) -> list[Path]:
    """The pictures of ``source``, each in one of ``folds`` folders of the same size, give or take one.

    Which one follows from ``repeat`` and the pictures' bytes alone. Folders that are there stay.
    """
    places = [folder / f"fold-{number}" for number in range(folds)]
    if all(place.is_dir() for place in places):
        return places
    picks = []
    for index in range(source.size):
        data = source.data(index)
        digest = hashlib.sha256(f"{repeat} ".encode() + data).digest()
        picks.append(Pick(source, index, source.text(index), digest, suffix_of(data)))
    picks.sort(key=lambda pick: pick.content_hash)
    for number, place in enumerate(places):
        if place.is_dir():
            continue
        partial = place.with_name(f"{place.name}.partial")
        copy_samples(partial, picks[number::folds])
        partial.rename(place)
    return places


def run_folder(work: Path, name: str, conditions: dict[str, Any]) -> Path:
    """Where a training under these conditions lies: another recipe is another run."""
    told = json.dumps(conditions, sort_keys=True).encode()
    return work / f"{name}-{hashlib.sha256(told).hexdigest()[:8]}"


def train(
    sources: Sequence[str], recipe: str | Path, run: Path, threads: int, **changes: Any
) -> tuple[Path, dict[str, Any]]:
    """The model file of a training, gone on with where it was stopped; and what it cost.

    The cost is counted in pictures, in seconds on the clock, in seconds of processor time of this process,
    both over all sessions of a training that was stopped, and in multiply-adds of all forward passes.
    """
    from captchalab.training.fit import fit
    from captchalab.training.structure import layers_of

    use_threads(threads)
    say(f"training {run.name}")
    result = fit(
        sources,
        recipe=recipe,
        out=run,
        resume=(run / "recipe.toml").exists(),
        device="cpu",
        **changes,
    )
    data, info = find_model(run)
    adds = sum(layer.multiply_adds for layer in layers_of(data, info))
    return result.model, {
        "steps": result.steps,
        "training_pictures": result.pictures,
        "seconds": round(info.training["seconds"], 1),
        "processor_seconds": info.training["processor_seconds"],
        "threads": threads,
        "multiply_adds_a_picture": adds,
        "multiply_adds": adds * result.pictures,
        "parameters": info.training["parameters"],
        "model_bytes": len(data),
        "network": info.network,
        "input": [info.input.width, info.input.height],
        "curve": read_curve(run),
    }


def read_curve(run: Path) -> list[tuple[int, float]]:
    """Pictures seen, and the sequence accuracy of the validation there."""
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["validation_sequence_accuracy"]]
    return [(int(row["pictures"]), float(row["validation_sequence_accuracy"])) for row in rows]


def test(model: Path | Reads, source: str, limit: int | None = None) -> dict[str, Any]:
    """The figures of a reader on a source, with its ten commonest mistakes; the memory stays the same."""
    reader = Reader.open(model) if isinstance(model, Path) else model
    figures = evaluate(reader, open_source(source), limit=limit).to_json()
    return {**{name: figures[name] for name in TESTED}, "confusion": figures["confusion"][:10]}
