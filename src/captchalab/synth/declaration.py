"""Schemes as plain tables: loaded from a user's TOML file, checked, and written back.

What may stand in a file follows from the code: the fields of ``Scheme``, of its letterings, texts and
palette, and the options of each effect, with their annotations as the rule for the values.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from captchalab.errors import UsageError, suggest
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, Alphabet
from captchalab.synth.colours import NEUTRAL
from captchalab.synth.declared_values import check_value, refusal, required, toml_value
from captchalab.synth.effects import EFFECTS, ON_LAYERS, ONLY_ON_LAYERS
from captchalab.synth.effects.layers import BORDERS
from captchalab.synth.fonts import GROUPS, bundled, expand, load
from captchalab.synth.opencv import cv2
from captchalab.synth.options import LARGEST_SIDE, SMALLEST_SIDE
from captchalab.synth.randomness import random_for
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Lettering, Scheme, Step
from captchalab.synth.schemes import SCHEMES
from captchalab.synth.stretched import StretchedLettering
from captchalab.synth.sums import Sums
from captchalab.synth.texts import RandomTexts, Texts
from captchalab.synth.words import Syllables, Words

LETTERINGS: dict[str, type] = {
    "row": RowLettering,
    "stretched": StretchedLettering,
}
TEXTS: dict[str, type] = {"random": RandomTexts, "sums": Sums, "syllables": Syllables, "words": Words}
_KINDS: dict[Any, dict[str, type]] = {Lettering: LETTERINGS, Texts: TEXTS}
_STEPS = tuple[Step, ...]
_LIMITS = {"width": (SMALLEST_SIDE, LARGEST_SIDE), "height": (SMALLEST_SIDE, LARGEST_SIDE)}


def load_scheme(path: Path) -> Scheme:
    """The scheme that a TOML file declares. Raises ``UsageError`` that names the file and the key."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the scheme {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"the scheme {path} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the scheme {path} is not valid TOML: {error}") from None
    scheme = scheme_of({"name": path.stem, **table}, str(path), path.parent)
    for section in ("under", "on_text", "over"):
        for number, step in enumerate(getattr(scheme, section), 1):
            _try(step, scheme, 4 if section == "on_text" else 3, f"{path} [[{section}]] {number}")
    return scheme


def scheme_of(table: Mapping[str, Any], where: str, folder: Path = Path()) -> Scheme:
    """The scheme of a table as TOML gives it; ``like`` names a bundled scheme to start from.

    Fonts may be files in ``folder``. Raises ``UsageError`` that begins with ``where`` for unknown keys,
    effects, fonts and kinds, values of the wrong type or range, and colours that are none.
    """
    given = dict(table)
    like = given.pop("like", None)
    if like is not None and like not in SCHEMES:
        raise _at(where, suggest(str(like), list(SCHEMES), "scheme in like ="))
    scheme: Scheme = _Builder(folder).build(Scheme, given, where, SCHEMES[like] if like else None)
    return scheme


def table_of(scheme: Scheme) -> dict[str, Any]:
    """The complete declaration, as ``scheme_of`` takes it; options of effects only where they are stated."""
    table = _table(scheme)
    # TOML reads plain keys that follow a table as the table's own.
    return dict(sorted(table.items(), key=lambda item: _is_table(item[1])))


def _try(step: Step, scheme: Scheme, channels: int, where: str) -> None:
    """Applies an effect once: what its options' types do not say is found now, not deep in a training."""
    canvas = np.zeros((scheme.height, scheme.width, channels), dtype=np.uint8)
    try:
        EFFECTS[step.effect](random_for(0, 0), canvas, NEUTRAL, **step.options)
    except (UsageError, ArithmeticError, LookupError, ValueError, cv2.error) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{where}: the effect {step.effect!r} fails with these options ({reason})") from None


class _Builder:
    """Turns tables into dataclasses; ``folder`` is where a font file may lie."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, kind: type, table: Mapping[str, Any], where: str, base: Any = None) -> Any:
        """A ``kind`` from its fields in ``table``, those left out as in ``base`` or by default."""
        hints, known = get_type_hints(kind), {each.name: each for each in fields(kind)}
        values = {}
        for key, value in table.items():
            if key not in known:
                extra = ["like"] if kind is Scheme else []
                raise _at(where, suggest(key, [*known, *extra], "key"))
            default = getattr(base, key, None) if base is not None else known[key].default
            values[key] = self._field(key, hints[key], value, f"{where}: {key}", default)
        missing = [
            name
            for name, each in known.items()
            if name not in values and each.default is MISSING and each.default_factory is MISSING
        ]
        if base is None and missing:
            hint = '; or start from a scheme, as in like = "lepture"' if kind is Scheme else ""
            raise UsageError(f"{where}: {missing[0]} is missing{hint}")
        try:
            return replace(base, **values) if base is not None else kind(**values)
        except UsageError as error:
            raise _at(where, error) from None

    def _field(self, key: str, hint: Any, value: Any, where: str, default: Any) -> Any:
        hint = required(hint)
        if hint in _KINDS:
            return self._kind(_KINDS[hint], value, where, default)
        if hint == _STEPS:
            return _steps(value, where, key == "on_text")
        if is_dataclass(hint) and isinstance(hint, type):
            base = default if isinstance(default, hint) else None
            return self.build(hint, _as_table(value, where), _section(where), base)
        checked = check_value(hint, value, where, default)
        if key == "fonts":
            return tuple(self._font(font, where) for font in checked)
        if key == "file" and checked:
            return str(self._folder / checked)
        _check_special(key, checked, where)
        return checked

    def _kind(self, kinds: dict[str, type], value: Any, where: str, default: Any) -> Any:
        table = dict(_as_table(value, where))
        where = _section(where)
        names = {kind: name for name, kind in kinds.items()}
        name = table.pop("kind", names.get(type(default)))
        if name is None:
            raise UsageError(f"{where}: kind is missing; known: {', '.join(kinds)}")
        if name not in kinds:
            raise _at(where, suggest(str(name), list(kinds), "kind"))
        return self.build(kinds[name], table, where, default if type(default) is kinds[name] else None)

    def _font(self, font: str, where: str) -> str:
        if not _comes_along(font) and (self._folder / font).exists():
            font = str(self._folder / font)
        try:
            for each in expand((font,)):
                load(each, 32)
        except UsageError as error:
            raise _at(where, error) from None
        return font


def _steps(value: Any, where: str, on_layer: bool) -> tuple[Step, ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        key = where.rpartition(" ")[2]
        raise UsageError(f'{where} = {toml_value(value)}: write [[{key}]] and below it effect = "NAME"')
    return tuple(
        _step(dict(each), f"{_section(where, many=True)} {number}", on_layer)
        for number, each in enumerate(value, 1)
    )


def _step(table: dict[str, Any], where: str, on_layer: bool) -> Step:
    effect = table.pop("effect", None)
    if effect is None:
        raise UsageError(f"{where}: effect is missing; known: {', '.join(EFFECTS)}")
    if effect not in EFFECTS:
        raise _at(where, suggest(str(effect), list(EFFECTS), "effect"))
    if on_layer and effect not in ON_LAYERS:
        raise UsageError(
            f"{where}: the effect {effect!r} cannot stand in on_text; "
            f"those that can: {', '.join(sorted(ON_LAYERS))}"
        )
    if not on_layer and effect in ONLY_ON_LAYERS:
        raise UsageError(f"{where}: the effect {effect!r} works on the text alone; write it under on_text")
    where = f"{where} ({effect})"
    probability = check_value(float, table.pop("probability", 1.0), f"{where}: probability")
    _check_special("probability", probability, f"{where}: probability")
    allowed = effect_options(effect)
    options = {}
    for key, each in table.items():
        if key not in allowed:
            raise _at(where, suggest(key, ["effect", "probability", *allowed], "option"))
        hint, default = allowed[key]
        border = key == "fill" and isinstance(each, str) and each in BORDERS
        options[key] = each if border else check_value(hint, each, f"{where}: {key}", default)
    return Step(effect, options, probability)


@cache
def effect_options(effect: str) -> dict[str, tuple[Any, Any]]:
    """The options of an effect: for each its annotation and its default."""
    function = EFFECTS[effect]
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    return {
        each.name: (hints[each.name], each.default) for each in parameters if each.kind is each.KEYWORD_ONLY
    }


def _check_special(key: str, value: Any, where: str) -> None:
    """What the type of a field does not say."""
    if key.endswith("probability") and not 0 <= value <= 1:
        raise refusal(where, value, "a number from 0 to 1")
    if key in _LIMITS:
        low, high = _LIMITS[key]
        if not low <= value <= high:
            raise refusal(where, value, f"a whole number from {low} to {high}")
    if key == "lengths" and not 1 <= value[0] <= value[1] <= MAX_LABEL_LENGTH:
        raise refusal(where, value, f"[fewest, most] characters, from 1 to {MAX_LABEL_LENGTH}")
    if key == "alphabet":
        try:
            Alphabet.parse(value)
        except UsageError as error:
            raise _at(where, error) from None


def _as_table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refusal(where, value, f"a table, [{where.rpartition(' ')[2]}]")
    return value


def _section(where: str, many: bool = False) -> str:
    """``mine.toml: over`` -> ``mine.toml [[over]]``."""
    head, _, key = where.rpartition(": ")
    return f"{head} [[{key}]]" if many else f"{head} [{key}]"


def _at(where: str, error: UsageError) -> UsageError:
    return UsageError(f"{where}: {error}")


def _table(value: Any) -> dict[str, Any]:
    """A dataclass as a table of all its fields."""
    table: dict[str, Any] = {}
    hints = get_type_hints(type(value))
    for each in fields(value):
        content = getattr(value, each.name)
        if content is None:
            continue
        if hints[each.name] == _STEPS:
            if content:
                table[each.name] = [_step_table(step) for step in content]
        elif hints[each.name] in _KINDS:
            table[each.name] = {"kind": _name_of(_KINDS[hints[each.name]], content), **_table(content)}
        elif is_dataclass(content):
            table[each.name] = _table(content)
        else:
            table[each.name] = _plain(each.name, content)
    return table


def _step_table(step: Step) -> dict[str, Any]:
    head: dict[str, Any] = {"effect": step.effect}
    if step.probability != 1:
        head["probability"] = step.probability
    return head | {key: _plain(key, value) for key, value in step.options.items()}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(key, each) for each in value]
    if key == "fonts" and not _comes_along(value):
        return str(Path(value).absolute())
    return value


def _comes_along(font: str) -> bool:
    """Whether a font or group of fonts is part of the package."""
    return font in GROUPS or font in bundled()


def _name_of(kinds: Mapping[str, type], value: Any) -> str:
    return next(name for name, kind in kinds.items() if type(value) is kind)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(each, dict) for each in value)
    )
