"""The looks of kaptcha, a Java library, and of the settings that RuoYi gives it."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.sums import Sums
from captchalab.synth.texts import RandomTexts

ALPHABET = "2345678abcdefgmnpwxy"
FONTS = ("Arimo-Bold", "Cousine-Bold")

# Light grey to white from corner to corner, as Java's gradients run: the angle follows from the canvas.
GROUND = (step("linear_gradient", start="grey 190 194", end="grey 253 255", angle=(3, 4)),)
RUOYI_GROUND = (step("linear_gradient", start="grey 190 194", end="grey 253 255", angle=(7, 9)),)
FRAME = step("frame", thickness=1, colour="#000000")
JPEG = step("jpeg", quality=75)
# A short curve at the left and one through the text; both begin thick.
CURVES = (
    step("cubic", x1=0.1, x2=0.1, x3=0.25, x4=0.25, colour="#000000", thickness=(1.7, 1.9), head=(1.6, 2.0)),
    step("cubic", x1=0.1, x2=0.25, x3=0.5, x4=0.9, colour="#000000", thickness=(1.7, 1.9), head=(1.6, 2.0)),
)
SHADOW = step("shadow", offset_x=0.0, offset_y=5.0, blur=(3.1, 3.5), colour="#000000", opacity=1.0)

LETTERING = RowLettering(
    fonts=FONTS,
    size=0.8,
    crisp=True,
    advance="ink width",
    gap=(0.0, 0.035),
    jitter_x=0.015,
    baseline=(0.56, 0.57),
    margin=0.0,
    shared=("size",),
)

WATER_RIPPLE = Scheme(
    name="kaptcha-waterripple",
    summary="bold black letters frayed by rings of small waves, two curves, on grey (kaptcha, Java)",
    lettering=LETTERING,
    alphabet=ALPHABET,
    lengths=(5, 5),
    texts=RandomTexts(twice="n"),
    width=200,
    height=50,
    palette=Palette(background="#ffffff", ink="#000000"),
    under=GROUND,
    on_text=(
        step(
            "water_ripple",
            amplitude=(0.05, 0.07),
            wavelength=0.04,
            radius=1.0,
            phase=(0.38, 0.44),
            centre_x=100 / 199,
            centre_y=25 / 49,
        ),
        step(
            "wobble",
            sideways=(0.05, 0.054),
            sideways_period=(1.86, 1.91),
            sideways_phase=0.0,
            upright=(0.033, 0.035),
            upright_period=(0.62, 0.636),
            upright_phase=0.0,
            lean=0.0,
        ),
    ),
    over=(*CURVES, FRAME, JPEG),
)

FISH_EYE = replace(
    WATER_RIPPLE,
    name="kaptcha-fisheye",
    summary="bold black letters under blue and red lines, seen through a lens, on grey (kaptcha, Java)",
    lettering=replace(LETTERING, size=(0.78, 0.82)),
    on_text=(),
    over=(
        step(
            "hatch",
            angle=0,
            crossed=False,
            spacing=0.12,
            jitter=0,
            start=0.0833,
            colour="#0000ff",
            smooth=False,
        ),
        step(
            "hatch",
            angle=90,
            crossed=False,
            spacing=0.12,
            jitter=0,
            start=0.25,
            colour="#ff0000",
            smooth=False,
        ),
        step(
            "fish_eye",
            magnification=4.0,
            radius=(0.98, 1.34),
            centre_x=100 / 199,
            centre_y=25 / 49,
            smooth=False,
        ),
        FRAME,
        JPEG,
    ),
)

WITH_SHADOW = replace(
    WATER_RIPPLE,
    name="kaptcha-shadow",
    summary="bold black letters that lean in waves over a soft shadow, two curves, on grey (kaptcha, Java)",
    on_text=(
        step(
            "wobble",
            sideways=(0.15, 0.155),
            sideways_period=(0.96, 1.8),
            sideways_phase=0.0,
            upright=(0.02, 0.04),
            upright_period=(0.24, 0.515),
            upright_phase=0.0,
            lean=0.0,
        ),
        SHADOW,
    ),
)

RUOYI_CHAR = replace(
    WITH_SHADOW,
    name="kaptcha-ruoyi-char",
    summary="four bold black letters in waves, soft shadow, two curves, on grey (kaptcha as RuoYi sets it)",
    lettering=replace(LETTERING, size=0.633, baseline=(0.475, 0.485)),
    lengths=(4, 4),
    width=160,
    height=60,
    under=RUOYI_GROUND,
    on_text=(
        step(
            "wobble",
            sideways=(0.125, 0.128),
            sideways_period=(0.81, 1.49),
            sideways_phase=0.0,
            upright=(0.0167, 0.0333),
            upright_period=(0.2, 0.43),
            upright_phase=0.0,
            lean=0.0,
        ),
        SHADOW,
    ),
)

RUOYI_MATH = replace(
    RUOYI_CHAR,
    name="kaptcha-ruoyi-math",
    summary="a sum in bold blue figures in waves, soft shadow, on grey (kaptcha as RuoYi sets it)",
    lettering=replace(
        LETTERING,
        size=0.584,
        gap=(0.0286, 0.06),
        jitter_x=(0.06, 0.085),
        baseline=(0.458, 0.467),
        shared=("size", "jitter_x"),
    ),
    alphabet="*+-/0123456789=?",
    lengths=(5, 5),
    texts=Sums(
        forms=(*("0-9 * 0-9",) * 4, *("0-9 + 0-9",) * 3, "0-9 / 1-9", *("0-9 - 0-9",) * 4),
        negative=False,
        suffix="=?",
    ),
    palette=Palette(background="#ffffff", ink="#0000ff"),
    over=(step("frame", thickness=1, colour="#69b35a"), JPEG),
)
