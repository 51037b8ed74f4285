"""Models that come, change and go while a server reads; by folder and over HTTP, in every worker process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pictures import png
from serving import FORM, Server, form
from tiny import DIGITS

from captchalab.errors import UsageError
from captchalab.reading.image import DEFAULT_LIMITS
from captchalab.reading.modelfile import open_sealed, seal
from captchalab.serving.models import Shelf
from captchalab.serving.places import places
from captchalab.sources import open_source
from captchalab.synth.encode import encode
from captchalab.training.fit import FitResult

SMALL = (resources.files("captchalab.reading") / "models" / "small.onnx").read_bytes()
KEY = "a key that is long enough".replace(" ", "-")
PICTURE = png("12ab")


def model(note: str) -> bytes:
    """A model like the bundled one with a hash of its own."""
    return seal(SMALL, replace(open_sealed(SMALL), created=note))


def until(true: Callable[[], bool]) -> None:
    """Waits; the test's own time limit ends what never comes."""
    while not true():
        time.sleep(0.05)


def test_swaps_under_load_fail_no_request(tmp_path: Path) -> None:
    file = tmp_path / "reader.onnx"
    file.write_bytes(model("0"))
    statuses: list[int] = []
    hashes: set[str] = set()
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            answer = server.read(PICTURE, "?model=reader")
            statuses.append(answer.status)
            hashes.add(answer.json()["model"]["sha256"])
            time.sleep(0.02)

    def listed() -> dict[str, Any]:
        listing: dict[str, Any] = server.ask("GET", "/v1/models").json()
        return listing

    settings = {"look_seconds": 0.05, "log_requests": "false"}
    with Server((str(tmp_path),), settings) as server:
        clients = [threading.Thread(target=load) for _ in range(3)]
        for client in clients:
            client.start()
        try:
            for number in range(1, 9):
                old = listed()["models"][0]["sha256"]
                if number % 4 == 2:
                    file.write_bytes(model(str(number))[:-10])
                    until(lambda: bool(listed()["refused"]))
                    assert listed()["refused"][0]["name"] == "reader"
                    assert str(tmp_path) not in listed()["refused"][0]["reason"]
                    assert listed()["models"][0]["sha256"] == old
                elif number % 4 == 3:
                    file.write_bytes(b"")
                    file.write_bytes(model(str(number)))
                    until(lambda old=old: listed()["models"][0]["sha256"] != old)  # type: ignore[misc]
                    assert listed()["refused"] == []
                else:
                    file.write_bytes(model(str(number)))
                    until(lambda old=old: listed()["models"][0]["sha256"] != old)  # type: ignore[misc]
        finally:
            stop.set()
            for client in clients:
                client.join()
    assert set(statuses) == {200}
    assert len(hashes) >= 5


def test_models_are_added_and_removed_over_http_in_all_workers(tmp_path: Path) -> None:
    (tmp_path / "one.onnx").write_bytes(model("one"))
    settings = {"api_key": KEY, "workers": 2, "look_seconds": 0.05}
    with Server((str(tmp_path), "small"), settings) as server:

        def ask(method: str, path: str, body: bytes | None = None) -> Any:
            return server.ask(method, path, body, X_API_Key=KEY)

        def agreed(query: str, status: int) -> bool:
            return {server.read(PICTURE, query, X_API_Key=KEY).status for _ in range(6)} == {status}

        assert ask("PUT", "/v1/models/two@1", model("two")).status == 200
        assert ask("PUT", "/v1/models/two@10", model("ten")).status == 200
        assert ask("PUT", "/v1/models/two@9", model("nine")).status == 200
        until(lambda: agreed("?model=two@9", 200))
        answer = server.read(PICTURE, "?model=two", X_API_Key=KEY).json()["model"]
        assert (answer["name"], answer["version"]) == ("two", "10")
        assert agreed("?model=two@11", 404)
        automatic = server.read(PICTURE, "?model=auto", X_API_Key=KEY).json()["model"]
        assert automatic["choice_confidence"] == pytest.approx(1 / 3)
        for refused in (b"", b"no model", model("two")[:-1]):
            assert ask("PUT", "/v1/models/two@10", refused).status == 422
        described = json.loads(ask("GET", "/openapi.json").body)
        assert {"bearer", "header", "basic"} == set(described["components"]["securitySchemes"])
        assert "409" in described["paths"]["/v1/models/{name}"]["put"]["responses"]
        assert "409" not in described["paths"]["/v1/read"]["post"]["responses"]
        (tmp_path / "folder.onnx").mkdir()
        for method, body in (("PUT", model("folder")), ("DELETE", None)):  # told, and no fault
            assert ask(method, "/v1/models/folder", body).status == 409
        (tmp_path / "folder.onnx").rmdir()
        assert "elsewhere" in ask("PUT", "/v1/models/small", 6 * model("other")).json()["detail"]
        for name in ("auto", "a%2Fb", "..%2Fx", "a@b@c", ".x", "x" * 200):
            assert ask("PUT", f"/v1/models/{name}", b"refused by its name").status in (404, 422)
        assert sorted(file.name for file in tmp_path.iterdir()) == [
            "one.onnx", "two@1.onnx", "two@10.onnx", "two@9.onnx",
        ]  # fmt: skip
        assert ask("DELETE", "/v1/models/two@10").status == 200
        assert ask("DELETE", "/v1/models/two@10").status == 404
        until(lambda: agreed("?model=two@10", 404))
        for file in tmp_path.iterdir():
            file.unlink()
        until(lambda: agreed("?model=one", 404))


def test_a_server_without_models_waits_for_one(tmp_path: Path) -> None:
    with Server((str(tmp_path),), {"api_key": KEY, "look_seconds": 0.05}) as server:
        reloaded = server.ask("POST", "/v1/models/reload", X_API_Key=KEY).json()
        assert reloaded == {"models": [], "refused": []}
        assert server.read(PICTURE, X_API_Key=KEY).status == 503
        assert server.ask("GET", "/readyz").status == 503
        (tmp_path / "back.onnx").write_bytes(model("back"))
        until(lambda: server.read(PICTURE, X_API_Key=KEY).status == 200)


def test_names_follow_from_the_places(tmp_path: Path) -> None:
    run, folder = tmp_path / "run", tmp_path / "folder"
    for path in (run, folder, folder / "inner"):
        path.mkdir()
    for path in (
        run / "model.onnx",
        folder / "inner" / "model.onnx",
        folder / "a@2.onnx",
        folder / ".b.onnx",
    ):
        path.write_bytes(b"")
    (folder / "note.txt").write_bytes(b"")
    assert [place.identity for place in places([str(run), str(folder), "small"])] == [
        "run", "a@2", "inner", "small",
    ]  # fmt: skip
    assert [place.identity for place in places([str(run / "model.onnx")])] == ["run"]
    with pytest.raises(UsageError, match=r"no model '.*nothing'"):
        Shelf([str(tmp_path / "nothing")], DEFAULT_LIMITS, 4)


def test_the_first_name_is_read_with_and_is_the_same_in_every_worker(tmp_path: Path) -> None:
    (tmp_path / "b.onnx").write_bytes(SMALL)
    early = Shelf([str(tmp_path)], DEFAULT_LIMITS, 9)
    early.look(at_once=True)
    for name in ("a@2", "a@10"):
        (tmp_path / f"{name}.onnx").write_bytes(model(name))
    early.look(at_once=True)
    late = Shelf([str(tmp_path)], DEFAULT_LIMITS, 9)
    late.look(at_once=True)
    for shelf in (early, late):
        assert [each.place.identity for each in shelf.all()] == ["a@10", "a@2", "b"]
        assert shelf.find(None).place.identity == "a@10"


def test_names_that_clash_or_do_not_fit_are_refused(tmp_path: Path) -> None:
    for name in ("auto", "a b", "fine", "x1", "x2"):
        (tmp_path / f"{name}.onnx").write_bytes(SMALL)
    other = tmp_path / "other"
    other.mkdir()
    (other / "fine.onnx").write_bytes(model("other"))
    shelf = Shelf([str(tmp_path), str(other)], DEFAULT_LIMITS, 2)
    shelf.look(at_once=True)
    assert [row["name"] for row in shelf.rows()] == ["fine", "x1"]
    assert shelf.refused.keys() == {"auto", "a b", "x2", "fine"}
    assert "more than 2" in shelf.refused["x2"]
    assert "this name" in shelf.refused["fine"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
def test_a_pipe_among_the_models_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "first.onnx")
    (tmp_path / "second.onnx").write_bytes(SMALL)
    shelf = Shelf([str(tmp_path)], DEFAULT_LIMITS, 9)
    shelf.look(at_once=True)
    assert [each.place.identity for each in shelf.all()] == ["second"]
    assert shelf.refused == {"first": "first.onnx is no file"}
    with pytest.raises(UsageError, match="no file"):
        Shelf([str(tmp_path / "first.onnx")], DEFAULT_LIMITS, 9).check()


def test_a_folder_that_cannot_be_looked_at_keeps_its_models(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "fine.onnx").write_bytes(SMALL)
    shelf = Shelf([str(folder)], DEFAULT_LIMITS, 2)
    shelf.look(at_once=True)
    folder.rename(tmp_path / "away")
    folder.symlink_to(folder)  # looking there is an error of the system, even for root
    asyncio.run(shelf.follow())
    assert len(shelf) == 1
    with pytest.raises(UsageError, match=r"cannot look at .*folder"):
        Shelf([str(folder)], DEFAULT_LIMITS, 2)
    folder.unlink()
    asyncio.run(shelf.follow())
    assert len(shelf) == 0


def test_the_automatic_choice_suits_the_picture(trained: FitResult) -> None:
    """A run that reads single digits, beside the bundled model, which reads four characters of anything."""
    own = open_source(DIGITS, seed=77)
    others = open_source("scheme:lepture?length=4&alphabet=letters", seed=78)
    with Server((str(trained.run), "small")) as server:
        chosen = {
            name: [server.read(encode(source, number).data, "?model=auto").json() for number in range(12)]
            for name, source in ((trained.run.name, own), ("small", others))
        }
        pair = [
            next(place for place, each in enumerate(answers) if each["model"]["name"] == name)
            for name, answers in chosen.items()
        ]
        digit, letters = (answers[place] for place, answers in zip(pair, chosen.values(), strict=True))
        parts = [encode(source, place).data for place, source in zip(pair, (own, others), strict=True)]
        body = form(*(("file", each) for each in parts))
        rows = server.ask("POST", "/v1/read/batch?model=auto", body, FORM).json()["readings"]
    for name, answers in chosen.items():
        assert sum(answer["model"]["name"] == name for answer in answers) >= 9
        assert all(0.5 <= answer["model"]["choice_confidence"] <= 1 for answer in answers)
    # In a batch each picture has a model of its own.
    assert [row["model"]["name"] for row in rows] == [answer["model"]["name"] for answer in (digit, letters)]
    assert [row["text"] for row in rows] == [digit["text"], letters["text"]]
    assert digit["model"]["name"] != letters["model"]["name"]
