"""Several models that vote."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import UsageError
from captchalab.reading.decode import probability_of
from captchalab.reading.image import ImageLike
from captchalab.reading.options import ReadOptions
from captchalab.reading.reader import Reader, Reading, in_batches

Scored = tuple[Reading, NDArray[np.float32] | None]


class Ensemble:
    """Reads as a ``Reader`` does: every model proposes its text, and all models rate all proposals.

    The text with the highest mean probability wins; that mean is its confidence. A text that a model's
    alphabet cannot spell has none in it, so models of different alphabets, sizes and decoders may vote
    together. Characters and their places come from the model that was surest of the text.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        if not readers:
            raise UsageError("an ensemble needs at least one model")
        self.readers = tuple(readers)

    @classmethod
    def open(cls, models: Sequence[str | os.PathLike[str]], *, threads: int = 1) -> Ensemble:
        """Open each model as ``Reader.open`` does."""
        return cls([Reader.open(model, threads=threads) for model in models])

    def read(self, image: ImageLike, **options: Unpack[ReadOptions]) -> Reading:
        """One picture; options and errors as for ``Reader.read``."""
        reading = self.read_many([image], **options)[0]
        if reading.error is not None and not reading.text:
            return self.readers[0].read(image, **options)  # raises what is wrong with the picture
        return reading

    def read_many(
        self, images: Iterable[ImageLike], batch_size: int = 64, **options: Unpack[ReadOptions]
    ) -> list[Reading]:
        """Any number of pictures; options as for ``Reader.read_many``. A bad one becomes an error row."""
        readings: list[Reading] = []
        for batch in in_batches(images, batch_size):
            columns = [reader.read_scored(batch, **options) for reader in self.readers]
            fold_case = bool(options.get("fold_case"))
            readings += [self._vote(row, fold_case) for row in zip(*columns, strict=True)]
        return readings

    def _vote(self, row: Sequence[Scored], fold_case: bool) -> Reading:
        """The winner among the proposals of one picture, one of each model."""
        good = [
            (reader, reading, scores)
            for reader, (reading, scores) in zip(self.readers, row, strict=True)
            if scores is not None
        ]
        if len(good) < len(row):  # the picture is bad for all, or too large for one
            return next(reading for reading, scores in row if scores is None)
        best, confidence = row[0][0], -1.0
        for reading in sorted((reading for _, reading, _ in good), key=lambda each: -each.confidence):
            shares = [_share(reading.text, *each, fold_case) for each in good]
            mean = sum(shares) / len(shares)
            if mean > confidence:
                best, confidence = reading, mean
        return replace(best, confidence=confidence)


def _share(
    text: str, reader: Reader, reading: Reading, scores: NDArray[np.float32], fold_case: bool
) -> float:
    """The probability that a model gives a text, among the texts that it was allowed to read."""

    def probability(text: str) -> float:
        return probability_of(text, scores, reader.info.alphabet, reader.info.decoder, fold_case)

    allowed = probability(reading.text) / reading.confidence if reading.confidence else 1.0
    return min(1.0, probability(text) / (allowed or 1.0))
