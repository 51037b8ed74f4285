"""captchalab: labelled pictures of distorted text in, a small fast reader out. Never imports torch."""

from __future__ import annotations

__version__ = "0.1.0"
