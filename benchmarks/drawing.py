"""How fast samples are drawn: scheme:lepture against the Python package captcha, which it looks like.

    python benchmarks/drawing.py [--seconds 2] [--repeats 7]

Both draw 160x60 pictures of 4 characters (digits and capitals) in this process, on one thread, turn by
turn, so that a busy machine slows both. Drawing ends with an uint8 RGB array in memory; an audit hook
counts files opened for writing, which must be none. Prints one table and, last, one line of JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
from captcha.image import ImageCaptcha

from captchalab.reading.alphabet import Alphabet
from captchalab.synth.source import SchemeSource

CHARACTERS = Alphabet.parse("digits+upper").characters
AT_A_TIME = 64
"""Pictures asked for together, as a batch of a training is."""
files_written = 0


def count_writes(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: counts files opened for writing."""
    global files_written
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        files_written += 1


Draw = Callable[[range], Iterable[object]]


def theirs() -> Draw:
    """Pictures of the package captcha, as arrays."""
    captcha, rng = ImageCaptcha(160, 60), random.Random(1)
    return lambda numbers: (
        np.asarray(captcha.generate_image("".join(rng.choices(CHARACTERS, k=4)))) for _ in numbers
    )


def ours(scheme: str) -> Draw:
    """Pictures of a scheme, many asked for together, as a training does."""
    return SchemeSource(scheme, {"alphabet": "digits+upper", "length": "4", "seed": "1"}).samples


def singly(draw: Draw) -> Draw:
    """The same, each asked for by itself."""
    return lambda numbers: itertools.chain.from_iterable(draw(range(n, n + 1)) for n in numbers)


def rate(draw: Draw, seconds: float) -> float:
    """Pictures per second."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in draw(range(count, count + AT_A_TIME)):
            count += 1
    return count / (time.perf_counter() - start)


def main() -> int:
    """Measure, print, and fail if a file was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one turn")
    parser.add_argument("--repeats", type=int, default=7, help="turns of each")
    settings = parser.parse_args()
    cv2.setNumThreads(1)
    drawers = {
        "captcha": theirs(),
        "scheme:lepture": ours("lepture"),
        "lepture, one by one": singly(ours("lepture")),
        "scheme:tangle": ours("tangle"),
    }
    for draw in drawers.values():
        rate(draw, 0.5)  # fonts and clean glyphs are loaded
    sys.addaudithook(count_writes)
    rates: dict[str, list[float]] = {name: [] for name in drawers}
    for _ in range(settings.repeats):
        for name, draw in drawers.items():
            rates[name].append(rate(draw, settings.seconds))
    rows = {}
    for name, values in rates.items():
        ratios = [value / peer for value, peer in zip(values, rates["captcha"], strict=True)]
        rows[name] = {
            "pictures_per_second": round(statistics.median(values)),
            "milliseconds": round(1000 / statistics.median(values), 3),
            "ratio": round(statistics.median(ratios), 2),
            "ratio_low": round(min(ratios), 2),
            "ratio_high": round(max(ratios), 2),
        }
    print(
        f"{'one core, one thread':<22}{'pictures/s':>12}{'ms each':>10}{'ratio':>8}{'(lowest..highest)':>20}"
    )
    for name, row in rows.items():
        low_high = f"({row['ratio_low']:.1f}..{row['ratio_high']:.1f})"
        print(
            f"{name:<22}{row['pictures_per_second']:>12,}{row['milliseconds']:>10.3f}"
            f"{row['ratio']:>8.1f}{low_high:>20}"
        )
    print(f"files written while drawing: {files_written}")
    print(json.dumps({"rows": rows, "files_written": files_written}))
    return 0 if files_written == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
