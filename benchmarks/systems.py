"""Each system of the field on its own setting: its network as built here, and compact for a tenth of it.

    python benchmarks/systems.py 1 [--network own|compact]
    python benchmarks/systems.py 2-digits --network compact
    python benchmarks/systems.py table

systems.toml holds the settings. `own` trains the recipe of the system's network up to a stated number of
pictures, which is less than the system saw where two cores would need hours; `compact` trains ours with a
tenth of the multiply-adds that the system's own training took, or less. Where the system had a fixed set,
it is drawn by the Python package captcha, which draws all test pictures; where it drew as it went, training
pictures are drawn by scheme:lepture, or are those that compact's recipe names. A training that has a line is
not repeated, one that was stopped goes on. `table` prints all lines, and the curves in pictures seen.
"""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accuracy import CAPTCHA, TEST_SEED, TRAINING_SEED
from recording import (
    ROOT,
    Record,
    add_places,
    draw_folder,
    find_figures,
    percent,
    print_table,
    run_main,
    say,
    with_interval,
)
from trials import add_threads, run_folder, test, train

from captchalab.training.recipe import load_recipe, read_settings

TENTH = 0.1
RECIPES = "benchmarks/recipes"


@dataclass(frozen=True)
class System:
    """A published figure, its setting, and the budgets here.

    ``seen`` counts the pictures of the system's own training, repetitions included; ``budget`` those that
    its network gets here, ``most`` those that compact gets at most. ``drawn`` is the size of a fixed set.
    """

    setting: str
    scene: str
    own: str
    compact: str
    published: float
    seen: int
    seen_from: str
    budget: int
    most: int
    tested: int
    drawn: int = 0
    changes: dict[str, Any] = field(default_factory=dict)
    """Settings of its network's recipe that belong to the setting, or to a budget far below the system's."""


SYSTEMS = {
    name: System(**facts)
    for name, facts in tomllib.loads(
        (ROOT / "benchmarks" / "systems.toml").read_text(encoding="utf-8")
    ).items()
}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", choices=(*SYSTEMS, "table"))
    parser.add_argument("--network", choices=("own", "compact"), default="own")
    parser.add_argument("--recipe", metavar="FILE", help="another recipe than the system's or compact's")
    parser.add_argument("--pictures", type=int, help="pictures of the training, repetitions included")
    parser.add_argument("--drawn", type=int, help="size of the fixed set, for a try")
    parser.add_argument("--tested", type=int, help="fresh test pictures")
    add_threads(parser)
    add_places(parser)
    return parser.parse_args()


def recipe_of(system: System, settings: argparse.Namespace) -> str:
    """A bundled recipe's name, or a file."""
    if settings.recipe:
        return str(Path(settings.recipe).absolute())
    return system.own if settings.network == "own" else str(ROOT / RECIPES / f"{system.compact}.toml")


def changes_of(system: System, settings: argparse.Namespace) -> dict[str, Any]:
    """Settings that go before those of the recipe."""
    return system.changes if settings.network == "own" else {}


def conditions_of(system: System, settings: argparse.Namespace) -> dict[str, Any]:
    """What makes a line the one that is asked for."""
    return {
        "recipe": read_settings(recipe_of(system, settings)) | changes_of(system, settings),
        "pictures": settings.pictures or (system.budget if settings.network == "own" else None),
        "drawn": settings.drawn or system.drawn,
        "tested": settings.tested or system.tested,
        "threads": settings.threads,
    }


def sources_of(system: System, conditions: dict[str, Any], work: Path) -> list[str]:
    """The fixed set, drawn by the package; else the recipe's own, or ours, drawn as the training goes."""
    count = conditions["drawn"]
    if not count:
        return list(conditions["recipe"].get("sources", [f"scheme:lepture?{system.scene}"]))
    source = f"{CAPTCHA}?{system.scene}&seed={TRAINING_SEED}"
    scene = system.scene.replace("&", "-").replace("=", "-").replace("+", "-")
    return [str(draw_folder(source, work / f"{scene}-{count}", count))]


def multiply_adds_of(system: System, recipe: str, changes: dict[str, Any], work: Path, threads: int) -> int:
    """Of one picture in the network of a recipe: counted in a model file, after a single step."""
    sources = [f"scheme:lepture?{system.scene}"]
    changes = {"steps": 1, "batch": 2, "validation_pictures": 2, **changes}
    run = run_folder(work, "probe", {**changes, "sources": sources, "recipe": read_settings(recipe)})
    _, cost = train(sources, recipe, run, threads, validation="", **changes)
    return int(cost["multiply_adds_a_picture"])


def measure(name: str, settings: argparse.Namespace, conditions: dict[str, Any]) -> dict[str, Any]:
    """Train, test, and say what it cost beside what the system's own training cost."""
    system, threads = SYSTEMS[name], settings.threads
    work = ROOT / settings.work / "systems"
    recipe = recipe_of(system, settings)
    own, changes = settings.network == "own", changes_of(system, settings)
    its = multiply_adds_of(system, system.own, system.changes, work, threads)
    here = its if own else multiply_adds_of(system, recipe, {}, work, threads)
    pictures = conditions["pictures"] or min(system.most, int(TENTH * system.seen * its / here))
    model, cost = train(
        sources_of(system, conditions, work),
        recipe,
        run_folder(work, f"{name}-{settings.network}", conditions),
        threads,
        steps=max(1, pictures // load_recipe(recipe).with_changes(**changes).batch),
        **changes,
    )
    fresh = f"{CAPTCHA}?{system.scene}&seed={TEST_SEED}"
    return {
        "network_of": settings.network,
        "published": system.published,
        "pictures_published": system.seen,
        "pictures_published_from": system.seen_from,
        "share_of_compute": cost["multiply_adds"] / (system.seen * its),
        **test(model, fresh, conditions["tested"]),
        **cost,
    }


def show(results: str) -> None:
    """Each system and network with the recipe and budget of systems.toml as a table, and the curves."""
    rows, curves = [], []
    for name, system in SYSTEMS.items():
        for network in ("own", "compact"):
            figures = _last_figures(results, name, network)
            cells = _cells(figures) if figures else ("not measured yet", *["-"] * 5)
            rows.append((name, system.setting, network, f"{100 * system.published:.6g}%", *cells))
            if figures is None:
                continue
            points = " ".join(f"{seen:,}:{percent(share)}" for seen, share in figures["curve"])
            curves.append((name, figures["network"]["name"], points))
    print_table(
        (
            *("system", "setting", "network", "published or wanted", "read right (95%)", "wrong"),
            *("trained on", "of the system's compute", "processor time", "file"),
        ),
        rows,
    )
    if curves:
        print()
        print_table(("system", "network", "pictures seen: read right of the validation"), curves)


def _last_figures(results: str, name: str, network: str) -> dict[str, Any] | None:
    """Tries with other recipes and budgets are none of a system's figures."""
    settings = argparse.Namespace(
        network=network, recipe=None, pictures=None, drawn=None, tested=None, threads=1
    )
    wanted = conditions_of(SYSTEMS[name], settings)
    return find_figures(__file__, results, f"system {name} {network}", wanted)


def _cells(figures: dict[str, Any]) -> tuple[str, ...]:
    wrong = figures["images"] - round(figures["sequence_accuracy"] * figures["images"])
    return (
        f"{with_interval(figures)}",
        f"{wrong:,} of {figures['images']:,}",
        f"{figures['training_pictures']:,} of {figures['pictures_published']:,} "
        f"({figures['pictures_published_from']})",
        f"{100 * figures['share_of_compute']:.1f}%",
        f"{figures['processor_seconds'] / 60:.1f} minutes",
        f"{figures['model_bytes'] / 1e6:.2f} MB",
    )


def main() -> None:
    """Train and test one network on one setting, unless there is a line of it; print all lines."""
    settings = parse()
    if settings.system != "table":
        name = f"system {settings.system} {settings.network}"
        conditions = conditions_of(SYSTEMS[settings.system], settings)
        record = Record(__file__, settings.results)
        if find_figures(__file__, settings.results, name, conditions) is None:
            figures = measure(settings.system, settings, conditions)
            record.write(name, {"conditions": conditions, **figures})
        else:
            say(f"{name} is measured already")
    show(settings.results)


if __name__ == "__main__":
    run_main(main)
