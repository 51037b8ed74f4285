"""The HTTP API of a real server process: what it answers, and that it is what a Reader answers."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from pictures import png
from serving import FORM, Server, form

from captchalab import Reader

PICTURES = [png(text, seed) for seed, text in enumerate(["3k9", "0042", "WXYZ", "a7", "55555", "Qq1"])]
JSON = "application/json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    kept = tmp_path_factory.mktemp("kept")
    with Server(settings={"workers": 2, "uploads": kept, "max_uploads": 1}) as running:
        yield running


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.open()


def test_every_form_of_a_body_is_read_as_the_reader_reads(server: Server, reader: Reader) -> None:
    own = reader.read(PICTURES[0])
    coded = base64.b64encode(PICTURES[0]).decode()
    answers = [
        server.read(PICTURES[0]),
        server.ask("POST", "/v1/read", form(("file", PICTURES[0])), FORM),
        server.ask("POST", "/v1/read", json.dumps({"image": coded}).encode(), JSON),
        server.ask(
            "POST", "/v1/read", json.dumps({"image": f"data:image/png;base64,{coded}"}).encode(), JSON
        ),
    ]
    for answer in answers:
        assert answer.status == 200
        row = answer.json()
        assert (row["text"], row["confidence"]) == (own.text, own.confidence)
        assert row["characters"] == [
            {"character": c.character, "confidence": c.confidence, "left": c.left, "right": c.right}
            for c in own.characters
        ]
        assert row["model"] == {"name": "small", "sha256": reader.sha256}
        assert 0 <= row["queue_milliseconds"] <= row["milliseconds"]
        assert row.keys() == {
            "text", "confidence", "characters", "model", "milliseconds", "queue_milliseconds",
        }  # fmt: skip


def test_parameters_constrain_the_reading(server: Server, reader: Reader) -> None:
    query = "?alphabet=digits&length=3-4&min_confidence=1"
    row = server.read(PICTURES[2], query).json()
    assert row["text"] == reader.read(PICTURES[2], alphabet="digits", length=(3, 4)).text
    assert row["text"].isdecimal()
    assert row["error"]["type"] == "urn:captchalab:too-unsure"
    body = form(("file", PICTURES[2]), ("pattern", b"[a-z]{2}"), ("fold_case", b"true"))
    assert (
        server.ask("POST", "/v1/read", body, FORM).json()["text"]
        == reader.read(PICTURES[2], pattern="[a-z]{2}", fold_case=True).text
    )
    given = {"image": base64.b64encode(PICTURES[2]).decode(), "length": 2, "answer": True}
    row = server.ask("POST", "/v1/read?length=2&answer=true", json.dumps(given).encode(), JSON).json()
    assert len(row["text"]) == 2
    for query in ("?length=3", "?answer=true&answer=false"):
        refused = server.ask("POST", f"/v1/read{query}", json.dumps(given).encode(), JSON)
        assert refused.status == 422 and "twice" in refused.json()["detail"]
    assert row["error"]["type"] == "urn:captchalab:no-arithmetic"


def test_a_batch_keeps_the_order_and_its_bad_pictures(server: Server, reader: Reader) -> None:
    pictures = [*PICTURES[:3], b"no picture", PICTURES[3][:60], *PICTURES[4:]]
    as_form = server.ask("POST", "/v1/read/batch", form(*(("file", each) for each in pictures)), FORM)
    coded = {"images": [base64.b64encode(each).decode() for each in pictures]}
    as_json = server.ask("POST", "/v1/read/batch", json.dumps(coded).encode(), JSON)
    for answer in (as_form, as_json):
        assert answer.status == 200
        rows = answer.json()["readings"]
        for row, picture in zip(rows, pictures, strict=True):
            if "error" not in row:
                assert row["text"] == reader.read(picture).text
        assert [row["error"]["status"] for row in rows if "error" in row] == [415, 422]
        assert ["error" in row for row in rows] == [False, False, False, True, True, False, False]


def test_many_clients_each_get_their_own_reading(server: Server, reader: Reader) -> None:
    pictures = [png(f"{number:04}", number) for number in range(60)]
    own = [reading.text for reading in reader.read_many(pictures)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda picture: server.read(picture).json()["text"], pictures))
    assert answers == own
    assert len(set(own)) > 20


def test_automatic_choice_names_the_model_and_how_sure_it_is(server: Server) -> None:
    model = server.read(PICTURES[0], "?model=auto").json()["model"]
    assert (model["name"], model["choice_confidence"]) == ("small", 1.0)


def test_models_health_and_metrics(server: Server, reader: Reader) -> None:
    (model,) = server.ask("GET", "/v1/models").json()["models"]
    assert (model["name"], model["sha256"]) == ("small", reader.sha256)
    assert model["alphabet"] == reader.info.alphabet.characters
    assert model["lengths"] == list(reader.info.lengths)
    assert model["figures"] == reader.info.figures
    assert server.ask("GET", "/readyz").json() == {"status": "ready", "models": 1}
    before = _counted(server)
    for _ in range(20):  # both worker processes take some of these
        assert server.read(PICTURES[0]).status == 200
    assert _counted(server) == before + 20


def _counted(server: Server) -> float:
    return server.figure('captchalab_requests_total{route="/v1/read",status="200"} ')


def test_compatible_endpoints(server: Server, reader: Reader) -> None:
    text = reader.read(PICTURES[1]).text
    row = server.ask("POST", "/b", form(("image_file", PICTURES[1])), FORM).json()
    assert row.keys() == {"time", "value", "speed_time(ms)"}
    assert row["value"] == text
    coded = base64.b64encode(PICTURES[1])
    for answer in (
        server.ask("POST", "/ocr", form(("file", PICTURES[1])), FORM),
        server.ask("POST", "/ocr", form(("image", coded), ("probability", b"false")), FORM),
        server.ask("POST", "/ocr", json.dumps({"image": coded.decode()}).encode(), JSON),
    ):
        assert answer.json() == {"code": 200, "message": "Success", "data": text}
    refused = server.ask("POST", "/ocr", form(("file", b"no picture")), FORM)
    assert refused.status == refused.json()["code"] == 415


def test_clients_of_ddddocr_need_no_more_than_another_address(server: Server, reader: Reader) -> None:
    text = reader.read(PICTURES[1]).text
    coded = base64.b64encode(PICTURES[1])
    in_json = json.dumps({"image": coded.decode()}).encode()
    urlencoded = "application/x-www-form-urlencoded"
    for path, body, kind in (
        ("file", form(("image", PICTURES[1])), FORM),
        ("b64", coded, ""),
        ("b64", coded, urlencoded),  # what some clients say of any body
        ("b64", coded, "application/json; charset=utf-8"),
        ("b64", in_json, JSON),
    ):
        row = server.ask("POST", f"/ocr/{path}/json", body, kind).json()
        assert row == {"status": 200, "result": text, "msg": ""}
        for ending in ("", "/text"):
            answer = server.ask("POST", f"/ocr/{path}{ending}", body, kind)
            assert answer.body.decode() == text and answer.headers["content-type"].startswith("text/plain")
    for body, kind in (
        (form(("image", PICTURES[1])), FORM),
        (urlencode({"image": coded}).encode(), urlencoded),
    ):
        assert server.ask("POST", "/ocr", body, kind).json()["data"] == text
    refused = server.ask("POST", "/ocr/b64/json", b"bm8gcGljdHVyZQ==")
    assert refused.status == refused.json()["status"] == 415
    assert refused.json()["result"] == "" and "PNG" in refused.json()["msg"]
    assert server.ask("POST", "/ocr/file", b"", FORM).body == b""


def test_compatible_endpoints_do_what_they_are_asked_for(server: Server) -> None:
    """Or refuse it; they do not leave it out in silence."""
    sent = {"/b": form(("image_file", PICTURES[1])), "/ocr": form(("file", PICTURES[1]))}
    for path, body in sent.items():
        for query, why in (("min_confidence=1", "below 1"), ("answer=true", ""), ("keep=true", "/v1/read")):
            refused = server.ask("POST", f"{path}?{query}", body, FORM)
            told = refused.json()
            assert refused.status == 422 and why in told.get("detail", told.get("message"))
        constrained = server.ask("POST", f"{path}?alphabet=letters&length=3", body, FORM).json()
        text = constrained.get("value", constrained.get("data"))
        assert len(text) == 3 and text.isalpha()


def test_practice_captchas_are_drawn_and_checked(server: Server) -> None:
    drawn = server.ask("GET", "/captcha/?alphabet=digits&length=2&width=90&height=40")
    assert drawn.headers["content-type"] == "image/png"
    assert drawn.body.startswith(b"\x89PNG")
    token = drawn.headers["x-captcha-token"]
    right = []
    for number in range(100):
        body = json.dumps({"token": token, "answer": f"{number:02}"}).encode()
        right.append(server.ask("POST", "/practice/captcha", body, JSON).json()["right"])
    assert right.count(True) == 1
    seal, salt, until = token.split(".")
    longer = json.dumps({"token": f"{seal}.{salt}.{int(until) + 1}", "answer": f"{right.index(True):02}"})
    assert not server.ask("POST", "/captcha/", longer.encode(), JSON).json()["right"]
    for query in ("?scheme=no-such", "?length=99", "?width=1", "?colour=red"):
        assert server.ask("GET", f"/practice/captcha{query}").status == 422
    assert "lepture" in server.ask("GET", "/practice/captcha?scheme=no-such").json()["detail"]
    echo = server.ask("GET", "/practice/captcha?alphabet=%F0%9F%98%80").json()["detail"]
    assert "alphabet" in echo and "\U0001f600" not in echo
    assert server.ask("GET", "/practice/captcha?width=16&height=16&length=1").status == 200


def test_pictures_are_kept_with_consent_only_and_up_to_the_cap(server: Server) -> None:
    folder = Path(str(server.settings["uploads"]))
    assert list(folder.iterdir()) == []
    kept = server.read(PICTURES[0], "?keep=true").json()["kept"]
    assert (folder / kept).read_bytes() == PICTURES[0]
    assert server.read(PICTURES[0], "?keep=true").json()["kept"] == kept
    full = server.read(PICTURES[1], "?keep=true")
    assert full.status == 503 and int(full.headers["retry-after"]) > 0
    assert [file.name for file in folder.iterdir()] == [kept]


def test_openapi_describes_what_there_is(server: Server) -> None:
    described = server.ask("GET", "/openapi.json").json()
    assert {
        "/v1/read",
        "/v1/read/batch",
        "/v1/models",
        "/healthz",
        "/readyz",
        "/metrics",
        "/b",
        "/ocr",
    } <= set(described["paths"])
    assert "securitySchemes" not in described.get("components", {})  # this server asks for no key
    (row,) = server.ask("GET", "/v1/models").json()["models"]
    listed = described["paths"]["/v1/models"]["get"]["responses"]["200"]["content"][JSON]["schema"]
    assert set(row) <= set(listed["properties"]["models"]["items"]["properties"])
    assert {f"/ocr/{form}{answer}" for form in ("file", "b64") for answer in ("", "/text", "/json")} <= set(
        described["paths"]
    )
    parameters = {each["name"] for each in described["paths"]["/v1/read"]["post"]["parameters"]}
    assert {"model", "alphabet", "length", "pattern", "fold_case", "answer", "min_confidence"} <= parameters


def test_the_online_example_reads_what_the_practice_endpoint_draws(server: Server) -> None:
    example = Path(__file__).resolve().parent.parent / "examples" / "online.py"
    command = [sys.executable, str(example), f"http://{server.host}:{server.port}", "--count", "5"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(printed) == 6
    right = sum(line.endswith("right") for line in printed[:5])
    assert printed[5] == f"{right} of 5 right"
    assert right >= 2
