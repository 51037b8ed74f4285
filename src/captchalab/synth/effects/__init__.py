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
from captchalab.synth.effects.backgrounds import gradient
from captchalab.synth.effects.finish import negative, smooth
from captchalab.synth.effects.noise import grain
from captchalab.synth.effects.strokes import arc, curves, dots
from captchalab.synth.effects.warps import ripple
from captchalab.synth.scheme import Step

Picture = NDArray[np.uint8]

EFFECTS: dict[str, Callable[..., Picture]] = {
    # backgrounds
    "gradient": gradient,
    # strokes and specks
    "arc": arc,
    "curves": curves,
    "dots": dots,
    # warps
    "ripple": ripple,
    # noise
    "grain": grain,
    # finish
    "negative": negative,
    "smooth": smooth,
}

ON_LAYERS = frozenset({"arc", "curves", "ripple", "smooth"})
"""Effects that may stand in ``on_text``."""


def apply_steps(steps: tuple[Step, ...], rng: Generator, picture: Picture, colours: Colours) -> Picture:
    """The picture after all steps; one that is less than certain takes a random number first."""
    for step in steps:
        if step.probability >= 1 or rng.random() < step.probability:
            picture = EFFECTS[step.effect](rng, picture, colours, **step.options)
    return picture
