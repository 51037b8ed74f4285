"""Pictures that clients let the server keep. Off unless a folder is named."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from captchalab.files import make_folder, write_atomic
from captchalab.reading.image import sniff_format
from captchalab.serving.problems import Problem


class Uploads:
    """At most ``most`` pictures in ``folder``, named by their content."""

    def __init__(self, folder: Path | None, most: int) -> None:
        self.folder, self.most = folder, most
        if folder is not None:
            make_folder(folder)

    async def keep(self, picture: bytes) -> str:
        """Stores a picture that was read; its file's name. Raises ``Problem`` 422 where that is not on."""
        if self.folder is None:
            raise Problem(422, "wrong-parameter", "this server keeps no pictures; leave out 'keep'")
        return await asyncio.to_thread(self._store, self.folder, picture)

    def _store(self, folder: Path, picture: bytes) -> str:
        name = f"{hashlib.sha256(picture).hexdigest()[:32]}.{sniff_format(picture)}"
        file = folder / name
        if not file.exists():
            if sum(1 for _ in folder.iterdir()) >= self.most:
                detail = f"the server keeps no more than {self.most} pictures; leave out 'keep'"
                raise Problem(503, "full", detail, {"Retry-After": "3600"})
            write_atomic(file, picture, durable=False)
        return name
