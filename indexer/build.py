"""Make a release's indexes from its tables: vectors, words, and what search needs to know of themes and neighbours."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.errors import ReleaseError
from indexer import postgres
from indexer.build_memory import BuildMemory
from indexer.embedding import Embedder, EmbeddingCache, Vectors
from indexer.expansion import SectorLanguage, agreed_abbreviations
from indexer.facets import FacetTable, Scheme
from indexer.kept import Kept
from indexer.language_index import write_language
from indexer.late_interaction import SentenceNumbers, sentence_numbers, write_token_store
from indexer.lexical import LexicalRecord, write_lexical
from indexer.subjects import write_subjects
from indexer.tables import listed
from indexer.text_cache import TextCache
from indexer.theme_linking import Floats, ThemeLinker, description
from indexer.vector import write_index
from ontology.resources import themes

Progress = Callable[[str, int, int], None]

VECTORS, LEXICAL, SEARCH, MODEL = "vectors", "lexical", "search", "model"

#: Raised when other files are written below, or the same ones otherwise: older releases are then built again.
INDEX_VERSION = "3"

_NEEDED = (
    f"{VECTORS}/vectors.json",
    f"{VECTORS}/tokens.npy",
    f"{VECTORS}/token_sentences.npy",
    f"{LEXICAL}/meta.json",
    f"{SEARCH}/scheme.json",
    f"{SEARCH}/scale.json",
    f"{SEARCH}/subjects.npy",
)


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What the manifest records of the indexes. ``model`` as ``ModelIdentity``'s fields."""

    rows: int
    items: int
    documents: int
    model: dict[str, str | int]


def check_version(release_dir: Path) -> None:
    """Raises ``ReleaseError`` where this version of the program did not write the release's indexes."""
    if any(not (release_dir / needed).is_file() for needed in _NEEDED) or _version_of(release_dir) != INDEX_VERSION:
        raise ReleaseError(f"{release_dir}: this release was indexed by another version: build again")


def _version_of(release_dir: Path) -> str:
    stored = json.loads((release_dir / SEARCH / "scheme.json").read_text(encoding="utf-8"))
    return str(stored.get("index_version", "1"))


#: What the indexes and search read of the items.
_ITEM_COLUMNS = (
    "iri kind text ref section polarity document file page authority gss_code region authority_type inspection"
    " inspectorate framework_id grade published year themes"
).split()


#: What ``build_index`` reads of them besides their texts: each value stands for many items.
_FACET_COLUMNS = [name for name in _ITEM_COLUMNS if name not in ("iri", "text", "page", "published")]
_REPEATED = [name for name in _FACET_COLUMNS if name not in ("year", "themes")]


def read_tables(release_dir: Path, *, texts: bool = True) -> dict[str, pa.Table]:
    """The documents of a release and, as far as they are indexed and shown, its items; without ``texts`` as far as
    ``build_index`` needs them that is given the texts."""
    folder = release_dir / "tables"
    file = folder / "items.parquet"
    return {
        "items": pq.read_table(file, columns=_ITEM_COLUMNS, memory_map=True)
        if texts
        else pq.read_table(file, columns=_FACET_COLUMNS, read_dictionary=_REPEATED, memory_map=True),
        "documents": pq.read_table(folder / "documents.parquet", memory_map=True),
    }


def build_index(
    tables: Mapping[str, pa.Table],
    release_dir: Path,
    embedder: Embedder,
    *,
    cache: EmbeddingCache | None = None,
    found: TextCache | None = None,
    scheme: Scheme | None = None,
    model_dir: Path | None = None,
    progress: Progress | None = None,
    vectors: Vectors | None = None,
    confidences: Floats | None = None,
    abbreviations: Iterable[tuple[str, str]] = (),
    texts: Iterable[str] | None = None,
    memory: BuildMemory | None = None,
) -> IndexSummary:
    """Writes ``vectors/``, ``lexical/``, ``search/`` and ``model/`` under ``release_dir``.

    ``tables``: at least ``items`` and ``documents``. Index rows are the rows of ``items``, then those of ``documents``.
    ``found``: what knows texts of earlier builds.
    ``scheme``: broader themes, labels and statistical neighbours. ``model_dir``: the converted model, hard-linked into
    the release so that it can be searched wherever it is moved. ``progress``: told stage, done, total.
    ``vectors`` (n_items, dimension): of the items' texts; None: they are asked of ``cache``.
    ``confidences`` (n_items, n_themes) as ``derive_links`` found them; None: the linker is asked.
    ``abbreviations``: short form and meaning, once for each document that explains it.
    ``texts`` of the items; None: those of the table. ``memory``: where texts and vectors are kept.
    """
    items, documents = tables["items"], tables["documents"]
    scheme = scheme or Scheme({}, {}, {})
    memory = memory or BuildMemory()
    shown = items.column("text").to_pylist() if texts is None else texts
    kept = Kept((text or "" for text in chain(shown, documents.column("title").to_pylist())), memory)
    total = len(kept)
    done = 0

    def embedded(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress("embed", done, total)

    cache = cache if cache is not None else EmbeddingCache(":memory:")
    found = found if found is not None else TextCache()
    sentences = memory.array((total, embedder.identity.dimension))
    if vectors is None:
        cache.encode(embedder, kept[: items.num_rows], embedded, into=sentences[: items.num_rows])
    else:
        sentences[: items.num_rows] = vectors
    cache.encode(embedder, kept[items.num_rows :], embedded, into=sentences[items.num_rows :])
    write_index(sentences, embedder.identity, release_dir / VECTORS)
    write_token_store(
        cache.tokens(embedder, kept), total, release_dir / VECTORS, _sentence_numbers(kept, embedder, found)
    )
    language = replace(SectorLanguage.load(), own_abbreviations=agreed_abbreviations(abbreviations))
    write_language(language, kept, sentences, embedder, cache, found, release_dir / SEARCH)
    if confidences is None:
        linker = ThemeLinker.load(themes(), partial(cache.encode, embedder), embedder.identity.sha256)
        confidences = linker.linked(kept[: items.num_rows], sentences[: items.num_rows])[1]
    write_subjects(confidences, total, cache.encode(embedder, [description(t) for t in themes()]), release_dir / SEARCH)
    facets = FacetTable(items, documents, scheme)
    write_lexical(_lexical_records(items, documents, facets, kept), release_dir / LEXICAL, found)
    _write_scheme(scheme, release_dir / SEARCH)
    if model_dir is not None:
        _link_folder(model_dir, release_dir / MODEL)
    if progress is not None:
        progress("index", total, total)
    identity = embedder.identity
    return IndexSummary(
        total, items.num_rows, documents.num_rows, {f: getattr(identity, f) for f in identity.__slots__}
    )


def _sentence_numbers(texts: Sequence[str], embedder: Embedder, found: TextCache) -> Iterator[SentenceNumbers]:
    def numbered(places: Sequence[int]) -> Iterator[bytes]:
        own = [texts[place] for place in places]
        for text, spans in zip(own, embedder.token_spans(own), strict=True):
            yield sentence_numbers(text, spans).tobytes()

    context = f"sentence numbers\x1f{embedder.identity.key}\x1f{INDEX_VERSION}".encode()
    for value in found.of(context, texts, numbered):
        yield np.frombuffer(value, dtype=np.uint8)


def publish_to_database(release_dir: Path, address: str) -> int:
    """Bring a release's vectors and words, as ``build_index`` left them, to a search database too; returns how many
    items were new there. The releases that lie beside it stay there, others go."""
    tables = read_tables(release_dir)
    items, documents = tables["items"], tables["documents"]
    texts = [t or "" for t in items.column("text").to_pylist() + documents.column("title").to_pylist()]
    facets = FacetTable(items, documents, read_scheme(release_dir))
    vectors = np.load(release_dir / VECTORS / "vectors.npy", mmap_mode="r", allow_pickle=False)
    name = secrets.token_hex(8)
    records = _lexical_records(items, documents, facets, texts)
    added = postgres.publish(address, name, vectors, records, keep=postgres.published_names(release_dir.parent))
    (release_dir / postgres.DATABASE_FILE).write_text(json.dumps({"name": name}), encoding="utf-8")
    return added


def read_scheme(release_dir: Path) -> Scheme:
    stored = json.loads((release_dir / SEARCH / "scheme.json").read_text(encoding="utf-8"))
    neighbours = {code: tuple(near) for code, near in stored["neighbours"].items()}
    return Scheme(stored["broader"], neighbours, stored["labels"])


def _write_scheme(scheme: Scheme, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stored = {
        "index_version": INDEX_VERSION,
        "broader": scheme.broader,
        "neighbours": scheme.neighbours,
        "labels": scheme.labels,
    }
    (folder / "scheme.json").write_text(json.dumps(stored, indent=1, sort_keys=True), encoding="utf-8")


def _lexical_records(
    items: pa.Table, documents: pa.Table, facets: FacetTable, texts: Sequence[str]
) -> Iterator[LexicalRecord]:
    shown = items.select(["section", "file", "authority", "ref"])
    for row, values in enumerate(listed(shown)):
        fields = {name: value for name, value in values.items() if value}
        yield LexicalRecord(row, texts[row], fields, facets.keys(row))
    named = {name: documents.column(name).to_pylist() for name in ("title", "file", "authority")}
    for place in range(documents.num_rows):
        row = items.num_rows + place
        fields = {name: values[place] for name, values in named.items() if values[place]}
        yield LexicalRecord(row, texts[row], fields, facets.keys(row))


def _link_folder(source: Path, target: Path) -> None:
    """Hard links where the file system can, copies where not."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copy2(file, target / file.name)
