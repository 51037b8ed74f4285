"""The looks of mewebstudio/captcha (PHP, for Laravel): default, flat and inverse."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, Step, step

_FONTS = (
    "OpenSans-Regular",
    "OpenSans-Bold",
    "OpenSans-Italic",
    "Arimo-Regular",
    "AveriaSansGWF-Regular",
    "ComicNeue-Bold",
    "PlainRounded-Bold",
    "RobotoCondensed-Bold",
    "RocknRollOne-Regular",
)
_LETTERING = RowLettering(
    fonts=_FONTS,
    size=(0.84, 1.02),
    rotation=(-15, 15),
    stretch_x=(0.82, 1.05),
    thickness=(-0.5, 0.9),
    place="columns",
    start=0.0,
    jitter_x=(-0.1, 0.16),
    jitter_y=(-0.12, 0.12),
    baseline=(0.44, 0.485),
    colour=(0, 255),
    fit="clip",
    shared=(),
)
_BUBBLES = (
    *("#9aa3b0", "#b4bac4", "#c8cdd4", "#8e97a6", "#a8b0bc", "#9da5b1", "#bcc3cb", "#a0a8b4"),
    *("#8bbf3c", "#e8930c", "#3a8fb0"),
)
_PAPER: tuple[Step, ...] = (
    step("texture", first="grey 190 225", second="grey 225 255", scale=(0.2, 1.5), octave_count=(1, 4)),
    step("pattern", spacing=(6, 16), colour="grey 180 255", opacity=(0.2, 0.6), probability=0.15),
    step(
        "pattern",
        kind="stripes",
        spacing=(4, 24),
        angle=90,
        share=(0.05, 0.5),
        colour="grey 190 255",
        probability=0.12,
    ),
    # The dirty one: dark corners, level streaks, coarse squares.
    step(
        "blobs",
        count=(1, 4),
        size=(0.4, 1.6),
        softness=(0, 0.25),
        colour="grey 90 170",
        opacity=(0.5, 0.95),
        probability=0.15,
    ),
    step(
        "scratches",
        count=(10, 60),
        length=(0.1, 0.9),
        angle=(0, 4),
        colour="grey 90 180",
        opacity=(0.3, 0.9),
        probability=0.1,
    ),
    step("rescale", factor=(0.25, 0.6), smooth=False, probability=0.1),
    # Slanting strokes.
    step(
        "scratches",
        count=(20, 60),
        length=(0.2, 0.9),
        angle=(-35, -20),
        colour="grey 120 200",
        thickness=(1, 3),
        opacity=(0.2, 0.5),
        probability=0.1,
    ),
    # Discs and bars.
    step(
        "ellipses",
        count=(12, 22),
        size=(0.12, 0.42),
        ratio=(0.85, 1),
        style="filled",
        colour=_BUBBLES,
        opacity=(0.6, 0.95),
        probability=0.12,
    ),
    step(
        "scratches",
        count=(3, 6),
        length=(1, 2.5),
        angle=(-50, -35),
        colour=("#a3c43e", "#a3c43e", "#f0a860"),
        same_colour=False,
        thickness=(2, 5),
        opacity=(0.6, 0.9),
        probability=0.12,
    ),
    step(
        "curves",
        count=(3, 12),
        colour="grey 140 255",
        tint=10,
        thickness=(1, 8),
        amplitude=(0, 0.6),
        place=(-0.5, 1.5),
        opacity=(0.2, 0.5),
        probability=0.4,
    ),
    step("grain", reach=(0, 8), grey=True, probability=0.4),
)
_MAGENTA = "#ff00ff"

DEFAULT = Scheme(
    name="mews-default",
    summary="characters in any colour apart from each other on grey paper, four magenta lines (mewebstudio)",
    lettering=_LETTERING,
    alphabet="digits+lower",
    lengths=(6, 6),
    width=345,
    height=65,
    palette=Palette(background="#ecf2f4", ink=(0, 255)),
    under=_PAPER,
    over=(
        step("lines", count=4, drift=(0, 1), colour=_MAGENTA, thickness=(1.3, 1.9)),
        step("jpeg", quality=75),
    ),
)

FLAT = replace(
    DEFAULT,
    name="mews-flat",
    summary="characters in seven colours apart from each other on grey paper, magenta lines (mewebstudio)",
    lettering=replace(
        _LETTERING,
        colour=("#2c3e50", "#c0392b", "#16a085", "#8e44ad", "#303f9f", "#f57c00", "#795548"),
    ),
    over=(
        step("lines", count=7, drift=(0, 1), colour=_MAGENTA, thickness=(1.3, 1.9)),
        step("jpeg", quality=75),
    ),
)

INVERSE = replace(
    DEFAULT,
    name="mews-inverse",
    summary="small blurred characters in any colour on grey paper, magenta lines (mewebstudio)",
    lettering=replace(_LETTERING, size=(0.72, 1.02), thickness=(-0.9, 0.35)),
    alphabet="digits+upper+lower",
    lengths=(5, 5),
    width=120,
    height=36,
    over=(
        step("lines", count=4, drift=(0, 1), colour=_MAGENTA, thickness=(1.1, 1.7)),
        step("blur", radius=(0.6, 0.95)),
        step("jpeg", quality=75),
    ),
)
