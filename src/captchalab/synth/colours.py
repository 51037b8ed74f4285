"""Colours, and how a declaration says where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from numpy.random import Generator

from captchalab.errors import UsageError
from captchalab.synth.ranges import Range, check_limits

Colour = tuple[int, int, int]
Paint = str | tuple[float, float] | tuple[str, ...]
"""Where a colour comes from: ``"ink"`` or ``"background"`` of the picture, ``"#rrggbb"``, several of these
of which one is chosen, ``(low, high)`` for every channel by itself, or ``"grey LOW HIGH"``."""


class Colours(NamedTuple):
    """The two colours that a picture is drawn in; effects may draw in others."""

    background: Colour
    ink: Colour


NEUTRAL = Colours((255, 255, 255), (0, 0, 0))


def choose_colour(rng: Generator, paint: Paint, colours: Colours = NEUTRAL) -> Colour:
    """One colour of a paint. Raises ``ValueError`` for a paint that is none."""
    if isinstance(paint, tuple):
        first = paint[0]
        if isinstance(first, str):
            return choose_colour(rng, str(paint[int(rng.random() * len(paint))]), colours)
        low, high = int(first), int(paint[1])
        red, green, blue = [low + int(number * (high - low + 1)) for number in rng.random(3).tolist()]
        return red, green, blue
    if paint == "ink":
        return colours.ink
    if paint == "background":
        return colours.background
    if paint.startswith("grey "):
        low, high = (int(number) for number in paint.split()[1:])
        level = low + int(rng.random() * (high - low + 1))
        return level, level, level
    if len(paint) == 7 and paint.startswith("#"):
        return int(paint[1:3], 16), int(paint[3:5], 16), int(paint[5:7], 16)
    raise ValueError(f"{paint!r} is no colour")


@dataclass(frozen=True)
class Palette:
    """How the two colours of one picture are chosen."""

    background: Paint = (238.0, 255.0)
    """What the picture is painted with before anything else."""
    ink: Paint = (10.0, 200.0)
    """The colour of the text, and of effects that do not state another."""
    contrast: float = 0.0
    """Least distance of their brightness (0 to 255); they are chosen anew until they have it."""

    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"contrast": (0, 255)}

    def __post_init__(self) -> None:
        check_limits(self, self.limits)
        for name in ("background", "ink"):
            paint = getattr(self, name)
            said = {"background", "ink"}.intersection(paint if isinstance(paint, tuple) else (paint,))
            if said:
                raise UsageError(
                    f'{name} = "{said.pop()}": here the two are chosen; give "#rrggbb", "grey LOW HIGH" or '
                    "[low, high]"
                )

    def choose(self, rng: Generator) -> Colours:
        """Background and ink of one picture."""
        for _ in range(_TRIES):
            colours = Colours(choose_colour(rng, self.background), choose_colour(rng, self.ink))
            if self.contrasts(colours):
                break
        return colours

    def contrasts(self, colours: Colours) -> bool:
        """Whether they differ enough in brightness."""
        return abs(brightness(colours.background) - brightness(colours.ink)) >= self.contrast


_TRIES = 20


def brightness(colour: Colour) -> float:
    """ITU-R 601 luma, 0 to 255."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def near(rng: Generator, colour: Colour, most: Range) -> Colour:
    """A colour whose channels differ by up to ``most`` each."""
    reach = most[1] if isinstance(most, tuple) else most
    red, green, blue = (
        min(255, max(0, round(channel + reach * (2 * number - 1))))
        for channel, number in zip(colour, rng.random(3).tolist(), strict=True)
    )
    return red, green, blue
