"""Schemes from TOML: everything that a declaration can say, said back, and every mistake named."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from captchalab.errors import UsageError
from captchalab.sources import open_source
from captchalab.synth.declaration import load_scheme, scheme_of, table_of
from captchalab.synth.declaration_text import toml_of
from captchalab.synth.declared_kinds import LETTERINGS, TEXTS
from captchalab.synth.declared_steps import effect_options
from captchalab.synth.declared_values import check_value, toml_value
from captchalab.synth.drawing import draw
from captchalab.synth.effects import EFFECTS
from captchalab.synth.fonts import FOLDER
from captchalab.synth.scheme import step
from captchalab.synth.schemes import SCHEMES

WHOLE = """
summary = "two lines of checks"
alphabet = "digits"
lengths = [4, 6]
width = 200
height = 70

[lettering]
kind = "row"
fonts = ["ComicNeue-Bold", "Caladea-Bold"]
rotation = [-20, 20]
colour = ["ink", "#aa0000"]
aliases = { "7" = "1" }

[palette]
background = "grey 230 250"
ink = [10, 120]

[[under]]
effect = "gradient"

[[on_text]]
effect = "ripple"
amplitude = [0.02, 0.06]
smooth = false

[[over]]
effect = "curves"
probability = 0.5
count = [1, 3]
colour = "#336699"
"""


def saved(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_is_a_declaration_that_loads_again(name: str) -> None:
    scheme = SCHEMES[name]
    assert scheme_of(table_of(scheme), name) == scheme
    assert scheme_of(tomllib.loads(toml_of(scheme)), name) == scheme


def test_every_option_of_every_effect_has_an_annotation_that_can_be_checked() -> None:
    for name in EFFECTS:
        for option, (hint, default) in effect_options(name).items():
            said = tomllib.loads(f"x = {toml_value(default)}")["x"]
            assert check_value(hint, said, f"{name}: {option}", default) == default
            assert option not in ("effect", "probability", "variant")


def test_every_kind_of_lettering_and_text_can_be_named() -> None:
    written = {table_of(scheme)["lettering"]["kind"] for scheme in SCHEMES.values()}
    assert written <= set(LETTERINGS)
    assert {table_of(scheme)["texts"]["kind"] for scheme in SCHEMES.values()} <= set(TEXTS)


def test_a_file_of_ones_own_draws_everywhere_a_scheme_does(tmp_path: Path) -> None:
    path = saved(tmp_path, WHOLE)
    scheme = load_scheme(path)
    assert (scheme.name, scheme.lengths, scheme.palette.ink) == ("mine", (4, 6), (10, 120))
    assert scheme.on_text == (step("ripple", amplitude=(0.02, 0.06), smooth=False),)
    assert scheme.over == (step("curves", probability=0.5, count=(1, 3), colour="#336699"),)
    assert scheme_of(tomllib.loads(toml_of(scheme)), "again") == scheme
    source = open_source(f"scheme:{path}?length=5&seed=3")
    first = source.sample(0)
    assert first.image.shape == (70, 200, 3) and len(first.text) == 5
    assert np.array_equal(open_source(source.name).sample(0).image, first.image)


GROUNDS = """
[[under]]
effect = "mottle"
count = 1
colour = "#ff0000"
variant = "red"

[[under]]
effect = "mottle"
count = 1
colour = "#0000ff"
variant = "blue"

[[over]]
effect = "negative"
variant = "blue"

[[over]]
effect = "jpeg"
"""


@pytest.mark.parametrize("like", ["hutool-line", "easycaptcha-gif", "random"])
def test_each_picture_is_of_one_variant_in_all_its_parts(tmp_path: Path, like: str) -> None:
    finish = {
        "hutool-line": "[lettering]\nopacity = 0.01\n",
        "easycaptcha-gif": '[lettering]\nopacity = 0.01\n[animation]\nanew = ["negative"]\n',
        "random": "",
    }[like]
    path = saved(tmp_path, f'like = "{like}"\nwidth = 160\nheight = 60\n{GROUNDS}{finish}')
    scheme = load_scheme(path)
    assert scheme_of(tomllib.loads(toml_of(scheme)), "again") == scheme
    kinds = Counter[str]()
    for index in range(40):
        red, green, blue = (int(each) for each in draw(scheme, 0, index)[0].reshape(-1, 3).mean(0))
        kinds["red" if red - max(green, blue) > 90 else "yellow" if min(red, green) - blue > 90 else "?"] += 1
    if like == "random":  # it draws more over them
        assert {"red", "yellow"} <= kinds.keys()
    else:
        assert kinds.keys() == {"red", "yellow"} and min(kinds.values()) >= 10


def test_like_changes_only_what_is_named(tmp_path: Path) -> None:
    text = 'like = "lepture"\nname = "me"\nheight = 80\n[lettering]\nrotation = 5\n[palette]\nink = [9, 9]\n'
    lepture = SCHEMES["lepture"]
    scheme = load_scheme(saved(tmp_path, text))
    assert scheme == replace(
        lepture,
        name="me",
        height=80,
        lettering=replace(lepture.lettering, rotation=5.0),
        palette=replace(lepture.palette, ink=(9, 9)),
    )
    other = load_scheme(
        saved(tmp_path, 'like = "lepture"\nover = []\n[lettering]\nkind = "row"\nfonts = ["DroidSansMono"]')
    )
    assert other.over == () and type(other.lettering) is LETTERINGS["row"]


def test_what_is_like_the_random_scheme_is_another_for_every_sample(tmp_path: Path) -> None:
    scheme = load_scheme(saved(tmp_path, 'like = "random"\nalphabet = "digits"\nlengths = [6, 6]'))
    assert type(scheme) is type(SCHEMES["random"]) and scheme.name == "mine"
    assert scheme_of(tomllib.loads(toml_of(scheme)), "again") == scheme
    samples = [open_source(f"scheme:{tmp_path / 'mine.toml'}").sample(i) for i in range(6)]
    assert all(len(sample.text) == 6 and sample.text.isdigit() for sample in samples)
    assert len({sample.image[0, 0].tobytes() for sample in samples}) > 1


def test_a_font_may_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.otf").write_bytes((FOLDER / "ComicNeue-Bold.otf").read_bytes())
    scheme = load_scheme(saved(tmp_path, 'like = "lepture"\n[lettering]\nfonts = ["own.otf"]'))
    assert scheme.lettering.fonts == (str(tmp_path / "own.otf"),)
    assert open_source(f"scheme:{tmp_path / 'mine.toml'}").sample(0).image.std() > 5
    assert table_of(scheme)["lettering"]["fonts"] == [str((tmp_path / "own.otf").absolute())]


def test_the_font_of_decoys_may_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.otf").write_bytes((FOLDER / "ComicNeue-Bold.otf").read_bytes())
    scheme = load_scheme(saved(tmp_path, LIKE + '[[over]]\neffect = "decoys"\nfont = "own.otf"'))
    assert scheme.over[0].options["font"] == str(tmp_path / "own.otf")
    assert table_of(scheme)["over"][0]["font"] == str((tmp_path / "own.otf").absolute())


def test_a_group_or_a_folder_of_fonts_is_a_font(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "own.otf").write_bytes((FOLDER / "ComicNeue-Bold.otf").read_bytes())
    path = saved(tmp_path, 'like = "lepture"\n[lettering]\nfonts = ["serif", "fonts"]')
    assert load_scheme(path).lettering.fonts == ("serif", str(tmp_path / "fonts"))
    assert table_of(load_scheme(path))["lettering"]["fonts"][0] == "serif"
    assert open_source(f"scheme:{path}").sample(0).image.std() > 5


def test_the_examples_of_the_docs_load_and_draw(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "schemes.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n# (\w+\.toml)\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in examples] == ["mine.toml", "grounds.toml", "whole.toml", "sums.toml"]
    for name, text in examples:
        source = open_source(f"scheme:{saved(tmp_path, text, name)}")
        assert len({source.sample(i).image.tobytes() for i in range(5)}) == 5


LIKE = 'like = "lepture"\n'
ROW = LIKE + '[lettering]\nkind = "row"\nfonts = ["sans"]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("width = 100", ("summary is missing", "like =")),
        ("width = = 1", ("not valid TOML", "line 1")),
        ('like = "leptur"', ("'lepture'", "like")),
        (LIKE + "widht = 100", ("'widht'", "'width'")),
        (LIKE + "width = 9", ("width = 9", "16 to 4096")),
        (LIKE + 'width = "wide"', ('width = "wide"', "whole number")),
        (LIKE + "width = true", ("width = true", "whole number")),
        (LIKE + "width = 200.0", ("width = 200", "without a point")),
        (LIKE + "width = " + "9" * 5000, ("not valid TOML",)),
        (LIKE + "x = " + "[" * 5000, ("not valid TOML",)),
        (LIKE + "summary = 2020-01-01", ("summary = 2020-01-01", "a text")),
        (LIKE + "[palette]\nink = [1, 2, 3]", ("ink = [1, 2, 3]", "[low, high]")),
        (LIKE + '[palette]\nink = "#ffffff"\nbackground = "#ffffff"', ("nothing can be read",)),
        (LIKE + '[[over]]\neffect = "contrast"\nbrightness = 1000', ("nothing can be read",)),
        (LIKE + '[[over]]\neffect = "lines"\nthickness = -3', ("thickness = -3", "0 to 200")),
        (LIKE + '[[over]]\neffect = "decoys"\nfont = "my.ttf"', ("(decoys): font", "my.ttf")),
        (LIKE + "[lettering]\nfonts = ['" + "a" * 300 + "']", ("fonts", "unknown font")),
        (LIKE + '[texts]\nkind = "syllables"\nconsonants = "b "', ("[texts]", "no blanks")),
        (LIKE + "lengths = [6, 4]", ("lengths = [6, 4]", "fewest")),
        (LIKE + "lengths = 4", ("lengths = 4", "[4, 4]")),
        (LIKE + 'alphabet = "aa"', ("alphabet", "twice")),
        ("like = [1]", ("like", "lepture")),
        (LIKE + '[[over]]\neffect = ["dots"]', ("[[over]] 1", "effect", "dots")),
        (LIKE + "[lettering]\nkind = {}", ("[lettering]", "kind", "row")),
        (LIKE + "palette = 3", ("palette = 3", "[palette]")),
        (LIKE + '[palette]\nink = "red"', ('ink = "red"', "#rrggbb")),
        (LIKE + "[palette]\nink = [200, 10]", ("ink = [200, 10]", "[10, 200]")),
        (LIKE + "[palette]\nink = [10, 400]", ("ink = [10, 400]", "255")),
        (LIKE + '[palette]\nink = "grey 9 3"', ('"grey 9 3"', "grey LOW HIGH")),
        (LIKE + '[palette]\nink = "ink"', ("[palette]", 'ink = "ink"', "#rrggbb")),
        (LIKE + '[palette]\nbackground = ["#aabbcc", "ink"]', ('background = "ink"', "[low, high]")),
        (LIKE + "[palette]\npaper = 3", ("[palette]", "'paper'", "background")),
        (LIKE + '[lettering]\nkind = "stretch"', ("[lettering]", "'stretched'")),
        (LIKE + '[lettering]\nkind = "row"', ("[lettering]", "fonts is missing")),
        (LIKE + '[lettering]\nfonts = ["DroidSansMon"]', ("[lettering]", "'DroidSansMono'")),
        (LIKE + '[lettering]\nfonts = "DroidSansMono"', ("fonts", "list")),
        (LIKE + "[lettering]\nsizes = [40, 4.5]", ("sizes", "4.5", "whole number")),
        (LIKE + "[lettering]\ngap_probability = 2", ("gap_probability = 2", "0 to 1")),
        (LIKE + '[lettering]\nkind="row"\nfonts=["Caladea-Bold"]\nplace="middle"', ("'middle'", "centred")),
        (LIKE + '[lettering]\nkind="row"\nfonts=["Caladea-Bold"]\nsize=[1]', ("size = [1]", "[low, high]")),
        (LIKE + '[texts]\nkind = "prose"', ("[texts]", "'prose'", "random")),
        (LIKE + 'over = "dots"', ('over = "dots"', "[[over]]")),
        (LIKE + "[[over]]\ncount = 3", ("[[over]] 1", "effect is missing", "dots")),
        (LIKE + '[[over]]\neffect = "dot"', ("[[over]] 1", "'dots'")),
        (LIKE + '[[over]]\neffect = "dots"\n[[over]]\neffect = "arc"\ncont = 3', ("2 (arc)", "'count'")),
        (LIKE + '[[over]]\neffect = "dots"\ncount = [9, 3]', ("(dots)", "count = [9, 3]", "[3, 9]")),
        (LIKE + '[[over]]\neffect = "dots"\ncount = inf', ("count = inf", "[low, high]")),
        (LIKE + '[[over]]\neffect = "dots"\ncolour = "#12345"', ('colour = "#12345"', "background")),
        (LIKE + '[[over]]\neffect = "dots"\nprobability = 3', ("probability = 3", "0 to 1")),
        (LIKE + '[[over]]\neffect = "dots"\nvariant = 3', ("variant = 3", "text")),
        (LIKE + '[[over]]\neffect = "ripple"\nsmooth = 1', ("smooth = 1", "true or false")),
        (LIKE + '[[on_text]]\neffect = "negative"', ("[[on_text]] 1", "'negative'", "ripple")),
        (LIKE + '[[over]]\neffect = "lines"\ncount = [-3, 2]', ("[[over]] 1 (lines)", "count = [-3, 2]")),
        (LIKE + '[[over]]\neffect = "dots"\ncount = 1e9', ("count = 1000000000", "100000")),
        (LIKE + '[[over]]\neffect = "jpeg"\nquality = 500', ("1 (jpeg)", "quality = 500", "1 to 100")),
        (LIKE + '[[over]]\neffect = "ripple"\nfill = "mirrored"', ('fill = "mirrored"', "ink", '"mirror"')),
        (LIKE + '[[over]]\neffect = "blur"\nradius = [1, 9999]', ("(blur)", "radius = [1, 9999]", "0 to 50")),
        (LIKE + '[[over]]\neffect = "ripple"\nperiod = 0', ("[[over]] 1 (ripple)", "period = 0", "0.01")),
        (LIKE + '[[over]]\neffect = "ellipses"\nsize = [-1, 1]', ("(ellipses)", "size = [-1", "0 to 1000")),
        (LIKE + '[[under]]\neffect = "photo"\nopacity = 1.5', ("[[under]] 1", "opacity = 1.5", "0 to 1")),
        (LIKE + "[lettering]\nsizes = []", ("sizes = []", "from 4")),
        (LIKE + "[lettering]\nsizes = [0]", ("sizes = [0]", "from 4")),
        (LIKE + "[lettering]\nwarp = [0.1, 3]", ("warp = [0.1, 3.0]", "0 to 1")),
        (LIKE + "[lettering]\nfonts = []", ("fonts = []", "at least one")),
        (LIKE + '[lettering]\nfonts = [""]', ('fonts = [""]', "at least one")),
        (LIKE + "[palette]\ncontrast = 300", ("[palette]", "contrast = 300", "0 to 255")),
        (LIKE + '[palette]\nink = "#ffffff"\ncontrast = 90', ("[palette]", "contrast = 90", "never")),
        (ROW + "size = 0", ("[lettering]", "size = 0", "0.05 to 10")),
        (ROW + "opacity = [0.5, 2]", ("opacity = [0.5, 2]", "0 to 1")),
        (ROW + "outline = 60000", ("outline = 60000", "0 to 50")),
        (ROW + 'aliases = { ab = "c" }', ("aliases", "'ab'", "one character")),
        (LIKE + '[texts]\nkind = "syllables"\nvowels = "a\\n"', ("cannot hold U+000A",)),
        (LIKE + '[texts]\nkind = "sums"\npad = -1', ("[texts]", "pad = -1", "0 to 16")),
        (LIKE + '[texts]\nkind = "sums"\nforms = ["1-3 / 0"]', ("[texts]", "'1-3 / 0'", "comes out even")),
        (LIKE + '[texts]\nkind = "syllables"\nvowel_first = 3', ("vowel_first = 3", "0 to 1")),
    ],
)
def test_every_mistake_is_one_line_with_file_key_and_what_is_allowed(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        open_source(f"scheme:{path}")
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    for word in words:
        assert word in message, message


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        open_source(f"scheme:{tmp_path / 'none.toml'}")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        open_source(f"scheme:{tmp_path / 'bytes.toml'}")


@pytest.mark.parametrize(
    "value", ['a "quoted" \\ text\n\x7f\u202e', "中文 ÷", 0.1, 1e-7, 3, True, ["a", [1, 2.5]]]
)
def test_values_are_written_as_toml_reads_them(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}") == {"x": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('like = "lepture"\nalphabet = "chinese"', "no font"),
        (ROW + 'aliases = { "1" = "\U0001f600" }', "no font"),
        (LIKE + '[texts]\nkind = "words"', "no word"),
        (LIKE + f'[texts]\nkind = "sums"\nsuffix = "{"=" * 99}"', "allowed are 64"),
    ],
)
def test_what_a_file_cannot_write_is_said_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(UsageError, match=words) as caught:
        open_source(f"scheme:{path}")
    assert str(caught.value).startswith(f"{path}: ")


def test_under_and_on_text_work_with_every_lettering(tmp_path: Path) -> None:
    """Stretched letters paint their own ground, but not over what is under them, nor on their own layer."""
    text = LIKE + 'over = []\n[palette]\nink = "#c08060"\nbackground = "#ffffff"\n'
    dark = '[[under]]\neffect = "negative"\n'  # takes no random numbers
    pictures = [
        open_source(f"scheme:{saved(tmp_path, text + more)}").sample(0).image.astype(int)
        for more in ("", dark, '[[on_text]]\neffect = "sine_wave"\namplitude = 0\n')
    ]
    plain, on_dark, alone = pictures
    full = np.abs(plain - (192, 128, 96)).max(axis=2) <= 2
    bare = (plain == 255).all(axis=2)
    assert full.mean() > 0.02 and np.abs(plain - on_dark)[full].max() <= 4
    assert bare.mean() > 0.2 and on_dark[bare].max() <= 2, "what is under the text is seen"
    assert np.abs(plain - alone).max() <= 2, "a layer with nothing done to it is the same picture"
    like = 'like = "random"\n[[on_text]]\neffect = "ripple"\n[[under]]\neffect = "gradient"\n'
    every = open_source(f"scheme:{saved(tmp_path, like)}")
    assert all(each.image.std() > 1 for each in every.samples(range(150)))
