"""How long a picture takes, from the bytes of its PNG to its text, on one core; ddddocr in the same run.

    python benchmarks/reading.py [--model FILE] [--sizes 160x60 170x80] [--pictures 2000]

The pictures are drawn by the Python package captcha, all different, with the model's alphabet and
lengths. This process is bound to one core (where the system can) and all libraries to one thread. One
picture at a time, in turns of 50: the whole way, the same way stage by stage, then ddddocr with its
default model. Then the same pictures in batches. Prints two Markdown tables.

ddddocr is installed by: pip install --no-deps -r benchmarks/requirements.txt
"""

from __future__ import annotations

import os

# Before numpy and OpenCV are loaded.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import itertools
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import cv2
from foreign.ocr import open_ddddocr
from recording import Record, add_places, percent, print_table, run_main, say

from captchalab.errors import UsageError
from captchalab.reading.decode import decode
from captchalab.reading.image import load_image
from captchalab.reading.metrics import Tally
from captchalab.reading.modelpath import find_model
from captchalab.reading.reader import Reader
from captchalab.samples.writer import encode_png
from captchalab.synth.python_source import PythonSource

TURN = 50
"""Pictures that one side reads before it is the other's turn."""
STAGES = ("decode the PNG", "input spec", "network", "decode the scores")
BATCHES = (16, 64, 256)
BATCH_TURNS = 3
SEED = 4_000
Pair = tuple[bytes, str]
Read = Callable[[bytes], str]


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", metavar="FILE", help="a model file, run or bundled name (default: small)")
    parser.add_argument("--sizes", nargs="+", default=["160x60", "170x80"], metavar="WxH")
    parser.add_argument("--pictures", type=int, default=2_000, help="pictures of each size")
    parser.add_argument("--no-peer", action="store_true", help="leave ddddocr out")
    add_places(parser)
    return parser.parse_args()


def take_one_core() -> None:
    """Bind this process and the threads to come to one core, where the system can."""
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def draw(reader: Reader, size: str, count: int) -> list[Pair]:
    """PNG files and their texts."""
    width, height = size.split("x")
    low, high = reader.info.lengths
    options = {
        "alphabet": reader.info.alphabet.characters,
        "length": str(low) if low == high else f"{low}-{high}",
        "width": width,
        "height": height,
        "seed": str(SEED),
    }
    source = PythonSource("captcha.image:ImageCaptcha", options)
    samples = (source.sample(index) for index in range(count))
    return [(encode_png(sample.image), sample.text) for sample in samples]


def open_peer() -> Read | None:
    """ddddocr with its default model; ``None``, and a message, where it is not installed."""
    try:
        return open_ddddocr()
    except UsageError as error:
        say(f"without ddddocr: {error}")
        return None


def read_in_stages(reader: Reader, data: bytes) -> list[float]:
    """Milliseconds of each of ``STAGES``."""
    times = [perf_counter()]
    rgb = load_image(data)
    times.append(perf_counter())
    pixels = reader.info.input.apply(rgb)
    times.append(perf_counter())
    scores = reader.scores(pixels[None])[0]
    times.append(perf_counter())
    decode(scores, reader.info.alphabet, reader.info.decoder)
    times.append(perf_counter())
    return [1000 * (after - before) for before, after in itertools.pairwise(times)]


def read_timed(read: Read, pairs: Sequence[Pair], tally: Tally) -> list[float]:
    """Milliseconds a picture; right and wrong are counted outside the clock."""
    milliseconds = []
    for data, text in pairs:
        begun = perf_counter()
        got = read(data)
        milliseconds.append(1000 * (perf_counter() - begun))
        tally.add(text, got)
    return milliseconds


def measure_one_by_one(reader: Reader, peer: Read | None, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Times and accuracies of both sides, turn by turn."""
    sides: dict[str, Read] = {"captchalab": lambda data: reader.read(data).text}
    if peer is not None:
        sides["ddddocr"] = peer
    times: dict[str, list[float]] = {name: [] for name in sides}
    tallies = {name: Tally() for name in sides}
    stages: list[list[float]] = []
    for read in sides.values():
        read_timed(read, pairs[:TURN], Tally())  # the first calls set up memory
    for first in range(0, len(pairs), TURN):
        turn = pairs[first : first + TURN]
        for name, read in sides.items():
            times[name] += read_timed(read, turn, tallies[name])
        stages += [read_in_stages(reader, data) for data, _ in turn]
    figures: dict[str, Any] = {name: {**_spread(times[name]), **_accuracy(tallies[name])} for name in sides}
    columns = zip(*stages, strict=True)
    figures["stages"] = {name: _spread(list(column)) for name, column in zip(STAGES, columns, strict=True)}
    if peer is not None:
        figures["ratio"] = figures["ddddocr"]["median_ms"] / figures["captchalab"]["median_ms"]
    return figures


def measure_batches(reader: Reader, pairs: Sequence[Pair]) -> dict[str, float]:
    """Pictures per second by batch size, the sizes in turns."""
    files = [data for data, _ in pairs]
    rates: dict[int, list[float]] = {size: [] for size in BATCHES}
    reader.read_many(files[: BATCHES[-1]], BATCHES[-1])
    for _ in range(BATCH_TURNS):
        for size in BATCHES:
            begun = perf_counter()
            reader.read_many(files, size)
            rates[size].append(len(files) / (perf_counter() - begun))
    return {str(size): round(statistics.median(each), 1) for size, each in rates.items()}


def main() -> None:
    """Measure each size, print, record."""
    settings = parse()
    take_one_core()
    record = Record(__file__, settings.results)
    data, info = find_model(settings.model)
    reader = Reader.open(settings.model, threads=1)
    peer = None if settings.no_peer else open_peer()
    sizes = {}
    for size in settings.sizes:
        say(f"drawing and reading {settings.pictures:,} pictures of {size}")
        pairs = draw(reader, size, settings.pictures)
        sizes[size] = {
            **measure_one_by_one(reader, peer, pairs),
            "png_bytes": round(statistics.fmean(len(each) for each, _ in pairs)),
            "batches": measure_batches(reader, pairs),
        }
    figures = {
        "model": info.name,
        "model_sha256": reader.sha256,
        "model_bytes": len(data),
        "network": info.network,
        "alphabet": len(info.alphabet),
        "input": [info.input.width, info.input.height],
        "pictures": settings.pictures,
        "sizes": sizes,
    }
    record.write("reading", figures)
    print_figures(sizes, len(data))


def print_figures(sizes: dict[str, Any], size_of_file: int) -> None:
    """Two tables: one picture at a time, and batches."""
    rows = []
    for size, each in sizes.items():
        rows.append([size, "captchalab", *_cells(each["captchalab"])])
        rows += [
            [size, f"  {name}", _ms(times["median_ms"]), _ms(times["p90_ms"]), "", ""]
            for name, times in each["stages"].items()
        ]
        if "ddddocr" in each:
            rows.append([size, f"ddddocr ({each['ratio']:.1f} times as long)", *_cells(each["ddddocr"])])
    heads = ("pictures", "one at a time, one core", "median", "90% within", "read right", "case ignored")
    print_table(heads, rows)
    print()
    rates = [[size, *(f"{rate:,.0f}" for rate in each["batches"].values())] for size, each in sizes.items()]
    print_table(("pictures/s, one core", *(f"batches of {size}" for size in BATCHES)), rates)
    print(f"\nThe file: {size_of_file / 1e6:.3f} MB")


def _cells(side: dict[str, float]) -> list[str]:
    shares = [percent(side["sequence_accuracy"]), percent(side["sequence_accuracy_folded"])]
    return [_ms(side["median_ms"]), _ms(side["p90_ms"]), *shares]


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.3f} ms"


def _spread(milliseconds: list[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {
        "median_ms": round(statistics.median(ordered), 4),
        "p90_ms": round(ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))], 4),
    }


def _accuracy(tally: Tally) -> dict[str, float]:
    figures = tally.to_json()
    return {name: figures[name] for name in ("sequence_accuracy", "sequence_accuracy_folded")}


if __name__ == "__main__":
    run_main(main)
