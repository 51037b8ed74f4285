"""Contact sheets: pictures in a grid with their texts below, drawn by Pillow (a plot library is slower)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from captchalab.errors import MissingExtra
from captchalab.files import write_atomic
from captchalab.synth.fonts import FOLDER

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

PAPER: Colour = (250, 250, 248)
LINE: Colour = (214, 216, 220)
TITLE: Colour = (40, 44, 52)
SHEET_WIDTH = 1120
CELL_WIDTH = 200
MAX_PICTURE_HEIGHT = 160
MARGIN = 24
PADDING = 8
TEXT_SIZE = 17
TITLE_SIZE = 22
LINE_HEIGHT = 24

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
    str(FOLDER / "WenQuanYiMicroHei.ttf"),
)


@dataclass(frozen=True)
class Caption:
    """A line below a picture: ``text`` is a label and may hold any character, our own ``sign`` goes first."""

    text: str
    colour: Colour
    sign: str = ""


@dataclass(frozen=True)
class Cell:
    """A picture (grey ``(h, w)``, ``(h, w, 1)`` or RGB ``(h, w, 3)``, uint8), its captions, its frame."""

    picture: NDArray[np.uint8]
    captions: tuple[Caption, ...]
    frame: Colour = LINE


def draw_sheet(title: str, cells: Sequence[Cell], out: Path) -> None:
    """Write ``cells`` as a PNG: equally wide columns, rows as high as their pictures and captions."""
    columns = min(len(cells), (SHEET_WIDTH - 2 * MARGIN) // CELL_WIDTH)
    rows = [_Row(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    top = MARGIN + LINE_HEIGHT + PADDING
    width = 2 * MARGIN + max(columns * CELL_WIDTH, round(_font(TITLE_SIZE).getlength(title)))
    sheet = Image.new("RGB", (width, top + sum(row.height for row in rows) + PADDING), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), title, TITLE, _font(TITLE_SIZE), "lm")
    for row in rows:
        _draw_row(sheet, pen, row, top)
        top += row.height
    save(sheet, out)


class _Row:
    """Cells side by side; ``tall`` is the height of the highest picture."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self.pictures = [_scaled(cell.picture) for cell in cells]
        self.tall = max(picture.height for picture in self.pictures)
        lines = max(len(cell.captions) for cell in cells)
        self.height = self.tall + lines * LINE_HEIGHT + 3 * PADDING


def message_sheet(title: str, text: str, colour: Colour, out: Path) -> None:
    """A sheet without pictures that says why."""
    sheet = Image.new("RGB", (560, 160), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((280, 62), title, colour, _font(30), "mm")
    pen.text((280, 106), text, TITLE, _font(TEXT_SIZE), "mm")
    save(sheet, out)


def save(sheet: Image.Image, out: Path) -> None:
    """Write a PNG whole or not at all, so that a viewer never sees half a picture."""
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    write_atomic(out, stream.getvalue(), durable=False)


def _draw_row(sheet: Image.Image, pen: ImageDraw.ImageDraw, row: _Row, top: int) -> None:
    bottom = top + row.tall
    for column, (cell, picture) in enumerate(zip(row.cells, row.pictures, strict=True)):
        centre = MARGIN + column * CELL_WIDTH + CELL_WIDTH // 2
        left, upper = centre - picture.width // 2, bottom - picture.height
        sheet.paste(picture, (left, upper))
        frame = (left - 2, upper - 2, left + picture.width + 1, bottom + 1)
        pen.rectangle(frame, outline=cell.frame, width=2)
        for number, caption in enumerate(cell.captions):
            line = bottom + PADDING + LINE_HEIGHT // 2 + number * LINE_HEIGHT
            text, font = _drawable(caption.text, TEXT_SIZE)
            pen.text((centre, line), _shortened(caption.sign + text, font), caption.colour, font, "mm")


def _scaled(array: NDArray[np.uint8]) -> Image.Image:
    """The picture in RGB, as large as its cell allows; small ones grow by whole factors to stay sharp."""
    picture = Image.fromarray(array.squeeze(2) if array.shape[2:] == (1,) else array).convert("RGB")
    room_x, room_y = CELL_WIDTH - 2 * PADDING, MAX_PICTURE_HEIGHT
    factor = min(room_x // picture.width, room_y // picture.height)
    if factor > 1:
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((room_x, room_y))
    return picture


@cache
def _font(size: int, name: str = "") -> Font:
    """DejaVu Sans as matplotlib ships it (Latin, Greek, Cyrillic, Arabic, signs), or font ``name``.

    It is found without importing matplotlib, which would take longer than drawing a sheet.
    """
    if name:
        return ImageFont.truetype(name, size)
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingExtra("train", "drawing sheets of pictures")
    return ImageFont.truetype(Path(spec.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf", size)


@cache
def _cjk_font(size: int) -> Font | None:
    for name in CJK_FONTS:
        try:
            return _font(size, name)
        except OSError:
            continue
    return None


@cache
def _has_glyph(font: Font, character: str) -> bool:
    """Whether ``font`` draws more than the box that stands for a missing glyph."""
    missing = font.getmask("\U0010fffe")
    drawn = font.getmask(character)
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


def _drawable(text: str, size: int) -> tuple[str, Font]:
    """``text`` and a font with all its glyphs; where no font has them, their code points (``U+4E00``)."""
    font = _font(size)
    if all(_has_glyph(font, character) for character in text):
        return text or "(nothing)", font
    cjk = _cjk_font(size)
    if cjk is not None and all(_has_glyph(cjk, character) for character in text):
        return text, cjk
    shown = [c if _has_glyph(font, c) else f"U+{ord(c):04X}" for c in text]
    return " ".join(shown), font


def _shortened(text: str, font: Font) -> str:
    """``text`` cut to the width of a cell, with an ellipsis."""
    room = CELL_WIDTH - 2 * PADDING
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
