"""What a recipe can ask for beside the defaults: each does what it says, and resumes to the last bit."""

from __future__ import annotations

import copy
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_going_on import fit_until
from tiny import DIGITS, TINY, equal_weights, ready, recipe, stored_weights
from torch.nn import functional

from captchalab.cli.train import _print_result
from captchalab.errors import RunError, UsageError
from captchalab.networks import build
from captchalab.networks.heads import CtcHead, PositionHead
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import read_model
from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training.balance import balanced_chances, deal
from captchalab.training.batches import Batch
from captchalab.training.checkpoint import load_checkpoint, save_checkpoint
from captchalab.training.export_run import export_run
from captchalab.training.fit import FitResult, fit
from captchalab.training.loop import train_step
from captchalab.training.optimizer import OPTIMIZERS
from captchalab.training.recipe import Recipe
from captchalab.training.schedule import SCHEDULES, learning_rate
from captchalab.training.state import State
from captchalab.training.teacher import load_teacher

SPEC, CLASSES = InputSpec(24, 32), 5


def new_state(how: Recipe) -> State:
    torch.manual_seed(0)
    return State.new(build("compact", SPEC, CLASSES, 1, {"size": "tiny", "dropout": 0.2}), how)


def batch(step: int) -> Batch:
    """Noise with labels of one character."""
    rng = np.random.default_rng(step)
    images = torch.from_numpy(rng.integers(0, 256, (8, *SPEC.shape), np.uint8))
    return images, torch.from_numpy(rng.integers(1, CLASSES, (8, 1))), torch.ones(8, dtype=torch.long)


def train(state: State, how: Recipe, until: int) -> dict[str, torch.Tensor]:
    while state.step < until:
        train_step(state, how, batch(state.step))
    return state.to_checkpoint().tensors


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_resumes_to_the_last_bit(name: str, tmp_path: Path) -> None:
    how = recipe(optimizer=name, steps=12, learning_rate=1e-2)
    whole = train(new_state(how), how, 12)
    begun = new_state(how)
    train(begun, how, 7)
    save_checkpoint(tmp_path, 7, begun.to_checkpoint())
    resumed = new_state(how)
    torch.manual_seed(99)
    resumed.load(load_checkpoint(tmp_path))
    assert equal_weights(train(resumed, how, 12), whole)
    moments = [each for each in whole if each.startswith("optimizer.")]
    assert len(moments) >= len(list(begun.network.parameters()))


def test_every_optimizer_goes_its_own_way() -> None:
    ends = []
    for name in OPTIMIZERS:
        how = recipe(optimizer=name, steps=8, learning_rate=1e-2, weight_decay=0.1)
        ends.append(train(new_state(how), how, 8)["network.head.linear.weight"])
    for number, one in enumerate(ends):
        assert not any(torch.equal(one, other) for other in ends[:number])


def test_schedules() -> None:
    def rates(schedule: str, steps: list[int], cuts: int = 0, **more: Any) -> list[float]:
        how = recipe(schedule=schedule, steps=100, warmup=0.1, learning_rate=0.5, **more)
        return [learning_rate(how, step, cuts) / 0.5 for step in steps]

    for schedule in SCHEDULES:
        assert rates(schedule, [0, 5, 10]) == pytest.approx([0.04, 0.52, 1.0])
    assert rates("cosine", [55, 100]) == pytest.approx([0.50005, 1e-4])
    assert rates("constant", [11, 55, 100]) == [1.0] * 3
    assert rates("step", [49, 50, 99]) == pytest.approx([1.0, 0.1, 0.1])
    assert rates("step", [29, 30, 60, 99], decay=0.5, decay_every=0.3) == pytest.approx([1, 0.5, 0.25, 0.125])
    assert rates("plateau", [50, 99]) == [1.0, 1.0]
    assert rates("plateau", [99], cuts=2, decay=0.5) == [0.25]


def test_validations_without_gain_cut_the_rate() -> None:
    state = new_state(recipe())
    cuts = []
    for accuracy in (0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2):
        state.take_best({"sequence_accuracy": accuracy, "loss": 1.0}, endured=2)
        cuts.append(state.cuts)
    assert cuts == [0, 0, 1, 1, 2, 2, 2, 3]


@pytest.fixture(scope="module")
def everything(trained: FitResult, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Settings that use all options at once, on pictures at rest."""
    folder = tmp_path_factory.mktemp("options")
    generate(open_source(DIGITS), folder / "pictures", 60, workers=1)
    shutil.copy(trained.model, folder / "teacher.onnx")
    return {
        "sources": str(folder / "pictures"),
        "start": str(trained.model),
        "teacher": str(folder / "teacher.onnx"),
        "alphabet": "0123",
        "options": {"size": "tiny", "dropout": 0.2},
        "optimizer": "radam",
        "schedule": "plateau",
        "plateau": 1,
        "decay": 0.5,
        "learning_rate": 0.1,
        "warmup": 0.0,
        "start_rate": 0.3,
        "balance": 1.0,
        "augment": "distorted",
        "label_smoothing": 0.01,
        "steps": 20,
        "validate_every": 2,
        "save_every": 4,
        "patience": 0,
    }


def test_all_at_once_resumes_to_the_last_bit(
    everything: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = fit(out=tmp_path / "whole", **(TINY | everything))
    check_told_beside_its_teacher(whole, Path(everything["teacher"]), capsys)
    fit_until("Progress(step=14,", out=tmp_path / "run", **everything)
    begun = load_checkpoint(tmp_path / "run" / "checkpoints")
    assert begun.facts["step"] == 12 and begun.facts["cuts"] > 0 and begun.tensors["known_rows"].all()

    resumed = fit(out=tmp_path / "run", resume=True, device="cpu")
    assert equal_weights(stored_weights(resumed.model), stored_weights(whole.model))
    ours, theirs = (load_checkpoint(run / "checkpoints") for run in (tmp_path / "run", whole.run))
    assert equal_weights(ours.tensors, theirs.tensors)
    clocks = {"seconds": 0, "processor_seconds": 0}
    assert ours.facts | clocks == theirs.facts | clocks

    Path(everything["teacher"]).unlink()  # a finished run needs it no more
    again = fit(out=tmp_path / "run", resume=True, device="cpu")
    assert again.steps == 20 and again.tradeoff is None
    assert export_run(tmp_path / "run", tmp_path / "out.onnx").read_bytes() == resumed.model.read_bytes()


def check_told_beside_its_teacher(
    result: FitResult, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accuracy, size and time of both, on the same pictures, in the result, the report and the shell."""
    found = result.tradeoff
    assert found is not None
    assert (found.before.size, found.after.size) == (teacher.stat().st_size, result.model.stat().st_size)
    counts = {found.before.tally.sequences.total, found.after.tally.sequences.total}
    assert counts == {read_model(result.model)[1].figures["validation_images"]}
    assert found.before.tally.sequence_accuracy > 0.8, "the teacher sees pictures as they were prepared"
    assert found.before.speed.milliseconds > 0 and found.after.speed.milliseconds > 0
    report = (result.run / "report.md").read_text(encoding="utf-8")
    assert "## Beside its teacher" in report and found.advice in report
    _print_result(result)
    told = capsys.readouterr()
    assert found.advice in told.err and "sequence accuracy: teacher" in told.err
    assert told.out == f"{result.model}\n"


def test_smoothing_of_positions_is_that_of_cross_entropy() -> None:
    logits, targets = torch.randn(4, 3, 6), torch.tensor([[1, 2], [5, 0], [3, 3], [4, 1]])
    loss = PositionHead(8, 3, 6).loss(logits.log_softmax(2), targets, torch.full((4,), 2), 0.2)
    padded = functional.pad(targets, (0, 1)).flatten()
    assert loss.item() == pytest.approx(
        functional.cross_entropy(logits.flatten(0, 1), padded, label_smoothing=0.2).item(), rel=1e-5
    )


def test_smoothing_of_ctc_draws_every_step_towards_uniform() -> None:
    chance = torch.tensor([[[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]], dtype=torch.float64)
    targets, lengths = torch.tensor([[1]]), torch.tensor([1])
    plain = -np.log(0.3 * 0.6 + 0.3 * 0.1 + 0.5 * 0.6)
    spread = -np.log([0.5, 0.3, 0.2, 0.1, 0.6, 0.3]).mean()
    loss = CtcHead(4, 3).loss(chance.log(), targets, lengths, 0.1)
    assert loss.item() == pytest.approx(0.9 * plain + 0.1 * spread)


def rare() -> list[str]:
    return ["ab", "ba", "aa", "bb"] * 10 + ["ac"]


def test_rare_characters_come_more_often_when_balanced() -> None:
    texts = rare()
    assert balanced_chances(texts, 0.0) == pytest.approx([1 / 41] * 41)
    half, full = balanced_chances(texts, 0.5)[-1], balanced_chances(texts, 1.0)[-1]
    assert 1 / 41 < half < full and balanced_chances(texts, 1.0).sum() == pytest.approx(1)
    # a and b stand in 81 places of 82, c in one.
    assert full / balanced_chances(texts, 1.0)[0] == pytest.approx((1 / 41 + 1) / (1 / 41 + 1 / 40), rel=1e-6)


def test_pictures_are_dealt_by_their_chances() -> None:
    chances = balanced_chances(rare(), 1.0)
    orders = [deal(41, chances, np.random.default_rng((3, epoch))) for epoch in range(50)]
    assert np.array_equal(orders[7], deal(41, chances, np.random.default_rng((3, 7))))
    assert not np.array_equal(np.sort(orders[0]), np.sort(orders[1]))
    for order in orders:
        counts = Counter(order.tolist())
        for picture in range(41):
            assert abs(counts[picture] - 41 * chances[picture]) < 1
    seen = Counter(np.concatenate(orders).tolist())
    assert len(seen) == 41 and seen[40] / (50 * 41) == pytest.approx(chances[40], rel=0.05)
    assert sorted(deal(41, None, np.random.default_rng(0))) == list(range(41))


def test_balance_is_of_pictures_at_rest() -> None:
    with pytest.raises(UsageError, match=r"balance=0\.5 is of pictures at rest"):
        ready(DIGITS, balance=0.5)


def test_what_is_known_learns_slower_than_what_is_new(trained: FitResult) -> None:
    """Plain steps down the gradient, whose lengths can be compared."""
    moves = {}
    for share in (1.0, 0.25, 0.0):
        how = {"optimizer": "sgd", "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0}
        how |= {"steps": 10, "learning_rate": 0.01, "clip": 1e6, "start_rate": share, "seed": 1}
        plan, state = ready(DIGITS.replace("0123", "2A0B"), start=str(trained.model), alphabet="2A0B", **how)
        before = copy.deepcopy(state.network.state_dict())
        rng = np.random.default_rng(0)
        images = torch.from_numpy(rng.integers(0, 256, (8, *plan.spec.shape), np.uint8))
        train_step(state, plan.recipe, (images, torch.arange(8)[:, None] % 4 + 1, torch.ones(8).long()))
        after = state.network.state_dict()
        trainable = [name for name, _ in state.network.named_parameters()]
        moves[share] = {name: after[name] - before[name] for name in trainable}
    known = [0, 1, 3]  # the blank, 2 and 0
    for name in moves[1.0]:
        full, quarter, none = (moves[share][name] for share in (1.0, 0.25, 0.0))
        assert full.abs().max() > 0
        if name.startswith("head."):
            new = [row for row in range(5) if row not in known]
            assert torch.allclose(quarter[new], full[new]) and torch.equal(none[new], full[new])
            full, quarter, none = full[known], quarter[known], none[known]
        assert torch.allclose(quarter, 0.25 * full, rtol=0.02, atol=1e-7), name
        assert not none.any(), name


def test_a_teacher_is_learnt_from(trained: FitResult) -> None:
    """Without any labels of its own, a network comes to read as its teacher does."""
    plan, state = ready(DIGITS, teacher=str(trained.run), teacher_weight=1.0, steps=60, warmup=0.0)
    teacher = state.teacher = load_teacher(plan, state.network)
    assert teacher is not None and not teacher.network.training
    images = torch.from_numpy(plan.validation.images)
    labels = torch.ones(len(images), 1).long()

    def agreement() -> float:
        """Share of the pictures' steps at which both find the same class best."""
        with torch.inference_mode():
            ours, theirs = (each.eval()(images).argmax(2) for each in (state.network, teacher.network))
        return (ours == theirs).float().mean().item()

    before, first = agreement(), train_step(state, plan.recipe, (images, labels, labels[:, 0]))[0]
    for _ in range(59):
        loss, _scores = train_step(state, plan.recipe, (images, labels, labels[:, 0]))
    assert first > 0 and 0 <= loss < first / 3 and agreement() > max(before, 0.9)


def test_the_loss_of_a_teacher_by_hand(trained: FitResult) -> None:
    plan, state = ready(DIGITS, teacher=str(trained.run), teacher_weight=0.25, temperature=2.0)
    teacher = load_teacher(plan, state.network)
    assert teacher is not None
    images = torch.from_numpy(plan.validation.images[:2])
    theirs = teacher.network(images).double()
    assert teacher.mix(torch.tensor(8.0), theirs.float(), images).item() == pytest.approx(6.0, abs=1e-6)
    ours = torch.randn_like(theirs).log_softmax(2)
    p, q = (torch.softmax(each / 2, 2) for each in (theirs, ours))
    divergence = (p * (p / q).log()).sum(2).mean()
    assert teacher.mix(torch.tensor(8.0), ours.float(), images).item() == pytest.approx(
        0.75 * 8 + 0.25 * 4 * divergence.item(), rel=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alphabet": "012345"}, "has the alphabet 0123, the network to train 012345"),
        ({"height": 32}, "has the input 64x24x1 stretch, the network to train 64x32x1 stretch"),
        ({"network": "cnn", "options": {"dense": 8}}, "has the decoder ctc, the network to train position"),
        ({"options": {"size": "fine"}}, "scores 16 steps a picture, the network compact 8"),
        ({"frames": "fuse"}, "has the frames first, the network to train fuse"),
    ],
)
def test_teachers_that_cannot_be_compared_with_are_refused(
    changes: dict[str, Any], words: str, trained: FitResult
) -> None:
    plan, state = ready(DIGITS, teacher=str(trained.model), **changes)
    with pytest.raises(UsageError, match=words) as caught:
        load_teacher(plan, state.network)
    assert "\n" not in str(caught.value)


def test_what_is_left_open_follows_the_teacher(trained: FitResult) -> None:
    source = DIGITS.replace("0123", "02").replace("width=64", "width=90")
    plan, _ = ready(source, teacher=str(trained.model), height=0, width=0)
    assert plan.spec == InputSpec(24, 64) and plan.alphabet.characters == "0123"


def test_another_teacher_than_that_of_the_run_is_refused(trained: FitResult) -> None:
    plan, state = ready(DIGITS, teacher=str(trained.model))
    state.teacher = load_teacher(plan, state.network)
    assert state.teacher is not None
    checkpoint = state.to_checkpoint()
    state.load(checkpoint)
    state.teacher.sha256 = "0" * 64
    with pytest.raises(RunError, match="the teacher is not the one that this run began with: put that back"):
        state.load(checkpoint)
