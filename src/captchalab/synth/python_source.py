"""Pictures drawn by other people's Python code, as a source."""

from __future__ import annotations

import importlib
import inspect
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import UsageError
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.image import load_image
from captchalab.samples.sample import Sample
from captchalab.synth.foreign import seeded
from captchalab.synth.options import parse_lengths, spell, whole_number
from captchalab.synth.randomness import random_for
from captchalab.synth.texts import choose_text

DEFAULTS = {"alphabet": "digits+upper", "length": "4", "seed": "0"}
METHOD = "generate_image"


class PythonSource:
    """``python:MODULE:OBJECT?alphabet=..&length=4&seed=0&...``: endless samples drawn by ``OBJECT``.

    ``OBJECT`` is a class with ``generate_image(text)``, a callable ``f(text)``, or a callable ``f()`` that
    answers ``(picture, text)``. A picture is a PIL image, an array, or the bytes of a file. Options other
    than ``alphabet``, ``length`` and ``seed`` are arguments of the constructor or callable (numbers as
    numbers). MODULE is looked for in the working folder too.

    Sample ``i`` is a function of ``(seed, i)`` as far as that can be had: for each call ``random`` and
    ``numpy.random`` are seeded, and where the module of OBJECT has an attribute ``secrets``, a seeded
    stand-in takes its place. Code with other randomness (``os.urandom``, ``from secrets import ...``, the
    clock, generators of its own, state kept between calls) draws new pictures every time; where such code
    chooses the text too, ``text(i)`` need not be that of ``sample(i)``. Draw in one thread at a time.

    Raises ``UsageError`` for a module, object or argument that does not exist. Errors of the foreign code
    itself pass through as they are.
    """

    def __init__(self, target: str, options: Mapping[str, str] | None = None) -> None:
        self._target, self._options = target, dict(options or {})
        given = {**DEFAULTS, **self._options}
        self._alphabet = Alphabet.parse(given.pop("alphabet"))
        self._lengths = parse_lengths(given.pop("length"))
        self._seed = whole_number("seed", given.pop("seed"), 0, 2**64 - 1)
        self._draw, self._module = _open(target, {key: _value(text) for key, text in given.items()})
        self._chooses_text = not _takes_text(self._draw)

    def __reduce__(self) -> tuple[Any, ...]:
        return PythonSource, (self._target, self._options)

    @property
    def name(self) -> str:
        """The string that opens this source again."""
        return spell(f"python:{self._target}", self._options)

    @property
    def size(self) -> None:
        """Drawn samples have no end."""
        return None

    @property
    def alphabet(self) -> Alphabet | None:
        """Every character that a text may hold; ``None`` where the foreign code chooses the texts."""
        return None if self._chooses_text else self._alphabet

    @property
    def lengths(self) -> tuple[int, int] | None:
        """Fewest and most characters of a text; ``None`` where the foreign code chooses the texts."""
        return None if self._chooses_text else self._lengths

    def sample(self, index: int) -> Sample:
        """Sample ``index``, drawn anew. Raises ``UsageError`` if what comes back is no picture."""
        name = f"{self._seed}/{index}"
        if self._chooses_text:
            with seeded(self._module, self._seed, index):
                answer = self._draw()
            if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[1], str):
                raise UsageError(f"python:{self._target} answers no (picture, text); or let it take a text")
            return Sample(self._picture(answer[0]), answer[1], name)
        text = self.text(index)
        with seeded(self._module, self._seed, index):
            picture = self._draw(text)
        return Sample(self._picture(picture), text, name)

    def text(self, index: int) -> str:
        """The text of sample ``index``; drawn where the foreign code chooses it, else not."""
        if self._chooses_text:
            return self.sample(index).text
        return choose_text(self._alphabet.characters, self._lengths, random_for(self._seed, index))

    def _picture(self, picture: object) -> NDArray[np.uint8]:
        if isinstance(picture, io.BytesIO):
            picture = picture.getvalue()
        if not isinstance(picture, (bytes, np.ndarray, Image.Image)):
            kind = type(picture).__name__
            raise UsageError(f"python:{self._target} draws {kind}, not a PIL image, an array or bytes")
        return load_image(picture)


def _open(target: str, arguments: Mapping[str, Any]) -> tuple[Callable[..., Any], ModuleType]:
    """What draws, and the module that it comes from."""
    module_name, colon, path = target.partition(":")
    if not (colon and module_name and path):
        raise UsageError(
            f"python:{target}: write python:MODULE:OBJECT, as in python:captcha.image:ImageCaptcha"
        )
    found: Any = _import(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise UsageError(f"python:{target}: {module_name} has no {path}")
        found = getattr(found, part)
    module = inspect.getmodule(found) or sys.modules[module_name]
    if inspect.isclass(found):
        draw = getattr(_call_checked(found, arguments, target), METHOD, None)
        if not callable(draw):
            raise UsageError(f"python:{target} is a class without a method {METHOD}(text)")
        return draw, module
    if not callable(found):
        raise UsageError(f"python:{target} is a {type(found).__name__}: name a class or a function")
    if arguments:
        _check_arguments(found, arguments, target)
        return _Bound(found, arguments), module
    return found, module


def _import(name: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        return importlib.import_module(name)
    except (ImportError, ValueError) as error:
        raise UsageError(f"cannot import {name}: {error}. Install it, or change to its folder") from None


def _call_checked(kind: Callable[..., Any], arguments: Mapping[str, Any], target: str) -> Any:
    _check_arguments(kind, arguments, target)
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise UsageError(f"python:{target} does not take these options: {error}") from None


def _check_arguments(kind: Callable[..., Any], arguments: Mapping[str, Any], target: str) -> None:
    parameters = inspect.signature(kind).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    unknown = [name for name in arguments if name not in parameters]
    if unknown:
        allowed = ", ".join([*DEFAULTS, *parameters])
        raise UsageError(f"python:{target} has no option {unknown[0]!r}; it takes: {allowed}")


class _Bound:
    """A callable with some arguments already given, and the signature that is left."""

    def __init__(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        self._function, self._arguments = function, arguments
        left = [p for p in inspect.signature(function).parameters.values() if p.name not in arguments]
        self.__signature__ = inspect.Signature(left)

    def __call__(self, *texts: str) -> Any:
        return self._function(*texts, **self._arguments)


def _takes_text(draw: Callable[..., Any]) -> bool:
    """Whether the first argument that is asked for is a text."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(p.kind in kinds and p.default is p.empty for p in inspect.signature(draw).parameters.values())


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
