"""Evaluation -> report.html (one file, pictures inside), report.md (pictures beside it), report.json."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captchalab import __version__
from captchalab.errors import MissingExtra, UsageError
from captchalab.measuring.evaluate import Evaluation, Misread
from captchalab.measuring.markup import escape_markdown, percent, visible
from captchalab.measuring.matrix import draw_matrix
from captchalab.reading.metrics import GAP, align, wilson

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_EMBEDDED_BYTES = 6 * 1024 * 1024
"""PNG bytes that report.html carries inside; further pictures are links into the folder ``mistakes``."""

MAX_ROWS = 100
"""Rows of the tables of confusions and characters (a Chinese alphabet has thousands)."""


@dataclass(frozen=True)
class Mark:
    """One place of an aligned text; ``kind`` is "" (as it should be), "wrong" or "gap" (nothing here)."""

    character: str
    kind: str


@dataclass(frozen=True)
class Mistake:
    """A misread picture as the templates show it; ``data_url`` is empty where the cap was reached."""

    name: str
    truth: list[Mark]
    read: list[Mark]
    confidence: float
    error: str
    file: str
    data_url: str


def write_report(
    evaluation: Evaluation, out_dir: str | Path, *, title: str, model: str | None = None
) -> Path:
    """Write ``report.html``, ``report.md`` and their pictures into ``out_dir``; the path of the first.

    ``model`` is the name to show instead of the one that the evaluation knows. Raises
    ``UsageError`` where ``out_dir`` is a file, ``MissingExtra`` without Jinja2.
    """
    out = prepare_report(out_dir)
    html, markdown = environments()
    context = _context(evaluation, title, model, _write_pictures(evaluation.misread, out))
    context["matrix"] = _write_matrix(evaluation, out)
    _write(out / "report.md", markdown.get_template("report.md").render(context))
    _write(out / "report.html", html.get_template("report.html").render(context))
    _write(out / "report.json", json.dumps(_record(context)))
    return out / "report.html"


def prepare_report(out_dir: str | Path) -> Path:
    """Make the folder of a report. Raises as ``write_report`` does."""
    environments()
    out = Path(out_dir)
    if (out / "recipe.toml").exists():
        raise UsageError(
            f"{out} is a run, which has its own report.md: write elsewhere, such as to {out / 'evaluation'}"
        )
    try:
        (out / "mistakes").mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{out} is a file; a report needs a folder, existing or new") from None
    return out


def environments(package: str = "captchalab.measuring") -> tuple[Environment, Environment]:
    """For HTML and for Markdown, with the templates of ``package``; both escape every value, as labels and
    file names are foreign text."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtra("train", "a report") from None

    def environment(**options: Any) -> Environment:
        loader = PackageLoader(package, "templates")
        made = Environment(
            loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options
        )
        made.filters.update(percent=percent, visible=visible)
        return made

    html = environment(autoescape=True)
    markdown = environment(autoescape=False, finalize=escape_markdown)
    return html, markdown


def _write(path: Path, text: str) -> None:
    # A source's path need not be UTF-8.
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def _write_pictures(misread: list[Misread], out: Path) -> list[Mistake]:
    """Every picture as a file called by its hash; the surest mistakes first, as they teach most."""
    mistakes = []
    room = MAX_EMBEDDED_BYTES
    for row in sorted(misread, key=lambda row: (row.reading.error is not None, -row.reading.confidence)):
        file = data_url = ""
        if row.picture is not None:
            file = f"mistakes/{sha256(row.picture).hexdigest()[:16]}.png"
            (out / file).write_bytes(row.picture)
            room -= len(row.picture)
            if room >= 0:
                data_url = _data_url(row.picture)
        mistakes.append(_mistake(row, file, data_url))
    return mistakes


def _write_matrix(evaluation: Evaluation, out: Path) -> str:
    """``confusion.png``, and the same for report.html; "" where the alphabet is too large for a matrix."""
    matrix = draw_matrix(evaluation.tally)
    if matrix is None:
        return ""
    (out / "confusion.png").write_bytes(matrix)
    return _data_url(matrix)


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode('ascii')}"


def _mistake(row: Misread, file: str, data_url: str) -> Mistake:
    truth, read = mark_differences(row.text, row.text if row.reading.error else row.reading.text)
    return Mistake(row.name, truth, read, row.reading.confidence, row.reading.error or "", file, data_url)


def mark_differences(truth: str, read: str) -> tuple[list[Mark], list[Mark]]:
    """Both texts place by place, so that what differs stands at the same place in both."""
    pairs = align(truth, read)

    def side(characters: list[str]) -> list[Mark]:
        return [
            Mark(character or GAP, "" if true == got else "wrong" if character else "gap")
            for character, (true, got) in zip(characters, pairs, strict=True)
        ]

    return side([true for true, _ in pairs]), side([got for _, got in pairs])


def _context(
    evaluation: Evaluation, title: str, model: str | None, mistakes: list[Mistake]
) -> dict[str, Any]:
    """What both templates show."""
    figures = evaluation.to_json()
    lengths = [{**row, "interval": wilson(row["right"], row["count"])} for row in figures["by_length"]]
    characters = [
        {**row, "read_as": _read_as(row["character"], figures["confusion"])}
        for row in figures["by_character"]
    ]
    characters.sort(key=lambda row: (row["accuracy"], -row["count"]))
    known = evaluation.model or {}
    return {
        "title": title,
        "version": __version__,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "model": model or known.get("name", ""),
        "sha256": known.get("sha256", ""),
        "figures": figures,
        "by_answer": evaluation.tally.by_answer,
        "wrong": figures["images"] - evaluation.tally.sequences.right,
        "edits": evaluation.tally.edits,
        "lengths": lengths,
        "characters": characters[:MAX_ROWS],
        "characters_left_out": max(0, len(characters) - MAX_ROWS),
        "confusion": figures["confusion"][:MAX_ROWS],
        "confusion_left_out": max(0, len(figures["confusion"]) - MAX_ROWS),
        "calibration": figures["calibration"],
        "skipped": evaluation.skipped,
        "mistakes": mistakes,
    }


def _record(context: dict[str, Any]) -> dict[str, Any]:
    """The figures, and of each mistake all but its pixels; marks are pairs (character, kind)."""
    mistakes = [
        {
            "name": mistake.name,
            "file": mistake.file,
            "true": [(mark.character, mark.kind) for mark in mistake.truth],
            "read": [(mark.character, mark.kind) for mark in mistake.read],
            "confidence": mistake.confidence,
            "error": mistake.error,
        }
        for mistake in context["mistakes"]
    ]
    return {"title": context["title"], **context["figures"], "mistakes": mistakes}


def _read_as(character: str, confusion: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a character was taken for instead, the most frequent first: three at most."""
    return [pair for pair in confusion if pair["true"] == character][:3]
