"""A scheme: one kind of captcha, as one declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """How the colours of one picture are chosen; every channel is uniform within its range.

    ``background`` and ``ink`` are the lowest and highest channel value (0 to 255, both possible).
    """

    background: tuple[int, int] = (238, 255)
    ink: tuple[int, int] = (10, 200)

    def choose(self, rng: Generator) -> tuple[Colour, Colour]:
        """Background and ink of one picture."""
        numbers = rng.random(6).tolist()
        return _colour(self.background, numbers[:3]), _colour(self.ink, numbers[3:])


def _colour(span: tuple[int, int], numbers: list[float]) -> Colour:
    low, high = span
    red, green, blue = (low + int(number * (high - low + 1)) for number in numbers)
    return red, green, blue


@dataclass(frozen=True)
class Step:
    """One effect in a scheme: its name in ``EFFECTS`` and its strength (1 is the usual one, 0 none)."""

    effect: str
    strength: float = 1.0


class Lettering(Protocol):
    """How a scheme writes a text onto a picture."""

    @property
    def fonts(self) -> tuple[str, ...]:
        """Names of bundled fonts, or paths."""

    def with_fonts(self, fonts: tuple[str, ...]) -> Lettering:
        """The same with other fonts."""

    @property
    def paints_ground(self) -> bool:
        """Whether it paints every pixel of the canvas, whatever was there before."""

    def write(
        self, rng: Generator, canvas: NDArray[np.uint8], text: str, background: Colour, ink: Colour
    ) -> NDArray[np.uint8]:
        """The canvas (uint8 ``(H, W, 3)``) with the text on it."""


@dataclass(frozen=True)
class Scheme:
    """One kind of captcha: a sample is drawn from the background up, in the order of the fields."""

    name: str
    """What it is called in ``scheme:NAME``."""
    summary: str
    """One sentence that says how it looks."""
    lettering: Lettering
    """Fonts, sizes, distortion and placing of the characters."""
    alphabet: str = "digits+upper"
    """Presets joined by ``+``, or the characters themselves."""
    lengths: tuple[int, int] = (4, 4)
    """Fewest and most characters of a text; every length between is equally likely."""
    width: int = 160
    """Width of the picture in pixels."""
    height: int = 60
    """Height of the picture in pixels."""
    palette: Palette = Palette()
    """The colours."""
    under: tuple[Step, ...] = ()
    """Effects drawn before the text."""
    over: tuple[Step, ...] = ()
    """Effects drawn after the text, over the whole picture."""
