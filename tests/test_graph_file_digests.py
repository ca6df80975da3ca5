"""A file's digest is remembered while the file system says that nothing has changed, and no longer."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from graph.file_digests import FileDigests

LATER = 0.05  # more than the tick to which the kernel keeps times


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    time.sleep(LATER)
    return path


def of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_that_has_not_changed_is_not_read_again(file: Path, tmp_path: Path) -> None:
    remembered = tmp_path / "digests.json"
    digests = FileDigests(remembered, settled=0)
    assert digests.of(file) == of(b"one")
    digests.save()
    remembered.write_text(remembered.read_text().replace(of(b"one"), of(b"made up")))
    assert FileDigests(remembered).of(file) == of(b"made up")


@pytest.mark.parametrize("stays", ["nothing", "length", "length and time", "all but the inode"])
def test_a_file_that_has_changed_in_any_way_is_read_again(file: Path, stays: str) -> None:
    digests = FileDigests(settled=0)
    digests.of(file)
    before = file.stat()
    other = b"longer" if stays == "nothing" else b"two"
    if stays == "all but the inode":
        (file.parent / "b.txt").write_bytes(other)
        (file.parent / "b.txt").replace(file)
    else:
        file.write_bytes(other)
    if stays in {"length and time", "all but the inode"}:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digests.of(file) == of(other)


def test_a_file_that_changed_a_moment_ago_is_not_remembered(file: Path, tmp_path: Path) -> None:
    digests = FileDigests(tmp_path / "digests.json")
    digests.of(file)
    digests.save()
    assert (tmp_path / "digests.json").read_bytes() == b"{}"


@pytest.mark.parametrize("content", [b"", b"{", b'{"/a.txt": 1}', b"\xff"])
def test_what_cannot_be_made_sense_of_is_forgotten(file: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "digests.json").write_bytes(content)
    assert FileDigests(tmp_path / "digests.json").of(file) == of(b"one")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_no_longer_be_read_is_refused_though_its_digest_is_known(file: Path) -> None:
    digests = FileDigests(settled=0)
    digests.of(file)
    file.chmod(0)
    with pytest.raises(PermissionError):
        digests.of(file)
