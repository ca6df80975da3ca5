"""From a question to rows in order: what it means, which rows come into question, and every part of their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import Embedder
from indexer.facets import Mask
from indexer.fusion import Calibration, Evidence, Weights
from indexer.language_index import LanguageIndex, Meant
from indexer.late_interaction import TokenStore, Vectors, query_tokens
from indexer.lexical import LexicalHits
from indexer.subjects import SubjectIndex
from indexer.vector import VectorIndex

Rows = NDArray[np.int64]

#: How many candidates meaning, words, concepts and the phrasebook contribute. Measured on 135 judged questions: 200 by
#: meaning and 150 by concept order no better (0.727 against 0.726), but 60 by words worse (0.720).
_BY_MEANING, _BY_WORDS, _BY_CONCEPT, _BY_STATEMENT = 150, 100, 100, 50
#: Of the candidates, up to 400, so many are compared token by token: the best by everything that costs less. Measured
#: with all, 200, 150 and 100: 0.748, 0.748, 0.746, 0.745 on the dev queries, 0.726, 0.726, 0.726, 0.725 on our own.
COMPARED = 200
#: A row matches by meaning from this cosine up; below it only its words or its concepts can make it match.
_RELATED = 0.30
_RELATED_CONCEPT = 0.60
#: Of so many of the best candidates it is learnt what the question is about.
_LEARNT_FROM = 10

#: How many hits by words are asked of the lexical index.
BY_WORDS = _BY_WORDS


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
class Related:
    """Rows near a question, of a release of ``size`` rows. ``near``: by meaning, ascending, with their ``cosines``;
    ``speaking``: of its concepts, ascending, with their ``agreement``."""

    size: int
    near: Rows
    cosines: Vectors
    speaking: Rows
    agreement: Vectors

    def among(self, mask: Mask | None) -> Related:
        """Those that pass."""
        if mask is None:
            return self
        near, speaking = mask[self.near], mask[self.speaking]
        return Related(
            self.size, self.near[near], self.cosines[near], self.speaking[speaking], self.agreement[speaking]
        )

    def rows(self) -> Rows:
        """All rows that match by meaning or by concept, ascending."""
        return united(self.size, self.near, self.speaking[self.agreement >= _RELATED_CONCEPT])

    def by_concept(self, rows: Rows) -> NDArray[np.float64]:
        """The agreement in concepts of each of these rows, 0 where there is none."""
        found = np.zeros(len(rows))
        if len(self.speaking):
            places = np.minimum(np.searchsorted(self.speaking, rows), len(self.speaking) - 1)
            known = self.speaking[places] == rows
            found[known] = self.agreement[places[known]]
        return found


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows best first, with their scores and confidences."""

    rows: Rows
    scores: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def among(self, rows: Rows) -> Ranked:
        """Those of ``rows``, which ascend, in the same order."""
        if not len(rows):
            return Ranked(rows, self.scores[:0], self.confidence[:0])
        kept = rows[np.minimum(np.searchsorted(rows, self.rows), len(rows) - 1)] == self.rows
        return Ranked(self.rows[kept], self.scores[kept], self.confidence[kept])

    def triples(self) -> Iterator[tuple[int, float, float]]:
        return zip(self.rows.tolist(), self.scores.tolist(), self.confidence.tolist(), strict=True)


class Ranker:
    """Safe to share between threads."""

    def __init__(
        self,
        vectors: VectorIndex,
        tokens: TokenStore,
        language: LanguageIndex,
        subjects: SubjectIndex,
        model: Embedder,
        weights: Weights,
    ) -> None:
        self._vectors = vectors
        self._tokens = tokens
        self._language = language
        self._subjects = subjects
        self._model = model
        self._weights = weights
        self._calibration = Calibration()

    def understood(self, text: str) -> Question:
        written_out = self._language.language.written_out(text)
        variants = (text,) if written_out is None else (text, written_out)
        made = list(self._model.encode_tokens(variants))
        vectors = np.stack([sentence for sentence, _ in made])
        tokens = tuple(query_tokens(t, self._language.projection) for _, t in made)
        meant = self._language.meant(written_out or text, vectors)
        return Question(variants, vectors, tokens, meant, self._subjects.of(variants, vectors))

    def asked_by(self, row: int, text: str) -> Question:
        """The question that a row itself puts: what is like it?"""
        vectors = self._vectors.vectors(np.array([row]))
        meant = self._language.meant(text, vectors)
        return Question((text,), vectors, (self._tokens.tokens(row),), meant, self._subjects.row(row))

    def related(self, question: Question, mask: Mask | None = None) -> Related:
        """What is near among the rows that pass ``mask``; agreement in concepts whatever it passes."""
        near, cosines = self._vectors.within(question.vectors, _RELATED, mask)
        concepts = self._language.concept_rows
        return Related(concepts.size, near, cosines, *concepts.scores(question.meant.concepts))

    def ranked(self, question: Question, related: Related, mask: Mask | None, lexical: LexicalHits) -> Ranked:
        """Candidates that pass ``mask`` in order; all of ``lexical`` do."""
        rows, evidence = self.evidence(question, related, mask, lexical)
        scores, confidence = evidence.fused(self._weights), self._calibration.confidence(evidence)
        order = np.lexsort((rows, -scores))
        return Ranked(rows[order], scores[order], confidence[order])

    def evidence(
        self,
        question: Question,
        related: Related,
        mask: Mask | None,
        lexical: LexicalHits,
        compared: int = COMPARED,
    ) -> tuple[Rows, Evidence]:
        """The candidates that were compared token by token, ascending, and every part of their scores."""
        language, related = self._language, related.among(mask)
        stated = self._stated(question.meant)
        rows = self._candidates(question, related, mask, lexical, stated)
        vectors = self._vectors.vectors(rows)
        scale = language.cosine_scale
        cosine = (vectors @ question.vectors.T).max(axis=1).astype(np.float64) / scale
        words = np.zeros(len(rows))
        if len(lexical.rows):
            words[np.searchsorted(rows, lexical.rows)] = lexical.scores / lexical.scores.max()
        rough = Evidence(
            tokens=cosine,
            cosine=cosine,
            concepts=related.by_concept(rows),
            phrasebook=np.zeros(len(rows)) if stated is None else (vectors @ stated).astype(np.float64) / scale,
            words=words,
            themes=self._subjects.agreement(question.subjects, rows).astype(np.float64),
            feedback=np.zeros(len(rows)),
        )
        if len(rows) > compared:
            best = np.sort(np.argsort(-rough.fused(self._weights), kind="stable")[:compared])
            rows, rough = rows[best], rough.at(best)
        statements = [language.statement_tokens.tokens(int(s)) for s in question.meant.statements]
        by_token = self._tokens.scores([*question.tokens, *statements], rows).astype(np.float64) / language.token_scale
        variants = len(question.tokens)
        found = replace(
            rough,
            tokens=by_token[:variants].max(axis=0),
            phrasebook=question.meant.weights.astype(np.float64) @ by_token[variants:],
        )
        best = rows[np.argsort(-found.fused(self._weights), kind="stable")[:_LEARNT_FROM]]
        alike = self._subjects.agreement(self._subjects.shared(best), rows)
        return rows, replace(found, feedback=alike.astype(np.float64))

    def by_cosine(self, question: Question, rows: Rows) -> Rows:
        """The same rows, nearest first."""
        cosines = (question.vectors @ self._vectors.vectors(rows).T).mean(axis=0)
        return rows[np.lexsort((rows, -cosines))]

    def _stated(self, meant: Meant) -> Vectors | None:
        """The phrasebook's statements in one vector, as long as the phrasebook is sure; None where it says nothing."""
        if not len(meant.statements):
            return None
        stated = meant.weights @ self._language.statement_vectors[meant.statements]
        return np.asarray(stated / np.linalg.norm(stated) * meant.weights.sum(), dtype=np.float32)

    def _candidates(
        self, question: Question, related: Related, mask: Mask | None, lexical: LexicalHits, stated: Vectors | None
    ) -> Rows:
        runs = [related.near[_top(related.cosines, _BY_MEANING)], lexical.rows]
        if len(related.near) < _BY_MEANING:
            runs.append(self._nearest(question.vectors, _BY_MEANING, mask))
        runs.append(related.speaking[_top(related.agreement, _BY_CONCEPT)])
        if stated is not None:
            runs.append(self._near_statements(question.meant, stated / np.linalg.norm(stated), mask))
        return united(related.size, *runs)

    def _near_statements(self, meant: Meant, stated: Vectors, mask: Mask | None) -> Rows:
        """``stated``: the statements in one unit vector."""
        cosines = self._language.stated(meant)
        if cosines is None:
            return self._nearest(stated[None, :], _BY_STATEMENT, mask)
        if mask is not None:
            cosines[~mask] = -np.inf
        rows = np.sort(_top(cosines, 2 * _BY_STATEMENT))
        rows = rows[np.isfinite(cosines[rows])]
        return rows[_top(self._vectors.vectors(rows) @ stated, _BY_STATEMENT)]

    def _nearest(self, vectors: Vectors, k: int, mask: Mask | None) -> Rows:
        rows = self._vectors.search(vectors.astype(np.float32), k, mask).rows.ravel()
        return rows[rows >= 0]


def united(size: int, *runs: Rows) -> Rows:
    """The rows of any of the runs, ascending; by marking, which is faster than sorting."""
    marked = np.zeros(size, dtype=np.bool_)
    for rows in runs:
        marked[rows] = True
    return np.flatnonzero(marked)


def _top(scores: NDArray[np.float32], k: int) -> Rows:
    """Places of the k best scores, best first, ties by ascending place."""
    places = np.arange(len(scores))
    if len(places) > k:
        places = np.argpartition(-scores, k - 1)[:k]
    return places[np.lexsort((places, -scores[places]))]
