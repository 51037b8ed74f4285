"""The looks of hutool's captchas (Java): lines, circles, shear, and sums."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, Step, step
from captchalab.synth.sums import Sums

_ALPHABET = "digits+upper+lower"
_LETTERING = RowLettering(
    fonts=("DejaVuSans",),
    size=0.75,
    thickness=(-0.7, -0.4),
    place="columns",
    start=(-0.006, 0.0),
    baseline=(0.477, 0.489),
    colour=(0, 255),
    fit="clip",
    crisp=True,
    hard=True,
)
_WHITE = Palette(background="#ffffff", ink=(0, 255))


def _sheared(columns: float) -> tuple[Step, ...]:
    """Rows shifted by half of a period of up to 2 pi widths, columns by one of up to pi heights; a bar.

    A little less than half: the library cuts each shift to whole pixels.
    """
    wave = step(
        "shear",
        row_slope=(0.47, 0.5),
        row_period=(0.05, columns),
        row_phase=0.5,
        column_slope=(0.42, 0.5),
        column_period=(0.05, 3.0),
        column_phase=0.85,
    )
    return wave, step("strike", place=(0.1, 0.9), slope=(-0.7, 0.7), inset=0.0, colour=(0, 255), thickness=4)


LINE = Scheme(
    name="hutool-line",
    summary="large characters in any colour over 150 short coloured lines, cut off at the right (hutool)",
    lettering=_LETTERING,
    alphabet=_ALPHABET,
    lengths=(5, 5),
    width=200,
    height=100,
    palette=_WHITE,
    under=(
        step(
            "scratches",
            count=150,
            length=(0.02, 0.27),
            angle=(0, 55),
            colour=(0, 255),
            same_colour=False,
            smooth=False,
        ),
    ),
)

CIRCLE = replace(
    LINE,
    name="hutool-circle",
    summary="large characters in any colour over 15 thin ellipses, cut off at the right (hutool)",
    under=tuple(
        step(
            "ellipses",
            count=(7, 8),
            size=(0.08, 0.5),
            ratio=(0.02, 1.0),
            rotation=turn,
            colour=(0, 255),
            smooth=False,
        )
        for turn in (0, 90)
    ),
)

SHEAR = replace(
    LINE,
    name="hutool-shear",
    summary="large characters in any colour, sheared in waves, one bar across, cut off at the right (hutool)",
    lettering=replace(_LETTERING, baseline=(0.475, 0.492)),
    under=(),
    over=_sheared(12.5),
)

SHEAR_MATH = replace(
    SHEAR,
    name="hutool-shear-math",
    summary="a sum of two numbers below 100 in any colours, sheared in waves, one bar across (hutool)",
    texts=Sums(forms=("0-99 + 0-99", "0-99 - 0-99", "0-99 * 0-99"), suffix="=", pad=2),
    alphabet="*+-0123456789=",
    lengths=(4, 6),
    height=45,
    over=_sheared(28.0),
)
