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
    # An l with a foot, narrow and round characters: three of theirs are not known.
    *("PatrickHand-Regular", "PlainSchool", "PlainStreet", "YanoneKaffeesatz-Bold"),
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
    jitter_y=(-0.12, 0.16),
    baseline=(0.44, 0.485),
    colour=(0, 255),
    fit="clip",
    shared=(),
)
# Theirs are twelve pictures, each as often.
_GROUNDS: tuple[Step, ...] = (
    step("texture", variant="smudges", first="#e2deda", second="#efeceb", scale=(0.3, 1.2)),
    step(
        "curves",
        variant="smudges",
        count=(6, 16),
        colour="grey 170 220",
        tint=4,
        thickness=(1, 3),
        amplitude=(0, 0.8),
        place=(-0.5, 1.5),
        opacity=(0.2, 0.5),
    ),
    step("texture", variant="shades", first="grey 218 228", second="grey 236 242", scale=(0.4, 1.2)),
    step("linear_gradient", variant="ruled", start="#aeb6c2", end="#d8dee4", angle=(60, 120)),
    step(
        "pattern",
        variant="ruled",
        kind="stripes",
        spacing=(8, 20),
        angle=90,
        share=(0.05, 0.15),
        colour="grey 240 255",
    ),
    step("texture", variant="dirt", first="grey 190 205", second="grey 235 255", scale=(0.2, 0.8)),
    step(
        "blobs",
        variant="dirt",
        count=(1, 4),
        size=(0.4, 1.6),
        softness=(0, 0.25),
        colour="grey 90 170",
        opacity=(0.5, 0.95),
    ),
    step(
        "scratches",
        variant="dirt",
        count=(10, 60),
        length=(0.1, 0.9),
        angle=(0, 4),
        colour="grey 90 180",
        opacity=(0.3, 0.9),
    ),
    step("rescale", variant="dirt", factor=(0.3, 0.6), smooth=False),
    step("mottle", variant="tendrils", count=1, colour="#ffffff"),
    step(
        "arcs",
        variant="tendrils",
        count=(3, 8),
        size=(0.5, 3),
        sweep=(90, 340),
        colour="grey 150 190",
        same_colour=True,
        thickness=(1, 3),
    ),
    step(
        "arcs",
        variant="tendrils",
        count=(0, 3),
        size=(1, 3),
        colour="grey 195 240",
        thickness=(4, 14),
        opacity=(0.5, 0.9),
    ),
    step("mottle", variant="ribbons", count=1, colour="#fafafa"),
    step(
        "arcs",
        variant="ribbons",
        count=(6, 14),
        size=(0.8, 4),
        colour="grey 210 240",
        thickness=(2, 16),
        opacity=(0.5, 0.9),
    ),
    step(
        "texture",
        variant="sand",
        first="grey 195 215",
        second="grey 220 235",
        scale=(0.1, 0.5),
        octave_count=4,
    ),
    step("grain", variant="sand", reach=(8, 18), grey=True),
    step("texture", variant="strokes", first="grey 200 215", second="grey 225 245", scale=(0.4, 1.5)),
    step(
        "scratches",
        variant="strokes",
        count=(20, 60),
        length=(0.2, 0.9),
        angle=(-35, -20),
        colour="grey 120 200",
        thickness=(1, 3),
        opacity=(0.2, 0.5),
    ),
    step(
        "pattern",
        variant="bricks",
        kind="stripes",
        spacing=(9, 14),
        angle=90,
        share=(0.6, 0.75),
        colour="grey 195 225",
    ),
    step(
        "pattern",
        variant="bricks",
        kind="stripes",
        spacing=(16, 34),
        angle=0,
        share=(0.12, 0.25),
        colour="#ffffff",
    ),
    step(
        "texture",
        variant="patches",
        first="grey 205 215",
        second="grey 235 255",
        scale=(0.3, 1),
        octave_count=(2, 4),
    ),
    step(
        "texture", variant="silk", first="grey 220 232", second="grey 244 255", scale=(0.3, 1), octave_count=1
    ),
    step("mottle", variant="bubbles", count=1, colour="#ffffff"),
    step(
        "ellipses",
        variant="bubbles",
        count=(12, 22),
        size=(0.12, 0.42),
        ratio=(0.85, 1),
        style="filled",
        colour=(
            *("#9aa3b0", "#b4bac4", "#c8cdd4", "#8e97a6", "#a8b0bc", "#9da5b1", "#bcc3cb", "#a0a8b4"),
            *("#8bbf3c", "#e8930c", "#3a8fb0"),
        ),
        opacity=(0.6, 0.95),
    ),
    step(
        "scratches",
        variant="bubbles",
        count=(3, 6),
        length=(1, 2.5),
        angle=(-50, -35),
        colour=("#a3c43e", "#a3c43e", "#f0a860"),
        same_colour=False,
        thickness=(2, 5),
        opacity=(0.6, 0.9),
    ),
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
    under=_GROUNDS,
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
