"""The look of the Python package ``pycapt`` with its default settings."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

PYCAPT = Scheme(
    name="pycapt",
    summary="upright black bold characters in equal columns on white, cut at the lower edge (pycapt)",
    lettering=RowLettering(
        fonts=("OpenSans-Bold",),
        size=(0.75, 0.8),
        place="columns",
        start=(0, 0.006),
        baseline=(0.59, 0.61),
        jitter_y=(-0.01, 0.01),
        fit="clip",
        crisp=True,
    ),
    height=40,
    palette=Palette(background="#ffffff", ink="#000000"),
    over=(step("blur", radius=(0.2, 0.4), probability=0.1),),
)
