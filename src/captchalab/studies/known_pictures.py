"""Pictures of a test that contestants train on, or were trained on before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256

from captchalab.errors import CaptchalabError, ImageError
from captchalab.samples.sample import AtRest
from captchalab.sources import open_source
from captchalab.studies.contestants import Contestant, sources_of


def count_known(
    test: str, train: Sequence[str], contestants: Sequence[Contestant]
) -> tuple[int, tuple[tuple[str, int], ...]]:
    """How many pictures of the test, byte by byte, are among those to train on, and among those that
    contestants were trained on before, where these can still be found."""
    tested = _hashes(test)
    of = cache(lambda text: len(tested & _hashes(text)))
    before = [(each.name, sum(map(of, sources_of(each)))) for each in contestants] if tested else []
    return sum(map(of, train)) if tested else 0, tuple((name, count) for name, count in before if count)


def _hashes(text: str) -> set[bytes]:
    """Of the pictures of a source at rest; one that is gone, and unreadable pictures, are passed over."""
    hashes: set[bytes] = set()
    source = None
    with suppress(CaptchalabError):
        source = open_source(text)
    if not isinstance(source, AtRest):
        return hashes
    for index in range(source.size):
        with suppress(ImageError):
            hashes.add(sha256(source.data(index)).digest())
    return hashes
