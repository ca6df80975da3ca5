"""What documents say, in RDF: verbatim, dated as printed, with its place in the source and its maker."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef
from rdflib.compare import graph_diff, isomorphic, to_isomorphic
from rdflib.namespace import DCTERMS, PROV, RDF, XSD

from graph.derived import derived_graph_triples, neighbour_triples, theme_triples
from graph.description import DatasetFacts, Download, dataset_triples
from graph.iris import DEFAULT_BASE, DocumentIris, Iris
from graph.mapping import days, document_triples, inspectorates_named, makers, parsed, to_rdflib
from graph.model import Action, Evidence, Finding, Maker, StatusReport
from graph.ntriples import decimal, iri, string, with_graph
from ontology.namespaces import EARL, EDTF, IG, OA, ORG, PPLAN, SCHEMA, VOID
from tests.invented_dataset import invented_graphs
from tests.invented_extractions import (
    LINKER,
    REGISTER,
    all_invented,
    northmere_2014,
    northmere_plan,
    similarity_links,
    southwick_2003,
    theme_links,
    westhaven_2023,
)

_GOLDEN = Path(__file__).parent / "golden"


def _ig(name: str) -> URIRef:
    return URIRef(IG + name)


def _golden(name: str, found: Graph) -> None:
    """Compare with the golden Turtle; with INSPECTGRAPH_GOLDEN=write, write it (then read the diff)."""
    path = _GOLDEN / name
    if os.environ.get("INSPECTGRAPH_GOLDEN") == "write":
        path.write_text(found.serialize(format="turtle"), encoding="utf-8")
    kept, new = to_isomorphic(Graph().parse(path)), to_isomorphic(found)
    _, missing, added = graph_diff(kept, new)
    assert kept == new, f"gone: {missing.serialize(format='nt')}\nnew: {added.serialize(format='nt')}"


def test_an_action_plan_is_mapped_as_its_golden_turtle_says() -> None:
    invented = northmere_plan()
    _golden("action_plan.ttl", to_rdflib(invented.extraction, text=invented.text, register=REGISTER))


def test_an_inspection_report_is_mapped_as_its_golden_turtle_says() -> None:
    invented = northmere_2014()
    _golden("inspection_report.ttl", to_rdflib(invented.extraction, text=invented.text, register=REGISTER))


def test_rdflib_reads_the_triples_as_oxigraph_does() -> None:
    for invented in all_invented():
        triples = document_triples(invented.extraction, text=invented.text)
        assert isomorphic(parsed(triples), Graph().parse(data=triples, format="nt"))


def test_mapping_twice_gives_the_same_bytes() -> None:
    assert invented_graphs() == invented_graphs()


def test_no_triple_is_written_twice_nor_stands_in_two_graphs() -> None:
    """Stores give a triple once for every graph that holds it, so a repeated one would be counted twice."""
    seen: set[bytes] = set()
    for name, triples in invented_graphs().items():
        lines = triples.splitlines()
        assert len(set(lines)) == len(lines), name
        assert not seen & set(lines), name
        seen.update(lines)


def test_there_are_no_blank_nodes() -> None:
    for triples in invented_graphs().values():
        for triple in ox.parse(triples, format=ox.RdfFormat.N_TRIPLES):
            assert isinstance(triple.subject, ox.NamedNode)
            assert not isinstance(triple.object, ox.BlankNode)


def test_nothing_of_ours_stands_outside_the_operators_base() -> None:
    for triples in invented_graphs("http://localhost:8000/").values():
        assert b"<https://w3id.org/inspectgraph/" not in triples.replace(
            b"<https://w3id.org/inspectgraph/ontology", b""
        )


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=80))
def test_any_text_comes_back_verbatim_from_a_store(text: str) -> None:
    clean = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    evidence = Evidence(0, len(text), text)
    finding = Finding(text, evidence, Maker("r", "1"), section=text, number=text)
    extraction = replace(northmere_2014().extraction, findings=(finding,), recommendations=(), actions=())
    store = ox.Store()
    store.load(document_triples(extraction), format=ox.RdfFormat.N_TRIPLES)
    own = ox.NamedNode(DocumentIris.of(extraction, Iris()).findings[0])
    for name in ("text", "section", "number"):
        values = [q.object.value for q in store.quads_for_pattern(own, ox.NamedNode(IG + name), None)]
        assert values == [clean]


def test_evidence_can_be_found_again_by_each_of_its_selectors() -> None:
    for invented in all_invented():
        graph = to_rdflib(invented.extraction, text=invented.text)
        for evidence in graph.subjects(RDF.type, _ig("Evidence")):
            selectors = list(graph.objects(evidence, URIRef(OA + "hasSelector")))
            [quote] = [s for s in selectors if (s, URIRef(OA + "exact"), None) in graph]
            [place] = [s for s in selectors if (s, URIRef(OA + "start"), None) in graph]
            start, end = (int(str(graph.value(place, URIRef(OA + name)))) for name in ("start", "end"))
            exact, prefix, suffix = (str(graph.value(quote, URIRef(OA + n))) for n in ("exact", "prefix", "suffix"))
            assert invented.text[start:end] == exact
            assert prefix + exact + suffix in invented.text


def test_a_document_without_pages_has_no_page_selectors() -> None:
    invented = southwick_2003()
    graph = to_rdflib(invented.extraction, text=invented.text)
    assert (None, _ig("page"), None) not in graph
    assert (None, RDF.type, URIRef(OA + "FragmentSelector")) not in graph


def test_grades_keep_their_printed_words_and_are_never_pass_or_fail() -> None:
    graph = to_rdflib(northmere_2014().extraction)
    iris = DocumentIris.of(northmere_2014().extraction, Iris())
    judgement = URIRef(iris.judgements[0])
    assert graph.value(judgement, _ig("printedGrade")) == Literal("Requires improvement")
    outcome = graph.value(graph.value(judgement, URIRef(EARL + "result")), URIRef(EARL + "outcome"))
    assert outcome == URIRef(Iris().grade("requires-improvement"))
    assert not {URIRef(EARL + "passed"), URIRef(EARL + "failed")} & set(graph.objects())


def test_each_judgement_belongs_to_its_own_inspection() -> None:
    graph = to_rdflib(northmere_2014().extraction)
    iris = DocumentIris.of(northmere_2014().extraction, Iris())
    assert graph.value(URIRef(iris.judgements[2]), _ig("arisesFrom")) == URIRef(iris.inspections[1])
    assert graph.value(URIRef(iris.document), _ig("mainInspection")) == URIRef(iris.inspections[0])


def test_two_inspectorates_in_one_name_are_both_associated() -> None:
    graph = to_rdflib(westhaven_2023().extraction)
    own = URIRef(DocumentIris.of(westhaven_2023().extraction, Iris()).inspections[0])
    assert set(graph.objects(own, PROV.wasAssociatedWith)) == {
        URIRef(Iris().inspectorate(i)) for i in ("ofsted", "cqc")
    }


@pytest.mark.parametrize(
    ("printed", "ids"),
    [
        ("Ofsted", ("ofsted",)),
        ("the Commission for Social Care Inspection (CSCI)", ("csci",)),
        ("Her Majesty's Inspectorate of Probation", ("hmip",)),
        ("Ofsted, CQC and HMICFRS", ("cqc", "hmicfrs", "ofsted")),
        ("Audit Commission", ("audit-commission",)),
        ("The Cossie Company", ()),
        (None, ()),
    ],
)
def test_inspectorates_are_known_by_their_names(printed: str | None, ids: tuple[str, ...]) -> None:
    assert inspectorates_named(printed) == ids


@pytest.mark.parametrize(
    ("edtf", "first_and_last"),
    [
        ("2003-09-30", ("2003-09-30", "2003-09-30")),
        ("2003-10", ("2003-10-01", "2003-10-31")),
        ("2004", ("2004-01-01", "2004-12-31")),
        ("2004-01/2004-02", ("2004-01-01", "2004-02-29")),
        ("2003-11/..", ("2003-11-01", None)),
        ("../2006-03", (None, "2006-03-31")),
        ("2012~", ("2012-01-01", "2012-12-31")),
        ("2021-02-31", (None, None)),
        ("soon", (None, None)),
        ("", (None, None)),
        ("2003-13", (None, None)),
        (None, (None, None)),
    ],
)
def test_an_edtf_date_is_bounded_by_its_first_and_last_day(
    edtf: str | None, first_and_last: tuple[str | None, str | None]
) -> None:
    assert days(edtf) == first_and_last


@given(st.text(max_size=30))
@settings(max_examples=200)
def test_no_metadata_can_make_dates_raise(value: str) -> None:
    days(value)


def test_a_date_that_is_none_stays_words() -> None:
    extraction = northmere_plan().extraction
    odd = replace(extraction, document=replace(extraction.document, published="2014-02-31", meeting_date="soon"))
    graph = to_rdflib(odd)
    own = URIRef(DocumentIris.of(odd, Iris()).document)
    assert graph.value(own, DCTERMS.issued) == Literal("2014-02-31")
    assert graph.value(own, _ig("meetingDate")) == Literal("soon")
    assert graph.value(own, _ig("earliest")) is None


def test_a_date_of_publication_has_the_type_of_its_precision() -> None:
    issued = [
        ("2014-05-06", Literal("2014-05-06", datatype=XSD.date)),
        ("2014-05", Literal("2014-05", datatype=XSD.gYearMonth)),
        ("2014", Literal("2014", datatype=XSD.gYear)),
        ("2014-05/2014-06", Literal("2014-05/2014-06", datatype=URIRef(EDTF))),
    ]
    for value, literal in issued:
        extraction = northmere_2014().extraction
        dated = replace(extraction, document=replace(extraction.document, published=value))
        graph = to_rdflib(dated)
        assert list(graph.objects(URIRef(DocumentIris.of(dated, Iris()).document), DCTERMS.issued)) == [literal]


def test_a_later_status_stands_beside_the_earlier_one() -> None:
    graph = to_rdflib(northmere_plan().extraction)
    action = URIRef(DocumentIris.of(northmere_plan().extraction, Iris()).actions[0])
    observations = list(graph.objects(action, _ig("statusObservation")))
    assert {str(graph.value(o, _ig("printedStatus"))) for o in observations} == {"Amber", "Green"}
    assert graph.value(action, URIRef(SCHEMA + "actionStatus")) == URIRef(SCHEMA + "CompletedActionStatus")


def test_a_status_that_means_nothing_known_is_kept_as_printed() -> None:
    extraction = northmere_plan().extraction
    action = replace(extraction.actions[0], statuses=(StatusReport("Mauve"),))
    graph = to_rdflib(replace(extraction, actions=(action,)))
    [observation] = graph.subjects(RDF.type, _ig("StatusObservation"))
    assert graph.value(observation, _ig("printedStatus")) == Literal("Mauve")
    assert graph.value(observation, _ig("status")) is None


def test_owners_are_parties_of_their_document_and_posts_where_a_post_is_named() -> None:
    iris = DocumentIris.of(northmere_plan().extraction, Iris())
    graph = to_rdflib(northmere_plan().extraction)
    parties = set(graph.subjects(RDF.type, _ig("Party")))
    assert all(str(party).startswith(f"{iris.document}#party-") for party in parties)
    posts = set(graph.subjects(RDF.type, URIRef(ORG + "Post")))
    assert {str(graph.value(post, _ig("printedName"))) for post in posts} == {"Head of HR", "Head of service"}
    [initials] = parties - posts
    assert graph.value(initials, _ig("resolvedName")) == Literal("K B Dunmore")


def test_actions_are_steps_of_one_plan_and_answer_recommendations() -> None:
    iris = DocumentIris.of(northmere_plan().extraction, Iris())
    graph = to_rdflib(northmere_plan().extraction)
    assert set(graph.objects(None, URIRef(PPLAN + "isStepOfPlan"))) == {URIRef(f"{iris.document}#plan")}
    assert graph.value(URIRef(iris.actions[2]), _ig("addresses")) == URIRef(iris.recommendations[1])
    assert graph.value(URIRef(iris.actions[3]), _ig("addresses")) is None


def test_an_abbreviation_that_is_explained_twice_stands_once_at_its_first_place() -> None:
    extraction = northmere_2014().extraction
    [first] = extraction.abbreviations
    again = replace(first, evidence=Evidence(0, 4, "LSCB", 2))
    triples = document_triples(replace(extraction, abbreviations=(first, again)))
    assert triples == document_triples(extraction)


def test_an_action_says_how_its_success_is_to_be_known() -> None:
    extraction = northmere_plan().extraction
    action = replace(extraction.actions[0], measure="Nine of ten audits are good")
    extraction = replace(extraction, actions=(action, *extraction.actions[1:]))
    graph = to_rdflib(extraction)
    own = URIRef(DocumentIris.of(extraction, Iris()).actions[0])
    assert list(graph.objects(own, _ig("measure"))) == [Literal("Nine of ten audits are good")]


def test_zero_and_the_empty_string_are_values() -> None:
    """rdflib's literals 0, false and "" are falsy; the mapping must not lose what they say."""
    action = Action("Act.", Evidence(0, 4, "Act."), Maker("r", "1", 0.0), timescale="", section="")
    extraction = replace(northmere_plan().extraction, actions=(action,))
    graph = to_rdflib(extraction, text="Act.")
    own = URIRef(DocumentIris.of(extraction, Iris()).actions[0])
    assert graph.value(own, _ig("timescale")) == Literal("")
    assert graph.value(own, _ig("confidence")) == Literal("0.0", datatype=XSD.decimal)
    assert (None, URIRef(OA + "start"), Literal("0", datatype=XSD.nonNegativeInteger)) in graph


def test_every_maker_that_is_named_is_known_to_the_agents_graph() -> None:
    for invented in all_invented():
        graph = to_rdflib(invented.extraction)
        named = set(graph.objects(None, PROV.wasAttributedTo)) | set(graph.objects(None, _ig("polarityAttributedTo")))
        assert named <= {URIRef(Iris().agent(*maker)) for maker in makers(invented.extraction)}


def test_what_metadata_gave_is_said_in_the_graph() -> None:
    graph = to_rdflib(northmere_plan().extraction)
    assert set(graph.objects(None, _ig("fromMetadata"))) == {Literal("published"), Literal("url")}


def test_a_publisher_is_a_council_only_where_the_register_knows_the_name() -> None:
    extraction = northmere_plan().extraction
    assert to_rdflib(extraction).value(predicate=DCTERMS.publisher) is None
    assert (None, DCTERMS.publisher, URIRef(Iris().authority("E06099901"))) in to_rdflib(extraction, register=REGISTER)


def test_an_address_with_spaces_is_a_valid_iri() -> None:
    graph = to_rdflib(northmere_plan().extraction)
    assert (None, DCTERMS.source, URIRef("https://northmere.example/plans/1%20final.docx")) in graph


def test_theme_links_say_how_sure_they_are_and_who_made_them() -> None:
    graph = parsed(derived_graph_triples("themes", LINKER) + theme_triples(theme_links(Iris())))
    links = list(graph.subjects(RDF.type, _ig("ThemeLink")))
    assert len(links) == len(theme_links(Iris()))
    for link in links:
        assert (graph.value(link, _ig("from")), DCTERMS.subject, graph.value(link, _ig("to"))) in graph
        assert graph.value(link, _ig("confidence")) == Literal("0.9", datatype=XSD.decimal)
    run = graph.value(URIRef(Iris().derived_graph("themes")), PROV.wasGeneratedBy)
    assert graph.value(run, PROV.wasAssociatedWith) == URIRef(Iris().agent(LINKER.name, LINKER.version))


def test_neighbour_links_keep_score_and_rank() -> None:
    graph = parsed(neighbour_triples(similarity_links(Iris())))
    found = {
        (
            str(graph.value(link, _ig("from"))),
            str(graph.value(link, _ig("to"))),
            float(str(graph.value(link, _ig("score")))),
        )
        for link in graph.subjects(RDF.type, _ig("SimilarityLink"))
    }
    assert found == {(link.item, link.neighbour, link.score) for link in similarity_links(Iris())}


def test_the_dataset_description_repeats_the_counts_that_it_is_given() -> None:
    facts = DatasetFacts(
        "2026-01-02T030405Z-abcdef",
        "2026-01-02T03:04:05Z",
        triples=12,
        subjects=5,
        documents=2,
        graphs=3,
        classes={IG + "Finding": 4},
        properties={IG + "text": 4, str(DCTERMS.subject): 2},
        endpoint="https://example.org/sparql",
        downloads=(Download("https://example.org/data/all.nq.gz", "application/n-quads", "All", 9, "ab" * 32),),
    )
    graph = parsed(dataset_triples(facts))
    own = URIRef(Iris().dataset(facts.release))
    assert graph.value(own, URIRef(VOID + "triples")) == Literal(12)
    [part] = graph.objects(own, URIRef(VOID + "classPartition"))
    assert graph.value(part, URIRef(VOID + "class")) == _ig("Finding")
    assert graph.value(part, URIRef(VOID + "entities")) == Literal(4)
    assert len(list(graph.objects(own, URIRef(VOID + "propertyPartition")))) == 2
    assert set(graph.objects(own, URIRef(VOID + "vocabulary"))) == {URIRef(IG), URIRef(str(DCTERMS))}


def test_quads_are_the_triples_with_their_graph() -> None:
    triples = document_triples(northmere_2014().extraction)
    quads = list(ox.parse(with_graph(triples, "https://example.org/g"), format=ox.RdfFormat.N_QUADS))
    assert len(quads) == triples.count(b"\n")
    assert {quad.graph_name for quad in quads} == {ox.NamedNode("https://example.org/g")}


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (1.0, "1.0"), (0.0, "0.0"), (0.12345, "0.1235"), (1e-9, "0.0")]
)
def test_decimals_are_written_as_stores_give_them_back(value: float, text: str) -> None:
    term = f'"{text}"^^<{XSD.decimal}>'
    assert decimal(value) == term
    stored = ox.Store()
    stored.load(f"<urn:a> <urn:b> {term} .".encode(), format=ox.RdfFormat.N_TRIPLES)
    assert float(next(iter(stored)).object.value) == float(text)


@settings(max_examples=200)
@given(st.text(max_size=40))
@example("100% [a] #b#c ?d %zz %41 \ue000 é")
def test_written_terms_parse_again(text: str) -> None:
    line = f"{iri('https://example.org/' + text)} <urn:b> {string(text)} ."
    [triple] = ox.parse(line.encode(), format=ox.RdfFormat.N_TRIPLES)
    assert triple.object.value == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def test_the_prefixes_are_bound_and_the_graph_is_named() -> None:
    graph = to_rdflib(northmere_2014().extraction)
    assert str(graph.identifier) == DocumentIris.of(northmere_2014().extraction, Iris()).graph
    assert dict(graph.namespaces())["ig"] == URIRef(IG)


def test_a_document_of_a_thousand_items_is_mapped_in_well_under_a_second() -> None:
    base = northmere_2014().extraction
    findings = tuple(replace(base.findings[0], text=f"{n} {base.findings[0].text}") for n in range(1000))
    extraction = replace(base, findings=findings)
    started = time.process_time()
    triples = document_triples(extraction, DEFAULT_BASE, text=northmere_2014().text)
    assert time.process_time() - started < 1.0
    assert triples.count(b"\n") > 20_000
