"""Archives and tables: read in place, refused where they are unsafe or broken."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import draw, png

from captchalab.errors import ArchiveError, BrokenImage, MissingExtra, UsageError
from captchalab.samples import parquet
from captchalab.samples.archive import ArchiveLimits, TarSource
from captchalab.samples.parquet import ParquetSource
from captchalab.sources import open_source

FILES = {
    "train/AB_0000.png": png("AB"),
    "train/CD_0001.png": png("CD"),
    "test/labels.csv": b"file,text\n0.png,3+8=?\ngone.png,x\n",
    "test/0.png": png("EF"),
}


def member(name: str, **attributes: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def pack(path: Path, files: dict[str, bytes], *extra: tarfile.TarInfo, mode: Any = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


@pytest.mark.parametrize(("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz"), ("x.tgz", "w:gz")])
def test_tar(tmp_path: Path, name: str, mode: str) -> None:
    path = pack(tmp_path / name, FILES, member("train", type=tarfile.DIRTYPE), mode=mode)
    source = TarSource(path)
    texts = {source.name_of(i): source.text(i) for i in range(source.size)}
    assert texts == {
        "test/0.png": "3+8=?",
        "test/gone.png": "x",
        "train/AB_0000.png": "AB",
        "train/CD_0001.png": "CD",
    }
    part = open_source(f"{path}?part=train")
    assert part.size == 2 and part.name == f"{path}?part=train"
    assert (
        np.array_equal(part.sample(1).image, draw("CD")) and part.sample(0).data == FILES["train/AB_0000.png"]
    )
    with pytest.raises(BrokenImage, match="not in the archive"):
        source.sample(1)
    with pytest.raises(UsageError, match=r"no part 'dev'.*test, train"):
        TarSource(path, "dev")
    assert sorted(file.name for file in tmp_path.iterdir()) == [name]


def test_one_folder_around_the_parts(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.tar", {f"./set/{name}": content for name, content in FILES.items()})
    assert TarSource(path, "train").size == 2


@pytest.mark.parametrize(
    "info",
    [
        member("/etc/A_1.png"),
        member("../A_1.png"),
        member("a/../../A_1.png"),
        member("..\\A_1.png"),
        member("C:/A_1.png"),
        member("A_1.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("A_1.png", type=tarfile.LNKTYPE, linkname="train/AB_0000.png"),
        member("A_1.png", type=tarfile.CHRTYPE),
        member("A_1.png", type=tarfile.BLKTYPE),
        member("A_1.png", type=tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.name}-{info.type.decode()}",
)
def test_unsafe_members(tmp_path: Path, info: tarfile.TarInfo) -> None:
    path = pack(tmp_path / "x.tar", FILES, info)
    with pytest.raises(ArchiveError, match=r"outside the archive|only plain files") as caught:
        TarSource(path)
    assert "\n" not in str(caught.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.tar"]


@pytest.mark.parametrize(
    ("limits", "mode"),
    [
        (ArchiveLimits(max_members=3), "w"),
        (ArchiveLimits(max_member_bytes=100), "w"),
        (ArchiveLimits(max_total_bytes=5000), "w"),
        (ArchiveLimits(max_unpacked_bytes=5000), "w:gz"),
    ],
)
def test_caps(tmp_path: Path, limits: ArchiveLimits, mode: str) -> None:
    path = pack(tmp_path / "x.tar", FILES, mode=mode)
    with pytest.raises(ArchiveError, match=r"more than 3|at most 100|beyond 5,000"):
        TarSource(path, limits=limits)


def test_every_cut_and_damage_is_seen(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.tar", FILES)
    whole = path.read_bytes()
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    end = members[-1].offset_data + -(-members[-1].size // 512) * 512
    cut = tmp_path / "cut.tar"
    for size in (*range(0, end + 1, 512), 100, 700, end - 1, end - 513):
        cut.write_bytes(whole[:size])
        with pytest.raises(ArchiveError, match=r"no whole tar archive|truncated"):
            TarSource(cut)
    for info in members:
        broken = bytearray(whole)
        broken[info.offset + 3] ^= 1
        cut.write_bytes(broken)
        with pytest.raises(ArchiveError, match=r"no whole tar archive|damaged"):
            TarSource(cut)


def test_headers_that_lead_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(member("A_1.png", size=-1024).tobuf(tarfile.GNU_FORMAT) * 4 + bytes(1024))
    with pytest.raises(ArchiveError, match="negative size"):
        TarSource(path)
    long_names = member("n", type=tarfile.GNUTYPE_LONGNAME, size=5).tobuf() + b"name".ljust(512, b"\0")
    path.write_bytes(long_names * 3000 + bytes(1024))
    with pytest.raises(ArchiveError, match="no whole tar archive"):
        TarSource(path)


def test_cut_gzip(tmp_path: Path) -> None:
    whole = pack(tmp_path / "x.tgz", FILES, mode="w:gz").read_bytes()
    for content in (whole[:-20], whole[: len(whole) // 2], whole[:5], whole[:200] + b"\0" * 50 + whole[250:]):
        (tmp_path / "cut.tgz").write_bytes(content)
        with pytest.raises(ArchiveError, match="broken gzip"):
            TarSource(tmp_path / "cut.tgz")


def test_an_archive_that_shrinks_is_an_error(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.tar", FILES)
    source = pickle.loads(pickle.dumps(TarSource(path)))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ArchiveError, match="shorter"):
        source.sample(2)


def _sums(source: TarSource, queue: Any) -> None:
    queue.put([int(source.sample(index).image.sum()) for index in (0, 2, 3)])


@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_worker_processes(tmp_path: Path, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on {os.name}")
    source = TarSource(pack(tmp_path / "x.tar", FILES))
    expected = [int(source.sample(index).image.sum()) for index in (0, 2, 3)]
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=_sums, args=(source, queue))
    process.start()
    assert queue.get(timeout=60) == expected
    process.join()


def table(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), path, **options)
    return path


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: {"bytes": data, "path": None}])
def test_parquet(tmp_path: Path, wrap: Callable[[bytes | None], Any]) -> None:
    texts = ["007", "验证", "a/b", "", "last"]
    images = [wrap(png(text, seed)) if seed != 2 else wrap(None) for seed, text in enumerate(texts)]
    path = table(tmp_path / "x.parquet", {"text": texts, "image": images}, row_group_size=2)
    source = pickle.loads(pickle.dumps(open_source(str(path))))
    assert [source.text(i) for i in range(source.size)] == texts
    for index in (4, 0, 1):
        assert np.array_equal(source.sample(index).image, draw(texts[index], index))
    with pytest.raises(BrokenImage, match="holds no picture"):
        source.sample(2)
    named = table(tmp_path / "n.parquet", {"image": images, "text": texts, "name": list("abcde")})
    assert ParquetSource(named).name_of(4) == "e"


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingExtra, match=r"pip install 'captchalab\[parquet\]'"):
        open_source(str(tmp_path / "x.parquet"))


def test_foreign_parquet(tmp_path: Path) -> None:
    path = table(tmp_path / "x.parquet", {"img": [b""], "label": [3]})
    with pytest.raises(
        ArchiveError, match=r"needs the columns image .* it has: img \(binary\), label \(int64\)"
    ):
        open_source(str(path))
    path = table(tmp_path / "y.parquet", {"image": ["a"], "text": ["b"]})
    with pytest.raises(ArchiveError, match="image \\(string\\)"):
        open_source(str(path))
    path = table(tmp_path / "l.parquet", {"image": [b"a"], "text": [["b"]]})
    with pytest.raises(ArchiveError, match="text \\(list"):
        open_source(str(path))
    path = tmp_path / "y.parquet"
    whole = table(tmp_path / "z.parquet", {"image": [b"a"], "text": ["b"]}).read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(ArchiveError, match="no whole Parquet file") as caught:
        open_source(str(path))
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="no folders"):
        open_source(f"{path}?part=train")


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: {"bytes": data, "path": None}])
def test_parquet_repeats_are_not_spelled_out(tmp_path: Path, wrap: Callable[[bytes], Any]) -> None:
    rows, data = 200, png("A") + bytes(256 * 1024)
    path = table(tmp_path / "x.parquet", {"image": [wrap(data)] * rows, "text": ["9" * 60_000] * rows})
    assert path.stat().st_size < 100_000
    pool = pytest.importorskip("pyarrow").default_memory_pool()
    before = pool.bytes_allocated()
    source = ParquetSource(path)
    assert source.data(rows - 1) == data and source.text(0) is source.text(rows - 1)
    assert pool.bytes_allocated() - before < 4 * 1024**2


def test_a_parquet_row_group_above_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "x.parquet", {"image": [png("A")], "text": ["A"]})
    monkeypatch.setattr(parquet, "MAX_GROUP_BYTES", 100)
    with pytest.raises(ArchiveError, match="at most 100 are read"):
        open_source(str(path))


def test_real_archives(schemes_dir: Path) -> None:
    archives = sorted(schemes_dir.glob("*.tar"))
    assert len(archives) == 33
    sizes = {}
    for path in archives:
        whole = TarSource(path)
        train = open_source(f"{path}?part=train")
        assert train.size and whole.size == train.size + TarSource(path, "test").size
        assert not whole.listing.unlisted and not whole.listing.ignored
        sizes[path.stem] = {train.sample(index).image.shape for index in (0, train.size // 2, train.size - 1)}
        if path.stem not in ("jcaptcha-default", "jcaptcha-basiclist"):
            continue
        assert any("-" in train.text(index) for index in range(train.size))
    assert sizes["lepture"] == {(60, 160, 3)} and sizes["hutool-shear-math"] == {(45, 200, 3)}
    math = open_source(f"{schemes_dir}/hutool-shear-math.tar?part=train")
    assert dict(zip(map(math.name_of, range(2)), map(math.text, range(2)), strict=True)) == {
        "train/0000.png": "63+36=",
        "train/0001.png": "22+2=",
    }
