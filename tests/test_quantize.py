"""A model in int8: what it computes with, what it costs, and what it may not be used for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from tiny import DIGITS

from captchalab.cli.app import run
from captchalab.errors import UsageError
from captchalab.measuring.speed import Speed
from captchalab.networks import build
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.metrics import measure
from captchalab.reading.modelfile import ModelInfo, read_model
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training import quantize as quantizing
from captchalab.training.export import export
from captchalab.training.fit import FitResult
from captchalab.training.held_out import hold_out
from captchalab.training.quantize import quantize
from captchalab.training.tradeoff import Measured, Tradeoff


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizing, "TESTED", 150)
    monkeypatch.setattr(quantizing, "CALIBRATION", 32)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("pictures") / "digits"
    generate(open_source(DIGITS), folder, 60)
    return str(folder)


def kinds(model: Path) -> set[str]:
    return {node.op_type for node in onnx.load(model).graph.node}


def untrained(network: str, options: dict[str, int], out: Path) -> Path:
    spec = InputSpec(24, 64, 1)
    torch.manual_seed(0)
    built = build(network, spec, 5, 1, options)
    described = {"name": network, "options": options}
    info = ModelInfo(network, Alphabet("0123"), built.head.decoder, spec, described, (1, 1))
    return export(built, info, np.zeros((2, *spec.shape), np.uint8), out)


def test_reads_like_the_model_it_came_from(trained: FitResult, tmp_path: Path) -> None:
    out = tmp_path / "new" / "int8.onnx"
    tradeoff = quantize(str(trained.run), out, [DIGITS])
    data, info = read_model(out)
    assert (info.name, info.restorable) == ("run-int8", False)
    assert tradeoff.after.size == len(data) and tradeoff.before.size == trained.model.stat().st_size
    assert tradeoff.before.tally.sequences.total == 150 and abs(tradeoff.lost) < 0.05
    graph = onnx.load(out).graph
    shapes = {tensor.name: (tensor.data_type, list(tensor.dims)) for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    scales = {node.output[0]: node.input for node in graph.node if node.op_type == "DequantizeLinear"}
    for node in convolutions:
        weight, scale, _ = scales[node.input[1]]
        kind, shape = shapes[weight]
        assert kind == onnx.TensorProto.INT8 and shapes[scale][1] == shape[:1], "a scale for each channel"
    source = open_source(DIGITS)
    samples = [source.sample(index) for index in range(150)]
    readings = Reader.open(out).read_many(sample.image for sample in samples)
    tally = measure((s.text, each.text) for s, each in zip(samples, readings, strict=True))
    assert info.figures["validation_sequence_accuracy"] == tally.sequence_accuracy
    assert info.figures["validation_images"] == 150


def test_neither_trained_on_nor_quantised_again(
    trained: FitResult, tmp_path: Path, pictures: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "int8.onnx"
    assert run(["quantize", str(trained.run), str(out), "--data", pictures]) == 0
    printed = capsys.readouterr()
    assert "sequence accuracy\t" in printed.out and "pay" in printed.err
    assert run(["train", pictures, "--from", str(out), "--out", str(tmp_path / "run"), "--steps", "1"]) == 1
    refusal = capsys.readouterr().err
    assert refusal.count("\n") == 1 and "it is in int8; train on from run" in refusal
    with pytest.raises(UsageError, match="in int8 already"):
        quantize(str(out), tmp_path / "again.onnx", [pictures])


def test_lstms_are_int8(tmp_path: Path, pictures: str) -> None:
    lstm = untrained("crnn", {"width": 4, "hidden": 16}, tmp_path / "lstm.onnx")
    tradeoff = quantize(str(lstm), tmp_path / "lstm8.onnx", [pictures])
    assert "DynamicQuantizeLSTM" in kinds(tradeoff.model) and "LSTM" not in kinds(tradeoff.model)
    assert tradeoff.notes == ()


def test_grus_are_said_to_stay(tmp_path: Path, pictures: str) -> None:
    gru = untrained("crnn-gru", {"width": 4, "hidden": 16}, tmp_path / "gru.onnx")
    tradeoff = quantize(str(gru), tmp_path / "gru8.onnx", [pictures])
    assert {"GRU", "QuantizeLinear"} <= kinds(tradeoff.model)
    assert tradeoff.notes == ("2 GRU layers stay float32: ONNX Runtime has no GRU in int8",)


def test_what_is_learnt_from_is_not_measured_on(pictures: str) -> None:
    held = hold_out([pictures], None, "first")
    learnt = {bytes(image) for image, _ in held.to_learn(1000)}  # type: ignore[arg-type]
    measured = {bytes(image) for image, _ in held.to_measure(1000)}  # type: ignore[arg-type]
    assert learnt and measured and not learnt & measured and len(learnt | measured) == 60
    assert len(held.to_learn(10)) == 10
    named = hold_out([pictures], DIGITS, "first")
    assert len(named.to_learn(1000)) == 60 and len(named.to_measure(7)) == 7
    drawn = hold_out([DIGITS], None, "first")
    seen = {np.asarray(image).tobytes() for image, _ in drawn.to_learn(20)}
    assert not seen & {np.asarray(image).tobytes() for image, _ in drawn.to_measure(20)}


def test_wrong_usage(trained: FitResult, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"end it in \.onnx"):
        quantize(str(trained.run), tmp_path / "model", [DIGITS])
    for itself in (trained.model, trained.run):
        with pytest.raises(UsageError, match="is the model itself"):
            quantize(str(itself), trained.model, [DIGITS])
    with pytest.raises(UsageError, match="name labelled ones with --data"):
        quantize(str(trained.run), tmp_path / "a.onnx", [])
    (tmp_path / "one").mkdir()
    generate(open_source(DIGITS), tmp_path / "one", 1)
    with pytest.raises(UsageError, match="no pictures to measure on"):
        quantize(str(trained.run), tmp_path / "a.onnx", [str(tmp_path / "one")])


def test_advice_says_what_does_not_pay() -> None:
    def measured(right: int, milliseconds: float, size: int) -> Measured:
        tally = measure([("1", "1")] * right + [("1", "2")] * (1000 - right))
        return Measured(tally, Speed(milliseconds, 100.0), size)

    def advice(after: Measured) -> tuple[bool, str]:
        worse = 990 - round(1000 * after.tally.sequence_accuracy)
        tradeoff = Tradeoff(measured(990, 1.0, 1000), after, Path("x.onnx"), worse=worse)
        return tradeoff.pays, tradeoff.advice

    assert advice(measured(986, 0.5, 500)) == (
        True,
        "it pays: 2.00 times the speed, 50.00% of the size, -0.40 points of accuracy",
    )
    assert advice(measured(990, 0.5, 500))[1].endswith(" of the size, +0.00 points of accuracy")
    few = Tradeoff(measured(990, 1.0, 1000), measured(984, 0.5, 500), Path("x.onnx"), worse=8, better=2)
    assert not few.pays and few.advice.startswith("these pictures are too few to tell: 8 are read right only")
    untrained = Tradeoff(measured(0, 1.0, 1000), measured(0, 0.5, 500), Path("x.onnx"))
    assert not untrained.pays and untrained.advice.endswith("as neither reads any picture right")
    for after, why in [
        (measured(984, 0.5, 500), "it reads 0.60 points less right"),
        (measured(990, 1.2, 500), "it is slower here"),
        (measured(990, 1.0, 990), "it gains next to nothing"),
    ]:
        pays, text = advice(after)
        assert not pays and text.startswith(f"it does not pay: {why}") and "\n" not in text
