"""The RDF store: one writer at home in ``DATA/work/``, any number of readers on the checkpoints that releases carry.

``GraphStore`` is the seam where another engine plugs in; ``OxigraphStore`` is the embedded one. Terms are canonicalised
on storing (``"01"^^xsd:integer`` becomes ``1``): text that must stay verbatim is stored as ``xsd:string``.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

import pyoxigraph as ox

from graph.errors import ReleaseError
from graph.ntriples import with_graph

if TYPE_CHECKING:
    from types import TracebackType

    from rdflib import Dataset

#: What a query gives: solutions, a boolean or triples, by the query's form.
Answer: TypeAlias = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
#: What a variable can be bound to before the query runs.
Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

#: Bytes of N-Quads that are loaded in one go, some 200,000 quads: a load takes about 8 times as much memory.
_PORTION = 64 << 20

#: A graph that is being written; it is never seen by a query, because one transaction moves it to its own name.
_STAGING = ox.NamedNode("urn:inspectgraph:staging")


class GraphStore(Protocol):
    """What the pipeline asks of an RDF store. Graph IRIs are absolute; triples come as N-Triples."""

    def replace_graph(self, iri: str, triples: bytes, *, derived: bool = False) -> None:
        """Put ``triples`` in the place of whatever the graph held: all or nothing, also when the process is killed.

        ``derived`` says that the graph is large and can be computed again: it is emptied, then filled at bulk speed,
        and a kill between the two leaves it empty. Nothing is safe from power loss before ``flush``.
        Raises SyntaxError, with the graph as it was, where the triples do not parse.
        """

    def remove_graph(self, iri: str) -> None:
        """Remove the graph; one that is not there is no error."""

    def query(self, query: str, bindings: Mapping[str, Term] | None = None) -> Answer:
        """Evaluate a trusted query over the union of all graphs.

        ``bindings`` go in as values, never as text; a bound variable must stand in the SELECT projection.
        """

    def graphs(self) -> Iterator[str]:
        """The IRIs of the named graphs."""

    def flush(self) -> None:
        """Return when everything written so far survives a power cut: call it before acknowledging."""

    def checkpoint(self, target: Path) -> None:
        """Write an independent, openable copy to ``target``, which must not exist."""

    def close(self) -> None:
        """Release the store and its lock."""


class GraphReader(Protocol):
    """What pages ask of the graph that they read; ``pyoxigraph.Store`` and ``RemoteDataset`` are two."""

    def query(self, query: str, *, use_default_graph_as_union: bool = ...) -> Answer: ...

    def quads_for_pattern(
        self,
        subject: ox.NamedNode | ox.BlankNode | ox.Triple | None,
        predicate: ox.NamedNode | None,
        object: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None,
        graph_name: ox.NamedNode | ox.BlankNode | ox.DefaultGraph | None = ...,
        /,
    ) -> Iterator[ox.Quad]: ...

    def contains_named_graph(self, graph_name: ox.NamedNode | ox.BlankNode | ox.DefaultGraph, /) -> bool: ...

    def named_graphs(self) -> Iterator[ox.NamedNode | ox.BlankNode]: ...

    def __len__(self) -> int: ...


class OxigraphStore:
    """An Oxigraph store on disk (RocksDB); only one process may hold it for writing."""

    def __init__(self, path: Path) -> None:
        """Open for writing, creating what is not there, and clear away what a killed writer left half staged and the
        logs of earlier openings, of which RocksDB keeps a thousand."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            store = ox.Store(path)
        except OSError as err:
            raise ReleaseError(f"the graph store {path} cannot be opened for writing: {err}") from err
        self._store: ox.Store | None = store
        with contextlib.suppress(OSError):
            for log in path.glob("LOG.old.*"):
                log.unlink()
        if store.contains_named_graph(_STAGING):
            store.remove_graph(_STAGING)

    @classmethod
    def open_read_only(cls, path: Path) -> Self:
        """Open a checkpoint that nobody writes to; any number of processes may. Writes nothing, not even a log."""
        return cls._around(open_read_only(path))

    @classmethod
    def _around(cls, store: ox.Store) -> Self:
        self = cls.__new__(cls)
        self._store = store
        return self

    @property
    def engine(self) -> ox.Store:
        """The pyoxigraph store itself, for what the protocol does not offer."""
        if self._store is None:
            raise ReleaseError("the graph store has been closed")
        return self._store

    def replace_graph(self, iri: str, triples: bytes, *, derived: bool = False) -> None:
        name = ox.NamedNode(iri)
        if derived:
            self.remove_graph(iri)
            self.engine.bulk_load(triples, format=ox.RdfFormat.N_TRIPLES, to_graph=name)
        elif self.engine.contains_named_graph(name):
            # MOVE works on stored terms, so no text of a document ever stands in an update
            self.engine.remove_graph(_STAGING)
            self.engine.load(triples, format=ox.RdfFormat.N_TRIPLES, to_graph=_STAGING)
            self.engine.update(f"MOVE SILENT {_STAGING} TO {name}")
        else:
            self.engine.load(triples, format=ox.RdfFormat.N_TRIPLES, to_graph=name)
        if not self.engine.contains_named_graph(name):
            self.engine.add_graph(name)

    def load_new(self, graphs: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        """Load graphs that the store does not hold, given as pieces of N-Triples, at bulk speed, in portions that bound
        the memory; a kill leaves some of them out or in part."""

        def quads() -> Iterator[bytes]:
            for iri, pieces in graphs:
                self.engine.add_graph(ox.NamedNode(iri))  # one without triples is a graph too
                yield from (with_graph(piece, iri) for piece in pieces)

        for portion in _portions(quads()):
            self.engine.bulk_load(portion, format=ox.RdfFormat.N_QUADS)

    def change_graph(self, iri: str, removed: bytes, added: bytes) -> None:
        """Remove and add these triples, at a cost in proportion to them; a kill leaves some of either undone."""
        name = ox.NamedNode(iri)
        for triple in ox.parse(removed, format=ox.RdfFormat.N_TRIPLES):
            self.engine.remove(ox.Quad(triple.subject, triple.predicate, triple.object, name))
        self.engine.load(added, format=ox.RdfFormat.N_TRIPLES, to_graph=name)

    def remove_graph(self, iri: str) -> None:
        self.engine.remove_graph(ox.NamedNode(iri))

    def query(self, query: str, bindings: Mapping[str, Term] | None = None) -> Answer:
        values: dict[ox.Variable, Term] = {ox.Variable(name): term for name, term in (bindings or {}).items()}
        return self.engine.query(query, use_default_graph_as_union=True, substitutions=values)

    def graphs(self) -> Iterator[str]:
        for name in self.engine.named_graphs():
            if isinstance(name, ox.NamedNode) and name != _STAGING:
                yield name.value

    def __len__(self) -> int:
        """How many quads it holds."""
        return len(self.engine)

    def flush(self) -> None:
        self.engine.flush()

    def optimise(self) -> None:
        """Compact the files: seconds per million quads, and queries run some 15 % faster after much churn."""
        self.engine.optimize()

    def write_anew(self, target: Path) -> None:
        """Write what the store holds now to ``target``, and nothing of what it held: the engine keeps the texts of
        removed quads in its files for good."""
        copy = ox.Store(target)
        copy.bulk_extend(iter(self.engine))
        for name in self.engine.named_graphs():
            copy.add_graph(name)
        copy.flush()

    def checkpoint(self, target: Path) -> None:
        self.flush()
        try:
            self.engine.backup(target)
        except OSError as err:
            raise ReleaseError(f"the graph cannot be copied to {target}: {err}") from err

    def close(self) -> None:
        self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _portions(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces joined to at least ``_PORTION`` bytes, the last one apart."""
    portion: list[bytes] = []
    size = 0
    for piece in pieces:
        portion.append(piece)
        size += len(piece)
        if size >= _PORTION:
            yield b"".join(portion)
            portion, size = [], 0
    if portion:
        yield b"".join(portion)


def open_read_only(path: Path) -> ox.Store:
    """The pyoxigraph store of a checkpoint, read-only; ReleaseError where it is missing or damaged."""
    if not (path / "CURRENT").is_file():
        raise ReleaseError(f"there is no graph at {path}")
    try:
        return ox.Store.read_only(str(path))
    except OSError as err:
        raise ReleaseError(f"the graph at {path} cannot be opened: {err}") from err


def canonical_digest(path: Path) -> str:
    """SHA-256 of the canonical N-Quads (RDFC-1.0, sorted) of the store at ``path``: equal for equal datasets, whatever
    the order of loading and the names of blank nodes."""
    dataset = ox.Dataset(open_read_only(path))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return hashlib.sha256("\n".join(sorted(map(str, dataset))).encode()).hexdigest()


def open_dataset(release_dir: Path | str) -> Dataset:
    """A release as an rdflib ``Dataset`` for notebooks: read-only, lazy, its default graph the union of all graphs.

    Nothing is loaded: patterns are looked up in the release's own store and ``Dataset.query`` is answered by Oxigraph
    (rdflib's own evaluator, which would read local files named in a FROM clause, never runs). Writing raises.
    """
    try:
        from oxrdflib import OxigraphStore as RdflibStore
    except ImportError as err:
        raise ReleaseError("the rdflib door needs the extra: pip install 'inspectgraph[notebook]'") from err
    from rdflib import Dataset

    return Dataset(store=RdflibStore(store=open_read_only(Path(release_dir) / "graph")), default_union=True)
