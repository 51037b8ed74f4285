"""The looks of the Java library patchca: overlapping letters of one size, bent in one of three ways."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

_RIPPLE = step(
    "wobble",
    sideways=0.071,
    sideways_period=0.9,
    upright=0.071,
    upright_period=1.8,
    lean=0,
)

DEFAULT = Scheme(
    name="patchca-default",
    summary="thin and bold black letters that overlap, a winding line through them, all rippled (patchca)",
    lettering=RowLettering(
        fonts=("DejaVuSans", "DejaVuSans-Bold"),
        size=45 / 70,
        place="justified",
        margin=5 / 70,
        baseline=0.5,
        fit="clip",
        shared=("size",),
    ),
    alphabet="23456789abdegkmnpswx",
    lengths=(6, 9),
    width=160,
    height=70,
    palette=Palette(background="#ffffff", ink="#000000"),
    over=(step("splines"), _RIPPLE),
)

MARBLE = replace(
    DEFAULT,
    name="patchca-marble",
    summary="thin and bold black letters that overlap, with frayed edges, all rippled (patchca)",
    over=(step("turbulence"), _RIPPLE),
)

WOBBLE = replace(
    DEFAULT,
    name="patchca-wobble",
    summary="thin and bold black letters that overlap, slanted and bent by diagonal waves (patchca)",
    over=(step("wobble", lean=1),),
)
