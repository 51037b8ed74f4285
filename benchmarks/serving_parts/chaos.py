"""Good requests among bad ones and clients that hang up: every good one must get its own right answer."""

from __future__ import annotations

import asyncio
import random
import struct
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from captchalab.serving.loadtest.client import Client, payload
from captchalab.serving.loadtest.pictures import BOUNDARY, Form, Pictures, body_of
from captchalab.serving.loadtest.run import open_session

BAD_SHARE = 0.3
GONE_SHARE = 0.1
"""Of the good requests: those whose client hangs up."""
FORMS: tuple[tuple[Form, int], ...] = (
    ("raw", 1),
    ("multipart", 1),
    ("json", 1),
    ("multipart", 4),
    ("json", 3),
)
TIMEOUT = 60.0
PNG = b"\x89PNG\r\n\x1a\n"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Bad:
    """A request that must be refused with one of ``statuses``."""

    name: str
    statuses: tuple[int, ...]
    body: bytes
    kind: str = "image/png"
    path: str = "/v1/read"


@dataclass
class Tally:
    """What came of it."""

    good: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)


def bad_requests(picture: bytes) -> list[Bad]:
    """One of each kind, made from a good picture."""
    flipped = bytearray(picture)
    flipped[len(picture) // 2] ^= 0xFF
    bomb = _chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + _chunk(b"IDAT", b"")
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n\r\n'.encode()
    return [
        Bad("empty", (415, 422), b""),
        Bad("no picture", (415,), b"this is no picture"),
        Bad("svg", (415,), b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        Bad("truncated", (422,), picture[: len(picture) // 2]),
        Bad("flipped byte", (422,), bytes(flipped)),
        Bad("bomb", (422,), PNG + bomb),
        Bad("too long", (413,), picture + bytes(3 * 1024 * 1024)),
        Bad("text", (415,), b"hello", "text/plain"),
        Bad("broken json", (422,), b'{"image": ', "application/json"),
        Bad("no base64", (422,), b'{"image": "%%%"}', "application/json"),
        Bad("deep json", (422,), b"[" * 50_000, "application/json"),
        Bad("form without end", (422,), part + picture, MULTIPART),
        Bad("form without boundary", (422,), part + picture, "multipart/form-data"),
        Bad("form without file", (422,), f"--{BOUNDARY}--\r\n".encode(), MULTIPART),
        Bad("unknown model", (404,), picture, path="/v1/read?model=nobody"),
        Bad("unknown parameter", (422,), picture, path="/v1/read?colour=red"),
        Bad("wrong length", (422,), picture, path="/v1/read?length=many"),
        Bad("hungry pattern", (422,), picture, path="/v1/read?pattern=" + "(a|b)*" * 200),
        Bad("no such page", (404,), picture, path="/v1/write"),
    ]


async def chaos(url: str, pictures: Pictures, *, requests: int, workers: int, seed: int) -> dict[str, Any]:
    """Send ``requests`` requests, ``workers`` at a time, in an order that follows from ``seed``."""
    draw = random.Random(seed)
    tally = Tally()
    begun = perf_counter()
    async with open_session(None, TIMEOUT) as session:
        clients = _Distinct(session, url, pictures)
        bad = bad_requests(pictures.data[0])
        jobs: list[Callable[[], Awaitable[None]]] = []
        for _ in range(requests):
            if draw.random() < BAD_SHARE:
                jobs.append(partial(_send_bad, session, url, draw.choice(bad), tally))
            elif draw.random() < GONE_SHARE:
                number, where = draw.randrange(len(pictures.data)), draw.choice(("header", "body", "answer"))
                jobs.append(partial(_hang_up, url, pictures.data[number], where, tally))
            else:
                form, batch = draw.choices(FORMS, (10, 10, 5, 2, 1))[0]
                jobs.append(partial(clients.send, form, batch, tally))
        await _work_off(jobs, workers)
    return {
        "requests": requests,
        "seconds": round(perf_counter() - begun, 1),
        "pictures": len(pictures.data),
        "pictures_sent": clients.sent,
        "good": dict(tally.good.most_common()),
        "bad": dict(tally.bad.most_common()),
        "hung_up": dict(tally.gone.most_common()),
        "unexpected": tally.unexpected,
    }


class _Distinct:
    """Sends each picture once, whatever the form; begins again only when all have been sent."""

    def __init__(self, session: aiohttp.ClientSession, url: str, pictures: Pictures) -> None:
        self._session, self._url, self._pictures = session, url, pictures
        self.sent = 0

    async def send(self, form: Form, batch: int, tally: Tally) -> None:
        count = len(self._pictures.data)
        numbers = [(self.sent + step) % count for step in range(batch)]
        self.sent += batch
        own = Pictures(
            [self._pictures.data[number] for number in numbers],
            {
                sha256: [readings[number] for number in numbers]
                for sha256, readings in self._pictures.expected.items()
            },
        )
        outcome = await Client(self._session, self._url, own, form=form, batch=batch).call()
        tally.good[outcome.kind] += 1
        if outcome.kind != "ok":
            tally.unexpected.append(f"good {form} x{batch}: {outcome.kind}")


async def _send_bad(session: aiohttp.ClientSession, url: str, bad: Bad, tally: Tally) -> None:
    status: int | str
    try:
        headers = {"Content-Type": bad.kind}
        async with session.post(url + bad.path, data=payload(bad.body), headers=headers) as response:
            status, answer = response.status, await response.read()
            if b"Traceback" in answer or response.content_type != "application/problem+json":
                tally.unexpected.append(f"{bad.name}: an answer that is no problem")
    except (aiohttp.ClientError, TimeoutError) as error:
        # Refused before its end, a long body may meet a closed connection before the answer is seen.
        status = 413 if bad.name == "too long" and isinstance(error, aiohttp.ClientOSError) else repr(error)
    tally.bad[f"{bad.name}: {status}"] += 1
    if status not in bad.statuses:
        tally.unexpected.append(f"{bad.name}: {status}")


async def _hang_up(url: str, picture: bytes, where: str, tally: Tally) -> None:
    """Send a request up to some point, and close the connection."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    body, kind = body_of([picture], "raw")
    head = f"POST /v1/read HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    whole = head.encode() + body
    end = {"header": len(head) // 2, "body": len(head) + len(body) // 2, "answer": len(whole)}[where]
    try:
        _, writer = await asyncio.open_connection(host, port)
        writer.write(whole[:end])
        await writer.drain()
        writer.transport.abort() if end % 2 else writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        tally.gone[where] += 1
    except OSError as error:
        tally.unexpected.append(f"hung up ({where}): {error}")


async def _work_off(jobs: Sequence[Callable[[], Awaitable[None]]], workers: int) -> None:
    waiting = iter(jobs)

    async def worker() -> None:
        for job in waiting:
            await job()

    await asyncio.gather(*(worker() for _ in range(workers)))


async def hold(url: str, picture: bytes, count: int) -> dict[str, Any]:
    """Open ``count`` connections that send a byte a second, half of them in the header, half in the body; how
    long the server bears each (the longest, in seconds)."""
    longest: dict[str, float] = {}

    async def one(number: int) -> None:
        where = ("header", "body")[number % 2]
        host, port = urlsplit(url).hostname, urlsplit(url).port
        reader, writer = await asyncio.open_connection(host, port)
        begun = perf_counter()
        head = f"POST /v1/read HTTP/1.1\r\nHost: {host}\r\n".encode()
        if where == "body":
            head += f"Content-Type: image/png\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
        writer.write(head)
        closed = asyncio.create_task(reader.read())  # to the end
        with suppress(OSError):
            while not closed.done():
                writer.write(b"X")
                await writer.drain()
                await asyncio.wait([closed], timeout=1.0)
            await closed
        longest[where] = max(longest.get(where, 0.0), perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(one(number) for number in range(count)))
    return {f"{where}_closed_after_seconds": round(seconds, 2) for where, seconds in longest.items()}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
