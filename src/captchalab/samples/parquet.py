"""Pictures in a Parquet table: columns ``image`` (bytes, or Hugging Face's struct), ``text``, ``name``."""

from __future__ import annotations

import os
from bisect import bisect_right
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any

from captchalab.errors import ArchiveError, BrokenImage, MissingExtra, UsageError
from captchalab.reading.alphabet import normalise
from captchalab.samples.listing import Listing
from captchalab.samples.resting import RestingSource

MAX_GROUP_BYTES = 2 * 1024**3
"""Unpacked size up to which a row group is read; one group at a time is held in memory."""


class ParquetSource(RestingSource):
    """The rows of a Parquet file, in their order.

    ``image`` holds bytes, or a struct with a field ``bytes``; ``name`` may be missing. One row group
    is kept in memory. Raises ``MissingExtra`` without pyarrow, ``ArchiveError`` for a foreign or
    broken file.
    """

    def __init__(self, path: str | os.PathLike[str], *, frames: str = "first") -> None:
        file = Path(path)
        if not file.is_file():
            raise UsageError(f"no such file: {file}")
        self._path = file.absolute()
        self._group: tuple[int, Any] | None = None
        table = _open(self._path)
        _check(table, self._path)
        groups = [table.metadata.row_group(group) for group in range(table.metadata.num_row_groups)]
        self._ends = list(accumulate(group.num_rows for group in groups))
        super().__init__(str(file), self._list(table), frames)

    def _list(self, table: Any) -> Listing:
        wanted = [column for column in ("text", "name") if column in table.schema_arrow.names]
        try:
            columns = table.read(columns=wanted)
        except (OSError, ValueError, NotImplementedError) as error:
            raise ArchiveError(f"{self._path} cannot be read ({_line(error)})") from None
        texts = _strings(columns.column("text"))
        names = columns.column("name").to_pylist() if "name" in wanted else [None] * len(texts)
        if not texts:
            raise UsageError(f"no rows in {self._path}")
        return Listing(
            [str(index if name is None else name) for index, name in enumerate(names)],
            texts,
            [],
            [],
            [],
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_group": None}

    def data(self, index: int) -> bytes:
        """The encoded picture. Raises ``BrokenImage`` if its cell is empty."""
        group = bisect_right(self._ends, index)
        held = self._group
        if held is None or held[0] != group:
            held = self._group = (group, self._read_group(group))
        start = self._ends[group - 1] if group else 0
        cell = held[1][index - start].as_py()
        content = cell.get("bytes") if isinstance(cell, dict) else cell
        if content is None:
            raise BrokenImage("the row holds no picture")
        return bytes(content)

    def _read_group(self, group: int) -> Any:
        try:
            return _open(self._path).read_row_group(group, columns=["image"]).column("image")
        except (OSError, ValueError, NotImplementedError) as error:
            raise ArchiveError(f"{self._path} cannot be read ({_line(error)})") from None


def _open(path: Path) -> Any:
    try:
        parquet = import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise MissingExtra("parquet", "reading .parquet files") from None
    try:
        with parquet.ParquetFile(path) as file:
            paths = [file.schema.column(at).path for at in range(file.metadata.num_columns)]
        # Kept as dictionaries, as the file packs them: spelled out, 100 kB of repeats fill any memory.
        packed = [column for column in paths if column in ("image", "image.bytes", "text")]
        return parquet.ParquetFile(path, read_dictionary=packed)
    except (OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError(f"{path} is no whole Parquet file ({_line(error)})") from None


def _strings(column: Any) -> list[str]:
    """The texts of a dictionary column in NFC; rows with the same text share it."""
    texts: list[str] = []
    for chunk in column.chunks:
        values = [normalise(value or "") for value in chunk.dictionary.to_pylist()]
        texts += ["" if index is None else values[index] for index in chunk.indices.to_pylist()]
    return texts


def _check(table: Any, path: Path) -> None:
    schema = table.schema_arrow
    found = ", ".join(f"{field.name} ({_plain(field.type)})" for field in schema) or "none"
    types = {field.name: field.type for field in schema}
    image = types.get("image")
    if image is not None and image.num_fields:
        image = {image.field(at).name: image.field(at).type for at in range(image.num_fields)}.get("bytes")
    if _plain(image) not in ("binary", "large_binary") or _plain(types.get("text")) not in (
        "string",
        "large_string",
    ):
        raise ArchiveError(
            f"{path} needs the columns image (binary, or a struct with bytes) and text (string); "
            f"it has: {found}"
        )
    for group in range(table.metadata.num_row_groups):
        size = table.metadata.row_group(group).total_byte_size
        if size > MAX_GROUP_BYTES:
            raise ArchiveError(f"{path}: a row group of {size:,} bytes; at most {MAX_GROUP_BYTES:,} are read")


def _plain(kind: Any) -> str:
    """The name of a column's type; of a dictionary's, that of its values."""
    return str(kind.value_type if str(kind).startswith("dictionary<") else kind)


def _line(error: Exception) -> str:
    return str(error).split("\n")[0]
