"""What a page shows of the rows that were found: their facts, and why they are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from indexer.expansion import SectorLanguage
from indexer.late_interaction import TokenStore, sentence_spans
from indexer.lexical import ParsedQuery, highlights, words_with_spans
from indexer.ranking import Question
from indexer.search_request import Hit, Why

#: Two texts are near-duplicates when they share this much of their words.
_SAME_WORDS = 0.85

#: Field of ``Hit`` → column, of items and of documents.
_ITEM_COLUMNS = {
    "text": "text",
    **{name: name for name in "iri kind ref section polarity document file page authority gss_code region".split()},
    **{name: name for name in "inspection inspectorate grade published year themes".split()},
    "framework": "framework_id",
}
_DOCUMENT_COLUMNS = {
    "text": "title",
    "document": "iri",
    **{name: name for name in "iri file authority gss_code published year".split()},
}


class HitTexts:
    """The texts and facts of items and documents, by row of the indexes. Read-only."""

    def __init__(self, items: pa.Table, documents: pa.Table, language: SectorLanguage, tokens: TokenStore) -> None:
        self._items = items.num_rows
        self._texts = (items.column("text"), documents.column("title"))
        self._iris = (items.column("iri"), documents.column("iri"))
        # by batch: a table's own take would first join all batches, 20 ms at a million rows
        self._facts_by_batch: list[pa.RecordBatch] = [
            batch
            for table, columns in ((items, _ITEM_COLUMNS), (documents, _DOCUMENT_COLUMNS))
            for batch in table.select(list(columns.values())).rename_columns(list(columns)).to_batches()
        ]
        self._batch_starts = np.cumsum([0, *(batch.num_rows for batch in self._facts_by_batch)])
        self._language = language
        self._tokens = tokens

    def text(self, row: int) -> str:
        return self._at(self._texts, row) or ""

    def iri(self, row: int) -> str:
        return str(self._at(self._iris, row))

    def hits(
        self,
        rows: Sequence[int],
        first_rank: int,
        scores: Sequence[tuple[float, float]],
        question: Question | None,
        parsed: ParsedQuery,
        themes: Sequence[str] = (),
    ) -> list[Hit]:
        """A hit for each row in order. ``scores``: score and confidence of each; ``question`` (None: meaning had no
        part in it) and ``parsed``: what was asked; ``themes``: of the question, of which each hit names the first that
        it shares."""
        facts = self._facts(rows)
        whys = self._whys(rows, [known["text"] for known in facts], question, parsed)
        found = []
        for rank, (row, (score, confidence), known, why) in enumerate(
            zip(rows, scores, facts, whys, strict=True), first_rank
        ):
            shared = next((theme for theme in themes if theme in known.get("themes", ())), None)
            if shared is not None:
                why = Why(why.words, why.word_spans, why.sentence, shared)
            place = row if row < self._items else -1
            found.append(Hit(rank=rank, row=place, score=score, confidence=confidence, why=why, **known))
        return found

    def _whys(
        self, rows: Sequence[int], texts: Sequence[str], question: Question | None, parsed: ParsedQuery
    ) -> list[Why]:
        """Of each row the words of the query and of the concepts that it surely means, as the text prints them, and the
        sentence that is nearest in meaning."""
        wanted = set(parsed.content_words) | {w for g in parsed.groups for c in g for w in c.words}
        meant: list[int] = []
        nearest: list[int | None] = [None] * len(rows)
        if question is not None:
            nearest = self._tokens.best_sentences(question.tokens[0], np.array(rows, dtype=np.int64))
            meant = np.flatnonzero(question.meant.concepts >= 1.0).tolist()
        openings = self._language.openings(meant)
        found = []
        for text, number in zip(texts, nearest, strict=True):
            words = list(words_with_spans(text))
            spans = highlights(words, wanted)
            if openings and any(word in openings for word, _, _ in words):
                spans = _merged(spans + self._language.term_spans(text, words, meant))
            printed = tuple(dict.fromkeys([text[s:e] for s, e in spans]))
            found.append(Why(printed, tuple(spans), _sentence(text, number) if question is not None else None))
        return found

    def folded(self, rows: Sequence[int]) -> list[list[int]]:
        """Rows of nearly the same words together, each group under its first."""
        groups: list[tuple[frozenset[str], list[int]]] = []
        for row in rows:
            words = frozenset(w for w, _, _ in words_with_spans(self.text(row)))
            for known, group in groups:
                if len(words & known) >= _SAME_WORDS * len(words | known):
                    group.append(row)
                    break
            else:
                groups.append((words, [row]))
        return [group for _, group in groups]

    def _facts(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """What ``Hit`` holds of each row, batch by batch: one row at a time takes three times as long."""
        found: list[dict[str, Any]] = [{}] * len(rows)
        asked = np.array(rows, dtype=np.int64)
        batches = np.searchsorted(self._batch_starts, asked, side="right") - 1
        for batch in np.unique(batches).tolist():
            places = np.flatnonzero(batches == batch)
            facts = self._facts_by_batch[batch].take(pa.array(asked[places] - self._batch_starts[batch]))
            for place, known in zip(places.tolist(), facts.to_pylist(), strict=True):
                if asked[place] < self._items:
                    known["themes"] = tuple(known["themes"] or ())
                else:
                    known["kind"] = "document"
                known["text"] = known["text"] or ""
                found[place] = known
        return found

    def _at(self, columns: tuple[pa.ChunkedArray, pa.ChunkedArray], row: int) -> str | None:
        column, place = (columns[0], row) if row < self._items else (columns[1], row - self._items)
        found: str | None = column[place].as_py()
        return found


def _sentence(text: str, number: int | None) -> tuple[int, int] | None:
    sentences = sentence_spans(text)
    if len(sentences) < 2:
        return (0, len(text)) if text else None
    return sentences[number] if number is not None else None


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, overlapping ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
