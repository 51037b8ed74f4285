"""Sources -> batches. Picture i of a training is a function of (recipe seed, i) alone.

So a training that is killed and resumed sees the same pictures, whatever the number of worker
processes, and nothing has to be remembered but the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from captchalab.errors import ImageError, LabelError
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.samples.sample import Sample, Source, samples
from captchalab.training.augment import Augmentation, augment
from captchalab.training.balance import Chances, deal

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures ``(B, H, W, C)`` uint8, targets ``(B, L)`` int64 padded with 0, lengths ``(B,)`` int64."""

TRAINING_OFFSET = 1 << 41
"""Drawn pictures of a training start at this index of their source, ..."""

VALIDATION_OFFSET = 1 << 40
"""... those of its validation at this one; ``generate`` and ``evaluate`` count from 0. None are shared."""

SEED_STRIDE = 1 << 42
"""Distance between the pictures of two recipe seeds."""


@dataclass(frozen=True)
class Prepared:
    """Pictures in memory, resized already: ``images`` ``(n, H, W, C)`` uint8 and their texts."""

    images: NDArray[np.uint8]
    texts: list[str]
    skipped: tuple[str, ...] = ()
    """Names of the pictures that could not be read."""

    def __len__(self) -> int:
        return len(self.texts)


def prepare(
    source: Source,
    indices: Sequence[int],
    spec: InputSpec,
    alphabet: Alphabet,
    on_progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Decode and resize samples once. Unreadable pictures are left out and named.

    Raises ``LabelError`` for a text outside the alphabet: training on wrong labels helps nobody.
    """
    images = np.empty((len(indices), *spec.shape), np.uint8)
    texts: list[str] = []
    skipped: list[str] = []
    for done, index in enumerate(indices):
        try:
            sample = source.sample(index)
            alphabet.encode(sample.text)
        except LabelError as error:
            raise LabelError(f"{source.name}: {error}. List all such labels: captchalab check") from None
        except ImageError as error:
            skipped.append(f"picture {index}: {error}")
            continue
        images[len(texts)] = spec.apply(sample.image)
        texts.append(sample.text)
        if on_progress is not None and done % 500 == 0:
            on_progress(done, len(indices))
    return Prepared(images[: len(texts)], texts, tuple(skipped))


@dataclass
class Batches(Dataset[Batch]):
    """Item ``step`` is the batch of that step, of process ``rank`` of ``world``.

    Pictures at rest are taken in a new random order each time through; drawn ones are drawn anew.
    With both kinds, or several drawn sources, they take turns.
    """

    resting: Prepared | None
    drawn: tuple[Source, ...]
    spec: InputSpec
    alphabet: Alphabet
    batch: int
    seed: int
    augmentation: Augmentation | None
    rank: int = 0
    world: int = 1
    longest: int = MAX_LABEL_LENGTH
    """Characters of a drawn text, at most."""
    chances: Chances | None = None
    """How often each picture at rest comes; ``None``: each once each time through."""
    _order: tuple[int, NDArray[np.int64]] | None = field(default=None, repr=False)

    def __getitem__(self, step: int) -> Batch:
        images = np.empty((self.batch, *self.spec.shape), np.uint8)
        texts = self.draw_rows(images, step, 0, self.batch)
        return to_batch(images, texts, self.alphabet)

    def draw_rows(self, images: NDArray[np.uint8], step: int, low: int, high: int) -> list[str]:
        """Rows ``low`` to ``high`` of the batch of ``step`` into ``images`` ``(B, H, W, C)``; their texts."""
        first = (step * self.world + self.rank) * self.batch
        numbers = range(first + low, first + high)
        drawn = [self._draw(turn, numbers) for turn in range(len(self.drawn))]
        return [self._fill(out, n, drawn) for out, n in zip(images[low:high], numbers, strict=True)]

    @property
    def _kinds(self) -> int:
        return len(self.drawn) + (self.resting is not None)

    def _fill(self, out: NDArray[np.uint8], number: int, drawn: Sequence[Iterator[Sample]]) -> str:
        """Write picture ``number`` of the training to ``out``; its text."""
        place, turn = divmod(number, self._kinds)
        if turn < len(drawn):
            sample = next(drawn[turn])
            picture, text = self.spec.apply(sample.image), sample.text
        else:
            picture, text = self._take(place)
        if self.augmentation is not None:
            picture = augment(picture, self.augmentation, np.random.default_rng((self.seed, number)))
        out[:] = picture
        return text

    def _draw(self, turn: int, numbers: range) -> Iterator[Sample]:
        """The pictures among ``numbers`` that a drawn source has its turn at.

        Raises ``LabelError`` for a text that the network was not made for: no glance sees them all.
        """
        source, start = self.drawn[turn], TRAINING_OFFSET + self.seed * SEED_STRIDE
        indices = [start + number // self._kinds for number in numbers if number % self._kinds == turn]
        for sample in samples(source, indices):
            try:
                self.alphabet.encode(sample.text)
            except LabelError as error:
                raise LabelError(f"{source.name} drew a text {error}. Name all with --alphabet") from None
            if not 0 < len(sample.text) <= self.longest:
                raise LabelError(
                    f"{source.name} drew {sample.text!r}, of {len(sample.text)} characters: allowed are 1 to "
                    f"{self.longest}; name the longest with --set max_length="
                )
            yield sample

    def _take(self, place: int) -> tuple[NDArray[np.uint8], str]:
        assert self.resting is not None
        epoch, position = divmod(place, len(self.resting))
        if self._order is None or self._order[0] != epoch:
            rng = np.random.default_rng((self.seed, epoch))
            self._order = (epoch, deal(len(self.resting), self.chances, rng))
        chosen = int(self._order[1][position])
        return self.resting.images[chosen], self.resting.texts[chosen]


def encode_texts(texts: Sequence[str], alphabet: Alphabet) -> tuple[Tensor, Tensor]:
    """Targets ``(B, L)`` int64 padded with 0, and lengths ``(B,)``."""
    codes = [alphabet.encode(text) for text in texts]
    targets = torch.zeros(len(codes), max(map(len, codes)), dtype=torch.long)
    for row, code in enumerate(codes):
        targets[row, : len(code)] = torch.tensor(code)
    return targets, torch.tensor([len(code) for code in codes])


def to_batch(images: NDArray[np.uint8], texts: Sequence[str], alphabet: Alphabet) -> Batch:
    """Arrays and texts as tensors."""
    return torch.from_numpy(images), *encode_texts(texts, alphabet)
