"""Network -> model file, with a parity check that must pass; and model file -> network.

The graph is exported unoptimised: every parameter stays in the file under its own name, so that
training can go on from it, and ONNX Runtime folds batch normalisation when it opens the file.
Large weights are stored as float16 with a cast behind each, which halves the file; the network is
rounded to the same values first, so file and network stay equal.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from captchalab.errors import ExportError, ModelFileError
from captchalab.networks import Network, build
from captchalab.reading.decode import decode
from captchalab.reading.modelfile import ModelInfo, seal, write_model

OPSET = 18
SMALL = 1024
"""Tensors of fewer elements stay float32: biases and running statistics, which float16 may not hold."""

PARITY = 1e-3
"""Largest difference in probability between network and file; both round in float32, in other orders."""


def export(
    network: Network, info: ModelInfo, images: NDArray[np.uint8], path: Path, weights: str = "float16"
) -> Path:
    """Write ``network`` as the model file ``path`` and check it on ``images`` ``(n, H, W, C)`` uint8.

    Rounds the network's own weights where ``weights`` is ``float16``. Raises ``ExportError`` if a
    parameter is missing from the file or its readings differ from the network's.
    """
    network.eval()
    if weights == "float16":
        round_to_half(network)
    model = _to_onnx(network, images)
    if weights == "float16":
        store_as_half(model)
    _check_parameters(network, model)
    data = seal(model.SerializeToString(), info)
    check_parity(network, data, info, images)
    write_model(path, data)
    return path


def restore(data: bytes, info: ModelInfo) -> Network:
    """The network inside a model file, with every parameter. Raises ``ModelFileError``."""
    if not info.restorable:
        raise ModelFileError(
            f"training cannot go on from the model {info.name}: "
            f"{info.training.get('why', 'it holds no full weights')}"
        )
    network = build(
        info.network["name"], info.input, info.alphabet.classes, info.lengths[1], info.network["options"]
    )
    stored = _parameters(onnx.load_from_string(data))
    wanted = _wanted(network)
    missing = [
        name for name, tensor in wanted.items() if name not in stored or stored[name].shape != tensor.shape
    ]
    if missing:
        raise ModelFileError(
            f"the model lacks parameters of its network {info.network['name']}: {', '.join(missing[:4])}"
        )
    network.load_state_dict({name: stored[name] for name in wanted}, strict=False)
    return network


def round_to_half(network: Network) -> None:
    """Round large weights to what float16 can hold. Raises ``ExportError`` if one does not fit."""
    with torch.no_grad():
        for name, tensor in _wanted(network).items():
            if tensor.numel() < SMALL:
                continue
            rounded = tensor.half().float()
            if not torch.isfinite(rounded).all():
                raise ExportError(f"{name} has weights beyond float16: export with weights = 'float32'")
            tensor.copy_(rounded)


def check_parity(network: Network, data: bytes, info: ModelInfo, images: NDArray[np.uint8]) -> float:
    """Largest difference in probability. Raises ``ExportError`` above ``PARITY``, or if a reading differs."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    theirs = session.run(["scores"], {"image": images})[0]
    with torch.inference_mode():
        ours = network.cpu()(torch.from_numpy(images)).numpy()
    difference = float(np.abs(np.exp(ours) - np.exp(theirs)).max())
    if not difference <= PARITY:
        raise ExportError(
            f"the exported model differs from its network by {difference:.2g} (allowed: {PARITY:g})"
        )
    for ours_each, theirs_each in zip(ours, theirs, strict=True):
        read = [decode(scores, info.alphabet, info.decoder) for scores in (ours_each, theirs_each)]
        # A tie within the tolerance may fall either way; anything else is a fault.
        if read[0].text != read[1].text and abs(read[0].confidence - read[1].confidence) > PARITY:
            raise ExportError(
                f"the exported model reads {read[1].text!r} where its network reads {read[0].text!r}"
            )
    return difference


def _wanted(network: Network) -> dict[str, torch.Tensor]:
    """All parameters and buffers but what reading does not need: counters of batch normalisation, and
    what a loss remembers."""
    return {
        name: tensor
        for name, tensor in network.state_dict().items()
        if tensor.is_floating_point() and ".training_" not in name
    }


def _to_onnx(network: Network, images: NDArray[np.uint8]) -> onnx.ModelProto:
    example = torch.from_numpy(np.ascontiguousarray(images[:2] if len(images) > 1 else images.repeat(2, 0)))
    with _quiet():
        program = torch.onnx.export(
            network.cpu(),
            (example,),
            dynamo=True,
            optimize=False,
            verbose=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["scores"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1 << 16)},),
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # source lines and paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.metadata_props[:]
    _drop_zero_biases(model)
    _write_known_shapes(model)
    return model


def _drop_zero_biases(model: onnx.ModelProto) -> None:
    """Convolutions without a bias come with a computed one of zeros, which keeps ONNX Runtime from
    folding batch normalisation into them (measured: a quarter of the reading time)."""
    nodes = model.graph.node
    constants = {tensor.name for tensor in model.graph.initializer}
    for node in nodes:
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[2] not in constants:
            del node.input[2]
    results = {value.name for value in model.graph.output}
    while True:  # what only made those zeros goes too
        used = results.union(*(node.input for node in nodes))
        kept = [node for node in nodes if used.intersection(node.output)]
        if len(kept) == len(nodes):
            return
        del nodes[:]
        nodes.extend(kept)


def _write_known_shapes(model: onnx.ModelProto) -> None:
    """Sizes that are asked for when reading, but known by now, become constants.

    The weights of recurrent layers are cut and joined by the size of their state; ONNX Runtime would not know
    it when it opens the file, and do so for each picture.
    """
    shapes = {value.name: value.type.tensor_type.shape.dim for value in model.graph.value_info}
    for node in model.graph.node:
        if node.op_type != "Shape" or node.input[0] not in shapes:
            continue
        within = {each.name: each.i for each in node.attribute}
        dims = shapes[node.input[0]]
        asked = dims[within.get("start", 0) : within.get("end", len(dims))]
        if all(dim.HasField("dim_value") for dim in asked):
            sizes = numpy_helper.from_array(np.array([dim.dim_value for dim in asked], np.int64))
            node.CopyFrom(helper.make_node("Constant", [], list(node.output), node.name, value=sizes))


def store_as_half(model: onnx.ModelProto) -> None:
    """Large float32 initializers become float16 ones of the same name with a cast behind each."""
    casts = []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or array.size < SMALL:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), name))
        for node in model.graph.node:
            for place, value in enumerate(node.input):
                if value == name:
                    node.input[place] = f"{name}.float32"
        casts.append(helper.make_node("Cast", [name], [f"{name}.float32"], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]


def _parameters(model: onnx.ModelProto) -> dict[str, torch.Tensor]:
    return {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in model.graph.initializer
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16)
    }


def _check_parameters(network: Network, model: onnx.ModelProto) -> None:
    stored = _parameters(model)
    for name, tensor in _wanted(network).items():
        if name not in stored or not torch.equal(stored[name], tensor.cpu()):
            raise ExportError(
                f"the exported model lacks the parameter {name} as it is: training could not go on from it"
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter reports every pass and every absent optional package; none of it helps a user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
