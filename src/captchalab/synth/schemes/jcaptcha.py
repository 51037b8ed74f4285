"""The looks of JCaptcha, a Java library."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.texts import RandomTexts
from captchalab.synth.words import Words

SMALL = "abcdefghijklmnopqrstuvwxyz"
# What a Java machine on Linux finds.
DEJAVU = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold"),
)

DEFAULT = Scheme(
    name="jcaptcha-default",
    summary="made-up words in black letters with holes, warped by rings of waves, on white (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=DEJAVU,
        size=(0.29, 0.337),
        place="anywhere",
        gap=(0.62, 0.67),
        baseline=(0.19, 0.77),
        fit="tighten",
        margin=0.0,
        shared=("gap",),
    ),
    alphabet="-AMPS" + SMALL,
    lengths=(6, 7),
    texts=Words(making="spliced", endings=True),
    width=200,
    height=100,
    palette=Palette(background="#ffffff", ink="#000000"),
    on_text=(step("holes", count=(3, 6), size=(0.05, 0.1)),),
    over=(
        step(
            "water_ripple",
            amplitude=(0.025, 0.033),
            wavelength=(0.68, 0.72),
            radius=1000,
            phase=(0.16, 0.2),
            centre_x=0.5,
            centre_y=0.5,
            aslant=True,
        ),
        step("jpeg", quality=75),
    ),
)

BASIC_LIST = Scheme(
    name="jcaptcha-basiclist",
    summary="words in white letters, each twice, on textures and patterns (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=DEJAVU,
        size=(0.2, 0.25),
        shear=(-0.33, 0),
        shear_y=(0, 0.33),
        pivot="pen",
        place="anywhere",
        gap=0.92,
        baseline=(0.14, 0.8),
        fit="tighten",
        margin=0.05,
        again_x=(0, 9),
        again_y=(0, 9),
        shared=(),
    ),
    alphabet="-ADFGJMNPST" + SMALL,
    lengths=(6, 8),
    texts=Words(endings=True),
    width=200,
    height=100,
    palette=Palette(background=(0, 255), ink="#ffffff"),
    # Theirs are seventeen pictures. Each ground may be covered by the next; details follow.
    under=(
        step("mottle", count=(3, 8), colour=(0, 255), size=(0.1, 0.6)),
        step("texture", probability=0.4, first=(0, 255), second=(0, 255), scale=(0.15, 0.6), veins=(0.5, 3)),
        step("mottle", probability=0.2, count=(4, 9), colour=(30, 210), size=(0.25, 0.4), smooth=False),
        step("linear_gradient", probability=0.3, start="grey 0 40", end="grey 0 40"),
        step("texture", probability=0.22, first="grey 20 140", second="grey 120 245", scale=(0.1, 0.4)),
        step("texture", probability=0.2, first=(0, 60), second=(50, 130), scale=(0.04, 0.3), octave_count=2),
        step("texture", probability=0.38, first=(190, 250), second="grey 185 250", scale=(0.02, 0.4)),
        step("texture", probability=0.06, first="#ffffff", second="#000000", veins=(3, 6), scale=(0.2, 0.5)),
        step("lines", probability=0.12, count=(10, 40), span="any", colour=(20, 255), thickness=(1, 4)),
        step("ellipses", probability=0.08, count=(30, 90), size=(0.05, 0.2), colour=(40, 230)),
        step(
            "ellipses", probability=0.1, count=(40, 120), size=(0.01, 0.05), style="any", colour="grey 0 200"
        ),
        step("scratches", probability=0.12, count=(60, 200), colour="grey 150 255", angle=(60, 120)),
        step("polylines", probability=0.1, colour="grey 120 255"),
        step(
            "decoys",
            probability=0.08,
            count=(8, 14),
            size=(0.3, 0.4),
            rotation=0,
            font="DejaVuSerif-Bold",
            colour=(0, 255),
        ),
        step("speckle", probability=0.1, density=(0.1, 0.5), colour=(0, 255), opacity=(0.5, 1)),
        step("gaussian", probability=0.3, sigma=(4, 40)),
        step("emboss", probability=0.35, strength=(0.5, 2.5)),
        step("sharpen", probability=0.15, strength=(1, 4)),
    ),
    over=(step("jpeg", quality=75),),
)

NON_LINEAR = Scheme(
    name="jcaptcha-nonlinear",
    summary="white, yellow and black letters of many fonts, up and down, on cyan and grey (JCaptcha, Java)",
    lettering=RowLettering(
        # Condensed faces are nine tenths as wide.
        fonts=(*DEJAVU, "DejaVuSans-ExtraLight", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique"),
        size=(0.235, 0.295),
        rotation=(-19, 19),
        stretch_x=(0.88, 1.02),
        place="left",
        start=0.05,
        gap=(0.02, 0.35),
        jitter_x=(-0.14, 0.14),
        jitter_y=(-0.25, 0.25),
        baseline=0.48,
        colour=("#ffffff", "#ffff00", "#000000"),
        hard=True,
        margin=0.0,
        shared=(),
    ),
    alphabet="letters",
    lengths=(5, 7),
    texts=RandomTexts(),
    width=200,
    height=100,
    palette=Palette(background="#00ffff", ink="#000000"),
    under=(step("linear_gradient", start="#00ffff", end="#808080", angle=(340, 352)),),
    over=(step("jpeg", quality=75),),
)
