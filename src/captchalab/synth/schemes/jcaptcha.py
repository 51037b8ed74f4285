"""The looks of JCaptcha, a Java library."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, Step, step
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

# Theirs are seventeen pictures, each as often. Of n kinds of ground the last covers the others on every n-th
# picture; what lies on one kind is also on some of those before it.
_GROUNDS: tuple[Step, ...] = (
    # Two with contours, black ones on white and faint ones on grey.
    step("texture", first="#ffffff", second="#000000", scale=(0.1, 0.35), octave_count=1, veins=(0, 2)),
    step("posterize", levels=(2, 4)),
    step("edges", strength=(0.05, 0.7)),
    step("contrast", factor=1, brightness=(70, 118)),
    # Dark specks on mint.
    step(
        "mottle",
        probability=1 / 3,
        count=8,
        colour=("#c8dad2", "#d6e8e0", "#dceee6", "#e6f8f0"),
        size=(0.015, 0.04),
        smooth=False,
    ),
    step(
        "points",
        probability=0.4,
        count=(60, 220),
        radius=1,
        colour=("#202824", "#505a56", "#9aa8a2"),
    ),
    # A net of thick struts on black, and one of thin threads on teal.
    step(
        "mottle",
        probability=2 / 5,
        count=1,
        colour=("#04040c", "#82b8b0"),
    ),
    step(
        "hatch",
        probability=0.45,
        spacing=(0.04, 0.1),
        angle=(50, 90),
        jitter=(0.5, 2),
        colour="#e8fffc",
        smooth=False,
    ),
    step(
        "polylines",
        probability=0.2,
        count=(3, 7),
        span="any",
        colour=("#ffffff", "#dcdce4", "#8c8c98", "#d02030", "#3048c8", "#38d060"),
        thickness=(1, 6),
    ),
    # Letters on tiles.
    step(
        "mottle",
        probability=1 / 6,
        count=(4, 8),
        colour=("#6a5030", "#8a6a5a", "#c8a0a0", "#383878", "#705070", "#586038"),
        size=(0.28, 0.45),
        smooth=False,
    ),
    step(
        "decoys",
        probability=0.13,
        count=(6, 10),
        size=(0.3, 0.45),
        rotation=0,
        font="DejaVuSans-Bold",
        colour=(0, 220),
        opacity=(0.7, 1),
    ),
    # Rock, crumpled paper, wrinkled film, white paper.
    step("texture", probability=1 / 7, first="#00101a", second="#90a8b4", scale=(0.15, 0.5), octave_count=3),
    step(
        "texture",
        probability=1 / 8,
        first="grey 170 185",
        second="grey 205 220",
        scale=(0.04, 0.08),
        octave_count=1,
    ),
    step("texture", probability=1 / 9, first="grey 160 180", second="grey 215 245", scale=(0.15, 0.35)),
    step(
        "texture",
        probability=1 / 10,
        first="grey 225 240",
        second="grey 245 255",
        scale=(0.05, 0.2),
        octave_count=1,
        opacity=(0.85, 0.95),
    ),
    step("emboss", probability=0.33, strength=(0.3, 1.5)),
    # Coloured balls on black, blots of cyan and orange, of pastels, of red and navy.
    step(
        "mottle",
        probability=1 / 11,
        count=(10, 20),
        colour=("#000000", "#000000", "#000000", "#d02838", "#28a048", "#2858c8", "#c8a030", "#b868c8"),
        size=(0.06, 0.14),
    ),
    step(
        "mottle",
        probability=1 / 12,
        count=(8, 16),
        colour=("#00e8f8", "#00e8f8", "#209090", "#207070", "#f07828", "#200050"),
        size=(0.12, 0.25),
    ),
    step(
        "mottle",
        probability=1 / 13,
        count=(8, 16),
        colour=("#c8f060", "#a8a8d8", "#b090c8", "#80d0a8", "#b8b0b0", "#e8f080"),
        size=(0.12, 0.4),
    ),
    step(
        "mottle",
        probability=1 / 14,
        count=(8, 16),
        colour=("#f8d8f8", "#e8a8d8", "#c84850", "#1c1230", "#302850"),
        size=(0.12, 0.3),
    ),
    # Noise of pixels, granite, clouds.
    step("mottle", probability=1 / 15, count=40, colour="grey 60 220", size=0.01, smooth=False),
    step("mottle", probability=1 / 16, count=30, colour=(20, 100), size=(0.01, 0.03)),
    step("texture", probability=1 / 17, first="grey 40 80", second="grey 180 210", scale=(0.15, 0.4)),
    step("gaussian", probability=0.1, sigma=(3, 20)),
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
    under=_GROUNDS,
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
