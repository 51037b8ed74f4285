"""Network -> file -> network: nothing is lost, and nothing that differs passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from captchalab.errors import ExportError, ModelFileError
from captchalab.networks import Network, build
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import ModelInfo, read_model, seal, write_model
from captchalab.reading.reader import Reader
from captchalab.training import export as exporting
from captchalab.training.export import check_parity, export, restore
from captchalab.training.fit import fit
from captchalab.training.start import load_start

SPEC = InputSpec(24, 64)
NETWORKS: dict[str, dict[str, Any]] = {"compact": {"size": "tiny"}, "cnn": {"dense": 64}}


def make(name: str = "compact", seed: int = 0) -> tuple[Network, ModelInfo]:
    """A network whose every parameter and buffer has a value of its own, and its description."""
    torch.manual_seed(seed)
    alphabet = Alphabet.parse("digits")
    network = build(name, SPEC, alphabet.classes, 3, NETWORKS[name])
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor * (1 + 0.1 * torch.rand_like(tensor)) + 0.01 * torch.rand_like(tensor))
    network_info = {"name": name, "options": NETWORKS[name]}
    return network.eval(), ModelInfo(name, alphabet, network.head.decoder, SPEC, network_info, (1, 3))


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (8, *SPEC.shape), np.uint8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, pictures: NDArray[np.uint8]) -> Path:
    network, info = make()
    return export(network, info, pictures, tmp_path_factory.mktemp("export") / "model.onnx")


@pytest.mark.parametrize(("name", "weights"), [("compact", "float32"), ("cnn", "float16")])
def test_every_parameter_and_buffer_comes_back(
    name: str, weights: str, tmp_path: Path, pictures: NDArray[np.uint8]
) -> None:
    network, info = make(name)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    path = export(network, info, pictures, tmp_path / "model.onnx", weights)
    data, stored = read_model(path)
    restored = restore(data, stored).eval()
    after = restored.state_dict()
    assert after.keys() == before.keys()
    for key, tensor in network.state_dict().items():
        assert torch.equal(after[key], tensor), key
        limit = 1e-3 if weights == "float16" else 0.0
        assert torch.allclose(after[key].float(), before[key].float(), rtol=limit, atol=limit / 1000), key
    with torch.inference_mode():
        assert torch.equal(restored(torch.from_numpy(pictures)), network(torch.from_numpy(pictures)))
    count = sum(tensor.numel() for tensor in before.values())
    assert path.stat().st_size < count * (2 if weights == "float16" else 4) + 40_000
    assert stored == info


def test_float16_halves_the_file_and_small_tensors_stay(exported: Path) -> None:
    graph = onnx.load_from_string(exported.read_bytes()).graph
    kinds = {tensor.name: (tensor.data_type, np.prod(tensor.dims)) for tensor in graph.initializer}
    large = [kind for kind, size in kinds.values() if size >= exporting.SMALL]
    assert large and set(large) == {TensorProto.FLOAT16}
    assert all(kind != TensorProto.FLOAT16 for kind, size in kinds.values() if size < exporting.SMALL)


def test_the_file_tells_nothing_of_this_machine(exported: Path) -> None:
    data = exported.read_bytes()
    for word in (str(Path(__file__).parent.parent), "site-packages", str(Path.home()), ".py"):
        assert word.encode() not in data, word


def test_another_network_does_not_pass(exported: Path, pictures: NDArray[np.uint8]) -> None:
    data, info = read_model(exported)
    same = restore(data, info).eval()
    assert check_parity(same, data, info, pictures) < 1e-5
    with torch.no_grad():
        same.head.linear.weight[3] += 0.05
    with pytest.raises(ExportError, match=r"differs from its network by 0\.\d+ \(allowed: 0\.001\)"):
        check_parity(same, data, info, pictures)
    broken, _ = make()
    with torch.no_grad():
        broken.head.linear.bias[0] = float("nan")
    with pytest.raises(ExportError, match="differs from its network by nan"):
        check_parity(broken, data, info, pictures)


def test_a_weight_changed_on_the_way_is_found(
    exported: Path, pictures: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exporter is replaced by one with a fault: first in a weight, then in the graph alone."""
    clean = onnx.load_from_string(exported.read_bytes())
    del clean.metadata_props[:]
    network, info = make()
    path = tmp_path / "model.onnx"

    def faulty(fault: str) -> onnx.ModelProto:
        model = onnx.ModelProto()
        model.CopyFrom(clean)
        if fault == "weight":
            tensor = next(each for each in model.graph.initializer if each.name == "head.linear.bias")
            values = numpy_helper.to_array(tensor).copy()
            values[2] += 1e-4
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        if fault == "graph":
            for node in model.graph.node:
                node.output[:] = ["inner" if name == "scores" else name for name in node.output]
            model.graph.node.append(helper.make_node("Mul", ["inner", "inner"], ["scores"]))
        return model

    for fault, words in (("weight", "lacks the parameter head.linear.bias"), ("graph", "differs from its")):
        monkeypatch.setattr(exporting, "_to_onnx", lambda _network, _images, fault=fault: faulty(fault))
        monkeypatch.setattr(exporting, "store_as_half", lambda _model: None)
        with pytest.raises(ExportError, match=words):
            export(network, info, pictures, path)
        assert not path.exists()
    monkeypatch.setattr(exporting, "_to_onnx", lambda _network, _images: faulty("none"))
    assert Reader.open(export(network, info, pictures, path)).info == info


def test_weights_beyond_float16(pictures: NDArray[np.uint8], tmp_path: Path) -> None:
    network, info = make()
    with torch.no_grad():
        network.columns[0][0].weight[0, 0] = 1e6
    with pytest.raises(ExportError, match=r"columns\.0\.0\.weight .* weights = 'float32'"):
        export(network, info, pictures, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_files_without_full_weights_are_no_start(exported: Path, tmp_path: Path) -> None:
    data, info = read_model(exported)
    why = "its weights are 8-bit integers"
    quantised = replace(info, restorable=False, training={"why": why})
    write_model(tmp_path / "int8.onnx", seal(data, quantised))
    with pytest.raises(ModelFileError, match=why) as caught:
        fit("scheme:lepture", start=str(tmp_path / "int8.onnx"), out=tmp_path / "run", device="cpu")
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()
    assert Reader.open(tmp_path / "int8.onnx").info.training["why"] == why


def test_files_that_lack_a_parameter_are_refused(exported: Path, tmp_path: Path) -> None:
    data, info = read_model(exported)
    larger = replace(info, network={"name": "compact", "options": {"size": "small"}})
    write_model(tmp_path / "model.onnx", seal(data, larger))
    with pytest.raises(ModelFileError, match="lacks parameters of its network compact: stages"):
        load_start(str(tmp_path / "model.onnx"))


def test_onnx_runtime_can_fold_batch_normalisation(exported: Path, tmp_path: Path) -> None:
    # It folds only into convolutions whose inputs are constants; reading is a quarter slower otherwise.
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    onnxruntime.InferenceSession(exported.read_bytes(), options, providers=["CPUExecutionProvider"])
    operators = {node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node}
    assert "Conv" in operators and "BatchNormalization" not in operators
