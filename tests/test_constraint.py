"""Constraints: every answer obeys, with the probability that brute force finds; patterns against ``re``."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from brute_force import random_scores, text_probabilities

from captchalab.errors import ConstraintError
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.constraint import build_constraint
from captchalab.reading.decode import decode
from captchalab.reading.pattern import compile_pattern
from captchalab.reading.search import MAX_BEAM

ABC = Alphabet("abc")
OPTIONS: dict[str, list[Any]] = {
    "allowed": ["ab", "bc", "cx", "digits+lower"],
    "length": [1, 2, (1, 2), (0, 3), (2, 5)],
    "pattern": ["a.*", "[ab]+", "(ab|c)*", "[^a]?b*", "a{1,2}b?", r"\w{2}", "(a|b|c)c?(a|b)"],
    "words": [["a", "b", "ab"], ["aa", "aab", "abc", "ba"], ["cc", "bab", "c", "zz", ""]],
}


def obeys(text: str, options: dict[str, Any]) -> bool:
    allowed = options.get("allowed", "abc")
    length = options.get("length", (0, 64))
    least, most = (length, length) if isinstance(length, int) else length
    return (
        (allowed == "digits+lower" or set(text) <= set(allowed))
        and least <= len(text) <= most
        and re.fullmatch(options.get("pattern", ".*"), text) is not None
        and ("words" not in options or (text != "" and text in options["words"]))
    )


def combinations() -> list[dict[str, Any]]:
    names = [subset for r in range(1, 5) for subset in itertools.combinations(OPTIONS, r)]
    chosen = [dict(zip(n, v, strict=True)) for n in names for v in itertools.product(*map(OPTIONS.get, n))]
    return random.Random(5).sample(chosen, 450)


@pytest.mark.parametrize("decoder", ["ctc", "position"])
@pytest.mark.parametrize(("beam", "share"), [(MAX_BEAM, 1.0), (None, 0.98), (1, 0.9)])
def test_answers_obey_with_the_probability_of_brute_force(
    decoder: str, beam: int | None, share: float
) -> None:
    rng = np.random.default_rng(6)
    answered = best = 0
    for options in combinations():
        scores = random_scores(rng, int(rng.integers(1, 6)), 4)
        truth = text_probabilities(np.exp(scores, dtype=np.float64), "abc", decoder)
        possible = {text: p for text, p in truth.items() if obeys(text, options)}
        if not possible:
            with pytest.raises(ConstraintError):
                decode(scores, ABC, decoder, build_constraint(alphabet=ABC, **options), beam)
            continue
        decoded = decode(scores, ABC, decoder, build_constraint(alphabet=ABC, **options), beam)
        assert decoded.text in possible, options
        confidence = possible[decoded.text] / sum(possible.values())
        assert decoded.confidence == pytest.approx(confidence, abs=1e-5), options
        answered += 1
        best += possible[decoded.text] >= max(possible.values()) * (1 - 1e-6)
    assert answered > 150
    assert best >= share * answered


@pytest.mark.parametrize("decoder", ["ctc", "position"])
@pytest.mark.parametrize(
    "options", [{}, {"pattern": "A.*"}, {"pattern": "[^b]+"}, {"words": ["Ab", "BA", "a"]}, {"allowed": "A"}]
)
def test_fold_case_sums_the_cases_and_matches_either(decoder: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    alphabet = Alphabet("aAB")  # "B" has no lower case in this alphabet
    constraint = build_constraint(alphabet=alphabet, fold_case=True, **options)
    fits: dict[str, Callable[[str], bool]] = {
        "pattern": lambda t: re.fullmatch(options["pattern"], t, re.IGNORECASE) is not None,
        "words": lambda t: t in ("aB", "Ba", "a"),
        "allowed": lambda t: set(t) <= {"a"},
    }
    for _ in range(40):
        scores = random_scores(rng, int(rng.integers(2, 6)), 4)
        p = np.exp(scores, dtype=np.float64)
        folded = np.stack([p[:, 0], p[:, 1] + p[:, 2], p[:, 3]], axis=1)
        truth = text_probabilities(folded, "aB", decoder)
        possible = {t: q for t, q in truth.items() if all(fits[name](t) for name in options)}
        decoded = decode(scores, alphabet, decoder, constraint)
        assert decoded.text in possible
        assert decoded.confidence == pytest.approx(possible[decoded.text] / sum(possible.values()), abs=1e-5)
        assert possible[decoded.text] == pytest.approx(max(possible.values()), abs=1e-7)


def random_pattern(rng: random.Random, depth: int = 3) -> str:
    kind = rng.randrange(8 if depth else 4)
    if kind < 2:
        return rng.choice(["a", "b", "c", "1", r"\.", r"\-"])
    if kind < 4:
        return rng.choice([".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"[\d.]", "[b-]", r"\D", r"\W"])
    inner = random_pattern(rng, depth - 1)
    if kind == 4:
        return f"({inner}|{random_pattern(rng, depth - 1)})"
    if kind == 5:
        return f"(?:{inner}){rng.choice(['?', '*', '+', '{2}', '{1,2}', '{0,3}', '{2,}', '{0}'])}"
    return inner + random_pattern(rng, depth - 1)


def test_patterns_match_what_re_matches() -> None:
    symbols = "abc1.-"
    texts = [t for n in range(5) for t in itertools.product(range(len(symbols)), repeat=n)]
    rng = random.Random(8)
    matched = 0
    for _ in range(600):
        pattern = rng.choice(["", "", "^"]) + random_pattern(rng) + rng.choice(["", "", "$"])
        table = compile_pattern(pattern, tuple(symbols))
        for text in rng.sample(texts, 80):
            expected = re.fullmatch(pattern, "".join(symbols[i] for i in text)) is not None
            assert table.accepts(text) == expected, (pattern, text)
            matched += expected
    assert matched > 500


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(ab", "not closed"),
        ("ab)", "without its"),
        ("[a", "too early"),
        ("[]", "empty class"),
        ("[c-a]", "range"),
        ("[a-\\d]", "range"),
        ("a**", "two quantifiers"),
        ("a+?", "two quantifiers"),
        ("*a", "nothing to repeat"),
        ("a{2,1}", "wrong way round"),
        ("a{x}", "'{' starts"),
        ("a{2", "'{' starts"),
        ("a{}", "'{' starts"),
        (r"(a)\1", "outside the subset"),
        (r"\bab", "outside the subset"),
        ("(?=a)b", "lookaround"),
        ("(?P<x>a)", "lookaround"),
        ("a^b", "anchor"),
        ("a$b", "anchor"),
        ("ab\\", "too early"),
        ("a" * 201, "at most 200"),
        ("((a{9}){99}){99}", "more than 1,000"),
        ("(" * 21 + "a" + ")" * 21, "more than 20 deep"),
        ("xyz", "no text over"),
        (".*a.{12}", "limits: 2,000 states"),
    ],
)
def test_patterns_outside_the_subset_or_the_limits_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(ConstraintError, match=re.escape(message)) as caught:
        build_constraint(alphabet=ABC, pattern=pattern)
    assert "\n" not in str(caught.value)


def test_patterns_made_to_exhaust_time_or_the_stack_end_soon() -> None:
    assert build_constraint(alphabet=ABC, pattern="(" * 20 + "a" + ")" * 20) is not None
    assert build_constraint(alphabet=ABC, pattern="((){999}){999}a") is not None
    lower = Alphabet.parse("lower")
    optional = "".join(f"{c}?" for c in lower.characters)
    with pytest.raises(ConstraintError, match=r"too large|more than"):
        build_constraint(alphabet=lower, pattern=f"(.?{optional}.?{optional}){{0,18}}.*a.{{9}}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"allowed": "xyz"}, "shares no character"),
        ({"allowed": "digits"}, "shares no character"),
        ({"allowed": ""}, "at least one character"),
        ({"allowed": "aab"}, "once"),
        ({"length": -1}, "from 0 to 64"),
        ({"length": 65}, "from 0 to 64"),
        ({"length": (4, 2)}, "from 0 to 64"),
        ({"words": []}, "none of the 0"),
        ({"words": ["xyz", "", "a" * 65]}, "none of the 3"),
        ({"words": ["ab"], "length": 3}, "none of the 1"),
        ({"words": ["ab"], "allowed": "a"}, "none of the 1"),
        ({"words": ["ab"], "pattern": "c+"}, "none of the 1"),
        ({"pattern": "a{3}", "length": 2}, "length 2 to 2"),
        ({"allowed": 5}, "alphabet=5: a text is needed"),
        ({"allowed": ["a"]}, "alphabet=['a']: a text is needed"),
        ({"allowed": Alphabet("xyz")}, "alphabet 'xyz' shares no character"),
        ({"pattern": 5}, "pattern=5: a text is needed"),
        ({"words": 5}, "words=5: a list of words"),
        ({"words": "ab"}, "words='ab': a list of words"),
        ({"words": ["ab", 5]}, "words=['ab', 5]: a list of words"),
        ({"words": [["ab"]]}, "words=[['ab']]: a list of words"),
    ],
)
def test_options_that_nothing_can_obey_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConstraintError, match=re.escape(message)):
        build_constraint(alphabet=ABC, **options)


def test_no_option_is_no_constraint() -> None:
    assert build_constraint(alphabet=ABC) is None


def test_allowed_passes_over_what_the_model_does_not_know() -> None:
    constraint = build_constraint(alphabet=Alphabet("01ab"), allowed="digits")
    assert constraint is not None
    assert constraint.characters == "01"


def test_an_alphabet_is_no_name_of_a_preset() -> None:
    model = Alphabet("lowerabc")
    named = build_constraint(alphabet=model, allowed="lower")
    characters = build_constraint(alphabet=model, allowed=Alphabet("lower"))
    assert named is not None and named.characters == "lowerabc"
    assert characters is not None and characters.characters == "lower"


def test_texts_are_compared_in_nfc() -> None:
    alphabet = Alphabet("eé")
    scores = random_scores(np.random.default_rng(9), 5, 3)
    constraint = build_constraint(alphabet=alphabet, words=["e\u0301e"])
    assert decode(scores, alphabet, "ctc", constraint).text == "ée"


def test_letters_without_a_single_other_case_stay_themselves() -> None:
    constraint = build_constraint(alphabet=Alphabet("ßİiI"), fold_case=True)
    assert constraint is not None
    assert constraint.characters == "ßİi"


def test_many_words_stay_usable() -> None:
    alphabet = Alphabet.parse("alnum")
    rng = random.Random(10)
    words = ["".join(rng.choices(alphabet.characters, k=rng.randint(3, 7))) for _ in range(100_000)]
    constraint = build_constraint(alphabet=alphabet, words=words)
    logits = np.full((30, alphabet.classes), -9.0, np.float32)
    logits[:, 0] = 0.0
    for i, label in enumerate(alphabet.encode(words[77])):
        logits[4 * i + 1, [0, label]] = -5.0, 0.0
    decoded = decode(logits, alphabet, "ctc", constraint)
    assert decoded.text == words[77]
    assert decoded.confidence > 0.9
