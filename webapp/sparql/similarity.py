"""The similarity clause: a SERVICE block on our own IRI, answered by the search index before the engine sees the query.

    PREFIX ig: <https://w3id.org/inspectgraph/ontology#>
    SELECT ?item ?score WHERE {
      SERVICE ig:search { ?item ig:query "delay in placing children" ; ig:score ?score ; ig:limit 20 ;
                                ig:kind ig:Recommendation }
      ?item ig:addressedTo ?authority
    }

Each block becomes ``VALUES (?item ?score) { … }``, so it joins with any pattern, works with any engine, and costs one
search whatever surrounds it. What it looks for is constant: a variable cannot be handed into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyoxigraph as ox

from indexer.search_request import Filters, Hit, Mode, SearchRequest, SearchResponse
from ontology.namespaces import IG, XSD
from webapp.sparql.edits import Edit
from webapp.sparql.errors import EvaluationFailed, RefusedQuery
from webapp.sparql.guard import CheckedQuery, Positions, Token
from webapp.sparql.limits import Limits

#: The one service that a query may name.
SEARCH = IG + "search"

#: What answers a clause: ``indexer.search.Searcher.search``.
Search = Callable[[SearchRequest], SearchResponse]

#: Property → how the text is looked for.
_TEXTS: dict[str, Mode] = {"query": "hybrid", "keywords": "words", "meaning": "meaning"}
#: Property → what it binds.
_OUTPUTS: dict[str, Callable[[Hit], ox.Literal]] = {
    "score": lambda hit: _decimal(hit.score),
    "confidence": lambda hit: _decimal(hit.confidence),
    "rank": lambda hit: ox.Literal(hit.rank),
}
#: Property → field of ``Filters``; it may be given several times, its values are alternatives.
_FILTERS = {
    "kind": "kinds",
    "theme": "themes",
    "authority": "authorities",
    "exceptAuthority": "exclude_authorities",
    "neighboursOf": "neighbours_of",
    "region": "regions",
    "inspectorate": "inspectorates",
    "framework": "frameworks",
    "grade": "grades",
    "polarity": "polarities",
    "document": "documents",
    "inspection": "inspections",
}
_YEARS = ("since", "until")
_DEFAULT_LIMIT = 20
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Clause:
    """One similarity clause, at ``start`` to ``end`` of the query. ``outputs``: variables and what each gets."""

    start: int
    end: int
    item: str
    request: SearchRequest
    outputs: tuple[tuple[str, str], ...] = ()


def answered(query: CheckedQuery, search: Search | None, limits: Limits) -> list[Edit]:
    """Every similarity clause of a query with its answer in its place.

    Raises RefusedQuery for a SERVICE that is not ours or a clause that cannot be read, EvaluationFailed where there is
    no search to ask.
    """
    if not query.services:
        return []
    if len(query.services) > limits.search_clauses:
        at = Positions(query.text).of(query.services[limits.search_clauses])
        raise RefusedQuery(f"A query may hold at most {limits.search_clauses} similarity clauses.", *at)
    keywords = [index for index, token in enumerate(query.tokens) if token.start in query.services]
    found = [_Reader(query, index, limits).clause() for index in keywords]
    if search is None:
        raise EvaluationFailed("This service has no search index, so the similarity clause cannot be answered.")
    return [Edit(clause.start, clause.end, _values(clause, search(clause.request))) for clause in found]


def _values(clause: Clause, response: SearchResponse) -> str:
    variables = " ".join(["?" + clause.item, *("?" + variable for variable, _ in clause.outputs)])
    rows = " ".join(
        "(" + " ".join([str(ox.NamedNode(hit.iri)), *(str(_OUTPUTS[what](hit)) for _, what in clause.outputs)]) + ")"
        for hit in response.hits
    )
    return f" VALUES ({variables}) {{ {rows} }} "


def _decimal(value: float) -> ox.Literal:
    return ox.Literal(f"{value:.6f}", datatype=ox.NamedNode(XSD + "decimal"))


@dataclass
class _Reader:
    """Reads one clause, from its SERVICE keyword on."""

    query: CheckedQuery
    index: int
    limits: Limits
    _item: str | None = None
    _text: tuple[str, Mode] | None = None
    _limit: int = _DEFAULT_LIMIT
    _filters: dict[str, Any] = field(default_factory=dict)
    _outputs: list[tuple[str, str]] = field(default_factory=list)

    def clause(self) -> Clause:
        start = self._take()
        if self._here().text.upper() == "SILENT":
            self._take()
        service = self._take()
        if service.kind not in {"iri", "pname"} or self.query.iri(service) != SEARCH:
            raise _refused(
                self.query,
                service,
                f"SERVICE is refused: this endpoint asks no other server. Only <{SEARCH}>, the similarity clause, is "
                "answered (declare its prefix).",
            )
        self._expect("{")
        while self._here().text != "}":
            self._subject()
            if self._here().text == ".":
                self._take()
        end = self._take()
        if self._item is None or self._text is None:
            raise _refused(self.query, end, 'A similarity clause needs a text: { ?item ig:query "…" }.')
        text, mode = self._text
        request = SearchRequest(text, Filters(**self._filters), limit=self._limit, mode=mode, facets=False)
        return Clause(start.start, end.end, self._item, request, tuple(self._outputs))

    def _subject(self) -> None:
        subject = self._take()
        if subject.kind != "var":
            raise _refused(self.query, subject, "In a similarity clause the subject is a variable, such as ?item.")
        if self._item not in {None, subject.text[1:]}:
            raise _refused(self.query, subject, "A similarity clause is about one variable; use a second clause.")
        self._item = subject.text[1:]
        self._property(self._take())
        while self._here().text == ";":
            self._take()
            if self._here().text not in {";", ".", "}"}:
                self._property(self._take())

    def _property(self, token: Token) -> None:
        iri = self.query.iri(token) if token.kind in {"iri", "pname"} else None
        if iri is None or not iri.startswith(IG):
            raise _refused(self.query, token, f"“{token.text}” is no property of the similarity clause; {_known()}.")
        name = iri.removeprefix(IG)
        while True:
            self._value(name, token, self._take())
            if self._here().text != ",":
                return
            self._take()

    def _value(self, name: str, at: Token, value: Token) -> None:
        if name in _TEXTS:
            if self._text is not None:
                raise _refused(self.query, value, "A similarity clause looks for one text; use a second clause.")
            self._text = self._string(value), _TEXTS[name]
        elif name in _OUTPUTS:
            if value.kind != "var" or value.text[1:] in {self._item, *(variable for variable, _ in self._outputs)}:
                raise _refused(self.query, value, f"ig:{name} binds a variable of its own, such as ?{name}.")
            self._outputs.append((value.text[1:], name))
        elif name == "limit":
            self._limit = self._number(value, 1, self.limits.search_limit)
        elif name in _YEARS:
            self._filters[name] = self._number(value, 1900, 2200)
        elif name in _FILTERS:
            self._filters[_FILTERS[name]] = (*self._filters.get(_FILTERS[name], ()), self._name(name, value))
        else:
            raise _refused(self.query, at, f"“{at.text}” is no property of the similarity clause; {_known()}.")

    def _name(self, name: str, value: Token) -> str:
        """What a filter is to be: a string, or the last part of an IRI, which is the id."""
        if value.kind == "string":
            return self._string(value)
        iri = self.query.iri(value) if value.kind in {"iri", "pname"} else None
        if iri is None:
            raise _refused(self.query, value, f"ig:{name} takes a string or an IRI with a declared prefix.")
        last = re.split(r"[/#]", iri)[-1]
        return last.lower() if name in {"kind", "polarity"} else last

    def _string(self, value: Token) -> str:
        if value.kind != "string":
            raise _refused(self.query, value, "A string is wanted here; a similarity clause takes no variables.")
        if self._here().kind == "lang":
            self._take()
        quotes = 3 if value.text[:3] in {'"""', "'''"} and len(value.text) >= 6 else 1
        return _ESCAPE.sub(_unescaped, value.text[quotes:-quotes])

    def _number(self, value: Token, least: int, most: int) -> int:
        if value.kind != "number" or not value.text.isdigit() or not least <= int(value.text[:9]) <= most:
            raise _refused(self.query, value, f"A number from {least} to {most} is wanted here.")
        return int(value.text)

    def _here(self) -> Token:
        if self.index >= len(self.query.tokens):
            raise _refused(self.query, self.query.tokens[-1], "The similarity clause is not closed.")
        return self.query.tokens[self.index]

    def _take(self) -> Token:
        token = self._here()
        self.index += 1
        return token

    def _expect(self, text: str) -> None:
        if self._here().text != text:
            raise _refused(self.query, self._here(), f"“{text}” is wanted here.")
        self.index += 1


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    if digits is None:
        return _LETTERS.get(found[3], found[3])
    return chr(int(digits, 16)) if int(digits, 16) <= 0x10FFFF else "\ufffd"


def _known() -> str:
    return "there are " + ", ".join(f"ig:{name}" for name in [*_TEXTS, *_OUTPUTS, "limit", *_FILTERS, *_YEARS])


def _refused(query: CheckedQuery, token: Token, message: str) -> RefusedQuery:
    return RefusedQuery(message, *Positions(query.text).of(token.start))
