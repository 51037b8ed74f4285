"""A model opened for reading: pictures -> texts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from operator import index
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import (
    ArithmeticTextError,
    CaptchalabError,
    ConstraintError,
    ModelFileError,
    UsageError,
)
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.arithmetic import evaluate
from captchalab.reading.constraint import Constraint, build_constraint, check_types, listed_words
from captchalab.reading.decode import Decoded, Span, decode
from captchalab.reading.image import DEFAULT_LIMITS, ImageLike, ImageLimits, load_image
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model

if TYPE_CHECKING:
    import onnxruntime

INPUT, OUTPUT = "image", "scores"
_CACHED_CONSTRAINTS = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture says.

    ``confidence`` is 0..1; ``characters`` are the text's characters with their own confidence and
    place (``left`` and ``right`` as fractions of the picture's width); ``answer`` is the result of an
    arithmetic text where one was asked for. ``error`` says why there is no text, or no answer.
    """

    text: str
    confidence: float
    characters: tuple[Span, ...]
    answer: str | None = None
    error: str | None = None


_NOT_READ = Reading("", 0.0, ())


class Reads(Protocol):
    """Whatever reads: a ``Reader``, a remote server, another library's OCR, a test's fake."""

    def read_many(self, images: Iterable[ImageLike], /) -> list[Reading]:
        """One reading for each picture, in order; a bad picture becomes a row with its ``error``."""


class Reader:
    """Reads pictures with one model. Safe to share between threads.

    Open one with ``Reader.open``. ``info`` is what the model says about itself, ``sha256`` the hash
    of its file, ``limits`` what a picture may cost.
    """

    def __init__(
        self, data: bytes, info: ModelInfo, *, threads: int = 1, limits: ImageLimits = DEFAULT_LIMITS
    ) -> None:
        self.info = info
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.limits = limits
        self._session = _session(data, threads)
        self._constraint = lru_cache(_CACHED_CONSTRAINTS)(partial(_build_constraint, info.alphabet))
        self._check_shapes()

    @classmethod
    def open(
        cls,
        model: str | os.PathLike[str] | None = None,
        *,
        threads: int = 1,
        limits: ImageLimits = DEFAULT_LIMITS,
    ) -> Reader:
        """Open a model file, a run folder, or a bundled model (``small``, ``base``; ``None``: ``small``).

        ``threads`` are used within one picture or batch. Raises ``UsageError`` where there is no such
        model, ``ModelFileError`` for a file that cannot be trusted, ``RunError`` for a run without one.
        """
        data, info = find_model(model)
        return cls(data, info, threads=threads, limits=limits)

    def read(
        self,
        image: ImageLike,
        *,
        alphabet: str | Alphabet | None = None,
        length: int | tuple[int, int] | None = None,
        pattern: str | None = None,
        words: Sequence[str] | None = None,
        fold_case: bool = False,
        answer: bool = False,
        beam: int | None = None,
    ) -> Reading:
        """Read one picture: a path, bytes, a PIL image or a uint8 array (see ``load_image``).

        The text obeys all constraints: ``alphabet`` (preset names or characters), ``length`` (``4`` or
        ``(4, 6)``), ``pattern`` (a regular expression it matches whole), ``words`` (one of these);
        ``fold_case`` ignores case, in them and in the text, which is then in lower case. ``answer`` works
        out an arithmetic text; where the text is none, ``Reading.error`` says so. ``beam`` is the width
        of the search.

        Raises ``ImageError`` for a bad picture, ``UsageError`` for a missing file, and
        ``ConstraintError`` for constraints that are malformed or that no reading can obey.
        """
        constraint = self._constraint_for(alphabet, length, pattern, words, fold_case)
        pixels, covered = self._prepare(image)
        scores = self._session.run([OUTPUT], {INPUT: pixels[None]})[0]
        return self._reading(scores[0], covered, constraint, answer, beam)

    def read_many(
        self,
        images: Iterable[ImageLike],
        batch_size: int = 64,
        *,
        alphabet: str | Alphabet | None = None,
        length: int | tuple[int, int] | None = None,
        pattern: str | None = None,
        words: Sequence[str] | None = None,
        fold_case: bool = False,
        answer: bool = False,
        beam: int | None = None,
    ) -> list[Reading]:
        """Read any number of pictures, ``batch_size`` at a time; options as for ``read``.

        ``images`` is consumed as it is read, so it may be larger than the memory. A picture that
        cannot be read becomes ``Reading("", 0.0, (), error=...)``; only wrong options raise.
        """
        constraint = self._constraint_for(alphabet, length, pattern, words, fold_case)
        readings: list[Reading] = []
        for batch in in_batches(images, batch_size):
            readings.extend(reading for reading, _ in self._read_batch(batch, constraint, answer, beam))
        return readings

    def read_scored(
        self,
        images: Sequence[ImageLike],
        *,
        alphabet: str | Alphabet | None = None,
        length: int | tuple[int, int] | None = None,
        pattern: str | None = None,
        words: Sequence[str] | None = None,
        fold_case: bool = False,
        answer: bool = False,
        beam: int | None = None,
    ) -> list[tuple[Reading, NDArray[np.float32] | None]]:
        """One batch, each reading with the scores ``(T, classes)`` it came from; ``None`` beside an error."""
        constraint = self._constraint_for(alphabet, length, pattern, words, fold_case)
        return list(self._read_batch(list(images), constraint, answer, beam))

    def read_each(
        self, pictures: Sequence[tuple[ImageLike, Mapping[str, Any]]]
    ) -> list[Reading | CaptchalabError]:
        """One batch of pictures, each with options of its own, as for ``read``.

        Where ``read`` would raise, the error stands in the place of the reading.
        """
        outcomes: list[Reading | CaptchalabError] = []
        good: list[tuple[int, NDArray[np.uint8], float, Constraint | None, Mapping[str, Any]]] = []
        for place, (image, options) in enumerate(pictures):
            try:
                limits = {name: value for name, value in options.items() if name not in ("answer", "beam")}
                constraint = self._constraint_for(**limits)
                good.append((place, *self._prepare(image), constraint, options))
                outcomes.append(_NOT_READ)
            except CaptchalabError as error:
                outcomes.append(error)
        scores = self.scores(np.stack([pixels for _, pixels, *_ in good])) if good else ()
        for (place, _, covered, constraint, options), own in zip(good, scores, strict=True):
            outcomes[place] = self._reading(
                own, covered, constraint, options.get("answer", False), options.get("beam")
            )
        return outcomes

    def scores(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-probabilities ``(N, T, classes)`` float32 of prepared pictures ``(N, H, W, C)`` uint8."""
        if batch.dtype != np.uint8 or batch.shape[1:] != self.info.input.shape:
            raise UsageError(
                f"scores takes uint8 of shape (N, {', '.join(map(str, self.info.input.shape))}), "
                f"not {batch.dtype} of shape {batch.shape}"
            )
        scores: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: batch})[0]
        return scores

    def _prepare(self, image: ImageLike) -> tuple[NDArray[np.uint8], float]:
        """The network's input, and the fraction of its width that the picture covers."""
        rgb = load_image(image, self.limits, self.info.frames)
        return self.info.input.apply(rgb), self.info.input.covered(rgb.shape[1], rgb.shape[0])

    def _read_batch(
        self, images: list[ImageLike], constraint: Constraint | None, answer: bool, beam: int | None
    ) -> Iterator[tuple[Reading, NDArray[np.float32] | None]]:
        prepared: list[tuple[NDArray[np.uint8], float] | CaptchalabError] = []
        for image in images:
            try:
                prepared.append(self._prepare(image))
            except CaptchalabError as error:
                prepared.append(error)
        good = [entry for entry in prepared if not isinstance(entry, CaptchalabError)]
        scores = iter(self.scores(np.stack([pixels for pixels, _ in good])) if good else ())
        for entry in prepared:
            if isinstance(entry, CaptchalabError):
                yield Reading("", 0.0, (), error=str(entry)), None
            else:
                own: NDArray[np.float32] = next(scores)
                yield self._reading(own, entry[1], constraint, answer, beam), own

    def _reading(
        self,
        scores: NDArray[np.float32],
        covered: float,
        constraint: Constraint | None,
        answer: bool,
        beam: int | None,
    ) -> Reading:
        decoded = decode(scores, self.info.alphabet, self.info.decoder, constraint, beam)
        characters = decoded.characters if covered == 1.0 else _stretched(decoded, covered)
        if not answer:
            return Reading(decoded.text, decoded.confidence, characters)
        try:
            result, error = evaluate(decoded.text), None
        except ArithmeticTextError as problem:
            result, error = None, str(problem)
        return Reading(decoded.text, decoded.confidence, characters, result, error)

    def _constraint_for(
        self,
        alphabet: str | Alphabet | None = None,
        length: int | tuple[int, int] | None = None,
        pattern: str | None = None,
        words: Sequence[str] | None = None,
        fold_case: bool = False,
    ) -> Constraint | None:
        check_types(alphabet, pattern)
        listed = None if words is None else listed_words(words)
        return self._constraint(alphabet, _span(length), pattern, listed, fold_case)

    def _check_shapes(self) -> None:
        """Compare the graph with its description. Raises ``ModelFileError``."""
        inputs = [(i.name, i.type, i.shape[1:], i.shape[:1]) for i in self._session.get_inputs()]
        expected = list(self.info.input.shape)
        if len(inputs) != 1 or inputs[0][:3] != (INPUT, "tensor(uint8)", expected):
            raise ModelFileError(f"the model's input is not {INPUT!r}, uint8 (N, H, W, C) with {expected}")
        if isinstance(inputs[0][3][0], int):
            raise ModelFileError("the model takes batches of one size only; export it with a free batch size")
        if [(o.name, o.type) for o in self._session.get_outputs()] != [(OUTPUT, "tensor(float)")]:
            raise ModelFileError(f"the model's output is not {OUTPUT!r}, float32 (N, T, classes)")
        try:
            shape = self.scores(np.zeros((2, *self.info.input.shape), np.uint8)).shape
        except Exception as error:  # ONNX Runtime's exceptions have no common base but this
            raise ModelFileError(f"the model does not run: {_first_line(error)}") from error
        if len(shape) != 3 or shape[0] != 2 or shape[2] != self.info.alphabet.classes:
            raise ModelFileError(
                f"the model answers {shape} for two pictures; its alphabet needs "
                f"(2, T, {self.info.alphabet.classes})"
            )


def in_batches(images: Iterable[ImageLike], batch_size: int) -> Iterator[list[ImageLike]]:
    """Lists of ``batch_size`` pictures, the last one shorter. Raises ``UsageError`` for a size below 1."""
    if batch_size < 1:
        raise UsageError(f"batch_size={batch_size}: at least 1")
    remaining = iter(images)
    while batch := list(islice(remaining, batch_size)):
        yield batch


def _session(data: bytes, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    if threads < 1:
        raise UsageError(f"threads={threads}: at least 1")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what goes wrong is raised; nothing is printed
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        raise ModelFileError(f"ONNX Runtime cannot load the model: {_first_line(error)}") from error


def _build_constraint(
    model_alphabet: Alphabet,
    alphabet: str | Alphabet | None,
    length: int | tuple[int, int] | None,
    pattern: str | None,
    words: tuple[str, ...] | None,
    fold_case: bool,
) -> Constraint | None:
    return build_constraint(
        alphabet=model_alphabet,
        allowed=alphabet,
        length=length,
        pattern=pattern,
        words=words,
        fold_case=fold_case,
    )


def _span(length: int | tuple[int, int] | None) -> int | tuple[int, int] | None:
    """The length in a form that can be cached; NumPy's integers count as integers."""
    try:
        if isinstance(length, Sequence):
            least, most = length
            return index(least), index(most)
        return None if length is None else index(length)
    except (TypeError, ValueError):
        raise ConstraintError(
            f"length={length!r}: a number (4), or the least and the most ((4, 6))"
        ) from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _stretched(decoded: Decoded, covered: float) -> tuple[Span, ...]:
    """Places as fractions of the picture instead of the padded input."""
    return tuple(
        replace(span, left=min(1.0, span.left / covered), right=min(1.0, span.right / covered))
        for span in decoded.characters
    )
