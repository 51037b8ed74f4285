"""(scheme, seed, index) -> sample."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.reading.alphabet import Alphabet
from captchalab.synth.colours import Colour, Colours
from captchalab.synth.effects import apply_steps
from captchalab.synth.effects.layers import compose
from captchalab.synth.opencv import cv2
from captchalab.synth.randomness import random_for
from captchalab.synth.scheme import Scheme


def draw(scheme: Scheme, seed: int, index: int) -> tuple[NDArray[np.uint8], str]:
    """Sample ``index``: its uint8 ``(height, width, 3)`` RGB picture and its text."""
    rng = random_for(seed, index)
    text = scheme.texts.choose(rng, _characters(scheme.alphabet), scheme.lengths)
    return paint(scheme, rng, text), text


def text_of(scheme: Scheme, seed: int, index: int) -> str:
    """The text of sample ``index``, without drawing it."""
    return scheme.texts.choose(random_for(seed, index), _characters(scheme.alphabet), scheme.lengths)


def paint(scheme: Scheme, rng: Generator, text: str) -> NDArray[np.uint8]:
    """The picture of a text, uint8 ``(height, width, 3)`` RGB."""
    colours = scheme.palette.choose(rng)
    picture = apply_steps(scheme.under, rng, _canvas(scheme, colours.background), colours)
    picture = _write(scheme, rng, picture, text, colours)
    return apply_steps(scheme.over, rng, picture, colours)


def _write(
    scheme: Scheme, rng: Generator, picture: NDArray[np.uint8], text: str, colours: Colours
) -> NDArray[np.uint8]:
    if not scheme.on_text:
        return scheme.lettering.write(rng, picture, text, colours)
    layer = np.zeros((scheme.height, scheme.width, 4), dtype=np.uint8)
    layer = apply_steps(scheme.on_text, rng, scheme.lettering.write(rng, layer, text, colours), colours)
    return compose(picture, layer)


def _canvas(scheme: Scheme, colour: Colour) -> NDArray[np.uint8]:
    if scheme.lettering.paints_ground:
        return np.empty((scheme.height, scheme.width, 3), dtype=np.uint8)
    channels = [np.full((scheme.height, scheme.width), value, dtype=np.uint8) for value in colour]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)


@lru_cache(maxsize=64)
def _characters(alphabet: str) -> str:
    return Alphabet.parse(alphabet).characters
