"""The model file: sealed, verified with hashlib alone, refused when anything is wrong with it."""

from __future__ import annotations

import hashlib
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from captchalab.errors import CaptchalabError, ModelFileError, UsageError
from captchalab.reading import modelfile
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import ModelInfo, open_sealed, read_model, seal, write_model

INFO = ModelInfo(
    name="tiny",
    alphabet=Alphabet('0123é码"\\'),
    decoder="ctc",
    input=InputSpec(8, 16, 1, "pad"),
    network={"name": "compact", "options": {"width": 3}},
    lengths=(4, 6),
    frames="fuse",
    scheme={"name": "lepture"},
    figures={"sequence_accuracy": 0.99},
    training={"seed": 1},
    restorable=False,
    captchalab="0.1.0",
    created="2026-01-02T03:04:05+00:00",
)


def plain_onnx() -> bytes:
    shape = ["N", 8, 16, 1]
    graph = helper.make_graph(
        [helper.make_node("Cast", ["image"], ["scores"], to=TensorProto.FLOAT)],
        "cast",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    model.metadata_props.add(key="author", value="somebody")
    return model.SerializeToString()


SEALED = seal(plain_onnx(), INFO)


def sealed_with(description: object) -> bytes:
    """A file whose hash is right and whose description is ``description``."""
    text = description if isinstance(description, bytes) else json.dumps(description).encode()
    body = plain_onnx() + modelfile.record(b"captchalab", text)
    return body + modelfile.record(b"captchalab.sha256", hashlib.sha256(body).hexdigest().encode())


def described(**changes: object) -> dict[str, object]:
    return {**json.loads(INFO.to_json()), **changes}


def test_round_trip() -> None:
    assert open_sealed(SEALED) == INFO
    assert ModelInfo.from_json(INFO.to_json()) == INFO


def test_the_hash_needs_hashlib_alone() -> None:
    assert SEALED[-64:].decode() == hashlib.sha256(SEALED[:-87]).hexdigest()


def test_onnx_and_onnx_runtime_load_the_sealed_file() -> None:
    model = onnx.load_from_string(SEALED)
    onnx.checker.check_model(model)
    assert [prop.key for prop in model.metadata_props] == ["author", "captchalab", "captchalab.sha256"]
    session = onnxruntime.InferenceSession(SEALED, providers=["CPUExecutionProvider"])
    assert json.loads(session.get_modelmeta().custom_metadata_map["captchalab"])["name"] == "tiny"
    batch = np.full((2, 8, 16, 1), 7, np.uint8)
    assert np.all(session.run(None, {"image": batch})[0] == 7)


def test_sealing_again_replaces_the_description() -> None:
    other = replace(INFO, name="other")
    rewritten = onnx.load_from_string(SEALED).SerializeToString()
    for data in (SEALED, rewritten):
        again = seal(data, other)
        assert open_sealed(again) == other
        keys = [prop.key for prop in onnx.load_from_string(again).metadata_props]
        assert keys == ["author", "captchalab", "captchalab.sha256"]
    assert seal(SEALED, INFO) == SEALED


def test_every_flipped_byte_is_noticed() -> None:
    for position in range(len(SEALED)):
        damaged = bytearray(SEALED)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ModelFileError):
            open_sealed(bytes(damaged))


def test_every_truncation_is_noticed() -> None:
    for end in range(len(SEALED)):
        with pytest.raises(ModelFileError):
            open_sealed(SEALED[:end])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (SEALED + b"\0", "bytes follow its checksum"),
        (SEALED[:-1], "checksum"),
        (SEALED[:-87], "truncated: its checksum is missing"),
        (plain_onnx(), "another origin"),
        (b"no model at all", "no ONNX file at all"),
        (bytes(4096), "no ONNX file at all"),
        (pickle.dumps({"weights": [1.0]}), "pickle"),
        (b"PK\x03\x04 a torch archive", "pickle or PyTorch"),
        (SEALED[:100] + b"?" + SEALED[101:], "SHA-256 does not match"),
        (sealed_with(b"{"), "not valid JSON"),
        (sealed_with(b"[" * 100_000), "not valid JSON"),
        (sealed_with(["a", "list"]), "no format version"),
        (sealed_with(described(format=99)), "format 99.*pip install -U captchalab"),
        (sealed_with(described(alphabet=None)), "lacks 'alphabet'"),
        (sealed_with(described(alphabet="aa")), "twice here: a"),
        (sealed_with(described(decoder="oracle")), "oracle"),
        (sealed_with(described(frames="last")), "last"),
        (sealed_with(described(lengths=[4])), "two integers"),
        (sealed_with(described(lengths=[6, 4])), "shortest"),
        (sealed_with(described(input={"height": 8, "depth": 1})), "depth"),
        (sealed_with(described(input={"height": 100_000})), "input size"),
        (sealed_with(described(input={"height": "8"})), "description is wrong"),
    ],
)
def test_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason) as caught:
        open_sealed(data)
    assert "\n" not in str(caught.value)


def test_sealed_without_a_description() -> None:
    body = plain_onnx()
    data = body + modelfile.record(b"captchalab.sha256", hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(ModelFileError, match="no description"):
        open_sealed(data)


def test_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelFileError, match="description has"):
        seal(plain_onnx(), replace(INFO, training={"log": "x" * modelfile.MAX_INFO_BYTES}))
    with pytest.raises(ModelFileError, match="above"):
        open_sealed(sealed_with(described(name="x" * modelfile.MAX_INFO_BYTES)))
    monkeypatch.setattr(modelfile, "MAX_MODEL_BYTES", 100)
    with pytest.raises(ModelFileError, match="allowed are 100"):
        open_sealed(SEALED)


def test_sealing_what_is_no_onnx_file() -> None:
    with pytest.raises(ModelFileError):
        seal(b"no model", INFO)
    with pytest.raises(ValueError, match="JSON"):
        seal(plain_onnx(), replace(INFO, figures={"loss": float("nan")}))


def test_wrong_descriptions_cannot_be_made() -> None:
    for wrong in ({"decoder": "x"}, {"frames": "x"}, {"lengths": (3, 2)}):
        with pytest.raises(UsageError):
            replace(INFO, **wrong)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_model(path, b"older")
    write_model(path, SEALED)
    assert read_model(path) == (SEALED, INFO)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]
    path.write_bytes(SEALED[:-1])
    with pytest.raises(ModelFileError, match=r"model\.onnx: the model file is damaged"):
        read_model(path)
    for missing in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(UsageError):
            read_model(missing)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_model(path, SEALED)
    with pytest.raises(TypeError):
        write_model(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == SEALED
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(CaptchalabError, match="no folder"):
        write_model(tmp_path / "absent" / "model.onnx", SEALED)
