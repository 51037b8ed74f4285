"""Hostile and faulty input: a server answers every one with a problem, and goes on."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pictures import draw, encoded, png
from serving import FORM, Answer, Server, form

PICTURE = png("1234")
LIMITS = {
    "header_seconds": 0.5,
    "body_seconds": 1,
    "max_body_bytes": 20_000,
    "max_batch_bytes": 60_000,
    "max_batch_pictures": 4,
    "max_pixels": 200_000,
    "queue_pictures": 8,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(settings=LIMITS) as running:
        yield running
        # Whatever was done to it, it reads, and no fault of ours has come to its log.
        assert running.read(PICTURE).status == 200
        status = running.stop()
    assert status == 0
    rows = [json.loads(line) for line in running.log]
    assert not [row for row in rows if row["level"] == "error" or "traceback" in row]


def problem(answer: Answer, status: int) -> str:
    """Checks that an answer is a problem; its detail."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    row = answer.json()
    assert row.keys() == {"type", "title", "status", "detail", "request_id"}
    assert row["status"] == status
    assert row["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in row["detail"]
    return str(row["detail"])


def test_pictures_that_are_none(server: Server) -> None:
    tiff = encoded(draw("12"), "TIFF")
    for body in (b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", tiff, b"%!PS-Adobe-3.0 EPSF"):
        assert "PNG, JPEG, GIF, WEBP and BMP" in problem(server.read(body), 415)
    broken = bytearray(PICTURE)
    broken[len(PICTURE) // 2] ^= 0xFF
    for body in (PICTURE[:-20], bytes(broken), PICTURE[:33]):
        problem(server.read(body), 422)
    wide = bytearray(PICTURE)
    wide[16:20] = (60_000).to_bytes(4, "big")
    assert "60000x" in problem(server.read(bytes(wide)), 422)
    assert "200000 pixels" in problem(server.read(encoded(draw("1", size=(700, 400)) * 0)), 422)


def test_parameters_that_are_wrong(server: Server) -> None:
    assert "small" in problem(server.read(PICTURE, "?model=secret-name"), 404)
    for query, allowed in {
        "?lenght=4": "length",
        "?length=four": "4-6",
        "?length=9-3": "",
        "?pattern=(a%2B)%2B%24%5C1": "",
        "?pattern=" + "a" * 5000: "",
        "?alphabet=%E2%82%AC": "",
        "?pattern=secret-name": "(pattern)",
        "?alphabet=digits&pattern=secret-name%5B": "",
        "?fold_case=perhaps": "true or false",
        "?min_confidence=nan": "0 to 1",
        "?min_confidence=2": "0 to 1",
    }.items():
        detail = problem(server.read(PICTURE, query), 422)
        assert allowed in detail
        assert "secret-name" not in detail


def test_bodies_that_are_wrong(server: Server) -> None:
    for body, kind, status in [
        (b"{", "application/json", 422),
        (b"[" * 20_000, "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"image": 5}', "application/json", 422),
        (b'{"image": "***"}', "application/json", 422),
        (b'{"images": []}', "application/json", 422),
        (b"{}", "application/json", 422),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
        (b"--x", "multipart/form-data", 422),
        (b"--frontier\r\n", FORM, 422),
        (b"--frontier\r\nContent[]: x\r\n\r\n\r\n--frontier--\r\n", FORM, 422),
        (form(("file", PICTURE))[:-20], FORM, 422),
        (form(("picture", PICTURE)), FORM, 422),
        (form(("file", PICTURE), ("file", PICTURE)), FORM, 413),
    ]:
        problem(server.ask("POST", "/v1/read", body, kind), status)
    many = {"images": [base64.b64encode(PICTURE).decode()] * 5}
    problem(server.ask("POST", "/v1/read/batch", json.dumps(many).encode(), "application/json"), 413)
    problem(server.ask("POST", "/v1/read/batch", form(*[("file", PICTURE)] * 5), FORM), 413)
    tiny = b"--frontier\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n" * 200
    assert "fields" in problem(server.ask("POST", "/v1/read", tiny + form(("file", PICTURE)), FORM), 413)
    problem(server.ask("GET", "/no/such/page"), 404)
    problem(server.ask("DELETE", "/v1/read"), 405)


def test_a_batch_goes_on_beside_what_is_no_base64(server: Server) -> None:
    coded = base64.b64encode(PICTURE).decode()
    body = json.dumps({"images": ["zzz", coded, coded[:-3]]}).encode()
    own = server.read(PICTURE).json()["text"]
    for query in ("", "?model=auto"):
        answer = server.ask("POST", f"/v1/read/batch{query}", body, "application/json")
        rows = answer.json()["readings"]
        assert rows[1]["text"] == own
        for row in (rows[0], rows[2]):
            assert (row["error"]["status"], "base64" in row["error"]["detail"]) == (422, True)
    assert "base64" in problem(
        server.ask("POST", "/v1/read", b'{"images": ["zzz"]}', "application/json"), 422
    )


def test_a_long_body_is_refused_before_it_is_read(server: Server) -> None:
    with talk(server) as line:
        line.sendall(HEAD % b"content-length: 999999999")
        assert b"413" in line.recv(4096)
        assert line.recv(4096) == b""
    with talk(server) as line:
        line.sendall(HEAD % b"transfer-encoding: chunked")
        sent = 0
        try:
            while sent < 1000:
                line.sendall(b"4000\r\n" + bytes(0x4000) + b"\r\n")
                sent += 1
        except ConnectionError:
            pass
        assert sent < 1000


def test_slow_clients_are_let_go_while_others_are_served(server: Server) -> None:
    lines = [talk(server) for _ in range(50)]
    for number, line in enumerate(lines):
        if number % 3 == 0:
            line.sendall(b"POST /v1/read HTTP/1.1\r\nhost: loc")
        elif number % 3 == 1:
            line.sendall(HEAD % b"content-length: 900" + PICTURE[:100])
    for _ in range(10):
        assert server.read(PICTURE).status == 200
    for number, line in enumerate(lines):
        with line:
            answer = everything(line)
        assert (b"408" in answer) == (number % 3 == 1)


def test_clients_that_go_cost_nothing(server: Server) -> None:
    before = read_so_far(server)
    for _ in range(40):
        with talk(server) as line:
            line.sendall(HEAD % (b"content-length: %d" % len(PICTURE)) + PICTURE[: len(PICTURE) // 2])
    assert server.read(PICTURE).status == 200
    assert read_so_far(server) == before + 1


def test_a_full_queue_refuses_at_once_and_recovers(server: Server) -> None:
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: server.read(PICTURE), range(400)))
    assert {answer.status for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status == 503:
            problem(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1
    texts = {answer.json()["text"] for answer in answers if answer.status == 200}
    assert len(texts) == 1
    assert server.read(PICTURE).status == 200


def test_hosts_and_pages_of_others_are_refused(server: Server) -> None:
    problem(server.ask("GET", "/v1/models", Host="rebound.example"), 421)
    problem(server.read(PICTURE, "", Sec_Fetch_Site="cross-site"), 403)
    assert server.ask("GET", "/v1/models", Host=f"localhost:{server.port}").status == 200


def test_answers_bear_security_headers(server: Server) -> None:
    for answer in (server.ask("GET", "/healthz"), server.read(b""), server.ask("GET", "/no")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 16


def test_models_are_not_changed_without_a_key(server: Server) -> None:
    problem(server.ask("POST", "/v1/models/reload"), 403)
    problem(server.ask("PUT", "/v1/models/x", b"x"), 403)
    problem(server.ask("DELETE", "/v1/models/small"), 403)


HEAD = b"POST /v1/read HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\n%s\r\n\r\n"


def talk(server: Server) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=30)


def everything(line: socket.socket) -> bytes:
    """What comes until the server closes."""
    return b"".join(iter(lambda: line.recv(4096), b""))


def read_so_far(server: Server) -> float:
    return server.figure('captchalab_pictures_total{model="small",outcome="read"} ')
