"""Tasks of benchmarks/serving.py about speed and endurance: settings, core, folder -> figures, a table."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from recording import print_table, say

from captchalab import Reader
from captchalab.reading.modelpath import find_model
from captchalab.serving.loadtest.pictures import Pictures
from serving_parts import strain, throughput
from serving_parts.common import pictures_for, report
from serving_parts.processes import FLASK, OWN, running

SLOW = {"options": {"size": "large"}, "width": 256, "height": 96}
"""A network that takes well over 5 ms a picture on one core."""


def run_throughput(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """Ours, Flask's own server, and Flask on granian."""
    pictures, (reader,) = pictures_for(settings, 2_000, settings.model)
    model = [settings.model] if settings.model else []
    option = ["--model", *model] if model else []
    with running([*OWN, *model], core, work) as own:
        urls = {"captchalab": own.url}
        if settings.no_peer:
            figures = _compare(settings, urls, pictures, reader, core)
        else:
            with (
                running([*FLASK, *option], core, work) as flask,
                running([*FLASK, "--granian", *option], core, work) as granian,
            ):
                urls |= {"flask": flask.url, "flask_on_granian": granian.url}
                figures = _compare(settings, urls, pictures, reader, core)
    print_table(
        (
            "body",
            "clients",
            *(f"{name}: requests/s, p50, p99 ms, processor ms" for name in urls),
            "times as many",
            "of in-process",
        ),
        [
            (
                row["body"],
                str(row["clients"]),
                *(_speed(row[name]) for name in urls),
                ", ".join(f"{ratio:.2f}" for ratio in row["ratios"].values()),
                f"{row['share_of_in_process']:.0%}",
            )
            for row in figures["rows"]
        ],
    )
    say(
        f"in process {figures['in_process_per_second']:,.0f}/s, "
        f"{figures['in_process_processor_ms']:.2f} ms of processor time each; "
        f"batches of {figures['batch']} over HTTP {figures['batches_per_second']:,.0f}/s, "
        f"{figures['batches_share']:.0%} of those in process"
    )
    return figures


def run_overload(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """The curve of each model."""
    slow = strain.make_model(work / "slow-model", **SLOW)
    models = [settings.model] if settings.model else [str(slow), "small"]
    figures = {}
    for model in models:
        pictures, (reader,) = pictures_for(settings, 500, model)
        name = Path(model).parent.name if model == str(slow) else Path(model).stem
        with running([*OWN, model], core, work) as server:
            found, done = strain.overload(server.url, pictures, settings.seconds)
        figures[name] = found | {"sha256": reader.sha256}
        report(done, work / f"overload-{name}")
        say(
            f"{name}: capacity {found['capacity_per_second']:,.1f}/s, "
            f"peak {found['peak_per_second']:,.1f}/s, "
            f"all well {found['recovered_after_seconds']:.2f} s after the overload"
        )
        print_table(
            (
                "load",
                "answered/s",
                "of the peak",
                "p50 ms",
                "p99 ms",
                "refused",
                "refused in, p99 ms",
                "failed",
                "most memory MiB",
                "sent late, p99 ms",
            ),
            [_overload_row(row) for row in found["rows"]],
        )
    return figures


def run_swaps(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """One file of a watched folder changes."""
    files = ["small", str(strain.make_model(work / "tiny-model", options={"size": "tiny"}))]
    pictures, _ = pictures_for(settings, 500, *files)
    folder = work / "swapped"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "swapped.onnx"
    models = [_model_bytes(each) for each in files]
    file.write_bytes(models[0])
    with running([*OWN, str(folder)], core, work) as server:

        def loaded() -> str:
            with urlopen(f"{server.url}/v1/models", timeout=60) as response:
                return str(json.load(response)["models"][0]["sha256"])

        figures, done = strain.swaps(
            server.url,
            pictures,
            file,
            models,
            count=settings.swaps,
            every=settings.seconds / 10,
            loaded=loaded,
        )
    report(done, work / "swaps")
    print_table(
        ("good files", "taken up", "slowest, s", "broken files", "failed calls", "how calls ended"),
        [
            (
                str(figures["swaps"] - figures["broken"]),
                str(figures["taken_up"]),
                f"{figures['slowest_seconds']:.2f}",
                str(figures["broken"]),
                str(figures["failed"]),
                ", ".join(f"{kind}: {count:,}" for kind, count in figures["ended"].items()),
            )
        ],
    )
    return figures


def run_memory(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """Memory and open files over time."""
    pictures, _ = pictures_for(settings, 2_000, settings.model)
    with running([*OWN, *([settings.model] if settings.model else [])], core, work) as server:
        figures, done = strain.soak(server.url, pictures, settings.minutes, 0.7)
    report(done, work / "memory")
    seen = figures["server"] or {}
    print_table(
        ("requests", "failed", "answered/s", *seen),
        [
            (
                f"{figures['requests']:,}",
                str(figures["failed"]),
                f"{figures['ok_per_second']:.1f}",
                *(str(value) for value in seen.values()),
            )
        ],
    )
    return figures


def _compare(
    settings: argparse.Namespace, urls: dict[str, str], pictures: Pictures, reader: Reader, core: int | None
) -> dict[str, Any]:
    return throughput.compare(
        urls,
        pictures,
        reader,
        core,
        clients=settings.clients,
        seconds=settings.seconds,
        rounds=settings.rounds,
    )


def _model_bytes(model: str) -> bytes:
    return find_model(model)[0]


def _speed(figures: dict[str, Any]) -> str:
    errors = sum(figures["errors"].values())
    text = f"{figures['per_second']:,.0f}, {_ms(figures['p50'])}, {_ms(figures['p99'])}"
    text += f", {figures['processor_ms'] or 0:.2f}"
    return f"{text} ({errors} errors)" if errors else text


def _overload_row(row: dict[str, Any]) -> tuple[str, ...]:
    total, refused = row["milliseconds"]["total"] or {}, row["refused_milliseconds"] or {}
    return (
        f"{row['share']:g} x",
        f"{row['ok_per_second']:,.1f}",
        f"{row['goodput']:.0%}",
        _ms(total.get("p50")),
        _ms(total.get("p99")),
        f"{row['requests'] - row['ok'] - row['failed']:,}",
        _ms(refused.get("p99")),
        f"{row['failed']:,}",
        str((row["server"] or {}).get("memory_mib_most", "-")),
        _ms((row["sent_late_milliseconds"] or {}).get("p99")),
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
