"""Batches: picture i of a training is a function of (seed, i), whoever makes it and when."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures import png

from captchalab.errors import LabelError
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.samples.folder import FolderSource
from captchalab.sources import open_source
from captchalab.training.augment import AUGMENTATIONS
from captchalab.training.batches import VALIDATION_OFFSET, Batch, Batches, Prepared, encode_texts, prepare
from captchalab.training.loading import load_ahead, load_in_turns

SPEC = InputSpec(24, 64)
LETTERS = "ABCDEFGHIJK"
STEPS = 4


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Eleven pictures, each with a text of its own."""
    folder = tmp_path_factory.mktemp("batches")
    for number, text in enumerate(LETTERS):
        (folder / f"{text}_{number}.png").write_bytes(png(text, number))
    return prepare(FolderSource(folder), range(len(LETTERS)), SPEC, Alphabet(LETTERS))


def make(
    resting: Prepared | None,
    drawn: int = 2,
    batch: int = 8,
    seed: int = 0,
    rank: int = 0,
    world: int = 1,
    augment: str = "light",
) -> Batches:
    sources = tuple(
        open_source(f"scheme:lepture?alphabet=abc&length={length}") for length in range(1, drawn + 1)
    )
    alphabet = Alphabet("abc" + LETTERS)
    return Batches(resting, sources, SPEC, alphabet, batch, seed, AUGMENTATIONS[augment], rank, world)


def texts(batches: Batches, step: int) -> list[str]:
    return [batches.alphabet.decode(row) for row in batches[step][1].tolist()]


def assert_equal(ours: list[Batch], theirs: list[Batch]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on a machine of one core
def test_the_same_whoever_makes_them(resting: Prepared) -> None:
    batches = make(resting)
    wanted = [batches[step] for step in range(STEPS)]
    for helpers in (0, 1, 2):
        for load in (load_in_turns, load_ahead):
            stream = load(make(resting), itertools.count(), helpers)
            assert_equal(list(itertools.islice(stream, STEPS)), wanted)
            stream.close()
    later = load_in_turns(make(resting), range(2, STEPS), 1)  # as a resumed training asks for them
    assert_equal(list(later), wanted[2:])


def test_the_same_in_any_order(resting: Prepared) -> None:
    batches = make(resting)
    forwards = [batches[step] for step in range(STEPS)]
    backwards = [batches[step] for step in reversed(range(STEPS))]
    assert_equal(forwards, backwards[::-1])
    assert_equal([pickle.loads(pickle.dumps(batches))[3]], [batches[3]])


SPAWNED = """
import itertools, multiprocessing, sys
import torch
from test_batches import LETTERS, SPEC, make
from captchalab.reading.alphabet import Alphabet
from captchalab.samples.folder import FolderSource
from captchalab.training.batches import prepare
from captchalab.training.loading import load_ahead, load_in_turns

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    resting = prepare(FolderSource(sys.argv[1]), range(len(LETTERS)), SPEC, Alphabet(LETTERS))
    batches = make(resting)
    for load in (load_in_turns, load_ahead):
        stream = load(batches, itertools.count(), 1)
        for step in range(2):
            for ours, theirs in zip(next(stream), batches[step], strict=True):
                assert torch.equal(ours, theirs)
        stream.close()
    print("equal")
"""


def test_the_same_in_spawned_processes(tmp_path: Path) -> None:
    """As on macOS and Windows, where nothing is inherited and all must be handed over."""
    (tmp_path / "main.py").write_text(SPAWNED)
    (tmp_path / "set").mkdir()
    for number, text in enumerate(LETTERS):
        (tmp_path / "set" / f"{text}_{number}.png").write_bytes(png(text, number))
    done = subprocess.run(
        [sys.executable, "-W", "error", "main.py", "set"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "equal", done.stderr


def test_every_epoch_visits_each_picture_once(resting: Prepared) -> None:
    batches = make(resting, drawn=0, batch=11)
    orders = ["".join(texts(batches, step)) for step in range(4)]
    assert [sorted(order) for order in orders] == [sorted(LETTERS)] * 4
    assert len(set(orders)) == 4
    uneven = make(resting, drawn=0, batch=4)  # batches that cross the end of an epoch
    assert Counter(itertools.chain(*(texts(uneven, step) for step in range(11)))) == dict.fromkeys(LETTERS, 4)


def test_kinds_take_turns(resting: Prepared) -> None:
    batches = make(resting, drawn=2, batch=6)
    seen = [text for step in range(11) for text in texts(batches, step)]
    assert [len(text) for text in seen[0::3]] == [1] * 22 and set("".join(seen[0::3])) == set("abc")
    assert [len(text) for text in seen[1::3]] == [2] * 22
    assert Counter(seen[2::3]) == dict.fromkeys(LETTERS, 2)


def test_processes_share_the_pictures_of_a_step(resting: Prepared) -> None:
    whole = make(resting, batch=8)
    halves = [make(resting, batch=4, rank=rank, world=2) for rank in range(2)]
    for step in range(3):
        images = torch.cat([half[step][0] for half in halves])
        assert torch.equal(images, whole[step][0])


def test_seeds_and_validation_share_no_drawn_picture() -> None:
    spec, alphabet = SPEC, Alphabet("abc" + LETTERS)
    trainings = [
        np.concatenate([make(None, 1, seed=seed, augment="none", batch=8)[step][0] for step in range(2)])
        for seed in range(3)
    ]
    source = make(None, 1).drawn[0]
    aside = prepare(source, range(VALIDATION_OFFSET, VALIDATION_OFFSET + 16), spec, alphabet).images
    generated = prepare(source, range(16), spec, alphabet).images
    every = [picture.tobytes() for pictures in (*trainings, aside, generated) for picture in pictures]
    assert len(set(every)) == len(every)


def test_unreadable_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    for number, text in enumerate("ABC"):
        (tmp_path / f"{text}_{number}.png").write_bytes(png(text, number) if text != "B" else b"no picture")
    told: list[tuple[int, int]] = []
    source = FolderSource(tmp_path)
    prepared = prepare(
        source, range(3), SPEC, Alphabet("ABC"), lambda done, total: told.append((done, total))
    )
    assert prepared.texts == ["A", "C"] and len(prepared.images) == len(prepared) == 2
    assert "B_1.png" in prepared.skipped[0]
    assert np.array_equal(prepared.images[1], SPEC.apply(source.sample(2).image))
    assert told == [(0, 3)]
    with pytest.raises(LabelError, match=r"outside the alphabet: C .*captchalab check"):
        prepare(source, [0, 2], SPEC, Alphabet("AB"))


def test_targets_are_padded_with_the_blank() -> None:
    targets, lengths = encode_texts(["ba", "a", "abc"], Alphabet("abc"))
    assert targets.tolist() == [[2, 1, 0], [1, 0, 0], [1, 2, 3]] and lengths.tolist() == [2, 1, 3]
    assert targets.dtype == lengths.dtype == torch.int64
