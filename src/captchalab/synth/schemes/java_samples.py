"""Small Java samples that many sites were built from: imageRandom, iCaptcha, SkewPassImage.

Drawn from what is known of how they draw; there were no pictures of theirs to compare with.
"""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

IMAGERANDOM = Scheme(
    name="imagerandom",
    summary="small serif digits in colours of their own over pale short strokes (Java's imageRandom)",
    lettering=RowLettering(
        fonts=("Tinos-Regular", "Tinos-Bold", "DejaVuSerif"),
        size=(0.8, 1.0),
        place="columns",
        start=(0.06, 0.14),
        baseline=(0.45, 0.55),
        jitter_y=(-0.04, 0.04),
        colour=(20.0, 130.0),
        fit="clip",
    ),
    alphabet="digits",
    width=60,
    height=20,
    palette=Palette(background=(200, 250)),
    under=(
        step(
            "scratches",
            count=(90, 160),
            length=(0.05, 0.8),
            angle=(0, 90),
            colour=(160.0, 200.0),
            smooth=False,
            probability=0.9,
        ),
    ),
    over=(step("jpeg", quality=(70, 90), probability=0.7),),
)

ICAPTCHA = Scheme(
    name="icaptcha",
    summary="coloured characters on light ground, long interference lines and points (Java's iCaptcha)",
    lettering=RowLettering(
        fonts=(
            "Tinos-Bold",
            "Tinos-BoldItalic",
            "Arimo-Bold",
            "Arimo-BoldItalic",
            "DejaVuSans-Bold",
            "DejaVuSerif-Bold",
        ),
        size=(0.65, 0.95),
        rotation=(-15, 15),
        place="spread",
        jitter_x=(-0.08, 0.08),
        jitter_y=(-0.1, 0.1),
        colour=(10.0, 150.0),
    ),
    width=100,
    height=40,
    palette=Palette(background=(200, 255), ink=(60, 200)),
    under=(step("lines", count=(8, 30), colour=(120.0, 220.0), thickness=1, smooth=False),),
    over=(
        step("points", count=(20, 120), colour=(0.0, 255.0)),
        step("lines", count=(1, 4), colour=(60.0, 200.0), thickness=1, probability=0.6),
        step("frame", colour=("#000000", "#c0c0c0"), probability=0.4),
        step("jpeg", quality=(70, 90), probability=0.7),
    ),
)

SKEWPASSIMAGE = Scheme(
    name="skewpassimage",
    summary="bold characters turned to and fro on pale boxes, under ovals and lines (Java's SkewPassImage)",
    lettering=RowLettering(
        fonts=("DejaVuSans-Bold", "Arimo-Bold", "DejaVuSerif-Bold", "Tinos-Bold", "DejaVuSansMono-Bold"),
        size=(0.6, 0.85),
        rotation=(-30, 30),
        shear=(-0.3, 0.3),
        place="spread",
        jitter_y=(-0.1, 0.1),
        colour=(0.0, 130.0),
        shared=("size",),
    ),
    alphabet="digits+letters",
    lengths=(5, 6),
    width=108,
    height=40,
    palette=Palette(background=(225, 255)),
    under=(
        step(
            "rectangles",
            count=(3, 10),
            size=(0.2, 0.9),
            rotation=0,
            style="filled",
            colour=(170.0, 250.0),
        ),
    ),
    over=(
        step(
            "ellipses",
            count=(1, 4),
            size=(0.3, 1.6),
            colour=(150.0, 250.0),
            thickness=(2, 4),
            opacity=(0.4, 0.8),
        ),
        step("lines", count=(1, 4), colour=(60.0, 200.0), thickness=(1, 2), probability=0.6),
        step("jpeg", quality=(70, 90), probability=0.7),
    ),
)
