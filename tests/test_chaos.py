"""The short form of `benchmarks/serving.py chaos`: bad requests and clients that go, among good ones."""

from __future__ import annotations

import asyncio
import json
import sys

from conftest import ROOT
from serving import Server

from captchalab import Reader
from captchalab.serving.loadtest.pictures import collect, with_expected
from captchalab.sources import open_source

sys.path.insert(0, str(ROOT / "benchmarks"))
from serving_parts.chaos import bad_requests, chaos, hold

LIMITS = {"header_seconds": 1, "body_seconds": 1}
WORKERS = 8


def test_every_good_request_gets_its_own_answer_whatever_others_send() -> None:
    pictures = with_expected(collect(open_source("scheme:lepture?seed=7"), 150), Reader.open())
    with Server(settings=LIMITS) as server:
        address = f"http://{server.host}:{server.port}"
        found = asyncio.run(chaos(address, pictures, requests=150, workers=WORKERS, seed=3))
        held = asyncio.run(hold(address, pictures.data[0], 6))
    assert found["unexpected"] == []
    good, bad, gone = (sum(found[side].values()) for side in ("good", "bad", "hung_up"))
    assert good + bad + gone == 150 and found["good"] == {"ok": good}
    assert bad > 30 and gone > 3
    assert {each.rpartition(":")[0] for each in found["bad"]} <= {
        each.name for each in bad_requests(pictures.data[0])
    }
    assert held.keys() == {"header_closed_after_seconds", "body_closed_after_seconds"}
    rows = [json.loads(line) for line in server.log]
    assert not [row for row in rows if row["level"] == "error" or "traceback" in row]
