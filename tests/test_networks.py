"""The contract of every network: it memorises sixteen pictures and reads them all through its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from captchalab.errors import UsageError
from captchalab.networks import NETWORKS, Network, build
from captchalab.networks.heads import CtcHead, PositionHead
from captchalab.networks.layers import DualPool
from captchalab.reading.alphabet import Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import ModelInfo, read_model
from captchalab.reading.reader import Reader
from captchalab.sources import open_source
from captchalab.training.batches import encode_texts
from captchalab.training.export import check_parity, export
from captchalab.training.loop import train_step
from captchalab.training.recipe import Recipe
from captchalab.training.state import State

SMALLEST: dict[str, dict[str, Any]] = {
    "compact": {"size": "tiny"},
    "cnn": {"dense": 64, "dropout": 0.0},
    "captchanet": {"dropout": 0.0},
    "backbone": {
        "model": "resnet10t",
        "attention": True,
        "pooling": "dual",
        "ibn": True,
        "neck": True,
        "center": 0.01,
    },
    "backbone, ctc": {"model": "resnet10t", "head": "ctc", "attention": True, "pooling": "dual", "ibn": True},
    "crnn": {"width": 8, "hidden": 64},
    "crnn-gru": {"width": 8, "hidden": 32, "dropout": 0.0},
}
"""Options that make each network small. A new network adds its line here."""

SPEC = InputSpec(24, 64)
SHORT, LONG = 2, 3
STEPS = {"crnn": 250}
"""Where 150 do not always do."""


def make(name: str, channels: int = 1, alphabet: str = "0123456789") -> Network:
    spec = InputSpec(SPEC.height, SPEC.width, channels)
    return build(network_of(name), spec, Alphabet(alphabet).classes, LONG, SMALLEST[name])


def network_of(name: str) -> str:
    """One with two heads has two lines."""
    return name.partition(",")[0]


def test_every_network_is_tested() -> None:
    assert set(map(network_of, SMALLEST)) == set(NETWORKS)


@pytest.mark.parametrize("name", SMALLEST)
def test_memorises_and_reads_through_its_file(name: str, tmp_path: Path) -> None:
    source = open_source(f"scheme:lepture?alphabet=digits&length={SHORT}-{LONG}&width=64&height=24")
    samples = [source.sample(index) for index in range(16)]
    alphabet = Alphabet.parse("digits")
    images = np.stack([SPEC.apply(sample.image) for sample in samples])
    torch.manual_seed(0)
    steps = STEPS.get(name, 150)
    recipe = Recipe().with_changes(steps=steps, learning_rate=1e-2, average=0.9, precision="float32")
    state = State.new(make(name), recipe)
    batch = (torch.from_numpy(images), *encode_texts([sample.text for sample in samples], alphabet))
    for _ in range(steps):
        train_step(state, recipe, batch)

    info = ModelInfo(
        name=name,
        alphabet=alphabet,
        decoder=state.network.head.decoder,
        input=SPEC,
        network={"name": network_of(name), "options": SMALLEST[name]},
        lengths=(SHORT, LONG),
    )
    path = export(state.average, info, images, tmp_path / "model.onnx")
    reader = Reader.open(path)
    assert [each.text for each in reader.read_many([s.image for s in samples])] == [s.text for s in samples]
    # One by one and in a batch of another size: nothing in the graph depends on the batch.
    assert [reader.read(sample.image).text for sample in samples[:3]] == [s.text for s in samples[:3]]
    other = np.random.default_rng(0).integers(0, 256, (5, *SPEC.shape), np.uint8)
    assert 0 <= check_parity(state.average, read_model(path)[0], info, other) < 1e-3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", SMALLEST)
def test_scores_are_log_probabilities(name: str, channels: int) -> None:
    network = make(name, channels).eval()
    pictures = torch.randint(0, 256, (3, SPEC.height, SPEC.width, channels), dtype=torch.uint8)
    pictures[0] = 255  # a blank picture has no contrast to divide by
    with torch.inference_mode():
        scores = network(pictures)
    assert scores.shape[0] == 3 and scores.shape[2] == 11 and scores.dtype == torch.float32
    assert torch.allclose(scores.exp().sum(dim=2), torch.ones(3, scores.shape[1]), atol=1e-5)


@pytest.mark.parametrize("name", SMALLEST)
def test_a_picture_is_read_alike_in_any_company(name: str) -> None:
    network = make(name).eval()
    pictures = torch.randint(0, 256, (4, *SPEC.shape), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.allclose(network(pictures)[2:3], network(pictures[2:3]), atol=1e-5)


@pytest.mark.parametrize("name", SMALLEST)
def test_unknown_options_are_answered_with_the_known(name: str) -> None:
    option = next(iter(SMALLEST[name]))
    with pytest.raises(UsageError, match=f"Did you mean '{option}'.*Known: .*{option}") as caught:
        build(network_of(name), SPEC, 11, 4, {f"{option}s": 1})
    assert "\n" not in str(caught.value)


def test_unknown_names() -> None:
    with pytest.raises(
        UsageError, match=r"unknown network 'cmpact'. Did you mean 'compact'\?.*captchanet, cnn, compact"
    ):
        build("cmpact", SPEC, 11, 4, {})
    with pytest.raises(UsageError, match=r"'resnet34'.*--set network=backbone --set options.model=resnet18"):
        build("resnet34", SPEC, 11, 4, {})
    with pytest.raises(UsageError, match=r"'tinny'.*Did you mean 'tiny'\?.*base, fine, large, small, tiny"):
        build("compact", SPEC, 11, 4, {"size": "tinny"})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("compact", {"size": 3}),
        ("compact", {"dropout": "a"}),
        ("compact", {"dropout": 1.5}),
        ("cnn", {"dropout": -0.1}),
        ("cnn", {"dense": 0}),
        ("cnn", {"dense": "8"}),
    ],
)
def test_a_wrong_value_names_its_option(name: str, options: dict[str, Any]) -> None:
    ((option, value),) = options.items()
    with pytest.raises(UsageError, match=rf"{option}.*{value}"):
        build(name, SPEC, 11, 4, options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "densenet121", "head": "ctc"}, "every 8 columns, as CTC needs: head='position'"),
        ({"model": "vgg11", "head": "ctc"}, "every 8 columns"),
        ({"model": "efficientvit_b0"}, r"its own pooling, or not on inputs of 64x24 \(.*\): choose another"),
        ({"head": "ctc", "neck": True}, "neck=True is of whole pictures, and head='ctc' reads columns"),
        ({"head": "ctc", "center": 0.01}, r"center=0\.01 is of whole pictures"),
        ({"center": float("nan")}, "center=nan: a number from 0"),
        ({"model": "resnt18"}, "timm has no model 'resnt18'"),
    ],
)
def test_backbones_that_do_not_fit_say_why(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build("backbone", SPEC, 11, 4, options)


@pytest.mark.parametrize(
    "model", ["mobilenetv3_small_050", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"]
)
def test_backbones_whose_features_are_no_map_of_their_last_stage(model: str) -> None:
    """With a layer behind it, as rows of patches, or with channels last."""
    network = build("backbone", InputSpec(32, 64), 11, 4, {"model": model}).eval()
    pictures = torch.randint(0, 256, (2, 32, 64, 1), dtype=torch.uint8)
    with torch.inference_mode():
        scores = network(pictures)
    assert scores.shape == (2, 4, 11) and not torch.equal(scores[0], scores[1])


def test_dual_pooling_is_of_columns_too() -> None:
    """Averages alone would not see which pixel of a column is the brightest."""
    options = {"model": "resnet10t", "head": "ctc", "pooling": "dual"}
    network = build("backbone", InputSpec(32, 64), 11, 4, options).eval()
    assert isinstance(network.pool, DualPool) and network.head.linear.in_features == 256
    assert network(torch.zeros(2, 32, 64, 1, dtype=torch.uint8)).shape == (2, 8, 11)


def test_too_few_steps_for_the_longest_text() -> None:
    assert build("compact", SPEC, 11, 8, SMALLEST["compact"])(torch.zeros(1, 24, 64, 1)).shape == (1, 16, 11)
    with pytest.raises(UsageError, match=r"texts of 9 characters need at least 17 steps.*width of 68"):
        build("compact", SPEC, 11, 9, SMALLEST["compact"])
    build("compact", InputSpec(24, 68), 11, 9, SMALLEST["compact"])


def test_losses_against_sums_by_hand() -> None:
    chance = torch.tensor([[[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]], dtype=torch.float64)
    lengths = torch.tensor([1])
    # CTC: "a" over two steps is "aa", "a-" or "-a".
    ctc = CtcHead(4, 3).loss(chance.log(), torch.tensor([[1]]), lengths)
    assert ctc.item() == pytest.approx(-np.log(0.3 * 0.6 + 0.3 * 0.1 + 0.5 * 0.6))
    # One classifier a position: "b", then padding.
    position = PositionHead(4, 2, 3).loss(chance.log(), torch.tensor([[2]]), lengths)
    assert position.item() == pytest.approx(-(np.log(0.2) + np.log(0.1)) / 2)


def test_a_text_that_does_not_fit_gives_no_infinite_loss() -> None:
    scores = torch.randn(2, 2, 4, requires_grad=True)
    loss = CtcHead(4, 4).loss(scores.log_softmax(2), torch.tensor([[1, 1], [1, 2]]), torch.tensor([2, 2]))
    loss.backward()
    assert torch.isfinite(loss) and scores.grad is not None and torch.isfinite(scores.grad).all()
