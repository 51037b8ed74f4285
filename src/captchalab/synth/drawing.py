"""(scheme, seed, index) -> sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.reading.alphabet import Alphabet
from captchalab.reading.pixels import fuse
from captchalab.synth.colours import Colour, Colours
from captchalab.synth.effects import apply_steps
from captchalab.synth.effects.artefacts import jpeg_file
from captchalab.synth.effects.layers import compose, flat
from captchalab.synth.randomness import random_beside, random_for
from captchalab.synth.scheme import Scheme, Step


class Frame(NamedTuple):
    """What sets one frame of an animation apart from the others."""

    opacities: Sequence[float]
    """How opaque each character is, 0 to 1."""
    anew: tuple[str, ...]
    """Effects that take their random numbers from ``rng``, which is the frame's own."""
    rng: Generator


def draw(scheme: Scheme, seed: int, index: int) -> tuple[NDArray[np.uint8], str]:
    """Sample ``index``: its uint8 ``(height, width, 3)`` RGB picture and its text.

    Frames of an animation are fused, as ``load_image(.., frames="fuse")`` does with a file.
    """
    if scheme.animation is not None:
        frames, text = draw_frames(scheme, seed, index)
        return fuse(frames), text
    rng = random_for(seed, index)
    text = scheme.texts.choose(rng, _characters(scheme.alphabet), scheme.lengths)
    return paint(scheme, rng, text), text


def draw_stored(scheme: Scheme, seed: int, index: int) -> tuple[NDArray[np.uint8] | bytes, str]:
    """Sample ``index`` of a scheme without animation: as JPEG file if its last step makes it one, else drawn.

    Read back, the file holds the same pixels that ``draw`` gives.
    """
    rng = random_for(seed, index)
    text = scheme.texts.choose(rng, _characters(scheme.alphabet), scheme.lengths)
    scheme, picture, colours = _written(scheme, rng, text)
    *steps, last = scheme.over or (None,)
    if last is None or last.effect != "jpeg" or last.probability < 1:
        return apply_steps(scheme.over, rng, picture, colours), text
    return jpeg_file(rng, apply_steps(tuple(steps), rng, picture, colours), **last.options), text


def draw_frames(scheme: Scheme, seed: int, index: int) -> tuple[list[NDArray[np.uint8]], str]:
    """Sample ``index`` as the frames of its animation, each as ``draw`` gives it: one if there is none."""
    text = text_of(scheme, seed, index)
    if scheme.animation is None:
        return [draw(scheme, seed, index)[0]], text
    frames = []
    for number, opacities in enumerate(scheme.animation.opacities(scheme.texts.written(text))):
        # The same random numbers for every frame: nothing moves but what is drawn anew.
        rng = random_for(seed, index)
        scheme.texts.choose(rng, _characters(scheme.alphabet), scheme.lengths)
        own = random_beside(seed, index, number)
        frames.append(paint(scheme, rng, text, Frame(opacities, scheme.animation.anew, own)))
    return frames, text


def text_of(scheme: Scheme, seed: int, index: int) -> str:
    """The text of sample ``index``, without drawing it."""
    return scheme.texts.choose(random_for(seed, index), _characters(scheme.alphabet), scheme.lengths)


def paint(scheme: Scheme, rng: Generator, text: str, frame: Frame | None = None) -> NDArray[np.uint8]:
    """The picture of a text, uint8 ``(height, width, 3)`` RGB, or of one frame of its animation."""
    scheme, picture, colours = _written(scheme, rng, text, frame)
    return _apply(scheme.over, rng, picture, colours, frame)


def _written(
    scheme: Scheme, rng: Generator, text: str, frame: Frame | None = None
) -> tuple[Scheme, NDArray[np.uint8], Colours]:
    """The picture before the steps in ``over``, with the settled scheme and its colours."""
    scheme = scheme.settle(rng)
    colours = scheme.palette.choose(rng)
    picture = _apply(scheme.under, rng, _canvas(scheme, colours.background), colours, frame)
    return scheme, _write(scheme, rng, picture, scheme.texts.written(text), colours, frame), colours


def _write(
    scheme: Scheme,
    rng: Generator,
    picture: NDArray[np.uint8],
    text: str,
    colours: Colours,
    frame: Frame | None,
) -> NDArray[np.uint8]:
    opacities = frame.opacities if frame is not None else ()
    if not scheme.on_text:
        return scheme.lettering.write(rng, picture, text, colours, opacities)
    layer = np.zeros((scheme.height, scheme.width, 4), dtype=np.uint8)
    layer = scheme.lettering.write(rng, layer, text, colours, opacities)
    return compose(picture, _apply(scheme.on_text, rng, layer, colours, frame))


def _apply(
    steps: tuple[Step, ...],
    rng: Generator,
    picture: NDArray[np.uint8],
    colours: Colours,
    frame: Frame | None,
) -> NDArray[np.uint8]:
    if frame is None:
        return apply_steps(steps, rng, picture, colours)
    for step in steps:
        numbers = frame.rng if step.effect in frame.anew else rng
        picture = apply_steps((step,), numbers, picture, colours)
    return picture


def _canvas(scheme: Scheme, colour: Colour) -> NDArray[np.uint8]:
    if scheme.lettering.paints_ground:
        return np.empty((scheme.height, scheme.width, 3), dtype=np.uint8)
    return flat(scheme.height, scheme.width, colour)


@lru_cache(maxsize=64)
def _characters(alphabet: str) -> str:
    return Alphabet.parse(alphabet).characters
