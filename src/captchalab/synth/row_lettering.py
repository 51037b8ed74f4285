"""Row lettering: characters in a row, as the captcha libraries of Java, PHP and Go set them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.errors import UsageError, suggest
from captchalab.synth.colours import Colours, Paint, choose_colour
from captchalab.synth.inking import faded, inks_of, kept_inks_of, lay, shadow_of
from captchalab.synth.lines import placed, repeated
from captchalab.synth.ranges import Range, check_limits, pick, pick_count
from captchalab.synth.row_choices import PAINTS, choose_letters, choose_line
from captchalab.synth.scheme import Writing

Bytes = NDArray[np.uint8]
_NUMBERS = (
    "size",
    "rotation",
    "shear",
    "shear_y",
    "stretch_x",
    "stretch_y",
    "gap",
    "jitter_x",
    "jitter_y",
    "opacity",
    "outline",
    "thickness",
)
_WORDS = {
    "place": ("centred", "left", "anywhere", "spread", "columns", "justified"),
    "pivot": ("middle", "pen"),
    "advance": ("font", "ink", "ink width", "box"),
    "fit": ("shrink", "clip", "fill", "tighten"),
}


@dataclass(frozen=True)
class RowLettering:
    """Characters from left to right, each by one map from its clean glyph to its place.

    Numbers of a range are drawn for every character, unless the field is named in ``shared``: then once
    for the picture. Raises ``UsageError`` for a word that is none of the allowed ones.
    """

    fonts: tuple[str, ...]
    """Names of bundled fonts, or paths; one is chosen among those that hold the character."""
    size: Range = 0.7
    """Font size (pixels per em) as a fraction of the picture's height."""
    rotation: Range = 0.0
    """Degrees, clockwise."""
    shear: Range = 0.0
    """How far the top leans to the right: pixels for each pixel of height."""
    shear_y: Range = 0.0
    """How much lower the right side hangs: pixels for each pixel of width."""
    pivot: str = "middle"
    """What ``shear`` and ``shear_y`` leave in its place: the ``middle`` of the ink, or the ``pen``."""
    stretch_x: Range = 1.0
    """Factor of the width."""
    stretch_y: Range = 1.0
    """Factor of the height."""
    perspective: Range = 0.0
    """Largest pull at each corner, as a fraction of the character's box."""
    place: str = "centred"
    """A line that stands ``centred``, ``left`` or ``anywhere``; or equal rooms over the width: ``spread``
    sets each character into the middle of one, ``columns`` lets it begin at the left of one. ``justified``
    adds the same space to each, or takes it away, so that the line fills the width."""
    start: Range = 0.05
    """Where ``left`` and ``columns`` begin, as a fraction of the width; once for the picture."""
    advance: str = "font"
    """What a character takes up in the line: its advance in the ``font``, or the width of its ``ink``;
    or ``ink width``: as wide, but each character keeps the distance from the pen that its font gives it;
    or the ``box`` around its turned ink: then gaps are fractions of the narrower of two such neighbours."""
    gap: Range = 0.0
    """Space after a character, as a fraction of its size; negative overlaps, a third stays free."""
    jitter_x: Range = 0.0
    """Shift to the right, as a fraction of the size."""
    jitter_y: Range = 0.0
    """Shift down, as a fraction of the picture's height."""
    baseline: Range = 0.5
    """Where the middle of the capitals stands, as a fraction of the height from the top; once."""
    raised: Range = 0.0
    """How much higher a line stands that has characters such as g, as a share of how far they hang below it;
    0.5 centres what is seen; once."""
    arc: Range = 0.0
    """How much higher the middle of the line is than its ends, as a fraction of the height; once."""
    slope: Range = 0.0
    """Turn of the whole line, degrees clockwise; once."""
    drift: Range = 0.0
    """Degrees by which each character is turned further than the one before it; once."""
    reversals: float = 0.0
    """How often a character turns the drift round; then it counts from the first, not from the middle."""
    colour: Paint = "ink"
    """Of a character."""
    tint: Range = 0.0
    """How far each character's channels may be off its colour, 0 to 255."""
    opacity: Range = 1.0
    """1 covers what is below."""
    outline: Range = 0.0
    """Pixels of another colour around the character."""
    outline_colour: Paint = "background"
    """Of the outline."""
    hollow: bool = False
    """Only a line of ``outline`` pixels (at least 0.4) along the edges is drawn, in ``colour``."""
    thickness: Range = 0.0
    """Pixels by which strokes are wider than the font's; negative thins them."""
    shadow_x: Range = 0.0
    """Pixels to the right; once for the picture, like all of the shadow."""
    shadow_y: Range = 0.0
    """Pixels down."""
    shadow_blur: Range = 0.0
    """Softness: standard deviation in pixels."""
    shadow_colour: Paint = "grey 60 160"
    """Of the shadow."""
    shadow_probability: float = 0.0
    """How often there is a shadow, under all characters."""
    fit: str = "shrink"
    """``shrink``: a text too large for the canvas is scaled down, and all is moved inside; or ``clip``.
    ``fill``: the line is stretched or squeezed until it is as ``wide`` and ``tall`` as it should be.
    ``tighten``: all of the margins is at the right; a line too long for that has half its gaps, one too long
    for the picture none; both begin at the left edge, and are clipped."""
    wide: Range = 0.0
    """Width of a line that fills, as a fraction of the width; 0 for all between the margins; once."""
    tall: Range = 0.0
    """Height of a line that fills, as a fraction of the height; 0 for as high as its font makes it; once."""
    margin: Range = 0.03
    """What ``shrink`` leaves free at every edge, as a fraction of the height; once."""
    crisp: bool = False
    """Whole sizes and places in pixels: a character that stands upright is as sharp as its font draws it."""
    hard: bool = False
    """Edges without intermediate colours."""
    again_x: Range = 0.0
    """The text once more, so many whole pixels to the right; where its line begins further in, all but the
    first character by so much more, and not at all where its margins are not free."""
    again_y: Range = 0.0
    """Whole pixels down for the text once more; without either it is written once."""
    shared: tuple[str, ...] = ("font", "size")
    """Fields that are drawn once for the picture, and ``font``."""
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What is drawn in the place of a character, such as ``{"*": "×"}``."""

    paints_ground: ClassVar[bool] = False
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "size": (0.05, 10),
        "stretch_x": (0.05, 10),
        "stretch_y": (0.05, 10),
        "shear": (-10, 10),
        "shear_y": (-10, 10),
        "perspective": (0, 1),
        "slope": (-80, 80),
        "gap": (-10, 10),
        "tint": (0, 255),
        "opacity": (0, 1),
        "outline": (0, 50),
        "thickness": (-50, 50),
        "shadow_x": (-100, 100),
        "shadow_y": (-100, 100),
        "shadow_blur": (0, 50),
        "reversals": (0, 1),
        "wide": (0, 10),
        "tall": (0, 10),
        "margin": (0, 0.45),
        "raised": (0, 1),
        "again_x": (-100, 100),
        "again_y": (-100, 100),
    }
    """Beyond these there is nothing to see, or it takes forever."""

    def __post_init__(self) -> None:
        check_limits(self, self.limits)
        for character, drawn in self.aliases.items():
            if len(character) != 1 or len(drawn) != 1:
                raise UsageError(f"aliases: {character!r} = {drawn!r}: one character stands for one other")
        for name, allowed in _WORDS.items():
            if getattr(self, name) not in allowed:
                raise suggest(getattr(self, name), allowed, name)
        for name in self.shared:
            if name not in ("font", *_NUMBERS, *PAINTS):
                raise suggest(name, ["font", *_NUMBERS, *PAINTS], "field in shared")

    def with_fonts(self, fonts: tuple[str, ...]) -> RowLettering:
        """The same with other fonts."""
        return replace(self, fonts=fonts)

    def drawn(self, text: str) -> str:
        """The text, but what stands for a character in its place."""
        return "".join([self.aliases.get(character, character) for character in text])

    def write(
        self, rng: Generator, canvas: Bytes, text: str, colours: Colours, opacities: Sequence[float] = ()
    ) -> Bytes:
        """The text over a copy of ``canvas``: a picture ``(H, W, 3)`` or a layer ``(H, W, 4)``.

        ``opacities`` (for every character) come on top of ``opacity``.
        """
        canvas = canvas.copy()
        height, width = canvas.shape[:2]
        letters = choose_letters(self, rng, self.drawn(text), height, colours)
        line = choose_line(self, rng, width, height, len(letters))
        find_inks = kept_inks_of if opacities else inks_of
        spots, shown = placed(line, letters), [*opacities] or [1.0] * len(letters)
        if self.again_x or self.again_y:
            spots += repeated(line, spots, pick_count(rng, self.again_x), pick_count(rng, self.again_y))
            shown += shown
        inks = [
            (faded(tile, opacity * spot.letter.opacity), colour)
            for spot, opacity in zip(spots, shown, strict=True)
            if opacity > 0
            for tile, colour in find_inks(spot, self.hollow, self.hard, width, height)
        ]
        if self.shadow_probability and rng.random() < self.shadow_probability:
            shift = pick(rng, self.shadow_x), pick(rng, self.shadow_y)
            tiles, softness = [tile for tile, _ in inks], pick(rng, self.shadow_blur)
            shadow = shadow_of(tiles, shift, softness, width, height)
            lay(canvas, shadow, choose_colour(rng, self.shadow_colour, colours))
        for tile, colour in inks:
            lay(canvas, tile, colour)
        return canvas

    def write_all(self, writings: Sequence[Writing]) -> list[Bytes]:
        """As ``write`` for each."""
        return [self.write(*writing) for writing in writings]

    @cached_property
    def spans(self) -> tuple[list[tuple[str, Range]], list[tuple[str, Range]]]:
        """The fields in ``_NUMBERS`` that are drawn once for the picture, and those for every character."""
        once: list[tuple[str, Range]] = []
        every: list[tuple[str, Range]] = []
        for name in _NUMBERS:
            span = getattr(self, name)
            (every if isinstance(span, tuple) and name not in self.shared else once).append((name, span))
        return once, every
