"""The pattern's text -> its tree. What the subset holds is stated in ``pattern.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from captchalab.errors import ConstraintError

MAX_DEPTH = 20  # groups inside groups: keeps the recursion far from Python's limit

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
class Atom:
    """One character: any that ``matches`` (or, where ``negated``, any that does not)."""

    matches: Match
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Its parts, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of its options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``node``, ``least`` to ``most`` times; ``None`` is without end."""

    node: Node
    least: int
    most: int | None


Node = Atom | Chain | Choice | Repeat


class Parser:
    """Recursive descent over the pattern; ``parse`` returns its tree.

    Raises ``ConstraintError`` that names the place, what is wrong there and what is allowed.
    """

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.depth = 0
        self.at = 1 if pattern.startswith("^") else 0

    def parse(self) -> Node:
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

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.quantified())
        return Chain(tuple(parts))

    def quantified(self) -> Node:
        node = self.atom()
        if self.peek() not in ("?", "*", "+", "{"):
            return node
        sign = self.take()
        least, most = self.counts() if sign == "{" else _QUANTIFIERS[sign]
        if self.peek() in ("?", "*", "+", "{"):
            raise self.error("two quantifiers in a row are outside the subset")
        return Repeat(node, least, most)

    def counts(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at : max(end, self.at)].partition(",")
        if not (least.isascii() and least.isdecimal()) or not (most == "" or most.isdecimal()):
            raise self.error("'{' starts {m}, {m,} or {m,n}; the character itself is \\{")
        if most and int(most) < int(least):
            raise self.error(f"the counts {{{least},{most}}} are the wrong way round")
        self.at = end + 1
        return int(least), (int(most) if most else None) if comma else int(least)

    def atom(self) -> Node:
        character = self.take()
        if character == "(":
            return self.group()
        if character == "[":
            return self.character_class()
        if character == ".":
            return Atom(lambda c: True)
        if character == "\\":
            return Atom(self.escape()[0])
        if character in "?*+{":
            self.at -= 1
            raise self.error(f"{character!r} has nothing to repeat")
        if character == "$" and self.at == len(self.text):
            return Chain(())
        if character in "^$":
            self.at -= 1
            raise self.error(f"the anchor {character!r} inside a pattern is outside the subset")
        return Atom(character.__eq__)

    def group(self) -> Node:
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

    def character_class(self) -> Node:
        negated = self.peek() == "^"
        self.at += negated
        matches: list[Match] = []
        while self.peek() != "]":
            matches.append(self.class_member())
        self.at += 1
        if not matches:
            raise self.error("an empty class; the character ] itself is \\]")
        return Atom(lambda c: any(match(c) for match in matches), negated)

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
