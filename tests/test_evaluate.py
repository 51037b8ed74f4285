"""A reader and a source -> figures."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.measuring.calibrate import Calibration
from captchalab.measuring.evaluate import MISREAD_KEPT, evaluate
from captchalab.reading.image import load_image
from captchalab.reading.metrics import wilson
from captchalab.reading.reader import Reader, Reading
from captchalab.samples.folder import FolderSource
from captchalab.samples.sample import Sample
from captchalab.sources import open_source


def picture_of(number: int) -> NDArray[np.uint8]:
    """A picture whose grey level is the number that its reader answers."""
    return np.full((20, 40, 3), number, np.uint8)


class GreyReader:
    """Reads the grey level of a picture as its text; a neighbour, so that a test knows every answer."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []

    def read_many(self, images: Iterable[Any]) -> list[Reading]:
        self.batches.append(list(images))
        return [self.answer(image) for image in self.batches[-1]]

    def answer(self, image: Any) -> Reading:
        try:
            level = int(load_image(image)[0, 0, 0])
        except ImageError as error:
            return Reading("", 0.0, (), error=str(error))
        return Reading(str(level), 0.9, ())


class Greys:
    """An endless source; ``wrong`` are labelled with another number, ``bad`` with no usable label."""

    name = "greys"

    def __init__(self, size: int | None = None, wrong: Iterable[int] = (), bad: Iterable[int] = ()) -> None:
        self.size = size
        self.wrong = set(wrong)
        self.bad = set(bad)

    def text(self, index: int) -> str:
        if index in self.bad:
            raise LabelError("the label is empty")
        return "777" if index in self.wrong else str(index % 256)

    def sample(self, index: int) -> Sample:
        return Sample(picture_of(index % 256), self.text(index), f"0/{index}")


def folder_with(folder: Path, files: dict[str, bytes]) -> FolderSource:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return FolderSource(folder)


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture_of(number)).save(buffer, "PNG")
    return buffer.getvalue()


def test_every_sample_is_read_once_in_batches() -> None:
    reader, seen = GreyReader(), []
    evaluation = evaluate(
        reader, Greys(100, wrong=[3]), batch_size=30, keep_rows=True, on_progress=lambda *p: seen.append(p)
    )
    assert [len(batch) for batch in reader.batches] == [30, 30, 30, 10]
    assert seen == [(30, 100), (60, 100), (90, 100), (100, 100)]
    assert [row.reading.text for row in evaluation.rows] == [str(i) for i in range(100)]
    assert [(row.name, row.text) for row in evaluation.misread] == [("0/3", "777")]


def test_json_has_the_promised_keys() -> None:
    figures = evaluate(GreyReader(), Greys(50, wrong=[3, 4])).to_json()
    json.dumps(figures, allow_nan=False)
    assert figures["images"] == 50
    assert figures["sequence_accuracy"] == 48 / 50
    assert (figures["sequence_accuracy_low"], figures["sequence_accuracy_high"]) == wilson(48, 50)
    assert figures["sequence_accuracy_folded"] == 48 / 50
    assert 0 < figures["character_error_rate"] < 1
    assert 0 < figures["character_accuracy"] < 1
    assert figures["milliseconds_per_image"] > 0
    assert figures["source"] == "greys"
    assert figures["model"] is None
    assert figures["calibration"]["expected_calibration_error"] == pytest.approx(48 / 50 - 0.9)
    assert sum(row["count"] for row in figures["confusion"]) == 6
    assert sum(row["count"] for row in figures["by_length"]) == 50


def test_readings_at_rest_start_from_the_bytes_of_the_file(tmp_path: Path) -> None:
    source = folder_with(tmp_path, {"7_a.png": png(7), "8_a.png": png(8)})
    reader = GreyReader()
    evaluation = evaluate(reader, source)
    assert evaluation.tally.sequence_accuracy == 1
    assert sorted(reader.batches[0]) == sorted([png(7), png(8)])


def test_unreadable_picture_is_a_wrong_row_and_does_not_end_the_run(tmp_path: Path) -> None:
    source = folder_with(tmp_path, {"7_a.png": png(7), "8_a.png": png(8)[:40]})
    evaluation = evaluate(GreyReader(), source, keep_rows=True)
    figures = evaluation.to_json()
    assert (figures["images"], figures["errors"], figures["sequence_accuracy"]) == (2, 1, 0.5)
    assert [row.reading.error is None for row in evaluation.rows] == [True, False]
    assert evaluation.misread[0].picture is None
    assert evaluation.calibration.total == 1


def test_file_that_vanished_is_a_wrong_row(tmp_path: Path) -> None:
    source = folder_with(tmp_path, {"7_a.png": png(7), "8_a.png": png(8)})
    (tmp_path / "8_a.png").unlink()
    assert evaluate(GreyReader(), source).tally.errors == 1


def test_bad_labels_are_skipped_and_named() -> None:
    evaluation = evaluate(GreyReader(), Greys(10, bad=[2, 5]))
    assert evaluation.to_json()["images"] == 8
    assert evaluation.to_json()["skipped"] == 2
    assert evaluation.skipped[0] == ("greys#2", "the label is empty")


def test_bad_labels_at_rest_are_skipped_too(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,text\na.png,7\nb.png,\n")
    evaluation = evaluate(GreyReader(), folder_with(tmp_path, {"a.png": png(7), "b.png": png(8)}))
    assert evaluation.tally.sequences.total == 1
    assert evaluation.skipped == [("b.png", "the label is empty")]


def test_empty_source_is_refused() -> None:
    with pytest.raises(UsageError, match="no labelled pictures"):
        evaluate(GreyReader(), Greys(0))


def test_source_with_bad_labels_only_is_refused() -> None:
    with pytest.raises(UsageError, match="greys#0: the label is empty"):
        evaluate(GreyReader(), Greys(3, bad=[0, 1, 2]))


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="limit=0: at least 1"):
        evaluate(GreyReader(), Greys(3), limit=0)
    with pytest.raises(UsageError, match="batch_size=0: at least 1"):
        evaluate(GreyReader(), Greys(3), batch_size=0)


def test_characters_that_the_model_lacks_are_named() -> None:
    reader = Reader.open()
    known = evaluate(reader, open_source("scheme:lepture?alphabet=digits"), limit=5)
    lacking = evaluate(reader, open_source("scheme:lepture?alphabet=%2B-&length=4"), limit=5)
    assert not known.notes
    assert any("knows none of these characters of the texts: +, -" in note for note in lacking.notes)


def test_limit_spreads_over_a_sorted_source() -> None:
    evaluation = evaluate(GreyReader(), Greys(100), limit=4, keep_rows=True)
    assert [row.text for row in evaluation.rows] == ["0", "25", "50", "75"]
    assert evaluation.notes == ["4 of 100 pictures were read, spread evenly"]


def test_endless_source_needs_a_limit_or_takes_ten_thousand() -> None:
    assert evaluate(GreyReader(), Greys(), limit=20).tally.sequences.total == 20
    evaluation = evaluate(GreyReader(), Greys(), batch_size=1000)
    assert evaluation.tally.sequences.total == 10_000
    assert "10,000" in evaluation.notes[0]


def test_misread_pictures_are_kept_up_to_a_cap_and_rows_only_on_request() -> None:
    evaluation = evaluate(GreyReader(), Greys(300, wrong=range(300)))
    assert len(evaluation.misread) == MISREAD_KEPT
    assert evaluation.rows == []
    kept = evaluation.misread[9].picture
    assert kept is not None
    assert np.array_equal(load_image(kept), picture_of(9))


def test_reader_that_loses_pictures_is_refused() -> None:
    class Lossy(GreyReader):
        def read_many(self, images: Iterable[Any]) -> list[Reading]:
            return super().read_many(images)[1:]

    with pytest.raises(UsageError, match="9 readings of 10 pictures"):
        evaluate(Lossy(), Greys(10))


def test_answers_are_compared_on_request() -> None:
    class Arithmetic(GreyReader):
        def answer(self, image: Any) -> Reading:
            return Reading(f"{image[0, 0, 0]}+0=?", 0.9, ())

    assert evaluate(Arithmetic(), Greys(20), by_answer=True).tally.sequence_accuracy == 1
    assert evaluate(Arithmetic(), Greys(20)).tally.sequence_accuracy == 0


def test_calibration_bins_and_refusals() -> None:
    calibration = Calibration()
    for confidence, right in [
        (0.95, True),
        (0.95, False),
        (0.55, True),
        (0.0, False),
        (1.0, True),
        (1.5, True),
    ]:
        calibration.add(confidence, right)
    figures = calibration.to_json()
    assert [row["count"] for row in figures["bins"]] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 4]
    assert figures["bins"][9]["accuracy"] == 0.75
    assert figures["bins"][9]["confidence"] == pytest.approx(3.9 / 4)
    assert figures["expected_calibration_error"] == pytest.approx((0 + 0.45 + 0.9) / 6)
    refused = {row["min_confidence"]: row for row in figures["rejection"]}
    assert (refused[0.0]["answered"], refused[0.0]["accuracy"]) == (1, 4 / 6)
    assert (refused[0.9]["answered"], refused[0.9]["accuracy"]) == (4 / 6, 3 / 4)
    assert (refused[0.99]["answered"], refused[0.99]["accuracy"]) == (2 / 6, 1)


def test_calibration_of_nothing() -> None:
    assert Calibration().to_json()["expected_calibration_error"] == 0
