"""The build's own copy of the dataset under ``DATA/work/``: graphs that did not change are not loaded again.

A journal beside the store says which content each graph holds. A graph is struck from it before it is touched and
entered when it is safe on disk: after a killed build the next one loads the graph again and never trusts a stale one.
Of a graph that comes in parts, only the triples that differ are removed and added.
"""

from __future__ import annotations

import hashlib
import itertools
import mmap
import os
import shutil
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec

from graph.errors import ReleaseError
from graph.store import OxigraphStore

_LENGTH = struct.Struct("<I")


class Contents(Protocol):
    """Parts by name, such as a dictionary; walked through several times, always in the same order."""

    def items(self) -> Iterable[tuple[str, bytes]]: ...


@dataclass(frozen=True)
class Parts:
    """What most of a large graph consists of, by name of the part; ``triples`` makes N-Triples of a name and its
    content. No triple may be of two parts."""

    contents: Contents
    triples: Callable[[str, bytes], bytes]

    @cached_property
    def digest(self) -> str:
        digest = hashlib.sha256()
        for name, content in self.contents.items():
            for value in (name.encode(), content):
                digest.update(len(value).to_bytes(8, "big") + value)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class GraphContent:
    """One named graph: ``version`` says what its triples depend on, its parts' contents apart; ``triples`` makes them,
    as N-Triples, if needed."""

    iri: str
    version: str
    triples: Callable[[], bytes]
    derived: bool = False
    parts: Parts | None = None

    def full_version(self) -> str:
        return self.version if self.parts is None else content_version(self.version, self.parts.digest)

    def pieces(self) -> Iterator[bytes]:
        """All triples, piece by piece."""
        yield self.triples()
        if self.parts is not None:
            yield from itertools.starmap(self.parts.triples, self.parts.contents.items())


class _StoredParts(Mapping[str, bytes]):
    """The parts that a graph was last given, in a file of which memory holds but names and places: the versions of the
    content without its parts and with them, then each part's name and content, all with their lengths before them."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as stream:
            self._bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._places: dict[str, int] = {}
        start, end = 0, len(self._bytes)
        self.version, start = self._text(start)
        self.full_version, start = self._text(start)
        while start < end:
            name, start = self._text(start)
            self._places[name] = start
            start += _LENGTH.size + _LENGTH.unpack_from(self._bytes, start)[0]

    @staticmethod
    def write(file: Path, content: GraphContent, parts: Parts) -> None:
        versions = (content.version.encode(), content.full_version().encode())
        named = (value for name, made in parts.contents.items() for value in (name.encode(), made))
        _write_whole(file, (_LENGTH.pack(len(value)) + value for value in itertools.chain(versions, named)))

    def __getitem__(self, name: str) -> bytes:
        return self._value(self._places[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _value(self, start: int) -> bytes:
        (length,) = _LENGTH.unpack_from(self._bytes, start)
        return self._bytes[start + _LENGTH.size : start + _LENGTH.size + length]

    def _text(self, start: int) -> tuple[str, int]:
        value = self._value(start)
        return value.decode(), start + _LENGTH.size + len(value)


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
        return self._changed(list(contents), set(self._store.graphs()))[0]

    def _changed(self, contents: Sequence[GraphContent], held: Collection[str]) -> tuple[list[GraphContent], bool]:
        """Those to load, and whether into an empty store: where most graphs are to be replaced, as after a change of
        the extractor, loading all takes a fraction of the time of removing them triple by triple."""
        changed = [c for c in contents if self._journal.get(c.iri) != c.full_version() or c.iri not in held]
        replaced = sum(content.parts is None and content.iri in held for content in changed)
        anew = 2 * replaced > len(contents)
        return (list(contents) if anew else changed), anew

    def hold(
        self,
        contents: Iterable[GraphContent],
        progress: Callable[[], None] = lambda: None,
        *,
        superseded: Collection[str] = (),
    ) -> int:
        """Make the dataset consist of exactly these graphs; returns how many had to be loaded.

        Where a graph goes, the dataset is written anew, so that its texts go from the engine's files too; not for one
        that is ``superseded`` (the IRI of an earlier version of a document that stays): its texts go with the next that
        is removed.
        """
        wanted = {content.iri: content for content in contents}
        held = set(self._store.graphs())
        changed, anew = self._changed(list(wanted.values()), held)
        if anew:
            self._empty()
            held = set()
        gone = sorted(held - set(wanted))
        known = {content.iri: self._known_parts(content) for content in changed if content.iri in held}
        for iri in [*gone, *(content.iri for content in changed)]:
            self._journal.pop(iri, None)
        if gone or changed:
            self._write_journal()
        if not set(superseded).issuperset(gone):
            self._anew.mkdir(exist_ok=True)
        for iri in gone:
            self._store.remove_graph(iri)
        fresh = [content for content in changed if content.iri not in held]
        self._store.load_new((content.iri, content.pieces()) for content in fresh)
        for content in changed:
            if content.iri in held:
                self._replace(content, known[content.iri])
            self._keep_parts(content)
            progress()
        if self._anew.exists():
            self._forget()
        self._store.flush()
        self._journal = {iri: content.full_version() for iri, content in wanted.items()}
        self._write_journal()
        return len(changed)

    def _replace(self, content: GraphContent, before: Mapping[str, bytes] | None) -> None:
        """``before``: the parts that the graph holds, None where they are not known."""
        if content.parts is not None and before is not None:
            self._store.change_graph(content.iri, *_difference(before, content.parts))
        else:
            self._store.replace_graph(content.iri, b"".join(content.pieces()), derived=content.derived)

    def checkpoint(self, target: Path) -> None:
        """An independent copy of the dataset for a release."""
        self._store.checkpoint(target)

    def _empty(self) -> None:
        self._journal = {}
        self._write_journal()
        self._store.close()
        for folder in (self._folder / "store", self._anew):
            shutil.rmtree(folder, ignore_errors=True)
        self._store = OxigraphStore(self._folder / "store")

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

    def _known_parts(self, content: GraphContent) -> Mapping[str, bytes] | None:
        """What parts the graph holds now; None where that is not known, or its other triples are to change as well."""
        if content.parts is None:
            return None
        try:
            stored = _StoredParts(self._parts_file(content.iri))
        except (OSError, ValueError, struct.error):
            return None
        holds = stored.version == content.version and stored.full_version == self._journal.get(content.iri)
        return stored if holds else None

    def _keep_parts(self, content: GraphContent) -> None:
        if content.parts is not None:
            _StoredParts.write(self._parts_file(content.iri), content, content.parts)

    def _parts_file(self, iri: str) -> Path:
        return self._folder / f"parts-{hashlib.sha256(iri.encode()).hexdigest()[:16]}"

    def _write_journal(self) -> None:
        _write_whole(self._journal_file, [msgspec.json.encode(self._journal)])


def _difference(before: Mapping[str, bytes], parts: Parts) -> tuple[bytes, bytes]:
    """The triples to remove and those to add, as N-Triples."""
    removed: set[bytes] = set()
    added: set[bytes] = set()

    def triples(name: str, content: bytes | None) -> set[bytes]:
        return set(parts.triples(name, content).splitlines(keepends=True)) if content is not None else set()

    gone = set(before)
    for name, new in parts.contents.items():
        gone.discard(name)
        if (old := before.get(name)) != new:
            removed |= triples(name, old)
            added |= triples(name, new)
    for name in gone:
        removed |= triples(name, before[name])
    return b"".join(sorted(removed - added)), b"".join(sorted(added - removed))


def _write_whole(path: Path, content: Iterable[bytes]) -> None:
    """Durably, and whole or not at all."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.writelines(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def content_version(*parts: object) -> str:
    """A digest of values that msgspec can write as JSON."""
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
