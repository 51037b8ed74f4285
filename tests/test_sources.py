"""One string names any source; what it cannot name gets one line that says what it can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pictures import png

from captchalab.errors import UsageError
from captchalab.samples.folder import FolderSource
from captchalab.samples.sample import Source
from captchalab.sources import open_source, split_options


def test_options() -> None:
    assert split_options("lepture") == ("lepture", {})
    assert split_options("x?alphabet=a+b%26%3D%20%E9%AA%8C&length=4-6&seed=") == (
        "x",
        {"alphabet": "a+b&= 验", "length": "4-6", "seed": ""},
    )
    assert split_options("x?alphabet=+-*/=?")[1] == {"alphabet": "+-*/=?"}
    for text, message in (
        ("x?a", "no option"),
        ("x?=1", "no option"),
        ("x?a=1&a=2", "twice"),
        ("x?a=%ff", "%25"),
    ):
        with pytest.raises(UsageError, match=message):
            split_options(text)


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "A_1.png").write_bytes(png("A"))
    source = open_source(str(tmp_path), alphabet="digits", seed=3)
    assert isinstance(source, FolderSource) and isinstance(source, Source)
    part = open_source(f"{tmp_path}?part=tr%61in")
    assert part.size == 1 and open_source(part.name).name == part.name
    assert open_source(str(tmp_path), part="train").name == part.name


def test_a_name_with_a_question_mark(tmp_path: Path) -> None:
    folder = tmp_path / "what?part=x"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "A_1.png").write_bytes(png("A"))
    assert open_source(str(folder)).size == 1
    assert open_source(f"{folder}?part=train").size == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere", "no such file or folder: 'nowhere'; a source is a folder, a .tar"),
        ("shceme:lepture", "unknown kind of source 'shceme' .* scheme:NAME"),
        ("https://example.org/x.tar", "unknown kind of source 'https'"),
        ("{folder}?part=none", "no part 'none'"),
        ("{folder}?prat=x", "unknown option .*'prat'.* Did you mean 'part'.* Known: part"),
        ("{folder}?length=4", "takes no option 'length'; it takes: part"),
        ("{folder}/A_1.png", "is no source; a source is a folder"),
        (
            "scheme:lepture?part=test",
            "takes no option 'part'; it takes: alphabet, length, width, height, seed",
        ),
        ("scheme:lepture?lenght=4", "Did you mean 'length'"),
        ("", "no such file or folder|no pictures"),
    ],
)
def test_errors_are_one_line(
    tmp_path: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "A_1.png").write_bytes(png("A"))
    with pytest.raises(UsageError, match=message) as caught:
        open_source(text.format(folder=tmp_path / "set"))
    assert "\n" not in str(caught.value)


def test_drawn_sources() -> None:
    pytest.importorskip("cv2")
    source = open_source("scheme:lepture?alphabet=digits&length=5", seed=7)
    assert source.size is None
    text = source.sample(3).text
    assert len(text) == 5 and text.isdigit() and source.text(3) == text
    assert open_source("scheme:lepture?alphabet=digits&length=5&seed=7", seed=8).text(3) == text
    with pytest.raises(UsageError):
        open_source("scheme:no-such-scheme")


def test_folders_need_no_heavy_packages(tmp_path: Path) -> None:
    (tmp_path / "A_1.png").write_bytes(png("A"))
    code = (
        "import sys; from captchalab.sources import open_source; open_source(sys.argv[1]).sample(0);"
        "print(sorted({'cv2', 'torch', 'pyarrow', 'matplotlib', 'onnx'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
