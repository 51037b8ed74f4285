"""Contract tests over every scheme, and what fonts, layouts and options promise."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from captchalab.errors import UsageError
from captchalab.samples.sample import Source
from captchalab.synth.drawing import draw
from captchalab.synth.effects import EFFECTS
from captchalab.synth.fonts import bundled, expand
from captchalab.synth.layout import line_up, spread
from captchalab.synth.randomness import random_beside, random_for
from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes import SCHEMES
from captchalab.synth.source import SchemeSource
from captchalab.synth.texts import RandomTexts

SIZES = [(160, 60), (100, 60), (170, 80), (64, 32), (301, 97)]
every_scheme = pytest.mark.parametrize("name", SCHEMES)
every_free_scheme = pytest.mark.parametrize(
    "name", [n for n, s in SCHEMES.items() if type(s.texts) is RandomTexts]
)
every_fixed_scheme = pytest.mark.parametrize("name", [n for n, s in SCHEMES.items() if type(s) is Scheme])


@every_scheme
def test_scheme_is_listed_under_its_own_name_and_names_known_effects(name: str) -> None:
    scheme = SCHEMES[name]
    assert scheme.name == name
    assert {step.effect for step in (*scheme.under, *scheme.on_text, *scheme.over)} <= set(EFFECTS)
    assert set(expand(scheme.lettering.fonts)) <= set(bundled())


@every_free_scheme
@pytest.mark.parametrize("size", SIZES)
def test_scheme_keeps_alphabet_length_and_size(name: str, size: tuple[int, int]) -> None:
    width, height = size
    options = {"alphabet": "a7Z", "length": "3-5", "width": str(width), "height": str(height)}
    samples = [SchemeSource(name, options).sample(i) for i in range(40)]
    assert {s.image.shape for s in samples} == {(height, width, 3)}
    assert all(s.image.dtype == np.uint8 and s.image.flags["C_CONTIGUOUS"] for s in samples)
    assert set("".join(s.text for s in samples)) == set("a7Z")
    assert {len(s.text) for s in samples} == {3, 4, 5}


@every_scheme
def test_scheme_keeps_what_it_declares(name: str) -> None:
    source = SchemeSource(name, {"width": "150", "height": "64"})
    samples = [source.sample(i) for i in range(20)]
    assert {s.image.shape for s in samples} == {(64, 150, 3)}
    assert set("".join(s.text for s in samples)) <= set(source.alphabet.characters)
    assert all(source.lengths[0] <= len(s.text) <= source.lengths[1] for s in samples)


@every_free_scheme
def test_scheme_draws_texts_uniformly(name: str) -> None:
    source = SchemeSource(name, {"alphabet": "digits", "length": "2-3"})
    texts = [source.text(i) for i in range(6000)]
    assert abs(np.mean([len(t) for t in texts]) - 2.5) < 0.04
    shares = np.bincount([int(c) for t in texts for c in t], minlength=10) / sum(map(len, texts))
    assert np.abs(shares - 0.1).max() < 0.01


@every_scheme
def test_same_seed_gives_the_same_sample_in_any_order(name: str) -> None:
    forwards = [SchemeSource(name, {"seed": "5"}).sample(i) for i in range(6)]
    source = pickle.loads(pickle.dumps(SchemeSource(name, {"seed": "5"})))
    for i in reversed(range(6)):
        sample = source.sample(i)
        assert (sample.text, sample.name) == (source.text(i), f"5/{i}") == (forwards[i].text, f"5/{i}")
        assert np.array_equal(sample.image, forwards[i].image)
    assert len({s.image.tobytes() for s in forwards}) == 6
    assert not np.array_equal(SchemeSource(name, {"seed": "6"}).sample(0).image, forwards[0].image)


@every_scheme
def test_samples_drawn_together_are_those_drawn_alone(name: str) -> None:
    """Also while another source draws, and whatever number is asked for."""
    source, other = SchemeSource(name, {"seed": "5"}), SchemeSource(name, {"seed": "6"})
    alone = {i: source.sample(i) for i in range(20)}
    for indices in (range(20), [7, 3, 19], [11], []):
        together = list(zip(source.samples(indices), other.samples(indices), strict=True))
        assert [sample.name for sample, _ in together] == [f"5/{i}" for i in indices]
        for sample, _ in together:
            known = alone[int(sample.name[2:])]
            assert sample.text == known.text and np.array_equal(sample.image, known.image)


def bare(name: str, **changes: object) -> Scheme:
    """The scheme without effects, so that a pixel off the background is ink."""
    return replace(SCHEMES[name], under=(), over=(), animation=None, texts=RandomTexts(), **changes)


@every_fixed_scheme
@pytest.mark.parametrize("size", SIZES[:3])
def test_every_character_stays_on_the_canvas(name: str, size: tuple[int, int]) -> None:
    """The text spans the picture, and at most a trace of its ink lies at the left or right edge.

    (``lepture`` starts a few pixels in and may end as many over the edge, as its model does. Schemes that
    clip, as their libraries do, may cut a part of their ink off, and have sizes of their own; so have those
    that fill the room between their margins, or begin at the left, where they may touch the edge.)
    """
    scheme = bare(name, alphabet="E", lengths=(4, 4), width=size[0], height=size[1])
    own_sizes = (
        getattr(scheme.lettering, "fit", "") in ("clip", "fill", "tighten")
        or getattr(scheme.lettering, "place", "") == "left"
    )
    for index in range(60):
        image, _ = draw(scheme, 9, index)
        ink = (image != image[0, 0]).any(axis=2)
        assert ink[:, [0, -1]].sum() < (0.1 if own_sizes else 0.02) * ink.sum(), index
        columns = np.flatnonzero(ink.any(axis=0))
        assert columns[-1] - columns[0] > (0.2 if own_sizes else 0.4) * size[0], index
        assert ink.mean() > (0.01 if own_sizes else 0.04), index


@every_fixed_scheme
def test_every_character_is_drawn_anew(name: str) -> None:
    """Few pictures of one text are alike, even where a library itself draws all of them alike."""
    scheme = bare(name, alphabet="R", lengths=(1, 1))
    shapes = set()
    for index in range(50):
        image, _ = draw(scheme, 2, index)
        ink = (image != image[0, 0]).any(axis=2)
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        shapes.add(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].tobytes())
    # Crisp ones differ by whole sizes only.
    assert len(shapes) > (2 if getattr(scheme.lettering, "crisp", False) else 40)


def test_sample_is_a_function_of_large_seeds_and_indices_too() -> None:
    def numbers(seed: int, index: int) -> list[float]:
        return random_for(seed, index).random(200).tolist()

    keys = [(0, 0), (0, 1), (1, 0), (2**63, 1), (0, 2**63), (2**64 - 1, 2**64 - 1), (1, 2**32)]
    assert len({tuple(numbers(*key)) for key in keys}) == len(keys)
    assert numbers(7, 8) == numbers(7, 8)


def test_generators_beside_a_sample_share_no_numbers_with_it() -> None:
    keys = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2**64 - 1, 2**64, 2)]
    rng = random_for(0, 0)
    first = rng.random()
    drawn = [random_beside(*key).random() for key in keys]
    assert len({first, rng.random(), *drawn}) == 7
    assert drawn == [random_beside(*key).random() for key in keys]


@every_free_scheme
def test_characters_that_no_font_has_are_named(name: str) -> None:
    with pytest.raises(UsageError, match="𒀀, 𒀁") as caught:
        SchemeSource(name, {"alphabet": "A𒀀𒀁"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": "0"}, "length=0"),
        ({"length": "6-4"}, "length=6-4"),
        ({"length": "four"}, "length=four"),
        ({"width": "4"}, "width=4: give a whole number from 16"),
        ({"height": "-60"}, "height=-60"),
        ({"seed": "x"}, "seed=x"),
        ({"alphabet": "aa"}, "twice"),
        ({"alphabet": "a b"}, "blank"),
        ({"font": "Papyrus"}, "unknown font"),
        ({"colour": "red"}, "unknown option"),
    ],
)
def test_wrong_options_are_one_line_that_names_them(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        SchemeSource("lepture", options)
    assert "\n" not in str(caught.value)


def test_unknown_scheme_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="'lepture'"):
        SchemeSource("leptur")


def test_a_scheme_is_a_source_without_end_that_its_name_opens_again() -> None:
    from captchalab.sources import open_source

    source = SchemeSource("lepture", {"alphabet": "ab&=%+?", "length": "2-3", "seed": "4"})
    assert isinstance(source, Source) and source.size is None
    again = open_source(source.name)
    assert again.sample(3).text == source.sample(3).text


def test_line_up_overlaps_by_at_most_its_share() -> None:
    row = line_up([30, 30], [None, 30], [(0.0, 0.0), (0.0, 0.0)], 0.25)
    assert (row.lefts, row.width) == ((4, 64), 90)
    row = line_up([30, 30], [None, 30], [(0.999, 0.999), (0.999, 0.999)], 0.25)
    assert row.lefts == (4, 4 + 30 - 11 + 30 - 11)


def test_spread() -> None:
    assert spread(4, 100, 10) == [20, 40, 60, 80]


@pytest.mark.parametrize("together", [7, 64])
def test_no_pixel_of_lepture_follows_from_what_is_drawn_beside_it(together: int) -> None:
    """One in eight did: sizes of the tallest neighbour went into how its places were rounded."""
    source = SchemeSource("lepture", {"seed": "5", "length": "4-6"})
    for first in range(0, 192, together):
        indices = range(first, min(first + together, 192))
        for index, sample in zip(indices, source.samples(indices), strict=True):
            assert np.array_equal(sample.image, source.sample(index).image), index
