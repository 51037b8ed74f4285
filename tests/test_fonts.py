"""Fonts: what is bundled, what counts as held, groups, and fonts of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph
from matplotlib import get_data_path

from captchalab.errors import UsageError
from captchalab.reading.alphabet import Alphabet
from captchalab.synth.fonts import FOLDER, GROUPS, bundled, expand, load
from captchalab.synth.glyphs import glyphs, holders, holds
from captchalab.synth.source import SchemeSource

MEGABYTE = 1_000_000
PLAIN = Alphabet.parse("alnum+math").characters


def shape(font: str, character: str) -> bytes:
    coverage = glyphs((font,), (40,), character)[0].coverage
    assert coverage is not None
    return coverage.tobytes()


@pytest.mark.parametrize("font", bundled())
def test_bundled_font_has_all_ascii_and_its_licence(font: str) -> None:
    assert [c for c in PLAIN if not holds(font, c)] == []
    assert all(shape(font, c) for c in PLAIN)
    assert "icen" in (FOLDER / f"{font}.licence.txt").read_text(encoding="utf-8")
    assert font in (FOLDER.parents[3] / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("bundled_list", ["reading/chinese", "synth/data/words"])
def test_bundled_list_has_its_licence(bundled_list: str) -> None:
    package = FOLDER.parents[1]
    assert (package / f"{bundled_list}.txt").is_file()
    assert "ermission" in (package / f"{bundled_list}.licence.txt").read_text(encoding="utf-8")
    assert f"{bundled_list}.txt" in (package.parents[1] / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("font", sorted(set(bundled()) - set(GROUPS["capitals"])))
def test_all_characters_look_different(font: str) -> None:
    assert len({shape(font, c) for c in PLAIN}) == len(PLAIN)


@pytest.mark.parametrize("font", GROUPS["capitals"])
def test_capitals_look_different(font: str) -> None:
    capitals = Alphabet.parse("digits+upper+math").characters
    assert len({shape(font, c) for c in capitals}) == len(capitals)


def test_each_bundled_font_is_in_one_group() -> None:
    grouped = [font for fonts in GROUPS.values() for font in fonts]
    assert sorted(grouped) == bundled()
    assert len(bundled()) > 40


def test_the_fonts_stay_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in FOLDER.iterdir() if path.suffix != ".txt"}
    chinese = [sizes.pop(font) for font in GROUPS["chinese"]]
    assert max(chinese) < 1.5 * MEGABYTE
    assert sum(sizes.values()) < 2.5 * MEGABYTE


def test_groups_and_folders_stand_for_their_fonts(tmp_path: Path) -> None:
    assert expand(("mono", "DejaVuSans", "OCRA")) == (*GROUPS["mono"], "DejaVuSans")
    for name in ("ComicNeue-Bold.otf", "DejaVuSans.ttf"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "README").write_text("two fonts")
    paths = (str(tmp_path / "ComicNeue-Bold.otf"), str(tmp_path / "DejaVuSans.ttf"))
    assert expand((str(tmp_path),)) == paths
    # Greek is only in the second.
    assert holders((str(tmp_path),), "aΩ") == {"a": paths, "Ω": paths[1:]}
    source = SchemeSource("tangle", {"font": str(tmp_path), "alphabet": "aΩ"})
    assert len({source.sample(i).image.tobytes() for i in range(4)}) == 4


def test_a_font_of_ones_own(tmp_path: Path) -> None:
    copied = tmp_path / "mine.ttf"
    copied.write_bytes((FOLDER / "ComicNeue-Bold.otf").read_bytes())
    assert SchemeSource("lepture", {"font": str(copied)}).sample(0).image.std() > 5


def test_fonts_that_are_none_are_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    for font, message in (
        (tmp_path / "broken.ttf", "broken.ttf.* is not a TrueType"),
        (tmp_path, "broken.ttf.* is not a TrueType"),
        (tmp_path / "empty", "holds no .ttf"),
        (Path("DejaVuSanz"), "Did you mean 'DejaVuSans'"),
    ):
        with pytest.raises(UsageError, match=message) as caught:
            SchemeSource("lepture", {"font": str(font)})
        assert "\n" not in str(caught.value)


def polygon(points: list[tuple[int, int]]) -> Glyph:
    pen = TTGlyphPen(None)
    for i, point in enumerate(points):
        pen.lineTo(point) if i else pen.moveTo(point)
    if points:
        pen.closePath()
    return pen.glyph()


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A font that draws ``A``, maps ``B`` to a glyph without ink and ``C`` to its box, and has no ``D``."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "A", "blank"])
    builder.setupCharacterMap({ord("A"): "A", ord("B"): "blank", ord("C"): ".notdef"})
    box, triangle = TTGlyphPen(None), TTGlyphPen(None)
    for pen, points in (
        (box, ((0, 0), (0, 700), (400, 700), (400, 0))),
        (triangle, ((0, 0), (0, 700), (500, 0))),
    ):
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    builder.setupGlyf({".notdef": box.glyph(), "A": triangle.glyph(), "blank": TTGlyphPen(None).glyph()})
    builder.setupHorizontalMetrics({name: (600, 0) for name in (".notdef", "A", "blank")})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupPost()
    builder.setupNameTable({"familyName": "Gappy", "styleName": "Regular"})
    path = tmp_path_factory.mktemp("font") / "gappy.ttf"
    builder.save(path)
    return str(path)


def test_boxes_and_blanks_are_not_held(gappy: str) -> None:
    assert [c for c in "ABCD " if holds(gappy, c)] == ["A", " "]
    with pytest.raises(UsageError, match="has: B, C, D;"):
        holders((gappy,), "ABCD")
    assert holders((gappy, "DejaVuSans"), "AB") == {"A": (gappy, "DejaVuSans"), "B": ("DejaVuSans",)}


def test_a_font_of_one_box_for_all_holds_nothing() -> None:
    last_resort = Path(get_data_path()) / "fonts" / "ttf" / "LastResortHE-Regular.ttf"
    assert [c for c in PLAIN if holds(str(last_resort), c)] == []


@pytest.mark.parametrize("font", [*GROUPS["chinese"]])
def test_chinese_fonts_hold_the_common_characters(font: str) -> None:
    common = Alphabet.parse("chinese").characters
    assert [c for c in common if not holds(font, c)] == []
    assert load(font, 40).getlength("一") == 40
