"""Texts against truths."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchalab.reading.metrics import GAP, Tally, align, answer_of, measure, sign_test, wilson

WORDS = st.text(alphabet="abc0", max_size=7)


def distance(a: str, b: str) -> int:
    """Levenshtein distance by its definition."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(8, 10, 0.490162, 0.943318), (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_interval(right: int, total: int, low: float, high: float) -> None:
    assert wilson(right, total) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(
    ("one", "other", "chance"),
    [(0, 0, 1.0), (5, 5, 1.0), (6, 0, 2 / 64), (8, 2, 112 / 1024), (2, 8, 112 / 1024)],
)
def test_sign_test_is_exact(one: int, other: int, chance: float) -> None:
    assert sign_test(one, other) == chance


def test_wilson_interval_narrows_with_more_pictures() -> None:
    small, large = wilson(99, 100), wilson(9900, 10_000)
    assert small[0] < large[0] < 0.99 < large[1] < small[1]


@given(WORDS, WORDS)
def test_alignment_is_a_shortest_edit_path(truth: str, read: str) -> None:
    pairs = align(truth, read)
    assert "".join(true for true, _ in pairs) == truth
    assert "".join(got for _, got in pairs) == read
    assert sum(true != got for true, got in pairs) == distance(truth, read)


def test_figures() -> None:
    tally = measure([("1234", "1234"), ("aB", "ab"), ("777", "7a77"), ("0000", "000"), ("89", "86")])
    figures = tally.to_json()
    assert figures["images"] == 5
    assert figures["errors"] == 0
    assert figures["sequence_accuracy"] == 1 / 5
    assert (figures["sequence_accuracy_low"], figures["sequence_accuracy_high"]) == wilson(1, 5)
    assert figures["sequence_accuracy_folded"] == 2 / 5
    assert figures["character_accuracy"] == (4 + 1 + 3 + 3 + 1) / 15
    assert figures["character_error_rate"] == 4 / 15


def test_confusion_names_replaced_lost_and_invented_characters() -> None:
    tally = measure([("00", "OO"), ("0a", "Oa"), ("12", "1"), ("5", "55")])
    assert tally.confusions() == [("0", "O", 3), (GAP, "5", 1), ("2", GAP, 1)]


def test_accuracy_per_length_and_per_character() -> None:
    figures = measure([("ab", "ab"), ("ab", "ac"), ("b", "b")]).to_json()
    assert figures["by_length"] == [
        {"length": 1, "count": 1, "right": 1, "accuracy": 1.0},
        {"length": 2, "count": 2, "right": 1, "accuracy": 0.5},
    ]
    assert figures["by_character"] == [
        {"character": "a", "count": 2, "right": 2, "accuracy": 1.0},
        {"character": "b", "count": 3, "right": 2, "accuracy": 2 / 3},
    ]


def test_far_too_long_reading_has_an_error_rate_above_one() -> None:
    tally = measure([("1", "123")])
    assert tally.character_error_rate == 2
    assert tally.character_accuracy == 1


def test_texts_are_compared_in_nfc() -> None:
    tally = measure([("caf\u00e9", "cafe\u0301")])
    assert tally.sequence_accuracy == 1
    assert tally.characters.total == 4


def test_unreadable_picture_is_wrong_but_confuses_nothing() -> None:
    tally = Tally()
    assert tally.add("12", "12")
    tally.add_error("345")
    figures = tally.to_json()
    assert (figures["images"], figures["errors"]) == (2, 1)
    assert figures["sequence_accuracy"] == figures["sequence_accuracy_folded"] == 0.5
    assert figures["character_accuracy"] == 2 / 5
    assert figures["character_error_rate"] == 3 / 5
    assert figures["confusion"] == []


@pytest.mark.parametrize(
    ("truth", "read", "right"),
    [
        ("3+8=?", "3+8", True),
        ("3x8=", "3*8=?", True),
        ("11", "3+8=?", True),
        ("4+7=?", "3+8=?", True),
        ("12", "3+8=?", False),
        ("3+8=?", "3+9=?", False),
        ("3+8=?", "3+", False),
    ],
)
def test_answers_are_compared(truth: str, read: str, right: bool) -> None:
    tally = Tally(by_answer=True)
    assert tally.add(truth, read) is right
    assert tally.sequence_accuracy == right


def test_characters_of_arithmetic_texts() -> None:
    same = measure([("3×8=?", "3*8"), ("11", "3+8=?")], by_answer=True)
    assert same.character_accuracy == 1
    assert same.confusions() == []
    wrong = measure([("3+8=?", "3-8=?")], by_answer=True)
    assert wrong.confusions() == [("+", "-", 1)]


def test_text_that_is_no_task_is_its_own_answer() -> None:
    assert answer_of("3+8=?") == "11"
    assert answer_of("hello") == "hello"


def test_characters_of_one_picture_tell_less_than_as_many_of_different_ones() -> None:
    def interval(reads: list[str], truth: str = "abcd") -> tuple[float, float]:
        figures = measure((truth, read) for read in reads).to_json()
        assert figures["character_accuracy"] == pytest.approx(0.75)
        return figures["character_accuracy_low"], figures["character_accuracy_high"]

    together = interval(["abcd"] * 75 + ["...."] * 25)  # all four wrong, or none: a hundred cases
    assert together == pytest.approx(wilson(75, 100))
    scattered = interval(["abc."] * 100)
    assert scattered == pytest.approx(wilson(300, 400)), "never more than there are characters"
    perfect = measure([("abcd", "abcd")] * 100).to_json()
    assert perfect["character_accuracy_low"] == pytest.approx(wilson(100, 100)[0])
    assert perfect["character_accuracy_high"] == 1


def test_nothing_measured_is_no_division_by_zero() -> None:
    figures = measure([]).to_json()
    assert figures["sequence_accuracy"] == figures["character_error_rate"] == 0
    json.dumps(figures, allow_nan=False)
