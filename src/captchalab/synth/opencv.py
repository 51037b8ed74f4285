"""OpenCV, or the message that names the extra that brings it."""

from __future__ import annotations

from captchalab.errors import MissingExtra

try:
    import cv2
except ModuleNotFoundError:
    raise MissingExtra("draw", "drawing pictures") from None

# Pixels of stackBlur follow from the number of threads; our pictures are too small for several anyway.
cv2.setNumThreads(1)

__all__ = ["cv2"]
