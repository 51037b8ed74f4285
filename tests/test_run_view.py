"""What the pages make of a real run folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from captchalab import Reader
from captchalab.errors import RunError
from captchalab.measuring.evaluate import evaluate
from captchalab.measuring.report import write_report
from captchalab.serving.charts import Series, compact, draw_chart
from captchalab.serving.reports import find_report
from captchalab.serving.run_folders import Run
from captchalab.serving.run_view import charts, summary
from captchalab.sources import open_source
from captchalab.training.fit import FitResult


def test_a_training_is_summed_up(trained: FitResult) -> None:
    run = Run("it", trained.run)
    told = summary(run)
    assert (told["state"], told["step"], told["steps"]) == ("done", 120, 120)
    assert told["sequence_accuracy"] == pytest.approx(trained.validation["sequence_accuracy"], abs=0.05)
    assert told["best"] >= told["sequence_accuracy"]
    drawn = {chart.name: [line.name for line in chart.lines] for chart in charts(run)}
    assert drawn["loss"] == ["series_training", "series_validation"]
    assert drawn["accuracy"] == ["series_training", "series_validation", "series_characters"]
    assert all(drawn.values())


def test_the_report_of_a_training_stands_in_for_one_of_an_evaluation(trained: FitResult) -> None:
    report = find_report(trained.run / "model.onnx", Reader.open(trained.run).sha256)
    assert report is not None and report.figures == {} and report.pictures == {"mistakes.png"}
    written = (trained.run / "report.md").read_text("utf-8")
    assert written.count(" read as ") == len(report.confusion) > 0
    for pair in report.confusion:
        assert f"- {pair['true']} read as {pair['read']}: {pair['count']}\n" in written


def test_a_bundled_model_has_the_report_that_is_written_where_the_server_runs(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step\n")  # of some run: none of a bundled model's
    sha256 = Reader.open().sha256
    assert find_report(tmp_path / "small", sha256) is None
    report = evaluate(Reader.open(), open_source("scheme:lepture?length=4"), limit=4)
    write_report(report, tmp_path / "evaluation", title="t")
    found = find_report(tmp_path / "small", sha256)
    assert found is not None and found.figures["images"] == 4
    assert find_report(tmp_path / "small", "0" * 64) is None


def test_a_run_that_was_cut_short_has_stopped(trained: FitResult, tmp_path: Path) -> None:
    for name in ("metrics.csv", "recipe.toml"):
        shutil.copy(trained.run / name, tmp_path)
    assert Run("it", tmp_path).state == "going"
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    (tmp_path / "metrics.csv").write_text("\n".join([*rows[:3], rows[3][:5]]))
    run = Run("it", tmp_path)
    step = int(rows[2].split(",")[0])
    assert run.last("step") == step
    assert run.seconds_left == pytest.approx(float(rows[2].split(",")[2]) / step * (120 - step))
    (tmp_path / "metrics.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(RunError):
        summary(Run("it", tmp_path))


def test_charts_scale_and_thin_out() -> None:
    x = [float(step) for step in range(1, 2001)]
    chart = draw_chart("loss", x, [Series("a", [1000 / step for step in x])], log=True)
    (line,) = chart.lines
    assert line.last == "0.5" and line.path.count("L") <= 400
    assert [label for _, label in chart.y_ticks] == ["0.1", "1", "10", "100", "1k"]
    share = draw_chart("accuracy", [1.0, 2.0], [Series("a", [0.5, 1.0])], share=True)
    assert (share.lines[0].last, share.y_ticks[-1]) == ("100%", (10.0, "100%"))
    assert draw_chart("loss", [], [Series("a", [])], log=True).lines == []
    assert [compact(value) for value in (332800, 0.00075, 999.9, 0)] == ["333k", "7.5e-4", "1k", "0"]
