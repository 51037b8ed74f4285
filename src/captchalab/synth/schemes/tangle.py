"""A scheme of our own that is meant to be hard: nothing separates the characters but their shape."""

from __future__ import annotations

from captchalab.synth.scheme import Palette, Scheme, Step
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
    under=(Step("gradient", 0.7), Step("curves")),
    over=(Step("dots", 0.7), Step("curves", 0.5), Step("ripple"), Step("grain", 0.7), Step("negative", 0.25)),
)
