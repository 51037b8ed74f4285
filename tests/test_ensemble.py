"""Models that vote: the mean of their probabilities decides, whatever their alphabets and decoders."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny import TINY

from captchalab.errors import ConstraintError, ImageError, UsageError
from captchalab.measuring.readers import open_reads
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.constraint import build_constraint
from captchalab.reading.decode import decode, probability_of
from captchalab.reading.ensemble import Ensemble
from captchalab.reading.modelpath import find_model
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.training.fit import fit

if TYPE_CHECKING:
    from captchalab.training.fit import FitResult

WIDER = "scheme:lepture?alphabet=0123A&length=1&width=64&height=32"


@pytest.fixture(scope="module")
def readers(trained: FitResult, tmp_path_factory: pytest.TempPathFactory) -> list[Reader]:
    """Two that differ in weights, alphabet, decoder and input."""
    other = TINY | {"network": "cnn", "options": {"dense": 32, "dropout": 0.0}, "height": 32}
    wider = fit([WIDER], out=tmp_path_factory.mktemp("wider") / "run", steps=60, seed=4, **other)
    return [Reader.open(trained.run), Reader.open(wider.run)]


@pytest.mark.parametrize("decoder", ["ctc", "position"])
def test_probability_of_a_text_is_that_of_all_its_alignments(decoder: str) -> None:
    alphabet = Alphabet("ab")
    logits = np.random.default_rng(3).normal(size=(4, 3)) * 2
    scores = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
    sums: dict[str, float] = {}
    for path in product(range(3), repeat=4):
        labels = [
            c for i, c in enumerate(path) if c and (decoder == "position" or i == 0 or path[i - 1] != c)
        ]
        text = "".join("ab"[label - 1] for label in labels)
        sums[text] = sums.get(text, 0.0) + float(np.exp(scores[range(4), path].sum()))
    for text, expected in sums.items():
        assert probability_of(text, scores, alphabet, decoder) == pytest.approx(expected, rel=1e-4)
    assert probability_of("abc", scores, alphabet, decoder) == 0.0
    best = decode(scores, alphabet, decoder)
    assert probability_of(best.text, scores, alphabet, decoder) == pytest.approx(best.confidence, rel=1e-5)


def test_the_highest_mean_wins(readers: list[Reader]) -> None:
    source = open_source(WIDER + "&seed=9")
    pictures = [source.sample(i).image for i in range(40)]
    together = Ensemble(readers).read_many(pictures, batch_size=16)
    scored = [reader.read_scored(pictures) for reader in readers]
    for reading, *singles in zip(together, *scored, strict=True):
        means = {}
        for own, _ in singles:
            shares = [
                probability_of(own.text, scores, reader.info.alphabet, reader.info.decoder)
                for reader, (_, scores) in zip(readers, singles, strict=True)
                if scores is not None
            ]
            means[own.text] = sum(shares) / len(readers)
        assert reading.text == max(means, key=lambda text: means[text])
        assert reading.confidence == pytest.approx(max(means.values()), rel=1e-4)
        assert "".join(span.character for span in reading.characters) == reading.text


def test_one_model_alone_reads_as_by_itself(readers: list[Reader]) -> None:
    pictures = [open_source(WIDER).sample(i).image for i in range(8)]
    for reader in readers:
        alone, voted = reader.read_many(pictures), Ensemble([reader]).read_many(pictures)
        assert [each.text for each in voted] == [each.text for each in alone]
        assert np.allclose([e.confidence for e in voted], [e.confidence for e in alone], rtol=1e-4)


def test_constraints_hold_and_confidence_is_among_what_they_allow(readers: list[Reader]) -> None:
    picture = open_source(WIDER).sample(0).image
    reading = Ensemble(readers).read(picture, alphabet="01", length=1)
    assert reading.text in ("0", "1")
    other = Ensemble(readers).read(picture, words=["1" if reading.text == "0" else "0"])
    assert other.text != reading.text and other.confidence == pytest.approx(1.0)
    with pytest.raises(ConstraintError):
        Ensemble(readers).read(picture, alphabet="Z")


def test_without_case_the_cases_of_a_letter_vote_together(readers: list[Reader]) -> None:
    picture = open_source(WIDER).sample(0).image
    together = Ensemble(readers).read(picture, fold_case=True)
    shares = {}
    for reader in readers:
        alone = reader.read(picture, fold_case=True)
        shares[alone.text] = shares.get(alone.text, 0.0) + alone.confidence / len(readers)
    assert together.text in shares
    assert together.confidence >= shares[together.text] * 0.999 > 0


@pytest.mark.parametrize("decoder", ["ctc", "position"])
def test_probability_without_case_is_that_of_all_cases(decoder: str) -> None:
    alphabet = Alphabet("aAb")
    logits = np.random.default_rng(5).normal(size=(4, 4)) * 2
    scores = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
    for cases in (("a", "A"), ("ab", "Ab")):
        each = [probability_of(text, scores, alphabet, decoder) for text in cases]
        folded = [probability_of(text, scores, alphabet, decoder, fold_case=True) for text in cases]
        assert folded[0] == pytest.approx(folded[1])
        assert folded[0] >= sum(each) * 0.999
    one = build_constraint(alphabet=alphabet, fold_case=True)
    best = decode(scores, alphabet, decoder, one)
    assert probability_of(best.text, scores, alphabet, decoder, True) == pytest.approx(best.confidence)


def test_bad_pictures(readers: list[Reader], tmp_path: Path) -> None:
    ensemble = Ensemble(readers)
    good = open_source(WIDER).sample(0).image
    rows = ensemble.read_many([good, b"rubbish", good])
    assert [each.error is None for each in rows] == [True, False, True]
    with pytest.raises(ImageError):
        ensemble.read(b"rubbish")
    with pytest.raises(UsageError, match="no such picture"):
        ensemble.read(tmp_path / "missing.png")
    with pytest.raises(UsageError, match="at least one model"):
        Ensemble([])


def test_models_joined_by_a_plus_vote_wherever_one_is_named(tmp_path: Path) -> None:
    voting = open_reads("small+small")
    assert isinstance(voting, Ensemble) and len(voting.readers) == 2
    file = tmp_path / "a+b.onnx"
    file.write_bytes(find_model("small")[0])
    alone = open_reads(str(file))
    assert isinstance(alone, Reader), "a file may be called so"
    with pytest.raises(UsageError, match="no model 'nope'"):
        open_reads("small+nope")
