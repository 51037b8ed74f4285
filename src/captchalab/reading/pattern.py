"""Patterns: a subset of regular expressions that needs no backtracking, compiled to an automaton.

The subset: literal characters, ``.``, classes ``[a-z_]`` and ``[^0-9]``, escapes ``\\d \\D \\w \\W`` and
``\\`` before punctuation, groups ``( )`` and ``(?: )``, ``|``, and ``? * + {m} {m,} {m,n}``. The whole text
must match, so a leading ``^`` and a trailing ``$`` change nothing. There are no back-references,
lookaround, lazy quantifiers, flags or other anchors.

Method: the pattern becomes Glushkov's position automaton (one position for each character that it names),
and that one becomes deterministic by the subset construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from captchalab.errors import ConstraintError
from captchalab.reading.alphabet import normalise
from captchalab.reading.automaton import MAX_STATES, Table, explore

MAX_PATTERN_LENGTH = 200
MAX_POSITIONS = 1_000  # characters that a pattern names, repetitions written out
MAX_DEPTH = 20  # groups inside groups: keeps the recursion far from Python's limit
MAX_WORK = 1_000_000  # unions of the subset construction: a few tenths of a second

Match = Callable[[str], bool]
"""Whether one character is meant."""

_ESCAPES: dict[str, Match] = {
    "d": str.isdecimal,
    "D": lambda c: not c.isdecimal(),
    "w": lambda c: c.isalnum() or c == "_",
    "W": lambda c: not (c.isalnum() or c == "_"),
}
_QUANTIFIERS = {"?": (0, 1), "*": (0, None), "+": (1, None)}


@dataclass(frozen=True, slots=True)
class _Atom:
    """One character: any that ``matches`` (or, where ``negated``, any that does not)."""

    matches: Match
    negated: bool = False


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    options: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    node: _Node
    least: int
    most: int | None


_Node = _Atom | _Sequence | _Choice | _Repeat


class _Parser:
    """Recursive descent over the pattern; ``parse`` returns its tree."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.depth = 0
        self.at = 1 if pattern.startswith("^") else 0

    def parse(self) -> _Node:
        node = self.choice()
        if self.at < len(self.text):
            raise self.error("a ')' without its '('")
        return node

    def error(self, what: str) -> ConstraintError:
        return ConstraintError(
            f"pattern {self.text!r}, character {self.at + 1}: {what}; "
            "allowed are literals, . [a-z] [^a-z] \\d \\w ( ) | ? * + {m} {m,n}"
        )

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        character = self.peek()
        if not character:
            raise self.error("the pattern ends too early")
        self.at += 1
        return character

    def choice(self) -> _Node:
        options = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def sequence(self) -> _Node:
        parts: list[_Node] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.quantified())
        return _Sequence(tuple(parts))

    def quantified(self) -> _Node:
        node = self.atom()
        if self.peek() not in ("?", "*", "+", "{"):
            return node
        sign = self.take()
        least, most = self.counts() if sign == "{" else _QUANTIFIERS[sign]
        if self.peek() in ("?", "*", "+", "{"):
            raise self.error("two quantifiers in a row are outside the subset")
        return _Repeat(node, least, most)

    def counts(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at : max(end, self.at)].partition(",")
        if not (least.isascii() and least.isdecimal()) or not (most == "" or most.isdecimal()):
            raise self.error("'{' starts {m}, {m,} or {m,n}; the character itself is \\{")
        if most and int(most) < int(least):
            raise self.error(f"the counts {{{least},{most}}} are the wrong way round")
        self.at = end + 1
        return int(least), (int(most) if most else None) if comma else int(least)

    def atom(self) -> _Node:
        character = self.take()
        if character == "(":
            return self.group()
        if character == "[":
            return self.character_class()
        if character == ".":
            return _Atom(lambda c: True)
        if character == "\\":
            return _Atom(self.escape()[0])
        if character in "?*+{":
            self.at -= 1
            raise self.error(f"{character!r} has nothing to repeat")
        if character == "$" and self.at == len(self.text):
            return _Sequence(())
        if character in "^$":
            self.at -= 1
            raise self.error(f"the anchor {character!r} inside a pattern is outside the subset")
        return _Atom(character.__eq__)

    def group(self) -> _Node:
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self.peek() == "?":
            raise self.error("lookaround, names and flags are outside the subset")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"groups are nested more than {MAX_DEPTH} deep")
        node = self.choice()
        if self.peek() != ")":
            raise self.error("a '(' is not closed")
        self.at += 1
        self.depth -= 1
        return node

    def escape(self) -> tuple[Match, str]:
        """What the escape means, and the literal character where it is one (else '')."""
        character = self.take()
        if character in _ESCAPES:
            return _ESCAPES[character], ""
        if character.isalnum():
            self.at -= 2
            raise self.error(f"the escape '\\{character}' is outside the subset")
        return character.__eq__, character

    def character_class(self) -> _Node:
        negated = self.peek() == "^"
        self.at += negated
        matches: list[Match] = []
        while self.peek() != "]":
            matches.append(self.class_member())
        self.at += 1
        if not matches:
            raise self.error("an empty class; the character ] itself is \\]")
        return _Atom(lambda c: any(match(c) for match in matches), negated)

    def class_member(self) -> Match:
        match, low = self.class_character()
        if not low or self.peek() != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return match
        self.at += 1
        _, high = self.class_character()
        if not high or high < low:
            raise self.error(f"a range from {low!r} must end at a later character")
        return lambda c: low <= c <= high

    def class_character(self) -> tuple[Match, str]:
        character = self.take()
        return self.escape() if character == "\\" else (character.__eq__, character)


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
        self.mask_of: dict[_Atom, int] = {}
        self.masks: list[int] = []  # of each position, the symbols that it takes, as a bit set
        self.follow: list[int] = []

    def build(self, node: _Node) -> _Part:
        match node:
            case _Atom():
                return self.atom(node)
            case _Sequence(parts):
                return reduce(self.join, map(self.build, parts), _EMPTY)
            case _Choice(options):
                return reduce(self.either, map(self.build, options))
            case _Repeat(inner, least, most):
                return self.repeat(inner, least, most)

    def atom(self, node: _Atom) -> _Part:
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

    def repeat(self, node: _Node, least: int, most: int | None) -> _Part:
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
    whole = positions.build(_Parser(normalise(pattern)).parse())
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
