"""The looks of JCaptcha, a Java library."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.texts import RandomTexts
from captchalab.synth.words import Words

SMALL = "abcdefghijklmnopqrstuvwxyz"
# A Java machine on Linux draws from every font that it finds.
FONTS = (
    *("Arimo-Regular", "Arimo-Bold", "Arimo-Italic", "Arimo-BoldItalic"),
    *("Tinos-Regular", "Tinos-Bold", "Tinos-Italic", "Tinos-BoldItalic"),
    *("Cousine-Regular", "Cousine-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold"),
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
)

DEFAULT = Scheme(
    name="jcaptcha-default",
    summary="made-up words in black letters of many fonts, with holes, on white (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=FONTS,
        size=(0.3, 0.37),
        rotation=(-8, 8),
        place="left",
        start=(0.01, 0.03),
        gap=(0.02, 0.6),
        jitter_y=(-0.02, 0.02),
        baseline=(0.2, 0.78),
        fit="clip",
        shared=(),
    ),
    alphabet="-AMPS" + SMALL,
    lengths=(6, 7),
    texts=Words(making="spliced"),
    width=200,
    height=100,
    palette=Palette(background="#ffffff", ink="#000000"),
    on_text=(step("holes", count=(6, 7), size=(0.04, 0.09)),),
    over=(step("jpeg", quality=75),),
)

BASIC_LIST = Scheme(
    name="jcaptcha-basiclist",
    summary="words in white letters of many fonts, each twice, on photographs and patterns (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=FONTS,
        size=(0.2, 0.26),
        place="left",
        start=(0.0, 0.05),
        gap=(0.1, 0.7),
        baseline=(0.12, 0.85),
        fit="clip",
        shared=(),
    ),
    alphabet="-ADFGJMNPST" + SMALL,
    lengths=(6, 8),
    texts=Words(),
    width=200,
    height=100,
    palette=Palette(background=(0, 255), ink="#ffffff"),
    under=(
        step("photo"),
        step("texture", probability=0.5, first=(0, 255), second=(0, 255)),
        step("mottle", probability=0.3, colour=(0, 255)),
        step("pattern", probability=0.2, colour=(0, 255)),
        step("ellipses", probability=0.2, count=(20, 60), style="both", colour=(0, 255)),
        step("lines", probability=0.2, count=(20, 60), colour=(0, 255)),
        step("speckle", probability=0.2, density=(0.1, 0.5), colour=(0, 255)),
    ),
    on_text=(step("echo", offset_x=(-6, 6), offset_y=(-6, 6)),),
    over=(step("jpeg", quality=75),),
)

NON_LINEAR = Scheme(
    name="jcaptcha-nonlinear",
    summary="white, yellow and black letters of many fonts, up and down, on cyan and grey (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=FONTS,
        size=(0.2, 0.26),
        rotation=(-15, 15),
        place="left",
        start=(0.03, 0.08),
        gap=(-0.1, 0.5),
        jitter_y=(-0.25, 0.25),
        baseline=(0.45, 0.6),
        colour=("#ffffff", "#ffff00", "#000000"),
        hard=True,
        fit="clip",
        shared=(),
    ),
    alphabet="letters",
    lengths=(5, 7),
    texts=RandomTexts(),
    width=200,
    height=100,
    palette=Palette(background="#00ffff", ink="#000000"),
    under=(step("linear_gradient", start="#00ffff", end="#808080", angle=(5, 25)),),
    over=(step("jpeg", quality=75),),
)
