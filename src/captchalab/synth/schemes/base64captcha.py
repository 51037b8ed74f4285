"""The looks of base64Captcha (Go): digits made of dots, coloured characters, sums."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, Step, step
from captchalab.synth.sums import Sums

DIGIT = Scheme(
    name="base64captcha-digit",
    summary="digits set from dots, leaning either way, a wave through them, crosses (base64Captcha)",
    lettering=RowLettering(
        fonts=("DejaVuSans", "DejaVuSansMono", "DroidSansMono", "OpenSans-Regular", "Arimo-Regular"),
        size=(0.55, 0.66),
        shear=(-0.42, 0.42),
        place="anywhere",
        advance="ink",
        gap=(0.02, 0.16),
        jitter_y=(-0.02, 0.02),
        baseline=(0.35, 0.58),
        thickness=(0.5, 1.5),
        margin=0.1,
        hard=True,
        shared=("font", "size", "thickness"),
    ),
    alphabet="digits",
    lengths=(5, 5),
    width=240,
    height=80,
    palette=Palette(background="#ffffff", ink=(0, 128)),
    under=(
        step(
            "curves",
            count=1,
            turns=(1.1, 2.8),
            amplitude=(0.05, 0.24),
            place=(0.35, 0.62),
            thickness=(2.8, 3.6),
            hollow=1.0,
            tint=0,
            smooth=False,
        ),
    ),
    on_text=(
        step("stipple", pitch=2, radius=1),
        step("ripple", amplitude=(0.06, 0.12), period=(1.25, 2.5), smooth=False),
    ),
    over=(
        step("points", count=60, radius=1, opacity=(0.3, 1.0)),
        step("points", count=20, radius=1, colour="#000000", opacity=(0.3, 1.0)),
    ),
)

_LETTERS = RowLettering(
    fonts=("WenQuanYiMicroHei", "OpenSans-Regular"),
    size=(0.45, 0.8),
    place="columns",
    start=(0.0, 0.01),
    jitter_y=(-0.09, 0.09),
    baseline=(0.5, 0.535),
    colour=(0, 182),
    fit="clip",
    crisp=True,
    shared=("font",),
)


def _hollow_line(colour: tuple[int, int]) -> Step:
    return step(
        "curves",
        count=1,
        turns=(0.4, 0.6),
        amplitude=(0.1, 0.24),
        place=(0.2, 0.38),
        colour=colour,
        tint=0,
        thickness=(3, 4),
        smooth=False,
    )


STRING = Scheme(
    name="base64captcha-string",
    summary="coloured characters of very different sizes, a pale arc, three thin lines (base64Captcha)",
    lettering=_LETTERS,
    alphabet="digits+lower",
    lengths=(6, 6),
    width=240,
    height=60,
    palette=Palette(background="#ffffff", ink=(0, 160)),
    under=(
        _hollow_line((200, 255)),
        step(
            "strike",
            count=2,
            place=(0.4, 0.6),
            slope=(-0.9, -0.4),
            inset=(0, 0.07),
            colour=(0, 182),
            thickness=2.0,
            smooth=False,
        ),
        step(
            "strike",
            count=1,
            place=(0.55, 0.8),
            slope=(0.1, 0.5),
            inset=(0, 0.08),
            colour=(0, 182),
            thickness=(1.0, 1.6),
            smooth=False,
        ),
    ),
)

MATH = replace(
    STRING,
    name="base64captcha-math",
    summary="a sum in colours and very different sizes on a pastel ground, a pale arc (base64Captcha)",
    texts=Sums(forms=("0-19 + 0-19", "0-98 - 0-79", "0-9 x 0-9")),
    alphabet="+-0123456789=?x",
    lengths=(5, 7),
    palette=Palette(background=(200, 254), ink=(0, 160)),
    under=(_hollow_line((200, 255)),),
)
