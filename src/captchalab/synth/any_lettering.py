"""Lettering that is another one for every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours, Paint, brightness
from captchalab.synth.fonts import GROUPS, expand
from captchalab.synth.glyphs import holds
from captchalab.synth.ranges import Range
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Writing

Bytes = NDArray[np.uint8]
_T = TypeVar("_T")
_PLACES = ("centred", "centred", "centred", "spread", "spread", "left", "anywhere", "columns")


@dataclass(frozen=True)
class AnyLettering:
    """Characters in a row; fonts, sizes, turns, spacing and colours are drawn anew for every picture.

    What it draws can nearly always be read. Fonts that write small letters as capitals are left out where
    the text has small letters.
    """

    fonts: tuple[str, ...]
    """Names of bundled fonts, groups or paths; a picture takes one of them, all of a group, or any."""

    paints_ground: ClassVar[bool] = False

    def with_fonts(self, fonts: tuple[str, ...]) -> AnyLettering:
        """The same with other fonts."""
        return replace(self, fonts=fonts)

    def drawn(self, text: str) -> str:
        """The text itself."""
        return text

    def write(
        self, rng: Generator, canvas: Bytes, text: str, colours: Colours, opacities: Sequence[float] = ()
    ) -> Bytes:
        """The text over a copy of ``canvas``: a picture ``(H, W, 3)`` or a layer ``(H, W, 4)``."""
        return self.settle(rng, text, colours).write(rng, canvas, text, colours, opacities)

    def write_all(self, writings: Sequence[Writing]) -> list[Bytes]:
        """As ``write`` for each."""
        return [self.write(*writing) for writing in writings]

    def settle(self, rng: Generator, text: str, colours: Colours) -> RowLettering:
        """The lettering of one picture."""
        dice = _Dice(rng)
        size = dice.between(0.5, 0.95)
        place = dice.one_of(_PLACES)
        hollow = dice.chance(0.04)
        paint, tint = _paint(dice, colours)
        lettering = RowLettering(
            fonts=self._choose_fonts(dice, text),
            size=(size * 0.8, size * 1.1) if dice.chance(0.4) else size,
            rotation=dice.spread(0.6, 4, 32),
            shear=dice.spread(0.35, 0.05, 0.4),
            stretch_x=dice.about_one(0.5, 0.25),
            stretch_y=dice.about_one(0.3, 0.2),
            perspective=dice.between(0.03, 0.16) if dice.chance(0.12) else 0.0,
            place=place,
            start=(0.0, 0.12),
            advance="ink" if dice.chance(0.4) else "font",
            gap=self._gap(dice, place),
            jitter_x=dice.spread(0.3, 0.02, 0.1),
            jitter_y=dice.spread(0.5, 0.02, 0.14),
            baseline=dice.between(0.42, 0.58),
            arc=dice.between(-0.25, 0.25) if dice.chance(0.12) else 0.0,
            slope=dice.between(-8, 8) if dice.chance(0.15) else 0.0,
            margin=dice.between(0.0, 0.08),
            hollow=hollow,
            outline=dice.between(1, 2) if hollow or dice.chance(0.06) else 0.0,
            outline_colour="grey 0 255",
            thickness=dice.between(-0.6, 1.6) if dice.chance(0.08) else 0.0,
            opacity=dice.between(0.75, 1.0) if dice.chance(0.15) else 1.0,
            hard=dice.chance(0.06),
            colour=paint,
            tint=tint,
            shared=("size", "font") if dice.chance(0.5) else ("size",),
        )
        return _with_shadow(dice, lettering) if dice.chance(0.08) else lettering

    def _choose_fonts(self, dice: _Dice, text: str) -> tuple[str, ...]:
        every, families = _pool(self.fonts, any(character.islower() for character in text))
        if dice.chance(0.6):
            fonts: tuple[str, ...] = (dice.one_of(every),)
        else:
            fonts = dice.one_of(families) if dice.chance(0.6) else every
        # Some characters may be in few of the fonts only.
        return fonts if all(any(holds(font, c) for font in fonts) for c in text) else every

    def _gap(self, dice: _Dice, place: str) -> Range:
        if place in ("spread", "columns"):
            return 0.0
        low = dice.between(-0.14, 0.0) if dice.chance(0.45) else dice.between(0.0, 0.25)
        return (low, low + 0.12) if dice.chance(0.4) else low


class _Dice:
    """Words for what is drawn."""

    def __init__(self, rng: Generator) -> None:
        self._random = rng.random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random()

    def one_of(self, several: Sequence[_T]) -> _T:
        return several[int(self._random() * len(several))]

    def spread(self, probability: float, least: float, most: float) -> Range:
        """Either nothing, or to both sides by as much as is drawn now."""
        if not self.chance(probability):
            return 0.0
        reach = self.between(least, most)
        return -reach, reach

    def about_one(self, probability: float, most: float) -> Range:
        """Either 1, or a factor for all characters, or a range of factors."""
        if not self.chance(probability):
            return 1.0
        middle = self.between(1 - most, 1 + most)
        return (middle * 0.9, middle * 1.1) if self.chance(0.5) else middle


@lru_cache(maxsize=64)
def _pool(fonts: tuple[str, ...], small: bool) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """All single fonts, and those of each group among them."""
    every = expand(fonts)
    if small:
        every = tuple(font for font in every if font not in GROUPS["capitals"]) or every
    families = [tuple(font for font in every if font in group) for group in GROUPS.values()]
    return every, tuple(family for family in families if family) or (every,)


def _paint(dice: _Dice, colours: Colours) -> tuple[Paint, float]:
    """Colour and tint of the characters: all alike, nearly alike, or each its own on the ink's side."""
    if dice.chance(0.55):
        return "ink", 0.0
    if dice.chance(0.4):
        return "ink", dice.between(15, 50)
    return ((0.0, 120.0) if brightness(colours.background) > 128 else (140.0, 255.0)), 0.0


def _with_shadow(dice: _Dice, lettering: RowLettering) -> RowLettering:
    return replace(
        lettering,
        shadow_probability=1.0,
        shadow_x=dice.between(-3, 3),
        shadow_y=dice.between(-3, 3),
        shadow_blur=dice.between(0, 2),
        shadow_colour="grey 0 255",
    )
