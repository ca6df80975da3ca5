"""The dataset clause of a query, FROM and FROM NAMED, apart from the rest of it.

Graph servers honour the dataset of the protocol; one in the query they ignore where their default graph is the union of
all graphs, or add to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.sparql.errors import RefusedQuery
from webapp.sparql.guard import CLOSING, OPENING, CheckedQuery, Positions, Token, tokens


@dataclass(frozen=True, slots=True)
class DatasetClause:
    """The tokens that name the graphs of a query's dataset, as written, and the ``text`` without the clause."""

    default: tuple[Token, ...]
    named: tuple[Token, ...]
    text: str


def dataset_clause(query: CheckedQuery) -> DatasetClause | None:
    """The clause of a query that the engine's parser takes; None where it has none.

    Raises RefusedQuery where a FROM is written together with what stands before or behind it: the parser takes
    ``FROM:g`` and ``ASKFROM<g>``, and only it knows what they mean.
    """
    found: dict[bool, list[Token]] = {True: [], False: []}
    text, end = [], 0
    if not query.has_dataset:
        return None
    before = _before_the_pattern(query)
    for token in before:
        if token.kind == "word" and token.text.upper() == "FROM":
            source = next(before, token)
            named = source.kind == "word" and source.text.upper() == "NAMED"
            source = next(before, token) if named else source
            if source.kind not in {"iri", "pname"} or query.iri(source) is None:
                raise _not_by_itself(query, source)
            found[named].append(source)
            text.append(query.text[end : token.start])
            end = source.end
        elif _holds_from(query, token):
            raise _not_by_itself(query, token)
    if not text:
        return None
    return DatasetClause(tuple(found[False]), tuple(found[True]), " ".join([*text, query.text[end:]]))


def has_dataset_clause(query: CheckedQuery) -> bool:
    """Whether the engine's parser finds a clause in the query."""
    return query.has_dataset and any(_holds_from(query, token) for token in _before_the_pattern(query))


def _holds_from(query: CheckedQuery, token: Token) -> bool:
    """Whether the parser reads a FROM in a word or a name; DESCRIBE may have a resource whose prefix has those letters,
    and nothing else a name there."""
    if token.kind == "word":
        return "FROM" in token.text.upper()
    prefix = token.text.partition(":")[0]
    resource = query.form == "DESCRIBE" and query.iri(token) is not None
    return token.kind == "pname" and "FROM" in prefix.upper() and not resource


def _not_by_itself(query: CheckedQuery, token: Token) -> RefusedQuery:
    line, column = Positions(query.text).of(token.start)
    return RefusedQuery("“FROM” must stand by itself, with space before and after it.", line, column)


def _before_the_pattern(query: CheckedQuery) -> Iterator[Token]:
    """The tokens outside brackets from the query form to the pattern, or to what comes in the place of one."""
    depth = 0
    template = False
    for token in tokens(query.text):
        if token.start < query.body:
            continue
        word = token.text.upper() if token.kind == "word" else ""
        if depth == 0 and ((token.text == "{" and not template) or word in _BEHIND):
            return
        if token.kind == "mark":
            depth += (token.text in OPENING) - (token.text in CLOSING)
        elif depth == 0:
            yield token
        template = word == "CONSTRUCT"


#: What a dataset clause cannot stand behind.
_BEHIND = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
