"""What a build is told, and what it tells: while it runs and at its end."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from graph.ingest import Executor, Failure
from graph.isolation import Limits
from graph.remote_store import RemoteDataset, RemoteSettings, datasets_of

#: What the table of counts lists, in its order.
COUNTED = ("documents", "inspections", "judgements", "findings", "recommendations", "actions")


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


class _Settings(RemoteSettings, Protocol):
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
    @property
    def build_memory_mb(self) -> int: ...
    @property
    def cluster(self) -> str: ...
    @property
    def vector_shards(self) -> int: ...
    @property
    def search_database(self) -> str: ...


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build is told. ``model`` is empty for the default model; ``models`` where converted models are kept, None
    for ``DATA/work/models``; ``executor`` None for local child processes. ``datasets``: of a graph server, into one of
    which the graph is published as well; ``search_database``: address of a database that is given vectors and words.
    ``memory``: bytes for what grows with the corpus, 0 for any number."""

    data: Path
    metadata: Path | None = None
    authorities: Path | None = None
    jobs: int = 1
    prune: bool = False
    base_iri: str = "https://w3id.org/inspectgraph/"
    model: str = ""
    keep: int = 3
    limits: Limits = field(default_factory=Limits)
    memory: int = 0
    executor: Executor | None = None
    models: Path | None = None
    datasets: Sequence[RemoteDataset] = ()
    search_database: str = ""
    cluster: str = ""
    vector_shards: int = 0

    @classmethod
    def of(
        cls,
        settings: _Settings,
        *,
        data: Path,
        metadata: Path | None = None,
        authorities: Path | None = None,
        jobs: int | None = None,
        memory_mb: int | None = None,
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
            memory=(settings.build_memory_mb if memory_mb is None else memory_mb) << 20,
            datasets=datasets_of(settings),
            search_database=settings.search_database,
            cluster=settings.cluster,
            vector_shards=settings.vector_shards if settings.cluster else 0,
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
        for kind in COUNTED:
            yield f"{kind:<16}{self.counts.get(kind, 0):>8}"
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


class Clock:
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
