"""Protobuf wire format, as far as the records of a model file need it.

https://protobuf.dev/programming-guides/encoding; the field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from captchalab.errors import ModelFileError

METADATA_FIELD = 14  # ModelProto.metadata_props
GRAPH_FIELD = 7  # ModelProto.graph


class Field(NamedTuple):
    """A field of a message: its number, its bytes ``start:stop``, and where its payload begins.

    ``number`` is -1 for a field that is no bytes, text or message.
    """

    number: int
    start: int
    payload: int
    stop: int


def fields(data: bytes) -> Iterator[Field]:
    """The fields of one message. Raises ``ModelFileError`` where the bytes are no message."""
    position = 0
    while position < len(data):
        start = position
        tag, position = _varint(data, position)
        kind, payload = tag & 7, position
        if kind == 0:
            _, position = _varint(data, position)
        elif kind == 2:
            length, payload = _varint(data, position)
            position = payload + length
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise ModelFileError("not a captchalab model: no ONNX file, or a damaged one")
        if position > len(data):
            raise ModelFileError("the model file is truncated")
        yield Field(tag >> 3 if kind == 2 else -1, start, payload, position)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            raise ModelFileError("the model file is truncated")
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ModelFileError("not a captchalab model: no ONNX file, or a damaged one")


def record(key: bytes, value: bytes) -> bytes:
    """A ``metadata_props`` field that holds one StringStringEntryProto."""
    return _length_prefixed(METADATA_FIELD, _length_prefixed(1, key) + _length_prefixed(2, value))


def _length_prefixed(tag: int, payload: bytes) -> bytes:
    length, size = bytearray(), len(payload)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes((tag << 3 | 2, *length, size)) + payload


def record_key(data: bytes, entry: Field) -> bytes | None:
    """The key of a metadata record; ``None`` for any other field."""
    if entry.number != METADATA_FIELD:
        return None
    return _part(data[entry.payload : entry.stop], 1)


def record_value(data: bytes, entry: Field) -> bytes:
    """The value of a metadata record."""
    return _part(data[entry.payload : entry.stop], 2) or b""


def _part(message: bytes, number: int) -> bytes | None:
    for part in fields(message):
        if part.number == number:
            return message[part.payload : part.stop]
    return None
