"""Single values of a declaration: what an annotation allows, checked with a message that names the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from captchalab.errors import UsageError, suggest
from captchalab.synth.colours import Paint
from captchalab.synth.ranges import Range

Named = TypeVar("Named")
_LARGEST = 100_000
"""No number of a declaration is larger: none makes sense, and a billion lines are never drawn."""
_RANGE = f"a number, or [low, high], none beyond {_LARGEST}"
_PAINT = (
    '"ink", "background", "#rrggbb", "grey LOW HIGH", several of these in [ ], or [low, high] of 0 to 255'
)
_COLOUR = re.compile(r"ink|background|#[0-9a-fA-F]{6}")
_GREY = re.compile(r"grey (\d{1,3}) (\d{1,3})")


def check_value(hint: Any, value: Any, where: str, default: Any = None) -> Any:
    """``value`` as the declaration holds it (lists as tuples) if the annotation ``hint`` allows it.

    ``where`` says which file and key, for the message. A paint may also be the word that is its option's
    ``default``. Raises ``UsageError`` that says what came and what is allowed.
    """
    hint = required(hint)
    if hint == Range:
        return _range(value, where)
    if hint == Paint:
        return value if isinstance(value, str) and value == default else _paint(value, where)
    if hint in _PLAIN:
        allowed, test = _PLAIN[hint]
        if not test(value):
            raise refusal(where, value, allowed)
        return float(value) if hint is float else value
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _tuple(inner, value, where)
    if origin in (Mapping, dict):
        if not isinstance(value, dict):
            raise refusal(where, value, "a table")
        return {key: check_value(inner[1], each, f"{where}.{key}") for key, each in value.items()}
    raise AssertionError(f"{where}: no rule for the annotation {hint}")


def required(hint: Any) -> Any:
    """The annotation without its ``None``: what TOML cannot say."""
    if get_origin(hint) not in (UnionType, Union) or NoneType not in get_args(hint):
        return hint
    return reduce(or_, (each for each in get_args(hint) if each is not NoneType))


def check_probability(value: float, where: str) -> None:
    """Raises ``UsageError`` for what is no share."""
    if not 0 <= value <= 1:
        raise refusal(where, value, "a number from 0 to 1")


def one_of(known: Mapping[str, Named], name: Any, what: str, where: str) -> Named:
    """What has this name. Raises ``UsageError`` that lists the names."""
    if not isinstance(name, str) or name not in known:
        raise at(where, suggest(str(name), list(known), what))
    return known[name]


def at(where: str, error: UsageError) -> UsageError:
    """The error with its place in front."""
    return UsageError(f"{where}: {error}")


def section(where: str, many: bool = False) -> str:
    """``mine.toml: over`` -> ``mine.toml [over]``, or ``[[over]]`` for one of ``many``."""
    head, _, key = where.rpartition(": ")
    return f"{head} [[{key}]]" if many else f"{head} [{key}]"


def refusal(where: str, value: Any, allowed: str) -> UsageError:
    """The error for a value of the wrong kind."""
    return UsageError(f"{where} = {toml_value(value)}: allowed is {allowed}")


def toml_value(value: Any) -> str:
    """A value as TOML spells it: on one line, tables inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, date | time):
        return value.isoformat()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)


def toml_key(key: str) -> str:
    """A key as TOML spells it: quoted unless it is plain."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    short = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(short.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


_PLAIN: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: (
        f"a whole number, written without a point, none beyond {_LARGEST}",
        lambda value: isinstance(value, int) and _is_number(value),
    ),
    float: ("a number", _is_number),
    str: ('a text in " "', lambda value: isinstance(value, str)),
}


def _range(value: Any, where: str) -> Range:
    if _is_number(value):
        number: float = value
        return number
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)):
        raise refusal(where, value, _RANGE)
    return _upwards(value, where)


def _upwards(value: list[float], where: str) -> tuple[float, float]:
    low, high = value
    if low > high:
        raise UsageError(
            f"{where} = {toml_value(value)}: the smaller number goes first, {toml_value([high, low])}"
        )
    return low, high


def _paint(value: Any, where: str) -> Paint:
    if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)):
        low, high = _upwards(value, where)
        if not 0 <= low <= high <= 255:
            raise refusal(where, value, _PAINT)
        return low, high
    several = value if isinstance(value, list) and value else [value]
    for each in several:
        grey = _GREY.fullmatch(each) if isinstance(each, str) else None
        if grey and int(grey[1]) <= int(grey[2]) <= 255:
            continue
        if not isinstance(each, str) or not _COLOUR.fullmatch(each):
            raise refusal(where, each if isinstance(each, str) else value, _PAINT)
    return tuple(value) if isinstance(value, list) else value


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        more = "..." if inner[-1] is Ellipsis else ", ".join([toml_value(value)] * (len(inner) - 1))
        raise refusal(where, value, f"a list, [{toml_value(value)}, {more}]")
    if inner[-1] is Ellipsis:
        hints = [inner[0]] * len(value)
    elif len(inner) == len(value):
        hints = list(inner)
    else:
        raise refusal(where, value, f"a list of {len(inner)}")
    return tuple(check_value(hint, each, where) for hint, each in zip(hints, value, strict=True))
