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
_RINGS = step("ellipses", count=2, size=(0.1, 0.32), ratio=1, colour=_COLOURS, thickness=1)
_LINE = step("bezier", count=1, degree=(2, 3), colour=_COLOURS, thickness=2)

SPEC = Scheme(
    name="easycaptcha-spec",
    summary="hollow cartoon capitals in colours of their own, a curve and two rings (EasyCaptcha)",
    lettering=RowLettering(
        fonts=("LuckiestGuy-Regular", "PermanentMarker-Regular", "ComicNeue-Bold"),
        size=(0.6, 0.7),
        rotation=(-12, 12),
        place="spread",
        colour=_COLOURS,
        hollow=True,
        outline=(1.5, 2.5),
        shared=(),
        aliases={c: c.upper() for c in _LETTERS if c.islower()},
    ),
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
    animation=Animation(hiding="fade"),
)

ARITH = replace(
    SPEC,
    name="easycaptcha-arith",
    summary="sums of two digits in hollow cartoon characters in colours of their own, two rings (EasyCaptcha)",
    texts=Sums(forms=("0-9 + 0-9", "0-9 - 0-9", "0-9 x 0-9")),
    under=(_RINGS,),
)

CHINESE = replace(
    SPEC,
    name="easycaptcha-chinese",
    summary="four Chinese characters in colours of their own, a thin curve and three rings (EasyCaptcha)",
    lettering=RowLettering(
        fonts=("WenQuanYiMicroHei",),
        size=0.58,
        place="spread",
        colour=_COLOURS,
    ),
    alphabet="chinese",
    lengths=(4, 4),
)
