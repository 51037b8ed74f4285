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


def hold(stream: IO[bytes], held: str) -> None:
    """Hold an open file until it is closed, or its process ends: ``RunError(held)`` if another one holds it.

    On Windows, and where the file system has no locks, nothing is held.
    """
    if sys.platform != "win32":
        try:
            # A record lock would be lost as soon as this process closed the file after reading it.
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(held) from None
        except OSError:  # a file system without locks
            pass


@contextmanager
def locked(path: Path, held: str) -> Iterator[None]:
    """Hold the lock file ``path``, and delete it at the end. A lock ends with its process, however that ends.

    Raises ``RunError(held)`` while another process holds it, ``UsageError`` if it cannot be written. On
    Windows, and where the file system has no locks, nothing is held.
    """
    try:
        stream = path.open("wb")
    except OSError as error:
        raise UsageError(f"cannot write {path} ({error.strerror})") from None
    with stream:
        if sys.platform != "win32":
            try:
                # Unlike flock, nothing that helper processes inherit and hold on to.
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                raise RunError(held) from None
            except OSError:  # a file system without locks
                pass
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()
