"""Every problem of a source, as a list. Nothing is moved, changed or deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from captchalab.errors import ImageError, LabelError
from captchalab.reading.alphabet import MAX_LABEL_LENGTH, Alphabet, check_label, normalise, printable
from captchalab.reading.image import sniff_format
from captchalab.samples.fingerprint import fingerprint, greyscale, whole_look
from captchalab.samples.labels import FORMAT_OF_SUFFIX
from captchalab.samples.near import find_near
from captchalab.samples.resting import RestingSource
from captchalab.samples.sample import AtRest
from captchalab.samples.textcheck import doubtful_texts

LONG = 4 * MAX_LABEL_LENGTH
"""Characters from which on no text can be a label, in whatever form, and no work is spent on it."""
SHOWN = 80
"""Characters of a text that a message shows."""
USUAL_SHARE = 0.5
"""A size that at least this share of the pictures has is the usual one, and all others are odd."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``kind`` is one of a few fixed names, ``name`` the sample (or the source), ``detail`` a sentence.

    An "error" is a sample that cannot be trained on or whose label is disputed, a "warning" one to look at.
    """

    kind: str
    name: str
    detail: str
    severity: Literal["error", "warning"] = "error"


def check(
    source: AtRest, alphabet: Alphabet | None = None, *, on_progress: Callable[[int, int], None] | None = None
) -> list[Problem]:
    """All problems of ``source``, in the order of its samples, those of the whole set last.

    Each picture is decoded once (near duplicates twice), one at a time; what is kept of it is 200 bytes.
    ``alphabet`` adds the characters outside it; ``on_progress(done, total)``.
    """
    pass_ = _Pass(source, alphabet)
    for index in range(source.size):
        pass_.look(index)
        if on_progress is not None:
            on_progress(index + 1, source.size)
    pass_.near_duplicates()
    pass_.odd_sizes()
    pass_.problems.sort(key=lambda entry: entry[0])
    return [problem for _, problem in pass_.problems] + _of_the_set(source)


@dataclass
class _Pass:
    """What is remembered while the pictures go by; ``seen`` lists hold one entry a readable picture."""

    source: AtRest
    alphabet: Alphabet | None
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    first_of_hash: dict[bytes, int] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    thumbs: list[NDArray[np.uint8]] = field(default_factory=list)

    def report(
        self, index: int, kind: str, detail: str, severity: Literal["error", "warning"] = "error"
    ) -> None:
        self.problems.append((index, Problem(kind, self.source.name_of(index), detail, severity)))

    def look(self, index: int) -> None:
        """One sample: its label, then its picture."""
        self._label(index)
        try:
            data = self.source.data(index)
            self._suffix(index, data)
            image = whole_look(data)
        except ImageError as error:
            self.report(index, "unreadable", str(error))
            return
        print_ = fingerprint(data, image)
        earlier = self.first_of_hash.get(print_.pixels_hash, self.first_of_hash.get(print_.bytes_hash))
        self.first_of_hash.setdefault(print_.pixels_hash, index)
        self.first_of_hash.setdefault(print_.bytes_hash, index)
        if earlier is not None:
            self._duplicate(index, earlier)
            return
        self.seen.append(index)
        self.sizes.append(image.shape[:2])
        self.thumbs.append(print_.thumb)

    def _label(self, index: int) -> None:
        text = self.source.text(index)
        try:
            text = check_label(text)
        except LabelError as error:
            self.report(index, "bad label" if text.strip() else "empty label", str(error))
            return
        if text != text.strip():
            self.report(index, "spaces", f"spaces around the label {text!r}", "warning")
        outside = sorted({c for c in text if self.alphabet is not None and c not in self.alphabet})
        if outside:
            self.report(index, "outside alphabet", f"{printable(outside)} (in {text!r})")

    def _suffix(self, index: int, data: bytes) -> None:
        suffix = PurePosixPath(self.source.name_of(index)).suffix
        stated, found = FORMAT_OF_SUFFIX.get(suffix.lower()), sniff_format(data)
        if stated and found and stated != found:
            self.report(
                index, "wrong suffix", f"the suffix is {suffix}, the content {found.upper()}", "warning"
            )

    def _duplicate(self, index: int, earlier: int) -> None:
        other = self.source.name_of(earlier)
        differing = self._labels(index, earlier)
        if differing:
            self.report(index, "two labels", f"the same picture as {other}{differing}")
        else:
            self.report(index, "duplicate", f"the same picture as {other}", "warning")

    def _labels(self, index: int, earlier: int) -> str:
        """How the labels of two samples differ, for a message; empty where they do not."""
        ours, theirs = self.source.text(index), self.source.text(earlier)
        if max(len(ours), len(theirs)) <= LONG:
            ours, theirs = normalise(ours), normalise(theirs)
        return "" if ours == theirs else f", but {ours[:SHOWN]!r} here, {theirs[:SHOWN]!r} there"

    def near_duplicates(self) -> None:
        """Pairs that look the same; each copy is named once."""

        def grey(position: int) -> NDArray[np.uint8]:
            return greyscale(whole_look(self.source.data(self.seen[position])))

        told: set[int] = set()
        for first, second in find_near(self.thumbs, self.sizes, grey):
            earlier, index = self.seen[first], self.seen[second]
            labels = self._labels(index, earlier)
            if index in told and not labels:
                continue
            told.add(index)
            detail = f"nearly the same picture as {self.source.name_of(earlier)}{labels}"
            self.report(index, "near two labels" if labels else "near duplicate", detail, "warning")

    def odd_sizes(self) -> None:
        """Pictures that are not of the usual size, where there is one."""
        if not self.sizes:
            return
        sizes, counts = np.unique(np.asarray(self.sizes), axis=0, return_counts=True)
        height, width = (int(side) for side in sizes[counts.argmax()])
        if counts.max() < USUAL_SHARE * len(self.sizes):
            return
        for index, size in zip(self.seen, self.sizes, strict=True):
            if size != (height, width):
                detail = f"{size[1]}x{size[0]} pixels; the usual size is {width}x{height}"
                self.report(index, "odd size", detail, "warning")


def _of_the_set(source: AtRest) -> list[Problem]:
    """Problems that no single sample has."""
    problems = []
    if isinstance(source, RestingSource):
        text_of = dict(zip(source.listing.names, source.listing.texts, strict=True))
        for name in source.listing.unlisted:
            detail = f"not in the label file beside it; its name is read as {text_of[name]!r}"
            problems.append(Problem("not listed", name, detail, "warning"))
        problems += [
            Problem("ignored", name, "neither a picture nor a label file, by its name", "warning")
            for name in source.listing.ignored
        ]
        problems += [
            Problem(
                "link", name, "a link to a folder, which is not followed: check it as a source", "warning"
            )
            for name in source.listing.links
        ]
    texts = [normalise(text) for text in map(source.text, range(source.size)) if len(text) <= LONG]
    return problems + [
        Problem(kind, source.name, detail, "warning") for kind, detail in doubtful_texts(texts)
    ]
