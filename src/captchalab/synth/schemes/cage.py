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
        rotation=(-15, 15),
        drift=(-9, 9),
        reversals=0.25,
        advance="box",
        gap=(-0.5, -0.32),
        fit="fill",
        wide=(0.94, 0.98),
        tall=(0.78, 0.87),
        shared=("font", "size", "rotation"),
    ),
    alphabet="abcdefghijklmnopqrstuvxyz",
    lengths=(9, 10),
    texts=Syllables(consonants="bcdfghjklmnpqrstvxyz"),
    width=200,
    height=70,
    palette=Palette(background="#ffffff", ink=(0, 255), contrast=40),
    over=(
        step(
            "wobble",
            sideways=0.03,
            sideways_period=(0.5, 1),
            upright=(0.08, 0.13),
            upright_period=(1.7, 5.7),
            lean=0,
            smooth=False,
        ),
        step("blur", radius=(0.5, 0.75)),
        step("jpeg", quality=(45, 55)),
    ),
)

Y = Scheme(
    name="cage-y",
    summary="small black letters in the middle with hairlines beside them, waving up and down, soft (Cage)",
    lettering=RowLettering(
        fonts=_FONTS,
        size=0.5,
        advance="box",
        gap=(-0.2, -0.1),
        fit="fill",
        wide=(0.495, 0.52),
        tall=(0.38, 0.44),
    ),
    alphabet="2345678ABDEFGHJKLMNPQRSTUVXYZacdeghknpqrsuvxyz",
    lengths=(7, 8),
    width=290,
    height=80,
    palette=Palette(background="#ffffff", ink="#000000"),
    on_text=(step("contour", offset_x=(-3.5, 3.5), offset_y=(-2.6, 2.6), stretch_x=(0.965, 1.035)),),
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
        step("blur", radius=(0.45, 0.85)),
        step("jpeg", quality=(45, 55)),
    ),
)
