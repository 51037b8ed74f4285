"""The look of the Python package ``captcha`` (by Hsiaoming Yang), drawn by our own engine."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.stretched import StretchedLettering

LEPTURE = Scheme(
    name="lepture",
    summary="one colour, stretched and tilted monospace characters, dots and an arc (Python's captcha)",
    lettering=StretchedLettering(
        fonts=("DroidSansMono",),
        sizes=(42, 50, 56),
        rotation=30.0,
        warp=(0.2, 0.1),
        gap_probability=0.5,
        overlap=0.25,
    ),
    palette=Palette(background=(238, 255), ink=(10, 200)),
    over=(step("dots"), step("arc"), step("smooth")),
)
