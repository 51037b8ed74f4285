"""Fetches captchas from a server's own practice endpoint, has them read, and has the answers checked.

    captchalab serve &
    python examples/online.py http://127.0.0.1:8000 --count 20

Needs nothing but Python. Point it at your own server only.
"""

from __future__ import annotations

import argparse
import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


def main() -> None:
    """Prints a line for each captcha, and the share that was read right."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    options.add_argument("--count", type=int, default=20)
    options.add_argument("--scheme", default="lepture")
    options.add_argument("--alphabet", default="digits")
    options.add_argument("--length", type=int, default=4)
    options.add_argument("--model", default="")
    options.add_argument("--key", default="", help="API key, where the server asks for one")
    given = options.parse_args()

    drawn = urlencode({"scheme": given.scheme, "alphabet": given.alphabet, "length": given.length})
    asked = urlencode({"alphabet": given.alphabet, "length": given.length, "model": given.model})
    headers = {"X-API-Key": given.key} if given.key else {}
    right = 0
    for _ in range(given.count):
        with urlopen(Request(f"{given.url}/practice/captcha?{drawn}", headers=headers)) as answer:
            picture, kind = answer.read(), answer.headers["Content-Type"]
            token = answer.headers["X-Captcha-Token"]
        read = post(f"{given.url}/v1/read?{asked}", picture, headers | {"Content-Type": kind})
        reply = json.dumps({"token": token, "answer": read["text"]}).encode()
        json_type = {"Content-Type": "application/json"}
        checked = post(f"{given.url}/practice/captcha", reply, headers | json_type)
        right += checked["right"]
        verdict = "right" if checked["right"] else "wrong"
        print(f"{read['text']}\t{read['confidence']:.3f}\t{read['milliseconds']:.1f} ms\t{verdict}")
    print(f"{right} of {given.count} right")


def post(url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """The JSON that comes back."""
    with urlopen(Request(url, body, headers)) as answer:
        row: dict[str, Any] = json.load(answer)
        return row


if __name__ == "__main__":
    try:
        main()
    except HTTPError as error:
        raise SystemExit(f"{error.url}: {error.code}, {json.load(error)['detail']}") from None
    except URLError as error:
        raise SystemExit(f"no server answers ({error.reason}): start one with captchalab serve") from None
