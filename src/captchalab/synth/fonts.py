"""The bundled fonts and those of the user, by name, group or path."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from captchalab.errors import UsageError, suggest

FOLDER = Path(__file__).parent / "fonts"
GROUPS: dict[str, tuple[str, ...]] = {
    "sans": (
        "Arimo-Regular",
        "Arimo-Bold",
        "Arimo-Italic",
        "Arimo-BoldItalic",
        "AveriaSansGWF-Regular",
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSans-Oblique",
        "DejaVuSans-BoldOblique",
        "DejaVuSans-ExtraLight",
        "LeagueSpartan-Black",
        "OpenSans-Regular",
        "OpenSans-Bold",
        "OpenSans-Italic",
        "OpenSans-BoldItalic",
        "PlainSchool",
        "PlainStreet",
        "RobotoCondensed-Bold",
        "YanoneKaffeesatz-Bold",
    ),
    "serif": (
        "Caladea-Bold",
        "DejaVuSerif",
        "DejaVuSerif-Bold",
        "DejaVuSerif-Italic",
        "DejaVuSerif-BoldItalic",
        "PlainBook",
        "RobotoSlab-Bold",
        "Tinos-Regular",
        "Tinos-Bold",
        "Tinos-Italic",
        "Tinos-BoldItalic",
    ),
    "mono": (
        "CourierPrime-Bold",
        "Cousine-Regular",
        "Cousine-Bold",
        "DejaVuSansMono",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-Oblique",
        "DejaVuSansMono-BoldOblique",
        "DroidSansMono",
        "FantasqueSansMono-Bold",
        "OCRA",
        "PlainOffice",
    ),
    "hand": (
        "CaveatBrush-Regular",
        "ComicNeue-Bold",
        "GloriaHallelujah-Regular",
        "LobsterTwo-Bold",
        "PatrickHand-Regular",
        "PlainPen",
        "PlainSketch",
        "PlainStack",
        "Stick-Regular",
        "YuseiMagic-Regular",
    ),
    "display": (
        "CherryBomb-Regular",
        "PlainGothic",
        "PlainPixel",
        "PlainRounded-Bold",
        "PlainShadow",
        "PlainStencil",
        "RampartOne-Regular",
        "ReggaeOne-Regular",
        "RocknRollOne-Regular",
        "RubikGlitch-Regular",
        "RubikWetPaint-Regular",
        "SpecialElite-Regular",
        "TrainOne-Regular",
        "VT323-Regular",
    ),
    "capitals": (
        "BungeeShade-Regular",
        "CartoonBlock1",
        "CartoonBlock2",
        "CartoonBlock3",
        "CartoonBlock4",
        "CartoonBlock5",
        "CartoonBlock6",
        "ComicShade",
        "HandShade",
        "Humor-Sans",
        "LuckiestGuy-Regular",
        "PermanentMarker-Regular",
    ),
    "chinese": (
        "NotoSerifSC-Regular",
        "WenQuanYiMicroHei",
    ),
}
"""The bundled fonts by kind, each in one group. Those of ``capitals`` write small letters as capitals:
nobody can tell the two apart. Those of ``chinese`` hold the preset ``chinese`` and ASCII."""

_SUFFIXES = (".ttf", ".otf", ".ttc")


def bundled() -> list[str]:
    """The names of the fonts that come with the package."""
    return sorted(path.stem for path in FOLDER.iterdir() if path.suffix in _SUFFIXES)


@lru_cache(maxsize=1_000)
def expand(fonts: tuple[str, ...]) -> tuple[str, ...]:
    """Names and paths of single fonts: a group stands for its fonts, a folder for the font files in it.

    Raises ``UsageError`` for a folder without fonts; other names are left as they are.
    """
    found: list[str] = []
    for font in fonts:
        if font in GROUPS:
            found += GROUPS[font]
        elif is_there(Path(font), Path.is_dir):
            files = sorted(str(path) for path in Path(font).iterdir() if path.suffix.lower() in _SUFFIXES)
            if not files:
                raise UsageError(f"no font in the folder {font}: it holds no {', '.join(_SUFFIXES)} file")
            found += files
        else:
            found.append(font)
    return tuple(dict.fromkeys(found))


def is_there(path: Path, test: Callable[[Path], bool]) -> bool:
    """Whether ``Path.is_file``, ``Path.is_dir`` or ``Path.exists`` holds; not for a name that is too long."""
    try:
        return test(path)
    except OSError:
        return False


@lru_cache(maxsize=1_000)
def load(font: str, size: int) -> ImageFont.FreeTypeFont:
    """A bundled font by its name, or any other by its path, at ``size`` pixels per em."""
    paths = [*(FOLDER / f"{font}{suffix}" for suffix in _SUFFIXES), Path(font)]
    path = next((path for path in paths if is_there(path, Path.is_file)), None)
    if path is None:
        raise suggest(font, [*bundled(), *GROUPS], "font")
    try:
        return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        raise UsageError(f"{font!r} is not a TrueType or OpenType font") from None
