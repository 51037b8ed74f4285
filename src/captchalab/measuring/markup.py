"""Foreign text made safe and visible; shares made readable."""

from __future__ import annotations

import re

from captchalab.reading.alphabet import is_forbidden

# Everything that starts a Markdown construct within a line, on GitHub too ($ maths, @ people, # issues).
MARKDOWN_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#!|~&$@^]")


def visible(text: str) -> str:
    """``text`` with spaces as ``␣`` and invisible characters as code points."""
    shown = (f"U+{ord(c):04X}" if is_forbidden(c) else "␣" if c.isspace() else c for c in text)
    return "".join(shown)


def escape_markdown(value: object) -> object:
    """A string whose Markdown characters are entities: it renders as itself, inside table cells too."""
    if not isinstance(value, str):
        return value
    line = "".join(f"U+{ord(c):04X}" if is_forbidden(c) else c for c in value)
    return MARKDOWN_SPECIAL.sub(lambda match: f"&#{ord(match[0])};", line)


def percent(share: float) -> str:
    """``0.9914`` -> ``99.14%``; never ``100.00%`` for less than all, nor ``0.00%`` for more than nothing."""
    if 0.99995 <= share < 1:
        return ">99.99%"
    if 0 < share < 0.00005:
        return "<0.01%"
    return f"{share:.2%}"
