"""python:MODULE:OBJECT as a source: classes and functions, seeded, picklable, with errors of one line."""

from __future__ import annotations

import pickle
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.sources import open_source
from captchalab.synth.python_source import PythonSource

MODULE = """
import io, random, secrets
import numpy as np
from PIL import Image

def of_text(text, grey=200):
    return Image.new("L", (10 * len(text), 12), secrets.randbelow(grey))

def as_array(text):
    return np.random.randint(0, 255, (8, 9, 3)).astype(np.uint8)

def as_bytes(text):
    stream = io.BytesIO()
    Image.new("RGB", (7, 5), (random.randrange(256), 0, 0)).save(stream, "PNG")
    return stream.getvalue()

def chooses():
    text = "".join(secrets.choice("xyz") for _ in range(3))
    return Image.new("RGB", (20, 10), (secrets.randbits(8), int(secrets.token_hex(1), 16), 9)), text

def nothing(text):
    return None

def only_picture():
    return Image.new("RGB", (3, 3))

class Plain:
    pass

number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "drawn_elsewhere.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "drawn_elsewhere", raising=False)
    return "drawn_elsewhere"


def test_the_captcha_package_is_a_source() -> None:
    pytest.importorskip("captcha.image")
    text = "python:captcha.image:ImageCaptcha?alphabet=digits&length=4-5&width=120&height=50&seed=3"
    source = open_source(text)
    first = source.sample(7)
    assert first.image.shape == (50, 120, 3) and first.image.dtype == np.uint8
    assert first.text == source.text(7) and first.text.isdigit() and len(first.text) in (4, 5)
    again = pickle.loads(pickle.dumps(source)).sample(7)
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, open_source(text[:-1] + "4").sample(7).image)
    assert np.array_equal(open_source(source.name).sample(7).image, first.image)
    assert source.size is None


def test_the_stand_ins_leave_no_trace() -> None:
    image = pytest.importorskip("captcha.image")
    import secrets

    random.seed(5)
    expected = [random.random() for _ in range(3)]
    random.seed(5)
    source = open_source("python:captcha.image:ImageCaptcha")
    values = []
    for index in range(3):
        source.sample(index)
        values.append(random.random())
    assert values == expected
    assert image.secrets is secrets


@pytest.mark.parametrize(
    ("name", "shape"), [("of_text", (12, 40)), ("as_array", (8, 9)), ("as_bytes", (5, 7))]
)
def test_a_function_of_the_text(module: str, name: str, shape: tuple[int, int]) -> None:
    source = PythonSource(f"{module}:{name}", {"alphabet": "ab", "seed": "1"})
    samples = [source.sample(i) for i in range(8)]
    assert {s.image.shape for s in samples} == {(*shape, 3)}
    assert all(len(s.text) == 4 and set(s.text) <= set("ab") for s in samples)
    assert len({s.image.tobytes() for s in samples}) > 1
    assert all(np.array_equal(source.sample(i).image, s.image) for i, s in enumerate(samples))


def test_arguments_of_a_function_are_options(module: str) -> None:
    source = PythonSource(f"{module}:of_text", {"grey": "1"})
    assert source.sample(0).image.max() == 0
    assert pickle.loads(pickle.dumps(source)).sample(1).image.max() == 0
    with pytest.raises(UsageError, match="no option 'gray'"):
        PythonSource(f"{module}:of_text", {"gray": "1"})


def test_a_function_that_chooses_the_text(module: str) -> None:
    source = PythonSource(f"{module}:chooses")
    samples = [source.sample(i) for i in range(8)]
    assert len({s.text for s in samples}) > 1
    assert all(source.text(i) == s.text and set(s.text) <= set("xyz") for i, s in enumerate(samples))
    assert np.array_equal(source.sample(2).image, samples[2].image)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_module_here:x", "cannot import no_such_module_here"),
        ("{}:absent", "has no absent"),
        ("{}", "write python:MODULE:OBJECT"),
        ("{}:number", "is a int"),
        ("{}:Plain", "without a method generate_image"),
    ],
)
def test_what_cannot_be_opened_is_one_line(module: str, target: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        PythonSource(target.format(module))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"), [("nothing", "draws NoneType"), ("only_picture", "no .picture, text")]
)
def test_what_is_no_picture_is_said(module: str, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PythonSource(f"{module}:{name}").sample(0)


def test_an_unknown_option_of_a_class_names_those_that_it_takes() -> None:
    pytest.importorskip("captcha.image")
    with pytest.raises(UsageError, match="'colour'; it takes: alphabet, length, seed, width, height"):
        PythonSource("captcha.image:ImageCaptcha", {"colour": "red"})
