"""What is wrong with a query that the engine's parser has refused, in words.

The parser tells how far it got and what it would have taken there, which is often behind the mistake. Common mistakes
are seen in the tokens.
"""

from __future__ import annotations

import re

from webapp.sparql.edits import RewrittenQuery
from webapp.sparql.errors import MalformedQuery
from webapp.sparql.guard import CLOSING, FORMS, OPENING, CheckedQuery, Positions

_KEYWORDS = frozenset(
    """
    a abs adjust add all as asc ask avg base bind bnode bound by ceil coalesce concat construct contains count datatype
    day dec desc describe distinct encode_for_uri exists false filter floor from graph group group_concat haslang
    haslangdir having hours if in iri isblank isiri isliteral isnumeric istriple isuri lang langdir langmatches lateral
    lcase limit max md5 min minus minutes month named not now object offset optional order predicate prefix rand reduced
    regex replace round sample sameterm seconds select separator service sha1 sha256 sha384 sha512 silent str strafter
    strbefore strdt strends strlang strlangdir strlen strstarts struuid subject substr sum timezone triple true tz ucase
    undef union unsaid uri uuid values version where year
    """.split()
)


def explained(err: MalformedQuery, query: CheckedQuery, rewritten: RewrittenQuery) -> MalformedQuery:
    """The error at its place in the query as sent, with the line and a caret below it."""
    seen = _mistake(query)
    if seen is not None:
        message, offset = seen
        line, column = Positions(query.text).of(offset)
    elif err.line is not None and err.column is not None:
        message = _readable(err.message)
        line, column = rewritten.original(err.line, err.column)
    else:
        return err
    lines = query.text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    start = max(0, column - 100)
    excerpt = shown[start : start + 160].replace("\t", " ")
    return MalformedQuery(f"{message}\n\n{excerpt}\n{' ' * (column - 1 - start)}^", line, column)


def _mistake(query: CheckedQuery) -> tuple[str, int] | None:
    """What can be told without a grammar, and where."""
    if not query.tokens:
        return "The query is empty.", 0
    first = next((token for token in query.tokens if token.start >= query.body), None)
    if first is None or query.form is None:
        at = first.start if first is not None else len(query.text)
        return f"A query goes on with {', '.join(FORMS[:-1])} or {FORMS[-1]} here.", at
    undeclared = query.undeclared()
    open_brackets = []
    for token in query.tokens:
        if token.start < query.body:
            continue
        if token == undeclared:
            prefix = token.text.partition(":")[0]
            if prefix in {"http", "https", "urn"}:
                return "An IRI stands between < and > and has no spaces.", token.start
            return f"The prefix “{prefix}:” is not declared.", token.start
        if token.kind == "word" and token.text.lower() not in _KEYWORDS:
            hint = "a variable begins with ?, a name has a prefix, a text stands in quotation marks"
            return f"“{token.text[:60]}” is no word of SPARQL: {hint}.", token.start
        if token.kind != "mark":
            continue
        if token.text in {'"', "'"}:
            return "The text that begins here is not closed.", token.start
        if token.text in OPENING:
            open_brackets.append(token)
        elif token.text in CLOSING:
            if not open_brackets:
                return f"“{token.text}” closes nothing.", token.start
            opening = open_brackets.pop()
            if OPENING[opening.text] != token.text:
                return f"“{opening.text}” is not closed before “{token.text}”.", opening.start
    if open_brackets:
        return f"“{open_brackets[-1].text}” is not closed.", open_brackets[-1].start
    return None


def _readable(message: str) -> str:
    """What the parser says in words, or the marks that it would have taken; the keywords that it names are only those
    that it tried last."""
    expected = message.removeprefix("expected one of ").removeprefix("expected ")
    marks = re.findall(r'"((?:[^"\\]|\\.)[^"a-z]*)"', expected)
    words = re.sub(r'\[[^\[\]]*\]|"[^"]*"|\s*\|\s*', " ", expected)
    parts = [part.strip() for part in words.split(",")]
    if said := [part for part in dict.fromkeys(parts) if re.search(r"[a-z]{2,} [a-z]{2,}", part)]:
        return "; ".join(said) + "."
    if 0 < len(marks) <= 8:
        return f"This cannot stand here; expected {' or '.join(dict.fromkeys(marks))}."
    return "The query cannot be read; the mistake is here or before."
