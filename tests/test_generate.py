"""generate(): the same bytes whatever the number of processes, and however often it was stopped."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from captchalab.errors import RunError, UsageError
from captchalab.reading.image import sniff_format
from captchalab.samples.check import check
from captchalab.samples.folder import FolderSource
from captchalab.samples.sample import AtRest, Sample
from captchalab.sources import open_source
from captchalab.synth.generate import CHUNK, generate
from captchalab.synth.processes import in_order
from captchalab.synth.source import SchemeSource

MANY = 3 * CHUNK + 9
SMALL = {"alphabet": "a7/?", "length": "1-3", "width": "64", "height": "32"}
KINDS = ("out", "out.tar", "out.parquet")
every_kind = pytest.mark.parametrize("kind", KINDS)


def content(path: Path) -> dict[str, bytes]:
    """All bytes below a folder, or of a file."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


class Stopped(Exception):
    """What a test stops a drawing with."""


def stop_at(number: int):
    def on_progress(done: int) -> None:
        if done >= number:
            raise Stopped

    return on_progress


@pytest.mark.parametrize(("kind", "processes"), [*((kind, 2) for kind in KINDS), ("out", 3)])
def test_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path, kind: str, processes: int) -> None:
    source = SchemeSource("lepture", SMALL)
    told: list[int] = []
    one, several = tmp_path / "one" / kind, tmp_path / "several" / kind
    assert generate(source, one, MANY, workers=1, on_progress=told.append) == MANY
    generate(source, several, MANY, workers=processes)
    assert content(one) == content(several)
    assert told == [CHUNK, 2 * CHUNK, 3 * CHUNK, MANY]
    assert [path.name for path in several.parent.iterdir()] == [kind]


def test_the_same_shadows_in_this_process_and_in_others(tmp_path: Path) -> None:
    source = SchemeSource("kaptcha-shadow", {"seed": "7"})
    generate(source, tmp_path / "one", MANY, workers=1)
    generate(source, tmp_path / "several", MANY, workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "several")


@every_kind
def test_a_drawing_that_was_stopped_ends_with_the_same_bytes(tmp_path: Path, kind: str) -> None:
    source = SchemeSource("tangle", SMALL)
    whole, stopped = tmp_path / "whole" / kind, tmp_path / "stopped" / kind
    generate(source, whole, MANY, workers=1)
    for number in (1, CHUNK + 1, MANY):
        with pytest.raises(Stopped):
            generate(source, stopped, MANY, workers=1, on_progress=stop_at(number))
    told: list[int] = []
    generate(source, stopped, MANY, workers=1, on_progress=told.append)
    assert told == []
    assert content(stopped) == content(whole)
    assert [path.name for path in stopped.parent.iterdir()] == [kind]


@every_kind
def test_whatever_a_kill_leaves_half_written_is_written_again(tmp_path: Path, kind: str) -> None:
    source = SchemeSource("lepture", SMALL)
    whole, torn = tmp_path / "whole" / kind, tmp_path / "torn" / kind
    generate(source, whole, MANY, workers=1)
    with pytest.raises(Stopped):
        generate(source, torn, MANY, workers=1, on_progress=stop_at(2 * CHUNK))
    # The pictures of a chunk are written before its rows: here two rows are gone, a third is cut.
    index = torn / "index.jsonl" if kind == "out" else torn.with_name(f"{kind}.part.jsonl")
    rows = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join(rows[:-3]) + rows[-3][:-9])
    if kind == "out":
        (torn / f".{'0' * 16}.part").write_bytes(b"half")
    generate(source, torn, MANY, workers=1)
    assert content(torn) == content(whole)


@pytest.mark.skipif(os.name == "nt", reason="no locks")
@every_kind
def test_what_is_being_drawn_is_left_alone(tmp_path: Path, kind: str) -> None:
    source = SchemeSource("lepture", SMALL)
    refused: list[int] = []

    def draw_again(done: int) -> None:
        with pytest.raises(RunError, match="by another process: wait for its end"):
            generate(source, tmp_path / "twice" / kind, MANY, workers=1)
        refused.append(done)

    generate(source, tmp_path / "twice" / kind, MANY, workers=1, on_progress=draw_again)
    generate(source, tmp_path / "once" / kind, MANY, workers=1)
    assert refused == [CHUNK, 2 * CHUNK, 3 * CHUNK, MANY]
    assert content(tmp_path / "twice" / kind) == content(tmp_path / "once" / kind)


@pytest.mark.parametrize("kept", [0, 20])
def test_an_index_without_its_first_line_is_begun_anew(tmp_path: Path, kept: int) -> None:
    source = SchemeSource("lepture", SMALL)
    generate(source, tmp_path / "whole", 3)
    begun = tmp_path / "begun" / "index.jsonl"
    begun.parent.mkdir()
    begun.write_bytes((tmp_path / "whole" / "index.jsonl").read_bytes()[:kept])
    generate(source, begun.parent, 3)
    assert content(begun.parent) == content(tmp_path / "whole")


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_killed_in_the_middle_and_run_again(tmp_path: Path) -> None:
    scheme, total = "scheme:lepture?width=64&height=32&seed=4", 3_000
    command = [sys.executable, "-m", "captchalab", "generate", scheme, "killed.tar", "-n", str(total)]
    process = subprocess.Popen(command, cwd=tmp_path)
    index = tmp_path / "killed.tar.part.jsonl"
    for _ in count():
        if process.poll() is not None or (index.exists() and index.stat().st_size > 20_000):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert index.exists() and not (tmp_path / "killed.tar").exists()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "going on" in done.stderr
    generate(open_source(scheme), tmp_path / "whole.tar", total, workers=1)
    assert (tmp_path / "killed.tar").read_bytes() == (tmp_path / "whole.tar").read_bytes()


@every_kind
def test_what_was_drawn_reads_back_whole(tmp_path: Path, kind: str) -> None:
    source = SchemeSource("tangle", {**SMALL, "alphabet": "中a/?.", "font": chinese_font()})
    generate(source, tmp_path / kind, 30, workers=1)
    at_rest = open_source(str(tmp_path / kind))
    assert at_rest.size == 30
    read = {at_rest.name_of(i).rpartition("_")[2]: at_rest.sample(i) for i in range(30)}
    for i in range(30):
        drawn, again = source.sample(i), read[f"{i:04d}.png"]
        assert again.text == drawn.text
        assert np.array_equal(again.image, drawn.image)
    assert check(at_rest) == []


@every_kind
def test_a_scheme_that_ends_as_jpeg_is_written_as_that_file(tmp_path: Path, kind: str) -> None:
    source = SchemeSource("kaptcha-fisheye", {"seed": "1"})
    generate(source, tmp_path / kind, 3, workers=1)
    at_rest = open_source(str(tmp_path / kind))
    drawn = {sample.text: sample.image for sample in map(source.sample, range(3))}
    for i in range(3):
        assert isinstance(at_rest, AtRest) and at_rest.name_of(i).endswith(".jpg")
        assert sniff_format(at_rest.data(i)) == "jpeg"
        again = at_rest.sample(i)
        assert np.array_equal(again.image, drawn[again.text])


def chinese_font() -> str:
    from captchalab.synth.fonts import bundled
    from captchalab.synth.glyphs import holds

    return next(font for font in bundled() if holds(font, "中"))


def test_the_index_says_what_was_drawn(tmp_path: Path) -> None:
    generate(SchemeSource("lepture", {"seed": "2"}), tmp_path / "out", 5, workers=1)
    first, *rows = map(json.loads, (tmp_path / "out" / "index.jsonl").read_text("utf-8").splitlines())
    assert (first["drawn"], first["count"]) == ("scheme:lepture?seed=2", 5)
    assert first["scheme"]["lettering"]["kind"] == "stretched" and first["captchalab"]
    source = SchemeSource("lepture", {"seed": "2"})
    for i, row in enumerate(rows):
        path = tmp_path / "out" / row["file"]
        assert (row["text"], row["bytes"]) == (source.text(i), path.stat().st_size)


def test_the_table_says_what_was_drawn(tmp_path: Path) -> None:
    from pyarrow import parquet

    generate(SchemeSource("lepture", {"seed": "2"}), tmp_path / "out.parquet", 5, workers=1)
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["image", "text", "name"]
    assert json.loads(table.schema.metadata[b"captchalab"])["drawn"] == "scheme:lepture?seed=2"


@every_kind
def test_an_animation_is_a_gif_that_shows_what_was_drawn(tmp_path: Path, kind: str) -> None:
    own = tmp_path / "moving.toml"
    lettering = '[lettering]\nkind = "row"\nfonts = ["DroidSansMono"]\n'
    own.write_text(f'like = "lepture"\n{lettering}[animation]\nmilliseconds = 120\n')
    source = open_source(f"scheme:{own}")
    generate(source, tmp_path / kind, 3, workers=1)
    at_rest = open_source(str(tmp_path / kind), frames="fuse")
    for i in range(3):
        with Image.open(io.BytesIO(at_rest.data(i))) as moving:
            assert (moving.format, moving.n_frames, moving.info["duration"]) == ("GIF", 4, 120)
    read = {at_rest.sample(i).text: at_rest.sample(i).image for i in range(3)}
    for i in range(3):
        drawn = source.sample(i)
        # 256 colours are not all.
        assert np.abs(read[drawn.text].astype(int) - drawn.image).mean() < 4


class Tiny:
    """A source of one text; sample 0 has another colour each time."""

    name, size = "tiny", None
    colours = count()

    def text(self, index: int) -> str:
        return "a"

    def sample(self, index: int) -> Sample:
        return Sample(np.full((2, 2, 3), next(self.colours) % 200 if index == 0 else 9, np.uint8), "a")


def test_numbers_sort_when_there_are_many(tmp_path: Path) -> None:
    generate(Tiny(), tmp_path / "out", 10_001, workers=1)
    names = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert (names[0], names[-1], len(names)) == ("a_00000.png", "a_10000.png", 10_001)


def test_what_is_drawn_otherwise_now_is_not_gone_on_with(tmp_path: Path) -> None:
    generate(Tiny(), tmp_path / "out", 1, workers=1)
    with pytest.raises(UsageError, match="drawn otherwise now"):
        generate(Tiny(), tmp_path / "out", 1, workers=1)


def test_another_drawing_is_refused_by_what_differs(tmp_path: Path) -> None:
    generate(SchemeSource("lepture"), tmp_path / "out", 2)
    assert generate(SchemeSource("lepture"), tmp_path / "out", 2) == 2
    with pytest.raises(UsageError, match="count was 2, now it is 3"):
        generate(SchemeSource("lepture"), tmp_path / "out", 3)
    with pytest.raises(UsageError, match=r"drawn was scheme:lepture, now it is scheme:lepture\?seed=1"):
        generate(SchemeSource("lepture", {"seed": "1"}), tmp_path / "out", 2)
    own = tmp_path / "own.toml"
    for value in (20, 30):
        own.write_text(f'like = "lepture"\n[lettering]\nrotation = {value}')
        if value == 20:
            generate(open_source(f"scheme:{own}"), tmp_path / "mine", 2)
    with pytest.raises(UsageError, match="the scheme has changed"):
        generate(open_source(f"scheme:{own}"), tmp_path / "mine", 2)


def test_what_is_there_already_is_never_written_over(tmp_path: Path) -> None:
    source = SchemeSource("lepture")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        generate(source, tmp_path / "full", 2)
    (tmp_path / "full" / "index.jsonl").write_text("mine\n")
    with pytest.raises(UsageError, match="no index of a drawing"):
        generate(source, tmp_path / "full", 2)
    (tmp_path / "full" / "index.jsonl").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        generate(source, tmp_path / "full", 2)
    for name in ("half.tar", "half.parquet"):
        (tmp_path / f"{name}.part").write_text("somebody's download")
        with pytest.raises(UsageError, match="in the way"):
            generate(source, tmp_path / name, 2)
        assert (tmp_path / f"{name}.part").read_text() == "somebody's download"
    (tmp_path / "mine.tar").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        generate(source, tmp_path / "mine.tar", 2)
    with pytest.raises(UsageError, match=r"\.tar or \.parquet"):
        generate(source, tmp_path / "mine.tar.gz", 2)
    generate(source, tmp_path / "out", 2)
    with pytest.raises(UsageError, match="not drawn"):
        generate(FolderSource(tmp_path / "out"), tmp_path / "new", 2)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_lacks_pictures_is_not_gone_on_with(tmp_path: Path) -> None:
    source = SchemeSource("lepture")
    generate(source, tmp_path, 3)
    first, second, _ = sorted(tmp_path.glob("*.png"), key=lambda path: path.stem[-4:])
    second.unlink()
    with pytest.raises(UsageError, match=f"{second.name} is gone"):
        generate(source, tmp_path, 3)
    second.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(UsageError, match=f"{second.name} is gone or was changed"):
        generate(source, tmp_path, 3)


def test_labels_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    source = SchemeSource("lepture")
    generate(source, tmp_path, 2)
    mine = '{"file": "84KI_0000.png", "text": "84KI"}\n'
    (tmp_path / "labels.jsonl").write_text(mine)
    with pytest.raises(UsageError, match="not of this drawing"):
        generate(source, tmp_path, 2)
    assert (tmp_path / "labels.jsonl").read_text() == mine


def test_a_program_without_a_file_is_told_how_to_draw(tmp_path: Path) -> None:
    program = """
from captchalab.sources import open_source
from captchalab.synth.generate import generate
generate(open_source("scheme:lepture"), "out", 200, workers=2)
"""
    done = subprocess.run(
        [sys.executable, "-"], input=program, capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.stderr.splitlines()[-1].endswith(
        "write it into a file, or draw in this process with workers=1"
    )
    assert not list((tmp_path / "out").glob("*.png"))


def blas_threads(_item: object = None) -> list[int]:
    _ = np.ones((2, 2)) @ np.ones((2, 2))
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


@pytest.mark.parametrize("processes", [1, 2])
def test_linear_algebra_takes_one_thread_while_pictures_are_drawn(processes: int) -> None:
    with threadpool_limits(2, user_api="blas"):
        for threads in in_order(blas_threads, range(3), processes):
            assert threads and set(threads) == {1}
        assert set(blas_threads()) == {2}
