"""ddddocr and Tesseract as readers of ours: named on the command line, compared, evaluated.

    captchalab compare small python:benchmarks.foreign.ocr:DdddOcr --data SOURCE
    captchalab evaluate python:benchmarks.foreign.ocr:Tesseract SOURCE

From the repository's root. Pictures pass our door first (upright, transparency on white), which serves both
better than the raw files. Neither tells how sure it is of a text: the confidence is 1 throughout.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import onnxruntime
from PIL import Image

from captchalab.errors import ImageError, UsageError
from captchalab.reading.image import ImageLike, load_image
from captchalab.reading.reader import Reading

INSTALL_DDDDOCR = "pip install --no-deps -r benchmarks/requirements.txt"
INSTALL_TESSERACT = "install the program of your system (apt-get install tesseract-ocr)"


class _Foreign(ABC):
    """Reads one picture after the other; what our door refuses becomes a row with its error."""

    @abstractmethod
    def _text(self, picture: Image.Image) -> str: ...

    def read_many(self, images: Iterable[ImageLike]) -> list[Reading]:
        """A reading of each picture, in order."""
        return [self._read(image) for image in images]

    def _read(self, image: ImageLike) -> Reading:
        try:
            picture = Image.fromarray(load_image(image))
        except ImageError as error:
            return Reading("", 0.0, (), error=str(error))
        return Reading(self._text(picture), 1.0, ())


def open_ddddocr(beta: bool = False) -> Callable[[Image.Image | bytes], str]:
    """ddddocr on one thread, as our reader is. Raises ``UsageError`` where it is not installed."""
    try:
        import ddddocr
    except ImportError as error:
        raise UsageError(f"ddddocr cannot be loaded ({error}): {INSTALL_DDDDOCR}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    usual = onnxruntime.InferenceSession
    # It has no setting for threads, and several of them on one core would only wait for each other.
    onnxruntime.InferenceSession = functools.partial(usual, sess_options=options)
    try:
        peer = ddddocr.DdddOcr(show_ad=False, beta=beta)
    finally:
        onnxruntime.InferenceSession = usual
    return lambda picture: str(peer.classification(picture))


class DdddOcr(_Foreign):
    """ddddocr with its default model."""

    beta = False

    def __init__(self) -> None:
        self._ask = open_ddddocr(self.beta)

    def _text(self, picture: Image.Image) -> str:
        return self._ask(picture)


class DdddOcrBeta(DdddOcr):
    """ddddocr with its larger model."""

    beta = True


class Tesseract(_Foreign):
    """Tesseract, told that a picture is one line of text; pictures are doubled, which it reads better."""

    def __init__(self) -> None:
        program = shutil.which("tesseract")
        if program is None:
            raise UsageError(f"there is no program tesseract on the search path: {INSTALL_TESSERACT}")
        self._command = [program, "stdin", "stdout", "--psm", "7"]

    def _text(self, picture: Image.Image) -> str:
        doubled = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC)
        stream = io.BytesIO()
        doubled.save(stream, "PNG")
        # One thread, as all readers that are compared.
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        done = subprocess.run(
            self._command, input=stream.getvalue(), capture_output=True, check=False, env=environment
        )
        if done.returncode != 0:
            raise UsageError(f"tesseract failed: {done.stderr.decode(errors='replace').strip()[:200]}")
        return "".join(done.stdout.decode(errors="replace").split())
