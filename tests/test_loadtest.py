"""The load test, against a real server process; and against small foreign ones that misbehave as told."""

from __future__ import annotations

import asyncio
import csv
import json
import socketserver
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from serving import Server

from captchalab import Reader
from captchalab.cli.app import run
from captchalab.errors import UsageError
from captchalab.serving.loadtest.calls import MOST_KINDS, OK, OTHER, Calls, Outcome
from captchalab.serving.loadtest.client import WRONG_ANSWER, kind_of_refusal
from captchalab.serving.loadtest.figures import failed, figures_of, percentiles
from captchalab.serving.loadtest.load import Stage
from captchalab.serving.loadtest.pictures import Form, Pictures, collect, with_expected
from captchalab.serving.loadtest.plots import _draw_memory
from captchalab.serving.loadtest.report import write_report
from captchalab.serving.loadtest.run import Done, check_url, run_stages
from captchalab.serving.loadtest.watch import Moment
from captchalab.sources import open_source

SOURCE = "scheme:lepture"
Answers = Callable[[int], tuple[float, bytes] | None]


def http(status: str, body: str, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}".encode()


BUSY = '{"type": "urn:captchalab:busy"}'
READING = http("200 OK", '{"text": "1", "milliseconds": 1.0}')


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of `captchalab serve`, in a process of its own."""
    with Server() as running:
        yield f"http://{running.host}:{running.port}"


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """Forty, with what the bundled model reads."""
    return with_expected(collect(open_source(SOURCE), 40), Reader.open())


def load(url: str, pictures: Pictures, *stages: Stage, **options: Any) -> list[Done]:
    return asyncio.run(run_stages(url, pictures, stages, **options))


def test_the_command_measures_checks_and_reports(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loads = ["--rate", "80", "--clients", "2", "--seconds", "0.25", "--warm-up", "0.1", "--pictures", "20"]
    assert run(["loadtest", server, *loads, "--json", "--report", str(tmp_path / "report")]) == 0
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["load"] for each in figures] == ["80/s", "2 clients"]
    assert figures[0]["requests"] == figures[0]["ok"] == 20
    for each in figures:
        assert not each["errors"] and each["ok"] > 0
        total, told = each["milliseconds"]["total"], each["milliseconds"]["server"]
        assert 0 < total["p50"] <= total["p90"] <= total["p95"] <= total["p99"] <= total["max"]
        assert told["p50"] < total["p50"] and each["milliseconds"]["queue"]["p50"] >= 0
        assert each["server"]["memory_mib_first"] > 20 and each["server"]["processes"] >= 1

    with (tmp_path / "report" / "calls.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == sum(each["requests"] for each in figures)
    assert all(row["ended"] == OK and float(row["total_ms"]) >= float(row["server_ms"]) for row in rows)
    with Image.open(tmp_path / "report" / "loadtest.png") as picture:
        assert picture.width > 1000
    page = (tmp_path / "report" / "loadtest.html").read_text(encoding="utf-8")
    assert "80/s" in page and "http-equiv" in page
    assert page.count("http") == page.count("http-equiv") + page.count(server)  # nothing from outside


@pytest.mark.parametrize(("form", "batch"), [("multipart", 1), ("json", 1), ("multipart", 7), ("json", 3)])
def test_every_form_gets_the_right_answers(server: str, pictures: Pictures, form: Form, batch: int) -> None:
    (done,) = load(server, pictures, Stage(0.15, rate=40), form=form, batch=batch)
    assert done.calls.counts() == {OK: 6}


def test_answers_that_differ_are_noticed(server: str, pictures: Pictures) -> None:
    """Every answer but one would be the right one for another picture."""
    ((sha256, right),) = pictures.expected.items()
    swapped = Pictures(pictures.data, {sha256: [right[0], *right[2:], right[1]]})
    assert len({each.text for each in right}) == 40
    (done,) = load(server, swapped, Stage(0.4, rate=100))
    assert done.calls.counts() == {WRONG_ANSWER: 39, OK: 1}
    assert failed(done.figures) == 39


def test_connections_may_be_open_from_the_start(server: str, pictures: Pictures) -> None:
    few, many = load(server, pictures, Stage(0.3, rate=20), Stage(0.3, rate=20, connections=40))
    assert many.figures["server"]["files_first"] - few.figures["server"]["files_first"] >= 35


def test_a_model_that_the_server_has_not_is_noticed(server: str, pictures: Pictures) -> None:
    with pytest.raises(UsageError, match="it has: small"):
        load(server, Pictures(pictures.data, {"0" * 64: []}), Stage(0.1, rate=10))


def test_refused_pictures_are_failures_by_kind(server: str, tmp_path: Path) -> None:
    (done,) = load(server, Pictures([b"no picture", b"nor this"]), Stage(0.2, rate=20))
    assert done.calls.counts() == {"415 unsupported-image": 4} and failed(done.figures) == 4
    page = write_report([done], tmp_path, title="<none>", facts=["nothing was read"])  # nor anything to draw
    assert "415 unsupported-image" in page.read_text(encoding="utf-8")


def test_a_server_cannot_fill_our_memory_with_kinds_of_problems() -> None:
    calls = Calls()
    for number in range(2 * MOST_KINDS):
        calls.add(0.0, 0.0, 0.1, Outcome(f"500 {number}"))
    assert len(calls.counts()) == MOST_KINDS and calls.counts()[OTHER] == MOST_KINDS + 1
    assert len(kind_of_refusal(500, False, json.dumps({"type": "x" * 10_000}).encode())) < 100


def test_nobody_there(capsys: pytest.CaptureFixture[str], pictures: Pictures) -> None:
    assert run(["loadtest", "http://127.0.0.1:9", "--pictures", "1"]) == 2
    assert "is the server running?" in capsys.readouterr().err
    (done,) = load("http://127.0.0.1:9", Pictures(pictures.data), Stage(0.1, rate=20))
    assert done.calls.counts() == {"no connection": 2} and done.moments == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:99999", "http://"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="looks like http"):
        check_url(url)


def test_other_machines_need_a_word_more() -> None:
    with pytest.raises(UsageError, match="--allow-remote"):
        check_url("http://192.0.2.1:8000")
    assert check_url("http://192.0.2.1:8000/", remote=True) == "http://192.0.2.1:8000"
    assert check_url("http://[::1]:8000/captcha/") == "http://[::1]:8000/captcha"


class Foreign(socketserver.ThreadingTCPServer):
    """A server that answers its calls, numbered from 0, with ``answers(number)``: ``(seconds, bytes)``, or
    ``None`` to hang up. While it waits for one, it waits for all."""

    daemon_threads, block_on_close = True, False

    def __init__(self, answers: Answers) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.numbers, self.turn, self.over = answers, count(), Lock(), Event()

    def __enter__(self) -> Foreign:
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class Handler(socketserver.StreamRequestHandler):
    server: Foreign

    def handle(self) -> None:
        while self.rfile.readline().strip():
            head = list(iter(lambda: self.rfile.readline().strip().lower(), b""))
            self.rfile.read(sum(int(line[16:]) for line in head if line.startswith(b"content-length: ")))
            with self.server.turn:
                answer = self.server.answers(next(self.server.numbers))
                if answer is None:
                    return
                self.server.over.wait(answer[0])
            self.wfile.write(answer[1])


def load_on(answers: Answers, stage: Stage, **options: Any) -> Done:
    with Foreign(answers) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        (done,) = load(address, Pictures([b"x"]), stage, **options)
    return done


def test_what_waits_for_a_server_that_stalls_counts_as_waiting() -> None:
    """One stall of 0.3 seconds, at 100 calls a second: some 20 of them wait a tenth of a second or more."""
    stall = load_on(lambda number: (0.3 if number == 10 else 0, READING), Stage(0.5, rate=100))
    assert stall.calls.counts() == {OK: 50}
    assert (stall.calls.seconds("total") > 0.1).sum() >= 20
    alone = load_on(lambda number: (0.3 if number == 3 else 0, READING), Stage(0.4, clients=1))
    assert alone.calls.seconds("total").max() >= 0.3 and len(alone.calls) >= 4


def test_a_server_that_asks_for_a_key_is_told_before_the_load() -> None:
    refusal = http("401 Unauthorized", "{}")
    with Foreign(lambda _: (0.0, refusal)) as server, pytest.raises(UsageError, match="--api-key"):
        load(
            f"http://127.0.0.1:{server.server_address[1]}", Pictures([b"x"], {"0": []}), Stage(0.1, clients=1)
        )


def test_how_calls_may_end() -> None:
    answers = {
        0: (0, http("503 Busy", BUSY, "Retry-After: 1\r\n")),
        1: (0, http("503 Busy", BUSY)),
        2: None,
        3: (0, http("200 OK", "{}")),
        4: (0, http("302 Found", "", "Location: http://192.0.2.1/\r\n")),
        5: (9, READING),
    }
    done = load_on(answers.get, Stage(0.3, rate=20), timeout=0.6)
    assert done.calls.counts() == {
        "503 busy": 1,
        "503 busy, no Retry-After": 1,
        "connection lost": 1,
        "200 without a reading": 1,
        "302": 1,
        "timeout": 1,
    }
    assert failed(done.figures) == 5 and done.figures["ok"] == 0
    assert done.figures["refused_milliseconds"] is not None


def test_percentiles_are_times_of_calls_that_there_were() -> None:
    found = percentiles(np.arange(1, 201) / 1000)
    assert found == {"p50": 100.0, "p90": 180.0, "p95": 190.0, "p99": 198.0, "max": 200.0}
    assert percentiles(np.array([0.003])) == dict.fromkeys(("p50", "p90", "p95", "p99", "max"), 3.0)
    assert percentiles(np.array([])) is None


def test_growth_of_memory_is_told_in_percent_an_hour() -> None:
    grows = [Moment(second, 2**30 + second * 2**20, 10 + second, 0.5 * second, 2) for second in range(0, 101)]
    calls = Calls()
    calls.add(0.0, 0.0, 0.1, Outcome(OK))
    server = figures_of(Stage(100.0, rate=1), calls, grows)["server"]
    assert server["memory_percent_an_hour"] == pytest.approx(100 * 3600 / (1024 + 50), rel=1e-3)
    assert (server["files_first"], server["files_last"]) == (10, 110)
    assert server["processors_busy"] == 0.5


def test_the_line_of_memory_has_room_above_it() -> None:
    axes = Figure().subplots()
    moments = [Moment(second, 2**30, 10, 0.0, 2) for second in (0.0, 1.0)]
    _draw_memory(axes, [Done(Stage(1.0, clients=1), Calls(), moments, {})])
    low, high = axes.get_ylim()
    assert low == 0 and high > 1.1 * 1024
