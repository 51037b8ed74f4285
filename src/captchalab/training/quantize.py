"""A model file -> one that computes in int8, with what that costs."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.calibrate import CalibrationDataReader
from onnxruntime.quantization.shape_inference import quant_pre_process

from captchalab.errors import ImageError, UsageError
from captchalab.reading.image import load_image
from captchalab.reading.modelfile import ModelInfo
from captchalab.reading.modelpath import find_model
from captchalab.training.export import store_as_half
from captchalab.training.held_out import Picture, hold_out
from captchalab.training.tradeoff import TESTED, Tradeoff, check_target, write_lighter

CALIBRATION = 256
"""Pictures that show how large the values between the layers become."""

BATCH = 8
STATIC = ("Conv", "MatMul", "Gemm")
RECURRENT = ("LSTM", "GRU")
DYNAMIC = ("LSTM",)
"""Recurrent layers that ONNX Runtime has in int8."""

_INT8 = "int8"


def quantize(model: str, out: str | Path, data: Sequence[str], test: str | None = None) -> Tradeoff:
    """Write ``model`` with int8 weights and values as the model file ``out``.

    Convolutions and dense layers per channel, their values scaled by what pictures of ``data`` show (static
    QDQ); LSTMs by what each picture shows (dynamic); GRUs stay as they are, as ONNX Runtime has none in int8.
    Both models are measured on other pictures: those that a training on ``data`` holds out, or ``test``.

    Raises ``UsageError`` for a model that is int8 already, and without pictures for one of the two.
    """
    original, info = find_model(model)
    if _INT8 in info.training:
        raise UsageError(f"{model} is in int8 already; quantise the model that it came from")
    target = check_target(model, out)
    pictures = hold_out(data, test, info.frames)
    images = _inputs(pictures.to_learn(CALIBRATION), info)
    lighter, notes = _quantized(original, images)
    return write_lighter(
        (original, info), (lighter, _describe(info)), pictures.to_measure(TESTED), target, notes
    )


def _inputs(pictures: Sequence[Picture], info: ModelInfo) -> NDArray[np.uint8]:
    """``(n, H, W, C)`` uint8, as the network takes them; unreadable pictures are left out."""
    inputs = []
    for image, _ in pictures:
        try:
            inputs.append(info.input.apply(load_image(image, frames=info.frames)))
        except ImageError:
            continue
    if not inputs:
        raise UsageError("none of the pictures to learn from can be read; 'captchalab check' says why")
    return np.stack(inputs)


def _quantized(original: bytes, images: NDArray[np.uint8]) -> tuple[bytes, list[str]]:
    """The graph in int8, and what was left as it was."""
    with TemporaryDirectory() as folder, _quiet():
        whole, quantized = Path(folder) / "whole.onnx", Path(folder) / "quantized.onnx"
        # ONNX Runtime folds casts and batch normalisation: float32 weights, each convolution in one piece.
        quant_pre_process(
            onnx.load_from_string(original), whole, skip_onnx_shape=True, skip_symbolic_shape=True
        )
        kinds = Counter(node.op_type for node in onnx.load(whole).graph.node)
        if any(kinds[kind] for kind in DYNAMIC):
            quantize_dynamic(whole, quantized, op_types_to_quantize=DYNAMIC, weight_type=QuantType.QInt8)
            whole, quantized = quantized, whole
        quantize_static(
            whole,
            quantized,
            _Calibration(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=STATIC,
            per_channel=True,
            # Seven bits of weight: with eight, processors without VNNI overflow silently.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibration_providers=["CPUExecutionProvider"],
        )
        model = onnx.load(quantized)
    store_as_half(model)  # what is still float32, such as the weights of a GRU
    return model.SerializeToString(), _left_alone(kinds)


def _left_alone(kinds: Counter[str]) -> list[str]:
    return [
        f"{kinds[kind]} {kind} layers stay float32: ONNX Runtime has no {kind} in int8"
        for kind in RECURRENT
        if kinds[kind] and kind not in DYNAMIC
    ]


class _Calibration(CalibrationDataReader):  # type: ignore[misc]  # a class without types
    """Hands ONNX Runtime one batch after the other, then ``None``."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._batches = iter(np.split(images, range(BATCH, len(images), BATCH)))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"image": batch}


def _describe(info: ModelInfo) -> ModelInfo:
    facts = {"why": f"it is in int8; train on from {info.name}, which it came from", _INT8: True}
    return replace(info, name=f"{info.name}-int8", restorable=False, training=info.training | facts)


@contextmanager
def _quiet() -> Iterator[None]:
    """ONNX Runtime's tools advise through the root logger what has been done already."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
