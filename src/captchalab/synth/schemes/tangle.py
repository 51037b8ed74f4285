"""A scheme of our own that is meant to be hard: nothing separates the characters but their shape."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.tangled import TangledLettering

TANGLE = Scheme(
    name="tangle",
    summary="many fonts, sizes and colours that overlap and lean, ripples, curves under and over, grain",
    lettering=TangledLettering(
        fonts=(
            "AveriaSansGWF-Regular",
            "Caladea-Bold",
            "ComicNeue-Bold",
            "CourierPrime-Bold",
            "DroidSansMono",
            "LobsterTwo-Bold",
            "YanoneKaffeesatz-Bold",
        ),
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
