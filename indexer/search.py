"""Search over a release: meaning and words fused, filters inside the search, exact facets, and why each hit is there.

What is asked and answered is in ``indexer.search_request``. The order of steps: parse the query; turn the filters into
a mask and index keys; take candidates by meaning and by words among the rows that pass; order them together; decide
which rows match at all (for totals and facets); describe one page of hits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexer.build import LEXICAL, MODEL, SEARCH, VECTORS, check_version, read_scheme, read_tables
from indexer.cluster import SHARDS, ShardedIndex
from indexer.embedding import Embedder, OpenVinoEmbedder, SentenceTransformersEmbedder, UnusableModel
from indexer.facets import FacetTable, Mask
from indexer.fusion import Calibration, Evidence, Weights
from indexer.language_index import LanguageIndex, Meant
from indexer.late_interaction import TokenStore, Vectors, query_tokens, sentence_spans
from indexer.lexical import (
    NO_HITS,
    LexicalHits,
    LexicalIndex,
    ParsedQuery,
    WordIndex,
    highlights,
    parse,
    words_with_spans,
)
from indexer.postgres import PostgresVectors, PostgresWords, open_database
from indexer.search_request import (
    FACETS,
    FILTERS_OF,
    FacetValue,
    Filters,
    Hit,
    Lifted,
    SearchRequest,
    SearchResponse,
    Why,
)
from indexer.subjects import SubjectIndex
from indexer.vector import VectorIndex, open_index

__all__ = ["FACETS", "FacetValue", "Filters", "Hit", "SearchRequest", "SearchResponse", "Searcher", "Why"]

Rows = NDArray[np.int64]

#: Two texts are near-duplicates when they share this much of their words.
_SAME_WORDS = 0.85

#: How many candidates meaning, words, concepts and the phrasebook contribute. Measured on 135 judged questions: 200 by
#: meaning and 150 by concept order no better (0.727 against 0.726), but 60 by words worse (0.720).
_BY_MEANING, _BY_WORDS, _BY_CONCEPT, _BY_STATEMENT = 150, 100, 100, 50
#: A row matches by meaning from this cosine up; below it only its words or its concepts can make it match.
_RELATED = 0.30
_RELATED_CONCEPT = 0.60
#: Hits below this confidence are not the same issue.
CLOSE = 0.5
#: A theme is taken for the query's from this weight of one of its concepts.
_MEANT = 0.6
#: Of so many of the best candidates it is learnt what the question is about.
_LEARNT_FROM = 10
#: Unknown words that are looked for among the index's words, one or two letters off.
_CORRECTED = 5

_NO_TOPIC = "The question holds no word with a topic: add what it is about, such as “supervision” or “care leavers”."


class UnknownItem(KeyError):
    """No such item in this release."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A filter, as the vector side and as the lexical side take it."""

    mask: Mask | None
    keys: tuple[tuple[str, ...], ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A query understood: as typed and, where it holds abbreviations, written out; a row of ``vectors`` and one array
    of ``tokens`` for each variant. ``subjects``: the themes that it is about, as ``SubjectIndex`` compares them."""

    variants: tuple[str, ...]
    vectors: Vectors
    tokens: tuple[Vectors, ...]
    meant: Meant
    subjects: Vectors


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows best first, with their scores and confidences."""

    rows: Rows
    scores: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def among(self, rows: Rows, size: int) -> Ranked:
        """Those of ``rows``, in the same order."""
        allowed = np.zeros(size, dtype=np.bool_)
        allowed[rows] = True
        kept = allowed[self.rows]
        return Ranked(self.rows[kept], self.scores[kept], self.confidence[kept])

    def triples(self) -> Iterator[tuple[int, float, float]]:
        return zip(self.rows.tolist(), self.scores.tolist(), self.confidence.tolist(), strict=True)


class Searcher:
    """Read-only search over one release; safe to share between threads."""

    def __init__(
        self,
        tables: dict[str, pa.Table],
        facets: FacetTable,
        vectors: VectorIndex,
        tokens: TokenStore,
        words: WordIndex,
        language: LanguageIndex,
        subjects: SubjectIndex,
        model: Embedder,
        weights: Weights | None = None,
    ) -> None:
        self._items = tables["items"]
        self._documents = tables["documents"]
        self._facets = facets
        self._vectors = vectors
        self._tokens = tokens
        self._words = words
        self._language = language
        self._subjects = subjects
        self._model = model
        self._weights = weights or Weights()
        self._calibration = Calibration()
        self._model_lock = threading.Lock()
        self._row_of = {iri: row for row, iri in enumerate(self._items.column("iri").to_pylist())}
        dates = self._items.column("published").to_pylist() + self._documents.column("published").to_pylist()
        self._date_rank = np.unique(np.array([d or "" for d in dates], dtype=np.str_), return_inverse=True)[1]

    @classmethod
    def open(
        cls,
        release_dir: Path,
        embedder: Embedder | None = None,
        weights: Weights | None = None,
        *,
        database: str = "",
        shards: str = "",
    ) -> Searcher:
        """``embedder``: None takes the model that the release carries, or that its vectors name. ``weights``: None
        takes those that were measured. ``database``: address of the search database that holds the vectors and words;
        ``shards``: address of the cluster whose workers search the vectors, cut into parts; where both are empty the
        release's files are searched. Raises ``ReleaseError`` for a release that another version indexed."""
        check_version(release_dir)
        tables = read_tables(release_dir)
        facets = FacetTable(tables["items"], tables["documents"], read_scheme(release_dir))
        vectors: VectorIndex = open_index(release_dir / VECTORS)
        model = embedder or _embedder_of(release_dir, vectors)
        if vectors.identity is not None and model.identity != vectors.identity:
            raise UnusableModel(
                model.identity.name,
                f"the release was embedded by {vectors.identity}, the running model is {model.identity}: build again",
            )
        tokens = TokenStore.open(release_dir / VECTORS)
        language = LanguageIndex.open(release_dir / SEARCH)
        subjects = SubjectIndex.open(release_dir / SEARCH, model.identity.sha256)
        words: WordIndex
        if shards:
            vectors = ShardedIndex(release_dir / SHARDS, shards)
        if database:
            held = open_database(database, release_dir)
            vectors, words = PostgresVectors(held, model.identity.dimension, vectors.identity), PostgresWords(held)
        else:
            words = LexicalIndex(release_dir / LEXICAL)
        return cls(tables, facets, vectors, tokens, words, language, subjects, model, weights)

    @property
    def size(self) -> int:
        """Items and documents."""
        return self._facets.size

    @property
    def vectors(self) -> VectorIndex:
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
        scope = self._scope(request.filters)
        demanded = parsed if parsed.strict else None
        words = self._corrected(parsed)
        lexical = self._words.search(
            [(w, 1.0) for w in words.values()], _BY_WORDS, must=scope.keys, must_not=scope.without, demanded=demanded
        )
        by_words = self._words.matching(
            () if parsed.strict else tuple(words.values()), must=scope.keys, must_not=scope.without, demanded=demanded
        )
        if request.mode == "words" or not parsed.content_words:
            ranked = Ranked(lexical.rows, lexical.scores.astype(np.float64), np.zeros(len(lexical.rows)))
            found = self._response(request, parsed, None, ranked, by_words)
            return self._with_lifted(found, request, by_words, lambda: self._unfiltered(None, parsed, words))
        question = self._understood(_spelled(parsed.plain_text, words))
        hybrid = request.mode == "hybrid"
        ranked, matching = self._ranked(question, scope.mask, lexical if hybrid else NO_HITS, by_words)
        if parsed.strict:
            ranked, matching = ranked.among(by_words, self.size), by_words
        found = self._response(request, parsed, question, ranked, matching)
        return self._with_lifted(found, request, matching, lambda: self._unfiltered(question, parsed, words))

    def _unfiltered(self, question: Question | None, parsed: ParsedQuery, words: Mapping[str, str]) -> Rows:
        """All rows that would match without any filter."""
        demanded = parsed if parsed.strict else None
        by_words = self._words.matching(() if parsed.strict else tuple(words.values()), demanded=demanded)
        if question is None or parsed.strict:
            return by_words
        near, _ = self._vectors.within(question.vectors, _RELATED)
        by_concept = self._language.concept_rows.scores(question.meant.concepts)
        return self._united(near, np.flatnonzero(by_concept >= _RELATED_CONCEPT), by_words)

    def _with_lifted(
        self, found: SearchResponse, request: SearchRequest, matching: Rows, unfiltered: Callable[[], Rows]
    ) -> SearchResponse:
        """The answer with the counts of each facet that is filtered by, without its own filter. Left out where a row
        does not match by itself alone, as on an index of lists: then only a search of its own can tell."""
        filters, nothing = request.filters, Filters()
        asked = [facet for facet, names in FILTERS_OF.items() if any(getattr(filters, n) for n in names)]
        if not asked or not request.facets:
            return found
        everything = unfiltered()
        if not np.array_equal(self._passing(everything, filters), matching):
            return found
        lifted = {}
        for facet in asked:
            without = {name: getattr(nothing, name) for name in FILTERS_OF[facet]}
            rows = self._passing(everything, replace(filters, **without))
            counted = "authority" if facet == "council" else facet
            lifted[facet] = Lifted(self._facets.counts(rows, (counted,))[counted], len(rows))
        return replace(found, lifted=lifted)

    def _passing(self, rows: Rows, filters: Filters) -> Rows:
        mask = self._scope(filters).mask
        return rows if mask is None else rows[mask[rows]]

    def similar(self, iri: str, filters: Filters | None = None, limit: int = 10) -> SearchResponse:
        """The item's nearest of its own kind in other authorities, best first, near-duplicates folded into one hit."""
        row = self.row(iri)
        kind, own = self._facets.value("kind", row), self._facets.value("authority", row)
        filters = filters or Filters()
        if not filters.kinds and kind is not None:
            filters = replace(filters, kinds=(kind,))
        if own is not None:
            filters = replace(filters, exclude_authorities=(*filters.exclude_authorities, own))
        mask = self._scope(filters).mask
        allowed = np.ones(self.size, dtype=np.bool_) if mask is None else mask.copy()
        allowed[row] = False
        vectors = self._vectors.vectors(np.array([row]))
        meant = self._language.meant(self._text(row), vectors)
        question = Question((self._text(row),), vectors, (self._tokens.tokens(row),), meant, self._subjects.row(row))
        ranked, _ = self._ranked(question, allowed, NO_HITS, NO_HITS.rows)
        groups = self._folded(ranked.rows[: max(limit * 4, 40)].tolist())[:limit]
        place = {r: i for i, r in enumerate(ranked.rows.tolist())}
        hits = []
        whys = self._whys([group[0] for group in groups], question, ParsedQuery())
        for rank, (group, why) in enumerate(zip(groups, whys, strict=True), 1):
            hit = self._hit(group[0], rank, float(ranked.scores[place[group[0]]]), why)
            confidence = float(ranked.confidence[place[group[0]]])
            hits.append(replace(hit, confidence=confidence, duplicates=tuple(self._iri(r) for r in group[1:])))
        return SearchResponse(tuple(hits), len(groups), {}, close=bool(hits) and hits[0].confidence >= CLOSE)

    def evidence(self, text: str, filters: Filters | None = None) -> tuple[Rows, Evidence]:
        """The candidates of a plain question and every part of their scores, for measuring and tuning."""
        scope = self._scope(filters or Filters())
        words = self._corrected(parse(text))
        lexical = self._words.search(
            [(w, 1.0) for w in words.values()], _BY_WORDS, must=scope.keys, must_not=scope.without
        )
        question = self._understood(_spelled(text, words))
        rows, by_concept, _ = self._candidates(question, scope.mask, lexical)
        return rows, self._evidence(question, rows, by_concept, lexical)

    def _scope(self, filters: Filters) -> Scope:
        must, must_not = self._facets.conditions(filters)
        keys = tuple(condition.keys for condition in must)
        return Scope(self._facets.mask(must, must_not), keys, must_not.keys if must_not is not None else ())

    def _corrected(self, parsed: ParsedQuery) -> dict[str, str]:
        """Each word, and the index's word that it was probably meant to be where neither index nor model knows it."""
        text = parsed.plain_text
        typed = {word: text[start:end] for word, start, end in words_with_spans(text)}
        found: dict[str, str] = {}
        tried = 0
        for word in parsed.content_words:
            found[word] = word
            unknown = len(word) >= 4 and word.isalpha() and not self._words.document_frequency(word)
            if unknown and tried < _CORRECTED and not self._model.knows(typed[word]):
                tried += 1
                found[word] = self._words.corrected(word) or word
        return found

    def _understood(self, text: str) -> Question:
        written_out = self._language.language.written_out(text)
        variants = (text,) if written_out is None else (text, written_out)
        with self._model_lock:
            made = list(self._model.encode_tokens(variants))
        vectors = np.stack([sentence for sentence, _ in made])
        tokens = tuple(query_tokens(t, self._language.projection) for _, t in made)
        meant = self._language.meant(written_out or text, vectors)
        return Question(variants, vectors, tokens, meant, self._subjects.of(variants, vectors))

    def _ranked(
        self, question: Question, mask: Mask | None, lexical: LexicalHits, by_words: Rows
    ) -> tuple[Ranked, Rows]:
        """Candidates in order, and all rows that match."""
        rows, by_concept, related = self._candidates(question, mask, lexical)
        evidence = self._evidence(question, rows, by_concept, lexical)
        scores, confidence = evidence.fused(self._weights), self._calibration.confidence(evidence)
        order = np.lexsort((rows, -scores))
        return Ranked(rows[order], scores[order], confidence[order]), self._united(related, by_words)

    def _candidates(
        self, question: Question, mask: Mask | None, lexical: LexicalHits
    ) -> tuple[Rows, NDArray[np.float32], Rows]:
        """The rows to be scored, ascending; every row's agreement in concepts; and the rows that are related at all."""
        by_concept = self._language.concept_rows.scores(question.meant.concepts)
        near, cosines = self._vectors.within(question.vectors, _RELATED, mask)
        runs = [near[_top(cosines, _BY_MEANING)], lexical.rows]
        if len(near) < _BY_MEANING:
            runs.append(self._nearest(question.vectors, _BY_MEANING, mask))
        speaking = np.flatnonzero(by_concept if mask is None else by_concept * mask)
        runs.append(speaking[_top(by_concept[speaking], _BY_CONCEPT)])
        if len(question.meant.statements):
            stated = question.meant.weights @ self._language.statement_vectors[question.meant.statements]
            runs.append(self._nearest((stated / np.linalg.norm(stated))[None, :], _BY_STATEMENT, mask))
        agreeing = speaking[by_concept[speaking] >= _RELATED_CONCEPT]
        return self._united(*runs), by_concept, self._united(near, agreeing)

    def _united(self, *runs: Rows) -> Rows:
        """The rows of any of the runs, ascending; by marking, which is faster than sorting."""
        marked = np.zeros(self.size, dtype=np.bool_)
        for rows in runs:
            marked[rows] = True
        return np.flatnonzero(marked)

    def _nearest(self, vectors: Vectors, k: int, mask: Mask | None) -> Rows:
        rows = self._vectors.search(vectors.astype(np.float32), k, mask).rows.ravel()
        return rows[rows >= 0]

    def _evidence(
        self, question: Question, rows: Rows, by_concept: NDArray[np.float32], lexical: LexicalHits
    ) -> Evidence:
        language, variants = self._language, len(question.tokens)
        statements = [language.statement_tokens.tokens(int(s)) for s in question.meant.statements]
        by_token = self._tokens.scores([*question.tokens, *statements], rows).astype(np.float64) / language.token_scale
        cosine = (question.vectors @ self._vectors.vectors(rows).T).astype(np.float64).max(axis=0)
        words = np.zeros(len(rows))
        if len(lexical.rows):
            words[np.searchsorted(rows, lexical.rows)] = lexical.scores / lexical.scores.max()
        evidence = Evidence(
            by_token[:variants].max(axis=0),
            cosine / language.cosine_scale,
            by_concept[rows].astype(np.float64),
            question.meant.weights.astype(np.float64) @ by_token[variants:],
            words,
            self._subjects.agreement(question.subjects, rows).astype(np.float64),
            np.zeros(len(rows)),
        )
        best = rows[np.argsort(-evidence.fused(self._weights), kind="stable")[:_LEARNT_FROM]]
        alike = self._subjects.agreement(self._subjects.shared(best), rows)
        return replace(evidence, feedback=alike.astype(np.float64))

    def _browse(self, request: SearchRequest) -> SearchResponse:
        mask = self._scope(request.filters).mask
        rows = np.flatnonzero(mask) if mask is not None else np.arange(self.size)
        nothing = np.zeros(0)
        ranked = Ranked(np.zeros(0, dtype=np.int64), nothing, nothing)
        found = self._response(replace(request, order="date"), ParsedQuery(), None, ranked, rows)
        return self._with_lifted(found, request, rows, lambda: np.arange(self.size))

    def _newest_first(self, rows: Rows) -> Rows:
        return rows[np.lexsort((rows, -self._date_rank[rows]))]

    def _folded(self, rows: list[int]) -> list[list[int]]:
        """Rows of nearly the same words together, each group under its first."""
        groups: list[tuple[frozenset[str], list[int]]] = []
        for row in rows:
            words = frozenset(w for w, _, _ in words_with_spans(self._text(row)))
            for known, group in groups:
                if len(words & known) >= _SAME_WORDS * len(words | known):
                    group.append(row)
                    break
            else:
                groups.append((words, [row]))
        return [group for _, group in groups]

    def _response(
        self, request: SearchRequest, parsed: ParsedQuery, question: Question | None, ranked: Ranked, matching: Rows
    ) -> SearchResponse:
        ranked = ranked.among(matching, self.size)
        start, limit = max(0, request.offset), max(0, request.limit)
        unranked = np.ones(self.size, dtype=np.bool_)
        unranked[ranked.rows] = False
        rest = matching[unranked[matching]]
        if request.order == "date":
            ordered = self._newest_first(matching)
        else:
            first = self._near_first(ranked.rows, request.near)
            ordered = np.concatenate([first, self._by_cosine(rest, question, start + limit > len(ranked.rows))])
        known = {row: (s, c) for row, s, c in ranked.triples()}
        lowest = float(ranked.scores.min()) if len(ranked.rows) else 1.0
        themes = self._themes(question)
        hits = []
        page = ordered[start : start + limit].tolist()
        whys = self._whys(page, question, parsed)
        for rank, (row, why) in enumerate(zip(page, whys, strict=True), start + 1):
            score, confidence = known.get(row, (lowest - rank / (len(ordered) + 1.0), 0.0))
            hit = self._hit(row, rank, score, why)
            shared = next((t for t in themes if t in hit.themes), None)
            hits.append(replace(hit, confidence=confidence, why=replace(why, theme=shared)))
        facets = self._facets.counts(matching, FACETS) if request.facets else {}
        best = float(ranked.confidence.max(initial=0.0))
        close = len(ordered) > 0 and (question is None or parsed.strict or best >= CLOSE)
        return SearchResponse(tuple(hits), len(ordered), facets, close=close, themes=themes)

    def _near_first(self, rows: Rows, councils: tuple[str, ...]) -> Rows:
        """Those of the councils' statistical neighbours before the others, each in the order they had."""
        if not councils:
            return rows
        must, _ = self._facets.conditions(Filters(neighbours_of=councils))
        near = self._facets.mask(must, None)
        assert near is not None
        return np.concatenate([rows[near[rows]], rows[~near[rows]]])

    def _by_cosine(self, rows: Rows, question: Question | None, wanted: bool) -> Rows:
        """The rows that were not ranked: nearest first where a page reaches them, else as they are."""
        if question is None or not wanted or not len(rows):
            return rows
        cosines = (question.vectors @ self._vectors.vectors(rows).T).mean(axis=0)
        return rows[np.lexsort((rows, -cosines))]

    def _themes(self, question: Question | None) -> tuple[str, ...]:
        if question is None:
            return ()
        weights, concepts = question.meant.concepts, self._language.language.concepts
        places = [p for p in np.argsort(-weights, kind="stable").tolist() if weights[p] >= _MEANT]
        return tuple(dict.fromkeys(concepts[p].theme for p in places))[:5]

    def _whys(self, rows: list[int], question: Question | None, parsed: ParsedQuery) -> list[Why]:
        texts = [self._text(row) for row in rows]
        if question is None:
            return [self._why(text, None, parsed) for text in texts]
        nearest = self._tokens.best_sentences(question.tokens[0], np.array(rows, dtype=np.int64))
        meant = np.flatnonzero(question.meant.concepts >= 1.0).tolist()
        return [
            replace(self._why(text, meant, parsed), sentence=_sentence(text, number))
            for text, number in zip(texts, nearest, strict=True)
        ]

    def _why(self, text: str, meant: list[int] | None, parsed: ParsedQuery) -> Why:
        """The words of the query and of the concepts that it surely means, as the text prints them."""
        wanted = set(parsed.content_words) | {w for g in parsed.groups for c in g for w in c.words}
        words = list(words_with_spans(text))
        spans = highlights(words, wanted)
        if meant:
            spans = _merged(spans + self._language.language.term_spans(text, words, meant))
        return Why(tuple(dict.fromkeys(text[s:e] for s, e in spans)), tuple(spans))

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


_HIT_COLUMNS = (
    "iri kind text ref section polarity document file page authority gss_code region inspection inspectorate"
    " framework_id grade published year themes"
).split()


def _embedder_of(release_dir: Path, vectors: VectorIndex) -> Embedder:
    if (release_dir / MODEL / "shape.json").is_file():
        precision = vectors.identity.precision if vectors.identity is not None else "auto"
        return OpenVinoEmbedder(release_dir / MODEL, precision="bf16" if precision == "bf16" else "f32", threads=1)
    name = vectors.identity.name if vectors.identity is not None else ""
    return SentenceTransformersEmbedder(name)


def _top(scores: NDArray[np.float32], k: int) -> Rows:
    """Places of the k best scores, best first, ties by ascending place."""
    places = np.arange(len(scores))
    if len(places) > k:
        places = np.argpartition(-scores, k - 1)[:k]
    return places[np.lexsort((places, -scores[places]))]


def _sentence(text: str, number: int | None) -> tuple[int, int] | None:
    sentences = sentence_spans(text)
    if len(sentences) < 2:
        return (0, len(text)) if text else None
    return sentences[number] if number is not None else None


def _spelled(text: str, words: dict[str, str]) -> str:
    """The text with its misspelt words replaced by the index's."""
    changed = {word: right for word, right in words.items() if word != right}
    if not changed:
        return text
    parts, end = [], 0
    for word, start, stop in words_with_spans(text):
        if word in changed:
            parts += [text[end:start], changed[word]]
            end = stop
    return "".join(parts) + text[end:]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, overlapping ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
