"""Patterns: a subset of regular expressions that needs no backtracking, compiled to an automaton.

The subset: literal characters, ``.``, classes ``[a-z_]`` and ``[^0-9]``, escapes ``\\d \\D \\w \\W`` and
``\\`` before punctuation, groups ``( )`` and ``(?: )``, ``|``, and ``? * + {m} {m,} {m,n}``. The whole text
must match, so a leading ``^`` and a trailing ``$`` change nothing. There are no back-references,
lookaround, lazy quantifiers, flags or other anchors.

Method: the pattern becomes Glushkov's position automaton (one position for each character that it names),
and that one becomes deterministic by the subset construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from captchalab.errors import ConstraintError
from captchalab.reading.alphabet import normalise
from captchalab.reading.automaton import MAX_STATES, Table, explore
from captchalab.reading.pattern_syntax import Atom, Chain, Choice, Node, Parser, Repeat

MAX_PATTERN_LENGTH = 200
MAX_POSITIONS = 1_000  # characters that a pattern names, repetitions written out
MAX_WORK = 1_000_000  # unions of the subset construction: a few tenths of a second


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the position automaton; ``first`` and ``last`` are bit sets of positions."""

    nullable: bool
    first: int = 0
    last: int = 0


_EMPTY = _Part(True)


class _Positions:
    """Glushkov's construction: ``follow[p]`` are the positions that may come after ``p``."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = symbols
        self.mask_of: dict[Atom, int] = {}
        self.masks: list[int] = []  # of each position, the symbols that it takes, as a bit set
        self.follow: list[int] = []

    def build(self, node: Node) -> _Part:
        match node:
            case Atom():
                return self.atom(node)
            case Chain(parts):
                return reduce(self.join, map(self.build, parts), _EMPTY)
            case Choice(options):
                return reduce(self.either, map(self.build, options))
            case Repeat(inner, least, most):
                return self.repeat(inner, least, most)

    def atom(self, node: Atom) -> _Part:
        if len(self.masks) == MAX_POSITIONS:
            raise ConstraintError(
                f"the pattern names more than {MAX_POSITIONS:,} characters once its repetitions are "
                "written out; lower its counts"
            )
        if node not in self.mask_of:
            taken = (any(map(node.matches, variants)) != node.negated for variants in self.symbols)
            self.mask_of[node] = sum(1 << i for i, yes in enumerate(taken) if yes)
        self.masks.append(self.mask_of[node])
        self.follow.append(0)
        bit = 1 << (len(self.masks) - 1)
        return _Part(False, bit, bit)

    def link(self, last: int, first: int) -> None:
        for position in _bits(last):
            self.follow[position] |= first

    def join(self, a: _Part, b: _Part) -> _Part:
        self.link(a.last, b.first)
        first = a.first | (b.first if a.nullable else 0)
        last = b.last | (a.last if b.nullable else 0)
        return _Part(a.nullable and b.nullable, first, last)

    def either(self, a: _Part, b: _Part) -> _Part:
        return _Part(a.nullable or b.nullable, a.first | b.first, a.last | b.last)

    def repeat(self, node: Node, least: int, most: int | None) -> _Part:
        whole = _EMPTY
        for copy in range(least if most is None else most):
            part = self.build(node)
            if not part.first:
                return part  # it holds no character at all, however often it is repeated
            whole = self.join(whole, _Part(True, part.first, part.last) if copy >= least else part)
        if most is not None:
            return whole
        rest = self.build(node)
        self.link(rest.last, rest.first)
        return self.join(whole, _Part(True, rest.first, rest.last))


def compile_pattern(pattern: str, symbols: Sequence[str]) -> Table:
    """The automaton of ``pattern`` over ``symbols``.

    ``symbols[i]`` holds all characters for which symbol ``i`` stands (with case ignored: both cases); it
    is taken where any of them matches. Raises ``ConstraintError`` for a pattern that is over-long,
    malformed or outside the subset, or whose automaton exceeds the limits.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ConstraintError(
            f"the pattern has {len(pattern)} characters; at most {MAX_PATTERN_LENGTH} are allowed"
        )
    positions = _Positions(symbols)
    whole = positions.build(Parser(normalise(pattern)).parse())
    return _determinise(positions, whole)


def _determinise(positions: _Positions, whole: _Part) -> Table:
    """Subset construction. A state is the bit set of the positions that may come next, plus an end mark."""
    end = 1 << len(positions.masks)
    follow = [f | (end if whole.last >> p & 1 else 0) for p, f in enumerate(positions.follow)]
    start = whole.first | (end if whole.nullable else 0)
    # Symbols that every position treats alike share one column: usually a handful of columns remain.
    takers = [
        sum(1 << p for p, mask in enumerate(positions.masks) if mask >> i & 1)
        for i in range(len(positions.symbols))
    ]
    kinds = list(dict.fromkeys(takers))
    kind_of = [kinds.index(taker) for taker in takers]
    work = 0

    def step(state: int) -> tuple[bool, list[int | None]]:
        nonlocal work
        targets: list[int | None] = []
        for kind in kinds:
            here = state & kind
            work += here.bit_count()
            targets.append(reduce(or_, (follow[p] for p in _bits(here)), 0) or None)
        if work > MAX_WORK:
            raise ConstraintError(
                f"the pattern's automaton is too large (limits: {MAX_STATES:,} states, {MAX_WORK:,} "
                "steps to build it); shorten the pattern or lower its counts"
            )
        return bool(state & end), [targets[k] for k in kind_of]

    return explore(start, step, len(positions.symbols))
