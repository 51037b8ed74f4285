"""Contact sheets: pictures in a grid with their texts below, drawn by Pillow (a plot library is slower)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchalab.files import write_atomic
from captchalab.measuring.lettering import Font, drawable, plain_font

Colour = tuple[int, int, int]

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
    width = 2 * MARGIN + max(columns * CELL_WIDTH, round(plain_font(TITLE_SIZE).getlength(title)))
    sheet = Image.new("RGB", (width, top + sum(row.height for row in rows) + PADDING), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), title, TITLE, plain_font(TITLE_SIZE), "lm")
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
    pen.text((280, 62), title, colour, plain_font(30), "mm")
    pen.text((280, 106), text, TITLE, plain_font(TEXT_SIZE), "mm")
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
            text, font = drawable(caption.text, TEXT_SIZE)
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


def _shortened(text: str, font: Font) -> str:
    """``text`` cut to the width of a cell, with an ellipsis."""
    room = CELL_WIDTH - 2 * PADDING
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
