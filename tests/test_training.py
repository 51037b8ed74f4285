"""Sources -> a run folder: what is learnt, when it stops, where it starts from, what is left behind."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pictures import draw, png
from PIL import Image
from tiny import DIGITS, TINY, equal_weights, stored_weights

from captchalab.errors import LabelError, OutOfMemory, RunError, UsageError
from captchalab.networks import build
from captchalab.networks.cnn import Cnn
from captchalab.reading.alphabet import BLANK, Alphabet
from captchalab.reading.image import load_image
from captchalab.reading.inputspec import InputSpec
from captchalab.reading.modelfile import read_model
from captchalab.reading.reader import Reader
from captchalab.samples.folder import FolderSource
from captchalab.sources import open_source
from captchalab.synth.generate import generate
from captchalab.training.curves import COLUMNS, read_metrics
from captchalab.training.device import open_accelerator
from captchalab.training.estimate import DEFAULT_STEPS, decide_steps
from captchalab.training.fit import FitResult, _asked, fit, get_ready
from captchalab.training.loop import train_step
from captchalab.training.memory import explaining_memory
from captchalab.training.plan import Plan, make_plan, set_aside
from captchalab.training.progress import Message, Progress
from captchalab.training.recipe import Recipe, load_recipe
from captchalab.training.start import take_over
from captchalab.training.state import State

STEPS = 120
Told = list[object]


def recipe(**changes: Any) -> Recipe:
    settings = {name: value for name, value in TINY.items() if name != "device"}
    return Recipe().with_changes(**(settings | changes))


def ready(sources: Any, **changes: Any) -> tuple[Plan, State]:
    """What a training begins with, and no step of it."""
    return get_ready(recipe(**changes), sources, open_accelerator("cpu"), lambda _text: None)


def messages(told: Told) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Message))


@pytest.fixture(scope="module")
def told() -> Told:
    return []


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, told: Told) -> FitResult:
    """A run on drawn pictures that reads nearly all of them."""
    run = tmp_path_factory.mktemp("training") / "run"
    result = fit([DIGITS], out=run, steps=STEPS, seed=3, on_progress=told.append, **TINY)
    assert result.validation["sequence_accuracy"] > 0.9
    return result


def test_the_run_folder_is_complete(trained: FitResult) -> None:
    assert sorted(path.name for path in trained.run.iterdir()) == [
        "checkpoints",
        "curves.png",
        "metrics.csv",
        "mistakes.png",
        "model.onnx",
        "predictions.png",
        "recipe.toml",
        "report.md",
        "samples.png",
    ]
    for sheet in trained.run.glob("*.png"):
        with Image.open(sheet) as picture:
            picture.verify()
    report = (trained.run / "report.md").read_text("utf-8")
    assert f"| steps | {STEPS} of {STEPS} " in report and f"- `{DIGITS}`" in report
    assert len(list((trained.run / "checkpoints").iterdir())) == 2


def test_metrics_have_every_column(trained: FitResult) -> None:
    header, *rows = (trained.run / "metrics.csv").read_text().splitlines()
    assert tuple(header.split(",")) == COLUMNS
    metrics = read_metrics(trained.run / "metrics.csv")
    assert len(rows) == len(metrics["step"]) >= 60
    assert metrics["step"][-1] == STEPS and metrics["pictures"][-1] == STEPS * 16 == trained.pictures
    assert metrics["seconds"] == sorted(metrics["seconds"])
    validated = [not math.isnan(value) for value in metrics["validation_loss"]]
    assert sum(validated) == 12 and validated[-1]
    for name in COLUMNS:
        assert all(math.isfinite(value) for value in metrics[name]) or name.startswith("validation")
    assert metrics["loss"][0] > 2 > metrics["loss"][-1]
    assert max(metrics["learning_rate"]) == pytest.approx(TINY["learning_rate"], rel=0.01)
    accuracy = [value for value in metrics["validation_sequence_accuracy"] if not math.isnan(value)]
    assert max(accuracy) == pytest.approx(trained.validation["sequence_accuracy"])


def test_progress_is_told(trained: FitResult, told: Told) -> None:
    progress = [event for event in told if isinstance(event, Progress)]
    assert progress[-1].step == progress[-1].steps == trained.steps == STEPS
    assert progress[-1].seconds_left == 0 and progress[-1].validation_accuracy is not None
    assert "checked against its network" in messages(told)


def test_the_model_describes_itself_and_reads(trained: FitResult) -> None:
    reader = Reader.open(trained.run)
    info = reader.info
    assert info.alphabet.characters == "0123" and info.lengths == (1, 1) and info.frames == "first"
    assert info.input == InputSpec(24, 64) and info.name == "run"
    assert info.training["steps"] == STEPS and info.training["seed"] == 3
    assert info.figures["validation_images"] == 64
    source = open_source(DIGITS)
    samples = [source.sample(index) for index in range(100)]  # never trained on
    readings = reader.read_many([sample.image for sample in samples])
    assert sum(r.text == s.text for r, s in zip(readings, samples, strict=True)) > 85


def test_the_recipe_is_whole_and_runs_again(trained: FitResult, tmp_path: Path) -> None:
    stored = load_recipe(trained.run / "recipe.toml")
    assert stored.steps == STEPS and stored.sources == (DIGITS,) and stored.alphabet == "0123"
    assert stored.validate_every == 10 and stored.save_every == 10 and stored.augment == "none"
    again = fit(recipe=trained.run / "recipe.toml", out=tmp_path / "again", device="cpu")
    assert equal_weights(stored_weights(again.model), stored_weights(trained.model))
    assert load_recipe(tmp_path / "again" / "recipe.toml") == stored


def test_another_seed_is_another_network() -> None:
    states = [ready(DIGITS, seed=seed)[1].network.state_dict() for seed in (0, 0, 1)]
    assert equal_weights(states[0], states[1]) and not equal_weights(states[0], states[2])


def test_a_folder_with_a_broken_picture(tmp_path: Path, told: Told) -> None:
    folder, run = tmp_path / "pictures", tmp_path / "run"
    folder.mkdir()
    for number in range(60):
        text = "ABC"[number % 3] * (1 + number % 2)
        (folder / f"{text}_{number:02d}.png").write_bytes(png(text, number))
    (folder / "A_broken.png").write_bytes(png("A")[:50])
    (folder / "A_00.png").write_bytes(b"no picture")  # the first, whose size would be looked at
    told = []
    result = fit(str(folder), out=run, steps=4, on_progress=told.append, **TINY)
    told_all = messages(told)
    assert "unreadable pictures of" in told_all and ("A_00.png" in told_all or "A_broken.png" in told_all)
    stored = load_recipe(run / "recipe.toml")
    assert stored.alphabet == "ABC" and stored.max_length == 2
    assert stored.augment == "light" and stored.fit == "stretch"
    info = Reader.open(result.model).info
    assert info.lengths == (1, 2) and 1 <= info.figures["validation_images"] <= 25


def test_pictures_set_aside_are_not_trained_on(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"A_{number:02d}.png").write_bytes(png("A", number))
    source = FolderSource(tmp_path)
    train, validation = set_aside(source)
    assert sorted(train + validation) == list(range(50)) and 2 <= len(validation) <= 20
    chosen = {source.name_of(index) for index in validation}
    for number in range(50, 60):  # more pictures move none of the old ones
        (tmp_path / f"A_{number}.png").write_bytes(png("A", number))
    (tmp_path / "A_copy.png").write_bytes(source.data(validation[0]))
    more = FolderSource(tmp_path)
    after = {more.name_of(index) for index in set_aside(more)[1]}
    assert chosen | {"A_copy.png"} <= after
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "A_0.png").write_bytes(png("A"))
    with pytest.raises(UsageError, match=r"no picture could be set aside .* --validation"):
        ready(str(tmp_path / "one"))


def test_the_same_bytes_stand_on_one_side_in_every_source(tmp_path: Path) -> None:
    # Alone, the small folder would set aside a larger share: pictures that the large one trains on.
    sides = []
    for name, count in (("large", 600), ("small", 100)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"A_{number:03d}.png").write_bytes(str(number).encode())  # only hashed
        source = FolderSource(tmp_path / name)
        sides.append({source.data(index) for index in set_aside(source, total=700)[1]})
    assert sides[1] and sides[1] == {each for each in sides[0] if int(each) < 100}


def test_a_handful_of_pictures_stands_on_both_sides(tmp_path: Path) -> None:
    """Whatever their hashes say: with 30 pairs, some pair falls wholly to either side."""
    for number in range(30):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in ("A_0.png", "A_1.png"):
            (folder / name).write_bytes(png("A", 2 * number + int(name[2])))
        train, validation = set_aside(FolderSource(folder))
        assert len(train) == len(validation) == 1
    for number in range(30):
        (tmp_path / str(number) / "A_1.png").unlink()
        with pytest.raises(UsageError, match=r"no picture (could be set aside|is left to train on)"):
            ready(str(tmp_path / str(number)))


def test_an_archive_of_real_pictures(schemes_dir: Path, tmp_path: Path) -> None:
    source = f"{schemes_dir / 'base64captcha-digit.tar'}?part=train"
    result = fit(source, out=tmp_path / "run", steps=3, **(TINY | {"width": 80}))
    info = Reader.open(result.model).info
    assert info.alphabet.characters == "0123456789" and info.lengths == (5, 5)
    assert info.figures["validation_images"] == 64 and info.scheme == {"sources": [source]}


def gif(text: str, seed: int) -> bytes:
    """An animation that shows one half of a picture at a time."""
    whole = draw(text, seed)
    frames = []
    for half in (slice(0, 40), slice(40, None)):
        frame = np.full_like(whole, 255)
        frame[:, half] = whole[:, half]
        frames.append(Image.fromarray(frame))
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return stream.getvalue()


def test_animations_are_fused_where_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "gifs"
    folder.mkdir()
    for number in range(24):
        (folder / f"AB_{number}.gif").write_bytes(gif("AB", number))
    assert ready(str(folder))[0].recipe.frames == "first"
    result = fit(str(folder), out=tmp_path / "run", steps=2, frames="fuse", **TINY)
    reader = Reader.open(result.model)
    assert reader.info.frames == load_recipe(result.run / "recipe.toml").frames == "fuse"
    plan, _ = ready(str(folder), frames="fuse", augment="none", validation=str(folder))
    fused = {plan.spec.apply(load_image(path, frames="fuse")).tobytes() for path in sorted(folder.iterdir())}
    assert plan.resting is not None
    for prepared in (plan.resting, plan.validation):
        assert {picture.tobytes() for picture in prepared.images} <= fused
    # Training goes on as the model began, unless told otherwise.
    assert ready(str(folder), start=str(result.run))[0].recipe.frames == "fuse"
    assert ready(str(folder), start=str(result.run), frames="first")[0].recipe.frames == "first"
    with pytest.raises(UsageError, match="opened with frames='first', the recipe has 'fuse'"):
        ready([FolderSource(folder)], frames="fuse")


def test_until_stops_early_and_stays_stopped(tmp_path: Path) -> None:
    told: Told = []
    run = tmp_path / "run"
    settings = TINY | {"steps": 2000, "validate_every": 20, "warmup": 0.02}
    result = fit(DIGITS, out=run, until=0.6, on_progress=told.append, **settings)
    assert result.steps < 1000 and result.steps % 20 == 0
    assert result.validation["sequence_accuracy"] >= 0.6
    assert f"at step {result.steps}" in messages(told)
    before = result.model.read_bytes()
    again = fit(out=run, resume=True, device="cpu")
    assert again.steps == result.steps and result.model.read_bytes() == before


def test_patience_ends_what_gains_nothing(trained: FitResult, tmp_path: Path) -> None:
    told: Told = []
    result = fit(
        DIGITS,
        out=tmp_path / "run",
        start=str(trained.run),
        on_progress=told.append,
        **(TINY | {"steps": 1000, "patience": 2, "validate_every": 2, "learning_rate": 0.5, "warmup": 0.0}),
    )
    assert result.steps < 500 and "no gain in 2 validations" in messages(told)
    # What is kept is the best of it, not the last.
    best = max(read_metrics(result.run / "metrics.csv")["validation_sequence_accuracy"][:-1])
    info = Reader.open(result.model).info
    assert info.figures["validation_sequence_accuracy"] == pytest.approx(best)
    assert info.training["best_step"] == result.steps - 4


def test_minutes_become_steps(tmp_path: Path) -> None:
    result = fit(DIGITS, out=tmp_path / "run", minutes=0.2, **TINY)
    stored = load_recipe(tmp_path / "run" / "recipe.toml")
    assert stored.minutes == 0.2 and stored.steps == result.steps >= 20
    assert decide_steps(recipe(minutes=2.0), 0.5, 1.0, 6.0) == (120 - 6 - 12 - 12) / 0.5
    assert decide_steps(recipe(minutes=2.0, steps=7), 0.5, 1.0, 6.0) == 7
    assert decide_steps(recipe(), 0.5, 1.0, 6.0) == DEFAULT_STEPS


def test_minutes_replace_the_steps_of_a_recipe(trained: FitResult) -> None:
    assert _asked(trained.run / "recipe.toml", {}).steps == STEPS
    assert _asked(trained.run / "recipe.toml", {"minutes": 5}).steps == 0
    with pytest.raises(UsageError, match="steps and minutes both"):
        _asked("compact", {"minutes": 5, "steps": 10})


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
        ({"channels": 3}, "differs in stages"),
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


@pytest.mark.parametrize(
    ("files", "settings", "error", "words"),
    [
        ({"AB_1.png": "", "A7_2.png": ""}, {"alphabet": "AB"}, LabelError, "outside the alphabet: 7"),
        ({"A_1.png": "", "_2.png": ""}, {}, LabelError, r"_2\.png: the label is empty.*captchalab check"),
        ({"A_1.png": "", "A\u202eB_2.png": ""}, {}, LabelError, r"U\+202E"),
        ({"A_1.png": "no picture"}, {}, UsageError, "no picture of .* can be read: captchalab check"),
        ({"ABCDEFGHIJK_1.png": "", "AB_2.png": ""}, {}, UsageError, "at least 21 steps"),
    ],
    ids=["outside", "empty", "invisible", "unreadable", "too long"],
)
def test_bad_labels_and_pictures_get_one_line(
    files: dict[str, str], settings: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    for name, content in files.items():
        (tmp_path / "set" / name).write_bytes(content.encode() or png("A"))
    with pytest.raises(error, match=words) as caught:
        fit(str(tmp_path / "set"), out=tmp_path / "run", **(TINY | settings))
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_drawn_sources_declare_what_a_glance_would_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = "".join(map(chr, range(0x4E00, 0x4E00 + 900)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn_by_others.py").write_text(
        "from PIL import Image\n"
        "def draw(text):\n    return Image.new('L', (64, 32), len(text))\n"
        "def choose():\n    return Image.new('L', (64, 32)), 'xy'\n"
    )
    source = open_source(f"python:drawn_by_others:draw?alphabet={rare}&length=2-6")
    plan = make_plan(recipe(frames="first"), [source], "float32", lambda _text: None)
    assert plan.alphabet.characters == rare and plan.lengths == (2, 6)
    own = open_source("python:drawn_by_others:choose?alphabet=digits")
    plan = make_plan(recipe(frames="first"), [own], "float32", lambda _text: None)
    assert plan.alphabet.characters == "xy" and plan.lengths == (2, 2)
    scheme = open_source("scheme:lepture?alphabet=alnum&length=1-7")
    plan = make_plan(recipe(frames="first", max_length=8), [scheme], "float32", lambda _text: None)
    assert len(plan.alphabet) == 62 and plan.lengths == (1, 8)
    scheme = open_source("scheme:lepture?alphabet=digits&length=50")
    assert (
        make_plan(recipe(frames="first", width=0), [scheme], "float32", lambda _text: None).spec.width == 408
    )
    with pytest.raises(UsageError, match="max_length=8: the sources have texts of 50"):
        make_plan(recipe(frames="first", max_length=8), [scheme], "float32", lambda _text: None)
    with pytest.raises(LabelError, match="outside the alphabet: A, B"):
        ready("scheme:lepture?alphabet=AB0&length=1", alphabet="digits")


@pytest.mark.parametrize(
    ("rare", "words"), [("xZ", "outside the alphabet: Z.*--alphabet"), ("xyx", "max_length")]
)
def test_drawn_texts_that_the_glance_missed(
    rare: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = f"rare_{len(rare)}"
    (tmp_path / f"{module}.py").write_text(
        "from PIL import Image\nseen = []\n"
        "def choose():\n    seen.append(1)\n"
        f"    return Image.new('L', (64, 32)), 'xy' if len(seen) < 520 else '{rare}'\n"
    )
    with pytest.raises(LabelError, match=words):
        fit(f"python:{module}:choose", out=tmp_path / "run", steps=20, **TINY)


def test_memory_that_runs_out_names_what_to_lower(tmp_path: Path) -> None:
    allocations: list[Callable[[], object]] = [
        lambda: torch.empty(2**50, dtype=torch.uint8),
        lambda: bytearray(2**62),
    ]
    for allocate in allocations:
        with pytest.raises(OutOfMemory, match=r"^out of memory: lower --batch.*width="), explaining_memory():
            allocate()
    with pytest.raises(RuntimeError, match="something else"), explaining_memory():
        raise RuntimeError("something else")
    with pytest.raises(OutOfMemory, match="lower --batch"):
        fit(DIGITS, out=tmp_path, **(TINY | {"network": "cnn", "options": {"dense": 10**12}}))


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    plan, state = ready(DIGITS, steps=10)
    with torch.no_grad():
        state.network.head.linear.bias[0] = float("nan")
    images = torch.zeros((2, *plan.spec.shape), dtype=torch.uint8)
    with pytest.raises(RunError, match="the loss became nan at step 0: lower learning_rate"):
        train_step(state, plan.recipe, (images, torch.tensor([[1], [2]]), torch.tensor([1, 1])))


def test_generated_pictures_train_like_drawn_ones(tmp_path: Path) -> None:
    generate(open_source(DIGITS), tmp_path / "drawn", 40, workers=1)
    plan, _ = ready([str(tmp_path / "drawn"), DIGITS])
    assert plan.resting is not None and len(plan.drawn) == 1
    source = open_source(DIGITS)
    assert {plan.spec.apply(source.sample(index).image).tobytes() for index in range(40)} >= {
        picture.tobytes() for picture in plan.resting.images
    }
