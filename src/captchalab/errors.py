"""Every error that captchalab raises for its users, as one tree.

CaptchalabError
├── UsageError            a wrong option, name, path or setting (exit status 2)
│   └── MissingExtra      an optional package is not installed
├── ImageError            a picture that cannot be read
│   ├── UnsupportedImage  not PNG, JPEG, GIF, WEBP or BMP
│   ├── BrokenImage       truncated, bad CRC, decompression bomb
│   ├── TooManyPixels     larger than the limit, judged from its header
│   └── TooManyBytes      the file itself is larger than the limit
├── LabelError            a text that is no label: empty, over-long, outside the alphabet
├── ConstraintError       a pattern, length or word list that no reading can obey
├── ArithmeticTextError   a text that is no arithmetic, or divides by zero
├── ArchiveError          an archive that is unsafe or broken
├── ModelFileError        a model file that is corrupt, foreign, tampered with or too new
├── ExportError           an exported model that disagrees with its network
└── RunError              a run folder or checkpoint that is half-written or does not fit
    └── OutOfMemory       training ran out of memory; the message names what to lower
"""

from __future__ import annotations


class CaptchalabError(Exception):
    """Base of all errors meant for users. Its text is one line that says what to do."""


class UsageError(CaptchalabError):
    """A wrong option, name, path or setting."""


class MissingExtra(UsageError):
    """An optional package is not installed.

    ``extra`` is the name in ``pip install 'captchalab[extra]'``, ``what`` the thing that needs it.
    """

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs more packages: pip install 'captchalab[{extra}]'")


class ImageError(CaptchalabError):
    """A picture that cannot be read."""


class UnsupportedImage(ImageError):
    """Not one of the formats that are read."""


class BrokenImage(ImageError):
    """Truncated, damaged, or built to exhaust memory."""


class TooManyPixels(ImageError):
    """More pixels, or a longer side, than the limit allows."""


class TooManyBytes(ImageError):
    """A file larger than the limit allows."""


class LabelError(CaptchalabError):
    """A text that cannot be a label."""


class ConstraintError(CaptchalabError):
    """A constraint that is malformed, too large, or that no reading can obey."""


class ArithmeticTextError(CaptchalabError):
    """A text that is no arithmetic, or divides by zero."""


class ArchiveError(CaptchalabError):
    """An archive that is unsafe or broken."""


class ModelFileError(CaptchalabError):
    """A model file that is corrupt, foreign, tampered with or too new."""


class ExportError(CaptchalabError):
    """An exported model that disagrees with the network that it came from."""


class RunError(CaptchalabError):
    """A run folder or checkpoint that is half-written or does not fit."""


class OutOfMemory(RunError):
    """Training ran out of memory."""


def suggest(name: str, allowed: list[str] | tuple[str, ...], what: str) -> UsageError:
    """The error for an unknown name: what came, what is nearest, what is allowed."""
    from difflib import get_close_matches

    near = get_close_matches(name, allowed, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"unknown {what} {name!r}.{hint} Known: {', '.join(sorted(allowed))}")
