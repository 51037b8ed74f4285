"""The looks of the Java library Cage, which calls them G and Y."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.words import Syllables

_FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono-Bold")

G = Scheme(
    name="cage-g",
    summary="made-up words in one colour whose letters lean on each other and wave up and down (Cage)",
    lettering=RowLettering(
        fonts=_FONTS,
        size=0.5,
        rotation=(-14, 14),
        drift=(-4, 4),
        advance="ink",
        gap=(-0.18, -0.03),
        fit="fill",
        wide=(0.93, 0.96),
        tall=(0.72, 0.86),
    ),
    alphabet="abcdefghijklmnopqrstuvxyz",
    lengths=(9, 10),
    texts=Syllables(consonants="bcdfghjklmnpqrstvxyz"),
    width=200,
    height=70,
    palette=Palette(background="#ffffff", ink=(0, 240), contrast=35),
    over=(
        step(
            "wobble",
            sideways=0.03,
            sideways_period=(0.5, 1),
            upright=(0.09, 0.11),
            upright_period=(1.9, 5.7),
            lean=0,
            smooth=False,
        ),
        step("blur", radius=(0.4, 0.7)),
        step("jpeg", quality=(45, 55)),
    ),
)

Y = Scheme(
    name="cage-y",
    summary="small black letters in the middle with hairlines beside them, waving up and down, soft (Cage)",
    lettering=RowLettering(
        fonts=_FONTS,
        size=0.5,
        rotation=(-10, 10),
        drift=(-4, 4),
        advance="ink",
        gap=(-0.12, -0.02),
        fit="fill",
        wide=(0.5, 0.525),
        tall=(0.38, 0.46),
    ),
    alphabet="2345678ABDEFGHJKLMNPQRSTUVXYZacdeghknpqrsuvxyz",
    lengths=(7, 8),
    width=290,
    height=80,
    palette=Palette(background="#ffffff", ink="#000000"),
    on_text=(step("contour", offset_x=(-3, 3), offset_y=(-3, 3), opacity=(0.5, 1)),),
    over=(
        step(
            "wobble",
            sideways=0.036,
            sideways_period=(0.5, 1),
            upright=(0.09, 0.11),
            upright_period=(2.4, 7.2),
            lean=0,
            smooth=False,
        ),
        step("blur", radius=(0.6, 0.9)),
        step("jpeg", quality=(45, 55)),
    ),
)
