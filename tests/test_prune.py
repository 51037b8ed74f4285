"""Channels cut out: the scores keep their shape, the rest learns from the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import DIGITS, stored_weights

from captchalab.cli.app import run
from captchalab.errors import ModelFileError, UsageError
from captchalab.networks import NETWORKS, build
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import read_model
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.training import prune as pruning
from captchalab.training.cut_channels import ROUND_TO, cut_channels
from captchalab.training.fit import FitResult
from captchalab.training.prune import prune
from captchalab.training.quantize import quantize

SMALL: dict[str, list[dict[str, Any]]] = {
    "compact": [{"size": "small"}],
    "cnn": [{"dense": 64}],
    "captchanet": [{}],
    "crnn": [{"width": 16, "hidden": 16}],
    "crnn-gru": [{"width": 16, "hidden": 16}],
    "backbone": [
        {"model": "resnet10t", "head": "ctc"},
        {"model": "resnet18", "ibn": True, "attention": True, "pooling": "dual", "neck": True},
    ],
}


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "TESTED", 100)


def test_every_network_is_tried() -> None:
    assert SMALL.keys() == NETWORKS.keys()


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, several in SMALL.items() for options in several]
)
def test_cut_networks_still_score_and_learn(name: str, options: dict[str, Any]) -> None:
    spec = InputSpec(32, 64, 1)
    torch.manual_seed(0)
    network = build(name, spec, 11, 3, options)
    pictures = torch.randint(0, 255, (2, *spec.shape), dtype=torch.uint8)
    shape = network.eval()(pictures).shape
    before = sum(each.numel() for each in network.parameters())
    cut = cut_channels(network.train(), spec, 0.5)
    assert network.training and network(pictures).shape == shape
    assert before - cut == sum(each.numel() for each in network.parameters())
    assert cut > 0.2 * before
    network(pictures).sum().backward()
    missing = [key for key, each in network.named_parameters() if each.requires_grad and each.grad is None]
    assert not missing


def test_channels_stay_a_multiple_that_processors_like() -> None:
    network = build("compact", InputSpec(48, 128, 1), 11, 4, {"size": "base"})
    cut_channels(network, InputSpec(48, 128, 1), 0.3)
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert all(each.out_channels % ROUND_TO == 0 for each in convolutions)
    assert convolutions[-1].out_channels < 128


def test_a_pruned_model_is_smaller_and_reads(
    trained: FitResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pruned.onnx"
    steps: list[tuple[int, int]] = []
    tradeoff = prune(
        str(trained.run),
        out,
        [DIGITS],
        share=0.3,
        steps=60,
        device="cpu",
        on_step=lambda *at: steps.append(at),
    )
    assert steps == [(step, 60) for step in range(1, 61)]
    data, info = read_model(out)
    assert (info.name, info.restorable) == ("run-pruned", False) and len(data) == tradeoff.after.size
    whole, rest = stored_weights(trained.model), stored_weights(out)
    assert sum(w.numel() for w in rest.values()) < 0.8 * sum(w.numel() for w in whole.values())
    sample = open_source(DIGITS).sample(5)
    assert set(Reader.open(out).read(sample.image).text) <= set("0123")
    assert tradeoff.after.tally.sequence_accuracy > 0.5, "guessing is right in 25%"
    assert run(["train", DIGITS, "--from", str(out), "--out", str(tmp_path / "run"), "--steps", "1"]) == 1
    refusal = capsys.readouterr().err
    assert refusal.count("\n") == 1 and "channels were cut out of it; train on from run" in refusal
    lighter = quantize(str(out), tmp_path / "both.onnx", [DIGITS])  # one after the other
    assert read_model(lighter.model)[1].name == "run-pruned-int8"
    with pytest.raises(ModelFileError, match="it is in int8"):
        prune(str(lighter.model), tmp_path / "again.onnx", [DIGITS])


def test_wrong_usage(trained: FitResult, tmp_path: Path) -> None:
    for settings, why in [
        ({"share": 0.95}, r"share=0.95: allowed is 0.05 to 0.9"),
        ({"steps": 0}, "steps=0: at least 1"),
    ]:
        with pytest.raises(UsageError, match=why):
            prune(str(trained.run), tmp_path / "a.onnx", [DIGITS], **settings)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
