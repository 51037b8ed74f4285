"""What a declaration may choose between by ``kind = ".."``: a new kind costs one line here."""

from __future__ import annotations

from typing import Any

from captchalab.synth.any_lettering import AnyLettering
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Lettering, Step
from captchalab.synth.stretched import StretchedLettering
from captchalab.synth.sums import Sums
from captchalab.synth.texts import RandomTexts, Texts
from captchalab.synth.words import Syllables, Words

LETTERINGS: dict[str, type] = {
    "any": AnyLettering,
    "row": RowLettering,
    "stretched": StretchedLettering,
}
TEXTS: dict[str, type] = {
    "random": RandomTexts,
    "sums": Sums,
    "syllables": Syllables,
    "words": Words,
}
KINDS: dict[Any, dict[str, type]] = {Lettering: LETTERINGS, Texts: TEXTS}
"""The kinds of a field by its annotation."""
STEPS = tuple[Step, ...]
"""The annotation of a field that holds effects."""


def kind_of(value: Any) -> str:
    """The name of a lettering's or texts' kind."""
    return next(name for kinds in KINDS.values() for name, kind in kinds.items() if type(value) is kind)
