"""A scheme as the text of a TOML file."""

from __future__ import annotations

from typing import Any

from captchalab.synth.declaration import table_of
from captchalab.synth.declared_steps import effect_options
from captchalab.synth.declared_values import toml_key, toml_value
from captchalab.synth.scheme import Scheme

_WIDTH = 100


def toml_of(scheme: Scheme) -> str:
    """The complete declaration; options of effects that it leaves at their defaults stand in comments."""
    lines: list[str] = []
    for key, value in table_of(scheme).items():
        if isinstance(value, dict):
            lines += ["", f"[{toml_key(key)}]", *(_line(*pair) for pair in value.items())]
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for step in value:
                lines += ["", f"[[{toml_key(key)}]]", *_step_lines(step)]
        else:
            lines.append(_line(key, value))
    return "\n".join(lines) + "\n"


def _step_lines(step: dict[str, Any]) -> list[str]:
    stated = [_line(*pair) for pair in step.items()]
    options = effect_options(step["effect"])
    left = [f"# {_line(key, default)}" for key, (_, default) in options.items() if key not in step]
    return stated + left


def _line(key: str, value: Any) -> str:
    line = f"{toml_key(key)} = {toml_value(value)}"
    if len(line) <= _WIDTH or not isinstance(value, list):
        return line
    return "\n".join([f"{toml_key(key)} = [", *(f"  {toml_value(each)}," for each in value), "]"])
