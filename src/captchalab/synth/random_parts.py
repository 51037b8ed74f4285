"""What ``scheme:random`` puts its pictures together from: alternatives, each with ranges of its own."""

from __future__ import annotations

from captchalab.synth.colours import Palette
from captchalab.synth.scheme import Step, step

_LIGHT = Palette(background=(222, 255), ink=(0, 150), contrast=85)
_WHITE = Palette(background="grey 245 255", ink="grey 0 90")
_COLOURED = Palette(background=(130, 255), ink=(0, 180), contrast=80)
_DARK = Palette(background=(0, 90), ink=(130, 255), contrast=85)
_ANY = Palette(background=(0, 255), ink=(0, 255), contrast=95)
PALETTES = (_LIGHT, _LIGHT, _LIGHT, _LIGHT, _WHITE, _WHITE, _COLOURED, _COLOURED, _DARK, _ANY)

GROUNDS: tuple[Step, ...] = (
    step("gradient", reach=(15, 60)),
    step("gradient", reach=(15, 60)),
    step("linear_gradient", start="background", end=(0, 255), opacity=(0.2, 0.5)),
    step("radial_gradient", inner="background", outer=(0, 255), opacity=(0.2, 0.5)),
    step("texture", first="background", second=(0, 255), opacity=(0.15, 0.45)),
    step("photo", colour="background", reach=(15, 50), light=(5, 35), grain=(0, 12), opacity=(0.5, 1)),
    step("mottle", colour=(0, 255), opacity=(0.1, 0.35)),
    step("mottle", colour=(0, 255), opacity=(0.1, 0.3), smooth=False),
    step("pattern", colour=(0, 255), opacity=(0.1, 0.45)),
    step("pattern", colour="ink", opacity=(0.05, 0.25)),
)

_MARKS: tuple[Step, ...] = (
    step("lines", span="any", count=(1, 5)),
    step("lines", span="any", count=(2, 8), colour=(0, 255), thickness=(1, 1.5)),
    step("curves", count=(1, 2)),
    step("curves", count=(1, 4), colour=(0, 255), thickness=(1, 2.5)),
    step("curves", count=(1, 3), wobble=(0.2, 0.8), thickness=(1, 2)),
    step("bezier", span="any", count=(1, 3), thickness=(1, 2.5)),
    step("bezier", span="any", count=(1, 4), colour=(0, 255)),
    step("arc", count=(1, 2)),
    step("arcs", count=(1, 4)),
    step("arcs", count=(2, 6), colour=(0, 255)),
    step("polylines", span="any", count=(1, 2), thickness=(1, 2)),
    step("dashes", span="any", count=(1, 4)),
    step("scratches", count=(5, 25), length=(0.05, 0.3)),
    step("grid", opacity=(0.2, 0.6)),
    step("dots", count=(10, 45)),
    step("dots", count=(10, 60), colour=(0, 255)),
    step("points", count=(40, 300)),
    step("points", count=(100, 600), colour=(0, 255)),
    step("speckle", density=(0.005, 0.05)),
    step("ellipses", count=(2, 8)),
    step("ellipses", count=(2, 8), colour=(0, 255), thickness=(1, 2)),
    step("rectangles", count=(2, 5), colour=(0, 255)),
    step("petals", count=(2, 5), style="outline", colour=(0, 255)),
)
UNDER: tuple[Step, ...] = (
    *_MARKS,
    step("scratches", count=(20, 120), colour=(80, 255), same_colour=False, length=(0.05, 0.3)),
    step("decoys", count=(2, 7), colour=(0, 255), opacity=(0.15, 0.45)),
    step("decoys", count=(6, 16), size=(0.1, 0.25), colour=(0, 255), opacity=(0.15, 0.5)),
    step("blobs", count=(1, 5), colour=(0, 255), opacity=(0.15, 0.4)),
    step("ellipses", count=(2, 8), style="filled", colour=(0, 255), opacity=(0.15, 0.4)),
    step("rectangles", count=(2, 8), style="filled", colour=(0, 255), opacity=(0.15, 0.4)),
    step("stars", count=(3, 10), colour=(0, 255), opacity=(0.15, 0.4)),
)
"""Of which none to two lie below the text."""
OVER: tuple[Step, ...] = (
    *_MARKS,
    step("strike", thickness=(1, 4)),
    step("strike", thickness=(1, 4), colour="background"),
    step("curves", count=(1, 3), colour="background", tint=0),
    step("lines", span="any", count=(2, 8), colour="background"),
    step("hatch", opacity=(0.3, 0.9), spacing=(0.1, 0.25)),
    step("blobs", count=(1, 3), colour=(0, 255), opacity=(0.1, 0.3)),
)
"""Of which none to two lie above it."""

WARPS: tuple[Step, ...] = (
    step("ripple"),
    step("ripple", amplitude=(0.02, 0.06), period=(0.4, 2.0), smooth=False),
    step("sine_wave", direction="rows", amplitude=(0.03, 0.08)),
    step("sine_wave", direction="columns", amplitude=(0.03, 0.1), period=(0.8, 3.0)),
    step("shear", row_slope=(0.05, 0.3), column_slope=(0.05, 0.3)),
    step("bend"),
    step("slant", rows=(-0.4, 0.4)),
    step("rotate", degrees=(-8, 8)),
    step("perspective", pull=(0.05, 0.25)),
    step("water_ripple"),
    step("water_ripple", amplitude=(0.02, 0.05), wavelength=0.04, radius=(0.6, 1.2)),
    step("fish_eye", magnification=(1.3, 3.0)),
    step("swirl", degrees=(-40, 40)),
    step("elastic", amplitude=(0.02, 0.06)),
    step("turbulence", amplitude=(0.01, 0.035)),
)
"""Of which none to two bend the text, or the whole picture."""

FINISHES: tuple[Step, ...] = (
    step("negative", probability=0.06),
    step("grain", reach=(5, 35), probability=0.12),
    step("gaussian", sigma=(4, 18), probability=0.08),
    step("smooth", probability=0.15),
    step("blur", radius=(0.4, 1.0), probability=0.12),
    step("motion_blur", length=(2, 4.5), probability=0.03),
    step("rescale", factor=(0.5, 0.9), probability=0.06),
    step("sharpen", strength=(0.3, 1.5), probability=0.05),
    step("emboss", strength=(0.2, 0.7), probability=0.02),
    step("contrast", factor=(0.65, 1.4), brightness=(-25, 25), probability=0.1),
    step("grey", probability=0.1),
    step("posterize", levels=(4, 16), probability=0.03),
    step("palette", count=(6, 32), probability=0.03),
    step("frame", colour=("#000000", "#808080", "ink"), probability=0.05),
    step("jpeg", quality=(35, 95), probability=0.28),
)
"""Applied to every picture, each with its probability."""
