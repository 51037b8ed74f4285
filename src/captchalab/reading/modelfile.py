"""The model file: an ONNX file that explains and checks itself.

Two records of the ONNX field ``metadata_props`` are appended as raw protobuf bytes: ``captchalab``, a
JSON text that holds a ``ModelInfo``, and last of all ``captchalab.sha256``, the SHA-256 of every byte
before it. ONNX Runtime loads such a file as it is; hashlib alone verifies it. Nothing in it is ever
unpickled or executed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from captchalab.errors import CaptchalabError, ModelFileError, UsageError
from captchalab.files import write_atomic
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.forward import DECODERS
from captchalab.reading.image import FRAMES
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.protobuf import GRAPH_FIELD, fields, record, record_key, record_value

FORMAT = 1  # of the JSON record; raised when an older reader could not make sense of it
MAX_MODEL_BYTES = 512 * 1024 * 1024
MAX_INFO_BYTES = 4 * 1024 * 1024

_INFO_KEY = b"captchalab"
_HASH_KEY = b"captchalab.sha256"


@dataclass(frozen=True)
class ModelInfo:
    """What a model says about itself.

    ``decoder`` is ``ctc`` or ``position``; ``network`` is ``{"name": ..., "options": {...}}``;
    ``lengths`` the shortest and longest text it was trained on; ``frames`` what becomes of animations
    (see ``load_image``); ``restorable`` whether training can go on from the file, and if not,
    ``training["why"]`` says why; ``created`` an ISO date and time.
    """

    name: str
    alphabet: Alphabet
    decoder: str
    input: InputSpec
    network: dict[str, Any]
    lengths: tuple[int, int]
    frames: str = "first"
    scheme: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    restorable: bool = True
    captchalab: str = ""
    created: str = ""

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise UsageError(f"decoder={self.decoder!r}: allowed are {', '.join(DECODERS)}")
        if self.frames not in FRAMES:
            raise UsageError(f"frames={self.frames!r}: allowed are {', '.join(FRAMES)}")
        if not 0 <= self.lengths[0] <= self.lengths[1]:
            raise UsageError(f"lengths={self.lengths}: the shortest comes first")

    def to_json(self) -> str:
        """One JSON object, keys sorted. Raises ``ValueError`` for figures that are not finite."""
        described = {
            **vars(self),
            "alphabet": self.alphabet.characters,
            "input": self.input.to_dict(),
            "lengths": list(self.lengths),
            "format": FORMAT,
        }
        return json.dumps(described, ensure_ascii=False, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> ModelInfo:
        """Raises ``ModelFileError`` for a record that is too new, incomplete or of wrong types."""
        try:
            described = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFileError("the model file's description is not valid JSON") from error
        version = described.get("format") if isinstance(described, dict) else None
        if not isinstance(version, int):
            raise ModelFileError("the model file's description states no format version")
        if version > FORMAT:
            raise ModelFileError(
                f"the model file has format {version}, this captchalab reads up to {FORMAT}: "
                "pip install -U captchalab"
            )
        try:
            return cls(
                name=_typed(described, "name", str),
                alphabet=Alphabet(_typed(described, "alphabet", str)),
                decoder=_typed(described, "decoder", str),
                input=InputSpec(**_typed(described, "input", dict)),
                network=_typed(described, "network", dict),
                lengths=_two_integers(_typed(described, "lengths", list)),
                frames=_typed(described, "frames", str),
                scheme=_typed(described, "scheme", dict),
                figures=_typed(described, "figures", dict),
                training=_typed(described, "training", dict),
                restorable=_typed(described, "restorable", bool),
                captchalab=_typed(described, "captchalab", str),
                created=_typed(described, "created", str),
            )
        except ModelFileError:
            raise
        except (CaptchalabError, TypeError) as error:
            raise ModelFileError(f"the model file's description is wrong: {error}") from error


def _typed(described: dict[str, Any], key: str, kind: type) -> Any:
    value = described.get(key)
    if not isinstance(value, kind):
        raise ModelFileError(f"the model file's description lacks {key!r}, or it is no {kind.__name__}")
    return value


def _two_integers(values: list[Any]) -> tuple[int, int]:
    if len(values) != 2 or not all(isinstance(value, int) for value in values):
        raise ModelFileError("the model file's description lacks 'lengths' as two integers")
    return values[0], values[1]


def seal(onnx_bytes: bytes, info: ModelInfo) -> bytes:
    """The model file: ``onnx_bytes`` (sealed before or not) with ``info`` and the hash appended."""
    body = b"".join(
        onnx_bytes[entry.start : entry.stop]
        for entry in fields(onnx_bytes)
        if record_key(onnx_bytes, entry) not in (_INFO_KEY, _HASH_KEY)
    )
    text = info.to_json().encode()
    if len(text) > MAX_INFO_BYTES:
        raise ModelFileError(f"the description has {len(text)} bytes; allowed are {MAX_INFO_BYTES}")
    body += record(_INFO_KEY, text)
    return body + _seal_of(body)


def _seal_of(body: bytes) -> bytes:
    return record(_HASH_KEY, hashlib.sha256(body).hexdigest().encode())


_SEAL_BYTES = len(_seal_of(b""))
_SEAL_START = _seal_of(b"")[:-64]


def open_sealed(data: bytes) -> ModelInfo:
    """Verify the hash, then the format version, and return what the model says about itself.

    Raises ``ModelFileError`` with the reason for a file that is corrupt, truncated, foreign, changed
    after it was sealed, or too new.
    """
    if len(data) > MAX_MODEL_BYTES:
        raise ModelFileError(f"the model file has {len(data)} bytes; allowed are {MAX_MODEL_BYTES}")
    body, seal_record = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if not seal_record.startswith(_SEAL_START):
        raise ModelFileError(_why_unsealed(data))
    if seal_record != _seal_of(body):
        raise ModelFileError("the model file is damaged or was changed: its SHA-256 does not match")
    for entry in fields(body):
        if record_key(body, entry) == _INFO_KEY:
            text = record_value(body, entry)
            if len(text) > MAX_INFO_BYTES:
                raise ModelFileError(f"the model file's description is above {MAX_INFO_BYTES} bytes")
            return ModelInfo.from_json(text.decode("utf-8", "replace"))
    raise ModelFileError("the model file is sealed but holds no description; export it again")


def _why_unsealed(data: bytes) -> str:
    if not data:
        return "the model file is empty"
    if data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05") or data.startswith(b"PK\3\4"):
        return "this is a pickle or PyTorch file, which is never loaded; give a .onnx that captchalab wrote"
    if _SEAL_START in data:
        return "the model file is damaged: bytes follow its checksum, or part of the checksum is missing"
    if _INFO_KEY + b"\x12" in data:
        return "the model file is truncated: its checksum is missing"
    if _looks_like_onnx(data):
        return "an ONNX file of another origin, or a truncated one: it holds no captchalab description"
    return "not a captchalab model: no ONNX file at all"


def _looks_like_onnx(data: bytes) -> bool:
    try:
        return any(entry.number == GRAPH_FIELD for entry in fields(data))
    except ModelFileError:
        return False


def read_model(path: str | os.PathLike[str]) -> tuple[bytes, ModelInfo]:
    """The bytes of a model file and its verified description; the message of an error names the file."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_MODEL_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"no such model file: {file}") from error
    except OSError as error:
        raise UsageError(f"cannot read the model file {file}: {error.strerror}") from error
    try:
        return data, open_sealed(data)
    except ModelFileError as error:
        raise ModelFileError(f"{file}: {error}") from error


def write_model(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a model file whole or not at all. Raises ``UsageError`` if the place cannot be written."""
    target = Path(path)
    if not target.parent.is_dir():
        raise UsageError(f"no folder {target.parent} to write {target.name} into")
    # Readable by other users, such as a server's, whatever the mask of the one who trains.
    write_atomic(target, data, mode=0o644)
