"""Samples -> model file."""

from __future__ import annotations

import os

# Before torch is loaded: its threads are to give up a core soon after a step instead of spinning on it,
# so that drawing, which takes turns with training, and other programs get the core at once.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
