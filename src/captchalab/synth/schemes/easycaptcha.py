"""The looks of the Java library EasyCaptcha."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.animation import Animation
from captchalab.synth.colours import Palette
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.sums import Sums

_COLOURS = (
    *("#0087ff", "#339933", "#ff6666", "#ff9900", "#996600", "#996699"),
    *("#339999", "#6666ff", "#0066cc", "#cc3333", "#0099cc", "#003366"),
)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
_RINGS = step("ellipses", count=2, size=(0.1, 0.32), ratio=1, colour=_COLOURS, thickness=(1, 1.5))
_LINE = step(
    "cubic",
    x1=(0.03, 0.05),
    x2=(0.25, 0.75),
    x3=(0.25, 0.75),
    x4=(0.95, 0.97),
    flatness=0.8,
    colour=_COLOURS,
    thickness=(1.7, 2.3),
)

_BLOCKS = RowLettering(
    fonts=tuple(f"CartoonBlock{number}" for number in range(1, 7)),
    size=(0.64, 0.69),
    place="columns",
    start=0,
    jitter_x=(-0.03, 0.03),
    jitter_y=(-0.01, 0.01),
    baseline=0.52,
    colour=_COLOURS,
    fit="clip",
    crisp=True,
    shared=(),
)
SPEC = Scheme(
    name="easycaptcha-spec",
    summary="hollow cartoon capitals in colours of their own, a curve and two rings (EasyCaptcha)",
    lettering=_BLOCKS,
    alphabet=_LETTERS,
    lengths=(5, 5),
    width=130,
    height=48,
    palette=Palette(background="#ffffff", ink=_COLOURS),
    under=(_RINGS, _LINE),
)

GIF = replace(
    SPEC,
    name="easycaptcha-gif",
    summary="hollow cartoon capitals, one of them hidden in each frame of an animation (EasyCaptcha)",
    under=(
        replace(_RINGS, options={**_RINGS.options, "thickness": 1, "opacity": (0.1, 1)}),
        replace(_LINE, options={**_LINE.options, "thickness": (1, 1.6)}),
    ),
    animation=Animation(hiding="fade", anew=("ellipses",)),
)

ARITH = replace(
    SPEC,
    name="easycaptcha-arith",
    summary="sums of two digits in hollow cartoon characters of several colours, two rings (EasyCaptcha)",
    lettering=replace(_BLOCKS, jitter_x=(0.08, 0.22)),
    texts=Sums(forms=("0-9 + 0-9", "0-9 - 0-9", "0-9 x 0-9")),
    under=(_RINGS,),
)

CHINESE = replace(
    SPEC,
    name="easycaptcha-chinese",
    summary="four Chinese characters in colours of their own, a thin curve and three rings (EasyCaptcha)",
    lettering=RowLettering(
        fonts=("WenQuanYiMicroHei",),
        size=(0.56, 0.6),
        place="spread",
        margin=0,
        jitter_x=(0.07, 0.16),
        baseline=(0.5, 0.55),
        colour=_COLOURS,
        crisp=True,
    ),
    alphabet="chinese",
    lengths=(4, 4),
    under=(
        replace(_RINGS, options={**_RINGS.options, "count": 3, "thickness": 1.3}),
        replace(_LINE, options={**_LINE.options, "flatness": 1.2, "thickness": (1, 1.4)}),
    ),
)
