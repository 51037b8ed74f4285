"""A tar archive or a Parquet table as what drawn pictures are written to.

Until all are there, they lie in ``OUT.part``, a tar archive without its end, with ``OUT.part.jsonl``
as its index. ``OUT`` itself is there whole or not at all.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from captchalab.errors import MissingExtra, UsageError
from captchalab.files import make_folder
from captchalab.samples.journal import INDEX_FILE, Row
from captchalab.samples.labels import LABEL_FILES, fits_file_name, label_row
from captchalab.samples.outputs import Encoded, Output
from captchalab.samples.writer import file_of

ROW_GROUP = 1_000
"""Rows of a Parquet row group: what a reader holds in memory at a time."""


class TarOutput(Output):
    """Members ``TEXT_0000.png``, ..., then ``labels.jsonl`` where texts need it, then ``index.jsonl``.

    Raises ``UsageError`` if the file exists already, or a foreign one where it is to grow.
    """

    def __init__(self, path: Path, drawn: Mapping[str, Any], count: int) -> None:
        if path.exists():
            raise UsageError(f"{path} exists already: name another file, or delete it")
        make_folder(path.parent)
        self._path = path
        self._part = path.with_name(path.name + ".part")
        index = path.with_name(path.name + ".part.jsonl")
        if self._part.exists() and not index.exists():
            raise UsageError(
                f"{self._part} is in the way and not of a drawing: move it, or name another file"
            )
        super().__init__(index, drawn, count)
        end = sum(_length(row) for row in self.journal)
        if end and (not self._part.exists() or self._part.stat().st_size < end):
            self.journal.close()
            raise UsageError(f"{self._part} holds less than {self.journal.path} says: delete both")
        self._stream: IO[bytes] = self._part.open("r+b" if self._part.exists() else "w+b")
        self._stream.truncate(end)
        self._stream.seek(end)

    def last(self) -> bytes:
        """The member of the last row."""
        row = self.journal.last
        assert row is not None
        self._stream.seek(-_padded(row.bytes), 2)
        data = self._stream.read(row.bytes)
        self._stream.seek(0, 2)
        return data

    def _write(self, samples: Sequence[Encoded], tails: Sequence[str]) -> list[Row]:
        rows = []
        for each, tail in zip(samples, tails, strict=True):
            row = Row(file_of(each.text, tail, each.suffix), each.text, len(each.data))
            self._stream.write(_header(row.file, row.bytes))
            self._stream.write(each.data.ljust(_padded(row.bytes), b"\0"))
            rows.append(row)
        self._stream.flush()
        return rows

    def finish(self) -> None:
        """Write the index and the end, and give the archive its name."""
        with tempfile.TemporaryFile() as labels:
            for row in self.journal:
                if not fits_file_name(row.text):
                    labels.write(label_row(row.file, row.text, LABEL_FILES[0]).encode())
            if labels.tell():
                self._append(LABEL_FILES[0], labels)
        with self.journal.path.open("rb") as index:
            self._append(INDEX_FILE, index)
        self._stream.write(bytes(2 * tarfile.BLOCKSIZE))
        self._stream.write(bytes(-self._stream.tell() % tarfile.RECORDSIZE))
        self._stream.close()
        self._part.replace(self._path)
        self._forget_journal()

    def _append(self, name: str, content: IO[bytes]) -> None:
        size = content.seek(0, 2)
        content.seek(0)
        self._stream.write(_header(name, size))
        shutil.copyfileobj(content, self._stream)
        self._stream.write(bytes(_padded(size) - size))

    def _forget_journal(self) -> None:
        # Windows deletes no file that is open.
        self.journal.close()
        self.journal.path.unlink()

    def close(self) -> None:
        """Close all files; what is not complete can be gone on with."""
        self._stream.close()
        super().close()


class ParquetOutput(TarOutput):
    """Columns ``image``, ``text``, ``name``; the first line of the index stands in the file's metadata.

    Raises ``MissingExtra`` without pyarrow, ``UsageError`` if the file exists already.
    """

    def __init__(self, path: Path, drawn: Mapping[str, Any], count: int) -> None:
        try:
            self._arrow, self._parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ModuleNotFoundError:
            raise MissingExtra("parquet", "writing .parquet files") from None
        super().__init__(path, drawn, count)

    def finish(self) -> None:
        """Turn what was drawn into a table."""
        with self.journal.path.open("rb") as index:
            drawn = index.readline().strip()
        types = {"image": self._arrow.binary(), "text": self._arrow.string(), "name": self._arrow.string()}
        schema = self._arrow.schema(types.items(), metadata={"captchalab": drawn})
        whole = self._path.with_name(self._path.name + ".whole.part")
        # PNG is compressed already.
        packing = {"image": "none", "text": "zstd", "name": "zstd"}
        with self._parquet.ParquetWriter(whole, schema, compression=packing, use_dictionary=False) as table:
            for rows in self._groups():
                table.write_table(self._arrow.Table.from_pylist(rows, schema), row_group_size=ROW_GROUP)
        whole.replace(self._path)
        self._stream.close()
        self._part.unlink()
        self._forget_journal()

    def _groups(self) -> Iterator[list[dict[str, Any]]]:
        group: list[dict[str, Any]] = []
        self._stream.seek(0)
        for row in self.journal:
            self._stream.seek(_length(row) - _padded(row.bytes), 1)
            data = self._stream.read(_padded(row.bytes))[: row.bytes]
            group.append({"image": data, "text": row.text, "name": row.file})
            if len(group) == ROW_GROUP:
                yield group
                group = []
        if group:
            yield group


def _header(name: str, size: int) -> bytes:
    """The blocks before a member: the same on every machine, at any time."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _length(row: Row) -> int:
    return len(_header(row.file, row.bytes)) + _padded(row.bytes)
