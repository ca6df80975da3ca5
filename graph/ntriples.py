"""Terms and triples written as N-Triples.

Terms are strings in N-Triples syntax, so that a document's graph is built in milliseconds; rdflib and Oxigraph both
read it, and tests compare what they make of it.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from ontology import namespaces

_ESCAPED = re.compile('["\\\\\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_NOT_IN_IRI = re.compile(r"""[^\x21-\x7e]|[<>"{}|^`\\\[\]]|%(?![0-9A-Fa-f]{2})""")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")


class Terms:
    """The terms of one namespace: ``ig.text`` is ``<…/ontology#text>``. A trailing underscore is for names that Python
    keeps for itself (``ig.from_``)."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        term = f"<{self._namespace}{name.removesuffix('_')}>"
        self.__dict__[name] = term
        return term


dcat, dcterms, earl, fabio, foaf = (
    Terms(n) for n in (namespaces.DCAT, namespaces.DCTERMS, namespaces.EARL, namespaces.FABIO, namespaces.FOAF)
)
ig, oa, org, pplan, prov = (
    Terms(n) for n in (namespaces.IG, namespaces.OA, namespaces.ORG, namespaces.PPLAN, namespaces.PROV)
)
rdf, rdfs, schema, sd, skos = (
    Terms(n) for n in (namespaces.RDF, namespaces.RDFS, namespaces.SCHEMA, namespaces.SD, namespaces.SKOS)
)
spdx, void, xsd = (Terms(n) for n in (namespaces.SPDX, namespaces.VOID, namespaces.XSD))
_EDTF = f"<{namespaces.EDTF}>"


def iri(value: str) -> str:
    """``value`` must be an absolute IRI; what no URI may hold is percent-encoded, letters beyond ASCII among it."""
    if _NOT_IN_IRI.search(value):
        value = _NOT_IN_IRI.sub(lambda found: quote(found.group(), safe="", errors="replace"), value)
    if value.count("#") > 1:
        start, _, fragment = value.partition("#")
        value = f"{start}#{fragment.replace('#', '%23')}"
    return f"<{value}>"


def is_absolute_iri(value: str) -> bool:
    """Whether an address that somebody typed can stand as an IRI."""
    return _ABSOLUTE.match(value) is not None


def string(value: str) -> str:
    """A plain literal, verbatim; a lone surrogate, which no encoding can carry, becomes U+FFFD."""
    if _ESCAPED.search(value):
        value = _ESCAPED.sub(_escape, value)
    return f'"{value}"'


def english(value: str) -> str:
    """Words of our own, not of a source: those are plain strings."""
    return f"{string(value)}@en"


def typed(value: str, datatype: str) -> str:
    """``datatype`` is a term: ``xsd.date``."""
    return f"{string(value)}^^{datatype}"


def integer(value: int) -> str:
    return f'"{value}"^^{xsd.integer}'


def decimal(value: float) -> str:
    """Four decimals, in the canonical form that every store gives back."""
    text = f"{value:.4f}".rstrip("0")
    return f'"{text}0"^^{xsd.decimal}' if text.endswith(".") else f'"{text}"^^{xsd.decimal}'


def boolean(value: bool) -> str:
    return f'"{"true" if value else "false"}"^^{xsd.boolean}'


def edtf(value: str) -> str:
    return typed(value, _EDTF)


class Triples:
    """A graph being written: terms in N-Triples syntax, each triple once a call."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, subject: str, predicate: str, value: str) -> None:
        self._lines.append(f"{subject} {predicate} {value} .\n")

    def add_if(self, subject: str, predicate: str, text: str | None) -> None:
        """A plain literal where there is one."""
        if text is not None:
            self._lines.append(f"{subject} {predicate} {string(text)} .\n")

    def type(self, subject: str, *classes: str) -> None:
        for name in classes:
            self._lines.append(f"{subject} {rdf.type} {name} .\n")

    def __len__(self) -> int:
        return len(self._lines)

    def encoded(self) -> bytes:
        """N-Triples in UTF-8."""
        return "".join(self._lines).encode("utf-8")


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"


def with_graph(triples: bytes, graph: str) -> bytes:
    """N-Quads of N-Triples: each line gets the graph's IRI."""
    ending = f" {iri(graph)} .\n".encode()
    return triples.replace(b" .\n", ending)
