"""A scheme: one kind of captcha, as one declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.errors import suggest
from captchalab.synth.animation import Animation
from captchalab.synth.colours import Colours, Palette
from captchalab.synth.texts import RandomTexts, Texts


@dataclass(frozen=True)
class Step:
    """One effect in a scheme: its name in ``EFFECTS``, its options, and how often it is applied at all.

    Of the variants that the steps of a scheme name, each picture is one; a step without is of all.
    """

    effect: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    probability: float = 1.0
    variant: str = ""


def step(effect: str, *, probability: float = 1.0, variant: str = "", **options: Any) -> Step:
    """``step("ripple", amplitude=(2, 5))``: what declarations are written with."""
    return Step(effect, options, probability, variant)


class Writing(NamedTuple):
    """What a lettering writes on one picture, and where its random numbers come from."""

    rng: Generator
    canvas: NDArray[np.uint8]
    text: str
    colours: Colours
    opacities: Sequence[float] = ()


class Lettering(Protocol):
    """How a scheme writes a text onto a picture."""

    @property
    def fonts(self) -> tuple[str, ...]:
        """Names of bundled fonts, or paths."""

    def with_fonts(self, fonts: tuple[str, ...]) -> Lettering:
        """The same with other fonts."""

    def drawn(self, text: str) -> str:
        """The characters that are drawn for those of a text."""

    @property
    def paints_ground(self) -> bool:
        """Whether it paints every pixel of a picture, whatever was there before (never of a layer)."""

    def write(
        self,
        rng: Generator,
        canvas: NDArray[np.uint8],
        text: str,
        colours: Colours,
        opacities: Sequence[float] = (),
    ) -> NDArray[np.uint8]:
        """The canvas with the text on it: a picture ``(H, W, 3)`` or a layer ``(H, W, 4)``, uint8.

        A layer is transparent and premultiplied: its first three channels are colour times opacity.
        ``opacities`` (0 to 1, for every character) hide characters; the others stay where they are.
        """

    def write_all(self, writings: Sequence[Writing]) -> list[NDArray[np.uint8]]:
        """As ``write`` for each, on canvases of one size."""


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
    texts: Texts = field(default_factory=RandomTexts)
    """How a text is made: random characters, sums, words."""
    width: int = 160
    """Width of the picture in pixels."""
    height: int = 60
    """Height of the picture in pixels."""
    palette: Palette = field(default_factory=Palette)
    """The colours."""
    under: tuple[Step, ...] = ()
    """Effects drawn before the text."""
    on_text: tuple[Step, ...] = ()
    """Effects on the text alone, before it is laid on the picture: what is under it does not move."""
    over: tuple[Step, ...] = ()
    """Effects drawn after the text, over the whole picture."""
    animation: Animation | None = None
    """Frames that show the text only together."""

    def settle(self, rng: Generator) -> Scheme:
        """What one sample is drawn from: the scheme itself, unless it has variants; each is as likely."""
        return self._variant(rng)

    def _variant(self, rng: Generator) -> Self:
        return self._variants[int(rng.random() * len(self._variants))] if self._variants else self

    @property
    def _steps(self) -> tuple[Step, ...]:
        return (*self.under, *self.on_text, *self.over)

    @cached_property
    def _variants(self) -> tuple[Self, ...]:
        names = dict.fromkeys(step.variant for step in self._steps if step.variant)
        return tuple(self._only(name) for name in names)

    def _only(self, variant: str) -> Self:
        """The scheme with the steps of one variant, and those of all."""

        def some(steps: tuple[Step, ...]) -> tuple[Step, ...]:
            return tuple(replace(each, variant="") for each in steps if each.variant in ("", variant))

        under, on_text, over = some(self.under), some(self.on_text), some(self.over)
        animation = self.animation
        if animation is not None:
            effects = {each.effect for each in (*under, *on_text, *over)}
            animation = replace(animation, anew=tuple(name for name in animation.anew if name in effects))
        return replace(self, under=under, on_text=on_text, over=over, animation=animation)

    def __post_init__(self) -> None:
        effects = [step.effect for step in self._steps]
        for name in self.animation.anew if self.animation is not None else ():
            if name not in effects:
                raise suggest(name, effects, "effect of this scheme in anew")
