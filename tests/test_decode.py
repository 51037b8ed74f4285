"""Greedy decoding and beam search against brute force, spans, and scores at the edge."""

from __future__ import annotations

import numpy as np
import pytest
from brute_force import log_softmax, random_scores, text_probabilities

from captchalab.errors import ConstraintError, UsageError
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.constraint import build_constraint
from captchalab.reading.decode import Decoded, decode
from captchalab.reading.search import MAX_BEAM

ABC = Alphabet("abc")
DECODERS = ["ctc", "position"]


def peaked(path: list[int], classes: int = 4, strength: float = 8.0) -> np.ndarray:
    """Scores whose likeliest class at each step is the path's."""
    logits = np.zeros((len(path), classes))
    logits[np.arange(len(path)), path] = strength
    return log_softmax(logits)


@pytest.mark.parametrize(
    ("decoder", "path", "text"),
    [
        ("ctc", [0, 1, 1, 0, 1, 2, 2, 0, 3], "aabc"),
        ("ctc", [0, 0, 0], ""),
        ("ctc", [3], "c"),
        ("ctc", [1, 2, 1], "aba"),
        ("position", [1, 1, 3, 0, 0], "aac"),
        ("position", [1, 0, 3], "ac"),
        ("position", [0, 0], ""),
    ],
)
def test_greedy_takes_the_likeliest_class_of_each_step(decoder: str, path: list[int], text: str) -> None:
    decoded = decode(peaked(path), ABC, decoder)
    assert decoded.text == text
    assert [span.character for span in decoded.characters] == list(text)


@pytest.mark.parametrize("decoder", DECODERS)
def test_greedy_confidence_is_the_sum_over_all_alignments(decoder: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        scores = random_scores(rng, int(rng.integers(1, 6)), 4)
        decoded = decode(scores, ABC, decoder)
        truth = text_probabilities(np.exp(scores, dtype=np.float64), ABC.characters, decoder)
        assert decoded.confidence == pytest.approx(truth[decoded.text], abs=1e-6)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(("beam", "share"), [(MAX_BEAM, 1.0), (8, 0.97)])
def test_beam_finds_the_likeliest_text_of_all(decoder: str, beam: int, share: float) -> None:
    """Always where it is wide enough; at width 8 nearly always, though some scores are almost even."""
    rng = np.random.default_rng(2)
    best = better_than_greedy = 0
    for _ in range(150):
        scores = random_scores(rng, int(rng.integers(1, 6)), 4)
        decoded = decode(scores, ABC, decoder, beam=beam)
        truth = text_probabilities(np.exp(scores, dtype=np.float64), ABC.characters, decoder)
        assert decoded.confidence == pytest.approx(truth[decoded.text], abs=1e-5)
        best += truth[decoded.text] >= max(truth.values()) - 1e-7
        better_than_greedy += truth[decoded.text] > truth[decode(scores, ABC, decoder).text] + 1e-6
    assert best >= share * 150
    assert better_than_greedy > 3


def test_a_narrow_beam_still_gives_a_true_confidence() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        scores = random_scores(rng, 5, 4)
        decoded = decode(scores, ABC, "ctc", beam=1)
        truth = text_probabilities(np.exp(scores, dtype=np.float64), ABC.characters, "ctc")
        assert decoded.confidence == pytest.approx(truth[decoded.text], abs=1e-5)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_beam_is_never_worse_than_greedy_on_vague_long_texts(decoder: str) -> None:
    rng = np.random.default_rng(12)
    alphabet = Alphabet.parse("alnum")
    for _ in range(10):
        logits = rng.normal(size=(30, alphabet.classes)) * 2
        logits[:, 0] += 4
        scores = log_softmax(logits)
        greedy, beam = decode(scores, alphabet, decoder), decode(scores, alphabet, decoder, beam=8)
        assert beam.confidence >= greedy.confidence * (1 - 1e-5)


def test_ctc_spans_meet_half_way_between_neighbours() -> None:
    #             0  1  2  3  4  5  6  7  8  9
    path = [0, 0, 1, 1, 0, 0, 2, 0, 0, 0]
    for decoded in (decode(peaked(path), ABC, "ctc"), decode(peaked(path), ABC, "ctc", beam=4)):
        first, second = decoded.characters
        assert (first.left, first.right) == pytest.approx((0.1, 0.5))  # steps 2-3, cut between 4 and 6
        assert (second.left, second.right) == pytest.approx((0.5, 0.8))


def test_a_lone_ctc_character_reaches_half_way_to_the_edges() -> None:
    (span,) = decode(peaked([0, 0, 3, 3, 0, 0, 0, 0]), ABC, "ctc").characters
    assert (span.left, span.right) == pytest.approx((1 / 8, 6 / 8))


def test_spans_are_ordered_and_inside_the_picture() -> None:
    rng = np.random.default_rng(4)
    constraint = build_constraint(alphabet=ABC, length=(2, 4))
    for decoder in DECODERS:
        for _ in range(100):
            scores = random_scores(rng, 9, 4)
            for decoded in (decode(scores, ABC, decoder), decode(scores, ABC, decoder, constraint)):
                edges = [edge for span in decoded.characters for edge in (span.left, span.right)]
                assert edges == sorted(edges)
                assert all(0 <= edge <= 1 for edge in edges)
                assert all(span.left < span.right for span in decoded.characters)
                assert all(0 < span.confidence <= 1 for span in decoded.characters)


def test_position_spans_share_the_width() -> None:
    spans = decode(peaked([1, 2, 3, 0]), ABC, "position").characters
    assert [s.left for s in spans] == pytest.approx([0, 1 / 3, 2 / 3])
    assert [s.right for s in spans] == pytest.approx([1 / 3, 2 / 3, 1])


def test_character_confidence_is_the_peak_of_its_run() -> None:
    scores = np.log(np.array([[0.3, 0.7, 0, 0], [0.1, 0.9, 0, 0], [0.6, 0, 0.4, 0], [0.2, 0, 0, 0.8]]) + 1e-9)
    decoded = decode(scores.astype(np.float32), ABC, "ctc")
    assert [span.confidence for span in decoded.characters] == pytest.approx([0.9, 0.8], abs=1e-6)


def test_position_constraint_aligns_characters_with_their_positions() -> None:
    rows = [[0.1, 0.9, 0, 0], [0.9, 0, 0.1, 0], [0.3, 0, 0, 0.7]]
    scores = np.log(np.array(rows) + 1e-9).astype(np.float32)
    decoded = decode(scores, ABC, "position", build_constraint(alphabet=ABC, words=["ac", "bb"]))
    assert decoded.text == "ac"
    assert [span.confidence for span in decoded.characters] == pytest.approx([0.9, 0.7], abs=1e-6)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_constraint_far_from_the_scores_is_obeyed_all_the_same(decoder: str) -> None:
    scores = np.full((30, 4), -400.0, np.float32)
    scores[:, 3] = 0.0  # nothing but "c", everything else e^-400 less likely at every step
    for words in (["ab", "ba", "bb"], None):
        constraint = build_constraint(alphabet=ABC, words=words, pattern="[ab]{2}")
        assert constraint is not None
        decoded = decode(np.roll(scores, 1, axis=0), ABC, decoder, constraint)
        assert decoded.text in {"aa", "ab", "ba", "bb"}
        assert 0 < decoded.confidence <= 1


@pytest.mark.parametrize("decoder", DECODERS)
def test_underflow_of_the_forced_part_keeps_the_answer(decoder: str) -> None:
    logits = np.zeros((30, 4))
    logits[:, 3] = 200.0
    logits[:2, 1] = 200.0
    constraint = build_constraint(alphabet=ABC, pattern="a.?b.?")  # b costs e^-200, its absence is free
    decoded = decode((logits - 200.0).astype(np.float32), ABC, decoder, constraint)
    assert decoded.text.startswith("a")
    assert "b" in decoded.text


@pytest.mark.parametrize("decoder", DECODERS)
def test_impossible_classes_are_taken_where_the_constraint_leaves_no_other(decoder: str) -> None:
    scores = np.full((4, 4), -np.inf, np.float32)
    scores[:, 1] = 0.0
    decoded = decode(scores, ABC, decoder, build_constraint(alphabet=ABC, pattern="bb"))
    assert decoded.text == "bb"


def test_plain_greedy_accepts_minus_infinity() -> None:
    scores = np.full((3, 4), -np.inf, np.float32)
    scores[[0, 1, 2], [1, 0, 1]] = 0.0
    assert decode(scores, ABC, "ctc") == Decoded("aa", 1.0, decode(scores, ABC, "ctc").characters)


def test_wrong_options_name_what_is_allowed() -> None:
    scores = peaked([1, 2])
    with pytest.raises(UsageError, match="'ctc' or 'position'"):
        decode(scores, ABC, "attention")
    for beam in (0, 1_001):
        with pytest.raises(UsageError, match="1 to 1,000"):
            decode(scores, ABC, "ctc", beam=beam)


@pytest.mark.parametrize("decoder", DECODERS)
def test_more_characters_than_steps_is_an_error(decoder: str) -> None:
    with pytest.raises(ConstraintError, match="4 steps"):
        decode(peaked([1, 2, 3, 1]), ABC, decoder, build_constraint(alphabet=ABC, length=9))


def test_ctc_repeats_need_a_blank_between() -> None:
    constraint = build_constraint(alphabet=ABC, pattern="aaa")
    assert decode(peaked([2] * 5), ABC, "ctc", constraint).text == "aaa"
    with pytest.raises(ConstraintError, match="4 steps"):
        decode(peaked([2] * 4), ABC, "ctc", constraint)
    assert decode(peaked([2] * 3), ABC, "position", constraint).text == "aaa"
