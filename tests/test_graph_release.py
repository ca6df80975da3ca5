"""Releases are whole, durable and checked: whatever happens to a build, the old release keeps serving."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import graph.release as release_module
from graph.errors import ReleaseError
from graph.release import (
    FileEntry,
    Release,
    ReleaseFacts,
    ReleaseWriter,
    SourceEntry,
    WriterLock,
    backup,
    clear_leftovers,
    current_id,
    holding,
    leftovers,
    lock_holder,
    open_release,
    prune,
    release_ids,
    restore,
    sha256_of,
    switch,
    verified,
)
from graph.steps import STEPS
from graph.store import OxigraphStore

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FACTS = ReleaseFacts(
    sources=[SourceEntry("plan.pdf", "ab" * 32, document="d1"), SourceEntry("empty.pdf", "cd" * 32, error="is empty")],
    counts={"recommendation": 2},
    versions={"inspectgraph": "0.1.0"},
    models={"all-MiniLM-L6-v2": "ef" * 32},
)


def publish(data: Path, text: str, *, keep: int = 5, now: datetime = NOON) -> Release:
    with WriterLock(data), ReleaseWriter(data, keep=keep, now=now) as writer:
        (writer.path / "documents" / "d1").mkdir(parents=True)
        (writer.path / "documents" / "d1" / "text.txt").write_text(text)
        (writer.path / "tables").mkdir()
        (writer.path / "tables" / "items.parquet").write_bytes(bytes(range(256)) * 40)
        return writer.publish(FACTS)


def text_of(data: Path) -> str:
    return (Release.open(data, check="hashes").path / "documents" / "d1" / "text.txt").read_text()


def hidden(data: Path) -> list[str]:
    return [entry.name for folder in (data, data / "releases") for entry in folder.iterdir() if entry.name[0] == "."]


def test_a_release_is_current_once_published_and_its_manifest_tells_all(tmp_path: Path) -> None:
    release = publish(tmp_path, "one")
    assert release.id.startswith("2026-11-25T120000Z-")
    assert Release.open(tmp_path) == release
    assert (tmp_path / "current").readlink() == Path("releases") / release.id
    manifest = json.loads((release.path / "manifest.json").read_text())
    assert set(manifest["files"]) == {"documents/d1/text.txt", "tables/items.parquet"}
    assert manifest["created"] == "2026-11-25T12:00:00Z"
    assert manifest["facts"]["counts"] == {"recommendation": 2}
    assert manifest["facts"]["sources"][1]["error"] == "is empty"
    assert release.verify() == []
    assert hidden(tmp_path) == []


def test_ids_sort_by_time_even_when_the_clock_goes_back(tmp_path: Path) -> None:
    made = [publish(tmp_path, "x", now=NOON - timedelta(minutes=step)).id for step in range(3)]
    assert made == sorted(made)
    assert len(set(made)) == 3
    assert release_ids(tmp_path) == made[::-1]


def test_only_the_newest_are_kept_and_never_without_the_current_one(tmp_path: Path) -> None:
    made = [publish(tmp_path, str(step), keep=3).id for step in range(5)]
    assert release_ids(tmp_path) == made[:1:-1]
    switch(tmp_path, made[2])
    assert prune(tmp_path, 1) == [made[3]]
    assert release_ids(tmp_path) == [made[4], made[2]]
    assert text_of(tmp_path) == "2"


def fill_and_fail(data: Path) -> None:
    with WriterLock(data), ReleaseWriter(data) as writer:
        (writer.path / "x").write_text("half")
        raise ZeroDivisionError


def test_a_build_that_fails_changes_nothing(tmp_path: Path) -> None:
    publish(tmp_path, "one")
    with pytest.raises(ZeroDivisionError):
        fill_and_fail(tmp_path)
    with WriterLock(tmp_path), ReleaseWriter(tmp_path):
        pass  # left without publishing
    assert text_of(tmp_path) == "one"
    assert len(release_ids(tmp_path)) == 1
    assert hidden(tmp_path) == []


def test_what_did_not_change_is_carried_over_by_link(tmp_path: Path) -> None:
    first = publish(tmp_path, "one")
    with WriterLock(tmp_path), ReleaseWriter(tmp_path, now=NOON) as writer:
        writer.carry_over(first, "documents/d1")
        writer.carry_over(first, "tables/items.parquet")
        second = writer.publish(FACTS)
    assert second.manifest.files == first.manifest.files
    file = "documents/d1/text.txt"
    assert (second.path / file).samefile(first.path / file)


def test_a_folder_without_a_release_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="inspectgraph build"):
        Release.open(tmp_path / "nowhere")
    with pytest.raises(ReleaseError, match="no release 2026"):
        switch(tmp_path, "2026-11-25T120000Z-abcdef")


def test_a_link_in_a_release_is_refused(tmp_path: Path) -> None:
    with WriterLock(tmp_path), ReleaseWriter(tmp_path) as writer:
        (writer.path / "link").symlink_to("/etc/passwd")
        with pytest.raises(ReleaseError, match="neither a file nor a folder"):
            writer.publish(FACTS)


# ------------------------------------------------------------------------------------------------------------ damage


def test_a_damaged_release_is_named_and_the_one_before_it_serves(tmp_path: Path) -> None:
    first = publish(tmp_path, "one")
    second = publish(tmp_path, "two")
    (second.path / "documents" / "d1" / "text.txt").unlink()
    opened = Release.open(tmp_path)
    assert opened.id == first.id
    assert opened.damage == (f"release {second.id}: documents/d1/text.txt is missing",)
    (first.path / "manifest.json").write_text("{")
    with pytest.raises(ReleaseError, match=f"{first.id}: its manifest is damaged"):
        Release.open(tmp_path)


def test_a_file_that_the_disk_does_not_give_back_counts_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = publish(tmp_path, "one"), publish(tmp_path, "two")

    def failing(file: Path) -> str:
        if second.path in file.parents and file.name == "text.txt":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return sha256_of(file)

    monkeypatch.setattr(release_module, "sha256_of", failing)
    opened = Release.open(tmp_path)
    assert opened.id == first.id
    assert opened.damage == (f"release {second.id}: documents/d1/text.txt cannot be read ({os.strerror(errno.EIO)})",)


def test_a_link_that_was_put_into_a_release_is_damage_and_the_one_before_it_serves(tmp_path: Path) -> None:
    first, second = publish(tmp_path, "one"), publish(tmp_path, "two")
    (second.path / "link").symlink_to("/etc/passwd")
    opened = Release.open(tmp_path)
    assert opened.id == first.id
    assert "neither a file nor a folder" in opened.damage[0]


def test_a_release_that_is_pruned_while_it_is_checked_gives_way_to_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, "one")
    later = []

    def slow(file: Path) -> str:
        if not later:
            later.append("begun")
            later.extend(publish(tmp_path, text, keep=1).id for text in ("two", "three"))
        return sha256_of(file)

    monkeypatch.setattr(release_module, "sha256_of", slow)
    opened = Release.open(tmp_path)
    assert (opened.id, opened.damage) == (later[-1], ())


def test_a_dangling_current_link_is_survived(tmp_path: Path) -> None:
    first, second = publish(tmp_path, "one"), publish(tmp_path, "two")
    shutil.rmtree(second.path)
    assert Release.open(tmp_path).id == first.id
    (tmp_path / "current").unlink()
    assert Release.open(tmp_path).id == first.id


def test_every_flipped_bit_is_found_before_use(tmp_path: Path) -> None:
    release = publish(tmp_path, "the text of a document")
    flips = random.Random(7)
    files = [release.path / name for name in [*release.manifest.files, "manifest.json"]]
    for _ in range(150):
        file = flips.choice(files)
        sound = file.read_bytes()
        at, bit = flips.randrange(len(sound)), 1 << flips.randrange(8)
        file.write_bytes(sound[:at] + bytes([sound[at] ^ bit]) + sound[at + 1 :])
        try:
            opened = Release.open(tmp_path, check="hashes")
        except ReleaseError:
            pass
        else:  # white space of the manifest carries no meaning
            assert file.name == "manifest.json"
            assert opened == release
        file.write_bytes(sound)


@pytest.mark.parametrize("length", [0, 1, 100])
def test_a_truncated_file_is_found_by_the_fast_check(tmp_path: Path, length: int) -> None:
    release = publish(tmp_path, "one")
    os.truncate(release.path / "tables" / "items.parquet", length)
    with pytest.raises(ReleaseError, match="bytes instead of 10240"):
        Release.open(tmp_path)


def test_a_manifest_nested_beyond_reading_is_damage(tmp_path: Path) -> None:
    release = publish(tmp_path, "one")
    (release.path / "manifest.json").write_bytes(b'{"facts":{"extra":{"a":' + b'{"a":' * 100_000)
    with pytest.raises(ReleaseError, match="its manifest is damaged"):
        Release.open(tmp_path)


def test_a_manifest_that_points_outside_is_refused(tmp_path: Path) -> None:
    release = publish(tmp_path, "one")
    manifest = json.loads((release.path / "manifest.json").read_text())
    manifest["files"]["../../../secret"] = {"size": 1, "sha256": "00" * 32}
    (release.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ReleaseError, match="does not fit its own hash"):
        Release.open(tmp_path)


def sealed(release: Release, **changed: object) -> Release | list[str]:
    """The release opened once its manifest was changed by somebody who knows how it is sealed."""
    manifest = replace(release.manifest, **changed)  # type: ignore[arg-type]
    digest = manifest.digest()
    identifier = f"{release.id[:-6]}{digest[:6]}"
    (release.path / "manifest.json").write_bytes(
        msgspec.json.encode(replace(manifest, id=identifier, content=digest), order="sorted")
    )
    return open_release(release.path.rename(release.path.with_name(identifier)))


def test_a_release_of_another_format_says_which_side_to_renew(tmp_path: Path) -> None:
    release = publish(tmp_path, "one")
    now = release.manifest.format
    for changed, advice in ((now + 1, "upgrade inspectgraph"), (now - 1, "build again")):
        manifest = msgspec.json.encode(replace(release.manifest, format=changed))
        (release.path / "manifest.json").write_bytes(manifest)
        with pytest.raises(ReleaseError, match=f"format {changed}.*{advice}"):
            Release.open(tmp_path)


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname"])
def test_a_manifest_that_points_outside_is_refused_however_well_it_is_sealed(tmp_path: Path, name: str) -> None:
    release = publish(tmp_path, "one")
    (tmp_path / "secret").write_bytes(b"x")
    refused = sealed(release, files={name: FileEntry(1, hashlib.sha256(b"x").hexdigest())})
    assert isinstance(refused, list)
    assert refused[0].endswith(f"its manifest names a file outside ({name})")


def test_one_file_of_a_release_can_be_trusted_while_others_are_damaged(tmp_path: Path) -> None:
    release = publish(tmp_path, "one")
    (release.path / "tables" / "items.parquet").write_bytes(b"x")
    assert verified(release.path, "documents/d1/text.txt") == b"one"
    with pytest.raises(ReleaseError, match=r"tables/items.parquet has changed since it was published"):
        verified(release.path, "tables/items.parquet")
    with pytest.raises(ReleaseError, match=r"manifest.json has changed since it was published"):
        verified(release.path, "manifest.json")
    with pytest.raises(ReleaseError, match=r"nothing.txt cannot be read \(No such file"):
        verified(release.path, "nothing.txt")
    (release.path / "manifest.json").unlink()
    with pytest.raises(ReleaseError, match=f"^release {release.id}: its manifest cannot be read"):
        verified(release.path, "documents/d1/text.txt")


def test_releases_that_cannot_be_listed_are_not_taken_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, "one")

    def refuse(_: Path) -> Iterator[Path]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ReleaseError, match=r"releases cannot be listed \(Input/output error\)"):
        release_ids(tmp_path)


def test_a_writer_keeps_one_release_at_least_and_is_begun_before_it_is_written_into(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        ReleaseWriter(tmp_path, keep=0)
    with pytest.raises(ReleaseError, match="not been begun"):
        _ = ReleaseWriter(tmp_path).path
    assert prune(tmp_path, 1) == []


def test_what_is_not_finished_is_hidden_beside_what_it_becomes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another disk it could not be put in place by a renaming."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))
    data, saved, new = (tmp_path / name for name in ("data", "saved", "new"))
    saved.mkdir()
    places = {"publish": data / "releases", "backup": saved, "restore": new}
    seen: dict[str, set[str]] = {operation: set() for operation in places}

    def look(operation: str, _: str) -> None:
        if operation in places:
            seen[operation] |= {entry.name.rpartition("-")[0] for entry in places[operation].glob(".*-*")}

    monkeypatch.setattr(release_module, "reached", look)
    publish(data, "one")
    backup(data, saved / "b.tar")
    restore(saved / "b.tar", new)
    assert seen == {"publish": {".building"}, "backup": {".b.tar"}, "restore": {".building"}}
    assert [name for place in places.values() for name in place.glob(".*-*")] == []


def test_where_the_disk_knows_no_links_what_is_carried_over_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = publish(tmp_path, "one")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    with WriterLock(tmp_path), ReleaseWriter(tmp_path, now=NOON) as writer:
        writer.carry_over(earlier, "documents")
        later = writer.publish(FACTS)
    copied = later.path / "documents" / "d1" / "text.txt"
    assert copied.read_text() == "one"
    assert not copied.samefile(earlier.path / "documents" / "d1" / "text.txt")


def test_a_restore_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    release = publish(tmp_path / "data", "one")
    (tmp_path / "data" / "sources").mkdir()
    (tmp_path / "data" / "sources" / ("ab" * 32)).write_bytes(b"plan")
    backup(tmp_path / "data", tmp_path / "b.tar")
    (tmp_path / "new" / "sources").mkdir(parents=True)
    (tmp_path / "new" / "sources" / "before").write_bytes(b"moved already")
    assert restore(tmp_path / "b.tar", tmp_path / "new").id == release.id
    assert sorted(file.name for file in (tmp_path / "new" / "sources").iterdir()) == ["ab" * 32, "before"]


def test_a_strange_file_in_a_release_is_found_by_the_full_check(tmp_path: Path) -> None:
    release = publish(tmp_path, "one")
    (release.path / "tables" / "more.parquet").write_bytes(b"x")
    assert release.verify() == [f"release {release.id}: tables/more.parquet is not of this release"]


# ------------------------------------------------------------------------------------------------------ one writer


HOLDER = """
import sys, time
from pathlib import Path
from graph.release import WriterLock
with WriterLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_build_is_told_who_writes_and_a_dead_one_blocks_nobody(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ReleaseError, match=f"process {holder.pid}"), WriterLock(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with WriterLock(tmp_path), pytest.raises(ReleaseError, match="this process"), WriterLock(tmp_path):
        pass
    with WriterLock(tmp_path):
        pass


# ------------------------------------------------------------------------------------------------------ kill and disk

# A build that kills itself (SIGKILL, as the kernel would) before its n-th step that touches the data folder. It forks
# for each n, so that one interpreter start serves all; n runs until a build gets through.
BUILD_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from graph.release import *
from graph.steps import STEPS
from graph.store import OxigraphStore

data = Path(sys.argv[1])
fatal, seen = 0, 0

def count(event, args):
    global seen
    if event.split(".")[0] in {"open", "os", "shutil"} and any(str(data) in str(a) for a in args):
        seen += 1
        if seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

def build():
    with WriterLock(data), ReleaseWriter(data, keep=2, now=datetime(2026, 11, 25, 12, tzinfo=UTC)) as writer:
        with OxigraphStore(data / "work" / "store") as store:
            store.replace_graph("https://example.org/g", b"<https://example.org/s> <https://example.org/p> <urn:x> .")
            store.checkpoint(writer.path / "graph")
        (writer.path / "documents").mkdir()
        (writer.path / "documents" / "text.txt").write_text("new")
        writer.publish(ReleaseFacts(counts={"document": 1}))

sys.addaudithook(count)
while True:
    fatal, seen = fatal + 1, 0
    child = os.fork()
    if child == 0:
        build()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(fatal, int(os.WIFSIGNALED(status)), flush=True)
    sys.stdin.readline()
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


def test_a_build_killed_at_any_step_leaves_a_sound_release_and_the_next_build_clean(tmp_path: Path) -> None:
    publish(tmp_path, "zero", keep=2)
    expected = publish(tmp_path, "one", keep=2).id
    child = subprocess.Popen(
        [sys.executable, "-c", BUILD_AND_DIE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    outcomes = []
    with child.stdin, child.stdout:
        for line in child.stdout:
            outcomes.append(line.split()[1])
            release = Release.open(tmp_path, check="hashes")
            assert release.damage == ()
            assert release.id >= expected
            expected = release.id
            child.stdin.write("\n")
            child.stdin.flush()
    assert child.wait() == 0
    assert outcomes.pop() == "0"  # the last build was not killed
    assert set(outcomes) == {"1"}
    assert len(outcomes) > 40  # every file operation was a place to die
    last = Release.open(tmp_path, check="hashes")
    assert (last.path / "documents" / "text.txt").read_text() == "new"
    assert len(OxigraphStore.open_read_only(last.path / "graph")) == 1
    assert hidden(tmp_path) == []
    assert len(release_ids(tmp_path)) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system here")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def publish_bytes(data: Path, size: int) -> None:
    with WriterLock(data), ReleaseWriter(data) as writer:
        (writer.path / "documents").mkdir()
        for part in range(4):
            (writer.path / "documents" / f"{part}.bin").write_bytes(bytes(size // 4))
        (writer.path / "more.bin").write_bytes(bytes(500_000))
        writer.publish(FACTS)


@pytest.mark.parametrize("size", [600_000, 1_030_000, 2_000_000])
def test_a_full_disk_leaves_the_old_release_serving_and_gives_its_space_back(small_disk: Path, size: int) -> None:
    first = publish(small_disk, "one")
    with pytest.raises(ReleaseError, match=f"release {first.id} still serves"):
        publish_bytes(small_disk, size)
    assert text_of(small_disk) == "one"
    assert hidden(small_disk) == []
    assert shutil.disk_usage(small_disk).free > 900_000


def test_a_failing_disk_is_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no earlier release"), WriterLock(tmp_path), ReleaseWriter(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "refusal",
    [
        OSError(errno.EIO, os.strerror(errno.EIO)),
        ValueError("An IO error occurred: 'No space left on device (os error 28)'"),
        RuntimeError("Error in virtual size_t FileIOWriter: write error: No space left on device"),
        OSError("576768 requested and 21472 written"),
    ],
    ids=["system", "tantivy", "faiss", "numpy"],
)
def test_whatever_a_library_says_of_a_full_disk_tells_what_serves(tmp_path: Path, refusal: Exception) -> None:
    first = publish(tmp_path, "one")
    told = f"^nothing was published in .*release {first.id} still serves$"
    with pytest.raises(ReleaseError, match=told), WriterLock(tmp_path):
        raise refusal


def write_into_full_cache(data: Path) -> None:
    with WriterLock(data), contextlib.closing(sqlite3.connect(data / "cache")) as cache:
        cache.execute("PRAGMA max_page_count = 2")
        cache.execute("CREATE TABLE found (value)")
        cache.execute("INSERT INTO found VALUES (zeroblob(100000))")


def test_a_full_cache_database_tells_what_serves(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"database or disk is full; there is no earlier release$"):
        write_into_full_cache(tmp_path)


@pytest.mark.parametrize("error", [sqlite3.OperationalError("no such table: t"), FileNotFoundError(2, "no such file")])
def test_other_errors_are_not_put_down_to_the_disk(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)), WriterLock(tmp_path):
        raise error


def publish_and_fail(data: Path) -> None:
    with WriterLock(data):
        with ReleaseWriter(data) as writer:
            writer.publish(FACTS)
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def publish_unlisted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folder ``graph`` cannot be listed when the release is published."""
    real = os.scandir

    def refuse(folder: str | int) -> Iterator[os.DirEntry[str]]:  # a number when it is to be deleted
        if isinstance(folder, str) and Path(folder).name == "graph":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(folder)

    with monkeypatch.context() as patched, WriterLock(data), ReleaseWriter(data) as writer:
        (writer.path / "graph").mkdir()
        (writer.path / "graph" / "data").write_bytes(b"x")
        patched.setattr(os, "scandir", refuse)
        writer.publish(FACTS)


def test_a_folder_that_the_disk_does_not_list_is_not_left_out_of_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(tmp_path, "one")
    with pytest.raises(ReleaseError, match=f"release {first.id} still serves"):
        publish_unlisted(tmp_path, monkeypatch)
    assert Release.open(tmp_path).id == first.id


def test_what_is_refused_after_publication_does_not_deny_the_publication(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"^release 20\S+ is published, but what comes after was refused: Input/"):
        publish_and_fail(tmp_path)


def test_leftovers_of_every_kind_are_cleared(tmp_path: Path) -> None:
    publish(tmp_path, "one")
    (tmp_path / "releases" / ".building-x" / "graph").mkdir(parents=True)
    (tmp_path / "releases" / ".removing-x").mkdir()
    (tmp_path / ".current-1").symlink_to("nowhere")
    clear_leftovers(tmp_path)
    assert hidden(tmp_path) == []


# ------------------------------------------------------------------------------------------------------------- backup


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_a_restored_backup_serves_the_same_release_and_sources(tmp_path: Path, ending: str) -> None:
    data, fresh, archive = tmp_path / "data", tmp_path / "fresh", tmp_path / f"backup{ending}"
    publish(data, "one")
    second = publish(data, "two")
    (data / "sources").mkdir()
    (data / "sources" / "abcd").write_bytes(b"%PDF")
    (data / "work" / "cache").write_bytes(b"x" * 1000)
    assert backup(data, archive) == second
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    restored = restore(archive, fresh)
    assert restored.manifest == second.manifest
    assert text_of(fresh) == "two"
    assert (fresh / "sources" / "abcd").read_bytes() == b"%PDF"
    assert current_id(fresh) == second.id
    assert not (fresh / "work" / "cache").exists()
    with pytest.raises(ReleaseError, match="already holds releases"):
        restore(archive, fresh)


def test_a_release_served_in_place_of_a_damaged_one_is_not_saved_as_if_it_were_current(tmp_path: Path) -> None:
    data, archive = tmp_path / "data", tmp_path / "backup.tar"
    first, second = publish(data, "one"), publish(data, "two")
    (second.path / "documents" / "d1" / "text.txt").write_text("tow")
    assert Release.open(data).id == first.id
    with pytest.raises(ReleaseError, match=f"no backup was made: release {second.id}: documents/d1/text.txt"):
        backup(data, archive)
    assert not archive.exists()


def test_a_damaged_or_hostile_backup_restores_nothing(tmp_path: Path) -> None:
    data, archive = tmp_path / "data", tmp_path / "backup.tar"
    publish(data, "one")
    backup(data, archive)
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"one\0", b"onf\0"))
    with pytest.raises(ReleaseError, match="has changed since it was published"):
        restore(archive, tmp_path / "fresh")
    archive.write_bytes(content[:700])
    with pytest.raises(ReleaseError):
        restore(archive, tmp_path / "fresh")
    with tarfile.open(archive, "w") as evil:
        evil.add(data / "current", "../escaped")
    with pytest.raises(ReleaseError):
        restore(archive, tmp_path / "fresh")
    assert not (tmp_path / "escaped").is_symlink()
    assert release_ids(tmp_path / "fresh") == []
    assert current_id(tmp_path / "fresh") is None


@pytest.mark.parametrize(
    ("ending", "begins"),
    [(".tar", b"././@PaxHeader"), (".tar.gz", b"\x1f\x8b"), (".tgz", b"\x1f\x8b"), (".tar.xz", b"\xfd7zXZ")],
)
def test_a_backup_is_compressed_as_its_ending_says_and_holds_nothing_hidden(
    tmp_path: Path, ending: str, begins: bytes
) -> None:
    data, archive = tmp_path / "data", tmp_path / f"backup{ending}"
    publish(data, "one")
    current = publish(data, "two")
    (data / "sources").mkdir()
    (data / "sources" / "abcd").write_bytes(b"%PDF")
    (data / "sources" / ".half").write_bytes(b"%P")
    (data / ".session-key").write_bytes(b"secret")
    backup(data, archive)
    assert archive.read_bytes().startswith(begins)
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as saved:
        names = {name for name in saved.getnames() if saved.getmember(name).isfile()}
    assert {name.split("/")[0] for name in names} == {"releases", "sources"}
    assert {name.split("/")[1] for name in names if name.startswith("releases/")} == {current.id}
    assert not any("/." in f"/{name}" for name in names)


def test_a_backup_that_cannot_be_written_says_where_and_why(tmp_path: Path) -> None:
    publish(tmp_path / "data", "one")
    target = tmp_path / "nowhere" / "backup.tar"
    with pytest.raises(ReleaseError, match=f"^the backup {target} could not be written: No such file or directory$"):
        backup(tmp_path / "data", target)


def test_a_backup_takes_the_new_release_where_the_one_begun_was_pruned_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, begun = tmp_path / "data", []
    publish(data, "one")

    def step(operation: str, name: str) -> None:
        if (operation, name) == ("backup", "begun") and not begun:
            begun.append(name)
            publish(data, "two", keep=1)

    monkeypatch.setattr("graph.release.reached", step)
    assert backup(data, tmp_path / "backup.tar") == Release.open(data)
    assert text_of(data) == "two"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_each_operation_passes_its_named_steps_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: dict[str, list[str]] = {}
    monkeypatch.setattr("graph.release.reached", lambda what, step: passed.setdefault(what, []).append(step))
    data, archive = tmp_path / "data", tmp_path / "backup.tar"
    publish(data, "one")
    publish(data, "two", keep=1)
    backup(data, archive)
    restore(archive, tmp_path / "fresh")
    assert passed.pop("build") == ["begun"] * 2
    assert passed.pop("publish") == [*STEPS["publish"], *STEPS["publish"], "link made"]  # the last is the restore's
    assert passed == {name: list(STEPS[name]) for name in ("prune", "backup", "restore")}


def test_a_restore_says_what_is_wrong_with_the_archive_and_leaves_nothing(tmp_path: Path) -> None:
    data, fresh, archive = tmp_path / "data", tmp_path / "fresh", tmp_path / "backup.tar"
    publish(data, "one")
    with pytest.raises(ReleaseError, match=r"could not be restored: .*No such file"):
        restore(archive, fresh)
    with tarfile.open(archive, "w") as empty:
        empty.add(data / "releases", "releases", recursive=False)
    with pytest.raises(ReleaseError, match=r"is not a sound backup: no release in it$"):
        restore(archive, fresh)
    assert leftovers(fresh) == []
    backup(data, archive)
    (fresh / "releases").mkdir()
    restored = restore(archive, fresh)
    assert restored.path == fresh / "releases" / restored.id
    assert leftovers(fresh) == []
    (fresh / "current").unlink()
    with pytest.raises(ReleaseError, match="already holds releases"):
        restore(archive, fresh)


# --------------------------------------------------------------------------------------------- who holds, who writes


def test_the_process_that_writes_is_named_while_it_lives_and_no_longer(tmp_path: Path) -> None:
    assert lock_holder(tmp_path) is None
    code = (
        "import sys, time; from pathlib import Path; from graph.release import WriterLock\n"
        "with WriterLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "held\n"
        assert lock_holder(tmp_path) == writer.pid
        writer.kill()
    assert (tmp_path / "work" / "lock").read_text() == f"{writer.pid}\n"
    assert lock_holder(tmp_path) is None


def test_releases_that_hold_a_source_are_told_newest_first(tmp_path: Path) -> None:
    one, two = publish(tmp_path, "one"), publish(tmp_path, "two")
    assert list(holding(tmp_path, {"ab" * 32}).items()) == [(two.id, ["plan.pdf"]), (one.id, ["plan.pdf"])]
    assert holding(tmp_path, {"00" * 32}) == {}
    (one.path / "manifest.json").write_bytes(b"{}")
    assert list(holding(tmp_path, {"ab" * 32, "cd" * 32}).items()) == [(two.id, ["plan.pdf", "empty.pdf"])]


def test_what_is_carried_over_is_the_same_file_and_joins_what_is_there(tmp_path: Path) -> None:
    earlier = publish(tmp_path, "one")
    with WriterLock(tmp_path), ReleaseWriter(tmp_path, now=NOON) as writer:
        (writer.path / "documents" / "d2").mkdir(parents=True)
        (writer.path / "documents" / "d2" / "text.txt").write_text("two")
        writer.carry_over(earlier, "documents")
        writer.carry_over(earlier, "tables/items.parquet")
        later = writer.publish(FACTS)
    assert set(later.manifest.files) == {*earlier.manifest.files, "documents/d2/text.txt"}
    for name in earlier.manifest.files:
        assert (later.path / name).samefile(earlier.path / name)


def test_a_file_that_is_a_link_to_one_of_the_current_release_is_not_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(tmp_path, "one")
    hashed: list[str] = []

    def noting(file: Path) -> str:
        hashed.append(file.name)
        return hashlib.sha256(file.read_bytes()).hexdigest()

    monkeypatch.setattr("graph.release.sha256_of", noting)
    with WriterLock(tmp_path), ReleaseWriter(tmp_path) as writer:
        name = next(iter(first.manifest.files))
        writer.carry_over(first, name)
        (writer.path / "new.txt").write_text("two", encoding="utf-8")
        second = writer.publish(ReleaseFacts())
    assert hashed == ["new.txt"]
    assert second.manifest.files[name] == first.manifest.files[name]
    assert second.verify() == []
