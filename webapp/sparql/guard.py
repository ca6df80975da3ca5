"""A lexer that looks at a query before the engine does.

Four things cannot be left to the engine: thousands of nested brackets overflow its stack; SERVICE would make it a
client of any server; the result formats offered depend on the query form; and Oxigraph ignores FROM when asked for the
union of all graphs. What the lexer lets through meets the engine's own parser next, in a worker without network.

The engine's parser is a grammar without separate tokens: it reads ``SERVICESILENT<x>``, ``trueSERVICE<x>`` and
``SERVICE:x`` as a SERVICE clause. So any word or prefix that merely contains a refused keyword is refused as well.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from webapp.sparql.errors import MalformedQuery, RefusedQuery, TooLongQuery
from webapp.sparql.limits import Limits

Form = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]
FORMS: tuple[Form, ...] = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"})
_VOLATILE = frozenset({"RAND", "NOW", "UUID", "STRUUID", "BNODE"})
OPENING = {"(": ")", "[": "]", "{": "}", "<<": ">>", "<<(": ")>>", "{|": "|}"}
CLOSING = frozenset(OPENING.values())

_LOCAL = r"[\w:%\-\u00b7]|\\[_~.\-!$&'()*+,;=/?#@%]"
# Every alternative is linear: repetition is possessive, and a prefix is tried over 128 characters at most.
_PARTS = {
    "space": r"[ \t\r\n]++ | \#[^\r\n]*+",
    "iri": r"<(?:[^<>\"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*+>",
    "string": r"""\"\"\"(?:\"{0,2}(?:[^"\\]|\\.))*+\"\"\" | '''(?:'{0,2}(?:[^'\\]|\\.))*+'''
                 | "(?:[^"\\\r\n]|\\.)*+" | '(?:[^'\\\r\n]|\\.)*+'""",
    "var": r"[?$]\w++",
    "blank": r"_:\w(?:[\w\-\u00b7]|\.++(?=[\w\-\u00b7]))*+",
    "pname": rf"(?:[^\W\d_](?:[\w\-\u00b7]|\.(?=[\w\-\u00b7.])){{0,127}}+)?:(?:{_LOCAL}|\.++(?={_LOCAL}))*+",
    "lang": r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[a-z]++)?",
    "number": r"(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
    "word": r"\w++",
    "mark": r"<<\(|\)>>|<<|>>|\{\||\|\}|\^\^|&&|\|\||!=|<=|>=|.",
}
_TOKEN = re.compile(" | ".join(f"(?P<{kind}>{part})" for kind, part in _PARTS.items()), re.VERBOSE | re.DOTALL)
# The same tokens, but only those that the guard looks at: what lies between them is passed over in one step. A text
# of 30,000 operators is checked in a tenth of the time and less: a server's threads share one interpreter lock.
_PASSED = ("space", "iri", "string", "var", "blank", "lang", "number")
_LOOKED_AT = re.compile(
    "(?:"
    + " | ".join(_PARTS[kind] for kind in _PASSED)
    + r""" | \^\^|&&|\|\||!=|<=|>=|(?!\|\}|<<|>>)[^\w()\[\]{}:] )++
    | """
    + " | ".join(f"(?P<{kind}>{_PARTS[kind]})" for kind in ("pname", "word", "mark")),
    re.VERBOSE | re.DOTALL,
)


_COMPARISON = re.compile(r'<[^<>"{}|^`\\\x00-\x20]*&&')


class Token(NamedTuple):
    """``kind`` is iri, string, var, blank, pname, lang, number, word or mark; ``text`` as written, at ``start``."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Positions:
    """Offsets of a text as line and column, both 1-based, and back."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]

    def of(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        if not 1 <= line <= len(self._starts):
            return self._length
        return min(self._starts[line - 1] + column - 1, self._length)


@dataclass(frozen=True)
class CheckedQuery:
    """A query that may go to the engine. ``form`` is None where its first word names none (the engine will refuse it).

    ``prefixes`` as declared. ``has_dataset``: a word or a prefix has FROM in it, as every query with a dataset clause
    has (``dataset_clause`` tells them apart). ``volatile``: two evaluations over the same graph may differ.
    ``services`` are where SERVICE keywords start in the text. ``concatenates``: it has a GROUP_CONCAT. ``body``: where
    what follows the prologue starts.
    """

    text: str
    form: Form | None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    has_dataset: bool = False
    volatile: bool = False
    services: tuple[int, ...] = ()
    concatenates: bool = False
    body: int = 0

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tuple(tokens(self.text))

    def undeclared(self) -> Token | None:
        """The first name behind the prologue whose prefix is not declared."""
        names = (t for t in looked_at(self.text) if t.kind == "pname" and t.start >= self.body)
        return next((name for name in names if self.iri(name) is None), None)

    def iri(self, token: Token) -> str | None:
        """The IRI that an iri or pname token stands for; None where its prefix is not declared."""
        if token.kind == "iri":
            return token.text[1:-1]
        prefix, _, local = token.text.partition(":")
        namespace = self.prefixes.get(prefix)
        return None if namespace is None else namespace + re.sub(r"\\(.)", r"\1", local)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query without white space and comments; never fails, what is no token is a mark of its own."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind is not None and kind != "space":
            yield Token(kind, found.group(), found.start())


def looked_at(text: str) -> Iterator[Token]:
    """Those of ``tokens`` that are names with a prefix, words or brackets."""
    for found in _LOOKED_AT.finditer(text):
        kind = found.lastgroup
        if kind is not None:
            yield Token(kind, found.group(), found.start())


def check(text: str, limits: Limits) -> CheckedQuery:
    """Look at a query. Raises TooLongQuery or RefusedQuery with what is wrong and where."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.query_bytes:
        raise TooLongQuery(f"The query has {size:,} bytes; at most {limits.query_bytes:,} are taken.")
    if "\x00" in text:
        raise MalformedQuery("The query contains a null character.", *Positions(text).of(text.index("\x00")))
    form, prefixes, body = _prologue(text)
    if _COMPARISON.search(text):
        _refuse_comparison_that_is_an_iri(text)
    services = []
    has_dataset = volatile = concatenates = False
    for token in _not_too_deep(text, limits.depth):
        if token.start < body:
            continue
        if token.kind == "word":
            word = token.text.upper()
            if "SERVICE" in word:
                if word != "SERVICE":
                    raise _refused(text, token, "“SERVICE” must stand by itself, with space before and after it.")
                services.append(token.start)
            if word in {"TRUE", "FALSE"}:  # SPARQL takes them in any case, the engine in lower case only
                text = text[: token.start] + word.lower() + text[token.end :]
            has_dataset = has_dataset or "FROM" in word
            volatile = volatile or word in _VOLATILE
            concatenates = concatenates or word == "GROUP_CONCAT"
        elif token.kind == "pname":
            prefix = token.text.partition(":")[0].upper()
            if "SERVICE" in prefix:
                raise _refused(text, token, "A prefix that contains “service” is not taken here: give it another name.")
            has_dataset = has_dataset or "FROM" in prefix
    return CheckedQuery(text, form, prefixes, has_dataset, volatile, tuple(services), concatenates, body)


def _refuse_comparison_that_is_an_iri(text: str) -> None:
    """``?x<?a&&?b>?y`` without spaces: the longest token is the IRI ``<?a&&?b>``, and the engine's parser sees two
    comparisons. Raises MalformedQuery where such an IRI stands right behind an operand."""
    before = None
    for token in tokens(text):
        glued = token.kind == "iri" and "&&" in token.text and before is not None and before.end == token.start
        if glued and before is not None and (before.kind in {"var", "number", "string"} or before.text == ")"):
            message = f"“{token.text[:60]}” reads as an IRI here: put spaces around < and >."
            raise MalformedQuery(message, *Positions(text).of(token.start))
        before = token


def _not_too_deep(text: str, depth: int) -> Iterator[Token]:
    """The tokens that are looked at, until brackets nest too deep: a hostile text is not read to its end."""
    open_now = 0
    for token in looked_at(text):
        if token.kind == "mark":
            if token.text in OPENING:
                open_now += 1
                if open_now > depth:
                    raise _refused(text, token, f"Brackets are nested more than {depth} deep.")
            elif token.text in CLOSING:
                open_now -= 1
        else:
            yield token


def _prologue(text: str) -> tuple[Form | None, dict[str, str], int]:
    """The query form, the declared prefixes and where the first token after the declarations starts."""
    prefixes: dict[str, str] = {}
    found = tokens(text)
    for token in found:
        word = token.text.partition(":")[0].upper() if token.kind == "pname" else token.text.upper()
        if word in {"BASE", "VERSION"}:
            next(found, None)
        elif word == "PREFIX":
            # "PREFIX ex: <…>", or "PREFIX:<…>" where the lexer takes keyword and empty prefix for one name
            name = token if token.kind == "pname" else next(found, None)
            iri = next(found, None)
            if name is not None and iri is not None and name.kind == "pname" and iri.kind == "iri":
                prefixes["" if name is token else name.text.partition(":")[0]] = iri.text[1:-1]
        else:
            if word in _UPDATES:
                raise _refused(text, token, f"This endpoint answers queries only; {word} is an update.")
            form = next((form for form in FORMS if token.kind == "word" and word.startswith(form)), None)
            return form, prefixes, token.start
    return None, prefixes, len(text)


def _refused(text: str, token: Token, message: str) -> RefusedQuery:
    return RefusedQuery(message, *Positions(text).of(token.start))
