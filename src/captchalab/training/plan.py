"""Recipe and sources -> a plan: everything decided that the recipe left open."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.reading.alphabet import Alphabet, check_label
from captchalab.reading.inputspec import InputSpec
from captchalab.samples.characters import load_alphabet
from captchalab.samples.resting import RestingSource
from captchalab.samples.sample import AtRest, Source
from captchalab.sources import open_source
from captchalab.training.batches import VALIDATION_OFFSET, Prepared, prepare
from captchalab.training.input_size import choose_spec, picture_sizes
from captchalab.training.pictures import Listed, list_pictures
from captchalab.training.recipe import Recipe

Tell = Callable[[str], None]

Part = tuple[Source, Sequence[int]]
"""A source, and which of its samples are meant."""

GLANCE = 400
"""Texts of a drawn source that are looked at where it does not declare its alphabet and lengths."""


@runtime_checkable
class Declares(Protocol):
    """A drawn source that knows its texts, even the characters and lengths that a glance would miss.

    Both are ``None`` where it cannot know.
    """

    @property
    def alphabet(self) -> Alphabet | None: ...

    @property
    def lengths(self) -> tuple[int, int] | None: ...


@dataclass(frozen=True)
class Plan:
    """A recipe with nothing left open, and the pictures that it names."""

    recipe: Recipe
    alphabet: Alphabet
    lengths: tuple[int, int]
    spec: InputSpec
    sizes: list[tuple[int, int]]
    """Widths and heights of the pictures."""
    drawn: tuple[Source, ...]
    resting: Prepared | None
    validation: Prepared
    pictures: Listed
    """What the sources hold that may change, as a run remembers it."""


def make_plan(recipe: Recipe, sources: Sequence[Source], precision: str, tell: Tell) -> Plan:
    """Look at the sources and decide. ``precision`` is what ``auto`` means here.

    Raises ``UsageError`` for sources that cannot be trained on, ``LabelError`` for bad labels.
    """
    if not sources:
        raise UsageError("nothing to train on: name a folder, an archive or a scheme (captchalab schemes)")
    resting = [source for source in sources if isinstance(source, AtRest)]
    drawn = [source for source in sources if not isinstance(source, AtRest)]
    _check_resting(recipe, resting)
    texts, lengths = _in_use(sources)
    alphabet = _alphabet_for(recipe, texts)
    if 0 < recipe.max_length < lengths[1]:
        raise UsageError(
            f"max_length={recipe.max_length}: the sources have texts of {lengths[1]} characters; leave it out"
        )
    lengths = (lengths[0], recipe.max_length or lengths[1])
    spec = choose_spec(recipe, sources, lengths[1])
    kept, aside = _divide(recipe, resting, drawn)
    validation = _gather(aside, spec, alphabet, tell, limit=recipe.validation_pictures)
    if not len(validation):
        raise UsageError("no picture could be set aside for validation: name some with --validation")
    to_train_on = _gather(kept, spec, alphabet, tell) if resting else None
    if to_train_on is not None and not len(to_train_on):
        raise UsageError(
            "no picture is left to train on beside those for validation: add some, or --validation"
        )
    return Plan(
        recipe=recipe.with_changes(
            sources=tuple(source.name for source in sources),
            alphabet=alphabet.characters,
            max_length=lengths[1],
            height=spec.height,
            width=spec.width,
            channels=spec.channels,
            fit=spec.fit,
            precision=precision if recipe.precision == "auto" else recipe.precision,
            augment=recipe.augment or ("light" if resting else "none"),
        ),
        alphabet=alphabet,
        lengths=lengths,
        spec=spec,
        sizes=picture_sizes(sources),
        drawn=tuple(drawn),
        resting=to_train_on,
        validation=validation,
        pictures=list_pictures(sources, recipe),
    )


def _check_resting(recipe: Recipe, resting: Sequence[AtRest]) -> None:
    for source in resting:
        if source.size == 0:
            raise UsageError(f"no pictures in {source.name}")
        if isinstance(source, RestingSource) and source.frames != recipe.frames:
            raise UsageError(
                f"{source.name} was opened with frames={source.frames!r}, the recipe has {recipe.frames!r}"
            )
    if recipe.balance and not resting:
        raise UsageError(
            f"balance={recipe.balance:g} is of pictures at rest, and these are drawn: leave it out"
        )


def _alphabet_for(recipe: Recipe, texts: Sequence[str]) -> Alphabet:
    alphabet = load_alphabet(recipe.alphabet) if recipe.alphabet else Alphabet.of_texts(texts)
    for text in texts:
        try:
            alphabet.encode(text)
        except LabelError as error:
            raise LabelError(
                f"{error}. Add them with --alphabet, or list such labels: captchalab check"
            ) from None
    return alphabet


def _divide(
    recipe: Recipe, resting: Sequence[AtRest], drawn: Sequence[Source]
) -> tuple[list[Part], list[Part]]:
    """What is at rest to train on, and what to validate on."""
    if recipe.validation:
        chosen = open_source(recipe.validation, frames=recipe.frames)
        few = range(min(chosen.size or recipe.validation_pictures, recipe.validation_pictures))
        return [(source, range(source.size)) for source in resting], [(chosen, few)]
    kept: list[Part] = []
    aside: list[Part] = []
    total = sum(source.size for source in resting)
    for source in resting:
        first, second = set_aside(source, total)
        kept.append((source, first))
        aside.append((source, second))
    share = max(1, recipe.validation_pictures // (len(resting) + len(drawn)))
    aside += [(source, range(VALIDATION_OFFSET, VALIDATION_OFFSET + share)) for source in drawn]
    return kept, aside


def set_aside(source: AtRest, total: int | None = None) -> tuple[list[int], list[int]]:
    """Indices to train on and to validate on, 19:1 (more where there are few), by content hash.

    ``total`` counts the pictures of all sources together: one share for all, so that the same bytes
    stand on the same side in each. Stable when samples are added, as long as the share stays.
    """
    share = min(0.2, max(0.05, 100 / (total or source.size)))
    bound = int(share * 2**32)
    train: list[int] = []
    validation: list[int] = []
    for index in range(source.size):
        try:
            digest = hashlib.sha256(source.data(index)).digest()
        except ImageError:  # left out, and named, when the pictures are decoded
            train.append(index)
            continue
        (validation if int.from_bytes(digest[:4], "big") < bound else train).append(index)
    if not validation and len(train) > 1:  # a handful of pictures: better few than none
        validation.append(train.pop())
    if not train and len(validation) > 1:
        train.append(validation.pop())
    return train, validation


def _in_use(sources: Sequence[Source]) -> tuple[list[str], tuple[int, int]]:
    """Texts that together hold every character, and the shortest and longest length.

    All texts at rest, what drawn sources declare, or else a glance at theirs. Raises ``LabelError``
    that names the picture for a text that is no label.
    """
    texts: list[str] = []
    lengths: list[int] = []
    for source in sources:
        if isinstance(source, Declares) and source.alphabet is not None and source.lengths is not None:
            texts.append(source.alphabet.characters)
            lengths += source.lengths
            continue
        count = source.size if source.size is not None else GLANCE
        seen = [_label(source, index) for index in range(count)]
        texts += seen
        lengths += map(len, seen)
    return texts, (min(lengths), max(lengths))


def _label(source: Source, index: int) -> str:
    try:
        return check_label(source.text(index))
    except LabelError as error:
        where = source.name_of(index) if isinstance(source, AtRest) else f"picture {index}"
        raise LabelError(f"{source.name}: {where}: {error}. List all such labels: captchalab check") from None


def _gather(
    parts: Sequence[Part],
    spec: InputSpec,
    alphabet: Alphabet,
    tell: Tell,
    limit: int | None = None,
) -> Prepared:
    prepared = []
    for source, indices in parts:
        chosen = indices
        if limit is not None and len(indices) > limit // len(parts):
            step = len(indices) / max(1, limit // len(parts))
            chosen = [indices[int(place * step)] for place in range(max(1, limit // len(parts)))]
        found = prepare(source, chosen, spec, alphabet)
        if found.skipped:
            tell(
                f"left out {len(found.skipped)} unreadable pictures of {source.name} "
                f"(first: {found.skipped[0]})"
            )
        prepared.append(found)
    return Prepared(
        np.concatenate([each.images for each in prepared])
        if prepared
        else np.empty((0, *spec.shape), np.uint8),
        [text for each in prepared for text in each.texts],
    )
