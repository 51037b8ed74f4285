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
        baseline=(0.595, 0.615),
        thickness=(0, 0.4),
        fit="clip",
        shared=("size", "thickness"),
    ),
    height=40,
    palette=Palette(background="#ffffff", ink="grey 0 6"),
    over=(step("blur", radius=(0.2, 0.4), probability=0.2),),
)
