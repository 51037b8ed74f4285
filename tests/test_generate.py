"""generate(): the same files whatever the number of processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.samples.folder import FolderSource
from captchalab.synth.generate import CHUNK, generate
from captchalab.synth.source import SchemeSource


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_files_whatever_the_number_of_processes(tmp_path: Path) -> None:
    source = SchemeSource("lepture", {"alphabet": "digits", "seed": "2", "width": "80", "height": "40"})
    told: list[int] = []
    assert generate(source, tmp_path / "one", CHUNK + 9, workers=1, on_progress=told.append) == CHUNK + 9
    generate(source, tmp_path / "two", CHUNK + 9, workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert told == [CHUNK, CHUNK + 9]


def test_what_was_drawn_reads_back_in_order_and_whole(tmp_path: Path) -> None:
    source = SchemeSource("tangle", {"alphabet": "a/?.", "length": "1-3"})
    generate(source, tmp_path / "out", 30, workers=1)
    folder = FolderSource(tmp_path / "out")
    assert folder.size == 30
    read = {folder.name_of(i).rpartition("_")[2]: folder.sample(i) for i in range(30)}
    for i in range(30):
        drawn, again = source.sample(i), read[f"{i:04d}.png"]
        assert again.text == drawn.text
        assert np.array_equal(again.image, drawn.image)


def test_numbers_sort_when_there_are_many(tmp_path: Path) -> None:
    class Tiny:
        name, size = "tiny", None

        def text(self, index: int) -> str:
            return "a"

        def sample(self, index: int):
            from captchalab.samples.sample import Sample

            return Sample(np.zeros((2, 2, 3), np.uint8), "a")

    generate(Tiny(), tmp_path / "out", 10_001, workers=1)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert (names[0], names[-1], len(names)) == ("a_00000.png", "a_10000.png", 10_001)


def test_a_folder_with_files_and_a_source_at_rest_are_refused(tmp_path: Path) -> None:
    generate(SchemeSource("lepture"), tmp_path / "out", 2)
    with pytest.raises(UsageError, match="not empty"):
        generate(SchemeSource("lepture"), tmp_path / "out", 2)
    with pytest.raises(UsageError, match="not drawn"):
        generate(FolderSource(tmp_path / "out"), tmp_path / "new", 2)
    assert not (tmp_path / "new").exists()
