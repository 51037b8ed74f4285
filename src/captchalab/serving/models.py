"""The models behind one address, by name and version: loaded, replaced and removed while serving.

The folders are the truth. Every worker process looks at them for itself, so all come to agree.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captchalab.errors import CaptchalabError, UsageError
from captchalab.reading.image import ImageLimits
from captchalab.reading.modelpath import DEFAULT, find_model
from captchalab.reading.reader import Reader
from captchalab.serving.places import NAME, Place, Signature, is_folder, places
from captchalab.serving.problems import Problem

AUTO = "auto"
_log = logging.getLogger("captchalab.serving")


@dataclass(frozen=True, slots=True)
class Served:
    """A model that is being served."""

    place: Place
    reader: Reader

    def label(self) -> dict[str, str]:
        """How an answer names its model."""
        version = {"version": self.place.version} if self.place.version else {}
        return {"name": self.place.name, **version, "sha256": self.reader.sha256}

    def row(self) -> dict[str, Any]:
        """As ``/v1/models`` lists it."""
        info = self.reader.info
        return {
            **self.label(),
            "alphabet": info.alphabet.characters,
            "lengths": list(info.lengths),
            "figures": info.figures,
            "input": info.input.to_dict(),
            "network": info.network.get("name", ""),
            "created": info.created,
        }


class Shelf:
    """The models that are served now. ``look`` brings them up to what lies in the folders.

    A file that cannot be trusted is refused: ``refused`` says why, and an older one of its name serves on.
    """

    def __init__(self, named: Sequence[str], limits: ImageLimits, most: int) -> None:
        self.named = tuple(named) or (DEFAULT,)
        self.limits, self.most = limits, most
        self.refused: dict[str, str] = {}
        self._served: dict[str, Served] = {}
        self._seen: dict[str, Signature] = {}
        self._tried: dict[str, Signature] = {}
        self._lock = threading.Lock()
        try:
            missing = [text for text in self.named if text != DEFAULT and not _is_there(text)]
        except OSError as error:
            raise UsageError(f"cannot look at {error.filename!r} ({error.strerror})") from None
        if missing:
            raise UsageError(
                f"no model {missing[0]!r}: give a .onnx file, a run folder, or a folder of models"
            )

    def look(self, *, at_once: bool = False) -> None:
        """Load what is new, replace what has changed, drop what has gone. Takes a while; any thread may.

        A file that is still being written is left alone until two looks find it the same, unless ``at_once``.
        """
        with self._lock:
            found: dict[str, Place] = {}
            refused: dict[str, str] = {}
            for place in places(self.named):
                reason = self._unfit(place, found)
                if reason is None:
                    found[place.identity] = place
                else:
                    refused[place.identity[:100]] = reason
            served = dict(self._served)
            for identity, place in found.items():
                settled = at_once or self._seen.get(identity, ()) == place.signature
                self._seen[identity] = place.signature
                if self._tried.get(identity, ()) == place.signature or not settled:
                    if identity in self.refused:
                        refused[identity] = self.refused[identity]
                    continue
                self._tried[identity] = place.signature
                try:
                    served[identity] = Served(place, Reader.open(place.path, limits=self.limits))
                    _log.info("model loaded", extra={"model": identity})
                except CaptchalabError as error:
                    refused[identity] = str(error).replace(place.path, Path(place.path).name)
                    _log.warning("model refused", extra={"model": identity, "reason": refused[identity]})
            for identity in [identity for identity in served if identity not in found]:
                del self._tried[identity]
                _log.info("model removed", extra={"model": identity})
            # In the order of the places, whatever came when: all workers agree which is the first.
            served = {identity: served[identity] for identity in found if identity in served}
            for gone in [identity for identity in self._seen if identity not in found]:
                del self._seen[gone]
                self._tried.pop(gone, None)
            self._served, self.refused = served, refused

    def _unfit(self, place: Place, found: dict[str, Place]) -> str | None:
        if place.name == AUTO or not NAME.fullmatch(place.name) or not NAME.fullmatch(place.version or "1"):
            return "a model is named with letters, digits, . + - and _ (NAME.onnx or NAME@VERSION.onnx)"
        if place.signature is not None and not Path(place.path).is_file():
            return f"{Path(place.path).name} is no file"  # opening a pipe would wait for its writer for ever
        if place.identity in found:
            return f"two models have this name; {Path(found[place.identity].path).name} is served"
        if len(found) >= self.most:
            return f"there are more than {self.most} models"
        return None

    def check(self) -> None:
        """Raises ``UsageError`` where nothing that was named can be served; a folder may be filled later."""
        reason = ""
        for text in self.named:
            if is_folder(text):
                return
            for place in places([text]):
                reason = self._unfit(place, {}) or fault_of(place.path)
                if not reason:
                    return
        raise UsageError(f"no model can be served: {reason}")

    def no_room(self, identity: str, file: Path) -> str:
        """Why a model may not come into ``file``; "" where it may."""
        served = self._served.get(identity)
        if served is not None and Path(served.place.path) != file:
            return "a model of that name is served from elsewhere: take another name"
        if served is None and len(self) >= self.most:
            return f"there are {self.most} models, no more may come: remove one"
        return ""

    async def follow(self) -> None:
        """``look``, in a thread of its own."""
        try:
            await asyncio.to_thread(self.look)
        except OSError as error:  # a folder that cannot be listed for the moment
            _log.warning("models not looked at", extra={"reason": error.strerror})

    def find(self, name: str | None) -> Served:
        """The model of that name (its latest version) or ``NAME@VERSION``; ``None``: the first name.

        Raises ``Problem`` 404, naming what there is, or 503 while there is none at all.
        """
        served = self._served
        if not served:
            raise Problem(503, "no-model", "no model is loaded", {"Retry-After": "1"})
        if name is None:
            name = next(iter(served.values())).place.name
        if name in served and "@" in name:
            return served[name]
        versions = [each for each in served.values() if each.place.name == name]
        if not versions:
            names = ", ".join([*served, AUTO])
            raise Problem(404, "unknown-model", f"no such model; there are: {names}")
        return max(versions, key=lambda each: each.place.rank)

    def all(self) -> list[Served]:
        """Every version of every model."""
        return list(self._served.values())

    def latest(self) -> list[Served]:
        """The latest version of each name."""
        return [self.find(name) for name in dict.fromkeys(each.place.name for each in self._served.values())]

    def rows(self) -> list[dict[str, Any]]:
        """Every model, as ``/v1/models`` lists it."""
        return [served.row() for served in self._served.values()]

    def __len__(self) -> int:
        return len(self._served)


def fault_of(path: str) -> str:
    """Why a model file cannot be trusted; "" for one that can."""
    try:
        find_model(path)
    except CaptchalabError as error:
        return str(error)
    return ""


def _is_there(text: str) -> bool:
    return any(True for _ in places([text])) or Path(text).is_dir()
