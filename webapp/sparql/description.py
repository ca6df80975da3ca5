"""What the endpoint says of itself in RDF: service description and example queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from ontology.namespaces import DCTERMS, PREFIXES, RDF, RDFS, SCHEMA, SD, VOID
from webapp.sparql.examples import Example
from webapp.sparql.limits import Limits

_FORMATS = "http://www.w3.org/ns/formats/"
_RESULT_FORMATS = (
    "SPARQL_Results_JSON",
    "SPARQL_Results_XML",
    "SPARQL_Results_CSV",
    "SPARQL_Results_TSV",
    "Turtle",
    "N-Triples",
    "RDF_XML",
    "JSON-LD",
    "TriG",
)
_SERIALISATIONS = {
    "turtle": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
    "trig": ox.RdfFormat.TRIG,
}
_TYPE = ox.NamedNode(RDF + "type")


def service_description(address: str, release: str, limits: Limits, *, union: bool, form: str) -> bytes:
    """SPARQL 1.1 Service Description of the endpoint at ``address``; ``form`` is one of the graph formats' names."""
    return _serialised(_service(address, release, limits, union), form)


def _service(address: str, release: str, limits: Limits, union: bool) -> Iterator[ox.Triple]:
    service, dataset = ox.NamedNode(address), ox.NamedNode(address + "#dataset")
    default_graph = ox.NamedNode(address + "#default-graph")

    def say(subject: ox.NamedNode, predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(subject, ox.NamedNode(predicate), value)

    yield say(service, RDF + "type", ox.NamedNode(SD + "Service"))
    yield say(service, SD + "endpoint", service)
    yield say(service, SD + "supportedLanguage", ox.NamedNode(SD + "SPARQL11Query"))
    for name in _RESULT_FORMATS:
        yield say(service, SD + "resultFormat", ox.NamedNode(_FORMATS + name))
    if union:
        yield say(service, SD + "feature", ox.NamedNode(SD + "UnionDefaultGraph"))
    yield say(service, SD + "defaultDataset", dataset)
    yield say(service, DCTERMS + "description", ox.Literal(" ".join(limits.sentences()), language="en"))
    yield say(service, RDFS + "seeAlso", ox.NamedNode(address + "/examples"))
    yield say(dataset, RDF + "type", ox.NamedNode(SD + "Dataset"))
    yield say(dataset, RDF + "type", ox.NamedNode(VOID + "Dataset"))
    yield say(dataset, DCTERMS + "identifier", ox.Literal(release))
    yield say(dataset, VOID + "sparqlEndpoint", service)
    yield say(dataset, SD + "defaultGraph", default_graph)
    yield say(default_graph, RDF + "type", ox.NamedNode(SD + "Graph"))


def examples_graph(examples: Iterable[Example], address: str, form: str) -> bytes:
    """All examples as one graph, each with this endpoint as its target."""
    return _serialised(_examples(examples, address), form)


def _examples(examples: Iterable[Example], address: str) -> Iterator[ox.Triple]:
    for example in examples:
        subject = ox.NamedNode(f"{address}/examples/{example.name}")
        for triple in example.triples:
            yield ox.Triple(subject, triple.predicate, triple.object)
        yield ox.Triple(subject, ox.NamedNode(SCHEMA + "target"), ox.NamedNode(address))


def _serialised(triples: Iterable[ox.Triple], form: str) -> bytes:
    used = {prefix: PREFIXES[prefix] for prefix in ("sd", "dcterms", "rdfs", "void", "sh", "schema")}
    data = ox.serialize(triples, format=_SERIALISATIONS[form], prefixes=used)
    assert data is not None
    return data
