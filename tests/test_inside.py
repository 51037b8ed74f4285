"""Pictures of the inside: layers, probabilities under a picture, and the confusion matrix."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tiny import DIGITS

from captchalab.cli.app import run
from captchalab.measuring.evaluate import evaluate
from captchalab.measuring.inside import (
    GUTTER,
    MARGIN,
    MAX_PICTURE_HEIGHT,
    PATH,
    ROW,
    STRIP_WIDTH,
    Inside,
    draw_inside,
    look_inside,
    shown_rows,
)
from captchalab.measuring.matrix import confusion_matrix, draw_matrix
from captchalab.measuring.report import write_report
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.decode import decode
from captchalab.reading.metrics import measure
from captchalab.reading.modelpath import find_model
from captchalab.reading.reader import Reader, Reading
from captchalab.sources import open_source
from captchalab.training.export import restore
from captchalab.training.fit import FitResult
from captchalab.training.structure import layers_of

ALPHABET = Alphabet("abc")


def scores_of(path: list[int], alphabet: Alphabet = ALPHABET) -> NDArray[np.float32]:
    """``(T, classes)``: nearly all the probability on one class at each step."""
    rest = 0.06 / (alphabet.classes - 1)
    probabilities = np.full((len(path), alphabet.classes), rest, np.float32)
    probabilities[np.arange(len(path)), path] = 0.94
    return np.log(probabilities)


def inside_of(path: list[int]) -> Inside:
    scores = scores_of(path)
    decoded = decode(scores, ALPHABET, "ctc")
    reading = Reading(decoded.text, decoded.confidence, decoded.characters)
    return Inside(np.full((20, 60, 3), 255, np.uint8), reading, scores, ALPHABET, "ctc")


def opened(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_rows_are_the_best_path_then_likely_others_then_the_blank() -> None:
    assert shown_rows(scores_of([0, 3, 0, 1, 1, 0])) == [3, 1, 0]
    scores = scores_of([3, 0])
    scores[1, 2] = np.log(0.3)
    assert shown_rows(scores) == [3, 2, 0]
    large = Alphabet("".join(chr(0x4E00 + number) for number in range(400)))
    rows = shown_rows(scores_of(list(range(1, 41)), large))
    assert rows == [*range(1, 14), 0], "no more rows than fit, the blank among them"


def test_each_step_stands_below_its_columns_and_the_best_path_is_framed() -> None:
    picture = opened(draw_inside(inside_of([0, 2, 2, 0])))  # four columns, rows "b" and blank
    framed = (picture == PATH).all(axis=2)
    columns = [int(GUTTER + STRIP_WIDTH * (place + 0.5) / 4) for place in range(4)]
    lines = [np.flatnonzero(framed[:, column]) for column in columns]
    assert lines[1].tolist() == lines[2].tolist() != lines[0].tolist() == lines[3].tolist()
    upper, lower = lines[1], lines[0]
    assert upper.max() <= lower.min() + 2, "the character's row is above the blank's"
    inner = (upper.min() + upper.max()) // 2
    assert picture[inner, columns[1]].sum() < 400 < picture[inner, columns[0]].sum(), (
        "the likelier, the darker"
    )
    blank = picture[(lower.min() + lower.max()) // 2, columns[0]].astype(int)
    assert np.ptp(blank) < 20, "the blank is grey"


def test_a_reading_of_a_model(trained: FitResult, tmp_path: Path) -> None:
    reader = Reader.open(trained.run)
    sample = open_source(DIGITS).sample(3)
    looked = look_inside(reader, sample.image)
    assert looked.reading == reader.read(sample.image) and looked.covered == 1.0
    assert decode(looked.scores, reader.info.alphabet, "ctc").text == looked.reading.text
    picture = opened(draw_inside(looked))
    top = MARGIN + ROW
    strip = picture[top : top + MAX_PICTURE_HEIGHT, GUTTER : GUTTER + STRIP_WIDTH]
    shown = np.asarray(Image.fromarray(strip).resize((64, 32)))
    assert np.corrcoef(shown.ravel(), sample.image.ravel())[0, 1] > 0.8, "the picture itself stands on top"


def test_layers_hold_every_parameter_and_count_by_hand(trained: FitResult) -> None:
    data, info = find_model(trained.run)
    network = restore(data, info)
    layers = layers_of(data, info)
    wanted = [value for name, value in network.state_dict().items() if "num_batches" not in name]
    assert sum(each.parameters for each in layers) == sum(value.numel() for value in wanted)
    first = layers[0]
    assert (first.name, first.kind, first.shape) == ("stages.0.0", "Conv 3x3 /2", (8, 12, 32))
    assert first.parameters == 8 * 9 and first.multiply_adds == 8 * 12 * 32 * 9
    last = next(each for each in layers if each.kind == "MatMul")
    assert last.shape == (16, 5) and last.multiply_adds == 16 * 5 * 32


def test_command_prints_layers_and_draws_pictures(
    trained: FitResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inside", str(trained.run)]) == 0
    printed = capsys.readouterr()
    assert "stages.0.0\tConv 3x3 /2\t8x12x32\t72\t27,648" in printed.out
    assert "multiply-adds a picture" in printed.err
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(open_source(DIGITS).sample(1).image).save(tmp_path / folder / "same.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    pictures = [str(tmp_path / name) for name in ("one/same.png", "bad.png", "two/same.png")]
    out = tmp_path / "out"
    assert run(["inside", str(trained.run), *pictures, "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert printed.out.split() == [str(out / "same.png"), str(out / "same-2.png")]
    assert "bad.png: " in printed.err
    assert (out / "same.png").read_bytes() == (out / "same-2.png").read_bytes()


def test_confusion_matrix_counts_every_pair() -> None:
    tally = measure([("ab", "ab"), ("ab", "cb"), ("a", ""), ("b", "bc")])
    assert confusion_matrix(tally) == ("abc", [[1, 0, 1, 1], [0, 3, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])


def test_confusion_matrix_is_green_where_right_and_red_where_wrong() -> None:
    png = draw_matrix(measure([("ab", "ab")] * 9 + [("a", "b")]))
    assert png is not None
    picture = opened(png).astype(int)
    green, red = picture[..., 1] - picture[..., 0] > 60, picture[..., 0] - picture[..., 1] > 60
    assert green.any() and red.any()
    (row, column), (red_row, red_column) = (np.argwhere(mask).min(axis=0) for mask in (green, red))
    assert row == red_row and column < red_column, "in the row of a: first right, then read as b"
    letters = [chr(0x4E00 + number) for number in range(81)]
    assert draw_matrix(measure((each, each) for each in letters)) is None
    assert draw_matrix(measure((each, each) for each in letters[:80])) is not None
    assert draw_matrix(measure([])) is None
    broken = measure([])
    broken.add_error("12")
    assert draw_matrix(broken) is None, "no picture could be read"


def test_characters_of_positions_stand_over_their_columns() -> None:
    scores = scores_of([1, 2, 0, 0])
    decoded = decode(scores, ALPHABET, "position")
    reading = Reading(decoded.text, decoded.confidence, decoded.characters)
    picture = np.full((20, 60, 3), 255, np.uint8)
    sheet = opened(draw_inside(Inside(picture, reading, scores, ALPHABET, "position")))
    under = MARGIN + ROW + round(20 * STRIP_WIDTH / 60)
    dark = np.flatnonzero((sheet[under : under + ROW].max(axis=2) < 120).any(axis=0))
    columns = {int((x - GUTTER) // (STRIP_WIDTH / 4)) for x in dark}
    assert columns == {0, 1}, "not spread over those of the padding"


def test_characters_that_are_never_true_have_no_row() -> None:
    png = draw_matrix(measure([("1", "1"), ("1", "I"), ("1", "l")]))
    assert png is not None
    height, width, _ = opened(png).shape
    assert width - height == 3 * 40, "columns for 1, I, l and nothing; a row for 1"


def test_report_shows_the_matrix_and_what_characters_are_read_as(tmp_path: Path) -> None:
    class Stubborn:
        """Reads every picture as 0."""

        def read_many(self, images: object) -> list[Reading]:
            return [Reading("0", 0.5, ()) for _ in images]  # type: ignore[attr-defined]

    evaluation = evaluate(Stubborn(), open_source(DIGITS), limit=20)
    page = write_report(evaluation, tmp_path, title="stubborn").read_text(encoding="utf-8")
    assert (tmp_path / "confusion.png").read_bytes() == draw_matrix(evaluation.tally)
    assert "the confusion matrix" in page
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "](confusion.png)" in markdown
    ones = evaluation.tally.confusion["1", "0"]
    assert ones and f"| 1 | {ones} | 0 | 0.00% | 0 ({ones}) |" in markdown
