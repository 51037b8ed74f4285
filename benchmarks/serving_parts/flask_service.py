"""The peer: a plain Flask service around the same reader, built as such services usually are.

    python benchmarks/serving_parts/flask_service.py [--model FILE] [--port 0] [--granian]

`POST /v1/read` takes the form field `file` or a raw body and answers as captchalab does. It runs on Flask's
own server with its threads, as cnn_captcha's service does, or on granian's (`--granian`). Flask's own server
logs a line for each request, as captchalab's does; on granian's there is none.
"""

from __future__ import annotations

import argparse
import socket
from functools import partial
from time import perf_counter
from typing import Any

from flask import Flask, Response, jsonify, request

from captchalab import Reader
from captchalab.errors import ImageError


def make_app(model: str | None) -> Flask:
    """The service."""
    app = Flask("peer")
    reader = Reader.open(model)

    @app.get("/v1/models")
    def models() -> Response:
        return jsonify(models=[{"name": "peer", "sha256": reader.sha256}])

    @app.post("/v1/read")
    def read() -> tuple[Response, int] | Response:
        began = perf_counter()
        upload = request.files.get("file")
        try:
            reading = reader.read(upload.read() if upload is not None else request.get_data())
        except ImageError as error:
            return jsonify(error=str(error)), 422
        characters: list[dict[str, Any]] = [
            {
                "character": span.character,
                "confidence": span.confidence,
                "left": span.left,
                "right": span.right,
            }
            for span in reading.characters
        ]
        return jsonify(
            text=reading.text,
            confidence=reading.confidence,
            characters=characters,
            model={"name": "peer", "sha256": reader.sha256},
            milliseconds=1000 * (perf_counter() - began),
        )

    return app


def main() -> None:
    """Print the address, and serve until the process is ended."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", metavar="FILE")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--granian", action="store_true")
    settings = parser.parse_args()
    port = settings.port or free_port()
    print(f"http://127.0.0.1:{port}", flush=True)
    if settings.granian:
        from granian.constants import Interfaces
        from granian.server import Server

        server = Server("peer", port=port, interface=Interfaces.WSGI, log_enabled=False)
        server.serve(target_loader=partial(make_app, settings.model), wrap_loader=False)
    else:
        make_app(settings.model).run("127.0.0.1", port, threaded=True)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    main()
