"""A scheme that is another one for every sample: for training readers that know no scheme by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

from numpy.random import Generator

from captchalab.reading.alphabet import Alphabet
from captchalab.synth.colours import Palette
from captchalab.synth.fonts import GROUPS, expand
from captchalab.synth.glyphs import holds
from captchalab.synth.random_parts import FINISHES, GROUNDS, OVER, PALETTES, UNDER, WARPS
from captchalab.synth.ranges import Range
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Lettering, Scheme, Step
from captchalab.synth.stretched import StretchedLettering

_BORROWED = 0.35
"""How often a sample is drawn from a declared scheme."""
_SCALED = ("amplitude", "count", "period", "radius", "reach", "sigma", "size", "thickness", "wavelength")
"""Options of a borrowed scheme's effects that are changed."""
_WIDEST_MARGIN = 0.15
_LEAST_SIZE = 0.5
_LEAST_OPACITY = 0.35
_DEFAULT = Palette()
_T = TypeVar("_T")


@dataclass(frozen=True)
class RandomScheme(Scheme):
    """Colours, ground, strokes, warps and finish are drawn anew from wide ranges for every sample.

    Canvas, alphabet, lengths, texts and lettering are as declared. ``under``, ``on_text`` and ``over`` come
    on top of what is drawn; a ``palette`` other than the default one is kept.
    """

    looks: tuple[Scheme, ...] = field(default=(), repr=False, compare=False)
    """Schemes whose look some samples have, with other values, on this canvas and with these texts."""

    def settle(self, rng: Generator) -> Scheme:
        """The scheme of one sample."""
        return self._variant(rng)._anew(rng)

    def _anew(self, rng: Generator) -> Scheme:
        if self.looks and rng.random() < _BORROWED:
            return self._like(rng, _one_of(rng, self.looks).settle(rng))
        under = _some(rng, UNDER, 0.45, 0.3)
        if rng.random() < 0.5:
            under = (_one_of(rng, GROUNDS), *under)
        bent = rng.random()
        return self._made(
            lettering=self.lettering,
            palette=_one_of(rng, PALETTES),
            under=under,
            on_text=(_one_of(rng, WARPS), *_some(rng, WARPS, 0.2, 0)) if bent < 0.35 else (),
            over=(*_some(rng, OVER, 0.55, 0.3), *((_one_of(rng, WARPS),) if bent > 0.88 else ()), *FINISHES),
        )

    def _like(self, rng: Generator, look: Scheme) -> Scheme:
        def some(steps: tuple[Step, ...]) -> tuple[Step, ...]:
            return tuple(_changed(rng, step) for step in steps if rng.random() < 0.9)

        return self._made(
            lettering=self._lettering_like(rng, look),
            palette=look.palette,
            under=some(look.under),
            # Without one of these the text may not be seen.
            on_text=tuple(_changed(rng, step) for step in look.on_text),
            over=(*some(look.over), *(FINISHES if rng.random() < 0.5 else ())),
        )

    def _lettering_like(self, rng: Generator, look: Scheme) -> Lettering:
        """The look's lettering, within the canvas, in its own fonts or in one of this scheme's."""
        lettering = look.lettering
        every = usable(self.lettering.fonts, self.alphabet)
        own = tuple(font for font in usable(lettering.fonts, self.alphabet) if font in every)
        keeps = bool(own) and rng.random() < 0.6
        if every:
            lettering = lettering.with_fonts(own if keeps else (_one_of(rng, every),))
        else:
            lettering = lettering.with_fonts(self.lettering.fonts)
        if isinstance(lettering, RowLettering):
            # Every font crisp in every size would be more glyphs than can be kept.
            return _fitted(replace(lettering, crisp=lettering.crisp and keeps), 0.85 + 0.35 * rng.random())
        if isinstance(lettering, StretchedLettering):
            scale = self.height / look.height
            return replace(lettering, sizes=tuple(max(8, round(size * scale)) for size in lettering.sizes))
        return lettering

    def _made(
        self,
        lettering: Lettering,
        palette: Palette,
        under: tuple[Step, ...],
        on_text: tuple[Step, ...],
        over: tuple[Step, ...],
    ) -> Scheme:
        return Scheme(
            name=self.name,
            summary=self.summary,
            lettering=lettering,
            alphabet=self.alphabet,
            lengths=self.lengths,
            texts=self.texts,
            width=self.width,
            height=self.height,
            palette=palette if self.palette == _DEFAULT else self.palette,
            under=(*under, *self.under),
            on_text=(*on_text, *self.on_text),
            over=(*over, *self.over),
            animation=self.animation,
        )


@lru_cache(maxsize=1_000)
def usable(fonts: tuple[str, ...], alphabet: str) -> tuple[str, ...]:
    """The single fonts that write every character of the alphabet, and small letters as such."""
    characters = Alphabet.parse(alphabet).characters
    small = any(character.islower() for character in characters)
    return tuple(
        font
        for font in expand(fonts)
        if not (small and font in GROUPS["capitals"]) and all(holds(font, c) for c in characters)
    )


def _one_of(rng: Generator, several: Sequence[_T]) -> _T:
    return several[int(rng.random() * len(several))]


def _some(rng: Generator, steps: tuple[Step, ...], one: float, two: float) -> tuple[Step, ...]:
    """One step with a probability of ``one``, two with that of ``two``, or none."""
    number = rng.random()
    count = 2 if number < two else 1 if number < one + two else 0
    return tuple(_one_of(rng, steps) for _ in range(count))


def _fitted(lettering: RowLettering, factor: float) -> RowLettering:
    """The lettering of another scheme ``factor`` times as large, so that it can be read on any canvas."""
    # Small letters on a high canvas would be too small on a low one, and margins of wide pictures may
    # leave nothing of narrow ones; faint characters are lost on other grounds.
    factor = max(factor, _LEAST_SIZE / max(_ends(lettering.size)))
    wide = max(_ends(lettering.margin)) > _WIDEST_MARGIN
    faint = min(_ends(lettering.opacity)) < _LEAST_OPACITY
    return replace(
        lettering,
        size=_scaled(lettering.size, factor),
        fit="shrink" if lettering.fit == "clip" else lettering.fit,
        margin=(0.0, 0.1) if wide else lettering.margin,
        opacity=(_LEAST_OPACITY, 1.0) if faint else lettering.opacity,
        # What stands for a character in one scheme is wrong in others: capitals for small letters.
        aliases={},
    )


def _changed(rng: Generator, step: Step) -> Step:
    """The same effect in other sizes and amounts, where these are stated."""
    options = {
        name: _scaled(value, 0.6 + 0.6 * rng.random()) if name in _SCALED else value
        for name, value in step.options.items()
    }
    return replace(step, options=options)


def _ends(span: Range) -> tuple[float, float]:
    return span if isinstance(span, tuple) else (span, span)


def _scaled(value: Any, factor: float) -> Any:
    """Numbers and ranges times a factor, whole ones to whole ones; anything else as it is."""
    if isinstance(value, tuple):
        return tuple(_scaled(each, factor) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return round(value * factor) if isinstance(value, int) else value * factor
