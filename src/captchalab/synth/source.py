"""A scheme as a source: endless samples, each a function of the seed and its index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captchalab.errors import UsageError, suggest
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, Alphabet
from captchalab.samples.sample import Sample
from captchalab.synth.declaration import load_scheme, table_of
from captchalab.synth.drawing import draw_all, text_of
from captchalab.synth.glyphs import holders
from captchalab.synth.options import LARGEST_SIDE, SMALLEST_SIDE, parse_lengths, spell, whole_number
from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes import SCHEMES

OPTIONS = ("alphabet", "length", "width", "height", "seed", "font")


@dataclass(frozen=True, init=False)
class SchemeSource:
    """``scheme:NAME?alphabet=..&length=4&width=160&height=60&seed=0&font=FILE.ttf``.

    NAME is that of a bundled scheme, or the path of a ``.toml`` file that declares one.
    ``options`` hold the text of each option; what is left out stays as the scheme has it. ``length``
    is ``4`` or ``4-6``. Raises ``UsageError`` for an unknown scheme or option, a value out of range,
    and characters that no font of the scheme has.
    """

    name: str
    scheme: Scheme
    seed: int

    def __init__(self, scheme_name: str, options: Mapping[str, str] | None = None) -> None:
        options = dict(options or {})
        scheme = _scheme_named(scheme_name)
        for option in options:
            if option not in OPTIONS:
                raise suggest(option, OPTIONS, "option of a scheme")
        scheme = _with_options(scheme, options)
        try:
            _check_texts(scheme, options)
        except UsageError as error:
            # Other options cannot be what is wrong: the file is.
            if not scheme_name.endswith(".toml") or {"alphabet", "length", "font"} & options.keys():
                raise
            raise UsageError(f"{scheme_name}: {error}") from None
        object.__setattr__(self, "name", spell(f"scheme:{scheme_name}", options))
        object.__setattr__(self, "scheme", scheme)
        object.__setattr__(self, "seed", whole_number("seed", options.get("seed", "0"), 0, 2**64 - 1))

    @property
    def size(self) -> None:
        """Drawn samples have no end."""
        return None

    @property
    def alphabet(self) -> Alphabet:
        """Every character that a text may hold."""
        return Alphabet(self.scheme.texts.characters(Alphabet.parse(self.scheme.alphabet).characters))

    @property
    def lengths(self) -> tuple[int, int]:
        """Fewest and most characters of a text."""
        return self.scheme.texts.bounds(self.scheme.lengths)

    def file_sha256(self) -> str | None:
        """Of the declaration, where that stands in a file; ``None`` for a bundled scheme."""
        if not self.name.partition("?")[0].endswith(".toml"):
            return None
        return hashlib.sha256(json.dumps(table_of(self.scheme), sort_keys=True).encode()).hexdigest()

    def sample(self, index: int) -> Sample:
        """Sample ``index``, drawn anew."""
        return next(self.samples((index,)))

    def samples(self, indices: Sequence[int]) -> Iterator[Sample]:
        """As ``sample`` for each, faster."""
        drawn = draw_all(self.scheme, self.seed, indices)
        for index, (image, text) in zip(indices, drawn, strict=True):
            yield Sample(image, text, f"{self.seed}/{index}")

    def text(self, index: int) -> str:
        """Its text, without drawing it."""
        return text_of(self.scheme, self.seed, index)


def _scheme_named(name: str) -> Scheme:
    """A bundled scheme, or the one that a ``.toml`` file declares."""
    if name.endswith(".toml"):
        return load_scheme(Path(name))
    if name not in SCHEMES:
        raise UsageError(f"{suggest(name, list(SCHEMES), 'scheme')}; or name a file: scheme:MINE.toml")
    return SCHEMES[name]


def _check_texts(scheme: Scheme, options: Mapping[str, str]) -> None:
    """Raises ``UsageError`` for options that have no say, and where there is nothing to write or no font."""
    for option in ("alphabet", "length"):
        if option in options and option not in scheme.texts.takes:
            raise UsageError(
                f"{option}={options[option]}: what scheme:{scheme.name} writes has its own {option}; "
                f"leave {option}= out, or change texts in a TOML file that begins with like = {scheme.name!r}"
            )
    characters = Alphabet.parse(scheme.alphabet).characters
    written = Alphabet(scheme.texts.characters(characters)).characters
    longest = scheme.texts.bounds(scheme.lengths)[1]
    if longest > MAX_LABEL_LENGTH:
        raise UsageError(f"its texts have up to {longest} characters; allowed are {MAX_LABEL_LENGTH}")
    holders(scheme.lettering.fonts, scheme.lettering.drawn(written))
    text_of(scheme, 0, 0)


def _with_options(scheme: Scheme, options: Mapping[str, str]) -> Scheme:
    scheme = replace(
        scheme,
        alphabet=options.get("alphabet", scheme.alphabet),
        lengths=parse_lengths(options["length"]) if "length" in options else scheme.lengths,
        width=whole_number("width", options.get("width", str(scheme.width)), SMALLEST_SIDE, LARGEST_SIDE),
        height=whole_number("height", options.get("height", str(scheme.height)), SMALLEST_SIDE, LARGEST_SIDE),
    )
    if "font" in options:
        scheme = replace(scheme, lettering=scheme.lettering.with_fonts((options["font"],)))
    return scheme
