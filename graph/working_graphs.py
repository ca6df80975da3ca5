"""The build's own copy of the dataset under ``DATA/work/``: graphs that did not change are not loaded again.

A journal beside the store says which content each graph holds. A graph is struck from it before it is touched and
entered when it is safe on disk: after a killed build the next one loads the graph again and never trusts a stale one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from graph.errors import ReleaseError
from graph.store import OxigraphStore


@dataclass(frozen=True, slots=True)
class GraphContent:
    """One named graph: ``version`` says what its triples depend on; ``triples`` makes them, as N-Triples, if needed."""

    iri: str
    version: str
    triples: Callable[[], bytes]
    derived: bool = False


class WorkingGraphs:
    """Use as a context manager, under the writer lock. A damaged or outdated copy is thrown away and made anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journal_file = folder / "journal.json"
        self._anew = folder / "store.anew"
        self._journal: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._journal = msgspec.json.decode(self._journal_file.read_bytes(), type=dict[str, str])
            self._store = OxigraphStore(self._folder / "store")
        except (OSError, msgspec.DecodeError, ReleaseError):
            shutil.rmtree(self._folder)
            self._folder.mkdir()
            self._journal = {}
            self._store = OxigraphStore(self._folder / "store")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def outdated(self, contents: Iterable[GraphContent]) -> list[GraphContent]:
        """Those whose triples ``hold`` will ask for."""
        held = set(self._store.graphs())
        return [c for c in contents if self._journal.get(c.iri) != c.version or c.iri not in held]

    def hold(self, contents: Iterable[GraphContent], progress: Callable[[], None] = lambda: None) -> int:
        """Make the dataset consist of exactly these graphs; returns how many had to be loaded."""
        wanted = {content.iri: content for content in contents}
        changed = self.outdated(wanted.values())
        held = set(self._store.graphs())
        gone = sorted(held - set(wanted))
        for iri in [*gone, *(content.iri for content in changed)]:
            self._journal.pop(iri, None)
        if gone or changed:
            self._write_journal()
        if gone:
            self._anew.mkdir(exist_ok=True)
        for iri in gone:
            self._store.remove_graph(iri)
        fresh = not held
        for content in changed:
            self._store.replace_graph(content.iri, content.triples(), derived=content.derived or fresh)
            progress()
        if self._anew.exists():
            self._forget()
        self._store.flush()
        self._journal = {iri: content.version for iri, content in wanted.items()}
        self._write_journal()
        return len(changed)

    def checkpoint(self, target: Path) -> None:
        """An independent copy of the dataset for a release."""
        self._store.checkpoint(target)

    def _forget(self) -> None:
        """Leave nothing of removed graphs in the files that the next release takes along: a document that was removed
        may have been removed for the names in it. The folder of the new copy is made before the first removal:
        a build after one that was killed half way finds it, and writes anew what it then holds."""
        shutil.rmtree(self._anew)
        self._anew.mkdir()
        self._store.write_anew(self._anew)
        self._store.close()
        shutil.rmtree(self._folder / "store")
        self._anew.rename(self._folder / "store")
        self._store = OxigraphStore(self._folder / "store")

    def _write_journal(self) -> None:
        temporary = self._journal_file.with_suffix(".part")
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(self._journal))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._journal_file)


def content_version(*parts: object) -> str:
    """A digest of values that msgspec can write as JSON."""
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
