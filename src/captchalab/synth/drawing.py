"""(scheme, seed, index) -> sample."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.reading.alphabet import Alphabet
from captchalab.synth.effects import EFFECTS
from captchalab.synth.opencv import cv2
from captchalab.synth.randomness import random_for
from captchalab.synth.scheme import Colour, Scheme, Step
from captchalab.synth.texts import choose_text


def draw(scheme: Scheme, seed: int, index: int) -> tuple[NDArray[np.uint8], str]:
    """Sample ``index``: its uint8 ``(height, width, 3)`` RGB picture and its text."""
    rng = random_for(seed, index)
    text = choose_text(_characters(scheme.alphabet), scheme.lengths, rng)
    background, ink = scheme.palette.choose(rng)
    picture = _apply(scheme.under, rng, _canvas(scheme, background), ink)
    picture = scheme.lettering.write(rng, picture, text, background, ink)
    return _apply(scheme.over, rng, picture, ink), text


def text_of(scheme: Scheme, seed: int, index: int) -> str:
    """The text of sample ``index``, without drawing it."""
    return choose_text(_characters(scheme.alphabet), scheme.lengths, random_for(seed, index))


def _canvas(scheme: Scheme, colour: Colour) -> NDArray[np.uint8]:
    if scheme.lettering.paints_ground:
        return np.empty((scheme.height, scheme.width, 3), dtype=np.uint8)
    channels = [np.full((scheme.height, scheme.width), value, dtype=np.uint8) for value in colour]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)


@lru_cache(maxsize=64)
def _characters(alphabet: str) -> str:
    return Alphabet.parse(alphabet).characters


def _apply(
    steps: tuple[Step, ...], rng: Generator, picture: NDArray[np.uint8], ink: Colour
) -> NDArray[np.uint8]:
    for step in steps:
        picture = EFFECTS[step.effect](rng, picture, ink, step.strength)
    return picture
