"""A real server process for tests, and a small client."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

FORM = "multipart/form-data; boundary=frontier"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """`captchalab serve ARGUMENTS --port 0`, with settings from the environment; a context manager."""

    arguments: tuple[str, ...] = ()
    settings: dict[str, object] = field(default_factory=dict)
    host: str = ""
    port: int = 0
    log: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("CAPTCHALAB_")
        }
        environment |= {f"CAPTCHALAB_{name.upper()}": str(value) for name, value in self.settings.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "captchalab", "serve", *self.arguments, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        self._listener = threading.Thread(target=lambda: self.log.extend(self.process.stderr or ()))
        self._listener.start()
        address = urlsplit(self.process.stdout.readline().strip())
        self.host, self.port = str(address.hostname), int(address.port or 0)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def stop(self) -> int:
        """End it as an operator would; its exit status."""
        self.process.terminate()
        status = self.process.wait(60)
        self._listener.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return status

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", **headers: str
    ) -> Answer:
        """One request on a connection of its own; `X_API_Key="..."` becomes the header X-API-Key."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, given | ({"Content-Type": kind} if kind else {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def read(self, picture: bytes, query: str = "", **headers: str) -> Answer:
        """`POST /v1/read` with a raw body."""
        return self.ask("POST", f"/v1/read{query}", picture, "image/png", **headers)

    def figure(self, wanted: str) -> float:
        """Of /metrics; 0 where it is not told. ``wanted``: name, labels and the space behind them."""
        text = self.ask("GET", "/metrics").body.decode()
        return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(wanted)), 0.0)

    def wait(self) -> None:
        """Until it answers (again); the test's own time limit ends a server that never does."""
        while True:
            try:
                self.ask("GET", "/healthz")
                return
            except ConnectionError:
                time.sleep(0.05)


def form(*parts: tuple[str, bytes]) -> bytes:
    """A body of the type ``FORM``; every part is sent as a file."""
    lines = b"".join(
        b'--frontier\r\nContent-Disposition: form-data; name="%s"; filename="../../x"\r\n\r\n%s\r\n'
        % (name.encode(), value)
        for name, value in parts
    )
    return lines + b"--frontier--\r\n"
