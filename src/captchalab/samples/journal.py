"""The index of a drawing: what was drawn, and one line for every picture, in their order.

It is written as the pictures are, so that it also says where to go on after a kill.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from captchalab.errors import UsageError
from captchalab.files import hold

INDEX_FILE = "index.jsonl"


class Row(NamedTuple):
    """One picture: its file name, its text, the size of the file in bytes."""

    file: str
    text: str
    bytes: int


class Journal:
    """Begins the file ``path``, or opens it to go on after its last whole line; held until it is closed.

    Its first line is ``drawn``: what is being drawn, as JSON. ``rows`` counts the lines after that, ``last``
    is the last of them. Raises ``UsageError`` if the file tells of another drawing or cannot be written,
    ``RunError`` while another process draws.
    """

    def __init__(self, path: Path, drawn: Mapping[str, Any]) -> None:
        self.path = path
        self.last: Row | None = None
        try:
            self._stream = path.open("ab")
        except OSError as error:
            raise UsageError(f"cannot write {path} ({error.strerror})") from None
        try:
            hold(self._stream, f"{path} is being written by another process: wait for its end, or end it")
            self.rows, end = self._whole_rows(_line(drawn))
            self._stream.truncate(end)
            if end == 0:
                self._append(_line(drawn))
        except BaseException:
            self.close()
            raise

    def _whole_rows(self, head: bytes) -> tuple[int, int]:
        """How many rows there are, and where the last ends: 0 if not even the first line is whole."""
        with self.path.open("rb") as lines:
            first = lines.readline()
            if not head.startswith(first):
                raise UsageError(f"{self.path} {_difference(first, head)}; name another place, or delete it")
            if first != head:
                return 0, 0
            rows, end = 0, len(first)
            last = b""
            for line in lines:
                if line.endswith(b"\n"):
                    rows, end, last = rows + 1, end + len(line), line
        if last:
            self.last = Row(**json.loads(last))
        return rows, end

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows, once their pictures are written."""
        self._append(b"".join(_line(row._asdict()) for row in rows))
        self.rows, self.last = self.rows + len(rows), rows[-1]

    def _append(self, lines: bytes) -> None:
        self._stream.write(lines)
        self._stream.flush()

    def __iter__(self) -> Iterator[Row]:
        """All rows, from the file."""
        with self.path.open("rb") as lines:
            lines.readline()
            for line in lines:
                yield Row(**json.loads(line))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _line(entry: Mapping[str, Any]) -> bytes:
    return (json.dumps(entry, ensure_ascii=False) + "\n").encode()


def _difference(first: bytes, head: bytes) -> str:
    """What an index says otherwise than it should."""
    now = json.loads(head)
    try:
        then = json.loads(first)
    except ValueError:
        then = None
    if not isinstance(then, dict) or "drawn" not in then:
        return "is no index of a drawing"
    key = next(key for key in {**now, **then} if now.get(key) != then.get(key))
    if isinstance(now.get(key), dict):
        return f"tells of another drawing: the {key} has changed since"
    return f"tells of another drawing: {key} was {then.get(key)}, now it is {now.get(key)}"
