"""The graph of a model in ONNX Runtime: prepared pictures -> scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ModelFileError, UsageError
from captchalab.reading.modelfile import ModelInfo

if TYPE_CHECKING:
    import onnxruntime

INPUT, OUTPUT = "image", "scores"


class Session:
    """Safe to share between threads.

    Raises ``ModelFileError`` for a graph that does not load or run, or is not what ``info`` describes.
    """

    def __init__(self, data: bytes, info: ModelInfo, threads: int) -> None:
        self._session = _loaded(data, threads)
        self._check_declared(list(info.input.shape))
        self._check_run(info)

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-probabilities ``(N, T, classes)`` of ``(N, H, W, C)``."""
        scores: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: batch})[0]
        return scores

    def _check_declared(self, expected: list[int]) -> None:
        inputs = [(i.name, i.type, i.shape[1:], i.shape[:1]) for i in self._session.get_inputs()]
        if len(inputs) != 1 or inputs[0][:3] != (INPUT, "tensor(uint8)", expected):
            raise ModelFileError(f"the model's input is not {INPUT!r}, uint8 (N, H, W, C) with {expected}")
        if isinstance(inputs[0][3][0], int):
            raise ModelFileError("the model takes batches of one size only; export it with a free batch size")
        if [(o.name, o.type) for o in self._session.get_outputs()] != [(OUTPUT, "tensor(float)")]:
            raise ModelFileError(f"the model's output is not {OUTPUT!r}, float32 (N, T, classes)")

    def _check_run(self, info: ModelInfo) -> None:
        try:
            shape = self.run(np.zeros((2, *info.input.shape), np.uint8)).shape
        except Exception as error:  # ONNX Runtime's exceptions have no common base but this
            raise ModelFileError(f"the model does not run: {_first_line(error)}") from error
        if len(shape) != 3 or shape[0] != 2 or shape[2] != info.alphabet.classes:
            raise ModelFileError(
                f"the model answers {shape} for two pictures; its alphabet needs "
                f"(2, T, {info.alphabet.classes})"
            )


def _loaded(data: bytes, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    if threads < 1:
        raise UsageError(f"threads={threads}: at least 1")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what goes wrong is raised; nothing is printed
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        raise ModelFileError(f"ONNX Runtime cannot load the model: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
