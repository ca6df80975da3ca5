"""What the graph says of one resource: its concise bounded description, and who points at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyoxigraph as ox

from webapp.negotiation import DataForm

PREFIXES: Mapping[str, str] = {
    "ig": "https://w3id.org/inspectgraph/ontology#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "oa": "http://www.w3.org/ns/oa#",
    "earl": "http://www.w3.org/ns/earl#",
    "org": "http://www.w3.org/ns/org#",
    "schema": "https://schema.org/",
    "p-plan": "http://purl.org/net/p-plan#",
    "fabio": "http://purl.org/spar/fabio/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "void": "http://rdfs.org/ns/void#",
    "spdx": "http://spdx.org/rdf/terms#",
    "time": "http://www.w3.org/2006/time#",
}
#: Incoming statements beyond this many are left to SPARQL: a theme is the subject of thousands.
MAX_INCOMING = 200


def describe(store: ox.Store, iri: str, *, parts: str | None = None) -> list[ox.Triple]:
    """Every statement about ``iri``, with blank nodes and the nodes under the prefix ``parts`` (its evidence) followed,
    then at most MAX_INCOMING statements that point at it; each once, whatever graphs hold it. Empty where the graph
    does not know it."""
    found: dict[ox.Triple, None] = {}
    pending: list[ox.NamedNode | ox.BlankNode] = [ox.NamedNode(iri)]
    seen = set(pending)
    while pending:
        subject = pending.pop()
        for quad in store.quads_for_pattern(subject, None, None, None):
            found[quad.triple] = None
            value = quad.object
            follow = isinstance(value, ox.BlankNode) or (
                isinstance(value, ox.NamedNode) and parts is not None and value.value.startswith(parts)
            )
            if follow and value not in seen:
                assert isinstance(value, ox.NamedNode | ox.BlankNode)
                seen.add(value)
                pending.append(value)
    for triple, _ in zip(_incoming(store, iri), range(MAX_INCOMING), strict=False):
        found[triple] = None
    return list(found)


def _incoming(store: ox.Store, iri: str) -> Iterator[ox.Triple]:
    for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None):
        if isinstance(quad.subject, ox.NamedNode):
            yield quad.triple


def serialise(triples: list[ox.Triple], form: DataForm, base_iri: str) -> bytes:
    """``triples`` in a form; only prefixes that occur are declared."""
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    prefixes = {name: iri for name, iri in PREFIXES.items() if f"<{iri}".encode() in text}
    if form.format == ox.RdfFormat.N_TRIPLES:
        return text
    return ox.serialize(triples, format=form.format, prefixes=prefixes)
