"""The confusion matrix as a picture: true characters as rows, what was read as columns."""

from __future__ import annotations

from math import log1p

from PIL import Image, ImageDraw

from captchalab.measuring.inside import INK, LINE, PAPER, QUIET, Colour
from captchalab.measuring.lettering import drawable, plain_font
from captchalab.measuring.thumbnail import png_of
from captchalab.reading.metrics import GAP, Tally

MAX_CHARACTERS = 80
"""Of larger alphabets no matrix is drawn: nobody could read it."""

RIGHT: Colour = (22, 125, 62)
WRONG: Colour = (200, 30, 45)
MARGIN = 20
HEADING = 44


def confusion_matrix(tally: Tally) -> tuple[str, list[list[int]]]:
    """The characters that occur, sorted, and how often each (row) was read as each (column).

    The last row and column are for no character: what was read where nothing was, and what was missed.
    """
    pairs = [*tally.confusion, *((each, each) for each in tally.by_character)]
    characters = "".join(sorted({character for pair in pairs for character in pair if character}))
    place = {character: number for number, character in enumerate(characters)} | {"": len(characters)}
    counts = [[0] * (len(characters) + 1) for _ in range(len(characters) + 1)]
    for (true, read), count in tally.confusion.items():
        counts[place[true]][place[read]] = count
    for character, seen in tally.by_character.items():
        counts[place[character]][place[character]] = seen.right
    return characters, counts


def draw_matrix(tally: Tally) -> bytes | None:
    """The matrix as a PNG; ``None`` where nothing was read, or more than 80 characters occur.

    Characters that only came up as readings have a column, and no row.

    Green is what was read right, red what was not; shades follow the logarithm of the count's share of its
    row, so that rare mistakes can be seen.
    """
    characters, counts = confusion_matrix(tally)
    if not 0 < len(characters) <= MAX_CHARACTERS:
        return None
    labels = [*characters, GAP]
    cell = 40 if len(labels) <= 16 else 30 if len(labels) <= 40 else 20
    start = MARGIN + HEADING
    rows = [number for number, line in enumerate(counts) if any(line)]
    if not rows:  # every picture was an error
        return None
    width, height = (start + cell * count + MARGIN for count in (len(labels), len(rows)))
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((start, MARGIN), "read as", QUIET, plain_font(13), "lm")
    pen.text((MARGIN - 12, start - 14), "true", QUIET, plain_font(13), "lm")
    for number, label in enumerate(labels):
        text, font = drawable(label, min(16, cell - 6))
        pen.text((start + number * cell + cell // 2, start - 12), text, INK, font, "mm")
    usual = sum(map(sum, counts)) / len(rows)
    for place, row in enumerate(rows):
        top = start + place * cell
        text, font = drawable(labels[row], min(16, cell - 6))
        pen.text((start - 14, top + cell // 2), text, INK, font, "mm")
        total = max(usual, sum(counts[row]))  # a rare character's only mistake does not shout
        for column, count in enumerate(counts[row]):
            left = start + column * cell
            box = (left, top, left + cell, top + cell)
            _draw_cell(pen, box, count, total, right=row == column)
    return png_of(sheet)


def _draw_cell(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], count: int, total: float, right: bool
) -> None:
    # 1 of 1,000 is a third of the way to all of them.
    strength = log1p(999 * count / total) / log1p(999) if count else 0.0
    strength = max(0.25, strength) if count else 0.0
    full = RIGHT if right else WRONG
    shade = tuple(round(p + (f - p) * strength) for p, f in zip(PAPER, full, strict=True))
    pen.rectangle(box, fill=shade, outline=LINE)
    left, top, end, bottom = box
    text = str(count)
    font = plain_font(11 if end - left >= 30 else 8)
    if count and font.getlength(text) <= end - left - 2:
        ink = PAPER if strength > 0.55 else INK
        pen.text(((left + end) / 2, (top + bottom) / 2), text, ink, font, "mm")
