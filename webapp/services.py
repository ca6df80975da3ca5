"""What the pages stand on: the open release, its search, its graph, the labels. Built once, handed to every request.

A request keeps the release that it began with. When ``DATA/current`` has been switched, the next request opens the new
one, and the old one, its memory, files and processes go when its last request has ended. A server opens a new release
in a new process (``webapp.succession``).
"""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial, wraps
from pathlib import Path
from typing import Any, TypeVar

from graph.errors import ReleaseError
from graph.release import Release, current_id
from graph.remote_store import RemoteDataset, datasets_of
from graph.store import GraphReader, open_read_only
from indexer.search import Searcher
from indexer.search_request import SearchRequest, SearchResponse
from webapp.labels import Labels, local_id
from webapp.memory import give_back
from webapp.settings import Settings
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.limits import Limits
from webapp.sparql.remote import RemotePool
from webapp.tables import Row, Tables

_LOG = logging.getLogger(__name__)
_REMEMBERED_HITS = 100
#: Seconds after which a release that is no longer served is looked after, again and again until it has gone.
_FAREWELLS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_Made = TypeVar("_Made")


def kept_with_release(maxsize: int = 1) -> Callable[[Callable[..., _Made]], Callable[..., _Made]]:
    """Like ``lru_cache`` for a function whose first argument is a release, but what is kept goes with the release:
    an old one and the processes that answer its queries must not outlive its last reader."""

    def decorate(function: Callable[..., _Made]) -> Callable[..., _Made]:
        kept: weakref.WeakKeyDictionary[OpenRelease, Callable[..., _Made]] = weakref.WeakKeyDictionary()
        lock = threading.Lock()

        def call(release: weakref.ref[OpenRelease], *arguments: Any, **named: Any) -> _Made:
            opened = release()
            assert opened is not None, "the caller holds the release"
            return function(opened, *arguments, **named)

        @wraps(function)
        def remembering(release: OpenRelease, *arguments: Any, **named: Any) -> _Made:
            with lock:
                own = kept.get(release)
                if own is None:
                    own = kept[release] = lru_cache(maxsize)(partial(call, weakref.ref(release)))
            return own(*arguments, **named)

        return remembering

    return decorate


class OpenRelease:
    """A release and what reads it. Its parts are opened at first use, then shared between threads."""

    def __init__(self, release: Release, settings: Settings) -> None:
        self.release = release
        self._settings = settings
        self.base_iri = str(release.manifest.facts.extra.get("base_iri") or settings.base_iri)
        self.tables = Tables(release.path / "tables")
        authorities = release.path / "authorities.csv"
        self.labels = Labels.load(authorities if authorities.is_file() else None)
        self._opening = threading.Lock()

    @property
    def id(self) -> str:
        return self.release.id

    @property
    def path(self) -> Path:
        return self.release.path

    @property
    def created(self) -> str:
        """When the release was published: RFC 3339, UTC."""
        return self.release.manifest.created

    @cached_property
    def searcher(self) -> Searcher:
        with self._opening:
            return Searcher.open(
                self.release.path,
                database=self._settings.search_database,
                shards=self._settings.cluster if self._settings.vector_shards else "",
            )

    def search(self, request: SearchRequest) -> SearchResponse:
        """``searcher.search``, remembering the latest answers: a page and its facets ask for the same several times."""
        if request.limit > _REMEMBERED_HITS:
            return self.searcher.search(request)
        return self._remembered(request)

    @cached_property
    def _remembered(self) -> Callable[[SearchRequest], SearchResponse]:
        return lru_cache(maxsize=256)(self.searcher.search)

    @cached_property
    def dataset(self) -> RemoteDataset | None:
        """Where the graph is served from by a server; None where the release's own is read."""
        return served_dataset(self.release, self._settings)

    @cached_property
    def graph(self) -> GraphReader:
        if self.dataset is not None:
            return self.dataset
        with self._opening:
            return open_read_only(self.release.path / "graph")

    @cached_property
    def sparql(self) -> SparqlEngine:
        """Its workers end with the release's last reader; the first query that searches loads the search model."""
        own = weakref.ref(self)  # the engine must not keep the release open that ends it

        def search(request: SearchRequest) -> SearchResponse:
            release = own()
            assert release is not None, "a query runs only while somebody reads the release"
            return release.searcher.search(request)

        limits, dataset = sparql_limits(self._settings), self.dataset
        with self._opening:
            engine = SparqlEngine(
                self.release.path / "graph",
                limits,
                search,
                base_iri=self.base_iri,
                pool=RemotePool(dataset, limits) if dataset is not None else None,
            )
            weakref.finalize(self, engine.close)
            return engine

    @cached_property
    def removed(self) -> Mapping[str, str]:
        """IRI → why it is gone: documents that were removed, and items that a curator has hidden."""
        extra = self.release.manifest.facts.extra
        gone = extra.get("removed", {})
        gone = gone if isinstance(gone, Mapping) else dict.fromkeys(gone, "")
        return {**gone, **{iri: f"Hidden by a curator: {why}" for iri, why in extra.get("hidden", {}).items()}}

    def warm(self) -> None:
        """Open now what the first request would wait for."""
        _ = (self.searcher, self.graph, len(self.tables.items), len(self.tables.documents))

    def path_of(self, iri: str) -> str:
        """Where this application serves an IRI: its path part; IRIs of others are left as they are."""
        return "/" + iri.removeprefix(self.base_iri) if iri.startswith(self.base_iri) else iri

    def iri_of(self, path: str) -> str:
        return self.base_iri + path.lstrip("/")

    def document(self, iri: str | None) -> Row | None:
        return self.tables.documents.find("iri", iri) if iri else None

    def inspection(self, iri: str | None) -> Row | None:
        return self.tables.inspections.find("iri", iri) if iri else None

    def item(self, iri: str | None) -> Row | None:
        return self.tables.items.find("iri", iri) if iri else None

    def actions_answering(self, iri: str) -> list[Row]:
        """Actions that answer the recommendation, or one of a council's paper that restates it."""
        asked = [iri, *(row["iri"] for row in self.tables.items.where("restates", iri))]
        return [action for one in asked for action in self.tables.items.where("answers", one)]

    def following(self, inspection: Row | None) -> Row | None:
        """The next inspection of the same council under a comparable framework. An inspection that a council's paper
        answers is followed by what follows the reported one of the same dates."""
        if inspection is None or inspection["next"]:
            return self.inspection(inspection["next"]) if inspection else None
        if inspection["gss_code"] is None or not (inspection["start"] or inspection["end"]):
            return None
        for reported in self.tables.inspections.where("gss_code", inspection["gss_code"]):
            same = all(reported[key] == inspection[key] for key in ("start", "end", "framework_id"))
            if same and reported["next"]:
                return self.inspection(reported["next"])
        return None

    def main_inspections(self, gss_code: str | None = None) -> list[Row]:
        """Reported inspections in order of time, of one council or of all: those that a document is the report of."""
        table = self.tables.inspections
        numbers = table.numbers("position", 0) if gss_code is None else table.numbers("gss_code", gss_code)
        rows = []
        for row in table.rows(numbers):
            document = self.document(row["document"])
            if row["position"] == 0 and document is not None and document["kind"] == "inspection-report":
                rows.append(row)
        return sorted(rows, key=lambda row: (row["end"] or row["start"] or str(row["year"] or ""), row["iri"]))

    def text(self, document_id: str) -> str | None:
        """The document's text as read: evidence offsets point into it."""
        file = self.document_folder(document_id) / "text.txt"
        # newline="" and surrogatepass as the build writes it: one changed character would shift every offset
        if not file.is_file():
            return None
        with file.open(encoding="utf-8", errors="surrogatepass", newline="") as lines:
            return lines.read()

    def document_folder(self, document_id: str) -> Path:
        """Where the release keeps a document. Raises KeyError for an id that is not of this release."""
        if not self.tables.documents.numbers("id", document_id):
            raise KeyError(document_id)
        return self.path / "documents" / Path(document_id).name

    @cached_property
    def authorities(self) -> dict[str, list[int]]:
        """GSS code → rows of its inspections."""
        return self.tables.inspections.groups("gss_code")


@dataclass
class Services:
    """The composition: settings and the current release.

    ``stays``: it keeps the release that it opened first, as long as its folder is there, since another process will
    serve the next; else a new release is opened by the request that finds it.
    """

    settings: Settings
    stays: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OpenRelease | None = None
        self._asked_for: str | None = None

    @property
    def asked_for(self) -> str | None:
        """The id that named the current release when one was opened: it, or an earlier one where that is damaged."""
        return self._asked_for

    def current(self) -> OpenRelease:
        """The release that ``DATA/current`` names now, or the one that it ``stays`` with. Raises ReleaseError where
        there is none to serve.

        A switch to a release that turns out damaged leaves the one that was being served in place.
        """
        wanted, opened = current_id(self.settings.data), self._open
        if opened is not None and (wanted == self._asked_for or (self.stays and opened.path.exists())):
            return opened
        with self._lock:
            if self._open is not None and wanted == self._asked_for:
                return self._open
            return self._switched()

    def _switched(self) -> OpenRelease:
        """Serve the current release from now on; the caller holds the lock."""
        wanted = current_id(self.settings.data)
        try:
            opened = self._opened()
        except ReleaseError:
            if self._open is None:
                raise
            _LOG.exception("the new release cannot be opened; %s stays", self._open.id)
            self._asked_for = wanted
            return self._open
        self._serve(wanted if opened.release.damage else opened.id, opened)
        return opened

    def _opened(self) -> OpenRelease:
        """The current release, or an earlier one where that is damaged."""
        opened = OpenRelease(Release.open(self.settings.data), self.settings)
        _ = opened.dataset  # a graph server that does not hold the release is found now, not by a reader
        return opened

    def _serve(self, wanted: str | None, opened: OpenRelease) -> None:
        previous, self._open, self._asked_for = self._open, opened, wanted
        if previous is not None and previous is not opened:
            see_off = partial(_see_off, weakref.ref(previous))
            threading.Thread(target=see_off, name="see-off", daemon=True).start()


def _see_off(release: weakref.ref[OpenRelease]) -> None:
    """Let go of a release that is no longer served. What is left of a page that was rendered is a cycle of references
    that holds its release: until the collector's next full run, hours away on a quiet site, files, processes and memory
    would stay."""
    for pause in _FAREWELLS:
        time.sleep(pause)
        gc.collect()
        if release() is None:
            break
    give_back()


def served_dataset(release: Release, settings: Settings) -> RemoteDataset | None:
    """The dataset that serves a release's graph, None where no graph server is set. Raises ReleaseError where the
    release is in none of those that the settings name, or another release has taken its place there."""
    datasets = datasets_of(settings)
    if not datasets:
        return None
    published = release.manifest.facts.extra.get("graph_dataset") or {}
    found = next((dataset for dataset in datasets if dataset.address == published.get("address")), None)
    if found is None:
        raise ReleaseError(
            f"release {release.id} is in none of the datasets that INSPECTGRAPH_GRAPH_DATASETS names: build again, or "
            "unset it to serve the graph that the release carries"
        )
    if (held := len(found)) != published.get("quads"):
        raise ReleaseError(
            f"{found.address} holds {held} quads, release {release.id} has {published.get('quads')}: another release "
            "has taken its place there; build again, or unset INSPECTGRAPH_GRAPH_DATASETS to serve the graph that the "
            "release carries"
        )
    return found


def sparql_limits(settings: Settings) -> Limits:
    return Limits(
        query_bytes=settings.sparql_query_bytes,
        seconds=settings.sparql_seconds,
        memory=settings.sparql_memory_mb << 20,
        rows=settings.sparql_rows,
        answer_bytes=settings.sparql_bytes,
        workers=settings.sparql_workers,
        resident_bytes=settings.sparql_resident_mb << 20,
    )


def sparql_runner(release: Release, settings: Settings) -> Callable[[str, str | None], Iterator[bytes]]:
    """The endpoint's engine for the command line: query and format in, pieces of the answer out."""
    opened = OpenRelease(release, settings)

    def run(query: str, form: str | None) -> Iterator[bytes]:
        yield from opened.sparql.run(query, form)

    return run


def id_of(iri: str) -> str:
    return local_id(iri)


def manifest_figures(release: OpenRelease) -> dict[str, Any]:
    """Counts and versions of a release for pages and the API."""
    facts = release.release.manifest.facts
    return {
        "release": release.id,
        "created": release.created,
        "counts": dict(facts.counts),
        "versions": dict(facts.versions),
        "models": dict(facts.models),
        "sources": len(facts.sources),
    }
