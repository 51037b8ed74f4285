"""An evaluation -> report.html and report.md."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from captchalab.errors import UsageError
from captchalab.measuring.evaluate import Evaluation, Misread
from captchalab.measuring.markup import escape_markdown, percent, visible
from captchalab.measuring.report import mark_differences, prepare_report, write_report
from captchalab.measuring.thumbnail import thumbnail
from captchalab.reading.reader import Reading

HOSTILE = "<script>alert(1)</script>|`a`**b**[x](http://y)"


class Page(HTMLParser):
    """The text, tags and picture addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.pictures: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img" and dict(attrs).get("class") != "matrix":
            self.pictures.append(dict(attrs)["src"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def misread(text: str, read: str, level: int = 0, error: str | None = None, name: str = "a.png") -> Misread:
    import numpy as np

    picture = None if error else thumbnail(np.full((20, 40, 3), level, np.uint8))
    return Misread(name, text, Reading(read, 0.75, (), error=error), picture)


def evaluation_of(*rows: Misread, source: str = "a/folder") -> Evaluation:
    evaluation = Evaluation(source, {})
    evaluation.tally.add("right", "right")
    evaluation.calibration.add(0.99, True)
    for row in rows:
        if row.reading.error:
            evaluation.tally.add_error(row.text)
        else:
            evaluation.tally.add(row.text, row.reading.text)
            evaluation.calibration.add(row.reading.confidence, False)
    evaluation.misread += rows
    return evaluation


def test_html_carries_figures_and_pictures_inside(tmp_path: Path) -> None:
    path = write_report(evaluation_of(misread("a0b", "aOb")), tmp_path, title="My test", model="mine.onnx")
    assert path == tmp_path / "report.html"
    page = Page(path.read_text(encoding="utf-8"))
    for shown in ("My test", "mine.onnx", "a/folder", "50.00%", "9.45% to 90.55%", "75.00%"):
        assert shown in page.text
    assert page.tags.isdisjoint({"script", "link", "iframe"})
    (picture,) = page.pictures
    kind, data = picture.split(",")
    assert kind == "data:image/png;base64"
    (stored,) = (tmp_path / "mistakes").iterdir()
    assert base64.b64decode(data) == stored.read_bytes()


def test_hostile_texts_stay_texts_in_html(tmp_path: Path) -> None:
    rows = misread(HOSTILE, '"><img src=x onerror=alert(1)>', name="<b>.png"), misread("1", "", error=HOSTILE)
    html = write_report(evaluation_of(*rows, source=HOSTILE), tmp_path, title=HOSTILE).read_text("utf-8")
    page = Page(html)
    assert page.tags.isdisjoint({"script", "b>"})
    assert HOSTILE in page.text
    assert "<b>.png" in page.text
    assert len(page.pictures) == 1


def test_hostile_texts_stay_texts_in_markdown(tmp_path: Path) -> None:
    evaluation = evaluation_of(misread(HOSTILE, "`", name="a|b.png"), misread("1", "", error=HOSTILE))
    evaluation.skipped, evaluation.skipped_count = [("c|d.png", "the label\nis empty")], 1
    write_report(evaluation, tmp_path, title=HOSTILE)
    page = Page(
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render((tmp_path / "report.md").read_text("utf-8"))
    )
    assert page.tags.isdisjoint({"script", "a", "code", "em"})
    assert page.text.count(HOSTILE) == 3  # the title, the true text, the error
    assert "a|b.png" in page.text
    assert "c|d.png" in page.text
    assert (tmp_path / page.pictures[0]).is_file()


def test_every_markdown_table_is_rectangular(tmp_path: Path) -> None:
    write_report(evaluation_of(misread("|a|", "||"), misread("", "x y")), tmp_path, title="t")
    html = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render((tmp_path / "report.md").read_text("utf-8"))
    )
    tables = re.findall("<table>.*?</table>", html, re.DOTALL)
    assert len(tables) == 7
    for table in tables:
        rows = re.findall("<tr>.*?</tr>", table, re.DOTALL)
        assert len({len(re.findall("<t[dh]", row)) for row in rows}) == 1
    assert "|---" not in html


def test_differences_are_marked_place_by_place() -> None:
    truth, read = mark_differences("abcd", "aXd")
    assert [(mark.character, mark.kind) for mark in truth[:1] + truth[-1:]] == [("a", ""), ("d", "")]
    assert sorted(mark.kind for mark in truth) == ["", "", "wrong", "wrong"]
    assert sorted(mark.kind for mark in read) == ["", "", "gap", "wrong"]
    assert len(truth) == len(read)


def test_report_without_mistakes_says_so(tmp_path: Path) -> None:
    html = write_report(evaluation_of(), tmp_path, title="t").read_text("utf-8")
    assert "every picture was read right" in html
    assert "100.00%" in html


def test_pictures_beyond_the_cap_are_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captchalab.measuring.report.MAX_EMBEDDED_BYTES", 150)
    rows = [misread(str(level), "x", level) for level in (1, 2, 3)]
    page = Page(write_report(evaluation_of(*rows), tmp_path, title="t").read_text("utf-8"))
    assert len(page.pictures) == 1
    assert page.text.count("mistakes/") == 2
    assert len(list((tmp_path / "mistakes").iterdir())) == 3


def test_report_is_not_written_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write_report(evaluation_of(), tmp_path / "file", title="t")
    with pytest.raises(UsageError, match="is a file"):
        prepare_report(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_report_of_a_training_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    (tmp_path / "report.md").write_text("of the training")
    with pytest.raises(UsageError, match="is a run, which has its own report"):
        write_report(evaluation_of(), tmp_path, title="t")
    assert (tmp_path / "report.md").read_text() == "of the training"


def test_second_report_replaces_the_first(tmp_path: Path) -> None:
    write_report(evaluation_of(), tmp_path / "new" / "folder", title="old title")
    path = write_report(evaluation_of(), tmp_path / "new" / "folder", title="second")
    assert "old title" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1, "100.00%"),
        (0.99999, ">99.99%"),
        (0.9914, "99.14%"),
        (0.00001, "<0.01%"),
        (0, "0.00%"),
        (2, "200.00%"),
    ],
)
def test_percent_never_rounds_to_all_or_nothing(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_invisible_characters_are_named() -> None:
    assert visible("a b\u202e\n") == "a␣bU+202EU+000A"
    assert escape_markdown("a\nb") == "aU+000Ab"
    assert escape_markdown(7) == 7
