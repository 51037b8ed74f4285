"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from captchalab.errors import UsageError
from captchalab.files import make_folder, write_atomic
from captchalab.reading.modelfile import write_model


def test_a_write_replaces_the_old_file_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        write_atomic(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("字" * 84 + ".p")
    write_atomic(path, b"picture", durable=False)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def fail(descriptor: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((UsageError, KeyboardInterrupt)) as caught:
        write_atomic(path, b"new")
    if isinstance(failure, OSError):
        assert str(caught.value) == f"cannot write {path} (No space left on device)"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot write"):
        write_atomic(tmp_path / "absent" / "file", b"")
    with pytest.raises(UsageError, match="cannot create the folder"):
        make_folder(tmp_path / "file" / "folder")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_permissions(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "private", b"")
        write_model(tmp_path / "model.onnx", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "model.onnx").stat().st_mode) == 0o644
