"""The build: from files to one published release.

Stages: find, parse, embed, map and validate, store, link, tabulate, index, publish. Each stage's dear part is cached by
content under ``DATA/work/``; what is derived from all documents together is derived again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import msgspec

from graph.authorities import Register
from graph.errors import InspectgraphError, ReleaseError
from graph.extraction.version import EXTRACTOR_VERSION
from graph.ingest import (
    Executor,
    Failure,
    LocalExecutor,
    ParsedDocument,
    Source,
    find_sources,
    load_metadata,
    parse_all,
)
from graph.isolation import Limits
from graph.release import Release, ReleaseFacts, ReleaseWriter, SourceEntry, WriterLock

#: Raised when a stage after parsing gives other results for the same documents.
PIPELINE_VERSION = "1"


class Progress(Protocol):
    """Told what the build does: stages one after another, each with a known number of steps."""

    def begin(self, stage: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def end(self) -> None: ...


class NoProgress:
    """Tells nobody."""

    def begin(self, stage: str, total: int) -> None:
        pass

    def advance(self, count: int = 1) -> None:
        pass

    def end(self) -> None:
        pass


class _Settings(Protocol):
    """The settings that a build takes."""

    @property
    def jobs(self) -> int: ...
    @property
    def base_iri(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def keep_releases(self) -> int: ...
    @property
    def parse_seconds(self) -> float: ...
    @property
    def parse_memory_mb(self) -> int: ...


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build is told. ``model`` is empty for the default model; ``executor`` None for local child processes."""

    data: Path
    metadata: Path | None = None
    authorities: Path | None = None
    jobs: int = 1
    prune: bool = False
    base_iri: str = "https://w3id.org/inspectgraph/"
    model: str = ""
    keep: int = 3
    limits: Limits = field(default_factory=Limits)
    executor: Executor | None = None

    @classmethod
    def of(
        cls,
        settings: _Settings,
        *,
        data: Path,
        metadata: Path | None = None,
        authorities: Path | None = None,
        jobs: int | None = None,
        prune: bool = False,
    ) -> BuildOptions:
        return cls(
            data=data,
            metadata=metadata,
            authorities=authorities,
            jobs=jobs or settings.jobs or os.cpu_count() or 1,
            prune=prune,
            base_iri=settings.base_iri,
            model=settings.model,
            keep=settings.keep_releases,
            limits=Limits(seconds=settings.parse_seconds, memory=settings.parse_memory_mb << 20),
        )


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``release`` None: nothing was published; ``fresh`` False: the release was current already."""

    release: str | None
    fresh: bool
    counts: Mapping[str, int]
    failures: Sequence[Failure]
    seconds: Mapping[str, float]
    read: int = 0
    warnings: Sequence[str] = ()

    def lines(self) -> Iterator[str]:
        """The table of counts, the table of failures, and what is current now."""
        for kind, count in self.counts.items():
            yield f"{kind:<16}{count:>8}"
        for failure in self.failures:
            yield f"not read  {_printable(failure.source)}: {failure.reason} ({failure.advice})"
        yield from (f"warning   {warning}" for warning in self.warnings)
        if self.release is None:
            yield "No release was published."
        elif self.fresh:
            yield f"Release {self.release} is published; {self.read} documents were read for it."
        else:
            yield f"Nothing has changed; release {self.release} stays current."


def _printable(path: str) -> str:
    return path.encode("unicode_escape").decode() if any(not c.isprintable() for c in path) else path


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of ``sources.json``: where a document of the release came from."""

    path: str
    sha256: str
    name: str
    metadata: dict[str, str]


class _Clock:
    """Seconds by stage, told to the progress as well."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextlib.contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[Progress]:
        self._progress.begin(name, total)
        started = time.perf_counter()
        try:
            yield self._progress
        finally:
            self.seconds[name] = time.perf_counter() - started
        self._progress.end()


def build_release(paths: Sequence[Path], options: BuildOptions, progress: Progress | None = None) -> BuildReport:
    """Read ``paths``, add them to what the current release holds, and publish.

    A path that was built before and has changed is replaced; if it cannot be read now, its earlier version stays and
    the failure says so. Nothing is published where no document at all could be read. Raises ReleaseError where the data
    folder cannot be written to or is being written to, InspectgraphError for wrong metadata.
    """
    metadata = load_metadata(options.metadata) if options.metadata is not None else {}
    with WriterLock(options.data):
        clock = _Clock(progress or NoProgress())
        with clock.stage("find"):
            given, failures = find_sources(paths, metadata)
        earlier = _current(options.data)
        sources = _merged(given, earlier, options) if earlier else given
        return _Build(options, clock, earlier).run(sources, failures)


def remove_documents(what: Sequence[str], options: BuildOptions, progress: Progress | None = None) -> BuildReport:
    """Publish a release without the documents that ``what`` names, by path, file name, SHA-256, document id or IRI.

    Raises InspectgraphError for a name that no document has.
    """
    with WriterLock(options.data):
        earlier = _current(options.data)
        if earlier is None:
            raise ReleaseError(f"there is no release in {options.data} to remove from")
        kept = _entries(earlier)
        iris = {entry.sha256: entry.document for entry in earlier.manifest.facts.sources if entry.document}
        gone: dict[str, str] = {}
        for name in what:
            doomed = [e for e in kept if name in (e.path, e.name, e.sha256) or str(Path(name).absolute()) == e.path]
            doomed = doomed or [e for e in kept if iris.get(e.sha256) == name.rstrip("/").rsplit("/", 1)[-1]]
            if not doomed:
                raise InspectgraphError(f"{name}: no document of release {earlier.id} has this path, name, id or IRI")
            kept = [entry for entry in kept if entry not in doomed]
            gone.update({f"{options.base_iri}documents/{iris[e.sha256]}": "removed by the operator" for e in doomed})
        sources = [_source(entry) for entry in kept]
        return _Build(options, _Clock(progress or NoProgress()), earlier).run(sources, [], removed=gone)


def _current(data: Path) -> Release | None:
    try:
        return Release.open(data)
    except ReleaseError:
        return None


def _entries(release: Release) -> list[_Entry]:
    return msgspec.json.decode((release.path / "sources.json").read_bytes(), type=list[_Entry])


def _merged(given: Sequence[Source], earlier: Release, options: BuildOptions) -> list[Source]:
    """The sources given, and those of the earlier release that stay: not replaced, and not gone when pruning."""
    paths = {str(source.path) for source in given}
    digests = {source.sha256 for source in given}
    kept = [
        _source(entry)
        for entry in _entries(earlier)
        if entry.path not in paths
        and entry.sha256 not in digests
        and not (options.prune and not Path(entry.path).exists())
    ]
    return sorted([*given, *kept], key=lambda source: (source.path, source.sha256))


def _source(entry: _Entry) -> Source:
    return Source(Path(entry.path), entry.sha256, entry.metadata)


class _Build:
    """One run of the stages; the writer lock is held by the caller."""

    def __init__(self, options: BuildOptions, clock: _Clock, earlier: Release | None) -> None:
        self._options = options
        self._clock = clock
        self._earlier = earlier
        self._work = options.data / "work"
        self._store = SourceStore(options.data / "sources")
        self._executor = options.executor or LocalExecutor(options.jobs, options.limits)
        self._read = 0
        self._warnings: list[str] = []

    def run(
        self, sources: Sequence[Source], failures: Sequence[Failure], removed: Mapping[str, str] | None = None
    ) -> BuildReport:
        documents, unread = self._parse(sources)
        failures = [*failures, *unread]
        if not documents and not removed:
            return self._report(None, failures)
        embedder = open_embedder(self._options.model or DEFAULT_MODEL, cache_dir=self._work / "models")
        gone = {**_removed(self._earlier), **(removed or {})}
        signature = self._signature(documents, embedder, gone)
        if self._earlier is not None and self._earlier.manifest.facts.extra.get("signature") == signature:
            return self._report(self._earlier, failures, fresh=False)
        release = self._publish(documents, failures, embedder, signature, gone)
        return self._report(release, failures)

    def _parse(self, sources: Sequence[Source]) -> tuple[list[tuple[Source, ParsedDocument]], list[Failure]]:
        with self._clock.stage("read", len(sources)) as progress:

            def told(fresh: bool) -> None:
                self._read += fresh
                progress.advance()

            documents, failures = self._parse_all(sources, told)
            stand_ins = self._earlier_versions({failure.source for failure in failures}, sources)
            more, _ = self._parse_all(stand_ins, lambda fresh: None)
            stayed = {str(source.path) for source, _ in more}
            failures = [
                replace(failure, reason=f"{failure.reason}; its earlier version stays")
                if failure.source in stayed
                else failure
                for failure in failures
            ]
        return sorted([*documents, *more], key=lambda pair: (pair[0].path.name, pair[0].sha256)), failures

    def _parse_all(
        self, sources: Sequence[Source], progress: Callable[[bool], None]
    ) -> tuple[list[tuple[Source, ParsedDocument]], list[Failure]]:
        return parse_all(
            sources,
            self._store,
            self._work / "parsed",
            self._executor,
            authorities=self._authorities(),
            progress=progress,
        )

    def _earlier_versions(self, failed: Collection[str], sources: Sequence[Source]) -> list[Source]:
        """What the current release holds for paths that cannot be read now."""
        there = {source.sha256 for source in sources}
        entries = _entries(self._earlier) if self._earlier is not None and failed else []
        return [_source(entry) for entry in entries if entry.path in failed and entry.sha256 not in there]

    def _authorities(self) -> Path | None:
        """Further authorities: those given now, else those that the current release was built with."""
        if self._options.authorities is not None:
            return self._options.authorities
        kept = self._earlier.path / "authorities.csv" if self._earlier is not None else None
        return kept if kept is not None and kept.exists() else None

    def _signature(
        self, documents: Sequence[tuple[Source, ParsedDocument]], embedder: Embedder, gone: Mapping[str, str]
    ) -> str:
        """A digest of all that the release depends on: equal signatures make equal releases."""
        authorities = self._authorities()
        parts = [
            [source.key for source, _ in documents],
            _versions(),
            embedder.identity.key,
            self._options.base_iri,
            sorted(gone),
            authorities.read_text(encoding="utf-8") if authorities else "",
        ]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    def _report(self, release: Release | None, failures: Sequence[Failure], *, fresh: bool = True) -> BuildReport:
        return BuildReport(
            release=release.id if release else None,
            fresh=fresh,
            counts=release.manifest.facts.counts if release else {},
            failures=failures,
            seconds=self._clock.seconds,
            read=self._read,
            warnings=self._warnings,
        )
