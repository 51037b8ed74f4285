"""The worker processes of a real server: they are ready, they end, they are replaced."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import RemoteDisconnected

import psutil
import pytest
from pictures import png
from serving import FORM, Server, form

PICTURE = png("1234")
WAITING = "captchalab_waiting_pictures "


@pytest.mark.parametrize("settings", [{"workers": 2}, {"allowed_hosts": '["captcha.example.org"]'}])
def test_the_address_is_printed_when_it_answers(settings: dict[str, object]) -> None:
    with Server(settings=settings) as server:
        assert server.ask("GET", "/v1/models", Host="captcha.example.org").status == (
            200 if "allowed_hosts" in settings else 421
        )
        # Health checks ask for an address, and some of them by HEAD.
        assert server.ask("GET", "/readyz", Host="10.1.2.3:8000").status == 200
        head = server.ask("HEAD", "/")
        assert (head.status, head.body) == (200, b"") and int(head.headers["content-length"]) > 1000


def test_what_a_killed_worker_had_waiting_is_not_counted_for_ever() -> None:
    pictures = form(*[("file", PICTURE)] * 256)
    settings = {"look_seconds": 0.02, "deadline_seconds": 100}
    with Server(settings=settings) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.ask, "POST", "/v1/read/batch", pictures, FORM)
        while not server.figure(WAITING):
            assert not asked.done()
        (worker,) = workers(server)
        worker.kill()
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            asked.result()
        while worker in workers(server) or not workers(server):
            pass
        server.wait()
        assert server.figure(WAITING) == 0
        assert server.figure("captchalab_models ") == 1


def test_what_is_being_read_is_answered_after_sigterm() -> None:
    pictures = form(*[("file", PICTURE)] * 256)
    settings = {"look_seconds": 0.02, "deadline_seconds": 100}
    with Server(settings=settings) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.ask, "POST", "/v1/read/batch", pictures, FORM)
        while not server.figure(WAITING) and not asked.done():
            pass
        assert server.stop() == 0
        assert len(asked.result().json()["readings"]) == 256


def test_a_worker_process_that_dies_is_replaced_and_none_outlives_the_server() -> None:
    with Server(settings={"workers": 2}) as server:
        first, second = workers(server)
        first.kill()  # what it had accepted is lost, nothing else
        while len(workers(server)) < 2:
            pass
        assert second in workers(server)
        last = workers(server)
        server.process.kill()
        while any(lives(worker) for worker in last):  # the test's own time limit ends a worker that stays
            time.sleep(0.05)


def workers(server: Server) -> list[psutil.Process]:
    """The worker processes that live."""
    return [child for child in psutil.Process(server.process.pid).children() if lives(child)]


def lives(process: psutil.Process) -> bool:
    """Whether it is a worker that has not ended."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # or a zombie
        return False
