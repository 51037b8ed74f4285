"""How to train, as one frozen dataclass. Recipe files hold only what differs from its defaults."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import tomli_w

from captchalab.errors import UsageError, suggest
from captchalab.files import write_atomic
from captchalab.reading.image import FRAMES


def _setting(text: str, default: Any = MISSING, **more: Any) -> Any:
    return field(default=default, metadata={"help": text}, **more)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training. Each field's help text is in its metadata."""

    network: str = _setting("name of the network", "compact")
    options: dict[str, Any] = _setting("options of the network", default_factory=dict)
    sources: tuple[str, ...] = _setting("where the pictures come from", ())
    validation: str = _setting("source of the validation pictures; empty: set aside from the sources", "")
    start: str = _setting("model file or run to start from, or 'scratch'", "scratch")
    alphabet: str = _setting("characters to learn, a preset, or a file; empty: those in use", "")
    max_length: int = _setting("longest text to be read; 0: the longest in use", 0)

    height: int = _setting("height of the network's input in pixels; 0: by the network's default", 0)
    width: int = _setting("width of the network's input in pixels; 0: by the pictures' aspect", 0)
    channels: int = _setting("1 for grey, 3 for colour", 1)
    fit: str = _setting("'stretch' or 'pad'; empty: pad where the pictures' sizes differ", "")
    frames: str = _setting(
        "animations: 'first' or 'fuse' their frames; empty: as the model started from, else first", ""
    )
    augment: str = _setting(
        "'none', 'light', 'strong' or 'distorted'; empty: none for drawn pictures, light for others", ""
    )
    balance: float = _setting(
        "pictures at rest with rare characters come more often: 0 all alike, 1 by how rare they are", 0.0
    )

    steps: int = _setting("number of steps; 0: from minutes, or 4000", 0)
    minutes: float = _setting("wall clock for the whole training; its steps follow from its speed", 0.0)
    until: float = _setting("stop at this validation sequence accuracy; 0: never", 0.0)
    patience: int = _setting("stop after so many validations without gain; 0: never", 10)
    batch: int = _setting("pictures a step", 128)
    optimizer: str = _setting("'adamw', 'radam', 'adam' or 'sgd' (with momentum 0.9)", "adamw")
    learning_rate: float = _setting("peak learning rate", 3e-3)
    start_rate: float = _setting(
        "share of the learning rate for what came from the start model; what is new learns at the full rate",
        1.0,
    )
    schedule: str = _setting(
        "the learning rate after its warm-up: 'cosine' (falls to nearly 0), 'step', 'plateau' or 'constant'",
        "cosine",
    )
    warmup: float = _setting("share of the steps in which the learning rate rises", 0.15)
    decay: float = _setting("what 'step' and 'plateau' multiply the learning rate by at each cut", 0.1)
    decay_every: float = _setting(
        "share of the steps after which 'step' cuts the learning rate, each time", 0.5
    )
    plateau: int = _setting("validations without gain after which 'plateau' cuts the learning rate", 2)
    weight_decay: float = _setting("of weights: decoupled for adamw and radam, L2 for adam and sgd", 0.01)
    label_smoothing: float = _setting(
        "share of each target that is spread over all classes; for CTC, of the loss that draws each step's "
        "scores towards uniform (begin at 0.01)",
        0.0,
    )
    teacher: str = _setting("model file or run to learn from as well (distillation); empty: none", "")
    teacher_weight: float = _setting("share of the teacher in the loss", 0.5)
    temperature: float = _setting(
        "what softens the scores of teacher and network before they are compared", 2.0
    )
    clip: float = _setting("largest norm of the gradient", 2.0)
    average: float = _setting("decay of the averaged weights (EMA); 0: no averaging", 0.99)
    precision: str = _setting("'float32', 'bfloat16' or 'auto' (bfloat16 where the processor has it)", "auto")
    validate_every: int = _setting(
        "steps between validations; 0: twelve in all, fewer if they took over a tenth of the minutes", 0
    )
    validation_pictures: int = _setting("pictures of a validation, at most", 1000)
    save_every: int = _setting("steps between checkpoints; 0: with each validation", 0)
    workers: int = _setting(
        "processes that prepare pictures beside the training; -1: one for each further core", -1
    )
    weights: str = _setting("how the model file stores weights: 'float16' or 'float32'", "float16")
    seed: int = _setting("seed of weights, order and drawn pictures", 0)

    def __post_init__(self) -> None:
        _choice("precision", self.precision, ("auto", "float32", "bfloat16"))
        _choice("weights", self.weights, ("float16", "float32"))
        _choice("augment", self.augment, ("", "none", "light", "strong", "distorted"))
        _choice("optimizer", self.optimizer, ("adamw", "radam", "adam", "sgd"))
        _choice("schedule", self.schedule, ("cosine", "step", "plateau", "constant"))
        _choice("fit", self.fit, ("", "stretch", "pad"))
        _choice("frames", self.frames, ("", *FRAMES))
        _between("channels", self.channels, 1, 3)
        _between("steps", self.steps, 0, 100_000_000)
        _between("minutes", self.minutes, 0, 100_000)
        _between("until", self.until, 0, 1)
        _between("patience", self.patience, 0, 1_000_000)
        _between("batch", self.batch, 1, 65_536)
        _between("learning_rate", self.learning_rate, 1e-8, 1)
        _between("start_rate", self.start_rate, 0, 1)
        _between("warmup", self.warmup, 0, 0.9)
        _between("decay", self.decay, 1e-3, 1)
        _between("decay_every", self.decay_every, 1e-3, 1)
        _between("plateau", self.plateau, 1, 1_000_000)
        _between("label_smoothing", self.label_smoothing, 0, 0.9)
        _between("teacher_weight", self.teacher_weight, 0, 1)
        _between("temperature", self.temperature, 0.1, 100)
        _between("balance", self.balance, 0, 1)
        _between("weight_decay", self.weight_decay, 0, 1)
        _between("clip", self.clip, 1e-3, 1e6)
        _between("average", self.average, 0, 0.99999)
        _between("validate_every", self.validate_every, 0, 100_000_000)
        _between("validation_pictures", self.validation_pictures, 1, 1_000_000)
        _between("save_every", self.save_every, 0, 100_000_000)
        _between("workers", self.workers, -1, 256)
        _between("seed", self.seed, 0, 2**62)
        _between("max_length", self.max_length, 0, 64)
        if self.height or self.width:
            _between("height", self.height or 48, 8, 512)
            _between("width", self.width or 128, 8, 2048)

    def with_changes(self, **changes: Any) -> Recipe:
        """A copy with some settings changed. Raises ``UsageError`` for unknown names or wrong values."""
        known = {each.name: each for each in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise suggest(name, list(known), "recipe setting")
            changes[name] = _converted(known[name], value)
        return replace(self, **changes)

    def save(self, path: Path) -> None:
        """As a complete, re-runnable TOML file with a comment for each setting."""
        lines = ["# A complete recipe: captchalab train --recipe THIS_FILE\n"]
        for each in fields(self):
            value = getattr(self, each.name)
            text = tomli_w.dumps({each.name: list(value) if isinstance(value, tuple) else value})
            if each.name == "options":  # a TOML table would swallow the settings after it
                text = f"options = {_inline_table(value)}\n"
            lines.append(f"\n# {each.metadata['help']}\n{text}")
        write_atomic(path, "".join(lines).encode())


def load_recipe(name: str | Path) -> Recipe:
    """A bundled recipe by name, or a TOML file by path. Raises ``UsageError``."""
    return Recipe().with_changes(**read_settings(name))


def bundled_recipes() -> dict[str, Traversable]:
    """The recipe files of this package by name."""
    return {
        Path(entry.name).stem: entry
        for entry in resources.files("captchalab.training").joinpath("recipes").iterdir()
        if entry.name.endswith(".toml")
    }


def read_settings(name: str | Path) -> dict[str, Any]:
    """What a bundled recipe or a TOML file states, unchecked. Raises ``UsageError`` where there is none."""
    bundled = bundled_recipes()
    path = Path(name)
    if str(name) in bundled:
        data = bundled[str(name)].read_bytes()
    elif path.suffix == ".toml" and path.is_file():
        data = path.read_bytes()
    elif path.suffix == ".toml":
        raise UsageError(f"no recipe file {path}. Bundled recipes: {', '.join(sorted(bundled))}")
    else:
        raise UsageError(
            f"{suggest(str(name), list(bundled), 'recipe')}; or a file of your own, NAME.toml (a network by "
            "itself: network = 'backbone', options = {model = 'resnet18'})"
        )
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError(f"the recipe {name} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the recipe {name} is not valid TOML: {error}") from None


def _converted(setting: Field[Any], value: Any) -> Any:
    """``value`` in the type of the setting's default; TOML and the shell know fewer types."""
    wanted = setting.type
    if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted == "tuple[str, ...]" and isinstance(value, list | tuple):
        return tuple(str(each) for each in value)
    expected = {"str": str, "int": int, "float": float, "dict[str, Any]": dict}.get(str(wanted))
    if expected is None or not isinstance(value, expected) or isinstance(value, bool):
        raise UsageError(f"the recipe setting {setting.name} must be of type {wanted}; got {value!r}")
    return value


def _inline_table(values: dict[str, Any]) -> str:
    pairs = (tomli_w.dumps({key: value}).strip() for key, value in values.items())
    return "{ " + ", ".join(pairs) + " }" if values else "{}"


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{name}={value!r}: allowed are {', '.join(repr(each) for each in allowed)}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name}={value}: allowed is {low:g} to {high:g}")
