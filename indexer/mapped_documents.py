"""Documents' graphs, made and held against the shapes on all cores while the store takes them."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self

from graph.authorities import Register
from graph.isolation import end_with_parent
from graph.mapping import document_triples
from graph.validation import violations
from indexer.rows import Known

#: Documents whose graphs are validated in one go: the shapes' fixed cost is shared.
MAPPED_TOGETHER = 20


class MappedDocuments:
    """Makes documents' graphs and holds them against the shapes, in batches on all cores, a few batches ahead of who
    takes the graphs; a context manager. ``problems``: what the shapes find wrong, a sentence each."""

    def __init__(self, base: str, authorities: Path | None, jobs: int) -> None:
        self.problems: list[str] = []
        self._jobs = jobs
        self._pool: Executor | None = None
        self._map = partial(map_documents, base=base, authorities=authorities)
        self._ahead = jobs + 1
        self._waiting: Iterator[tuple[str, Known]] = iter(())
        self._size = 1
        self._running: deque[tuple[Sequence[tuple[str, Known]], Future[tuple[list[bytes], list[str]]]]] = deque()
        self._made: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, wanted: Iterable[tuple[str, Known]], count: int) -> None:
        """Work on these documents, given with their texts; each graph is then to be taken once, in their order."""
        self._waiting = iter(wanted)
        if count <= MAPPED_TOGETHER:  # starting a process takes longer
            self._size = max(1, count)
            self._pool = ThreadPoolExecutor(1)
        else:
            self._size = min(MAPPED_TOGETHER, -(-count // self._ahead))
            self._pool = ProcessPoolExecutor(self._jobs, multiprocessing.get_context("forkserver"), end_with_parent)
        for _ in range(self._ahead):
            self._submit()

    def triples(self, graph: str) -> bytes:
        while graph not in self._made:
            batch, task = self._running.popleft()
            self._submit()
            graphs, problems = task.result()
            self._made.update((one.iris.graph, made) for (_, one), made in zip(batch, graphs, strict=True))
            self.problems += problems
        return self._made.pop(graph)

    def _submit(self) -> None:
        if self._pool is not None and (batch := list(islice(self._waiting, self._size))):
            self._running.append((batch, self._pool.submit(self._map, batch)))


def map_documents(
    documents: Sequence[tuple[str, Known]], base: str, authorities: Path | None
) -> tuple[list[bytes], list[str]]:
    """Each document's named graph as N-Triples, and what the shapes find wrong with them, a sentence each."""
    register = Register.load(authorities)
    graphs = [
        document_triples(one.extraction, base, text=text, register=register, known=one.iris) for text, one in documents
    ]
    return graphs, [str(problem) for problem in violations(b"".join(graphs))]
