"""What a model file is built of: its layers with shapes, parameters and multiply-adds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime

from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.session import INPUT

Shape = tuple[int, ...]

_POOLS = ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")
_RECURRENT = ("LSTM", "GRU", "DynamicQuantizeLSTM")
_COMPUTING = ("Conv", "Gemm", "MatMul", *_RECURRENT)
_WRAPPING = (
    *("Cast", "DequantizeLinear", "QuantizeLinear", "Slice", "Concat"),
    *("Transpose", "Reshape", "Unsqueeze", "Squeeze"),
)
"""What may stand between a parameter and the layer that uses it."""


@dataclass(frozen=True)
class Layer:
    """One layer for one picture; ``shape`` is that of its output, without the batch where it has one."""

    name: str
    kind: str
    shape: Shape
    parameters: int
    multiply_adds: int


def layers_of(data: bytes, info: ModelInfo) -> list[Layer]:
    """The layers of a model file in the order of the graph: those with parameters, and the pools.

    Shapes are those of a picture that is run through; a layer is called as its parameters are.
    """
    model = onnx.load_from_string(data)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    shapes = _run(model, info) | {name: tuple(tensor.dims) for name, tensor in stored.items()}
    makers = {name: node for node in model.graph.node for name in node.output}
    seen: set[str] = set()
    layers = []
    for node in model.graph.node:
        if node.op_type in _WRAPPING or node.op_type == "Constant":
            continue
        # Pieces of one weight, such as the gates of a recurrent layer, count once.
        own = list(dict.fromkeys(name for each in node.input for name in _parameters(each, makers, stored)))
        if node.op_type not in (*_POOLS, *_COMPUTING) and not any(_is_named(name) for name in own):
            continue
        size = sum(math.prod(stored[name].dims) for name in own if name not in seen)
        seen.update(own)
        if not size and node.op_type not in (*_POOLS, *_COMPUTING):
            continue
        shape = shapes[node.output[0]]
        layers.append(Layer(_name(node, own), _kind(node, shapes), shape[1:], size, _work(node, shapes)))
    return layers


def _run(model: onnx.ModelProto, info: ModelInfo) -> dict[str, Shape]:
    """The shape of every value of the graph, for one picture."""
    names = [name for node in model.graph.node for name in node.output if name]
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.output[:]
    whole.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        whole.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    picture = np.zeros((1, *info.input.shape), np.uint8)
    return dict(zip(names, (np.shape(value) for value in session.run(names, {INPUT: picture})), strict=True))


def _parameters(
    name: str, makers: dict[str, onnx.NodeProto], stored: dict[str, onnx.TensorProto]
) -> Iterator[str]:
    """The stored tensors behind an input of a layer, through casts, scales and pieces; none if computed."""
    if name in stored:
        yield name
        return
    maker = makers.get(name)
    if maker is not None and maker.op_type in _WRAPPING:
        for each in maker.input if maker.op_type == "Concat" else maker.input[:1]:
            yield from _parameters(each, makers, stored)


def _is_named(name: str) -> bool:
    """Whether a tensor is a parameter of the network, such as ``head.linear.bias``: constants have no dot."""
    return "." in name


def _name(node: onnx.NodeProto, own: list[str]) -> str:
    named = [name for name in own if _is_named(name)]
    if not named:
        return node.name or node.output[0]
    name = named[0].removeprefix("ConvBnFusion_W_")  # what ONNX Runtime calls two layers in one
    for suffix in ("_quantized", ".float32"):
        name = name.removesuffix(suffix)
    layer, _, last = name.rpartition(".")
    return layer if last.startswith(("weight", "bias", "running")) else name


def _kind(node: onnx.NodeProto, shapes: dict[str, Shape]) -> str:
    """``Conv 3x3 /2``: the operator, its kernel, and its stride where it is not 1."""
    values = {each.name: list(each.ints) for each in node.attribute if each.ints}
    kernel, stride = values.get("kernel_shape"), values.get("strides", [1])
    if node.op_type == "Conv" and kernel is None:
        kernel = list(shapes[node.input[1]][2:])
    text = node.op_type if not kernel else f"{node.op_type} {'x'.join(map(str, kernel))}"
    if max(stride) > 1:
        text += f" /{stride[0]}" if len(set(stride)) == 1 else f" /{'x'.join(map(str, stride))}"
    return text


def _work(node: onnx.NodeProto, shapes: dict[str, Shape]) -> int:
    """Multiplications that are added up, for one picture."""
    outputs = math.prod(shapes[node.output[0]])
    if node.op_type == "Conv":
        return outputs * math.prod(shapes[node.input[1]][1:])
    if node.op_type in ("Gemm", "MatMul"):
        return outputs * shapes[node.input[0]][-1]
    if node.op_type in _RECURRENT:
        steps = shapes[node.input[0]][0]
        return steps * (math.prod(shapes[node.input[1]]) + math.prod(shapes[node.input[2]]))
    return 0
