"""The pictures of a run folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import RunError
from captchalab.training.curves import COLUMNS, read_metrics
from captchalab.training.plots import GREEN, RED, plot_curves, plot_mistakes, plot_predictions, plot_samples


def picture(channels: int = 3, size: tuple[int, int] = (60, 160)) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 255, (*size, channels), dtype=np.uint8)


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def count(path: Path, colour: tuple[int, int, int]) -> int:
    """Pixels of about one colour."""
    return int((np.abs(pixels(path).astype(int) - colour).max(axis=2) < 40).sum())


def write_metrics(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    return path


def test_curves_draw_training_and_validation(tmp_path: Path) -> None:
    rows = [
        "10,1280,1.5,2.5,0.001,850,0.1,0.4,,,",
        "20,2560,3.0,0.5,0.002,850,0.8,0.9,0.6,0.75,0.85",
        "30,3840,4.5,0.1,0.001,850,0.9,0.95,0.2,1.0,1.0",
    ]
    plot_curves(write_metrics(tmp_path / "metrics.csv", rows), tmp_path / "curves.png")
    training_only = write_metrics(tmp_path / "early.csv", rows[:1])
    plot_curves(training_only, tmp_path / "early.png")
    blue, orange = (0x8A, 0xA4, 0xC8), (0xC2, 0x41, 0x0C)
    assert pixels(tmp_path / "curves.png").shape == (600, 960, 3)
    assert count(tmp_path / "curves.png", blue) > 500
    assert count(tmp_path / "curves.png", orange) > 1.5 * count(tmp_path / "early.png", orange)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "curves.png",
        "early.csv",
        "early.png",
        "metrics.csv",
    ]


def test_metrics_of_a_killed_training_are_read_up_to_the_cut(tmp_path: Path) -> None:
    path = write_metrics(tmp_path / "metrics.csv", ["1,2,3,4,5,6,7,8,,,", "2,4,6"])
    metrics = read_metrics(path)
    assert metrics["step"] == [1]
    assert np.isnan(metrics["validation_loss"]).all()


def test_training_without_a_first_step_has_a_picture_that_says_so(tmp_path: Path) -> None:
    plot_curves(write_metrics(tmp_path / "metrics.csv", []), tmp_path / "curves.png")
    assert pixels(tmp_path / "curves.png").std() > 0


def test_curves_survive_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    rows = ["1,2,3,nan,0.1,6,0,0,,,", "2,4,6,inf,0.1,6,0,0,,,"]
    plot_curves(write_metrics(tmp_path / "metrics.csv", rows), tmp_path / "curves.png")
    assert pixels(tmp_path / "curves.png").shape == (600, 960, 3)


def test_missing_or_foreign_metrics_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is missing"):
        plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    (tmp_path / "metrics.csv").write_text("step,loss\n1,2\n")
    with pytest.raises(RunError, match="lacks the columns pictures, seconds"):
        plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")


def test_samples_of_every_shape_stand_on_one_sheet(tmp_path: Path) -> None:
    shapes = [picture(), picture(1), picture()[:, :, 0], picture(size=(10, 12)), picture(size=(300, 900))]
    plot_samples([(array, "text") for array in shapes], tmp_path / "five.png")
    plot_samples([(picture(), "text")] * 200, tmp_path / "many.png")
    assert pixels(tmp_path / "five.png").shape[1] == 1048
    assert pixels(tmp_path / "many.png").shape[0] < 13 * 120


def test_sample_is_shown_unchanged(tmp_path: Path) -> None:
    shown = picture(size=(100, 150))
    plot_samples([(shown, "text")], tmp_path / "sheet.png")
    windows = np.lib.stride_tricks.sliding_window_view(pixels(tmp_path / "sheet.png"), shown.shape)
    assert (windows == shown).all(axis=(-1, -2, -3)).any()


@pytest.mark.parametrize("text", ["abc", "жλ№", "中文", "\U0001f600", "a" * 64, " ", ""])
def test_any_text_is_captioned(tmp_path: Path, text: str) -> None:
    white = np.full((40, 100, 3), 255, np.uint8)
    plot_samples([(white, text)], tmp_path / "with.png")
    plot_samples([(white, "|")], tmp_path / "bar.png")
    sheet, other = pixels(tmp_path / "with.png"), pixels(tmp_path / "bar.png")
    assert sheet.shape == other.shape
    assert not np.array_equal(sheet, other)


def test_characters_without_a_glyph_become_code_points(tmp_path: Path) -> None:
    plot_samples([(picture(), "\U00013000")], tmp_path / "missing.png")
    plot_samples([(picture(), "U+13000")], tmp_path / "named.png")
    assert np.array_equal(pixels(tmp_path / "missing.png"), pixels(tmp_path / "named.png"))


def test_predictions_are_green_where_right_and_red_where_wrong(tmp_path: Path) -> None:
    white = np.full((40, 100, 3), 255, np.uint8)
    plot_predictions([(white, "12", "12")], tmp_path / "right.png")
    plot_predictions([(white, "12", "13")], tmp_path / "wrong.png")
    assert count(tmp_path / "right.png", GREEN) > 300 > 0 == count(tmp_path / "right.png", RED)
    assert count(tmp_path / "wrong.png", RED) > 300 > 0 == count(tmp_path / "wrong.png", GREEN)


def test_mistakes_leave_out_what_was_right(tmp_path: Path) -> None:
    white = np.full((40, 100, 3), 255, np.uint8)
    plot_mistakes([(white, "12", "12"), (white, "12", "13"), (white, "1", "")], tmp_path / "mistakes.png")
    assert count(tmp_path / "mistakes.png", GREEN) == 0
    plot_mistakes([(white, "12", "12")], tmp_path / "none.png")
    assert count(tmp_path / "none.png", GREEN) > 300
    assert count(tmp_path / "none.png", RED) == 0


def test_empty_sheets_say_so(tmp_path: Path) -> None:
    plot_samples([], tmp_path / "samples.png")
    plot_predictions([], tmp_path / "predictions.png")
    assert pixels(tmp_path / "samples.png").std() > 0
    assert not np.array_equal(pixels(tmp_path / "samples.png"), pixels(tmp_path / "predictions.png"))
