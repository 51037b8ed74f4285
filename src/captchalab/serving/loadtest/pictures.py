"""What is sent: many different pictures, in a form that the server takes; and what must come back."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from captchalab.errors import UsageError
from captchalab.reading.reader import Reader, Reading
from captchalab.samples.sample import AtRest, Source

Form = Literal["raw", "multipart", "json"]
BOUNDARY = "captchalab-c9d3f1b8e24a7056"
_HEADS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Encoded pictures, and what each model reads on them, by the hash of its file.

    ``expected`` is empty where answers are not checked.
    """

    data: Sequence[bytes]
    expected: Mapping[str, Sequence[Reading]] = field(default_factory=dict)


def collect(source: Source, count: int) -> list[bytes]:
    """The first ``count`` pictures of ``source``, encoded (fewer where it has fewer), no two alike."""
    size = count if source.size is None else min(count, source.size)
    if isinstance(source, AtRest):
        found = [source.data(index) for index in range(size)]
    else:
        # Drawing needs OpenCV; pictures at rest are sent without it.
        from captchalab.synth.encode import encode

        found = [encode(source, index).data for index in range(size)]
    if not found:
        raise UsageError(f"{source.name} holds no pictures to send")
    return list(dict.fromkeys(found))


def with_expected(data: Sequence[bytes], *readers: Reader) -> Pictures:
    """The pictures with what each of ``readers`` reads. Raises ``UsageError`` where one cannot be read."""
    expected = {reader.sha256: reader.read_many(data) for reader in readers}
    for readings in expected.values():
        error = next((reading.error for reading in readings if reading.error is not None), None)
        if error is not None:
            raise UsageError(f"a picture of the source cannot be read ({error}); name another by --source")
    return Pictures(data, expected)


def body_of(pictures: Sequence[bytes], form: Form) -> tuple[bytes, str]:
    """A request's body and its content type; several pictures need "multipart" or "json"."""
    if form == "raw":
        (picture,) = pictures
        return picture, _type_of(picture)
    if form == "multipart":
        return _multipart(pictures), f"multipart/form-data; boundary={BOUNDARY}"
    texts = [b64encode(picture).decode("ascii") for picture in pictures]
    value = {"image": texts[0]} if len(texts) == 1 else {"images": texts}
    return json.dumps(value).encode(), "application/json"


def _type_of(picture: bytes) -> str:
    kinds = (kind for head, kind in _HEADS.items() if picture.startswith(head))
    return next(kinds, "application/octet-stream")


def _multipart(pictures: Sequence[bytes]) -> bytes:
    parts = []
    for number, picture in enumerate(pictures):
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{number}"\r\n'
            f"Content-Type: {_type_of(picture)}\r\n\r\n"
        )
        parts += [head.encode(), picture, b"\r\n"]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
