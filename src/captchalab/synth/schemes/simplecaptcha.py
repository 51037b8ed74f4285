"""The looks of SimpleCaptcha, a Java library."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

ALPHABET = "2345678abcdefghkmnprwxy"
CURVE = step("cubic", x1=0.1, x2=0.1, x3=0.25, x4=0.9, colour="#000000", thickness=(2.7, 3.2))
# The text is drawn twice, the second time rippled.
RIPPLED = step(
    "echo",
    offset_x=0,
    offset_y=0,
    row_slope=(0.17, 0.177),
    row_period=(1.86, 1.91),
    column_slope=(0.33, 0.35),
    column_period=(0.62, 0.636),
    row_phase=0.0,
    column_phase=0.0,
)

SERVLET = Scheme(
    name="simplecaptcha-servlet",
    summary="thin outlines in black or blue, drawn twice, a thick curve, on grey (SimpleCaptcha, Java)",
    lettering=RowLettering(
        fonts=("Arimo-Bold", "Cousine-Bold", "DejaVuSans-Oblique"),
        size=0.96,
        place="left",
        start=(0.048, 0.06),
        baseline=(0.405, 0.42),
        hollow=True,
        outline=(0.6, 0.85),
        opacity=(0.15, 0.23),
        margin=0.0,
        shared=("font", "size", "opacity", "colour"),
    ),
    alphabet=ALPHABET,
    lengths=(5, 5),
    width=200,
    height=50,
    palette=Palette(background="#ffffff", ink=("#000000", "#0000ff")),
    under=(step("linear_gradient", start="grey 58 70", end="grey 248 255", angle=(2, 6)),),
    on_text=(RIPPLED,),
    over=(CURVE,),
)

STICKY = Scheme(
    name="simplecaptcha-sticky",
    summary="bold black letters that run together, drawn twice, and a curve (SimpleCaptcha, Java)",
    lettering=RowLettering(
        fonts=("Arimo-Bold", "Cousine-Bold"),
        size=0.8,
        crisp=True,
        place="left",
        start=0.05,
        advance="ink width",
        gap=(-0.055, -0.012),
        thickness=(0.3, 0.5),
        baseline=(0.46, 0.47),
        margin=0.0,
        shared=("size",),
    ),
    alphabet=ALPHABET,
    lengths=(5, 5),
    width=200,
    height=50,
    palette=Palette(background="#ffffff", ink="#000000"),
    on_text=(RIPPLED,),
    over=(CURVE, step("frame", thickness=1, colour="#000000")),
)
