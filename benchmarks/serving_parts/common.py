"""What the tasks of benchmarks/serving.py share."""

from __future__ import annotations

import argparse
from pathlib import Path

from recording import ROOT, say

from captchalab import Reader
from captchalab.serving.loadtest.pictures import Pictures, collect, with_expected
from captchalab.serving.loadtest.report import write_report
from captchalab.serving.loadtest.run import Done
from captchalab.sources import open_source


def pictures_for(
    settings: argparse.Namespace, count: int, *models: str | None
) -> tuple[Pictures, list[Reader]]:
    """``count`` pictures unless the settings say otherwise, with what the models read; the readers."""
    readers = [Reader.open(model) for model in models]
    data = collect(open_source(settings.source), settings.pictures or count)
    say(f"{len(data):,} different pictures of {settings.source}")
    return with_expected(data, *readers), readers


def report(done: list[Done], folder: Path) -> None:
    """The load test's report of what was done, in ``folder``."""
    page = write_report(done, folder, title=folder.name, facts=())
    say(f"report: {page.relative_to(ROOT) if page.is_relative_to(ROOT) else page.name}")
