"""Which characters a font holds, and clean glyph masks, kept for the next picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from captchalab.errors import UsageError
from captchalab.reading.alphabet import printable
from captchalab.synth.fonts import expand, load
from captchalab.synth.inkmask import ink_mask

# A code point that Unicode promises never to assign, so every font answers with its "missing" box.
_NEVER_ASSIGNED = "\uffff"


@dataclass(frozen=True, eq=False)
class Glyph:
    """One character in one font and size, undistorted.

    ``width`` and ``height`` reach from one pixel before the pen's origin at the ascender line to the
    right and lower edge, in pixels; ``coverage`` is the uint8 ``(h, w)`` mask cropped to its ink, ``None``
    for a space. The ink starts ``left`` pixels right of the pen and ``rise`` above the baseline; the pen then
    moves on by ``advance``. ``middle`` is how far above the baseline the middle of the font's capitals lies.
    """

    width: int
    height: int
    coverage: NDArray[np.uint8] | None
    left: int = 0
    rise: int = 0
    advance: float = 0.0
    middle: float = 0.0

    @cached_property
    def sizes(self) -> tuple[int, int, int, int]:
        """Width and height of the box, and of ``coverage`` (none for a space)."""
        high, wide = (0, 0) if self.coverage is None else self.coverage.shape
        return self.width, self.height, wide, high

    @cached_property
    def ink(self) -> NDArray[np.uint8]:
        """The mask of ``ink_mask``, made when first asked for; empty for a space."""
        return np.zeros((1, 1), np.uint8) if self.coverage is None else ink_mask(self.coverage)


@lru_cache(maxsize=200_000)
def holds(font: str, character: str) -> bool:
    """Whether the font draws the character, rather than a box in its place or nothing at all."""
    if character.isspace():
        return True
    picture = _picture(font, character)
    return picture.getbbox() is not None and picture != _missing(font) and not _shows_boxes(font)


def _picture(font: str, character: str) -> Image.Image:
    return _drawn(load(font, 32), character)[0]


@lru_cache(maxsize=1_000)
def _missing(font: str) -> Image.Image:
    return _picture(font, _NEVER_ASSIGNED)


@lru_cache(maxsize=1_000)
def _shows_boxes(font: str) -> bool:
    """Whether the font holds nothing but one box for all characters of a block (a "last resort" font)."""
    one, other = _picture(font, "A"), _picture(font, "8")
    return one == other != _missing(font)


@lru_cache(maxsize=20_000)
def holders(fonts: tuple[str, ...], characters: str) -> dict[str, tuple[str, ...]]:
    """For each character the single fonts that hold it. Raises ``UsageError`` naming those that none does."""
    able = expand(fonts)
    found = {c: tuple(font for font in able if holds(font, c)) for c in characters}
    missing = [c for c, names in found.items() if not names]
    if missing:
        raise UsageError(
            f"no font of this scheme ({', '.join(fonts)}) has: {_short(missing)}; "
            "choose another alphabet, or name a font that has them with font=FILE.ttf (Chinese: font=chinese)"
        )
    return found


def _short(characters: Iterable[str], most: int = 20) -> str:
    named = list(characters)
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return printable(named[:most]) + more


@lru_cache(maxsize=20_000)
def glyphs(fonts: tuple[str, ...], sizes: tuple[int, ...], character: str) -> tuple[Glyph, ...]:
    """The clean glyphs of a character in every size of every font that has it, kept for the next picture.

    Distorted ones are never kept. Raises ``UsageError`` if no font has the character.
    """
    able = holders(fonts, character)[character]
    return tuple(_glyph(load(font, size), character) for font in able for size in sizes)


def _glyph(face: ImageFont.FreeTypeFont, character: str) -> Glyph:
    _, _, right, bottom = (int(edge) for edge in face.getbbox(character))
    ink, left, top = _drawn(face, character)
    box = ink.getbbox()
    advance, middle = face.getlength(character), _capital_middle(face)
    if box is None:
        return Glyph(right + 1, bottom + 1, None, 0, 0, advance, middle)
    coverage = np.ascontiguousarray(np.asarray(ink.crop(box), dtype=np.uint8))
    return Glyph(right + 1, bottom + 1, coverage, left + box[0], -top - box[1], advance, middle)


def _drawn(face: ImageFont.FreeTypeFont, character: str) -> tuple[Image.Image, int, int]:
    """The character in its box, and where that begins, right of the pen and below the baseline.

    (The bytes of ``getmask`` are the same, but take longer to copy than to draw.)
    """
    left, top, right, bottom = (int(edge) for edge in face.getbbox(character, anchor="ls"))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), character, 255, face, anchor="ls")
    return picture, left, top


@lru_cache(maxsize=256)
def _capital_middle(face: ImageFont.FreeTypeFont) -> float:
    # A font without Latin letters answers with its "missing" box, which is about as tall.
    _, top, _, bottom = face.getbbox("E", anchor="ls")
    return -(top + bottom) / 2
