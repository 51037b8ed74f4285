"""The reader: a tiny real model reads pictures whose columns spell a text."""

from __future__ import annotations

import hashlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import captchalab
from captchalab.errors import (
    BrokenImage,
    CaptchalabError,
    ConstraintError,
    LabelError,
    ModelFileError,
    RunError,
    TooManyBytes,
    UsageError,
)
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.image import ImageLimits
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import ModelInfo, seal, write_model
from captchalab.reading.options import ReadOptions
from captchalab.reading.reader import Reader, Reading

STEPS = 16
CELL = 4  # pixels across one step
ALPHABET = Alphabet("0123456789+=?aA")
CLASSES = ALPHABET.classes
INFO = ModelInfo(
    name="columns",
    alphabet=ALPHABET,
    decoder="ctc",
    input=InputSpec(8, STEPS * CELL, 1),
    network={"name": "columns", "options": {}},
    lengths=(1, STEPS),
    captchalab="0",
    created="2026-01-02T03:04:05+00:00",
)


def shade(index: int) -> int:
    """The grey that stands for a class; white is the blank."""
    return 255 - 15 * index


def columns_onnx(classes: int = CLASSES, **wrong: object) -> bytes:
    """Each step's mean grey is compared with the shade of every class: a fixed map, no training."""
    name = str(wrong.get("name", "image"))
    shades = np.array([shade(i) for i in range(classes)], np.float32)
    nodes = [
        helper.make_node("Cast", [name], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "cells"], ["celled"]),
        helper.make_node("ReduceMean", ["celled"], ["grey"], axes=[1, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["grey", "last"], ["column"]),
        helper.make_node("Sub", ["column", "shades"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("Neg", ["distance"], ["closeness"]),
        helper.make_node("LogSoftmax", ["closeness"], ["scores"], axis=2),
    ]
    constants = [
        numpy_helper.from_array(np.array([-1, 8, STEPS, CELL], np.int64), "cells"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(shades, "shades"),
    ]
    shape = [wrong.get("batch", "N"), *INFO.input.shape]
    graph = helper.make_graph(
        nodes,
        "columns",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", STEPS, classes])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()


def drawn(text: str, width: int = STEPS * CELL) -> NDArray[np.uint8]:
    """Each character takes one step, a blank step follows it."""
    picture = np.full((8, width, 3), 255, np.uint8)
    for place, index in enumerate(ALPHABET.encode(text)):
        picture[:, 2 * place * CELL : (2 * place + 1) * CELL] = shade(index)
    return picture


def png(array: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("models") / "model.onnx"
    write_model(file, seal(columns_onnx(), INFO))
    return file


@pytest.fixture(scope="module")
def reader(path: Path) -> Reader:
    return Reader.open(path)


def test_reads_every_kind_of_picture(reader: Reader, tmp_path: Path) -> None:
    data = png(drawn("1729"))
    (tmp_path / "a.png").write_bytes(data)
    for image in (
        data,
        drawn("1729"),
        Image.open(io.BytesIO(data)),
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
    ):
        reading = reader.read(image)
        assert reading.text == "1729"
        assert reading.confidence > 0.99
        assert reading.answer is None
        assert reading.error is None
        assert [span.character for span in reading.characters] == list("1729")


def test_characters_have_their_places(reader: Reader) -> None:
    spans = reader.read(drawn("42")).characters
    middles = [(span.left + span.right) / 2 * STEPS for span in spans]
    assert middles == pytest.approx([0.5, 2.5], abs=1.0)
    assert all(span.confidence > 0.99 for span in spans)


def test_places_are_fractions_of_the_picture_where_the_input_is_padded() -> None:
    info = replace(INFO, input=replace(INFO.input, fit="pad"))
    reader = Reader(seal(columns_onnx(), info), info)
    (whole,) = reader.read(drawn("7", STEPS * CELL)).characters
    (narrow,) = reader.read(drawn("7", STEPS * CELL // 4)).characters
    assert narrow.left == pytest.approx(min(1.0, 4 * whole.left))
    assert narrow.right == pytest.approx(min(1.0, 4 * whole.right))


def test_constraints(reader: Reader) -> None:
    unsure = drawn("1a3")
    unsure[:, 2 * CELL : 3 * CELL] = (
        shade(ALPHABET.encode("a")[0]) + shade(ALPHABET.encode("?")[0])
    ) // 2 - 1
    assert reader.read(unsure).text == "1a3"
    assert set(reader.read(unsure, alphabet="digits").text) <= set("0123456789")
    assert reader.read(unsure, alphabet=Alphabet("0123?")).text == "1?3"
    assert len(reader.read(unsure, length=2).text) == 2
    assert 4 <= len(reader.read(unsure, length=(4, 5)).text) <= 5
    assert reader.read(unsure, pattern=r"\d\?\d").text == "1?3"
    assert reader.read(unsure, words=["1?3", "777"]).text == "1?3"
    assert reader.read(unsure, words=["1A3"], fold_case=True).text.lower() == "1a3"
    assert reader.read(unsure, beam=3).text == "1a3"
    for wrong in ({"pattern": "("}, {"length": (5, 4)}, {"words": []}, {"alphabet": "xyz"}):
        with pytest.raises((ConstraintError, UsageError)):
            reader.read(unsure, **wrong)


def test_case_is_folded_without_another_constraint(reader: Reader) -> None:
    assert reader.read(drawn("1A2a")).text == "1A2a"
    assert reader.read(drawn("1A2a"), fold_case=True).text == "1a2a"


@pytest.mark.parametrize("length", ["4", (4,), 4.0, (4, "6"), (4, 5, 6)])
def test_lengths_that_are_none(reader: Reader, length: Any) -> None:
    with pytest.raises(ConstraintError, match=r"the least and the most"):
        reader.read(drawn("1A2a"), length=length)


def test_lengths_of_numpy_and_words_that_are_one_text(reader: Reader) -> None:
    assert len(reader.read(drawn("1A2a"), length=np.int64(3)).text) == 3  # type: ignore[arg-type]
    with pytest.raises(ConstraintError, match="a list of words"):
        reader.read(drawn("1A2a"), words="1A2a")


@pytest.mark.parametrize(
    "option", [{"alphabet": 5}, {"alphabet": ["1"]}, {"pattern": 5}, {"words": 5}, {"words": [["1A"]]}]
)
def test_constraints_that_are_no_texts(reader: Reader, option: dict[str, Any]) -> None:
    ((name, value),) = option.items()
    for read in (reader.read, lambda image, **options: reader.read_many([image], **options)):
        with pytest.raises(
            ConstraintError, match=rf"^{name}={re.escape(repr(value))}: a .* is needed"
        ) as caught:
            read(drawn("1A2a"), **option)
        assert "\n" not in str(caught.value)


def test_arithmetic(reader: Reader) -> None:
    assert reader.read(drawn("3+8=?")[:, :], answer=True).answer == "11"
    reading = reader.read(drawn("3+"), answer=True)
    assert (reading.text, reading.answer) == ("3+", None)
    assert reading.error is not None and "3+" in reading.error


def test_read_raises(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(BrokenImage):
        reader.read(png(drawn("1"))[:-9])
    with pytest.raises(UsageError, match="no such picture"):
        reader.read(tmp_path / "none.png")


def test_read_many_makes_rows_of_bad_pictures(reader: Reader, tmp_path: Path) -> None:
    images = [png(drawn("12")), b"", png(drawn("34"))[:-9], tmp_path / "none.png", drawn("5"), None]
    for batch_size in (1, 2, 64):
        readings = reader.read_many(images, batch_size=batch_size)
        assert [reading.text for reading in readings] == ["12", "", "", "", "5", ""]
        for index, named in ((1, "empty"), (2, "truncated"), (3, "none.png"), (5, "NoneType")):
            assert readings[index] == Reading("", 0.0, (), error=readings[index].error)
            assert named in str(readings[index].error)
    assert reader.read_many([]) == []
    assert reader.read_many([b""])[0].error
    with pytest.raises(UsageError, match="batch_size=0"):
        reader.read_many(images, batch_size=0)
    with pytest.raises(ConstraintError):
        reader.read_many(images, pattern="(")


def test_read_many_agrees_with_read(reader: Reader) -> None:
    images = [drawn(text) for text in ("1", "22", "303", "4+4=?", "98765")]
    for options in ({}, {"length": (1, 3)}, {"answer": True}, {"alphabet": "digits"}):
        many = reader.read_many(images, batch_size=3, **options)
        for reading, image in zip(many, images, strict=True):
            alone = reader.read(image, **options)
            assert (reading.text, reading.answer, reading.error) == (alone.text, alone.answer, alone.error)
            assert reading.confidence == pytest.approx(alone.confidence, abs=1e-5)


def test_read_each_obeys_the_options_of_each_picture(reader: Reader) -> None:
    rows: list[tuple[Any, dict[str, Any]]] = [
        (drawn("3+4=?"), {"answer": True}),
        (drawn("3+4=?"), {"alphabet": "digits"}),
        (b"no picture", {}),
        (drawn("12"), {"length": 1, "beam": 5}),
        (drawn("12"), {"pattern": "("}),
        (drawn("12"), {}),
    ]
    outcomes = reader.read_each(rows)
    for outcome, (image, options) in zip(outcomes, rows, strict=True):
        if isinstance(outcome, CaptchalabError):
            with pytest.raises(type(outcome), match=re.escape(str(outcome))):
                reader.read(image, **options)
        else:
            assert outcome.text == reader.read(image, **options).text
            assert outcome.answer == reader.read(image, **options).answer
    assert [isinstance(outcome, CaptchalabError) for outcome in outcomes] == [
        False, False, True, False, True, False,
    ]  # fmt: skip
    assert reader.read_each([]) == []


def test_read_many_holds_one_batch_at_a_time(reader: Reader) -> None:
    alive: list[int] = [0, 0]

    class Counted(np.ndarray):  # type: ignore[type-arg]
        def __del__(self) -> None:
            alive[0] -= 1

    def endless() -> Iterator[NDArray[np.uint8]]:
        for _ in range(100):
            alive[0] += 1
            alive[1] = max(alive)
            yield drawn("7").view(Counted)

    assert len(reader.read_many(endless(), batch_size=5)) == 100
    assert alive[1] <= 11


def test_scores(reader: Reader) -> None:
    scores = reader.scores(np.zeros((3, *INFO.input.shape), np.uint8))
    assert scores.shape == (3, STEPS, CLASSES)
    assert np.exp(scores).sum(axis=2) == pytest.approx(1, abs=1e-5)
    for wrong in (np.zeros((1, 8, 8, 1), np.uint8), np.zeros((1, *INFO.input.shape), np.float32)):
        with pytest.raises(UsageError, match="uint8"):
            reader.scores(wrong)


def test_many_threads_share_a_reader(reader: Reader) -> None:
    texts = [f"{i:03d}" for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        readings = list(pool.map(lambda text: reader.read(png(drawn(text)), length=3), texts))
    assert [reading.text for reading in readings] == texts


def test_what_a_reader_says_about_itself(reader: Reader, path: Path) -> None:
    assert reader.info == INFO
    assert reader.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_limits(path: Path) -> None:
    with pytest.raises(TooManyBytes, match="limit of 10 bytes"):
        Reader.open(path, limits=ImageLimits(max_bytes=10)).read(png(drawn("1")))
    assert Reader.open(path, threads=2).read(drawn("12")).text == "12"
    with pytest.raises(UsageError, match="threads=0"):
        Reader.open(path, threads=0)


def test_the_model_says_what_becomes_of_animations() -> None:
    first, second = drawn("1"), drawn("1")
    first[:, 2 * CELL :] = 255
    second[:] = 255
    second[:, 2 * CELL : 3 * CELL] = shade(ALPHABET.encode("2")[0])
    file = io.BytesIO()
    Image.fromarray(first).save(file, "GIF", save_all=True, append_images=[Image.fromarray(second)])
    for frames, text in (("first", "1"), ("fuse", "12")):
        info = replace(INFO, frames=frames)
        assert Reader(seal(columns_onnx(), info), info).read(file.getvalue()).text == text


def test_run_folders(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run folder"):
        Reader.open(tmp_path)
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(RunError, match=r"no model\.onnx yet.*--resume"):
        Reader.open(tmp_path)
    shutil.copy(path, tmp_path / "model.onnx")
    assert Reader.open(str(tmp_path)).read(drawn("8")).text == "8"
    (tmp_path / "model.onnx").write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ModelFileError, match="damaged"):
        Reader.open(tmp_path)


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="small, base"):
        Reader.open("smal")
    monkeypatch.chdir(tmp_path)
    for name in (None, "small", "base", "chinese"):
        try:
            assert Reader.open(name).info.name
        except UsageError as error:
            assert "no bundled model" in str(error)


@pytest.mark.parametrize(
    ("data", "info", "reason"),
    [
        (columns_onnx(CLASSES - 1), INFO, "alphabet"),
        (columns_onnx(name="picture"), INFO, "input is not 'image'"),
        (columns_onnx(batch=4), INFO, "free batch size"),
        (columns_onnx(), replace(INFO, input=InputSpec(8, 32, 1)), "input is not"),
        (columns_onnx(), replace(INFO, input=InputSpec(8, 64, 3)), "input is not"),
    ],
)
def test_models_that_do_not_fit_their_description(data: bytes, info: ModelInfo, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason) as caught:
        Reader(seal(data, info), info)
    assert "\n" not in str(caught.value)


def test_a_sealed_file_that_is_no_network(tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx", seal(b"", INFO))
    with pytest.raises(ModelFileError, match="ONNX Runtime cannot load"):
        Reader.open(tmp_path / "m.onnx")


def test_public_names() -> None:
    for name in captchalab.__all__:
        if name != "fit":
            assert getattr(captchalab, name) is not None
    assert captchalab.Reader is Reader
    assert captchalab.LabelError is LabelError
    assert not hasattr(captchalab, "Raeder")


def test_importing_and_reading_never_imports_torch(path: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(drawn("31")))
    code = (
        "import sys, captchalab\n"
        "heavy = {'torch', 'numpy', 'PIL', 'onnxruntime', 'cv2'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "print(captchalab.Reader.open(sys.argv[1]).read(sys.argv[2]).text)\n"
        "assert not {'torch', 'cv2', 'onnx', 'matplotlib'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, path, tmp_path / "a.png"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "31\n", "")


def test_every_way_of_reading_takes_the_options_of_read(reader: Reader) -> None:
    options = [
        each.name
        for each in inspect.signature(Reader.read).parameters.values()
        if each.kind == each.KEYWORD_ONLY
    ]
    assert options == list(ReadOptions.__annotations__)
    with pytest.raises(TypeError, match="lenght"):
        reader.read_many([], lenght=4)  # type: ignore[call-arg]
