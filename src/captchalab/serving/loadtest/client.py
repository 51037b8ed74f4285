"""One call: a request, its answer, and whether that is the right one."""

from __future__ import annotations

import json
from io import BytesIO
from math import nan
from typing import Any

import aiohttp

from captchalab.reading.reader import Reading
from captchalab.serving.loadtest.calls import OK, Outcome
from captchalab.serving.loadtest.pictures import Form, Pictures, body_of

TOLERANCE = 1e-3
"""Confidences may differ by so much: a batch of another size adds up in another order."""
WRONG_ANSWER, WRONG_MODEL, NO_ANSWER = "wrong answer", "another model", "200 without a reading"
_RETRY_LATER = (429, 503)
_LONG_BODY = 2**20
_LONGEST_PROBLEM = 40


class Client:
    """Sends pictures to ``url`` (``/v1/read``, or ``/v1/read/batch`` where ``batch`` is more than 1)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        pictures: Pictures,
        *,
        form: Form = "raw",
        batch: int = 1,
        model: str | None = None,
    ) -> None:
        self._session, self._pictures, self._form, self.batch = session, pictures, form, batch
        self._url = f"{url}/v1/read" + ("/batch" if batch > 1 else "")
        self._query = {"model": model} if model else None
        self._next = 0

    async def call(self) -> Outcome:
        """Send the next pictures, and judge what comes back."""
        count = len(self._pictures.data)
        numbers = [(self._next + step) % count for step in range(self.batch)]
        self._next = (self._next + self.batch) % count
        body, kind = body_of([self._pictures.data[number] for number in numbers], self._form)
        try:
            async with self._session.post(
                self._url,
                data=payload(body),
                params=self._query,
                headers={"Content-Type": kind},
                allow_redirects=False,  # they might lead to another host
            ) as response:
                status, headers, answer = response.status, response.headers, await response.read()
        except TimeoutError:
            return Outcome("timeout")
        except aiohttp.ClientConnectorError:
            return Outcome("no connection")
        except aiohttp.ClientError:
            return Outcome("connection lost")
        if status != 200:
            return Outcome(kind_of_refusal(status, "Retry-After" in headers, answer))
        return self._judge(answer, numbers)

    def _judge(self, answer: bytes, numbers: list[int]) -> Outcome:
        value = _object(answer)
        rows = value.get("readings", [value])
        if len(rows) != len(numbers) or not all(isinstance(row.get("text"), str) for row in rows):
            return Outcome(NO_ANSWER)
        times = _seconds(value, "milliseconds"), _seconds(value, "queue_milliseconds")
        if not (known := self._pictures.expected):
            return Outcome(OK, *times)
        # Only servers of other kinds do not name their model.
        expected = known.get(value.get("model", {}).get("sha256", next(iter(known))))
        if expected is None:
            return Outcome(WRONG_MODEL, *times)
        right = all(same(row, expected[number]) for row, number in zip(rows, numbers, strict=True))
        return Outcome(OK if right else WRONG_ANSWER, *times)


def payload(body: bytes) -> bytes | BytesIO:
    """What aiohttp takes without a warning; a long body is sent in pieces."""
    return body if len(body) <= _LONG_BODY else BytesIO(body)


def same(row: dict[str, Any], expected: Reading) -> bool:
    """Whether an answer is the in-process reader's: text, characters, and confidence but for rounding."""
    characters = [part.get("character") for part in row.get("characters", ())]
    return (
        row["text"] == expected.text
        and (not characters or characters == [span.character for span in expected.characters])
        and abs(row.get("confidence", -1.0) - expected.confidence) <= TOLERANCE
    )


def kind_of_refusal(status: int, retry_after: bool, answer: bytes) -> str:
    """``503 busy``: the status, and the kind of problem where the answer names one."""
    problem = str(_object(answer).get("type", "")).rpartition(":")[2][:_LONGEST_PROBLEM]
    kind = f"{status} {problem}".strip()
    return f"{kind}, no Retry-After" if status in _RETRY_LATER and not retry_after else kind


def _object(answer: bytes) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _seconds(value: dict[str, Any], name: str) -> float:
    found = value.get(name)
    return found / 1000 if isinstance(found, int | float) else nan
