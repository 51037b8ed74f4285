"""Fonts for pictures that show labels: whatever characters a text has, something can be drawn."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from captchalab.errors import MissingExtra

Font = ImageFont.FreeTypeFont

# Fonts with Chinese, Japanese and Korean glyphs, by the file names under which systems ship them; the last is
# our own, which holds common Chinese characters only.
CJK_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    str(Path(__file__).parents[1] / "synth/fonts/WenQuanYiMicroHei.ttf"),
)


@cache
def plain_font(size: int) -> Font:
    """DejaVu Sans as matplotlib ships it (Latin, Greek, Cyrillic, Arabic, signs).

    It is found without importing matplotlib, which would take longer than drawing a sheet. Raises
    ``MissingExtra`` where it is not installed.
    """
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingExtra("train", "drawing pictures with labels")
    return ImageFont.truetype(Path(spec.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf", size)


@cache
def _cjk_font(size: int) -> Font | None:
    for name in CJK_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None


@cache
def _has_glyph(font: Font, character: str) -> bool:
    """Whether ``font`` draws more than the box that stands for a missing glyph."""
    missing = font.getmask("\U0010fffe")
    drawn = font.getmask(character)
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


def drawable(text: str, size: int) -> tuple[str, Font]:
    """``text`` and a font with all its glyphs; where no font has them, their code points (``U+4E00``)."""
    font = plain_font(size)
    if all(_has_glyph(font, character) for character in text):
        return text or "(nothing)", font
    cjk = _cjk_font(size)
    if cjk is not None and all(_has_glyph(cjk, character) for character in text):
        return text, cjk
    shown = [c if _has_glyph(font, c) else f"U+{ord(c):04X}" for c in text]
    return " ".join(shown), font
