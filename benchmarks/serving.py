"""The server under load, on one core; the load on the others, over loopback.

    python benchmarks/serving.py throughput    beside a plain Flask service and the reader alone
    python benchmarks/serving.py overload      up to five times the capacity; a slow model, the small one
    python benchmarks/serving.py chaos         10,000 requests, 30% bad, clients that hang up
    python benchmarks/serving.py held          50 connections that send a byte a second, among good requests
    python benchmarks/serving.py fuzz          what schemathesis makes up from the OpenAPI description
    python benchmarks/serving.py swaps         100 changes of the model under half the capacity, some broken
    python benchmarks/serving.py memory        30 minutes at 70% of the capacity

Prints a Markdown table, and writes the load test's report with its pictures into the work folder. The peer
needs Flask: pip install flask; the fuzzer is a command of its own: pipx install schemathesis.
`--seconds 2 --rounds 1` tries a task out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recording import ROOT, Record, add_places, run_main
from serving_parts.faults import run_chaos, run_held
from serving_parts.fuzz import run_fuzz
from serving_parts.processes import split_cores
from serving_parts.tasks import run_memory, run_overload, run_swaps, run_throughput

TASKS: dict[str, Callable[[argparse.Namespace, int | None, Path], dict[str, Any]]] = {
    "throughput": run_throughput,
    "overload": run_overload,
    "chaos": run_chaos,
    "held": run_held,
    "fuzz": run_fuzz,
    "swaps": run_swaps,
    "memory": run_memory,
}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument(
        "--model", metavar="FILE", help="the model that is served (overload: both, without it)"
    )
    parser.add_argument(
        "--source", default="scheme:lepture", metavar="SOURCE", help="where pictures come from"
    )
    parser.add_argument("--pictures", type=int, help="different pictures (2000; chaos: one for each request)")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long one load lasts")
    parser.add_argument("--rounds", type=int, default=3, help="throughput: rounds, of which medians are told")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64], help="throughput")
    parser.add_argument("--requests", type=int, default=10_000, help="chaos")
    parser.add_argument(
        "--examples", type=int, default=100, help="fuzz: most requests an operation and phase"
    )
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=30.0, help="memory")
    parser.add_argument("--no-peer", action="store_true", help="throughput: leave Flask out")
    add_places(parser)
    return parser.parse_args()


def main() -> None:
    """Measure, print, record."""
    settings = parse()
    record = Record(__file__, settings.results)
    work = ROOT / settings.work / "serving"
    record.write(settings.task, TASKS[settings.task](settings, split_cores(), work))


if __name__ == "__main__":
    run_main(main)
