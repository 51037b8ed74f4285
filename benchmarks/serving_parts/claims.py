"""What docs/reliability.md promises, and how each promise is read from recorded figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

SLOW_MODEL = "slow-model"
PEER = "flask"

Figures = dict[str, Any]
Reached = tuple[str, bool]


@dataclass(frozen=True)
class Claim:
    """One promise: what is ``wanted``; ``reached(figures)``: what there was, and whether that holds."""

    task: str
    what: str
    wanted: str
    reached: Callable[[Figures], Reached]


def _times(body: str, least: float, figures: Figures) -> Reached:
    rows = [row for row in figures["rows"] if row["body"] == body]
    if not all(PEER in row["ratios"] for row in rows):
        return "measured without the peer", False
    text = ", ".join(f"{row['clients']} clients: {row['ratios'][PEER]:.2f}" for row in rows)
    return text, all(row["ratios"][PEER] >= least for row in rows)


def _tail(figures: Figures) -> Reached:
    rows = [row for row in figures["rows"] if PEER in row]
    pairs = [(row["captchalab"]["p99"], row[PEER]["p99"]) for row in rows]
    text = ", ".join(f"{own:.1f} to {other:.1f}" for own, other in pairs)
    return f"{text} ms" if text else "measured without the peer", bool(pairs) and all(a < b for a, b in pairs)


def _raw_share(figures: Figures) -> Reached:
    rows = [row for row in figures["rows"] if row["body"] == "raw"]
    best = max(rows, key=lambda row: float(row["share_of_in_process"]))
    rate = best["captchalab"]["per_second"]
    text = f"{best['share_of_in_process']:.0%} ({rate:,.0f}/s, {best['clients']} clients)"
    return text, best["share_of_in_process"] >= 0.6


def _batch_share(figures: Figures) -> Reached:
    text = f"{figures['batches_share']:.0%} ({figures['batches_per_second']:,.0f}/s)"
    return text, figures["batches_share"] >= 0.8


def _goodput(share: float, least: float, figures: Figures) -> Reached:
    (row,) = (row for row in figures[SLOW_MODEL]["rows"] if row["share"] == share)
    return f"{row['goodput']:.0%}", row["goodput"] >= least


def _refused(figures: Figures) -> Reached:
    rows = figures[SLOW_MODEL]["rows"]
    times = [row["refused_milliseconds"]["p99"] for row in rows if row["refused_milliseconds"]]
    return (f"p99 {max(times):.1f} ms", max(times) <= 50) if times else ("none was refused", False)


def _failed(figures: Figures) -> Reached:
    failed = sum(row["failed"] for row in figures[SLOW_MODEL]["rows"])
    return f"{failed:,}", failed == 0


def _recovered(figures: Figures) -> Reached:
    seconds = figures[SLOW_MODEL]["recovered_after_seconds"]
    return f"{seconds:.1f} s", seconds <= 5


def _curve(figures: Figures) -> Reached:
    rows = figures["small"]["rows"]
    return ", ".join(f"{row['share']:g} x: {row['goodput']:.0%}" for row in rows), True


def _chaos(figures: Figures) -> Reached:
    wrong = len(figures["unexpected"]) + len(figures["faults"])
    return f"{wrong} of {figures['requests']:,}", wrong == 0


def _swaps(figures: Figures) -> Reached:
    good = figures["swaps"] - figures["broken"]
    text = f"{figures['failed']} failed; {figures['taken_up']} of {good} good files taken up"
    return text, figures["failed"] == 0 and figures["taken_up"] == good


def _memory(figures: Figures) -> Reached:
    slope = figures["server"]["memory_percent_an_hour"]
    return ("too short", False) if slope is None else (f"{slope:+.2f}%", slope < 1)


def _files(figures: Figures) -> Reached:
    first, last = figures["server"]["files_first"], figures["server"]["files_last"]
    return f"{first} to {last}", last <= first


def _held(figures: Figures) -> Reached:
    header, body = figures["header_closed_after_seconds"], figures["body_closed_after_seconds"]
    good = figures["while_held"]
    text = f"header {header:.1f} s, body {body:.1f} s; {good['ok']} of {good['requests']} good ones"
    return text, header <= 7 and body <= 12 and good["ok"] == good["requests"] and not figures["faults"]


def _fuzz(figures: Figures) -> Reached:
    count, errors = figures["requests"], figures["server_errors"] + figures["faults"]
    text = f"{errors}" if count is None else f"{errors} of {count:,}"
    return text, errors == 0 and figures["alive"] and bool(count)


CLAIMS = (
    Claim("throughput", "times the peer's requests/s, raw", "2.5 or more", partial(_times, "raw", 2.5)),
    Claim(
        "throughput",
        "times the peer's requests/s, multipart",
        "1.7 or more",
        partial(_times, "multipart", 1.7),
    ),
    Claim("throughput", "p99, to the peer's", "lower", _tail),
    Claim("throughput", "share of the in-process reader, raw", "60% or more", _raw_share),
    Claim("throughput", "share of the in-process reader, batches", "80% or more", _batch_share),
    Claim("overload", "goodput at 2 x capacity, slow model", "90% of the peak", partial(_goodput, 2.0, 0.9)),
    Claim("overload", "goodput at 5 x capacity, slow model", "80% of the peak", partial(_goodput, 5.0, 0.8)),
    Claim("overload", "refusals, with Retry-After, leave", "within 50 ms", _refused),
    Claim("overload", "neither answered nor refused so", "none", _failed),
    Claim("overload", "all is well again after", "5 s or less", _recovered),
    Claim("overload", "goodput of the small model", "as it is", _curve),
    Claim("chaos", "not as it should be", "none of 10,000", _chaos),
    Claim("held", "50 held connections", "closed in time, good ones answered", _held),
    Claim("fuzz", "answers of 500 and above, faults in the log", "none", _fuzz),
    Claim("swaps", "100 swaps at 50% load", "no failed request", _swaps),
    Claim("memory", "memory an hour, after 30 minutes at 70% load", "under 1%", _memory),
    Claim("memory", "open files, first to last", "flat", _files),
)
