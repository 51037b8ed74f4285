"""OpenCV, or the message that names the extra that brings it."""

from __future__ import annotations

from captchalab.errors import MissingExtra

try:
    import cv2
except ModuleNotFoundError:
    raise MissingExtra("draw", "drawing pictures") from None

__all__ = ["cv2"]
