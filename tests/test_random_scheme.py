"""``scheme:random``: another look for every sample, of which each still obeys the options."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from captchalab.synth.any_lettering import AnyLettering
from captchalab.synth.colours import Colours, Palette
from captchalab.synth.declaration import load_scheme
from captchalab.synth.drawing import paint
from captchalab.synth.effects import EFFECTS, ON_LAYERS
from captchalab.synth.fonts import GROUPS, bundled
from captchalab.synth.random_scheme import RandomScheme, usable
from captchalab.synth.randomness import random_for
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.schemes import SCHEMES
from captchalab.synth.source import SchemeSource
from captchalab.synth.stretched import StretchedLettering

RANDOM = cast(RandomScheme, SCHEMES["random"])
LIGHT = Colours((250, 250, 250), (20, 20, 20))


def settled(count: int, scheme: Scheme = RANDOM) -> list[Scheme]:
    return [scheme.settle(random_for(3, index)) for index in range(count)]


def test_every_sample_is_drawn_from_another_scheme_on_the_same_canvas() -> None:
    scheme = replace(RANDOM, width=120, height=50, alphabet="ABC7", lengths=(3, 8))
    schemes = settled(300, scheme)
    for each in schemes:
        assert type(each) is Scheme
        own = each.width, each.height, each.alphabet, each.lengths, each.texts, each.animation
        assert own == (120, 50, "ABC7", (3, 8), scheme.texts, None)
    assert len({repr(each) for each in schemes}) > 290
    steps = Counter(s.effect for each in schemes for s in (*each.under, *each.on_text, *each.over))
    assert len(steps) > 35 and set(steps) <= set(EFFECTS)
    assert {s.effect for each in schemes for s in each.on_text} <= ON_LAYERS


def test_some_samples_look_like_the_declared_schemes() -> None:
    letterings = {type(each.lettering) for each in settled(400)}
    assert letterings >= {AnyLettering, StretchedLettering}
    assert not any(getattr(each.lettering, "aliases", {}) for each in settled(400))
    without = settled(100, replace(RANDOM, looks=()))
    assert {type(each.lettering) for each in without} == {AnyLettering}


def test_pictures_differ_in_every_respect() -> None:
    images = np.stack([SchemeSource("random").sample(i).image for i in range(300)]).astype(float)
    brightness = images.mean(axis=(1, 2, 3))
    assert brightness.min() < 60 and brightness.max() > 240
    contrast = images.std(axis=(1, 2)).max(axis=1)
    assert contrast.min() > 6, "something is written on every picture"
    coloured = np.ptp(images, axis=3).mean(axis=(1, 2)) > 4
    assert 0.3 < coloured.mean() < 0.95


def test_what_is_stated_holds_for_every_sample() -> None:
    frame = step("frame", colour="#ff0000")
    scheme = replace(RANDOM, over=(frame,), palette=Palette(background="#00ff00", ink="#000000"))
    for index in range(20):
        settled_scheme = scheme.settle(random_for(0, index))
        assert settled_scheme.over[-1] == frame
        assert settled_scheme.palette == scheme.palette
        assert (paint(scheme, random_for(0, index), "A")[0] == (255, 0, 0)).all()


def test_fonts_are_those_of_the_source_and_small_letters_are_small() -> None:
    for scheme in settled(300, SchemeSource("random", {"font": "DroidSansMono"}).scheme):
        assert scheme.lettering.fonts == ("DroidSansMono",)
    assert not set(usable(tuple(GROUPS), "lower")) & set(GROUPS["capitals"])
    assert set(usable(("sans", "capitals"), "upper")) >= set(GROUPS["capitals"])
    assert usable(("sans", "chinese"), "中文") == GROUPS["chinese"]


def test_any_lettering_takes_the_fonts_that_can_write_the_text() -> None:
    lettering = AnyLettering(("sans", "capitals", "chinese"))
    for index in range(60):
        assert set(lettering.settle(random_for(0, index), "中a", LIGHT).fonts) & set(GROUPS["chinese"])
        small = lettering.settle(random_for(0, index), "ab", LIGHT)
        assert set(small.fonts) <= set(bundled()) - set(GROUPS["capitals"])
    capital = [set(lettering.settle(random_for(0, i), "AB", LIGHT).fonts) for i in range(200)]
    assert any(fonts & set(GROUPS["capitals"]) for fonts in capital)


@pytest.mark.parametrize("ground", [(250, 250, 250), (15, 15, 15)])
def test_any_lettering_can_be_seen_on_its_ground(ground: tuple[int, int, int]) -> None:
    canvas = np.full((60, 160, 3), ground, dtype=np.uint8)
    colours = Colours(ground, (255 - ground[0],) * 3)
    for index in range(100):
        picture = AnyLettering(("sans",)).write(random_for(1, index), canvas, "AB3d", colours)
        assert np.abs(picture.astype(int) - ground).max() > 80


def test_a_file_may_be_like_random(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('like = "random"\nalphabet = "digits"\n[[over]]\neffect = "grey"\n', encoding="utf-8")
    scheme = load_scheme(path)
    assert isinstance(scheme, RandomScheme) and scheme.alphabet == "digits"
    image = SchemeSource(str(path)).sample(0).image
    assert (image == image[:, :, :1]).all()
