"""API keys: hashed at rest, with scopes, compared in constant time.

A file of keys holds one on each line: ``NAME SCOPES scrypt$SALT$HASH``, where ``SCOPES`` are joined by
commas. A client sends ``NAME.SECRET``; so only one hash has to be worked out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from captchalab.errors import UsageError
from captchalab.files import write_atomic
from captchalab.serving.places import NAME

SCOPES = ("read", "metrics", "admin")
DEFAULT_NAME = "default"
SHORTEST = 16
_REMEMBERED = 256
_COST = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Key:
    """``admin`` may do everything."""

    name: str
    scopes: frozenset[str]
    salt: bytes
    hash: bytes

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    def line(self) -> str:
        """As it stands in a file of keys."""
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.hash))
        return f"{self.name} {','.join(sorted(self.scopes))} scrypt${salt}${digest}"


def new_key(name: str, scopes: list[str]) -> tuple[str, Key]:
    """What the client sends, and what the server keeps. Raises ``UsageError`` for a wrong name or scope."""
    if not NAME.fullmatch(name) or "." in name:
        raise UsageError(f"the key's name {name!r}: letters, digits, + - and _")
    if name == DEFAULT_NAME:
        raise UsageError(f"the key's name {name!r} is that of CAPTCHALAB_API_KEY; take another one")
    secret = secrets.token_urlsafe(32)
    return f"{name}.{secret}", _hashed(name, frozenset(scopes), secret)


def add_key(file: Path, name: str, scopes: list[str]) -> str:
    """Adds a new key to a file of keys, and returns what the client sends. Raises ``UsageError``."""
    keys, text = (read_keys(file), file.read_text("utf-8")) if file.exists() else ([], "")
    if name in [key.name for key in keys]:
        raise UsageError(f"{file} holds a key {name!r} already; delete its line, or take another name")
    sent, key = new_key(name, scopes)
    if text and not text.endswith("\n"):
        text += "\n"
    write_atomic(file, f"{text}{key.line()}\n".encode(), mode=0o600)
    return sent


def key_of_secret(secret: str) -> Key:
    """The key of the option ``--api-key``, which may do everything. Raises ``UsageError`` for a short one."""
    if len(secret) < SHORTEST or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UsageError(f"an API key has at least {SHORTEST} printable ASCII characters, without spaces")
    return _hashed(DEFAULT_NAME, frozenset({"admin"}), secret)


def read_keys(path: Path) -> list[Key]:
    """The keys of a file. Raises ``UsageError``, naming the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the file of keys {path} ({error})") from None
    keys: list[Key] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, scopes, hashed = line.split()
            kind, salt, digest = hashed.split("$")
            key = Key(name, frozenset(scopes.split(",")), base64.b64decode(salt), base64.b64decode(digest))
        except ValueError:
            raise UsageError(f"{path}, line {number}: NAME SCOPES scrypt$SALT$HASH") from None
        if kind != "scrypt" or not key.scopes <= set(SCOPES):
            raise UsageError(f"{path}, line {number}: scrypt, and the scopes {', '.join(SCOPES)}")
        if any(name == other.name for other in keys):
            raise UsageError(f"{path}, line {number}: a second key {name!r}; delete one of them")
        keys.append(key)
    return keys


class Keyring:
    """The keys that are valid. Remembers what it has verified, under a hash that dies with the process.

    ``required``: requests need a key, also while there is none: whoever withdraws the last one shuts the
    server, and does not open it to everybody.
    """

    def __init__(self, keys: list[Key], *, required: bool) -> None:
        self._pepper = secrets.token_bytes(32)
        self.required = required
        self.replace(keys)

    def replace(self, keys: list[Key]) -> None:
        """Other keys from now on: what was verified is forgotten."""
        self._keys = {key.name: key for key in keys}
        self._known: OrderedDict[bytes, Key] = OrderedDict()

    def known(self, token: str) -> Key | None:
        """The key, if ``token`` was verified before: quick."""
        return self._known.get(self._mark(token))

    def verify(self, token: str) -> Key | None:
        """The key that ``token`` is. Takes some hundredths of a second on purpose."""
        name, dot, secret = token.partition(".")
        if not dot or name not in self._keys:
            name, secret = DEFAULT_NAME, token
        key = self._keys.get(name)
        salt, expected = (key.salt, key.hash) if key else (b"none", bytes(32))
        if not hmac.compare_digest(_scrypt(secret, salt), expected) or key is None:
            return None
        if self._keys.get(name) is not key:  # replaced meanwhile
            return None
        self._known[self._mark(token)] = key
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return key

    def _mark(self, token: str) -> bytes:
        return hmac.digest(self._pepper, token.encode(), "sha256")


def _hashed(name: str, scopes: frozenset[str], secret: str) -> Key:
    if not scopes <= set(SCOPES) or not scopes:
        raise UsageError(f"scopes are: {', '.join(SCOPES)}")
    salt = secrets.token_bytes(16)
    return Key(name, scopes, salt, _scrypt(secret, salt))


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=32, maxmem=64 * 1024 * 1024, **_COST)
