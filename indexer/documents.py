"""The documents of a build, in their order: decoded when they are asked for, and held as far as its memory goes.

Stages walk through all of them one after another, so those that are held once stay: to drop the least recently used
would drop each before it is asked for again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from graph.ingest import KeptDocument, Source
from graph.iris import DocumentIris, Iris, document_id
from indexer.build_memory import BuildMemory
from indexer.rows import Known

#: Bytes that a decoded document takes for each of its JSON.
_DECODED = 2

Change = Callable[[int, Known], Known]


class Documents:
    """``ids`` are the documents' own, in order. Safe to share between threads."""

    def __init__(self, parsed: Sequence[tuple[Source, KeptDocument]], iris: Iris, memory: BuildMemory) -> None:
        self.sources = [source for source, _ in parsed]
        self.ids = [document_id(source.sha256) for source in self.sources]
        self._kept = [kept for _, kept in parsed]
        self._iris = iris
        self._memory = memory
        self._changes: list[Change] = []
        self._held: dict[int, tuple[str, Known]] = {}
        self._turn = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Known]:
        for place in range(len(self)):
            yield self.decoded(place)[1]

    def decoded(self, place: int) -> tuple[str, Known]:
        """A document's text and what is known of it."""
        with self._turn:
            found = self._held.get(place)
            if found is None:
                parsed = self._kept[place].load()
                known = Known(parsed.extraction, DocumentIris.of(parsed.extraction, self._iris))
                for change in self._changes:
                    known = change(place, known)
                found = parsed.text, known
                if self._memory.take(self._kept[place].size * _DECODED):
                    self._held[place] = found
        return found

    def change(self, change: Change) -> None:
        """Give every document as ``change`` makes it of its place and what was known of it; it is asked again for each
        that is decoded again."""
        with self._turn:
            self._changes.append(change)
            self._held = {place: (text, change(place, known)) for place, (text, known) in self._held.items()}
