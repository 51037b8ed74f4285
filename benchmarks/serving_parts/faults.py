"""Tasks of benchmarks/serving.py about clients that misbehave."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from recording import print_table, say

from captchalab.serving.loadtest.load import Stage
from captchalab.serving.loadtest.run import Done, run_stages
from serving_parts.chaos import chaos, hold
from serving_parts.common import pictures_for
from serving_parts.processes import OWN, running

HELD = 50


def run_chaos(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """Requests good and bad, and clients that go."""
    pictures, _ = pictures_for(settings, settings.requests, settings.model)
    with running([*OWN, *([settings.model] if settings.model else [])], core, work) as server:
        found = asyncio.run(chaos(server.url, pictures, requests=settings.requests, workers=32, seed=1))
        found["faults"] = server.faults()
    rows = [
        (side, kind, f"{count:,}")
        for side in ("good", "bad", "hung_up")
        for kind, count in found[side].items()
    ]
    print_table(("side", "what came of it", "requests"), rows)
    say(f"unexpected: {len(found['unexpected'])}, faults in the log: {len(found['faults'])}")
    return found


def run_held(settings: argparse.Namespace, core: int | None, work: Path) -> dict[str, Any]:
    """Connections that are held open, in the header and in the body, while good requests pass."""
    pictures, _ = pictures_for(settings, 500, settings.model)
    with running([*OWN, *([settings.model] if settings.model else [])], core, work) as server:

        async def both() -> tuple[dict[str, Any], list[Done]]:
            load = run_stages(server.url, pictures, [Stage(settings.seconds, rate=20)])
            return await asyncio.gather(hold(server.url, pictures.data[0], HELD), load)

        held, (meanwhile,) = asyncio.run(both())
        figures = held | {"held": HELD, "while_held": meanwhile.figures, "faults": server.faults()}
    good = meanwhile.figures
    print_table(
        ("held", *held, "good requests", "answered", "p99 ms"),
        [
            (
                str(HELD),
                *(str(value) for value in held.values()),
                str(good["requests"]),
                str(good["ok"]),
                str((good["milliseconds"]["total"] or {}).get("p99", "-")),
            )
        ],
    )
    return figures
