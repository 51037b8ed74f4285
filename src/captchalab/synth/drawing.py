"""(scheme, seed, index) -> sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from captchalab.reading.alphabet import Alphabet
from captchalab.reading.pixels import fuse
from captchalab.synth.colours import Colour, Colours
from captchalab.synth.effects import apply_steps
from captchalab.synth.effects.artefacts import jpeg_file
from captchalab.synth.effects.layers import Bytes, compose, flat
from captchalab.synth.randomness import random_beside, random_for
from captchalab.synth.scheme import Scheme, Step, Writing

TOGETHER = 160_000
"""Pixels of the pictures that are drawn at a time: few enough for a processor's cache."""


class Frame(NamedTuple):
    """What sets one frame of an animation apart from the others."""

    opacities: Sequence[float]
    """How opaque each character is, 0 to 1."""
    anew: tuple[str, ...]
    """Effects that take their random numbers from ``rng``, which is the frame's own."""
    rng: Generator


class _Written(NamedTuple):
    """A picture before the steps in ``over``."""

    scheme: Scheme
    """The settled one."""
    rng: Generator
    text: str
    colours: Colours
    picture: Bytes


def draw(scheme: Scheme, seed: int, index: int) -> tuple[Bytes, str]:
    """Sample ``index``: its uint8 ``(height, width, 3)`` RGB picture and its text.

    Frames of an animation are fused, as ``load_image(.., frames="fuse")`` does with a file.
    """
    return next(draw_all(scheme, seed, (index,)))


def draw_all(scheme: Scheme, seed: int, indices: Sequence[int]) -> Iterator[tuple[Bytes, str]]:
    """As ``draw`` for each index, several at a time, which is faster."""
    if scheme.animation is not None:
        for index in indices:
            frames, text = draw_frames(scheme, seed, index)
            yield fuse(frames), text
        return
    for written in _written_together(scheme, seed, indices):
        # All of them before the first is handed out: their generators are used again for the next ones.
        yield from [(_finish(each), each.text) for each in written]


def draw_stored(scheme: Scheme, seed: int, indices: Sequence[int]) -> Iterator[tuple[Bytes | bytes, str]]:
    """Samples of a scheme without animation: as JPEG file if its last step makes it one, else drawn.

    Read back, the file holds the same pixels that ``draw`` gives.
    """
    for written in _written_together(scheme, seed, indices):
        yield from [(_store(each), each.text) for each in written]


def draw_frames(scheme: Scheme, seed: int, index: int) -> tuple[list[Bytes], str]:
    """Sample ``index`` as the frames of its animation, each as ``draw`` gives it: one if there is none."""
    if scheme.animation is None:
        picture, text = draw(scheme, seed, index)
        return [picture], text
    text = text_of(scheme, seed, index)
    frames = []
    for number, opacities in enumerate(scheme.animation.opacities(scheme.texts.written(text))):
        # The same random numbers for every frame: nothing moves but what is drawn anew.
        rng = random_for(seed, index)
        _choose_text(scheme, rng)
        own = random_beside(seed, index, number)
        frames.append(paint(scheme, rng, text, Frame(opacities, scheme.animation.anew, own)))
    return frames, text


def text_of(scheme: Scheme, seed: int, index: int) -> str:
    """The text of sample ``index``, without drawing it."""
    return _choose_text(scheme, random_for(seed, index))


def paint(scheme: Scheme, rng: Generator, text: str, frame: Frame | None = None) -> Bytes:
    """The picture of a text, uint8 ``(height, width, 3)`` RGB, or of one frame of its animation."""
    return _finish(_write(scheme, [rng], [text], frame)[0], frame)


def _written_together(scheme: Scheme, seed: int, indices: Sequence[int]) -> Iterator[list[_Written]]:
    count = max(1, TOGETHER // (scheme.width * scheme.height))
    for first in range(0, len(indices), count):
        rngs = [random_for(seed, index, k) for k, index in enumerate(indices[first : first + count])]
        yield _write(scheme, rngs, [_choose_text(scheme, rng) for rng in rngs])


def _choose_text(scheme: Scheme, rng: Generator) -> str:
    return scheme.texts.choose(rng, _characters(scheme.alphabet), scheme.lengths)


def _write(
    scheme: Scheme, rngs: Sequence[Generator], texts: Sequence[str], frame: Frame | None = None
) -> list[_Written]:
    """The texts written, those in the same lettering together."""
    begun = [_begin(scheme, rng, text, frame) for rng, text in zip(rngs, texts, strict=True)]
    opacities = frame.opacities if frame is not None else ()
    done: list[_Written] = []
    for lettering, group in groupby(begun, lambda each: each.scheme.lettering):
        these = list(group)
        writings = [
            Writing(each.rng, _canvas_of(each), each.scheme.texts.written(each.text), each.colours, opacities)
            for each in these
        ]
        done += map(partial(_lay, frame=frame), these, lettering.write_all(writings))
    return done


def _begin(scheme: Scheme, rng: Generator, text: str, frame: Frame | None) -> _Written:
    """The settled scheme, its colours, and what lies under the text."""
    scheme = scheme.settle(rng)
    colours = scheme.palette.choose(rng)
    picture = _apply(scheme.under, rng, _canvas(scheme, colours.background), colours, frame)
    return _Written(scheme, rng, text, colours, picture)


def _takes_layer(scheme: Scheme) -> bool:
    """Where there are steps for the text alone, or something under it that its lettering would paint over."""
    return bool(scheme.on_text or (scheme.under and scheme.lettering.paints_ground))


def _canvas_of(begun: _Written) -> Bytes:
    """What the text is written on: the picture, or a layer."""
    if not _takes_layer(begun.scheme):
        return begun.picture
    return np.zeros((begun.scheme.height, begun.scheme.width, 4), dtype=np.uint8)


def _lay(begun: _Written, written: Bytes, frame: Frame | None) -> _Written:
    if not _takes_layer(begun.scheme):
        return begun._replace(picture=written)
    layer = _apply(begun.scheme.on_text, begun.rng, written, begun.colours, frame)
    return begun._replace(picture=compose(begun.picture, layer))


def _finish(written: _Written, frame: Frame | None = None) -> Bytes:
    return _apply(written.scheme.over, written.rng, written.picture, written.colours, frame)


def _store(written: _Written) -> Bytes | bytes:
    *steps, last = written.scheme.over or (None,)
    if last is None or last.effect != "jpeg" or last.probability < 1:
        return _finish(written)
    picture = apply_steps(tuple(steps), written.rng, written.picture, written.colours)
    return jpeg_file(written.rng, picture, **last.options)


def _apply(
    steps: tuple[Step, ...],
    rng: Generator,
    picture: Bytes,
    colours: Colours,
    frame: Frame | None,
) -> Bytes:
    if frame is None:
        return apply_steps(steps, rng, picture, colours)
    for step in steps:
        numbers = frame.rng if step.effect in frame.anew else rng
        picture = apply_steps((step,), numbers, picture, colours)
    return picture


def _canvas(scheme: Scheme, colour: Colour) -> Bytes:
    if scheme.lettering.paints_ground and not _takes_layer(scheme):
        return np.empty((scheme.height, scheme.width, 3), dtype=np.uint8)
    return flat(scheme.height, scheme.width, colour)


@lru_cache(maxsize=64)
def _characters(alphabet: str) -> str:
    return Alphabet.parse(alphabet).characters
