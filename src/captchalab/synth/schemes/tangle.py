"""A scheme of our own that is meant to be hard: nothing separates the characters but their shape."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step

TANGLE = Scheme(
    name="tangle",
    summary="many fonts, sizes and colours that overlap and lean, ripples, curves under and over, grain",
    lettering=RowLettering(
        fonts=(
            "AveriaSansGWF-Regular",
            "Caladea-Bold",
            "ComicNeue-Bold",
            "CourierPrime-Bold",
            "DroidSansMono",
            "LobsterTwo-Bold",
            "YanoneKaffeesatz-Bold",
        ),
        size=(0.72, 1.0),
        rotation=(-32, 32),
        shear=(-0.35, 0.35),
        place="spread",
        advance="ink",
        gap=-0.06,
        jitter_x=(-0.1, 0.1),
        jitter_y=(-0.12, 0.12),
        tint=60,
        margin=0.06,
        shared=(),
    ),
    lengths=(4, 6),
    palette=Palette(background=(185, 250), ink=(15, 120)),
    under=(step("gradient", reach=42), step("curves")),
    over=(
        step("dots", count=21),
        step("curves", count=1),
        step("ripple"),
        step("grain", reach=14),
        step("negative", probability=0.25),
    ),
)
