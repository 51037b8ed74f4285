"""A model opened for reading: pictures -> texts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from operator import index
from typing import Any, NamedTuple, Protocol, Unpack

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ArithmeticTextError, CaptchalabError, ConstraintError, UsageError
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.arithmetic import evaluate
from captchalab.reading.constraint import Constraint, build_constraint, check_types, listed_words
from captchalab.reading.decode import Decoded, Span, decode
from captchalab.reading.image import DEFAULT_LIMITS, ImageLike, ImageLimits, load_image
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model
from captchalab.reading.options import ReadOptions
from captchalab.reading.session import Session

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


class _Asked(NamedTuple):
    """Options of a reading, made ready for any number of pictures."""

    constraint: Constraint | None
    answer: bool
    beam: int | None


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
        self._session = Session(data, info, threads)
        self._constraint = lru_cache(_CACHED_CONSTRAINTS)(partial(build_constraint, alphabet=info.alphabet))

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
        asked = self._asked(alphabet, length, pattern, words, fold_case, answer, beam)
        pixels, covered = self._prepare(image)
        return self._reading(self._session.run(pixels[None])[0], covered, asked)

    def read_many(
        self, images: Iterable[ImageLike], batch_size: int = 64, **options: Unpack[ReadOptions]
    ) -> list[Reading]:
        """Read any number of pictures, ``batch_size`` at a time; options as for ``read``.

        ``images`` is consumed as it is read, so it may be larger than the memory. A picture that
        cannot be read becomes ``Reading("", 0.0, (), error=...)``; only wrong options raise.
        """
        asked = self._asked(**options)
        readings: list[Reading] = []
        for batch in in_batches(images, batch_size):
            readings.extend(reading for reading, _ in self._read_batch(batch, asked))
        return readings

    def read_scored(
        self, images: Sequence[ImageLike], **options: Unpack[ReadOptions]
    ) -> list[tuple[Reading, NDArray[np.float32] | None]]:
        """One batch, each reading with the scores ``(T, classes)`` it came from; ``None`` beside an error.

        Options as for ``read``.
        """
        return list(self._read_batch(list(images), self._asked(**options)))

    def read_each(
        self, pictures: Sequence[tuple[ImageLike, Mapping[str, Any]]]
    ) -> list[Reading | CaptchalabError]:
        """One batch of pictures, each with options of its own, as for ``read``.

        Where ``read`` would raise, the error stands in the place of the reading.
        """
        outcomes: list[Reading | CaptchalabError] = []
        good: list[tuple[int, NDArray[np.uint8], float, _Asked]] = []
        for place, (image, options) in enumerate(pictures):
            try:
                asked = self._asked(**options)
                good.append((place, *self._prepare(image), asked))
                outcomes.append(_NOT_READ)
            except CaptchalabError as error:
                outcomes.append(error)
        scores = self.scores(np.stack([pixels for _, pixels, *_ in good])) if good else ()
        for (place, _, covered, asked), own in zip(good, scores, strict=True):
            outcomes[place] = self._reading(own, covered, asked)
        return outcomes

    def scores(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-probabilities ``(N, T, classes)`` float32 of prepared pictures ``(N, H, W, C)`` uint8."""
        if batch.dtype != np.uint8 or batch.shape[1:] != self.info.input.shape:
            raise UsageError(
                f"scores takes uint8 of shape (N, {', '.join(map(str, self.info.input.shape))}), "
                f"not {batch.dtype} of shape {batch.shape}"
            )
        return self._session.run(batch)

    def _prepare(self, image: ImageLike) -> tuple[NDArray[np.uint8], float]:
        """The network's input, and the fraction of its width that the picture covers."""
        rgb = load_image(image, self.limits, self.info.frames)
        return self.info.input.apply(rgb), self.info.input.covered(rgb.shape[1], rgb.shape[0])

    def _read_batch(
        self, images: list[ImageLike], asked: _Asked
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
                yield self._reading(own, entry[1], asked), own

    def _reading(self, scores: NDArray[np.float32], covered: float, asked: _Asked) -> Reading:
        decoded = decode(scores, self.info.alphabet, self.info.decoder, asked.constraint, asked.beam)
        characters = decoded.characters if covered == 1.0 else _stretched(decoded, covered)
        if not asked.answer:
            return Reading(decoded.text, decoded.confidence, characters)
        try:
            result, error = evaluate(decoded.text), None
        except ArithmeticTextError as problem:
            result, error = None, str(problem)
        return Reading(decoded.text, decoded.confidence, characters, result, error)

    def _asked(
        self,
        alphabet: str | Alphabet | None = None,
        length: int | tuple[int, int] | None = None,
        pattern: str | None = None,
        words: Sequence[str] | None = None,
        fold_case: bool = False,
        answer: bool = False,
        beam: int | None = None,
    ) -> _Asked:
        check_types(alphabet, pattern)
        listed = None if words is None else listed_words(words)
        constraint = self._constraint(
            allowed=alphabet, length=_span(length), pattern=pattern, words=listed, fold_case=fold_case
        )
        return _Asked(constraint, answer, beam)


def in_batches(images: Iterable[ImageLike], batch_size: int) -> Iterator[list[ImageLike]]:
    """Lists of ``batch_size`` pictures, the last one shorter. Raises ``UsageError`` for a size below 1."""
    if batch_size < 1:
        raise UsageError(f"batch_size={batch_size}: at least 1")
    remaining = iter(images)
    while batch := list(islice(remaining, batch_size)):
        yield batch


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


def _stretched(decoded: Decoded, covered: float) -> tuple[Span, ...]:
    """Places as fractions of the picture instead of the padded input."""
    return tuple(
        replace(span, left=min(1.0, span.left / covered), right=min(1.0, span.right / covered))
        for span in decoded.characters
    )
