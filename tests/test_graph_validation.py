"""Each document's graph is checked against the published shapes, and what is wrong is said in a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import PROV, RDF, XSD

from graph.iris import DocumentIris, Iris
from graph.mapping import document_triples, to_rdflib
from graph.validation import violations
from ontology.namespaces import IG, OA
from tests.invented_dataset import invented_graphs
from tests.invented_extractions import northmere_2014, northmere_plan

_FIRST = URIRef(DocumentIris.of(northmere_2014().extraction, Iris()).recommendations[0])


def _report() -> Graph:
    return to_rdflib(northmere_2014().extraction, text=northmere_2014().text)


def test_every_graph_of_the_invented_dataset_conforms() -> None:
    for name, triples in invented_graphs().items():
        if not name.endswith(("graphs/vocabulary", "graphs/register")):
            assert violations(triples) == [], name


def test_a_batch_of_documents_can_be_checked_as_one() -> None:
    spoilt = document_triples(northmere_2014().extraction).replace(b'"0.97"', b'"1.97"')
    problems = violations(spoilt + document_triples(northmere_plan().extraction))
    assert {problem.item for problem in problems} == set(
        DocumentIris.of(northmere_2014().extraction, Iris()).recommendations
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("text", "An item has one text, verbatim and not empty."),
        ("evidence", "An item has its place in the source."),
        ("confidence", "An item's confidence lies between 0 and 1."),
        ("position", "An item has its place in the order of the document."),
    ],
)
def test_an_item_that_lacks_something_is_named_with_what_it_lacks(name: str, sentence: str) -> None:
    graph = _report()
    graph.remove((_FIRST, URIRef(IG + name), None))
    [problem] = violations(graph)
    assert (problem.item, problem.message, problem.value) == (str(_FIRST), sentence, None)
    assert str(problem) == f"{_FIRST}: {sentence}"


def test_an_item_without_a_maker_is_refused() -> None:
    graph = _report()
    graph.remove((_FIRST, PROV.wasAttributedTo, None))
    assert [problem.message for problem in violations(graph)] == ["An item names the rule or model that made it."]


def test_the_value_that_offends_is_told() -> None:
    graph = _report()
    graph.set((_FIRST, URIRef(IG + "confidence"), Literal("1.5", datatype=XSD.decimal)))
    [problem] = violations(graph)
    assert problem.value == "1.5"
    assert "1.5" in str(problem)


def test_evidence_that_ends_before_it_begins_is_refused() -> None:
    graph = _report()
    [place] = [
        o
        for o in graph.objects(graph.value(_FIRST, URIRef(IG + "evidence")), URIRef(OA + "hasSelector"))
        if "position" in o
    ]
    graph.set((place, URIRef(OA + "end"), Literal("0", datatype=XSD.nonNegativeInteger)))
    assert [problem.message for problem in violations(graph)] == ["Evidence ends after it begins."]


def test_an_inspection_that_ends_before_it_begins_is_refused() -> None:
    extraction = northmere_2014().extraction
    backwards = replace(extraction.inspections[0], start="2014-03-01", end="2014-02-01")
    triples = document_triples(replace(extraction, inspections=(backwards, extraction.inspections[1])))
    assert [p.message for p in violations(triples)] == ["An inspection ends on the day on which it begins or later."]


def test_an_empty_text_is_refused() -> None:
    extraction = northmere_plan().extraction
    empty = replace(extraction.actions[3], text="")
    triples = document_triples(replace(extraction, actions=(*extraction.actions[:3], empty)))
    assert [problem.message for problem in violations(triples)] == ["An item has one text, verbatim and not empty."]


def test_an_action_cannot_answer_what_is_no_recommendation_of_its_document() -> None:
    graph = to_rdflib(northmere_plan().extraction)
    action = next(graph.subjects(RDF.type, URIRef(IG + "Action")))
    graph.set((action, URIRef(IG + "addresses"), URIRef("https://example.org/elsewhere")))
    assert [p.message for p in violations(graph)] == ["An action answers recommendations of its document."]


def test_validating_leaves_the_graph_as_it_was() -> None:
    graph = _report()
    before = set(graph)
    violations(graph)
    assert set(graph) == before
