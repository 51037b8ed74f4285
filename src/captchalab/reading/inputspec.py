"""RGB array -> the network's input array. Training and reading share it; nothing else resizes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captchalab.errors import UsageError


@dataclass(frozen=True)
class InputSpec:
    """What a network takes: ``(height, width, channels)`` uint8, made by ``apply``.

    ``fit`` is ``stretch`` (the whole picture onto the whole input) or ``pad`` (aspect kept, left
    aligned on white; for sources whose pictures differ in width).
    """

    height: int = 48
    width: int = 128
    channels: int = 1
    fit: str = "stretch"

    def __post_init__(self) -> None:
        if not (8 <= self.height <= 512 and 8 <= self.width <= 2048):
            raise UsageError(
                f"input size {self.width}x{self.height}: allowed are widths 8 to 2048 and heights 8 to 512"
            )
        if self.channels not in (1, 3):
            raise UsageError(f"channels={self.channels}: 1 (grey) or 3 (colour)")
        if self.fit not in ("stretch", "pad"):
            raise UsageError(f"fit={self.fit!r}: 'stretch' or 'pad'")

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, self.channels)

    def apply(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """``(h, w, 3)`` uint8 RGB of any size -> ``(height, width, channels)`` uint8.

        Grey is ITU-R 601 luma; resizing is Pillow's antialiased bilinear filter.
        """
        picture = Image.fromarray(rgb)
        if self.channels == 1:
            picture = picture.convert("L")
        width = self._scaled_width(*picture.size)
        if picture.size != (width, self.height):
            picture = picture.resize((width, self.height), Image.Resampling.BILINEAR)
        array = np.asarray(picture).reshape(self.height, width, self.channels)
        if width == self.width:
            return array
        padded = np.full(self.shape, 255, np.uint8)
        padded[:, :width] = array
        return padded

    def covered(self, width: int, height: int) -> float:
        """The fraction of the input's width that a picture of this size covers: 1.0 unless padded."""
        return self._scaled_width(width, height) / self.width

    def _scaled_width(self, width: int, height: int) -> int:
        if self.fit == "stretch":
            return self.width
        return max(1, min(self.width, round(width * self.height / height)))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
