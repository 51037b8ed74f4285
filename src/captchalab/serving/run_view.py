"""What the page of a run shows: its state in figures, its charts."""

from __future__ import annotations

from typing import Any

from captchalab.serving.charts import Chart, Series, draw_chart
from captchalab.serving.run_folders import Run


def summary(run: Run) -> dict[str, Any]:
    """A run in one line. Raises ``RunError`` where its metrics cannot be read."""
    return {
        "name": run.name,
        "state": run.state,
        "step": run.last("step"),
        "steps": run.steps,
        "left": _time(run.seconds_left),
        "pictures": run.last("pictures"),
        "per_second": run.last("pictures_per_second"),
        "best": run.best("validation_sequence_accuracy"),
        "sequence_accuracy": run.last("validation_sequence_accuracy"),
        "character_accuracy": run.last("validation_character_accuracy"),
        "loss": run.last("loss"),
    }


def charts(run: Run) -> list[Chart]:
    """Over the pictures seen. Raises ``RunError`` where its metrics cannot be read."""
    columns = run.metrics
    x = columns["pictures"]

    def chart(name: str, lines: dict[str, list[float]], **options: bool) -> Chart:
        return draw_chart(name, x, [Series(each, values) for each, values in lines.items()], **options)

    training, validation = (
        columns["train_sequence_accuracy"],
        columns["validation_sequence_accuracy"],
    )
    return [
        chart(
            "loss",
            {"series_training": columns["loss"], "series_validation": columns["validation_loss"]},
            log=True,
        ),
        chart(
            "accuracy",
            {
                "series_training": training,
                "series_validation": validation,
                "series_characters": columns["validation_character_accuracy"],
            },
            share=True,
        ),
        chart(
            "wrong_share",
            {
                "series_training": [1 - value for value in training],
                "series_validation": [1 - value for value in validation],
            },
            log=True,
            share=True,
        ),
        chart("speed", {"series_training": columns["pictures_per_second"]}, zero=True),
        chart("learning_rate", {"series_training": columns["learning_rate"]}, zero=True),
    ]


def _time(seconds: float | None) -> str:
    """``4:05``, ``1:02:03``; "" where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
