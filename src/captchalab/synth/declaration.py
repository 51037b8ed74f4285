"""Schemes as plain tables: loaded from a user's TOML file, checked, and written back.

What may stand in a file follows from the code: the fields of ``Scheme``, of its letterings, texts and
palette, and the options of each effect, with their annotations as the rule for the values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from captchalab.errors import UsageError, suggest
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, Alphabet
from captchalab.synth.colours import Palette
from captchalab.synth.declared_kinds import KINDS, STEPS, kind_of
from captchalab.synth.declared_steps import steps_of, try_steps
from captchalab.synth.declared_values import (
    at,
    check_probability,
    check_value,
    one_of,
    refusal,
    required,
    section,
)
from captchalab.synth.drawing import draw_all
from captchalab.synth.fonts import GROUPS, bundled, expand, is_there, load
from captchalab.synth.options import LARGEST_SIDE, SMALLEST_SIDE
from captchalab.synth.randomness import random_for
from captchalab.synth.scheme import Scheme, Step
from captchalab.synth.schemes import SCHEMES

_PALETTE_TRIES = 50
_FAINTEST = 8
"""Grey levels that something to read stands out by, at least."""
_LIMITS = {"width": (SMALLEST_SIDE, LARGEST_SIDE), "height": (SMALLEST_SIDE, LARGEST_SIDE)}


def load_scheme(path: Path) -> Scheme:
    """The scheme that a TOML file declares. Raises ``UsageError`` that names the file and the key."""
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read the scheme {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"the scheme {path} is not UTF-8") from None
    except (ValueError, RecursionError) as error:  # beside broken syntax: endless numbers, endless nesting
        raise UsageError(f"the scheme {path} is not valid TOML: {error}") from None
    scheme = scheme_of({"name": path.stem, **table}, str(path), path.parent)
    try_steps(scheme, str(path))
    _try_palette(scheme.palette, str(path))
    _try_drawing(scheme, str(path))
    return scheme


def _try_palette(palette: Palette, where: str) -> None:
    """Raises ``UsageError`` for a contrast that none of many colours have."""
    for index in range(_PALETTE_TRIES):
        colours = palette.choose(random_for(0, index))
        if palette.contrasts(colours):
            return
    raise UsageError(
        f"{where} [palette]: contrast = {palette.contrast:g}: background and ink never differ so much in "
        "brightness; lower it, or choose other colours"
    )


def _try_drawing(scheme: Scheme, where: str) -> None:
    """Raises ``UsageError`` for pictures on which nothing can be read."""
    try:
        pictures = [picture for picture, _ in draw_all(scheme, 0, range(3))]
    except UsageError:  # characters that its fonts lack: whoever opens it may choose others
        return
    if max(int(np.ptp(picture)) for picture in pictures) < _FAINTEST:
        raise UsageError(f"{where}: its pictures are of one colour all over: nothing can be read")


def scheme_of(table: Mapping[str, Any], where: str, folder: Path = Path()) -> Scheme:
    """The scheme of a table as TOML gives it; ``like`` names a bundled scheme to start from.

    Fonts may be files in ``folder``. Raises ``UsageError`` that begins with ``where`` for unknown keys,
    effects, fonts and kinds, values of the wrong type or range, and colours that are none.
    """
    given = dict(table)
    like = given.pop("like", None)
    base = one_of(SCHEMES, like, "scheme in like =", where) if like is not None else None
    scheme: Scheme = _Builder(folder).build(Scheme, given, where, base)
    return scheme


def table_of(scheme: Scheme) -> dict[str, Any]:
    """The complete declaration, as ``scheme_of`` takes it; options of effects only where they are stated.

    A scheme that is more than its fields, such as ``random``, is one ``like`` it.
    """
    table = _table(scheme, Scheme)
    if type(scheme) is not Scheme:
        like = next(name for name, each in SCHEMES.items() if type(each) is type(scheme))
        table = {"like": like, **table}
    # TOML reads plain keys that follow a table as the table's own.
    return dict(sorted(table.items(), key=lambda item: _is_table(item[1])))


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
                raise at(where, suggest(key, [*known, *extra], "key"))
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
            raise at(where, error) from None

    def _field(self, key: str, hint: Any, value: Any, where: str, default: Any) -> Any:
        hint = required(hint)
        if hint in KINDS:
            return self._kind(KINDS[hint], value, where, default)
        if hint == STEPS:
            return steps_of(value, where, key == "on_text", self._font)
        if is_dataclass(hint) and isinstance(hint, type):
            base = default if isinstance(default, hint) else None
            return self.build(hint, _as_table(value, where), section(where), base)
        checked = check_value(hint, value, where, default)
        if key == "fonts":
            if not checked or not all(checked):
                raise refusal(where, value, "a list of at least one name or path")
            return tuple(self._font(font, where) for font in checked)
        if key == "file" and checked:
            return str(self._folder / checked)
        _check_special(key, checked, where)
        return checked

    def _kind(self, kinds: dict[str, type], value: Any, where: str, default: Any) -> Any:
        table = dict(_as_table(value, where))
        where = section(where)
        names = {kind: name for name, kind in kinds.items()}
        name = table.pop("kind", names.get(type(default)))
        if name is None:
            raise UsageError(f"{where}: kind is missing; known: {', '.join(kinds)}")
        kind = one_of(kinds, name, "kind", where)
        return self.build(kind, table, where, default if type(default) is kind else None)

    def _font(self, font: str, where: str) -> str:
        if not _comes_along(font) and is_there(self._folder / font, Path.exists):
            font = str(self._folder / font)
        try:
            for each in expand((font,)):
                load(each, 32)
        except UsageError as error:
            raise at(where, error) from None
        return font


def _check_special(key: str, value: Any, where: str) -> None:
    """What the type of a field does not say."""
    if key.endswith("probability"):
        check_probability(value, where)
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
            raise at(where, error) from None


def _as_table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refusal(where, value, f"a table, [{where.rpartition(' ')[2]}]")
    return value


def _table(value: Any, kind: type) -> dict[str, Any]:
    """A dataclass as a table of all the fields that ``kind`` has."""
    table: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for each in fields(kind):
        content = getattr(value, each.name)
        if content is None:
            continue
        if hints[each.name] == STEPS:
            if content:
                table[each.name] = [_step_table(step) for step in content]
        elif hints[each.name] in KINDS:
            table[each.name] = {"kind": kind_of(content), **_table(content, type(content))}
        elif is_dataclass(content):
            table[each.name] = _table(content, type(content))
        else:
            table[each.name] = _plain(each.name, content)
    return table


def _step_table(step: Step) -> dict[str, Any]:
    head: dict[str, Any] = {"effect": step.effect}
    if step.probability != 1:
        head["probability"] = step.probability
    if step.variant:
        head["variant"] = step.variant
    return head | {key: _plain(key, value) for key, value in step.options.items()}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(key, each) for each in value]
    if value and (key == "file" or (key in ("font", "fonts") and not _comes_along(value))):
        return str(Path(value).absolute())
    return value


def _comes_along(font: str) -> bool:
    """Whether a font or group of fonts is part of the package."""
    return font in GROUPS or font in bundled()


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(each, dict) for each in value)
    )
