"""The look of Gregwar/Captcha (PHP)."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

GREGWAR = Scheme(
    name="gregwar",
    summary="one colour on a pastel or dark ground, frayed edges, lines under and over the text (Gregwar)",
    lettering=RowLettering(
        fonts=("PlainOffice", "PlainSketch", "PlainPixel", "PlainStreet", "PlainBook", "PlainPen"),
        size=(0.87, 0.97),
        rotation=(-8, 8),
        jitter_x=(-0.2, 0.0),
        jitter_y=(-0.125, 0.125),
        baseline=(0.56, 0.695),
        raised=0.5,
        advance="ink width",
        fit="clip",
        hard=True,
        shared=("font", "size", "jitter_x"),
    ),
    alphabet="123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnpqrstuvwxyz",
    lengths=(5, 5),
    width=150,
    height=40,
    palette=Palette(background=(200, 255), ink=(0, 150)),
    under=(step("lines", count=(2, 3), span="halves", colour=(100, 255), thickness=(1, 3), smooth=False),),
    over=(
        step("lines", count=(2, 3), span="halves", thickness=(1, 3), smooth=False),
        step(
            "water_ripple",
            amplitude=0.1,
            wavelength=4.71,
            radius=1000,
            phase=0,
            centre_x=(0, 1),
            centre_y=(0, 1),
            swing=(0.027, 0.036),
            period=0.785,
            fill="background",
        ),
        step("scatter", share=0.75, times=1, ground_only=True, probability=0.78),
        step("negative", probability=0.46),
        step("edges", strength=1.0, probability=0.016),
        step("jpeg", quality=90),
    ),
)
