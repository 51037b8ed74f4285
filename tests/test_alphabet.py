"""Alphabets and labels: what may stand in them, and messages that name what may not."""

from __future__ import annotations

import pickle
import unicodedata

import pytest

from captchalab.errors import LabelError, UsageError
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, PRESETS, Alphabet, check_label, normalise


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_round_trip(name: str) -> None:
    alphabet = Alphabet.parse(name)
    assert alphabet.characters == PRESETS[name]
    assert alphabet.classes == len(alphabet) + 1 == len(PRESETS[name]) + 1
    indices = alphabet.encode(alphabet.characters)
    assert indices == list(range(1, alphabet.classes))
    assert alphabet.decode(indices) == alphabet.characters


def test_parse() -> None:
    assert Alphabet.parse("digits+upper").characters == PRESETS["digits"] + PRESETS["upper"]
    assert Alphabet.parse("alnum+digits").characters == PRESETS["alnum"]
    assert Alphabet.parse("2345+x").characters == "2345+x"
    with pytest.raises(UsageError, match=r"twice here: i \(presets.*digits"):
        Alphabet.parse("digit")
    assert Alphabet.parse("e\u0301x").characters == "éx"


def test_decode_leaves_blanks_out() -> None:
    assert Alphabet("abc").decode([0, 3, 0, 0, 1, 1]) == "caa"


def test_membership_and_identity() -> None:
    alphabet = Alphabet("ab码")
    assert "码" in alphabet and "c" not in alphabet and 1 not in alphabet
    assert alphabet == Alphabet("ab码") != Alphabet("ba码")
    assert pickle.loads(pickle.dumps(alphabet)).encode("码") == [3]
    assert hash(alphabet) == hash(Alphabet("ab码"))


@pytest.mark.parametrize(
    ("characters", "named"),
    [
        ("", "at least one"),
        ("abca", "twice here: a"),
        ("e\u0301", "NFC"),
        ("ab\n", r"U\+000A"),
        ("ab\u202e", r"U\+202E"),
        ("ab\ud800", r"U\+D800"),
    ],
)
def test_alphabets_that_cannot_be(characters: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Alphabet(characters)


def test_of_texts() -> None:
    assert Alphabet.of_texts(["ba", "e\u0301b", ""]).characters == "abé"
    with pytest.raises(UsageError, match="--alphabet"):
        Alphabet.of_texts(["", ""])


def test_encode_normalises_and_names_what_is_missing() -> None:
    assert Alphabet("é").encode(unicodedata.normalize("NFD", "é")) == [1]
    with pytest.raises(LabelError, match=r"outside the alphabet: U\+0020, b"):
        Alphabet("a").encode("a b")
    assert normalise("e\u0301") == "é"


@pytest.mark.parametrize("label", ["0007", "码", " a ", "a" * MAX_LABEL_LENGTH, '+-=?"/\\', "😀"])
def test_labels(label: str) -> None:
    assert check_label(label) == label


@pytest.mark.parametrize(
    ("label", "named"),
    [
        ("", "empty"),
        (" \u3000", "empty"),
        ("a" * (MAX_LABEL_LENGTH + 1), "65 characters; at most 64"),
        ("a\tb", r"U\+0009"),
        ("a\u2028b", r"U\+2028"),
        ("a\u200fb", r"U\+200F"),
        ("\ufeffa", r"U\+FEFF"),
        ("a\x00", r"U\+0000"),
    ],
)
def test_labels_that_cannot_be(label: str, named: str) -> None:
    with pytest.raises(LabelError, match=named):
        check_label(label)
