"""Writing files so that a kill at any moment leaves the old one or the new one, never half of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from captchalab.errors import RunError, UsageError

if sys.platform != "win32":
    import fcntl


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


def hold(stream: IO[bytes], held: str, *, shared: bool = True) -> None:
    """Hold an open file until it is closed, or its process ends: ``RunError(held)`` if another one holds it.

    ``shared``: processes that were forked meanwhile hold it too, and end the hold with the last of them;
    without it, this process lets go as soon as it closes the file under any name. On Windows, and where the
    file system has no locks, nothing is held.
    """
    if sys.platform != "win32":
        lock = fcntl.flock if shared else fcntl.lockf
        try:
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise RunError(held) from None
        except OSError:  # a file system without locks
            pass


@contextmanager
def locked(path: Path, held: str) -> Iterator[None]:
    """Hold the lock file ``path``, and delete it at the end. A lock ends with its process, however that ends.

    Raises ``RunError(held)`` while another process holds it, ``UsageError`` if it cannot be written. Where
    ``hold`` holds nothing, neither does this.
    """
    try:
        stream = path.open("wb")
    except OSError as error:
        raise UsageError(f"cannot write {path} ({error.strerror})") from None
    with stream:
        hold(stream, held, shared=False)  # what helpers inherit shall not outlive this process
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()
