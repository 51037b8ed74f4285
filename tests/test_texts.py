"""Texts: what schemes write, and what they promise about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from captchalab.errors import UsageError
from captchalab.reading.alphabet import Alphabet, check_label
from captchalab.reading.arithmetic import evaluate
from captchalab.reading.chinese_numbers import from_chinese, in_chinese
from captchalab.synth.declaration import scheme_of, table_of
from captchalab.synth.drawing import draw, text_of
from captchalab.synth.randomness import random_for
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme
from captchalab.synth.source import SchemeSource
from captchalab.synth.sums import Sums
from captchalab.synth.texts import RandomTexts, Texts
from captchalab.synth.words import Syllables, Words

LOWER = Alphabet.parse("lower").characters
KINDS: dict[str, tuple[Texts, str, tuple[int, int]]] = {
    "random": (RandomTexts(), "ab12", (3, 5)),
    "random twice": (RandomTexts(twice="nz"), "mno", (4, 4)),
    "chinese": (RandomTexts(), Alphabet.parse("chinese").characters, (4, 4)),
    "sums": (Sums(), LOWER, (4, 4)),
    "sums padded": (Sums(forms=("0-99 + 0-99", "0-99 * 0-99"), suffix="=", pad=2), LOWER, (4, 4)),
    "sums divided": (Sums(forms=("0-9 / 1-9",), suffix="", spaced=True), LOWER, (4, 4)),
    "sums in words": (
        Sums(forms=("1-20 加 1-9", "1-20 减 1-9", "1-9 除以 1-9"), suffix="等于？", numerals="chinese"),
        LOWER,
        (4, 4),
    ),
    "words": (Words(), LOWER, (5, 8)),
    "words joined": (Words(making="joined", case="upper"), Alphabet.parse("upper").characters, (7, 9)),
    "words spliced": (Words(making="spliced"), LOWER, (6, 7)),
    "words with endings": (Words(endings=True), LOWER, (5, 8)),
    "syllables": (Syllables(), "", (9, 10)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def some(
    texts: Texts, alphabet: str = LOWER, lengths: tuple[int, int] = (4, 4), count: int = 2000
) -> list[str]:
    return [texts.choose(random_for(3, i), alphabet, lengths) for i in range(count)]


@every_kind
def test_texts_keep_their_characters_and_bounds(kind: str) -> None:
    texts, alphabet, lengths = KINDS[kind]
    chosen = some(texts, alphabet, lengths)
    allowed = texts.characters(alphabet)
    assert len(set(allowed)) == len(allowed)
    used = set("".join(chosen))
    assert used <= set(allowed)
    if len(allowed) < 100:
        assert used == set(allowed)
    shortest, longest = texts.bounds(lengths)
    assert {shortest, longest} <= set(map(len, chosen)) and max(map(len, chosen)) == longest
    assert min(map(len, chosen)) == shortest
    assert len(set(chosen)) > 30
    for text in chosen[:200]:
        assert check_label(text) == text
        assert texts.written(text).replace(" ", "") == text


@every_kind
def test_texts_are_drawn_and_declared(kind: str) -> None:
    texts, alphabet, lengths = KINDS[kind]
    scheme = Scheme(
        name="mine",
        summary="a test",
        lettering=RowLettering(fonts=("WenQuanYiMicroHei",)),
        alphabet=alphabet or "digits",
        lengths=lengths,
        texts=texts,
    )
    image, text = draw(scheme, 1, 2)
    assert text == text_of(scheme, 1, 2)
    assert image.std() > 5
    assert scheme_of(table_of(scheme), "mine") == scheme


def test_characters_that_come_twice_as_often() -> None:
    shares = Counter("".join(some(RandomTexts(twice="nq"), "mnop")))
    assert shares["n"] / sum(shares.values()) == pytest.approx(0.4, abs=0.02)
    assert shares["m"] / sum(shares.values()) == pytest.approx(0.2, abs=0.02)


def test_sums_as_libraries_write_them() -> None:
    ruoyi = Sums(
        forms=("0-9 * 0-9",) * 3 + ("0-9 - 0-9",) * 3 + ("0-9 + 0-9",) * 2 + ("0-9 / 0-9",), negative=False
    )
    chosen = some(ruoyi)
    assert all(re.fullmatch(r"\d[-+*/]\d=\?", text) for text in chosen)
    assert all(re.fullmatch(r"\d+", evaluate(text)) for text in chosen), "whole, and never negative"
    signs = Counter(text[1] for text in chosen)
    assert signs["*"] > 2 * signs["/"] > 200
    assert any(evaluate(text).startswith("-") for text in some(Sums(forms=("0-9 - 0-9",))))


def test_blanks_are_drawn_but_not_in_the_label() -> None:
    assert Sums(forms=("0-99 * 0-99",), suffix="=", pad=2).written("0*90=") == "0 *90="
    assert Sums(forms=("0-9 + 0-9", "0-9 - 0-9"), spaced=True).written("3-8=?") == "3 - 8 =?"
    chinese = Sums(forms=("1-9 除以 1-9",), numerals="chinese", suffix="等于？", spaced=True)
    assert chinese.written("八除以四等于？") == "八 除以 四 等于？"


@pytest.mark.parametrize(
    ("number", "words", "formal"),
    [
        (0, "零", "零"),
        (10, "十", "壹拾"),
        (12, "十二", "壹拾贰"),
        (20, "二十", "贰拾"),
        (99, "九十九", "玖拾玖"),
        (105, "一百零五", "壹佰零伍"),
        (110, "一百一十", "壹佰壹拾"),
        (1010, "一千零一十", "壹仟零壹拾"),
        (1005, "一千零五", "壹仟零伍"),
        (9999, "九千九百九十九", "玖仟玖佰玖拾玖"),
    ],
)
def test_numbers_in_chinese(number: int, words: str, formal: str) -> None:
    assert (in_chinese(number), in_chinese(number, formal=True)) == (words, formal)
    assert from_chinese(words) == from_chinese(formal) == number


def test_sums_in_chinese_words_are_worked_out() -> None:
    assert all(from_chinese(in_chinese(n, formal)) == n for n in range(10_000) for formal in (False, True))
    assert from_chinese("两百") == from_chinese("二百") == 200 and from_chinese("二〇") is None
    forms = "0-99 加 0-999", "0-99 减 0-9999", "0-99 乘以 0-99", "0-99 除以 1-9"
    for seed in range(100):
        plain, *spelled = (
            Sums(forms, numerals=numerals, suffix="等于？").choose(random_for(seed, 0), "", (0, 0))
            for numerals in ("digits", "chinese", "formal")
        )
        assert [evaluate(text) for text in spelled] == [evaluate(plain)] * 2, spelled


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"forms": ()}, "at least one form"),
        ({"forms": ("0-9 +",)}, "is no form"),
        ({"forms": ("0-9 2 0-9",)}, "is no form"),
        ({"forms": ("9-1 + 0-9",)}, "smaller number"),
        ({"forms": ("7-7 / 2-2",)}, "comes out even"),
        ({"forms": ("1-3 / 0",)}, "comes out even"),
        ({"pad": 17}, "from 0 to 16"),
        ({"numerals": "roman"}, "unknown numerals"),
    ],
)
def test_wrong_sums_are_one_line(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Sums(**fields)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("form", "only"), [("5-6 / 4-5", "5/5=?"), ("1 / 0-1", "1/1=?")])
def test_a_division_comes_out_even_wherever_one_does(form: str, only: str) -> None:
    sums = Sums(forms=(form,))
    assert {sums.choose(random_for(0, i), "", (1, 1)) for i in range(50)} == {only}


def test_words_are_of_the_list_and_within_alphabet_and_lengths(tmp_path: Path) -> None:
    listed = tmp_path / "words.txt"
    listed.write_text("oak\n elm \n\nbirch\nPine\n", encoding="utf-8")
    assert set(some(Words(str(listed)), LOWER, (1, 9))) == {"oak", "elm", "birch"}
    assert set(some(Words(str(listed), case="lower"), LOWER, (4, 9))) == {"pine", "birch"}
    assert set(some(Words(str(listed), case="title"), Alphabet.parse("letters").characters, (3, 3))) == {
        "Oak",
        "Elm",
    }
    joined = {a + b for a in ("oak", "elm") for b in ("oak", "elm")}
    assert set(some(Words(str(listed), making="joined"), LOWER, (6, 7))) == joined
    assert set(some(Words(str(listed), making="spliced"), LOWER, (3, 3))) == {"oak", "elm", "olm", "eak"}


def test_endings_are_spelled_by_the_rules(tmp_path: Path) -> None:
    listed = tmp_path / "words.txt"
    listed.write_text("bake\ntry\nsit\nbox\nplay\nagree\ntexted\n", encoding="utf-8")
    expected = {
        *("bake", "bakes", "baked", "baker", "bakers", "baking", "bakely"),
        *("try", "tries", "tried", "trier", "triers", "trying", "trily"),
        *("sit", "sits", "sitted", "sitter", "sitters", "sitting", "sitly"),
        *("box", "boxes", "boxed", "boxer", "boxers", "boxing", "boxly"),
        *("play", "plays", "played", "player", "players", "playing", "playly"),
        *("agree", "agrees", "agreed", "agreer", "agreers", "agreeing", "agreely"),
        "texted",
    }
    assert set(some(Words(str(listed), endings=True), LOWER, (3, 8))) == expected


def test_lists_without_words_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("\n", encoding="utf-8")
    (tmp_path / "latin1.txt").write_bytes(b"caf\xe9\n")
    for make, message in (
        (lambda: Words(str(tmp_path / "none.txt")), "no word in"),
        (lambda: Words(str(tmp_path / "latin1.txt")), "not UTF-8"),
        (lambda: Words(str(tmp_path / "missing.txt")), "cannot read the list"),
        (lambda: Words(making="mixed"), "unknown making"),
        (lambda: some(Words(), "0123", (4, 4)), "no word of 4 to 4"),
        (lambda: some(Words(making="joined"), LOWER, (2, 3)), "no word of 2 to 3"),
        (lambda: Syllables(vowels=""), "at least one consonant and one vowel"),
    ):
        with pytest.raises(UsageError, match=message) as caught:
            make()
        assert "\n" not in str(caught.value)


def test_syllables_alternate() -> None:
    chosen = some(Syllables(), lengths=(9, 10))
    assert all(re.fullmatch(r"[aeiou]?([^aeiou][aeiou])*[^aeiou]?", text) for text in chosen)
    assert 0.1 < sum(text[0] in "aeiou" for text in chosen) / len(chosen) < 0.3


def test_sources_of_texts_declare_their_own_alphabet_and_lengths(tmp_path: Path) -> None:
    (tmp_path / "trees.txt").write_text("oak\nelm\n", encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text('like = "lepture"\n[texts]\nkind = "sums"\nforms = ["0-19 + 1-9"]\n', encoding="utf-8")
    source = SchemeSource(str(mine))
    assert (source.alphabet.characters, source.lengths) == ("0123456789+=?", (5, 6))
    with pytest.raises(UsageError, match="leave alphabet= out"):
        SchemeSource(str(mine), {"alphabet": "digits"})
    words = 'alphabet = "lower"\nlengths = [3, 3]\n[texts]\nkind = "words"\nfile = "trees.txt"\n'
    mine.write_text(f'like = "lepture"\n{words}', encoding="utf-8")
    assert {SchemeSource(str(mine)).text(i) for i in range(20)} == {"oak", "elm"}
    with pytest.raises(UsageError, match="no word of 5 to 5"):
        SchemeSource(str(mine), {"length": "5"})


def test_chinese_alphabet() -> None:
    source = SchemeSource("tangle", {"alphabet": "chinese", "font": "chinese"})
    assert len(source.alphabet) == 3500
    assert len(source.text(0)) in range(4, 7) and source.sample(0).image.std() > 5
    assert replace(source.scheme, alphabet="chinese") == source.scheme
