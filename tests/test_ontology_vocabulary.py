"""The vocabulary says what every term means, the graph uses no other, and the shapes are sound."""

from __future__ import annotations

import re

import pytest
import rdflib.namespace
from pyshacl import validate
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SH, SKOS, DefinedNamespace

from graph.extraction.grades import AREA_IDS, FRAMEWORK_IDS, GRADE_IDS
from graph.mapping import parsed
from ontology import namespaces
from ontology.namespaces import IG, ONTOLOGY, PREFIXES, SCHEMA, VERSION_IRI
from ontology.resources import (
    VOCABULARY_FILES,
    competency_questions,
    concepts,
    shapes,
    text,
    vocabulary,
    vocabulary_triples,
)
from tests.invented_dataset import invented_graphs

_DOMAIN, _RANGE = URIRef(SCHEMA + "domainIncludes"), URIRef(SCHEMA + "rangeIncludes")


@pytest.fixture(scope="module")
def dataset() -> Graph:
    """Everything that a release says of the invented documents, the vocabulary aside."""
    merged = Graph()
    for name, triples in invented_graphs().items():
        if not name.endswith("graphs/vocabulary"):
            merged += parsed(triples)
    return merged


def _own(terms: set[object]) -> set[URIRef]:
    return {term for term in terms if isinstance(term, URIRef) and term.startswith(IG)}


def _mentioned(graph: Graph) -> set[URIRef]:
    datatypes = {term.datatype for term in graph.objects() if isinstance(term, Literal)}
    return _own({*graph.predicates(), *graph.objects(), *datatypes})


def _defined() -> set[URIRef]:
    terms = Graph().parse(data=text("vocabulary.ttl"), format="turtle")
    return _own(set(terms.subjects(RDFS.isDefinedBy, URIRef(ONTOLOGY))))


def test_every_own_term_that_the_graph_uses_is_defined(dataset: Graph) -> None:
    assert _mentioned(dataset) - _defined() == set()


def test_every_own_term_that_shapes_concepts_and_questions_use_is_defined() -> None:
    used = _mentioned(vocabulary()) | {term for term in _mentioned(shapes()) if not term.endswith("Shape")}
    questions = "\n".join(competency_questions().values())
    used |= {URIRef(IG + name) for name in re.findall(r"(?<![\w:])ig:(\w+)", questions)}
    assert used - _defined() == set()


def test_every_defined_term_is_used_or_says_where_it_is(dataset: Graph) -> None:
    terms = vocabulary()
    used = _mentioned(dataset) | {term for name in VOCABULARY_FILES[1:] for term in _mentioned(_file(name))}
    general = {term for term in _defined() if (None, RDFS.subClassOf, term) in terms}
    clause = {term for term in _defined() if (term, SKOS.scopeNote, None) in terms}
    assert _defined() - used - general - clause == {URIRef(IG + "search")}


def _file(name: str) -> Graph:
    return Graph().parse(data=text(name), format="turtle")


def test_every_own_term_has_label_comment_example_and_definer() -> None:
    terms = vocabulary()
    for term in _defined():
        for predicate in (RDFS.label, RDFS.comment, SKOS.example):
            assert len(list(terms.objects(term, predicate))) == 1, (term, predicate)
        if (term, RDF.type, OWL.Class) in terms:
            assert (term, RDFS.subClassOf, None) in terms, term
        elif {OWL.ObjectProperty, OWL.DatatypeProperty} & set(terms.objects(term, RDF.type)):
            assert (term, _DOMAIN, None) in terms, term
            assert (term, _RANGE, None) in terms, term


def test_the_notes_on_domains_are_true_of_the_graph(dataset: Graph) -> None:
    terms = vocabulary()
    for predicate in _own(set(dataset.predicates())):
        domain = set(terms.objects(predicate, _DOMAIN))
        for subject in set(dataset.subjects(predicate, None)):
            types = {
                broader
                for t in dataset.objects(subject, RDF.type)
                for broader in terms.transitive_objects(t, RDFS.subClassOf)
            }
            assert types & domain or URIRef(RDFS.Resource) in domain, (predicate, subject, types)


def test_terms_of_others_exist_where_rdflib_knows_their_vocabulary(dataset: Graph) -> None:
    """rdflib carries the terms of these vocabularies: an independent check against typing errors."""
    closed = {
        str(space): space
        for space in vars(rdflib.namespace).values()
        if isinstance(space, type(DefinedNamespace)) and space is not DefinedNamespace and hasattr(space, "_NS")
    }
    known = {
        namespaces.PROV,
        namespaces.ORG,
        namespaces.DCAT,
        namespaces.DCTERMS,
        namespaces.SKOS,
        namespaces.FOAF,
        SCHEMA,
    }
    assert known <= set(closed)
    used = {t for t in {*dataset.predicates(), *dataset.objects(None, RDF.type)} if isinstance(t, URIRef)}
    for term in used:
        for namespace in known:
            if term.startswith(namespace):
                assert term in closed[namespace], term


def test_the_ontology_is_versioned_and_says_its_prefix() -> None:
    terms = vocabulary()
    assert terms.value(URIRef(ONTOLOGY), OWL.versionIRI) == URIRef(VERSION_IRI)
    assert str(terms.value(URIRef(ONTOLOGY), OWL.versionInfo)) == namespaces.ONTOLOGY_VERSION
    assert str(terms.value(URIRef(ONTOLOGY), URIRef(namespaces.VANN + "preferredNamespacePrefix"))) == "ig"


def test_the_shapes_are_valid_shacl_and_each_speaks() -> None:
    conforms, _, words = validate(Graph(), shacl_graph=shapes(), meta_shacl=True, inference="none")
    assert conforms, words
    for constraint in shapes().objects(None, SH.property):
        assert shapes().value(constraint, SH.message) is not None


def test_every_class_that_documents_give_has_a_shape(dataset: Graph) -> None:
    targets = set(shapes().objects(None, SH.targetClass))
    elsewhere = {"Authority", "NeighbourSet", "NeighbourLink", "SourceText", "ActionPlan"}
    classes = _own(set(dataset.objects(None, RDF.type)))
    assert {term.removeprefix(IG) for term in classes - targets} == elsewhere


@pytest.mark.parametrize(
    ("folder", "ids"),
    [
        ("grades", GRADE_IDS),
        ("areas", AREA_IDS),
        ("frameworks", FRAMEWORK_IDS),
        ("statuses", {"not-started", "in-progress", "completed", "overdue", "superseded"}),
        ("polarities", {"strength", "improvement", "mixed"}),
        ("document-kinds", {"inspection-report", "committee-report", "action-plan", "review-letter", "minutes"}),
        ("inspectorates", {"ofsted", "cqc", "ssi", "csci"}),
    ],
)
def test_every_id_that_extraction_gives_is_a_concept(folder: str, ids: set[str]) -> None:
    found = concepts(folder)
    assert set(ids) <= set(found)
    assert all(concept.label and concept.definition for concept in found.values())


def test_grades_are_ranked_within_each_scale_from_the_best() -> None:
    graph = _file("grades.ttl")
    scales = [s for s in graph.subjects(RDF.type, SKOS.ConceptScheme) if "grade-schemes" in s]
    assert len(scales) == 7
    for scale in scales:
        members = set(graph.objects(scale, SKOS.hasTopConcept))
        assert members == set(graph.subjects(SKOS.inScheme, scale))
        ranks = sorted(int(str(graph.value(grade, URIRef(IG + "rank")))) for grade in members)
        assert ranks == list(range(1, len(members) + 1))


def test_what_frameworks_and_areas_point_to_exists() -> None:
    graph = Graph()
    for name in VOCABULARY_FILES[1:]:
        graph += _file(name)
    subjects = set(graph.subjects())
    ours = {o for o in graph.objects() if isinstance(o, URIRef) and o.startswith(namespaces.CONCEPT_BASE)}
    assert {o for o in ours if not o.startswith(ONTOLOGY)} - subjects == set()


def test_concepts_move_to_the_operators_base_and_terms_stay() -> None:
    moved = vocabulary_triples("http://localhost:8000/")
    assert b"<http://localhost:8000/themes/neglect>" in moved["themes.ttl"]
    assert b"<https://w3id.org/inspectgraph/themes" not in moved["themes.ttl"]
    assert f"<{IG}Finding>".encode() in moved["vocabulary.ttl"]


def test_prefixes_are_unique() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)
