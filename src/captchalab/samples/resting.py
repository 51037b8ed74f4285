"""What folders, archives and tables have in common: a list of names and texts, and bytes on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

from captchalab.errors import ImageError, LabelError, UsageError
from captchalab.reading.alphabet import check_label
from captchalab.reading.image import load_image
from captchalab.samples.listing import Listing
from captchalab.samples.sample import Sample, Source


class RestingSource(ABC):
    """Pictures at rest. ``frames`` says how an animation becomes one picture: "first" or "fuse".

    ``text`` returns a label as it stands, even a bad one; ``sample`` refuses it.
    """

    def __init__(self, name: str, listing: Listing, frames: str) -> None:
        self._name = name
        self._listing = listing
        self.frames = frames
        self.folder: Path | None = None
        """Where the pictures lie; ``None`` in an archive or a table."""

    @property
    def name(self) -> str:
        """The string that opens this source again."""
        return self._name

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self._listing.names)

    @property
    def listing(self) -> Listing:
        """What was found, the files beside the samples included."""
        return self._listing

    def __len__(self) -> int:
        return self.size

    def text(self, index: int) -> str:
        """The label of sample ``index`` as it stands, without decoding its picture."""
        return self._listing.texts[index]

    def name_of(self, index: int) -> str:
        """The path of sample ``index`` within its source."""
        return self._listing.names[index]

    @abstractmethod
    def data(self, index: int) -> bytes:
        """The encoded picture. Raises ``ImageError`` if it cannot be had."""

    def sample(self, index: int) -> Sample:
        """Sample ``index``. Raises ``ImageError`` or ``LabelError`` that names the file."""
        name = self.name_of(index)
        try:
            text = check_label(self.text(index))
            data = self.data(index)
            return Sample(load_image(data, frames=self.frames), text, name, data)
        except (ImageError, LabelError) as error:
            raise type(error)(f"{name}: {error}") from error


def refuse_overlap(sources: Iterable[Source], out: Path) -> None:
    """Raises ``UsageError`` if the folder ``out`` is a source's own, lies in it, or holds it.

    Copies would become samples of their own source, or the source a part of the copies.
    """
    target = out.resolve()
    for source in sources:
        if not isinstance(source, RestingSource) or source.folder is None:
            continue
        folder = source.folder.resolve()
        if target == folder or target in folder.parents or folder in target.parents:
            how = "is" if target == folder else "lies in" if folder in target.parents else "holds"
            raise UsageError(f"{out} {how} the source {source.name}: write to a folder beside it")
