"""A training that starts from a model: what it takes over, what it follows, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import DIGITS, TINY, Told, messages, ready, stored_weights

from captchalab.errors import UsageError
from captchalab.networks import build
from captchalab.networks.cnn import Cnn
from captchalab.reading.alphabet import BLANK, Alphabet
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import read_model
from captchalab.reading.reader import Reader
from captchalab.training.fit import FitResult, fit
from captchalab.training.start import take_over


def test_a_run_goes_on_in_another(trained: FitResult, tmp_path: Path) -> None:
    told: Told = []
    settings = TINY | {"learning_rate": 1e-6, "validate_every": 1}
    result = fit(
        DIGITS, out=tmp_path / "run", steps=2, start=str(trained.run), on_progress=told.append, **settings
    )
    assert "4 of 4 characters are known" in messages(told)
    assert result.validation["sequence_accuracy"] >= trained.validation["sequence_accuracy"] - 0.05
    assert read_model(result.model)[1].training["start"] == str(trained.run)
    _, state = ready(DIGITS, start=str(trained.model))
    for name, tensor in stored_weights(trained.model).items():
        if name in state.network.state_dict():
            assert torch.equal(tensor.float(), state.network.state_dict()[name]), name


def test_a_new_alphabet_keeps_what_it_shares(trained: FitResult, tmp_path: Path) -> None:
    letters = "2A0B"
    plan, state = ready(DIGITS.replace("0123", letters), start=str(trained.model), alphabet=letters, seed=5)
    torch.manual_seed(5)
    fresh = build("compact", plan.spec, plan.alphabet.classes, 1, TINY["options"]).head.linear
    head, old = state.network.head.linear, stored_weights(trained.model)
    for character, here in [("", BLANK), *((c, plan.alphabet.encode(c)[0]) for c in letters)]:
        there = Alphabet("0123").encode(character)[0] if character in "0123" and character else BLANK
        shared = not character or character in "0123"
        for name in ("weight", "bias"):
            row, wanted = getattr(head, name)[here], old[f"head.linear.{name}"][there].float()
            assert torch.equal(row, wanted if shared else getattr(fresh, name)[here]), (character, name)
    for name, tensor in state.network.state_dict().items():
        if not name.startswith("head.") and tensor.is_floating_point():
            assert torch.equal(tensor, old[name].float()), name

    settings = TINY | {"learning_rate": 1e-3}
    more = fit(
        DIGITS, out=tmp_path / "run", alphabet="xyz3210", start=str(trained.model), steps=12, **settings
    )
    assert more.validation["sequence_accuracy"] > 0.8
    assert Reader.open(more.run).info.alphabet.characters == "xyz3210"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"size": "large"}}, "differs in stages.* leave its options"),
        ({"height": 32}, "differs in columns"),
        ({"network": "cnn"}, "network=cnn: .* is of the network compact"),
    ],
)
def test_what_contradicts_the_model_to_start_from_is_refused(
    change: dict[str, Any], words: str, trained: FitResult
) -> None:
    with pytest.raises(UsageError, match=words):
        ready(DIGITS, start=str(trained.run), **change)


def test_what_fits_the_model_to_start_from_is_followed(trained: FitResult) -> None:
    plan, _ = ready(DIGITS, start=str(trained.run), width=96, height=0, options={"dropout": 0.1})
    assert (plan.spec.width, plan.spec.height) == (96, 24)
    assert plan.recipe.options == {"size": "tiny", "dropout": 0.1}


def test_what_read_grey_pictures_goes_on_in_colour() -> None:
    alphabet = Alphabet("abc")
    grey = build("compact", InputSpec(24, 64), alphabet.classes, 1, TINY["options"]).eval()
    colour = build("compact", InputSpec(24, 64, channels=3), alphabet.classes, 1, TINY["options"]).eval()
    take_over(colour, grey, alphabet, alphabet)
    pictures = torch.randint(0, 256, (4, 24, 64, 1), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.allclose(colour(pictures.expand(-1, -1, -1, 3)), grey(pictures), atol=1e-4)
    with pytest.raises(UsageError, match="differs in stages"):
        take_over(grey, colour, alphabet, alphabet)


def test_position_heads_keep_the_rows_of_every_position() -> None:
    old, new = Alphabet("abc"), Alphabet("cxa")
    torch.manual_seed(0)
    before = Cnn(InputSpec(24, 64), old.classes, 2, dense=16)
    after = Cnn(InputSpec(24, 64), new.classes, 3, dense=16)
    untouched = after.head.linear.bias.detach().clone()
    assert take_over(after, before, new, old) == 2
    ours, theirs = after.head.linear.bias.view(3, 4), before.head.linear.bias.view(2, 4)
    assert torch.equal(ours[:2, [0, 1, 3]], theirs[:, [0, 3, 1]])
    assert torch.equal(ours[2], untouched.view(3, 4)[2]) and torch.equal(
        ours[:, 2], untouched.view(3, 4)[:, 2]
    )
    with pytest.raises(UsageError, match=r"differs in dense\.0\.weight .* --from scratch"):
        take_over(Cnn(InputSpec(24, 64), 4, 2, dense=8), before, new, old)
