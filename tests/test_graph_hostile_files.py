"""A folder of hostile files is built from like any other: each is read or refused with a reason, within its limits,
nothing calls home, and the good files among them are read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from graph.ingest import Failure, LocalExecutor, ParsedDocument, SourceStore, find_sources, parse_all, parse_one
from graph.isolation import Limits
from tests.hostile_files import BEACON, HOSTILE, SECRET, HostileFile, write_hostile_files

LIMITS = Limits(seconds=20, memory=1536 << 20)
GOOD = "Recommendations\n\n1. The council should make sure that social workers see children alone, paper {}.\n"
QUICK = [file for file in HOSTILE if not file.slow]
SLOW = [file for file in HOSTILE if file.slow]


@dataclass
class TimedExecutor:
    """The real executor, one task after the other, and how long each took."""

    seconds: list[float] = field(default_factory=list)

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        for index, task in enumerate(tasks):
            begun = time.monotonic()
            [(_, result)] = LocalExecutor(1, LIMITS).run(function, [task])
            self.seconds.append(time.monotonic() - begun)
            yield index, result


@dataclass
class Listener:
    """Someone who listens where the files call home."""

    calls: list[bytes] = field(default_factory=list)

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                self.calls.append(connection.recv(1000))


@dataclass(frozen=True)
class Batch:
    folder: Path
    read: dict[str, ParsedDocument]
    refused: dict[str, Failure]
    seconds: list[float]
    calls: list[bytes]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_files(folder / "in")
    for number, name in enumerate(("- first.txt", "middle.txt", "zzz last.txt")):
        (folder / "in" / name).write_text(GOOD.format(number))
    (folder / "data" / "work").mkdir(parents=True)
    executor, listener = TimedExecutor(), Listener()
    with socket.create_server((urlsplit(BEACON).hostname or "", urlsplit(BEACON).port or 0)) as server:
        threading.Thread(target=listener.serve, args=(server,), daemon=True).start()
        sources, missing = find_sources([folder / "in"])
        documents, failures = parse_all(
            sources, SourceStore(folder / "data" / "sources"), folder / "data" / "work" / "parsed", executor
        )
        server.shutdown(socket.SHUT_RDWR)
    return Batch(
        folder,
        {source.path.name: kept.load() for source, kept in documents},
        {Path(failure.source).name: failure for failure in [*missing, *failures]},
        executor.seconds,
        listener.calls,
    )


def name_of(file: HostileFile) -> str:
    return file.name.encode("utf-8", "backslashreplace").decode()[:60]


def check(file: HostileFile, parsed: ParsedDocument | None, failure: Failure | None) -> None:
    if file.outcome == "read":
        assert parsed is not None, failure
        assert file.says in parsed.text
        assert SECRET.read_text()[:20] not in parsed.text
    else:
        assert failure is not None, "it was read"
        assert file.says in failure.reason
        assert failure.reason
        assert failure.advice
        assert "please report" not in failure.advice


def test_there_are_at_least_forty() -> None:
    assert len(HOSTILE) >= 40
    assert len({file.name for file in HOSTILE}) == len(HOSTILE)


def test_the_same_bytes_are_written_every_time(tmp_path: Path) -> None:
    for file in QUICK:
        file.write(tmp_path / "one")
        file.write(tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes(), file.name


@pytest.mark.parametrize("file", QUICK, ids=name_of)
def test_a_hostile_file_is_read_or_refused_as_the_list_says(file: HostileFile, batch: Batch) -> None:
    written = file.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    same = [other for other in QUICK if other.says == file.says and other.name in {*batch.read, *batch.refused}]
    if written not in batch.read and written not in batch.refused:
        # two files of the same bytes are one source
        bytes_of = (batch.folder / "in" / file.name).read_bytes()
        twins = [other.name for other in same if (batch.folder / "in" / other.name).read_bytes() == bytes_of]
        assert twins, "it is in neither list"
        written = twins[0]
    check(file, batch.read.get(written), batch.refused.get(written))


def test_the_good_files_among_them_are_read(batch: Batch) -> None:
    for name in ("- first.txt", "middle.txt", "zzz last.txt"):
        assert len(batch.read[name].extraction.recommendations) == 1


def test_each_is_done_within_its_limit(batch: Batch) -> None:
    assert max(batch.seconds) < LIMITS.seconds + 3


def test_no_file_reaches_the_network(batch: Batch) -> None:
    assert batch.calls == []


def test_nothing_is_written_outside_the_data_folder(batch: Batch) -> None:
    assert {path.name for path in batch.folder.iterdir()} == {"in", "data"}
    assert not list((batch.folder / "data" / "work").glob("reading-*"))
    assert not Path("/tmp/inspectgraph-escaped").exists()
    assert not Path("escaped").exists()


def test_folders_pipes_devices_and_broken_links_are_passed_over(batch: Batch) -> None:
    for name in ("a-folder.pdf", "a-pipe.pdf", "nowhere.pdf", "ring.pdf", "zeros.txt"):
        assert name not in batch.read
        assert name not in batch.refused


def test_a_pipe_or_a_broken_link_that_is_named_is_a_failure(batch: Batch) -> None:
    folder = batch.folder / "in"
    _, failures = find_sources([folder / name for name in ("a-pipe.pdf", "nowhere.pdf", "ring.pdf", "zeros.txt")])
    assert [failure.reason for failure in failures] == [
        "is neither a file nor a folder", "does not exist", "does not exist", "is neither a file nor a folder",
    ]  # fmt: skip


def test_a_file_of_a_terabyte_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "sparse.txt").open("wb") as out:
        try:
            out.truncate(1 << 40)
        except OSError:
            pytest.skip("this file system has no sparse files of that size")
    begun = time.monotonic()
    sources, failures = find_sources([tmp_path])
    assert sources == []
    assert "more than" in failures[0].reason
    assert time.monotonic() - begun < 1


@pytest.mark.slow
@pytest.mark.parametrize("file", SLOW, ids=name_of)
def test_a_file_that_takes_long_is_read_or_refused_as_the_list_says(file: HostileFile, tmp_path: Path) -> None:
    from graph.errors import UnreadableDocument

    file.write(tmp_path / file.name)
    try:
        check(file, parse_one(tmp_path / file.name, None, Limits(seconds=60, memory=1536 << 20)), None)
    except UnreadableDocument as err:
        check(file, None, Failure.of(err))
