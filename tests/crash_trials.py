"""Operations on a small data folder, cut short: killed at a named step or at any instant, or refused by the disk.

Each trial runs in a forked child, so that one interpreter start serves thousands. Every part of the folder is real: an
Oxigraph store, Parquet tables, a FAISS index, a tantivy index, sources, the journal of corrections.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import os
import pickle
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faiss  # noqa: F401 - imported before the forks, so that no child pays for it
import msgspec
import numpy as np
import tantivy  # noqa: F401

from graph.curation import Entry, Journal
from graph.errors import InspectgraphError
from graph.ingest import Source, SourceStore
from graph.release import (
    Release,
    ReleaseFacts,
    ReleaseWriter,
    WriterLock,
    backup,
    open_release,
    release_ids,
    restore,
)
from graph.steps import EVENT
from graph.store import OxigraphStore, open_read_only
from indexer.embedding import ModelIdentity
from indexer.lexical import LexicalIndex, LexicalRecord, write_lexical
from indexer.tables import read_rows, write_table
from indexer.vector import open_index, write_index

_WHEN = datetime(2026, 11, 25, 12, tzinfo=UTC)
_MODEL = ModelIdentity("invented", "00" * 32, "openvino", "f32", 8)
#: How many items a release has, by its number: neighbours differ, so that a mixture shows.
ITEMS = 12


@dataclass(frozen=True)
class Outcome:
    """``killed`` by our own signal; ``acknowledged``: the operation returned; ``error``: type and words of what it
    raised."""

    killed: bool
    acknowledged: bool
    error: tuple[str, str] | None


def forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """(wait status, result) of ``work`` in a child; an exception travels as a value."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            result: Any = ("value", work())
        except BaseException as err:  # noqa: BLE001 - it travels to the parent
            result = ("error", _kind(err), str(err) or traceback.format_exc())
        os.write(writer, pickle.dumps(result))
        os._exit(0)
    os.close(writer)
    content = b""
    while chunk := os.read(reader, 65536):
        content += chunk
    os.close(reader)
    return os.waitpid(child, 0)[1], pickle.loads(content) if content else None


def import_once(work: Callable[[], object]) -> None:
    """``work`` in a child, and what it imported in this process, so that no later fork pays for it: importing takes
    four times as long as the work of a trial."""

    def imported() -> list[str]:
        work()
        return list(sys.modules)

    found = forked(imported)
    check(found)
    for name in found[1][1]:
        with contextlib.suppress(Exception):  # some are only to be had as parts of others
            importlib.import_module(name)


def _kind(err: BaseException) -> str:
    return "InspectgraphError" if isinstance(err, InspectgraphError) else type(err).__name__


# ---------------------------------------------------------------------------------------------------------- operations


def originals(data: Path, number: int) -> list[Source]:
    """The files that release ``number`` is of, beside the data folder; the last is no other release's."""
    folder = data.parent / "originals"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in ("a", "b", f"only-{number}"):
        content = name.encode() * 1000
        if not (folder / name).exists():
            (folder / name).write_bytes(content)
        made.append(Source(folder / name, hashlib.sha256(content).hexdigest()))
    return made


def publish(data: Path, number: int, *, keep: int = 2) -> Release:
    """Release ``number``: that many documents' worth of items in graph, table, vectors and words; and its sources, of
    which one is no other release's."""
    count = ITEMS + number % 7
    sources = originals(data, number)
    texts = [f"recommendation {row} of release {number}" for row in range(count)]
    with WriterLock(data), ReleaseWriter(data, keep=keep, now=_WHEN) as writer:
        store = SourceStore(data / "sources")
        assert all(store.keep(source) for source in sources)
        with OxigraphStore(data / "work" / "store") as graph:
            lines = [f'<urn:item:{n}:{row}> <urn:text> "{text}" .' for row, text in enumerate(texts) for n in (number,)]
            graph.replace_graph("urn:graph", "\n".join(lines).encode())
            graph.checkpoint(writer.path / "graph")
        write_table(
            writer.path / "tables", "items", [{"iri": f"urn:item:{number}:{n}", "text": t} for n, t in enumerate(texts)]
        )
        vectors = np.random.default_rng(number).normal(size=(count, 8)).astype(np.float32)
        write_index(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), _MODEL, writer.path / "vectors")
        write_lexical((LexicalRecord(row, text) for row, text in enumerate(texts)), writer.path / "lexical")
        entries = [{"path": str(s.path), "sha256": s.sha256, "name": s.path.name, "metadata": {}} for s in sources]
        (writer.path / "sources.json").write_bytes(msgspec.json.encode(entries))
        return writer.publish(ReleaseFacts(counts={"items": count}, extra={"number": number}))


def prepare(data: Path) -> None:
    """Two releases, their sources and a correction."""
    for number in (1, 2):
        publish(data, number)
    correct(data, 0)


def correct(data: Path, number: int) -> list[Entry]:
    return Journal(data).append(
        Entry("", "hide", "2026-11-27T08:00:00Z", "Jane Doe", f"reason {number}", "urn:item", "finding")
    )


def state(data: Path) -> tuple[str, int]:
    """Id and number of the current release, with every byte checked and all its parts counted against one another."""
    release = Release.open(data)
    assert release.damage == (), release.damage
    number = int(release.manifest.facts.extra["number"])
    count = release.manifest.facts.counts["items"]
    rows = read_rows(release.path / "tables", "items")
    graph = {quad.object.value for quad in open_read_only(release.path / "graph")}  # type: ignore[union-attr]
    words = LexicalIndex(release.path / "lexical").search([("recommend", 1.0), ("recommendation", 1.0)], 100)
    counts = (len(rows), len(graph), open_index(release.path / "vectors", verify=True).size, len(words.rows))
    assert counts == (count,) * 4 == (ITEMS + number % 7,) * 4, counts
    assert graph == {row["text"] for row in rows} == {f"recommendation {n} of release {number}" for n in range(count)}
    return release.id, number


def sources_of(data: Path) -> set[str]:
    """SHA-256 of the sources of all releases, each of which must be sound."""
    found: set[str] = set()
    for identifier in release_ids(data):
        release = open_release(data / "releases" / identifier, check="hashes")
        assert isinstance(release, Release), release
        found |= {entry["sha256"] for entry in msgspec.json.decode((release.path / "sources.json").read_bytes())}
    return found


def leftovers(data: Path) -> list[str]:
    folders = [folder for folder in (data, data / "releases") if folder.is_dir()]
    return [entry.name for folder in folders for entry in folder.iterdir() if entry.name.startswith(".")]


# --------------------------------------------------------------------------------------------------------------- trials


def steps_of(work: Callable[[], object]) -> list[tuple[str, str]]:
    """The named steps that an operation passes, in order."""

    def record() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        sys.addaudithook(lambda event, args: seen.append((args[0], args[1])) if event == EVENT else None)
        work()
        return seen

    _, found = forked(record)
    assert found[0] == "value", found
    steps: list[tuple[str, str]] = found[1]
    return steps


def killed_at(work: Callable[[], object], step: tuple[str, str], jitter: float) -> Outcome:
    """Killed ``jitter`` seconds after the step is reached; 0: there and then."""

    def run() -> None:
        def hook(event: str, args: Sequence[object]) -> None:
            if event == EVENT and tuple(args) == step:
                if not jitter:
                    os.kill(os.getpid(), signal.SIGKILL)
                signal.setitimer(signal.ITIMER_REAL, jitter)

        _let_the_timer_kill()
        sys.addaudithook(hook)
        work()

    return _outcome(*forked(run))


def killed_after(work: Callable[[], object], seconds: float) -> Outcome:
    """Killed at an instant counted from the beginning."""

    def run() -> None:
        _let_the_timer_kill()
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work()

    return _outcome(*forked(run))


def _let_the_timer_kill() -> None:
    """The kernel's timer ends a process that has no handler for its signal as SIGKILL does; a thread that is to send
    one waits until the interpreter lets it run."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _outcome(status: int, result: Any) -> Outcome:
    error = (result[1], result[2]) if result is not None and result[0] == "error" else None
    return Outcome(os.WIFSIGNALED(status), result is not None and result[0] == "value", error)


#: Audit events of file operations that can fail, and functions of ``os`` that raise none.
_FILE_EVENTS = frozenset(
    "open os.rename os.mkdir os.symlink os.link os.truncate os.chmod os.remove os.rmdir os.listdir os.scandir".split()
)


def failing_at(work: Callable[[], object], data: Path, number: int, code: int = errno.EIO) -> tuple[Outcome, bool]:
    """The operation with its ``number``-th file operation under ``data`` refused; False: it needed fewer."""

    def run() -> bool:
        seen, inside = 0, str(data)

        def count(what: object) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                raise OSError(code, os.strerror(code), str(what))

        def hook(event: str, args: Sequence[object]) -> None:
            if event in _FILE_EVENTS and any(
                inside in str(a) for a in args if isinstance(a, str | bytes | os.PathLike)
            ):
                count(args[0])

        real = os.fsync

        def fsync(handle: Any) -> None:
            count(f"file {handle}")
            real(handle)

        sys.addaudithook(hook)
        os.fsync = fsync
        try:
            work()
        except BaseException as err:
            if seen < number:
                raise AssertionError(f"failed by itself: {err!r}") from err
            raise
        return seen >= number

    status, result = forked(run)
    return _outcome(status, result), result is None or result[0] == "error" or bool(result[1])


def limited_files(work: Callable[[], object], size: int) -> Outcome:
    """The operation where no file may grow beyond ``size`` bytes, for what native code writes as well."""

    def run() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        work()

    return _outcome(*forked(run))


# ------------------------------------------------------------------------------------------------------------ scenarios


@dataclass
class Tally:
    """What a campaign saw: trials, those that were really killed, and every broken promise in a sentence."""

    trials: int = 0
    killed: int = 0
    refused: int = 0
    broken: list[str] | None = None

    def add(self, outcome: Outcome, problem: str | None, *, refused: bool = False) -> None:
        """``refused``: the operation was made to fail, so that an error of it is no broken promise."""
        if outcome.error is not None and not refused:
            problem = problem or f"failed by itself: {': '.join(outcome.error)}"
        self.trials += 1
        self.killed += outcome.killed
        if problem is not None:
            self.broken = [*(self.broken or []), problem]


class Scenario:
    """One operation, the folder that it works on, and what must hold after it was cut short."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.data = folder / "data"
        self.archive = folder / "saved.tar"
        self._number = 2
        if not self.data.exists():
            check(forked(lambda: prepare(self.data)))
            check(forked(lambda: backup(self.data, self.archive)))
        import_once(lambda: (_prune(self.data) if name == "prune" else None, state(self.data)))

    def work(self) -> Callable[[], object]:
        self._number += 1
        number = self._number
        originals(self.data, number)
        if self.name == "prune":
            # three releases of which one is to stay, and a source of each
            check(forked(lambda: [publish(self.data, n, keep=3) for n in (number, number + 1)]))
            self._number += 1
            return lambda: _prune(self.data)
        return {
            "publish": lambda: publish(self.data, number),
            "backup": lambda: backup(self.data, self.archive),
            "restore": lambda: restore(self.archive, self.folder / "fresh"),
            "correct": lambda: correct(self.data, number),
        }[self.name]

    def steps(self) -> list[tuple[str, str]]:
        found = steps_of(self.work())
        self.reset()
        return found

    def reset(self) -> None:
        shutil.rmtree(self.folder / "fresh", ignore_errors=True)

    def problem(self, outcome: Outcome) -> str | None:
        """What is broken after the trial; the folder is then as good as new for the next."""
        status, result = forked(lambda: self._verify(outcome))
        self.reset()
        if result is None:
            return f"{self.name}: checking died with status {status}"
        return None if result[0] == "value" else f"{self.name}: {result[1]}: {result[2][-500:]}"

    def _verify(self, outcome: Outcome) -> None:
        _, number = state(self.data)
        kept = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (self.data / "sources").iterdir()}
        assert sources_of(self.data) <= kept, "a source is lost"
        getattr(self, f"_verify_{self.name}")(outcome, number)

    def _verify_publish(self, outcome: Outcome, number: int) -> None:
        assert number in {self._number, *range(1, self._number)}
        assert not outcome.acknowledged or number == self._number, "acknowledged, but not current"
        again = publish(self.data, self._number)
        assert state(self.data) == (again.id, self._number)
        assert leftovers(self.data) == []
        assert len(release_ids(self.data)) == 2

    def _verify_prune(self, outcome: Outcome, number: int) -> None:
        assert number == self._number
        assert not outcome.acknowledged or len(release_ids(self.data)) == 1, "acknowledged, but not done"
        _prune(self.data)
        assert state(self.data)[1] == number
        assert leftovers(self.data) == []
        assert len(release_ids(self.data)) == 1
        assert {file.name for file in (self.data / "sources").iterdir()} == {
            source.sha256 for source in originals(self.data, number)
        }

    def _verify_backup(self, outcome: Outcome, number: int) -> None:
        fresh = self.folder / "fresh"
        if self.name == "backup" or not release_ids(fresh):
            restore(self.archive, fresh)
            assert leftovers(fresh) == []
        assert state(fresh)[1] == number
        for source in originals(self.data, number):
            assert (fresh / "sources" / source.sha256).read_bytes() == source.path.read_bytes()
        assert Journal(fresh).entries() == Journal(self.data).entries()

    _verify_restore = _verify_backup

    def _verify_correct(self, outcome: Outcome, number: int) -> None:
        reasons = {entry.why for entry in Journal(self.data).entries()}
        assert not outcome.acknowledged or f"reason {self._number}" in reasons, "acknowledged, but lost"
        correct(self.data, self._number)
        assert f"reason {self._number}" in {entry.why for entry in Journal(self.data).entries()}


def _prune(data: Path) -> None:
    from indexer.pipeline import prune_data  # seconds of imports that the other operations do without

    prune_data(data, 1)


def check(found: tuple[int, Any]) -> None:
    assert found[1] is not None, found
    assert found[1][0] == "value", found


SCENARIOS = ("publish", "prune", "backup", "restore", "correct")


def kill_at_every_step(
    scenario: Scenario, times: int, rng: random.Random, only: Collection[str] | None = None
) -> Tally:
    """``times`` kills at each named step, or at ``only`` these: the first there and then, the others 10 microseconds to
    5 ms later, each order of magnitude as often; the operation may end before, and is then tried again."""
    tally = Tally()
    for step in dict.fromkeys(scenario.steps()):
        if only is not None and step[1] not in only:
            continue
        killed = 0
        for turn in range(4 * times):
            outcome = killed_at(scenario.work(), step, 10 ** rng.uniform(-5, -2.3) if turn else 0.0)
            tally.add(outcome, scenario.problem(outcome))
            killed += outcome.killed
            if killed == times:
                break
    return tally


def kill_at_random(scenario: Scenario, times: int, rng: random.Random) -> Tally:
    tally = Tally()
    work = scenario.work()

    def timed() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    length = float(forked(timed)[1][1])
    scenario.reset()
    for _ in range(times):
        outcome = killed_after(scenario.work(), rng.uniform(0, length))
        tally.add(outcome, scenario.problem(outcome))
    return tally


def fail_every_file_operation(scenario: Scenario, stride: int = 1) -> Tally:
    """Each file operation in turn is refused with EIO: the error is one of ours, and everything still stands."""
    tally = Tally()
    number = 1
    while True:
        place = scenario.folder
        outcome, reached = failing_at(scenario.work(), place, number)
        problem = scenario.problem(outcome)
        if not reached:
            return tally
        if outcome.error is not None and outcome.error[0] not in {"InspectgraphError", "OSError"}:
            problem = problem or f"{scenario.name}: operation {number}, told as {outcome.error}"
        tally.refused += outcome.error is not None
        tally.add(outcome, problem, refused=True)
        number += stride


def full_disk(scenario: Scenario, disk: Path, room: Iterator[int] | Sequence[int]) -> Tally:
    """The operation where the disk has so many bytes left, with all that it works on beneath ``disk``: refused, it
    tells so in words of ours, and everything still stands."""
    tally = Tally()
    for left in room:
        work = scenario.work()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - left)))
        outcome = _outcome(*forked(work))
        ballast.unlink()
        problem = scenario.problem(outcome)
        if outcome.error is not None and outcome.error[0] != "InspectgraphError":
            problem = problem or f"{scenario.name}: {left} bytes left, told as {outcome.error}"
        tally.refused += outcome.error is not None
        tally.add(outcome, problem, refused=True)
    return tally
