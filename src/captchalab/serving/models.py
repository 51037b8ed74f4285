"""The models behind one address, by name and version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captchalab.reading.image import ImageLimits
from captchalab.reading.modelpath import BUNDLED, DEFAULT, RUN_MODEL
from captchalab.reading.reader import Reader
from captchalab.serving.problems import Problem


@dataclass(frozen=True, slots=True)
class Served:
    """A model that is being served."""

    name: str
    path: str
    reader: Reader

    def row(self) -> dict[str, Any]:
        """As ``/v1/models`` lists it."""
        info = self.reader.info
        return {
            "name": self.name,
            "sha256": self.reader.sha256,
            "alphabet": info.alphabet.characters,
            "lengths": list(info.lengths),
            "figures": info.figures,
        }


class Shelf:
    """The models that are served now."""

    def __init__(self, places: Sequence[str], limits: ImageLimits) -> None:
        self._served = {
            name: Served(name, place, Reader.open(place, limits=limits))
            for place in places or (DEFAULT,)
            for name in (_name_of(place),)
        }
        self.default = next(iter(self._served))

    def find(self, name: str | None) -> Served:
        """The model of that name; ``None`` for the first. Raises ``Problem`` 404, naming what there is."""
        served = self._served.get(name or self.default)
        if served is None:
            raise Problem(
                404, "unknown-model", f"no such model; there are: {', '.join(sorted(self._served))}"
            )
        return served

    def rows(self) -> list[dict[str, Any]]:
        """Every model, as ``/v1/models`` lists it."""
        return [served.row() for served in self._served.values()]


def _name_of(place: str) -> str:
    if place in BUNDLED:
        return place
    path = Path(place).resolve()
    return path.parent.name if path.name == RUN_MODEL else path.stem
