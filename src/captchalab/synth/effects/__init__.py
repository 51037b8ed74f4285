"""Effects: pure functions ``(rng, picture, colours, *, options) -> picture``.

A picture is uint8 ``(H, W, 3)``. Those in ``ON_LAYERS`` also take a layer, ``(H, W, 4)``: colours times
opacity, then the opacity. No effect writes into what it is given; all random numbers come from
``rng``; every option has a default and is a number, a ``Range``, a ``Paint``, a word or a truth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from captchalab.synth.colours import Colours
from captchalab.synth.effects.artefacts import jpeg, palette, posterize, rescale
from captchalab.synth.effects.backgrounds import (
    gradient,
    linear_gradient,
    mottle,
    pattern,
    photo,
    radial_gradient,
    texture,
)
from captchalab.synth.effects.bends import arcs, bezier, curves, splines
from captchalab.synth.effects.contours import block, contour, outline, shadow
from captchalab.synth.effects.copies import echo, holes
from captchalab.synth.effects.cubics import cubic
from captchalab.synth.effects.decoys import decoys
from captchalab.synth.effects.finish import (
    blur,
    contrast,
    edges,
    emboss,
    frame,
    grey,
    motion_blur,
    negative,
    sharpen,
    smooth,
)
from captchalab.synth.effects.lines import dashes, grid, hatch, lines, polylines, scratches, strike
from captchalab.synth.effects.noise import gaussian, grain, points, scatter, speckle
from captchalab.synth.effects.shapes import blobs, ellipses, petals, rectangles, stars
from captchalab.synth.effects.stipple import stipple
from captchalab.synth.effects.strokes import arc, dots
from captchalab.synth.effects.warps import bend, perspective, ripple, rotate, shear, sine_wave, slant, wobble
from captchalab.synth.effects.whirls import elastic, fish_eye, swirl, turbulence, water_ripple
from captchalab.synth.scheme import Step

Picture = NDArray[np.uint8]

EFFECTS: dict[str, Callable[..., Picture]] = {
    # backgrounds
    "gradient": gradient,
    "linear_gradient": linear_gradient,
    "mottle": mottle,
    "pattern": pattern,
    "photo": photo,
    "radial_gradient": radial_gradient,
    "texture": texture,
    # strokes
    "arc": arc,
    "arcs": arcs,
    "bezier": bezier,
    "cubic": cubic,
    "curves": curves,
    "dashes": dashes,
    "grid": grid,
    "hatch": hatch,
    "lines": lines,
    "polylines": polylines,
    "scratches": scratches,
    "splines": splines,
    "strike": strike,
    # shapes and specks
    "blobs": blobs,
    "decoys": decoys,
    "dots": dots,
    "ellipses": ellipses,
    "petals": petals,
    "points": points,
    "rectangles": rectangles,
    "speckle": speckle,
    "stars": stars,
    # warps
    "bend": bend,
    "elastic": elastic,
    "fish_eye": fish_eye,
    "perspective": perspective,
    "ripple": ripple,
    "rotate": rotate,
    "shear": shear,
    "sine_wave": sine_wave,
    "slant": slant,
    "swirl": swirl,
    "turbulence": turbulence,
    "water_ripple": water_ripple,
    "wobble": wobble,
    # noise
    "gaussian": gaussian,
    "grain": grain,
    "scatter": scatter,
    # finish
    "blur": blur,
    "contrast": contrast,
    "edges": edges,
    "emboss": emboss,
    "frame": frame,
    "grey": grey,
    "motion_blur": motion_blur,
    "negative": negative,
    "sharpen": sharpen,
    "smooth": smooth,
    # artefacts
    "jpeg": jpeg,
    "palette": palette,
    "posterize": posterize,
    "rescale": rescale,
    # of the text of a layer
    "echo": echo,
    "holes": holes,
    "block": block,
    "contour": contour,
    "outline": outline,
    "shadow": shadow,
    "stipple": stipple,
}

_WARPS = {
    *("bend", "elastic", "fish_eye", "perspective", "ripple", "rotate", "shear", "sine_wave", "slant"),
    *("swirl", "turbulence", "water_ripple", "wobble"),
}
_STROKES = {
    *("arc", "arcs", "bezier", "curves", "dashes", "grid", "hatch", "lines", "polylines", "scratches"),
    *("splines", "strike", "blobs", "decoys", "ellipses", "petals", "points", "rectangles", "speckle"),
    "stars",
}
_FILTERS = {"blur", "emboss", "motion_blur", "rescale", "scatter", "sharpen", "smooth"}

ONLY_ON_LAYERS = frozenset({"block", "contour", "echo", "holes", "outline", "shadow", "stipple"})
"""Effects that may stand in ``on_text`` alone, since they need to know what is text."""

ON_LAYERS = frozenset(_WARPS | _STROKES | _FILTERS | ONLY_ON_LAYERS)
"""Effects that may stand in ``on_text``."""


def apply_steps(steps: tuple[Step, ...], rng: Generator, picture: Picture, colours: Colours) -> Picture:
    """The picture after all steps; one that is less than certain takes a random number first."""
    for step in steps:
        if step.probability >= 1 or rng.random() < step.probability:
            picture = EFFECTS[step.effect](rng, picture, colours, **step.options)
    return picture
