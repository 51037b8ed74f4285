"""Writing files so that a kill at any moment leaves the old one or the new one, never half of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from captchalab.errors import UsageError


def write_atomic(path: Path, data: bytes, *, durable: bool = True, mode: int | None = None) -> None:
    """Write beside ``path`` under a name of its own (``.*.part``), then rename.

    ``durable`` waits for the disk (not worth it for single pictures); ``mode`` sets the permissions, which
    are otherwise those of any new file. Raises ``UsageError`` if the place cannot be written.
    """
    beside = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with beside.open("xb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise UsageError(f"cannot write {path} ({error.strerror})") from None
        raise


def make_folder(path: Path) -> None:
    """Create a folder and its parents. Raises ``UsageError`` if that is not possible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot create the folder {path} ({error.strerror})") from None
