"""Writes what docs/schemes.md says of the code: the schemes with a picture of each, and the reference.

    python benchmarks/schemes_page.py [--check]

Only what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` is written anew, and the pictures in
docs/pictures. `--check` writes nothing and fails where the page is behind the code. Also: make docs-schemes
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import sys
import textwrap
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

from PIL import Image, ImageChops, ImageStat
from recording import ROOT, run_main, say

from captchalab.files import make_folder, write_atomic
from captchalab.synth.animation import Animation
from captchalab.synth.colours import Paint, Palette
from captchalab.synth.declared_kinds import LETTERINGS, TEXTS
from captchalab.synth.declared_steps import effect_options
from captchalab.synth.declared_values import required, toml_value
from captchalab.synth.effects import EFFECTS, ON_LAYERS, ONLY_ON_LAYERS
from captchalab.synth.encode import encode
from captchalab.synth.fonts import GROUPS
from captchalab.synth.ranges import Range
from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes import SCHEMES
from captchalab.synth.source import SchemeSource

PAGE = ROOT / "docs" / "schemes.md"
PICTURES = ROOT / "docs" / "pictures"
LIBRARIES = {
    "base64captcha": "base64Captcha (Go)",
    "cage": "Cage (Java)",
    "captcha_v2": "kaptcha (Java), as in the Keras OCR example",
    "easycaptcha": "EasyCaptcha (Java)",
    "gregwar": "Gregwar/Captcha (PHP)",
    "hutool": "hutool (Java)",
    "icaptcha": "iCaptcha",
    "imagerandom": "imageRandom",
    "jcaptcha": "JCaptcha (Java)",
    "kaptcha": "kaptcha (Java)",
    "lepture": "captcha (Python)",
    "mews": "mewebstudio/captcha (PHP)",
    "patchca": "patchca (Java)",
    "pycapt": "pycapt (Python)",
    "simplecaptcha": "SimpleCaptcha (Java)",
    "skewpassimage": "SkewPassImage",
}
"""Whose pictures a scheme looks like, by how its name begins."""


def schemes_table() -> str:
    """All schemes: a picture, the name, the library, the look."""
    rows = ["| picture | scheme | looks like | in words |", "|---|---|---|---|"]
    for name in sorted(SCHEMES):
        begin = next((key for key in LIBRARIES if name.startswith(key)), None)
        library = LIBRARIES[begin] if begin else "-"
        picture = f"![{name}](pictures/{_picture_name(name)})"
        rows.append(f"| {picture} | `{name}` | {library} | {_cell(SCHEMES[name].summary)} |")
    return "\n".join(rows)


def _picture_name(name: str) -> str:
    return f"{name}.gif" if SCHEMES[name].animation is not None else f"{name}.png"


def _picture(name: str) -> bytes:
    """Sample 0 as a small file."""
    source = SchemeSource(name)
    if SCHEMES[name].animation is not None:
        return encode(source, 0).data
    stream = io.BytesIO()
    Image.fromarray(source.sample(0).image).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _is_stale(name: str) -> bool:
    """Whether the picture in docs shows another drawing; another processor's last digits are no other one."""
    with Image.open(PICTURES / _picture_name(name)) as there, Image.open(io.BytesIO(_picture(name))) as now:
        if there.size != now.size:
            return True
        difference = ImageChops.difference(there.convert("RGB"), now.convert("RGB"))
    return sum(ImageStat.Stat(difference).mean) / 3 > _SAME


_SAME = 1.0
"""Grey levels that two pictures of one drawing may be apart on average; two drawings are 2 to 70."""


def reference() -> str:
    """Every key and option that a file may hold."""
    parts = ["### The file", _fields_table(Scheme), "### `[palette]`", _fields_table(Palette)]
    for section, kinds in (("lettering", LETTERINGS), ("texts", TEXTS)):
        for kind, each in kinds.items():
            parts += [f'### `[{section}]`, `kind = "{kind}"`', _opening(each), _fields_table(each)]
    parts += ["### `[animation]`", _opening(Animation), _fields_table(Animation)]
    parts += ["### Fonts", _fonts_table(), "### Effects", _COMMON_OPTIONS, _effects_table()]
    return "\n\n".join(part for part in parts if part)


_COMMON_OPTIONS = """\
Those with a star may stand in `[[on_text]]`, too; those with two stand only there. What several have:
`count`, how many; `thickness`, in pixels; `colour`, a paint, chosen for each mark unless `same_colour`;
`opacity`, 0 to 1, of all marks together; `smooth`, whether edges and moved pixels are mixed; `fill`, what
a warp lets in from outside: a paint, `"edge"`, `"mirror"` or `"wrap"` (on the text alone: nothing). Where
there is a choice of words, `"any"` is one of them, drawn for each picture. Each effect also takes
`probability`, 0 to 1: how often it is applied at all, and `variant`, a name: of the names in a scheme each
picture takes one, each as often, and its steps beside those that have none."""


def _fonts_table() -> str:
    """The bundled fonts by group."""
    rows = ["| group | fonts |", "|---|---|"]
    return "\n".join(rows + [f"| `{group}` | {', '.join(fonts)} |" for group, fonts in GROUPS.items()])


def _fields_table(kind: type) -> str:
    """The fields of a dataclass with their types, defaults and the sentence below each."""
    told, hints, limits = _field_texts(kind), get_type_hints(kind), getattr(kind, "limits", {})
    rows = [
        f"| `{each.name}` | {_type(hints[each.name])}{_within(limits.get(each.name))} "
        f"| {_default(each.default)} | {_cell(told[each.name])} |"
        for each in fields(kind)
        if each.name not in ("under", "on_text", "over", "lettering", "texts", "palette", "animation")
    ]
    return "\n".join(["| key | value | default | |", "|---|---|---|---|", *rows]) if rows else ""


def _field_texts(kind: type) -> dict[str, str]:
    """The docstrings of fields, which Python itself does not keep."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    told = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)
            told[field.target.id] = ast.literal_eval(text.value)
    return told


def _effects_table() -> str:
    rows = ["| effect | options and defaults | |", "|---|---|---|"]
    for name, function in EFFECTS.items():
        pairs = [
            f"`{option} = {toml_value(default)}`" for option, (_, default) in effect_options(name).items()
        ]
        star = " \\*\\*" if name in ONLY_ON_LAYERS else " \\*" if name in ON_LAYERS else ""
        rows.append(f"| `{name}`{star} | {', '.join(pairs)} | {_told(function)} |")
    return "\n".join(rows)


def _type(hint: Any) -> str:
    known = {Range: "range", Paint: "paint", bool: "truth", int: "whole number", float: "number", str: "text"}
    hint = required(hint)
    return known.get(hint, "table" if "Mapping" in str(hint) else "list")


def _within(limits: tuple[float, float] | None) -> str:
    return f", {limits[0]:g} to {limits[1]:g}" if limits else ""


def _default(value: Any) -> str:
    return f"`{toml_value(value)}`" if isinstance(value, bool | int | float | str | tuple) else ""


def _opening(kind: type) -> str:
    """The first paragraph of a docstring; none where it was made up by ``dataclass``."""
    text = inspect.getdoc(kind) or ""
    return (
        "" if text.startswith(f"{kind.__name__}(") else _plain(text.split("\n\n")[0].partition(" Raises ")[0])
    )


def _told(effect: Callable[..., Any]) -> str:
    """All that its docstring says to those who write declarations."""
    return _plain(inspect.getdoc(effect) or "").partition(" Raises ")[0].replace("|", "\\|")


def _cell(text: str) -> str:
    return _plain(text.split("\n\n")[0]).replace("|", "\\|")


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def filled(page: str) -> str:
    """The page with its parts written anew."""
    for name, text in (("schemes", schemes_table()), ("reference", reference())):
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        assert begin in page and end in page, f"{PAGE} has lost {begin} or {end}"
        before, rest = page.split(begin)
        page = f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"
    return page


def main() -> None:
    """Write the page and its pictures, or check them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail if anything would change")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    anew = filled(page)
    # Other pages have pictures there, too.
    wanted = set(map(_picture_name, SCHEMES))
    there = {path.name for path in PICTURES.glob("*")} if PICTURES.is_dir() else set()
    if check:
        if anew != page or not wanted <= there or any(map(_is_stale, SCHEMES)):
            say(f"{PAGE.relative_to(ROOT)} is behind the code: make docs-schemes")
            sys.exit(1)
        return
    make_folder(PICTURES)
    for name in SCHEMES:
        write_atomic(PICTURES / _picture_name(name), _picture(name))
    write_atomic(PAGE, anew.encode())
    say(f"{PAGE.relative_to(ROOT)}: {len(SCHEMES)} schemes, {len(EFFECTS)} effects")


if __name__ == "__main__":
    run_main(main)
