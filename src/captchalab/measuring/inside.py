"""How a reading came about: a picture, and below it the probability of each character at each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchalab.errors import ImageError
from captchalab.measuring.lettering import drawable, plain_font
from captchalab.measuring.thumbnail import png_of
from captchalab.reading.alphabet import BLANK, Alphabet
from captchalab.reading.image import ImageLike, load_image
from captchalab.reading.reader import Reader, Reading

Colour = tuple[int, int, int]

PAPER: Colour = (250, 250, 248)
INK: Colour = (40, 44, 52)
QUIET: Colour = (120, 126, 138)
LINE: Colour = (226, 228, 232)
SHADE: Colour = (25, 84, 166)
"""Of a cell whose probability is 1."""

MUTED: Colour = (150, 154, 162)
"""The same, of the blank."""

PATH: Colour = (226, 96, 20)

STRIP_WIDTH = 960
GUTTER = 72
MARGIN = 16
ROW = 24
MAX_ROWS = 14
WORTH_SHOWING = 0.05
"""A character that is nowhere likelier than this has no row, unless it is on the best path."""

MAX_PICTURE_HEIGHT = 400


@dataclass(frozen=True)
class Inside:
    """One picture with what its reader made of it.

    ``picture`` is upright RGB uint8 ``(h, w, 3)``, ``scores`` are log-probabilities ``(T, classes)``,
    ``covered`` is the share of the steps that lie under the picture.
    """

    picture: NDArray[np.uint8]
    reading: Reading
    scores: NDArray[np.float32]
    alphabet: Alphabet
    decoder: str
    covered: float = 1.0


def look_inside(reader: Reader, image: ImageLike) -> Inside:
    """Read one picture and keep the scores. Raises ``ImageError`` for a bad one."""
    info = reader.info
    picture = load_image(image, reader.limits, info.frames)
    ((reading, scores),) = reader.read_scored([picture])
    if scores is None:
        raise ImageError(reading.error or "the picture cannot be read")
    # The positions of a network without steps lie nowhere: they are spread over the whole picture.
    covered = info.input.covered(picture.shape[1], picture.shape[0]) if info.decoder == "ctc" else 1.0
    return Inside(picture, reading, scores, info.alphabet, info.decoder, covered)


def draw_inside(inside: Inside) -> bytes:
    """A PNG: the picture, the characters read where they stand, then steps as columns, characters as rows.

    The darker a cell, the likelier; framed cells are the best path; the lowest row is the blank (of a network
    with one classifier for each position: the padding).
    """
    rows = shown_rows(inside.scores)
    probabilities = np.exp(inside.scores)
    step = STRIP_WIDTH / len(inside.scores)
    picture = _fitted(inside.picture, round(STRIP_WIDTH * inside.covered))
    top = MARGIN + ROW + picture.height + 2 * ROW
    sheet = Image.new("RGB", (GUTTER + STRIP_WIDTH + MARGIN, top + (len(rows) + 2) * ROW + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    _write_title(pen, inside.reading)
    left = GUTTER + (round(STRIP_WIDTH * inside.covered) - picture.width) // 2
    sheet.paste(picture, (left, MARGIN + ROW))
    _write_characters(pen, inside, MARGIN + ROW + picture.height)
    best = inside.scores.argmax(axis=1).tolist()
    for line, label in enumerate(rows):
        _draw_row(pen, top + line * ROW, step, probabilities[:, label].tolist(), label == BLANK)
        _write_label(pen, top + line * ROW, _name(label, inside))
    for place, label in enumerate(best):
        if label in rows:
            pen.rectangle(_cell(place, top + rows.index(label) * ROW, step), outline=PATH, width=2)
    _write_steps(pen, top + len(rows) * ROW, step, inside)
    return png_of(sheet)


def shown_rows(scores: NDArray[np.float32]) -> list[int]:
    """The classes worth a row, at most 14: those on the best path as they come, likely others, the blank."""
    peaks = scores.max(axis=0)
    path = [label for label in dict.fromkeys(scores.argmax(axis=1).tolist()) if label != BLANK]
    others = [
        label
        for label in np.argsort(-peaks).tolist()
        if label != BLANK and label not in path and peaks[label] > np.log(WORTH_SHOWING)
    ]
    return [*(path + others)[: MAX_ROWS - 1], BLANK]


def _fitted(array: NDArray[np.uint8], width: int) -> Image.Image:
    """The picture as wide as its steps; one that would be very high is squeezed, as its columns matter."""
    picture = Image.fromarray(array)
    height = min(MAX_PICTURE_HEIGHT, max(1, round(picture.height * width / picture.width)))
    return picture.resize((max(1, width), height), Image.Resampling.LANCZOS)


def _write_title(pen: ImageDraw.ImageDraw, reading: Reading) -> None:
    text, font = drawable(reading.text, 17)
    pen.text((GUTTER, MARGIN + 8), text, INK, font, "lm")
    after = GUTTER + font.getlength(text) + 14
    pen.text((after, MARGIN + 8), f"confidence {reading.confidence:.2%}", QUIET, plain_font(14), "lm")


def _write_characters(pen: ImageDraw.ImageDraw, inside: Inside, top: int) -> None:
    """Each character of the reading, and how sure it is, under its place or over its position."""
    middles = [inside.covered * (span.left + span.right) / 2 for span in inside.reading.characters]
    if inside.decoder == "position":  # says nothing of places in the picture
        middles = [(each + 0.5) / len(inside.scores) for each in np.flatnonzero(inside.scores.argmax(axis=1))]
    for span, middle in zip(inside.reading.characters, middles, strict=True):
        centre = GUTTER + STRIP_WIDTH * middle
        text, font = drawable(span.character, 17)
        pen.text((centre, top + ROW // 2 + 2), text, INK, font, "mm")
        pen.text((centre, top + ROW + 6), f"{span.confidence:.0%}", QUIET, plain_font(11), "mm")


def _draw_row(
    pen: ImageDraw.ImageDraw, top: int, step: float, probabilities: list[float], muted: bool
) -> None:
    full = MUTED if muted else SHADE
    for place, probability in enumerate(probabilities):
        shade = tuple(round(p + (f - p) * min(1.0, probability)) for p, f in zip(PAPER, full, strict=True))
        pen.rectangle(_cell(place, top, step), fill=shade, outline=LINE)


def _cell(place: int, top: int, step: float) -> tuple[int, int, int, int]:
    return (GUTTER + round(place * step), top, GUTTER + round((place + 1) * step), top + ROW)


def _write_label(pen: ImageDraw.ImageDraw, top: int, label: str) -> None:
    text, font = drawable(label, 12 if len(label) > 1 else 16)
    pen.text((GUTTER - 10, top + ROW // 2), text, INK if len(label) == 1 else QUIET, font, "rm")


def _name(label: int, inside: Inside) -> str:
    if label != BLANK:
        return inside.alphabet.characters[label - 1]
    return "blank" if inside.decoder == "ctc" else "padding"


def _write_steps(pen: ImageDraw.ImageDraw, top: int, step: float, inside: Inside) -> None:
    """Every so many steps its number, counted from 1."""
    count = len(inside.scores)
    every = 1 if count <= 20 else 5 if count <= 100 else 20
    font = plain_font(11)
    for place in range(count):
        if place == 0 or (place + 1) % every == 0:
            centre = GUTTER + (place + 0.5) * step
            pen.text((centre, top + ROW // 2), str(place + 1), QUIET, font, "mm")
    kind = "step" if inside.decoder == "ctc" else "position"
    pen.text((GUTTER - 10, top + ROW // 2), kind, QUIET, font, "rm")
    legend = "the darker, the likelier; framed: the best path"
    pen.text((GUTTER, top + ROW + ROW // 2), legend, QUIET, font, "lm")
