"""Other people's readers answer as ours do, or say how they are installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from captchalab.errors import UsageError
from captchalab.measuring.evaluate import evaluate
from captchalab.measuring.readers import open_reads
from captchalab.sources import open_source

OCR = "python:benchmarks.foreign.ocr"


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader's module is looked for in the working folder."""
    monkeypatch.chdir(ROOT)


def test_ddddocr_reads_or_says_how_to_install_it() -> None:
    if find_spec("ddddocr") is None:
        with pytest.raises(UsageError, match="pip install --no-deps -r benchmarks/requirements"):
            open_reads(f"{OCR}:DdddOcr")
        return
    reader = open_reads(f"{OCR}:DdddOcr")
    source = open_source("scheme:pycapt?alphabet=digits&length=4")
    figures = evaluate(reader, source, limit=20).to_json()
    assert figures["sequence_accuracy"] > 0.5 and figures["errors"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_tesseract_is_asked_picture_by_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no program tesseract on the search path: install"):
        open_reads(f"{OCR}:Tesseract")
    program = tmp_path / "tesseract"
    program.write_text(f"#!{sys.executable}\n{STAND_IN}", encoding="utf-8")
    program.chmod(0o755)
    reader = open_reads(f"{OCR}:Tesseract")
    picture = np.full((30, 70, 3), 200, np.uint8)
    good, bad = reader.read_many([picture, b"no picture"])
    assert good.text == "140x60-stdin-stdout---psm-7" and good.error is None
    assert bad.text == "" and bad.error is not None


STAND_IN = """import io, sys
from PIL import Image
with Image.open(io.BytesIO(sys.stdin.buffer.read())) as picture:
    print(f"{picture.width}x{picture.height} -{'-'.join(sys.argv[1:])}")
"""
