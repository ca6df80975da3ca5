"""The build: from files to one published release.

Stages: find, read, embed, classify, link, index (and beside it map, validate and store), publish. What is dear of each
is kept by content under ``DATA/work/``; what is derived from all documents together is derived again.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from graph.authorities import Register
from graph.cluster import ClusterExecutor
from graph.curation import CURATOR, Entry, Journal, Resolved, corrected, curation_triples, resolve
from graph.errors import InspectgraphError, ReleaseError
from graph.extraction.version import EXTRACTOR_VERSION
from graph.ingest import (
    Executor,
    Failure,
    KeptDocument,
    LocalExecutor,
    Source,
    SourceStore,
    find_sources,
    load_metadata,
    parse_all,
    uncollected,
)
from graph.iris import Iris, document_id
from graph.mapping import MAPPING_VERSION
from graph.model import Extraction, Maker
from graph.release import (
    Release,
    ReleaseFacts,
    ReleaseWriter,
    SourceEntry,
    WriterLock,
    clear_leftovers,
    current_id,
    holding,
    open_release,
    prune,
    release_ids,
    sha256_of,
    verified,
)
from graph.remote_store import idle_dataset, synchronise
from graph.steps import reached
from graph.store import open_read_only
from graph.working_graphs import GraphContent, WorkingGraphs, content_version
from indexer.build import INDEX_VERSION, VECTORS, build_index, publish_to_database, read_tables
from indexer.build_memory import BuildMemory
from indexer.build_options import COUNTED, BuildOptions, BuildReport, Clock, NoProgress, Progress
from indexer.cluster import SHARDS, ClusterEmbedder, write_shards
from indexer.documents import Documents
from indexer.embedding import DEFAULT_MODEL, Embedder, EmbeddingCache, OpenVinoEmbedder, converted_model, open_embedder
from indexer.facets import Scheme
from indexer.kept import Column, Kept
from indexer.links import Links, derive_links, derived_graphs
from indexer.mapped_documents import MappedDocuments
from indexer.neighbours import NeighbourCache
from indexer.polarity import POLARITIES, PolarityClassifier
from indexer.rows import Known, rows_of
from indexer.tables import Row, write_table
from indexer.text_cache import FOUND_TOGETHER, TextCache
from ontology.resources import themes

#: Raised when a stage after parsing gives other results for the same documents.
PIPELINE_VERSION = "3"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of ``sources.json``: where a document of the release came from."""

    path: str
    sha256: str
    name: str
    metadata: dict[str, str]


def build_release(paths: Sequence[Path], options: BuildOptions, progress: Progress | None = None) -> BuildReport:
    """Read ``paths``, add them to what the current release holds, and publish.

    A path that was built before and has changed is replaced; if it cannot be read now, its earlier version stays and
    the failure says so. Nothing is published where no document at all could be read. Raises ReleaseError where the data
    folder cannot be written to or is being written to, InspectgraphError for wrong metadata.
    """
    metadata = load_metadata(options.metadata) if options.metadata is not None else {}
    with WriterLock(options.data):
        clear_leftovers(options.data)  # here too, since a build that changes nothing begins no release
        clock = Clock(progress or NoProgress())
        with clock.stage("find"), ThreadPoolExecutor(1) as aside:  # hashing leaves Python to others
            opening = aside.submit(_current, options.data)
            given, failures = find_sources(paths, metadata)
        earlier = opening.result()
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
        doomed_digests = {entry.sha256 for entry in _entries(earlier)} - {entry.sha256 for entry in kept}
        report = _Build(options, Clock(progress or NoProgress()), earlier).run(sources, [], removed=gone)
        still = [
            f"release {identifier} still holds {', '.join(names)}: 'inspectgraph prune --keep 1' deletes older releases"
            for identifier, names in holding(options.data, doomed_digests).items()
        ]
        return replace(report, warnings=[*report.warnings, *still])


def prune_data(data: Path, keep: int, *, caches: bool = False) -> list[str]:
    """Delete all but the newest ``keep`` releases, the sources that only they had, and with ``caches`` what builds have
    remembered of every text they ever read; returns the ids of the releases deleted."""
    with WriterLock(data):
        clear_leftovers(data)
        gone = prune(data, keep)
        for folder in (
            ("parsed", "graph", "neighbours", "embeddings.sqlite", "texts.sqlite", "themes.sqlite") if caches else ()
        ):
            path = data / "work" / folder
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if caches:
            shutil.rmtree(data / "cache", ignore_errors=True)
        try:
            _drop_unused_sources(data)
        except ReleaseError as err:
            raise ReleaseError(
                "; ".join([*(f"deleted release {identifier}" for identifier in gone), str(err)])
            ) from err
    return gone


def _current(data: Path) -> Release | None:
    """The current release, or the sound one before it: then the working graph, whose files the damaged one shares, is
    thrown away."""
    try:
        release = Release.open(data)
    except ReleaseError:
        release = None
    if current_id(data) is not None and (release is None or release.damage):
        shutil.rmtree(data / "work" / "graph", ignore_errors=True)
    return release


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

    def __init__(self, options: BuildOptions, clock: Clock, earlier: Release | None) -> None:
        self._options = options
        self._clock = clock
        self._earlier = earlier
        self._work = options.data / "work"
        self._models = options.models or self._work / "models"
        self._store = SourceStore(options.data / "sources")
        self._executor = options.executor or _executor(options)
        self._read = 0
        self._warnings: list[str] = []
        self._entries: list[Entry] = Journal(options.data).entries()
        self._resolved = Resolved((), ())
        self._corrected: dict[str, list[str]] = {}  # graph of a document → corrections in it

    def run(
        self, sources: Sequence[Source], failures: Sequence[Failure], removed: Mapping[str, str] | None = None
    ) -> BuildReport:
        documents, unread = self._parse(sources)
        reached("build", "read")
        failures = [*failures, *unread]
        if not documents and not removed:
            return self._report(None, failures)
        embedder = open_embedder(
            self._options.model or DEFAULT_MODEL, cache_dir=self._models, threads=self._options.jobs
        )
        if self._options.cluster and isinstance(embedder, OpenVinoEmbedder):
            embedder = ClusterEmbedder(embedder, converted_model(self._models), self._options.cluster)
        iris = Iris(self._options.base_iri)
        back = {iris.document(document_id(source.sha256)) for source, _ in documents}
        gone = {iri: why for iri, why in {**_removed(self._earlier), **(removed or {})}.items() if iri not in back}
        signature = self._signature(documents, embedder, gone)
        if self._earlier is not None and self._earlier.manifest.facts.extra.get("signature") == signature:
            return self._report(self._earlier, failures, fresh=False)
        release = self._publish(documents, failures, embedder, signature, gone)
        return self._report(release, failures)

    def _parse(self, sources: Sequence[Source]) -> tuple[list[tuple[Source, KeptDocument]], list[Failure]]:
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
    ) -> tuple[list[tuple[Source, KeptDocument]], list[Failure]]:
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
        self, documents: Sequence[tuple[Source, KeptDocument]], embedder: Embedder, gone: Mapping[str, str]
    ) -> str:
        """A digest of all that the release depends on: equal signatures make equal releases."""
        authorities = self._authorities()
        parts = [
            [[str(source.path), source.key] for source, _ in documents],
            _versions(),
            embedder.identity.key,
            self._options.base_iri,
            sorted(gone),
            [entry.id for entry in self._entries],
            authorities.read_text(encoding="utf-8") if authorities else "",
            *([sorted(dataset.address for dataset in self._options.datasets)] if self._options.datasets else []),
            *([self._options.vector_shards] if self._options.vector_shards else []),
            *([self._options.search_database] if self._options.search_database else []),
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

    # ------------------------------------------------------------------------------------------------------ publishing

    def _publish(
        self,
        parsed: Sequence[tuple[Source, KeptDocument]],
        failures: Sequence[Failure],
        embedder: Embedder,
        signature: str,
        gone: Mapping[str, str],
    ) -> Release:
        register = Register.load(self._authorities())
        memory = BuildMemory(self._work, self._options.memory or None)
        documents = Documents(parsed, Iris(self._options.base_iri), memory)
        cache = EmbeddingCache(self._work / "embeddings.sqlite")
        found = TextCache(self._work / "texts.sqlite")
        with contextlib.closing(cache), contextlib.closing(found):
            self._curate(documents)
            with uncollected():
                count = sum(1 for _ in _texts(documents))
            vectors = memory.array((count, embedder.identity.dimension))
            with self._clock.stage("embed", count) as progress:
                texts, done = _texts(documents), 0
                while part := list(islice(texts, FOUND_TOGETHER)):
                    cache.encode(embedder, part, progress.advance, into=vectors[done : done + len(part)])
                    done += len(part)
            reached("build", "embedded")
            with self._clock.stage("classify"):
                self._judge(documents, cache, found, embedder, memory)
                rows = rows_of(documents, register, memory)
            with self._clock.stage("link", len(vectors)):
                links = derive_links(
                    rows,
                    vectors,
                    embedder,
                    cache,
                    jobs=self._options.jobs,
                    found=found,
                    resolved=self._resolved,
                    nearest=NeighbourCache(self._work / "neighbours"),
                    memory=memory,
                )
            reached("build", "linked")
            with (
                WorkingGraphs(self._work / "graph") as graphs,
                ReleaseWriter(self._options.data, keep=self._options.keep) as writer,
                ThreadPoolExecutor(1) as beside,
            ):
                # the graph and the index need nothing of each other, and each is on one core most of the time
                stored = beside.submit(self._store_graphs, graphs, documents, rows, links, register)
                with self._clock.stage("index", len(vectors)):
                    self._write_tables(writer.path, rows, links)
                    build_index(
                        read_tables(writer.path, texts=False),
                        writer.path,
                        embedder,
                        cache=cache,
                        found=found,
                        scheme=scheme_of(register),
                        model_dir=self._model_dir(),
                        vectors=vectors,
                        confidences=links.confidences,
                        abbreviations=((a.short, a.long) for one in documents for a in one.extraction.abbreviations),
                        texts=Column(rows["items"], "text"),
                        memory=memory,
                    )
                    if self._options.vector_shards:
                        written = np.load(writer.path / VECTORS / "vectors.npy", mmap_mode="r", allow_pickle=False)
                        write_shards(written, embedder.identity, writer.path / SHARDS, self._options.vector_shards)
                    if self._options.search_database:
                        publish_to_database(writer.path, self._options.search_database)
                reached("build", "indexed")
                self._write_documents(writer.path, documents)
                reached("build", "documents written")
                with self._clock.stage("graph"):
                    self._clock.seconds["map and store"] = stored.result()
                    graphs.checkpoint(writer.path / "graph")
                reached("build", "graph copied")
                with self._clock.stage("publish"):
                    facts = self._facts(documents, failures, rows, embedder, signature, gone)
                    if self._options.datasets:
                        served = publish_graph(self._options, writer.path / "graph")
                        facts = replace(facts, extra={**facts.extra, "graph_dataset": served})
                    release = writer.publish(facts)
        try:
            _drop_unused_sources(self._options.data)
        except ReleaseError as err:
            self._warnings.append(str(err))
        return release

    def _curate(self, documents: Documents) -> None:
        """Give the documents as curators corrected them; what they said of items that are gone becomes a warning."""
        self._resolved = resolve(self._entries, ((one.extraction, one.iris) for one in documents))

        def curated(_: int, one: Known) -> Known:
            extraction, iris, changes = corrected(one.extraction, one.iris, self._resolved)
            self._corrected[iris.graph] = changes
            return Known(extraction, iris)

        if self._resolved.applied:
            documents.change(curated)
        self._warnings += [
            f"the correction {entry.id} by {entry.who} finds its item {entry.item} no more"
            for entry in self._resolved.orphaned
        ]

    def _curation_graph(self) -> Iterator[GraphContent]:
        if self._entries:
            made = curation_triples(self._entries, self._resolved, self._options.base_iri)
            iri = Iris(self._options.base_iri).derived_graph("curation")
            yield GraphContent(iri, content_version(made.decode()), partial(bytes, made), derived=True)

    def _superseded(self, sources: Sequence[Source]) -> set[str]:
        """The graphs of earlier versions of these documents."""
        if self._earlier is None:
            return set()
        paths, digests = {str(s.path) for s in sources}, {s.sha256 for s in sources}
        replaced = {e.sha256 for e in _entries(self._earlier) if e.path in paths and e.sha256 not in digests}
        iris = Iris(self._options.base_iri)
        return {
            iris.document_graph(source.document)
            for source in self._earlier.manifest.facts.sources
            if source.document and source.sha256 in replaced
        }

    def _judge(
        self, documents: Documents, cache: EmbeddingCache, found: TextCache, embedder: Embedder, memory: BuildMemory
    ) -> None:
        """Give the findings with the classifier's polarity in the place of the extraction rule's."""
        classifier = PolarityClassifier.load(embedder.identity.sha256)
        maker = Maker("polarity-classifier", classifier.version)
        starts = np.cumsum([0, *(len(one.extraction.findings) for one in documents)])
        polarities, scores = memory.array((int(starts[-1]),), np.int8), memory.array((int(starts[-1]),), np.float64)
        findings, done = (finding for one in documents for finding in one.extraction.findings), 0
        while part := list(islice(findings, FOUND_TOGETHER)):
            judged = classifier.classify_known(
                found,
                embedder.identity.key,
                [finding.text for finding in part],
                partial(cache.encode, embedder),
                [finding.section for finding in part],
            )
            for place, (polarity, score) in enumerate(judged, done):
                polarities[place], scores[place] = POLARITIES.index(polarity), round(score, 3)
            done += len(part)

        def with_polarity(place: int, one: Known) -> Known:
            own = slice(starts[place], starts[place + 1])
            findings = zip(one.extraction.findings, polarities[own].tolist(), scores[own].tolist(), strict=True)
            changed = tuple(
                finding
                if finding.polarity_made_by == CURATOR
                else replace(finding, polarity=POLARITIES[polarity], polarity_score=score, polarity_made_by=maker)
                for finding, polarity, score in findings
            )
            return replace(one, extraction=replace(one.extraction, findings=changed))

        documents.change(with_polarity)

    def _store_graphs(
        self,
        graphs: WorkingGraphs,
        documents: Documents,
        rows: Mapping[str, Kept[Row]],
        links: Links,
        register: Register,
    ) -> float:
        """Make the graphs that have changed and bring them into the working copy; returns its seconds."""
        started = time.perf_counter()
        authorities = self._authorities()
        mapped = MappedDocuments(self._options.base_iri, authorities, self._options.jobs)
        with mapped:
            own = self._document_graphs(documents, mapped, authorities)
            extractions = (one.extraction for one in documents)
            contents = [
                *own,
                *derived_graphs(rows, links, self._options.base_iri, register, extractions),
                *self._curation_graph(),
            ]
            outdated = {content.iri for content in graphs.outdated(contents)}
            wanted = [place for place, content in enumerate(own) if content.iri in outdated]
            mapped.begin(map(documents.decoded, wanted), len(wanted))
            graphs.hold(contents, superseded=self._superseded(documents.sources))
            self._warnings += mapped.problems
        reached("build", "stored")
        return time.perf_counter() - started

    def _document_graphs(
        self,
        documents: Documents,
        mapped: MappedDocuments,
        authorities: Path | None,
    ) -> list[GraphContent]:
        """Each document's own graph; those that the working copy does not hold yet are asked of ``mapped``."""
        further = [sha256_of(authorities)] if authorities is not None else []
        return [
            GraphContent(
                one.iris.graph,
                content_version(
                    [source.key, EXTRACTOR_VERSION, MAPPING_VERSION, self._options.base_iri, *further],
                    [(f.polarity, f.polarity_score, f.polarity_made_by) for f in one.extraction.findings],
                    *([changes] if (changes := self._corrected.get(one.iris.graph)) else []),
                ),
                partial(mapped.triples, one.iris.graph),
            )
            for source, one in zip(documents.sources, documents, strict=True)
        ]

    def _write_tables(self, release: Path, rows: Mapping[str, Kept[Row]], links: Links) -> None:
        for name, table in {**rows, **links.rows}.items():
            write_table(release / "tables", name, table)

    def _write_documents(self, release: Path, documents: Documents) -> None:
        """Each document's text and extraction, where the sources came from, and the further authorities."""
        for place, identifier in enumerate(documents.ids):
            text, one = documents.decoded(place)
            folder = release / "documents" / identifier
            folder.mkdir(parents=True)
            (folder / "text.txt").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
            (folder / "extraction.json").write_bytes(msgspec.json.encode(one.extraction))
        entries = [_Entry(str(s.path), s.sha256, s.path.name, dict(s.metadata)) for s in documents.sources]
        (release / "sources.json").write_bytes(msgspec.json.encode(entries))
        if (authorities := self._authorities()) is not None:
            shutil.copyfile(authorities, release / "authorities.csv")

    def _model_dir(self) -> Path | None:
        """The converted default model, which the release carries; None for a model that is named."""
        return None if self._options.model else converted_model(self._models)

    def _facts(
        self,
        documents: Documents,
        failures: Sequence[Failure],
        rows: Mapping[str, Kept[Row]],
        embedder: Embedder,
        signature: str,
        gone: Mapping[str, str],
    ) -> ReleaseFacts:
        sources = [
            SourceEntry(source.path.name, source.sha256, identifier)
            for source, identifier in zip(documents.sources, documents.ids, strict=True)
        ]
        sources += [
            SourceEntry(Path(failure.source).name, "", error=f"{failure.reason} ({failure.advice})")
            for failure in failures
        ]
        kinds = Counter(f"{row['kind']}s" for row in rows["items"])
        counts = {kind: len(rows[kind]) if kind in rows else kinds[kind] for kind in COUNTED}
        return ReleaseFacts(
            sources=sources,
            counts=counts,
            versions=_versions(),
            models={embedder.identity.name: embedder.identity.sha256},
            extra={
                "signature": signature,
                "base_iri": self._options.base_iri,
                "removed": dict(gone),
                "hidden": self._resolved.hidden,
                "corrections": {
                    "entries": [entry.id for entry in self._entries],
                    "orphaned": [entry.id for entry in self._resolved.orphaned],
                },
                "embedding": asdict(embedder.identity),
                "seconds": {name: round(seconds, 2) for name, seconds in self._clock.seconds.items()},
                "warnings": self._warnings,
            },
        )


def _executor(options: BuildOptions) -> Executor:
    return (
        ClusterExecutor(options.cluster, options.limits)
        if options.cluster
        else LocalExecutor(options.jobs, options.limits)
    )


def publish_graph(options: BuildOptions, graph: Path) -> dict[str, str | int]:
    """Bring a checkpoint to the graph server, into a dataset that is not being read, and return what the manifest says
    of it. Nothing that is served has changed until the release is made current."""
    dataset = idle_dataset(options.datasets, _served_datasets(options.data))
    quads = synchronise(open_read_only(graph), dataset, options.data / "work" / "datasets")
    return {"address": dataset.address, "quads": quads}


def _served_datasets(data: Path) -> list[str]:
    """The addresses that releases name: the current one's first, then the newest's."""
    current = current_id(data)
    ids = sorted(release_ids(data), key=lambda identifier: identifier != current)  # stable: newest first behind it
    found = [open_release(data / "releases" / identifier) for identifier in ids]
    extras = [release.manifest.facts.extra.get("graph_dataset") for release in found if isinstance(release, Release)]
    return [str(extra["address"]) for extra in extras if extra]


def _texts(documents: Documents) -> Iterator[str]:
    return (text for one in documents for text in item_texts(one.extraction))


def item_texts(extraction: Extraction) -> Iterator[str]:
    """The texts that are embedded."""
    for items in (extraction.findings, extraction.recommendations, extraction.actions):
        for item in items:
            yield item.text


def scheme_of(register: Register) -> Scheme:
    """What search knows of themes and neighbours."""
    return Scheme(
        broader={theme.id: theme.broader for theme in themes() if theme.broader is not None},
        neighbours={authority.gss_code: authority.neighbours for authority in register},
        labels={theme.id: theme.label for theme in themes()},
    )


def _versions() -> dict[str, str]:
    return {
        "inspectgraph": version("inspectgraph"),
        "extractor": EXTRACTOR_VERSION,
        "mapping": MAPPING_VERSION,
        "pipeline": PIPELINE_VERSION,
        "index": INDEX_VERSION,
        **{name: version(name) for name in ("pyoxigraph", "faiss-cpu", "tantivy", "openvino", "rdflib")},
    }


def _removed(release: Release | None) -> dict[str, str]:
    """What earlier releases held and was removed: these IRIs answer 410."""
    return dict(release.manifest.facts.extra.get("removed", {})) if release is not None else {}


def _drop_unused_sources(data: Path) -> None:
    """Delete the sources that no release has: none where a release does not tell which it has, since a damaged one is
    made anew of them. Raises ReleaseError then."""
    wanted: set[str] = set()
    for identifier in (identifiers := release_ids(data)):
        try:
            content = verified(data / "releases" / identifier, "sources.json")
            wanted |= {entry.sha256 for entry in msgspec.json.decode(content, type=list[_Entry])}
        except (ReleaseError, msgspec.MsgspecError) as err:
            raise ReleaseError(
                f"no source was deleted, since it is not known which of them release {identifier} needs: {err}; if "
                f"that stays so, build anew, delete {data / 'releases' / identifier} and prune"
            ) from err
    if identifiers:
        SourceStore(data / "sources").drop_all_but(wanted)
