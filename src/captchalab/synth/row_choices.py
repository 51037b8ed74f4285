"""What is drawn by chance for one text in row lettering: its characters' numbers, and where its line goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numpy.random import Generator

from captchalab.synth.colours import Colours, choose_colour, near
from captchalab.synth.letters import Letter, choose_fonts, clean_glyph, pulled_corners
from captchalab.synth.lines import Line, drifting_turns
from captchalab.synth.ranges import pick

if TYPE_CHECKING:
    from captchalab.synth.row_lettering import RowLettering

PAINTS = ("colour", "outline_colour")


def choose_letters(
    how: RowLettering, rng: Generator, text: str, height: int, colours: Colours
) -> list[Letter]:
    """Every character with its numbers, not yet placed."""
    once, every = how.spans
    numbers = {name: pick(rng, span) for name, span in once}
    paints = {name: choose_colour(rng, getattr(how, name), colours) for name in PAINTS if name in how.shared}
    letters = []
    fonts = choose_fonts(rng, how.fonts, text, alike="font" in how.shared)
    for character, font in zip(text, fonts, strict=True):
        for name, span in every:
            numbers[name] = pick(rng, span)
        colour = paints.get("colour") or choose_colour(rng, how.colour, colours)
        around = paints.get("outline_colour") or choose_colour(rng, how.outline_colour, colours)
        size = numbers["size"] * height
        glyph, scale = clean_glyph(font, character, size, how.crisp)
        letter = Letter(
            font=font,
            character=character,
            glyph=glyph,
            scale=scale,
            size=size,
            rotation=numbers["rotation"],
            shear=(numbers["shear"], numbers["shear_y"]),
            stretch=(numbers["stretch_x"], numbers["stretch_y"]),
            pull=pulled_corners(rng, pick(rng, how.perspective)),
            gap=numbers["gap"] * size,
            shift=(numbers["jitter_x"] * size, numbers["jitter_y"] * height),
            colour=near(rng, colour, how.tint) if how.tint else colour,
            opacity=numbers["opacity"],
            outline=max(numbers["outline"], 0.4) if how.hollow else numbers["outline"],
            outline_colour=around,
            thickness=numbers["thickness"],
        )
        letters.append(letter.slanted_about_pen() if how.pivot == "pen" else letter)
    return letters


def choose_line(how: RowLettering, rng: Generator, width: int, height: int, count: int) -> Line:
    """Where ``count`` characters go on a canvas of this size."""
    margin = pick(rng, how.margin) * height
    return Line(
        place=how.place,
        advance=how.advance,
        inside=how.fit == "shrink",
        filled=how.fit == "fill",
        tightened=how.fit == "tighten",
        wide=pick(rng, how.wide) * width,
        tall=pick(rng, how.tall) * height,
        width=width,
        height=height,
        margin=margin,
        start=pick(rng, how.start) * width if how.place in ("left", "columns") else margin,
        share=rng.random() if how.place == "anywhere" else 0.5,
        level=pick(rng, how.baseline) * height,
        raised=pick(rng, how.raised),
        bow=pick(rng, how.arc) * height,
        slope=math.tan(math.radians(pick(rng, how.slope))),
        turns=drifting_turns(rng, pick(rng, how.drift), how.reversals, count),
    )
