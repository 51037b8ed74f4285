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

SANS = (
    *("Arimo-Regular", "Arimo-Bold", "Arimo-Italic", "Arimo-BoldItalic"),
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
)

DEFAULT = Scheme(
    name="jcaptcha-default",
    summary="made-up words in black letters of many fonts, with holes, on white (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=FONTS,
        size=(0.32, 0.38),
        rotation=(-8, 8),
        place="left",
        start=(-0.005, 0.02),
        gap=(0.02, 0.52),
        jitter_y=(-0.02, 0.02),
        baseline=(0.18, 0.76),
        margin=0.0,
        shared=(),
    ),
    alphabet="-AMPS" + SMALL,
    lengths=(6, 7),
    texts=Words(making="spliced"),
    width=200,
    height=100,
    palette=Palette(background="#ffffff", ink="#000000"),
    on_text=(step("holes", count=(6, 7), size=(0.04, 0.11)),),
    over=(step("jpeg", quality=75),),
)

BASIC_LIST = Scheme(
    name="jcaptcha-basiclist",
    summary="made-up words in white letters, each twice, on photographs and patterns (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=SANS,
        size=(0.22, 0.28),
        place="left",
        start=(-0.02, 0.07),
        gap=(0.1, 0.75),
        jitter_x=(-0.12, 0.12),
        baseline=(0.12, 0.85),
        margin=0.0,
        shared=("gap", "size"),
    ),
    alphabet="-ADFGJMNPST" + SMALL,
    lengths=(6, 8),
    texts=Words(making="spliced"),
    width=200,
    height=100,
    palette=Palette(background=(0, 255), ink="#ffffff"),
    under=(
        step("mottle", count=(3, 8), colour=(0, 255), size=(0.1, 0.6)),
        step("photo", probability=0.2, reach=(20, 110), light=(20, 90)),
        step("texture", probability=0.5, first=(0, 255), second=(0, 255), scale=(0.05, 0.8)),
        step("texture", probability=0.45, first="grey 0 235", second="grey 60 255", scale=(0.04, 0.5)),
        step("texture", probability=0.15, first="grey 170 240", second="grey 200 255", scale=(0.03, 0.3)),
        step("mottle", probability=0.25, count=(3, 8), colour=(0, 255), size=(0.05, 0.5), smooth=False),
        step("pattern", probability=0.2, colour=(0, 255), opacity=(0.3, 1)),
        step("ellipses", probability=0.12, count=(20, 80), size=(0.04, 0.3), style="any", colour=(0, 255)),
        step("ellipses", probability=0.12, count=(20, 80), size=(0.03, 0.2), colour="grey 120 255"),
        step("lines", probability=0.12, count=(15, 60), span="any", colour=(0, 255), thickness=(1, 4)),
        step("scratches", probability=0.15, count=(60, 200), colour="grey 60 255", angle=(60, 120)),
        step("decoys", probability=0.1, count=(4, 10), size=(0.3, 0.6), colour=(0, 255), opacity=(0.5, 1)),
        step("speckle", probability=0.2, density=(0.05, 0.4), colour=(0, 255), opacity=(0.3, 1)),
        step("gaussian", probability=0.35, sigma=(5, 30)),
        step("emboss", probability=0.4, strength=(0.5, 2.5)),
        step("sharpen", probability=0.2, strength=(1, 4)),
        step("grey", probability=0.2),
    ),
    on_text=(step("echo", offset_x=(-10, 10), offset_y=(-5, 5)),),
    over=(step("jpeg", quality=75),),
)

NON_LINEAR = Scheme(
    name="jcaptcha-nonlinear",
    summary="white, yellow and black letters of many fonts, up and down, on cyan and grey (JCaptcha, Java)",
    lettering=RowLettering(
        fonts=FONTS,
        size=(0.24, 0.31),
        rotation=(-15, 15),
        place="left",
        start=(0.03, 0.08),
        gap=(-0.1, 0.5),
        jitter_y=(-0.23, 0.23),
        baseline=(0.4, 0.55),
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
    under=(step("linear_gradient", start="#00ffff", end="#808080", angle=(8, 20)),),
    over=(step("jpeg", quality=75),),
)
