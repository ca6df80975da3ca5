"""Search over a release: meaning and words fused, filters inside the search, exact facets, and why each hit is there.

What is asked and answered is in ``indexer.search_request``. The order of steps: parse the query; turn the filters into
a mask and index keys; decide which rows match at all (for totals and facets); take candidates by meaning and by words
among those that pass and order them together (``indexer.ranking``); describe one page of hits (``indexer.hits``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.build import LEXICAL, MODEL, SEARCH, VECTORS, check_version, read_scheme, read_tables
from indexer.cluster import SHARDS, ShardedIndex
from indexer.embedding import Embedder, OpenVinoEmbedder, SentenceTransformersEmbedder, UnusableModel
from indexer.facets import FacetTable, Mask
from indexer.fusion import Evidence, Weights
from indexer.hits import HitTexts
from indexer.language_index import LanguageIndex
from indexer.late_interaction import TokenStore
from indexer.lexical import NO_HITS, LexicalHits, LexicalIndex, ParsedQuery, WordIndex, parse, words_with_spans
from indexer.postgres import PostgresVectors, PostgresWords, open_database
from indexer.ranking import BY_WORDS, COMPARED, Question, Ranked, Ranker, Rows, united
from indexer.search_request import (
    FACETS,
    FacetValue,
    Filters,
    Hit,
    SearchRequest,
    SearchResponse,
    Why,
)
from indexer.subjects import SubjectIndex
from indexer.vector import VectorIndex, open_index

__all__ = ["FACETS", "FacetValue", "Filters", "Hit", "SearchRequest", "SearchResponse", "Searcher", "Why"]

#: Hits below this confidence are not the same issue.
CLOSE = 0.5
#: A theme is named as the question's from this share of what the question is about; where none has it, from this weight
#: of one of its concepts.
_ABOUT, _MEANT = 0.3, 0.6
#: So many of the best answers bear out what a question was understood as, half of them being enough; or they correct it
#: to what this share of them has, if it is so many times more frequent among them than in the release.
_BORNE_OUT_BY, _SHARED, _LIFT = 10, 0.7, 3
#: Unknown words that are looked for among the index's words, one or two letters off.
_CORRECTED = 5
#: A filter that passes this share of rows is applied to what the lexical index finds without it: a fifth of the time.
_WIDE = 0.1

_NO_TOPIC = "The question holds no word with a topic: add what it is about, such as “supervision” or “care leavers”."


class UnknownItem(KeyError):
    """No such item in this release."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A filter, as the vector side and as the lexical side take it."""

    mask: Mask | None
    keys: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of all rows, how many pass."""
        return 1.0 if self.mask is None else float(np.count_nonzero(self.mask)) / max(1, len(self.mask))

    def passing(self, rows: Rows) -> Rows:
        return rows if self.mask is None else rows[self.mask[rows]]


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
        self._facets = facets
        self._vectors = vectors
        self._words = words
        self._language = language
        self._subjects = subjects
        self._model = model
        self._ranker = Ranker(vectors, tokens, language, subjects, model, weights or Weights())
        items, documents = tables["items"], tables["documents"]
        self._texts = HitTexts(items, documents, language.language, tokens)
        self._iris = items.column("iri")
        dates = pa.chunked_array(
            [*items.column("published").chunks, *documents.column("published").chunks], pa.string()
        )
        self._date_rank = pc.rank(dates.fill_null(""), "ascending", tiebreaker="dense").to_numpy().astype(np.int32)

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
        """``embedder``: None takes the model that the release carries, or that its vectors name. ``weights``:
        None takes those that were measured. ``database``: address of the search database that holds the vectors and
        words; ``shards``: address of the cluster whose workers search the vectors, cut into parts; where both are empty
        the release's files are searched. Raises ``ReleaseError`` for a release that another version indexed."""
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

    @property
    def model(self) -> Embedder:
        return self._model

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {iri: row for row, iri in enumerate(self._iris.to_pylist())}

    def row(self, iri: str) -> int:
        """The item's row in the items table; raises ``UnknownItem``."""
        try:
            return self._row_of[iri]
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
        words_alone = request.mode == "words" or not parsed.content_words
        # where each row matches by itself alone, all that match are found once, whatever the filters: the counts of a
        # facet without its own filter need the others too
        by_itself = words_alone or parsed.strict or self._vectors.exhaustive
        words = self._corrected(parsed)
        lexical, matching = self._by_words(parsed, words, scope, filtered=not by_itself)
        question = None
        if words_alone:
            ranked = Ranked(lexical.rows, lexical.scores.astype(np.float64), np.zeros(len(lexical.rows)))
        else:
            question = self._ranker.understood(_spelled(parsed.plain_text, words))
            related = self._ranker.related(question, None if self._vectors.exhaustive else scope.mask)
            if not parsed.strict:
                matching = united(self.size, related.rows(), matching)
            by_words = lexical if request.mode == "hybrid" else NO_HITS
            ranked = self._ranker.ranked(question, related, scope.mask, by_words)
        found = self._response(request, parsed, question, ranked, scope.passing(matching))
        if by_itself and request.facets:
            found = replace(found, lifted=self._facets.lifted(matching, request.filters))
        return found

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
        question = self._ranker.asked_by(row, self._texts.text(row))
        ranked = self._ranker.ranked(question, self._ranker.related(question, allowed), allowed, NO_HITS)
        groups = self._texts.folded(ranked.rows[: max(limit * 4, 40)].tolist())[:limit]
        first = [group[0] for group in groups]
        scores = {place: (score, confidence) for place, score, confidence in ranked.triples()}
        found = self._texts.hits(first, 1, [scores[r] for r in first], question, ParsedQuery())
        hits = [
            replace(hit, duplicates=tuple(self._texts.iri(r) for r in group[1:]))
            for group, hit in zip(groups, found, strict=True)
        ]
        return SearchResponse(tuple(hits), len(groups), {}, close=bool(hits) and hits[0].confidence >= CLOSE)

    def evidence(self, text: str, compared: int = COMPARED) -> tuple[Rows, Evidence]:
        """The candidates of a plain question, so many at most, and every part of their scores, for measuring."""
        scope, parsed = Scope(None), parse(text)
        words = self._corrected(parsed)
        lexical, _ = self._by_words(parsed, words, scope, filtered=True)
        question = self._ranker.understood(_spelled(text, words))
        return self._ranker.evidence(question, self._ranker.related(question), None, lexical, compared)

    def _scope(self, filters: Filters) -> Scope:
        must, must_not = self._facets.conditions(filters)
        keys = tuple(condition.keys for condition in must)
        return Scope(self._facets.mask(must, must_not), keys, must_not.keys if must_not is not None else ())

    def _by_words(
        self, parsed: ParsedQuery, words: Mapping[str, str], scope: Scope, *, filtered: bool
    ) -> tuple[LexicalHits, Rows]:
        """The best by words within ``scope``, and all rows that hold every word or, where operators were used, what
        they demand: all of them, or where ``filtered`` those within ``scope``."""
        demanded = parsed if parsed.strict else None
        wanted = () if parsed.strict else tuple(words.values())
        best = self._best_by_words([(word, 1.0) for word in words.values()], demanded, scope)
        if not filtered or scope.share >= _WIDE:
            held = self._words.matching(wanted, demanded=demanded)
            return best, scope.passing(held) if filtered else held
        return best, self._words.matching(wanted, must=scope.keys, must_not=scope.without, demanded=demanded)

    def _best_by_words(
        self, words: Sequence[tuple[str, float]], demanded: ParsedQuery | None, scope: Scope
    ) -> LexicalHits:
        share = scope.share
        if scope.mask is not None and share >= _WIDE:
            # without a filter the index skips most rows: enough of its best pass a wide one
            asked = int(1.5 * BY_WORDS / share) + 50
            found = self._words.search(words, asked, demanded=demanded)
            passing = np.flatnonzero(scope.mask[found.rows])
            if len(passing) >= BY_WORDS or len(found.rows) < asked:
                return LexicalHits(found.rows[passing[:BY_WORDS]], found.scores[passing[:BY_WORDS]])
        return self._words.search(words, BY_WORDS, must=scope.keys, must_not=scope.without, demanded=demanded)

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

    def _browse(self, request: SearchRequest) -> SearchResponse:
        everything = np.arange(self.size)
        nothing = np.zeros(0)
        ranked = Ranked(np.zeros(0, dtype=np.int64), nothing, nothing)
        passing = self._scope(request.filters).passing(everything)
        found = self._response(replace(request, order="date"), ParsedQuery(), None, ranked, passing)
        lifted = self._facets.lifted(everything, request.filters) if request.facets else {}
        return replace(found, lifted=lifted)

    def _newest_first(self, rows: Rows) -> Rows:
        return rows[np.lexsort((rows, -self._date_rank[rows]))]

    def _response(
        self, request: SearchRequest, parsed: ParsedQuery, question: Question | None, ranked: Ranked, matching: Rows
    ) -> SearchResponse:
        ranked = ranked.among(matching)
        start, limit = max(0, request.offset), max(0, request.limit)
        if request.order == "date":
            ordered = self._newest_first(matching)
        else:
            ordered = self._near_first(ranked.rows, request.near)
            if start + limit > len(ordered):
                ordered = np.concatenate([ordered, self._unranked(matching, ranked, question)])
        page = ordered[start : start + limit].tolist()
        known = {row: (score, confidence) for row, score, confidence in ranked.triples()}
        lowest = float(ranked.scores.min()) if len(ranked.rows) else 1.0
        scores = [
            known.get(row, (lowest - rank / (len(matching) + 1.0), 0.0)) for rank, row in enumerate(page, start + 1)
        ]
        themes = self._themes(question, ranked)
        hits = self._texts.hits(page, start + 1, scores, question, parsed, themes)
        facets = self._facets.counts(matching, FACETS) if request.facets else {}
        best = float(ranked.confidence.max(initial=0.0))
        close = len(matching) > 0 and (question is None or parsed.strict or best >= CLOSE)
        return SearchResponse(tuple(hits), len(matching), facets, close=close, themes=themes)

    def _unranked(self, matching: Rows, ranked: Ranked, question: Question | None) -> Rows:
        """What matches and was not ranked: nearest first, or as it stands where meaning has no part in it."""
        rest = matching[~np.isin(matching, ranked.rows)]
        return self._ranker.by_cosine(question, rest) if question is not None and len(rest) else rest

    def _near_first(self, rows: Rows, councils: tuple[str, ...]) -> Rows:
        """Those of the councils' statistical neighbours before the others, each in the order they had."""
        if not councils:
            return rows
        must, _ = self._facets.conditions(Filters(neighbours_of=councils))
        near = self._facets.mask(must, None)
        assert near is not None
        return np.concatenate([rows[near[rows]], rows[~near[rows]]])

    def _themes(self, question: Question | None, ranked: Ranked) -> tuple[str, ...]:
        """The themes that a question is about; where it has close answers, those of them that the best answers bear
        out, else those that the best answers share. Where no theme stands out, those of the concepts it comes near."""
        if question is None:
            return ()
        named = self._subjects.named(question.subjects, _ABOUT)
        best = ranked.rows[:_BORNE_OUT_BY]
        if len(best) == _BORNE_OUT_BY and ranked.confidence.max() >= CLOSE:
            carried = Counter(theme for row in best.tolist() for theme in self._facets.themes(row))
            borne_out = tuple(theme for theme in named if 2 * carried[theme] >= len(best))
            named = borne_out or self._shared(best, carried) or named
        if named:
            return named
        weights, concepts = question.meant.concepts, self._language.language.concepts
        places = [p for p in np.argsort(-weights, kind="stable").tolist() if weights[p] >= _MEANT]
        return tuple(dict.fromkeys(concepts[p].theme for p in places))[:5]

    def _shared(self, best: Rows, carried: Counter[str]) -> tuple[str, ...]:
        """The themes that most of the best answers share and few other rows have."""
        shared = self._subjects.named(self._subjects.shared(best), _ABOUT)
        often = (theme for theme in shared if carried[theme] >= _SHARED * len(best))
        return tuple(t for t in often if carried[t] * self.size >= _LIFT * len(best) * self._with_theme[t])

    @cached_property
    def _with_theme(self) -> dict[str, int]:
        """How many rows of the release have each theme."""
        counted = self._facets.counts(np.arange(self.size), ("theme",))["theme"]
        return {theme.value: theme.count for theme in counted}


def _embedder_of(release_dir: Path, vectors: VectorIndex) -> Embedder:
    if (release_dir / MODEL / "shape.json").is_file():
        precision = vectors.identity.precision if vectors.identity is not None else "auto"
        embedder = OpenVinoEmbedder(release_dir / MODEL, precision="bf16" if precision == "bf16" else "f32", threads=1)
        embedder.prepare()
        return embedder
    name = vectors.identity.name if vectors.identity is not None else ""
    return SentenceTransformersEmbedder(name)


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
