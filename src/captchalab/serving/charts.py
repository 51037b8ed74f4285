"""Columns of numbers -> line charts in the units of an SVG, for a template to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 24
"""Room for the numbers beside and below."""

MOST_POINTS = 400
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Series:
    """One line; ``name`` is a text of the pages and says how the line looks; not-a-numbers are gaps."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Line:
    """``path`` is an SVG path, ``last`` its newest value as text, at the point (``x``, ``y``)."""

    name: str
    path: str
    last: str
    x: float
    y: float


@dataclass(frozen=True)
class Chart:
    """``x_ticks`` and ``y_ticks`` are places with their labels."""

    name: str
    lines: list[Line]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]


def draw_chart(
    name: str,
    x: Sequence[float],
    series: Sequence[Series],
    *,
    log: bool = False,
    share: bool = False,
    zero: bool = False,
) -> Chart:
    """A chart of lines over ``x``. ``log``: values above 0 only; ``share``: 0 to 1, written as percent;
    ``zero``: the scale begins at 0."""
    points = [(each.name, _points(x, each.values, log)) for each in series]
    values = [value for _, line in points for _, value in line]
    label = _percent if share else compact
    low, high = _range(values, log, share and not log, zero)
    ticks = _log_ticks(low, high) if log else _ticks(low, high)
    if log:
        low, high = log10(low), log10(high)
    last_x = max((place for _, line in points for place, _ in line), default=1.0)
    across = _scale(0, last_x, LEFT, WIDTH - RIGHT)
    up = _scale(low, high, HEIGHT - BOTTOM, TOP)
    lines = [_line(each, line, across, up, log, label) for each, line in points if line]
    return Chart(
        name,
        lines,
        [(across(tick), compact(tick)) for tick in _ticks(0, last_x, 4)],
        [(up(log10(tick) if log else tick), label(tick)) for tick in ticks],
    )


def compact(value: float) -> str:
    """``332800`` -> ``333k``, ``0.00075`` -> ``7.5e-4``: three digits that count."""
    size = abs(value)
    if 0 < size < 0.001:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    for unit, prefix in _PREFIXES:
        if size >= unit * 0.9995:
            return f"{value / unit:.3g}{prefix}"
    return f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _points(x: Sequence[float], values: Sequence[float], log: bool) -> list[tuple[float, float]]:
    """Where there is a value; thinned out, the newest kept."""
    points = [
        (place, value)
        for place, value in zip(x, values, strict=True)
        if isfinite(place) and isfinite(value) and (value > 0 or not log)
    ]
    every = ceil(len(points) / MOST_POINTS) or 1
    return points[::-1][::every][::-1]


def _range(values: Sequence[float], log: bool, share: bool, zero: bool) -> tuple[float, float]:
    if share:
        return 0.0, 1.0
    low, high = min(values, default=0.1 if log else 0.0), max(values, default=1.0)
    if log:
        return 10.0 ** floor(log10(low) + 1e-9), 10.0 ** max(ceil(log10(high) - 1e-9), floor(log10(low)) + 1)
    if zero:
        low = 0.0
    if high <= low:
        high = low + 1
    return low, high + 0.05 * (high - low)


def _scale(low: float, high: float, begin: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: round(begin + (value - low) / span * (end - begin), 1)


def _line(
    name: str,
    points: list[tuple[float, float]],
    across: Callable[[float], float],
    up: Callable[[float], float],
    log: bool,
    label: Callable[[float], str],
) -> Line:
    places = [(across(x), up(log10(value) if log else value)) for x, value in points]
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
    return Line(name, path, label(points[-1][1]), *places[-1])


def _ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers, ``wanted`` at most."""
    rough = (high - low) / wanted
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
    first = ceil(low / step - 1e-9)
    return [number * step for number in range(first, floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, of which at most six."""
    first, last = round(log10(low)), round(log10(high))
    every = ceil((last - first + 1) / 6)
    return [10.0**power for power in range(first, last + 1, every)]
