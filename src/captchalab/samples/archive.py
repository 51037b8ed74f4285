"""Pictures in a tar archive (plain or gzip), read in place: nothing is ever unpacked to disk."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from captchalab.errors import ArchiveError, BrokenImage, UsageError
from captchalab.samples.labels import safe_path
from captchalab.samples.listing import list_samples, pick_part, spell
from captchalab.samples.resting import RestingSource

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class ArchiveLimits:
    """Caps on what an archive may hold; beyond them it is refused.

    ``max_members`` counts files, ``max_member_bytes`` caps one of them, ``max_total_bytes`` all of
    them together, ``max_unpacked_bytes`` what a compressed archive may grow to (it is held in memory).
    """

    max_members: int = 5_000_000
    max_member_bytes: int = 512 * 1024**2
    max_total_bytes: int = 256 * 1024**3
    max_unpacked_bytes: int = 1024**3


DEFAULT_LIMITS = ArchiveLimits()


class TarSource(RestingSource):
    """All pictures of a ``.tar`` or ``.tar.gz``, by the rules of a folder.

    ``part`` takes one folder of the archive only. Members are indexed once (offset and size); each
    process reads them through a file handle of its own. Raises ``ArchiveError`` for absolute paths,
    ``..``, links, devices, anything beyond ``limits``, and broken or truncated archives.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        part: str | None = None,
        *,
        frames: str = "first",
        limits: ArchiveLimits = DEFAULT_LIMITS,
    ) -> None:
        file = Path(path)
        if not file.is_file():
            raise UsageError(f"no such archive: {file}")
        self._bytes = _Bytes(file.absolute(), limits)
        index = self._bytes.index()
        name = spell(str(file), part)
        if part is not None:
            folders = {str(parent) for member in index for parent in PurePosixPath(member).parents}
            part = pick_part(folders - {"."}, part.strip("/"), str(file))
        listing = list_samples(index, lambda member: self._bytes.read(*index[member]), str(file), part)
        super().__init__(name, listing, frames)
        self._places = [index.get(member) for member in listing.names]

    def data(self, index: int) -> bytes:
        """The encoded picture. Raises ``BrokenImage`` if the archive lacks it."""
        place = self._places[index]
        if place is None:
            raise BrokenImage("named in the labels, but not in the archive")
        return self._bytes.read(*place)


class _Bytes:
    """Slices of an archive's unpacked bytes. Crosses to other processes without its open handle."""

    def __init__(self, path: Path, limits: ArchiveLimits) -> None:
        self._path = path
        self._limits = limits
        self._forget()

    def _forget(self) -> None:
        self._handle: IO[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_limits": self._limits}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __del__(self) -> None:
        if self._handle is not None:
            self._handle.close()

    def _open(self) -> IO[bytes]:
        # A handle that came along in a fork shares its position with the parent: open another one.
        if self._owner != os.getpid():
            self._lock = threading.Lock()
            self._handle, self._owner = self._unpacked(), os.getpid()
        assert self._handle is not None
        return self._handle

    def _unpacked(self) -> IO[bytes]:
        try:
            handle = self._path.open("rb")
        except OSError as error:
            raise ArchiveError(f"{self._path} cannot be opened ({error.strerror})") from None
        if handle.read(2) != GZIP_MAGIC:
            return handle
        handle.seek(0)
        cap = self._limits.max_unpacked_bytes
        try:
            with handle, gzip.open(handle) as unpacking:
                content = unpacking.read(cap + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ArchiveError(f"{self._path} is a broken gzip file ({error})") from None
        if len(content) > cap:
            raise ArchiveError(
                f"{self._path} unpacks beyond {cap:,} bytes: gunzip it first, and open the .tar"
            )
        return io.BytesIO(content)

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset``."""
        handle = self._open()
        with self._lock:
            handle.seek(offset)
            content = handle.read(size)
        if len(content) != size:
            raise ArchiveError(f"{self._path} has become shorter since it was opened")
        return content

    def index(self) -> dict[str, tuple[int, int]]:
        """Member -> (offset, size) of all files, each member checked."""
        handle = self._open()
        handle.seek(0)
        try:
            with tarfile.open(fileobj=handle, mode="r:") as archive:
                index = self._members(archive)
                end = archive.offset
        except (tarfile.TarError, ValueError, EOFError, OverflowError, RecursionError) as error:
            raise ArchiveError(f"{self._path} is no whole tar archive ({error})") from None
        # tarfile takes a cut at a member's border, or a damaged header, for the end. The real end is zeros.
        handle.seek(end)
        if handle.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise ArchiveError(f"{self._path} is truncated or damaged after {len(index)} files")
        return index

    def _members(self, archive: tarfile.TarFile) -> dict[str, tuple[int, int]]:
        limits, total = self._limits, 0
        index: dict[str, tuple[int, int]] = {}
        for member in archive:
            # The list that tarfile keeps of what it has seen would hold every header in memory.
            vars(archive)["members"].clear()
            self._check(member)
            if member.isdir():
                continue
            total += member.size
            index[str(PurePosixPath(member.name))] = (member.offset_data, member.size)
            if len(index) > limits.max_members:
                raise ArchiveError(f"{self._path} holds more than {limits.max_members:,} files")
            if total > limits.max_total_bytes:
                raise ArchiveError(f"{self._path} unpacks beyond {limits.max_total_bytes:,} bytes")
        return index

    def _check(self, member: tarfile.TarInfo) -> None:
        name, cap = member.name, self._limits.max_member_bytes
        if not (member.isfile() or member.isdir()) or member.issparse():
            raise ArchiveError(
                f"{self._path}: {name!r} is a link, device or sparse file; only plain files are read"
            )
        if member.size < 0:
            # Left alone, it would send the index back to where it was, for ever.
            raise ArchiveError(f"{self._path}: {name!r} has a negative size")
        if not safe_path(name):
            raise ArchiveError(f"{self._path}: {name!r} points outside the archive")
        if member.size > cap:
            raise ArchiveError(
                f"{self._path}: {name!r} holds {member.size:,} bytes; at most {cap:,} are allowed"
            )
