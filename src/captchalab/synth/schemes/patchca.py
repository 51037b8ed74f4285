"""The looks of the Java library patchca: overlapping letters of one size, bent in one of three ways.

Its waves have fixed lengths. Their phases are drawn once, when the library starts, so that all pictures
of one server are bent alike: those here are about those of the pictures at hand.
"""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.colours import Palette
from captchalab.synth.ranges import Range
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, Step, step


def _ripple(sideways_phase: Range, upright_phase: Range) -> Step:
    """Five pixels either way, over 63 pixels down and 126 across."""
    return step(
        "wobble",
        sideways=(0.067, 0.075),
        sideways_period=(0.88, 0.92),
        sideways_phase=sideways_phase,
        upright=(0.067, 0.075),
        upright_period=(1.75, 1.85),
        upright_phase=upright_phase,
        lean=0,
    )


DEFAULT = Scheme(
    name="patchca-default",
    summary="thin and bold black letters that overlap, a winding line through them, all rippled (patchca)",
    lettering=RowLettering(
        fonts=("DejaVuSans", "DejaVuSans-Bold"),
        size=(44 / 70, 46 / 70),
        place="justified",
        margin=(9 / 70, 11 / 70),
        baseline=(0.48, 0.52),
        fit="clip",
        shared=("size",),
        crisp=True,
    ),
    alphabet="23456789abdegkmnpswx",
    lengths=(6, 9),
    width=160,
    height=70,
    palette=Palette(background="#ffffff", ink="#000000"),
    over=(step("splines"), _ripple((0.06, 0.19), (0.7, 0.82))),
)

MARBLE = replace(
    DEFAULT,
    name="patchca-marble",
    summary="thin and bold black letters that overlap, with frayed edges, all rippled (patchca)",
    over=(
        step("turbulence", amplitude=(0.017, 0.025), scale=(0.045, 0.07), turns=(0.9, 1.3)),
        _ripple((0.29, 0.42), (0.78, 0.9)),
    ),
)

WOBBLE = replace(
    DEFAULT,
    name="patchca-wobble",
    summary="thin and bold black letters that overlap, slanted and bent by diagonal waves (patchca)",
    over=(
        step(
            "wobble",
            sideways=(0.053, 0.061),
            sideways_period=(1.3, 1.4),
            sideways_phase=(0.25, 0.37),
            upright=(0.039, 0.047),
            upright_period=(1.3, 1.4),
            upright_phase=(0.39, 0.51),
            lean=1,
        ),
        _ripple((0.27, 0.4), (0.74, 0.86)),
    ),
)
