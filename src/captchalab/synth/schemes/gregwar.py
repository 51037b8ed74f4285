"""The look of Gregwar/Captcha (PHP)."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

GREGWAR = Scheme(
    name="gregwar",
    summary="one colour on a pastel or dark ground, frayed edges, lines under and over the text (Gregwar)",
    lettering=RowLettering(
        fonts=(
            "AveriaSansGWF-Regular",
            "ComicNeue-Bold",
            "CourierPrime-Bold",
            "DejaVuSans",
            "DejaVuSansMono",
            "DejaVuSerif",
            "FantasqueSansMono-Bold",
            "PatrickHand-Regular",
            "PlainRounded-Bold",
            "PlainSchool",
            "PlainStack",
            "RobotoSlab-Bold",
            "Stick-Regular",
            "Tinos-Regular",
            "VT323-Regular",
            "YuseiMagic-Regular",
        ),
        size=(0.74, 0.96),
        rotation=(-8, 8),
        thickness=(-0.4, 0.2),
        jitter_y=(-0.1, 0.1),
        baseline=(0.48, 0.62),
        advance="ink",
        gap=(-0.02, 0.06),
        fit="clip",
        shared=("font", "size", "gap", "thickness"),
    ),
    alphabet="123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnpqrstuvwxyz",
    lengths=(5, 5),
    width=150,
    height=40,
    palette=Palette(background=(200, 255), ink=(0, 150)),
    under=(step("lines", count=(2, 3), span="anywhere", colour=(100, 255), thickness=(1, 3), smooth=False),),
    over=(
        step("lines", count=(2, 3), span="anywhere", thickness=(1, 3), smooth=False),
        step(
            "water_ripple", amplitude=0.1, wavelength=(4, 5), radius=(20, 40), smooth=False, fill="background"
        ),
        step("sine_wave", direction="columns", amplitude=(0.027, 0.036), period=0.785, fill="background"),
        step("scatter", share=0.75, times=1, ground_only=True, probability=0.78),
        step("negative", probability=0.46),
        step("edges", strength=1.0, probability=0.016),
        step("jpeg", quality=90),
    ),
)
