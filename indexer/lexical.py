"""Words: the lexical index (tantivy), its query language and the places in a text where the query's words stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.text_cache import TextCache

_STOP_WORDS = """
a about above after again against all also am an and any are as at be because been before being below between both but
by can cannot could did do does doing down during each etc few for from further had has have having he her here hers
him his how i if in into is it its itself just may me might more most must my no nor not of off on once only or other
our ours out over own same shall she should so some such than that the their theirs them themselves then there these
they this those through to too under until up upon us very was we were what when where which while who whom why will
with within without would you your yours
"""
#: Words that carry no topic. They are indexed (a phrase needs them) but neither ranked nor highlighted.
STOP_WORDS = frozenset(_STOP_WORDS.split())

_LONGEST_QUERY_WORDS = 256
#: Rows that are looked up in a cache of texts in one go.
_WRITTEN_TOGETHER = 4096
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
FIELDS = ("text", "section", "file", "authority", "ref", "title")
_QUERY_PART = re.compile(
    r"""(?P<sign>[-+]?)(?:(?P<field>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<paren>[()])|(?P<word>[^\s"()]+))""",
    re.VERBOSE,
)


def words_with_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of the text as indexed (lower case, stemmed, British), with its half-open range."""
    for match in _WORD.finditer(text):
        start, end = match.span()
        yield index_form(match[0]), start, end


@lru_cache(maxsize=65_536)
def index_form(word: str) -> str:
    """The form under which a word is indexed: possessive dropped, -ize as -ise, stemmed."""
    plain = re.sub(r"['’]s?$", "", word.casefold()).replace("’", "").replace("'", "")
    plain = re.sub(r"(?<=[a-z]{3})iz(e|ed|es|ing|ation|ations)$", r"is\1", plain)
    analysed = _stemmer().analyze(plain)
    return str(analysed[0]) if analysed else plain


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
    return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.stemmer("english")).build()


def forms_version() -> str:
    """Differs where a text may have other index forms."""
    return f"1 {version('tantivy')}"


def indexed_text(text: str) -> str:
    """The text as the index takes it: its words' index forms, white space between."""
    return " ".join(word for word, _, _ in words_with_spans(text))


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that was asked for. ``words`` are index forms in order; more than one is a phrase."""

    words: tuple[str, ...]
    field: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """What was typed, understood without ever failing.

    ``groups``: every group must match, by any one of its clauses (what AND, OR, +, quotes and fields ask for);
    ``excluded`` must not match; ``ranked``: the plain words, which only rank unless the query is ``strict``, that is
    unless operators were used.
    """

    groups: tuple[tuple[Clause, ...], ...] = ()
    excluded: tuple[Clause, ...] = ()
    ranked: tuple[str, ...] = ()
    plain_text: str = ""

    @property
    def strict(self) -> bool:
        return bool(self.groups or self.excluded)

    @property
    def content_words(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.ranked))


def parse(text: str) -> ParsedQuery:
    """Quotes make a phrase, ``-word`` and NOT exclude, ``+word`` and AND demand, OR offers alternatives, ``field:word``
    looks in one field (text, section, file, authority, ref, title). Anything else is plain words: an unknown field, a
    lone operator or an odd character is text, never an error. Only capitals make an operator."""
    groups: list[list[Clause]] = []
    excluded: list[Clause] = []
    plain: list[str] = []
    pending = ""  # the operator that waits for its right side
    loose: Clause | None = None  # the last plain word, which a following AND or OR makes a demand
    for part in _QUERY_PART.finditer(text[:20_000]):
        if part["paren"]:
            continue
        raw = part["phrase"] if part["phrase"] is not None else part["word"]
        if part["word"] in ("AND", "OR", "NOT") and not part["sign"] and not part["field"]:
            pending = _operator(part["word"], loose, groups, pending)
            loose = None
            continue
        known_field = part["field"] if part["field"] in FIELDS else None
        if part["field"] and known_field is None:
            raw = f"{part['field']} {raw}"
        words = tuple(w for w, _, _ in words_with_spans(raw))
        if not words:
            continue
        clause = Clause(words, known_field)
        demanded = part["sign"] == "+" or part["phrase"] is not None or known_field is not None
        if part["sign"] == "-" or pending == "NOT":
            excluded.append(clause)
            loose = None
        else:
            if known_field is None:
                plain.append(raw)
            if pending == "OR" and groups:
                groups[-1].append(clause)
            elif demanded or pending == "AND":
                groups.append([clause])
            loose = None if demanded or pending in ("AND", "OR") else clause
        pending = ""
    plain_text = " ".join(plain)
    ranked = tuple(w for w, s, e in words_with_spans(plain_text) if plain_text[s:e].casefold() not in STOP_WORDS)
    return ParsedQuery(
        tuple(tuple(g) for g in groups), tuple(excluded), ranked[:_LONGEST_QUERY_WORDS], plain_text or ""
    )


def _operator(operator: str, loose: Clause | None, groups: list[list[Clause]], pending: str) -> str:
    if operator == "NOT":
        return "NOT"
    if loose is not None:
        groups.append([loose])
    return operator if groups else pending


@dataclass(frozen=True, slots=True)
class LexicalHits:
    """``rows`` best first, ties by ascending row; ``scores`` are BM25 and comparable within one query only."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


NO_HITS = LexicalHits(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class LexicalRecord:
    """One row of the index. ``keys`` are filter keys such as ``kind:finding``, matched whole."""

    row: int
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", stored=False, indexed=True, fast=True)
    for name in FIELDS:
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("key", stored=False, tokenizer_name="raw", index_option="basic")
    return builder.build()


def write_lexical(records: Iterable[LexicalRecord], folder: Path, found: TextCache | None = None) -> None:
    """Writes the index into the empty or new folder. ``found``: what knows texts of earlier builds."""
    import tantivy

    found = found if found is not None else TextCache()
    of_field = lru_cache(maxsize=4096)(indexed_text)  # headings, files and authorities come again and again

    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    writer = index.writer(heap_size=256_000_000, num_threads=1)
    for part in _chunks(records, _WRITTEN_TOGETHER):
        for record, text in zip(part, _indexed_texts([record.text for record in part], found), strict=True):
            document = tantivy.Document()
            document.add_unsigned("row", record.row)
            document.add_text("text", text)
            for name, value in record.fields.items():
                document.add_text(name, of_field(value))
            for key in record.keys:
                document.add_text("key", key)
            writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _indexed_texts(texts: Sequence[str], found: TextCache) -> Iterator[str]:
    made = found.of(
        f"index forms {forms_version()}".encode(),
        texts,
        lambda places: (indexed_text(texts[p]).encode() for p in places),
    )
    return (value.decode() for value in made)


def _chunks(records: Iterable[LexicalRecord], size: int) -> Iterator[list[LexicalRecord]]:
    remaining = iter(records)
    while part := list(islice(remaining, size)):
        yield part


class WordIndex(Protocol):
    """The seam behind which a database's text search can stand instead of tantivy. Words are index forms; a word with
    spaces is a phrase."""

    def search(
        self,
        words: Sequence[tuple[str, float]],
        k: int,
        *,
        must: Sequence[Sequence[str]] = (),
        must_not: Sequence[str] = (),
        demanded: ParsedQuery | None = None,
    ) -> LexicalHits:
        """Ranks by BM25 over weighted words, best k; see ``LexicalIndex.search``."""

    def matching(
        self,
        words: Sequence[str],
        *,
        must: Sequence[Sequence[str]] = (),
        must_not: Sequence[str] = (),
        demanded: ParsedQuery | None = None,
        limit: int = 1_000_000,
    ) -> NDArray[np.int64]:
        """The rows that hold all the words (and what else is demanded), ascending."""

    def document_frequency(self, word: str) -> int:
        """How many rows hold the word in their text."""

    def corrected(self, word: str) -> str | None:
        """The word that was probably meant; see ``LexicalIndex.corrected``."""


class LexicalIndex:
    """Read-only; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._index = tantivy.Index.open(str(folder))
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def search(
        self,
        words: Sequence[tuple[str, float]],
        k: int,
        *,
        must: Sequence[Sequence[str]] = (),
        must_not: Sequence[str] = (),
        demanded: ParsedQuery | None = None,
    ) -> LexicalHits:
        """Ranks by BM25 over weighted index forms, best k.

        ``must``: for each group one of its keys; ``must_not``: none of these keys. ``demanded`` adds the groups and
        exclusions of a strict query.
        """
        ranking = [self._boosted(self._words_query(word), weight) for word, weight in words if weight > 0]
        conditions = self._conditions(must, must_not, demanded)
        if demanded is not None:
            ranking += [self._clause(c) for group in demanded.groups for c in group]
        return self._run(ranking, conditions, k)

    def matching(
        self,
        words: Sequence[str],
        *,
        must: Sequence[Sequence[str]] = (),
        must_not: Sequence[str] = (),
        demanded: ParsedQuery | None = None,
        limit: int = 1_000_000,
    ) -> NDArray[np.int64]:
        """The rows that hold all the words (and what else is demanded), ascending."""
        import tantivy

        conditions = self._conditions(must, must_not, demanded)
        conditions += [(tantivy.Occur.Must, self._words_query(w)) for w in words]
        if not conditions:
            return NO_HITS.rows
        if all(occur == tantivy.Occur.MustNot for occur, _ in conditions):
            conditions.append((tantivy.Occur.Must, tantivy.Query.all_query()))
        query = tantivy.Query.const_score_query(tantivy.Query.boolean_query(conditions), 1.0)
        return np.sort(self._rows(query, limit).rows)

    def document_frequency(self, word: str) -> int:
        return int(self._searcher.doc_freq("text", word))

    def corrected(self, word: str) -> str | None:
        """A word of the index within one edit (two from six letters up) of one that it does not hold, its first two
        letters the same: the nearest, of these the most frequent; None where there is none."""
        limit = 2 if len(word) >= 6 else 1
        best: tuple[int, int, str] | None = None
        for term, frequency in self._searcher.terms_with_prefix("text", word[:2], limit=20_000):
            if abs(len(term) - len(word)) > limit:
                continue
            distance = next((d for d in range(1, limit + 1) if edits_within(word, term, d)), None)
            if distance is not None and (best is None or (-distance, frequency, term) > best):
                best = (-distance, frequency, term)
        return best[2] if best else None

    def _words_query(self, word: str) -> Any:
        import tantivy

        parts = word.split()
        if len(parts) == 1:
            return tantivy.Query.term_query(self._schema, "text", parts[0], index_option="freq")
        return tantivy.Query.phrase_query(self._schema, "text", list(parts))

    def _clause(self, clause: Clause) -> Any:
        import tantivy

        name = clause.field or "text"
        if len(clause.words) == 1:
            return tantivy.Query.term_query(self._schema, name, clause.words[0], index_option="freq")
        return tantivy.Query.phrase_query(self._schema, name, list(clause.words))

    def _conditions(
        self, must: Sequence[Sequence[str]], must_not: Sequence[str], demanded: ParsedQuery | None
    ) -> list[tuple[Any, Any]]:
        import tantivy

        query, occur = tantivy.Query, tantivy.Occur
        found = [(occur.Must, _unscored(query.term_set_query(self._schema, "key", list(keys)))) for keys in must]
        if must_not:
            found.append((occur.MustNot, query.term_set_query(self._schema, "key", list(must_not))))
        if demanded is not None:
            for group in demanded.groups:
                any_of = query.boolean_query([(occur.Should, self._clause(c)) for c in group])
                found.append((occur.Must, _unscored(any_of)))
            found += [(occur.MustNot, self._clause(c)) for c in demanded.excluded]
        return found

    def _run(self, ranking: list[Any], conditions: list[tuple[Any, Any]], k: int) -> LexicalHits:
        import tantivy

        if not ranking or k <= 0:
            return NO_HITS
        scored = tantivy.Query.boolean_query([(tantivy.Occur.Should, q) for q in ranking])
        return self._rows(tantivy.Query.boolean_query([(tantivy.Occur.Must, scored), *conditions]), k)

    def _rows(self, query: Any, k: int) -> LexicalHits:
        hits = self._searcher.search(query, limit=max(1, min(k, self._searcher.num_docs or 1)), count=False).hits
        if not hits:
            return NO_HITS
        rows = np.array(self._searcher.fast_field_values("row", [address for _, address in hits]), dtype=np.int64)
        scores = np.array([score for score, _ in hits], dtype=np.float32)
        order = np.lexsort((rows, -scores))
        return LexicalHits(rows[order], scores[order])

    @staticmethod
    def _boosted(query: Any, weight: float) -> Any:
        import tantivy

        return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)


def _unscored(query: Any) -> Any:
    import tantivy

    return tantivy.Query.const_score_query(query, 0.0)


def edits_within(a: str, b: str, limit: int) -> bool:
    """Whether the Levenshtein distance, a swap of neighbours counting one, is at most ``limit``."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return False
        before, row = row, current
    return row[-1] <= limit


def highlights(words: Iterable[tuple[str, int, int]], wanted: frozenset[str] | set[str]) -> list[tuple[int, int]]:
    """Half-open ranges of the words (of ``words_with_spans``) whose index form is wanted, in order."""
    return [(start, end) for word, start, end in words if word in wanted]
