"""The look of the public set ``captcha_images_v2`` of the Keras OCR example: an early kaptcha."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.scheme import step
from captchalab.synth.schemes.kaptcha import ALPHABET, CURVES, LETTERING, WATER_RIPPLE

CAPTCHA_V2 = replace(
    WATER_RIPPLE,
    name="captcha_v2",
    summary="bold black letters from the left, frayed in the middle, two curves, on grey (Keras OCR set)",
    alphabet=ALPHABET.replace("a", ""),
    lettering=replace(
        LETTERING,
        fonts=("DejaVuSansMono-Bold", "DejaVuSans-Bold", "OpenSans-Bold", "Arimo-Bold"),
        size=(0.77, 0.83),
        place="left",
        start=(0.13, 0.16),
        thickness=(-1.2, 0.3),
        gap=(-0.03, 0.02),
        baseline=(0.54, 0.58),
    ),
    over=(*CURVES, step("jpeg", quality=(80, 95), probability=0.5)),
)
