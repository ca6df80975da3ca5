"""The register of authorities in RDF: codes, regions, neighbours of a named edition, and what became of each."""

from __future__ import annotations

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, ORG, RDF, SKOS, XSD

from graph.authorities import Register
from graph.iris import Iris
from graph.mapping import parsed
from graph.register import NEIGHBOUR_SET, register_triples
from ontology.namespaces import IG, SCHEMA

_REGISTER = Register.load()


def _authority(code: str) -> URIRef:
    return URIRef(Iris().authority(code))


def _ig(name: str) -> URIRef:
    return URIRef(IG + name)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return parsed(register_triples(_REGISTER))


def test_every_authority_is_an_organisation_with_its_gss_code(graph: Graph) -> None:
    found = set(graph.subjects(RDF.type, ORG.FormalOrganization))
    assert found == {_authority(authority.gss_code) for authority in _REGISTER}
    for authority in _REGISTER:
        codes = list(graph.objects(_authority(authority.gss_code), ORG.identifier))
        assert codes == [Literal(authority.gss_code, datatype=_ig("gssCode"))]


def test_every_authority_has_one_label_and_a_region_and_type_that_are_concepts(graph: Graph) -> None:
    for authority in graph.subjects(RDF.type, _ig("Authority")):
        assert len(list(graph.objects(authority, SKOS.prefLabel))) == 1
        for name in ("region", "authorityType"):
            for concept in graph.objects(authority, _ig(name)):
                assert (concept, RDF.type, SKOS.Concept) in graph
                assert len(list(graph.objects(concept, SKOS.prefLabel))) == 1
    assert len(set(graph.objects(None, _ig("region")))) == 9


def test_neighbours_keep_their_order_and_their_edition(graph: Graph) -> None:
    leicester = next(a for a in _REGISTER if a.name == "Leicester")
    ranked = {}
    for link in graph.subjects(_ig("from"), _authority(leicester.gss_code)):
        assert graph.value(link, _ig("neighbourSet")) == URIRef(Iris().neighbour_set(NEIGHBOUR_SET))
        ranked[int(str(graph.value(link, _ig("rank"))))] = graph.value(link, _ig("to"))
    assert [ranked[n] for n in sorted(ranked)] == [_authority(code) for code in leicester.neighbours]
    assert set(graph.objects(_authority(leicester.gss_code), _ig("statisticalNeighbour"))) == set(ranked.values())


def test_no_neighbour_is_unknown_to_the_register(graph: Graph) -> None:
    assert set(graph.objects(None, _ig("statisticalNeighbour"))) <= set(graph.subjects(RDF.type, _ig("Authority")))


def test_a_reorganisation_joins_the_old_and_the_new_on_the_day_after_the_last(graph: Graph) -> None:
    old = _authority("E10000021")  # Northamptonshire
    [change] = graph.objects(old, ORG.changedBy)
    assert (change, RDF.type, ORG.ChangeEvent) in graph
    assert set(graph.objects(change, ORG.resultingOrganization)) == {_authority("E06000061"), _authority("E06000062")}
    assert set(graph.subjects(ORG.resultedFrom, change)) == {_authority("E06000061"), _authority("E06000062")}
    assert graph.value(old, URIRef(SCHEMA + "dissolutionDate")) == Literal("2021-03-31", datatype=XSD.date)
    assert graph.value(change, DCTERMS.date) == Literal("2021-04-01", datatype=XSD.date)


def test_what_exists_has_no_day_of_ending(graph: Graph) -> None:
    ended = set(graph.subjects(URIRef(SCHEMA + "dissolutionDate"), None))
    assert ended == {_authority(authority.gss_code) for authority in _REGISTER if authority.abolished}
    assert ended == set(graph.objects(None, ORG.originalOrganization))
