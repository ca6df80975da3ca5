"""Search over a release: meaning and words fused, filters inside the search, exact facets, and why each hit is there.

What is asked and answered is in ``indexer.search_request``. The order of steps: parse the query; turn the filters into
a mask and index keys; take candidates by meaning and by words among the rows that pass; order them together; decide
which rows match at all (for totals and facets); describe one page of hits.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexer.build import LEXICAL, MODEL, VECTORS, read_scheme, read_tables
from indexer.embedding import Embedder, OpenVinoEmbedder, SentenceTransformersEmbedder, UnusableModel, Vectors
from indexer.facets import FacetTable, Mask
from indexer.fusion import Run, reciprocal_rank_fusion
from indexer.lexical import LexicalIndex, ParsedQuery, highlights, parse
from indexer.search_request import (
    FACETS,
    FacetValue,
    Filters,
    Hit,
    SearchRequest,
    SearchResponse,
    Why,
)
from indexer.vector import FaissIndex, open_index

__all__ = ["FACETS", "FacetValue", "Filters", "Hit", "SearchRequest", "SearchResponse", "Searcher", "Why"]

Rows = NDArray[np.int64]

#: How many candidates each run contributes.
_DEPTH = 300
#: A row matches by meaning from this cosine up; below it only its words can make it match.
_RELATED = 0.30
#: Hits below this confidence are not the same issue.
_CLOSE = 0.5

_NO_TOPIC = "The question holds no word with a topic: add what it is about, such as “supervision” or “care leavers”."


class UnknownItem(KeyError):
    """No such item in this release."""


class Searcher:
    """Read-only search over one release; safe to share between threads."""

    def __init__(
        self, tables: dict[str, pa.Table], facets: FacetTable, vectors: FaissIndex, words: LexicalIndex, model: Embedder
    ) -> None:
        self._items = tables["items"]
        self._documents = tables["documents"]
        self._facets = facets
        self._vectors = vectors
        self._words = words
        self._model = model
        self._model_lock = threading.Lock()
        self._row_of = {iri: row for row, iri in enumerate(self._items.column("iri").to_pylist())}
        dates = self._items.column("published").to_pylist() + self._documents.column("published").to_pylist()
        self._date_rank = np.unique(np.array([d or "" for d in dates], dtype=np.str_), return_inverse=True)[1]

    @classmethod
    def open(cls, release_dir: Path, embedder: Embedder | None = None) -> Searcher:
        """``embedder``: None takes the model that the release carries, or that its vectors name."""
        tables = read_tables(release_dir)
        facets = FacetTable(tables["items"], tables["documents"], read_scheme(release_dir))
        vectors = open_index(release_dir / VECTORS)
        model = embedder or _embedder_of(release_dir, vectors)
        if vectors.identity is not None and model.identity != vectors.identity:
            raise UnusableModel(
                model.identity.name,
                f"the release was embedded by {vectors.identity}, the running model is {model.identity}: build again",
            )
        return cls(tables, facets, vectors, LexicalIndex(release_dir / LEXICAL), model)

    @property
    def size(self) -> int:
        """Items and documents."""
        return self._facets.size

    @property
    def vectors(self) -> FaissIndex:
        return self._vectors

    def row(self, iri: str) -> int:
        """The item's row in the items table; raises ``UnknownItem``."""
        try:
            return int(self._row_of[iri])
        except KeyError as err:
            raise UnknownItem(iri) from err

    def search(self, request: SearchRequest) -> SearchResponse:
        """Never raises for anything typed into it."""
        parsed = parse(request.text)
        if not request.text.strip():
            return self._browse(request)
        if not parsed.strict and not parsed.content_words:
            return SearchResponse((), 0, {}, close=False, message=_NO_TOPIC)
        must, must_not = self._facets.conditions(request.filters)
        mask = self._facets.mask(must, must_not)
        keys = [condition.keys for condition in must]
        without = must_not.keys if must_not is not None else ()
        demanded = parsed if parsed.strict else None
        weighted = [(w, 1.0) for w in parsed.content_words]
        lexical = self._words.search(weighted, _DEPTH, must=keys, must_not=without, demanded=demanded)
        words_match = self._words.matching(
            () if parsed.strict else parsed.content_words, must=keys, must_not=without, demanded=demanded
        )
        if request.mode == "words" or not parsed.plain_text:
            matching, rows, scores = words_match, lexical.rows, lexical.scores.astype(np.float64)
            cosines = None
        else:
            query = self._embed(parsed.plain_text)
            cosines = self._vectors.similarities(query)
            matching = words_match if parsed.strict else self._matching(cosines, mask, words_match)
            allowed = np.zeros(self.size, dtype=np.bool_)
            allowed[matching] = True
            dense = _top(cosines, allowed, _DEPTH)
            kept = lexical.rows[allowed[lexical.rows]]
            rows, scores = reciprocal_rank_fusion([Run(dense), Run(kept if request.mode == "hybrid" else kept[:0])])
        ordered, scores = _followed_by_rest(rows, scores, matching, cosines)
        if request.order == "date":
            ordered = self._newest_first(matching)
            scores = np.zeros(len(ordered))
        return self._response(request, parsed, ordered, scores, cosines)

    def similar(self, iri: str, filters: Filters | None = None, limit: int = 10) -> SearchResponse:
        """The item's nearest neighbours of its own kind in other authorities, near-duplicates folded into one hit."""
        row = self.row(iri)
        kind, own = self._facets.value("kind", row), self._facets.value("authority", row)
        filters = filters or Filters()
        if not filters.kinds and kind is not None:
            filters = replace(filters, kinds=(kind,))
        if own is not None:
            filters = replace(filters, exclude_authorities=(*filters.exclude_authorities, own))
        mask = self._facets.mask(*self._facets.conditions(filters))
        allowed = np.ones(self.size, dtype=np.bool_) if mask is None else mask.copy()
        allowed[row] = False
        cosines = self._vectors.similarities(self._vectors.vectors(np.array([row]))[0])
        rows = _top(cosines, allowed, max(limit * 4, 40))
        rows = rows[cosines[rows] >= _RELATED]
        groups = self._folded(rows)[:limit]
        hits = tuple(
            replace(
                self._hit(group[0], rank, float(cosines[group[0]]), Why()),
                confidence=float(max(0.0, cosines[group[0]])),
                duplicates=tuple(self._iri(r) for r in group[1:]),
            )
            for rank, group in enumerate(groups, 1)
        )
        return SearchResponse(hits, len(groups), {}, close=bool(hits) and hits[0].confidence >= _CLOSE)

    def _browse(self, request: SearchRequest) -> SearchResponse:
        mask = self._facets.mask(*self._facets.conditions(request.filters))
        rows = np.flatnonzero(mask) if mask is not None else np.arange(self.size)
        ordered = self._newest_first(rows)
        return self._response(request, ParsedQuery(), ordered, np.zeros(len(ordered)), None)

    def _matching(self, cosines: Vectors, mask: Mask | None, by_words: Rows) -> Rows:
        found = cosines >= _RELATED
        if mask is not None:
            found &= mask
        found[by_words] = True
        return np.flatnonzero(found)

    def _newest_first(self, rows: Rows) -> Rows:
        return rows[np.lexsort((rows, -self._date_rank[rows]))]

    def _embed(self, text: str) -> Vectors:
        with self._model_lock:
            return np.asarray(self._model.encode([text])[0])

    def _folded(self, rows: Rows) -> list[list[int]]:
        groups: dict[str, list[int]] = {}
        for row in rows.tolist():
            key = " ".join(self._text(row).casefold().split()).strip(".;: ")
            groups.setdefault(key, []).append(row)
        return list(groups.values())

    def _response(
        self,
        request: SearchRequest,
        parsed: ParsedQuery,
        ordered: Rows,
        scores: NDArray[np.float64],
        cosines: Vectors | None,
    ) -> SearchResponse:
        start = max(0, request.offset)
        page = ordered[start : start + max(0, request.limit)]
        wanted = set(parsed.content_words) | {w for g in parsed.groups for c in g for w in c.words}
        hits = []
        for place, row in enumerate(page.tolist()):
            text = self._text(row)
            spans = tuple(highlights(text, wanted))
            why = Why(tuple(dict.fromkeys(text[s:e] for s, e in spans)), spans)
            hit = self._hit(row, start + place + 1, float(scores[start + place]), why)
            if cosines is not None:
                hit = replace(hit, confidence=float(max(0.0, cosines[row])))
            hits.append(hit)
        facets = self._facets.counts(ordered, FACETS) if request.facets else {}
        return SearchResponse(tuple(hits), len(ordered), facets, close=bool(len(ordered)))

    def _text(self, row: int) -> str:
        if row < self._items.num_rows:
            return self._items.column("text")[row].as_py() or ""
        return self._documents.column("title")[row - self._items.num_rows].as_py() or ""

    def _iri(self, row: int) -> str:
        table, place = (
            (self._items, row) if row < self._items.num_rows else (self._documents, row - self._items.num_rows)
        )
        return str(table.column("iri")[place].as_py())

    def _hit(self, row: int, rank: int, score: float, why: Why) -> Hit:
        if row >= self._items.num_rows:
            d = self._documents.slice(row - self._items.num_rows, 1).to_pylist()[0]
            return Hit(
                rank, -1, d["iri"], "document", d["title"] or "", score, 0.0, why,
                document=d["iri"], file=d["file"], authority=d["authority"], gss_code=d["gss_code"],
                published=d["published"], year=d["year"],
            )  # fmt: skip
        i = {name: self._items.column(name)[row].as_py() for name in _HIT_COLUMNS}
        return Hit(
            rank, row, i["iri"], i["kind"], i["text"] or "", score, 0.0, why,
            ref=i["ref"], section=i["section"], polarity=i["polarity"], document=i["document"], file=i["file"],
            page=i["page"], authority=i["authority"], gss_code=i["gss_code"], region=i["region"],
            inspection=i["inspection"], inspectorate=i["inspectorate"], framework=i["framework_id"], grade=i["grade"],
            published=i["published"], year=i["year"], themes=tuple(i["themes"] or ()),
        )  # fmt: skip


_HIT_COLUMNS = (  # noqa: SIM905 - one name a word reads better
    "iri kind text ref section polarity document file page authority gss_code region inspection inspectorate"
    " framework_id grade published year themes"
).split()


def _embedder_of(release_dir: Path, vectors: FaissIndex) -> Embedder:
    if (release_dir / MODEL / "shape.json").is_file():
        precision = vectors.identity.precision if vectors.identity is not None else "auto"
        return OpenVinoEmbedder(release_dir / MODEL, precision="bf16" if precision == "bf16" else "f32", threads=1)
    name = vectors.identity.name if vectors.identity is not None else ""
    return SentenceTransformersEmbedder(name)


def _top(scores: Vectors, allowed: Mask, k: int) -> Rows:
    """The k best allowed rows, best first, ties by ascending row."""
    rows = np.flatnonzero(allowed)
    if len(rows) > k:
        rows = rows[np.argpartition(-scores[rows], k - 1)[:k]]
    return rows[np.lexsort((rows, -scores[rows]))]


def _followed_by_rest(
    rows: Rows, scores: NDArray[np.float64], matching: Rows, cosines: Vectors | None
) -> tuple[Rows, NDArray[np.float64]]:
    """Ranked rows, then the other matching ones by cosine, scored below all ranked."""
    kept = np.isin(rows, matching)
    rows, scores = rows[kept], scores[kept]
    rest = np.setdiff1d(matching, rows)
    if cosines is not None:
        rest = rest[np.lexsort((rest, -cosines[rest]))]
    floor = float(scores.min()) if len(scores) else 1.0
    below = floor * (1.0 - np.arange(1, len(rest) + 1) / (len(rest) + 1.0))
    return np.concatenate([rows, rest]), np.concatenate([scores, below])
