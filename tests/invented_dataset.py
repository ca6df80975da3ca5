"""The invented documents as a whole dataset: every graph that a release has, in an in-memory Oxigraph."""

from __future__ import annotations

import pyoxigraph as ox

from graph.curation import Entry, curation_triples, resolve, words_of
from graph.derived import (
    IssueGroup,
    agent_triples,
    derived_graph_triples,
    issue_triples,
    lineage_triples,
    neighbour_triples,
    repetition_triples,
    restatement_triples,
    theme_triples,
    vocabulary_graph_triples,
)
from graph.iris import DEFAULT_BASE, DocumentIris, Iris
from graph.mapping import document_triples
from graph.register import register_triples
from tests.invented_extractions import (
    EMBEDDER,
    LINEAGE,
    LINKER,
    REGISTER,
    all_invented,
    similarity_links,
    successions,
    theme_links,
)


def invented_graphs(base: str = DEFAULT_BASE) -> dict[str, bytes]:
    """IRI of each named graph → its N-Triples."""
    iris = Iris(base)
    graphs = {
        DocumentIris.of(d.extraction, iris).graph: document_triples(d.extraction, base, text=d.text, register=REGISTER)
        for d in all_invented()
    }
    derived = {
        "agents": agent_triples([d.extraction for d in all_invented()], [LINKER, EMBEDDER, LINEAGE], base),
        "themes": derived_graph_triples("themes", LINKER, base) + theme_triples(theme_links(iris), base),
        "neighbours": derived_graph_triples("neighbours", EMBEDDER, base) + neighbour_triples(similarity_links(iris)),
        "lineage": lineage_triples(successions(iris), LINEAGE, base),
        "restatements": restatement_triples(
            [(link.item, link.neighbour) for link in similarity_links(iris)][:1], LINEAGE, base
        ),
        "curation": _curation(base),
        "repetitions": repetition_triples(_lineage(iris), LINEAGE, base),
        "issues": issue_triples(_groups(iris), EMBEDDER, base),
        "register": register_triples(REGISTER, base),
        "vocabulary": vocabulary_graph_triples(base),
    }
    return graphs | {iris.derived_graph(name): triples for name, triples in derived.items()}


def _curation(base: str) -> bytes:
    """Corrections of every kind, one of them taken back."""
    documents = [(d.extraction, DocumentIris.of(d.extraction, Iris(base))) for d in all_invented()]
    report, iris = documents[0]
    about = {"item": iris.findings[0], "item_kind": "finding", "words": words_of(report.findings[0].text)}
    target = {"target": iris.findings[1], "target_words": words_of(report.findings[1].text)}
    when = "2026-11-27T08:00:00Z"
    drafts = [
        Entry("a1", "correct", when, "Jane Doe", "The printer erred.", fields={"section": "Leadership"}, **about),
        Entry("a2", "themes", when, "Jane Doe", "It is about this.", add=("neglect",), remove=("leadership",), **about),
        Entry("a3", "link", when, "Jane Doe", "They say the same.", relation="similar", **target, **about),
        Entry("a4", "hide", when, "Jane Doe", "A heading.", **about),
        Entry("a5", "revert", when, "Operator", "It is none.", reverts="a4"),
    ]
    return curation_triples(drafts, resolve(drafts, documents), base)


def _lineage(iris: Iris) -> list[dict[str, str | None]]:
    """Rows as of the table ``lineage``: which recommendations they are of is made up."""
    one, other, third = _recommendations(iris)[:3]
    return [
        {"earlier": one, "item": other, "kind": "repeated"},
        {"earlier": one, "item": third, "kind": "reworded"},
        {"earlier": other, "item": None, "kind": "not-seen-again"},
    ]


def _groups(iris: Iris) -> list[IssueGroup]:
    one, other, third = _recommendations(iris)[:3]
    return [
        IssueGroup("0123456789ab", one, ("supervision",), (one, other), uncovered=False),
        IssueGroup("ba9876543210", third, ("interpreters",), (third,), uncovered=True),
    ]


def _recommendations(iris: Iris) -> list[str]:
    return [r for d in all_invented() for r in DocumentIris.of(d.extraction, iris).recommendations]


def invented_store(base: str = DEFAULT_BASE) -> ox.Store:
    store = ox.Store()
    for name, triples in invented_graphs(base).items():
        store.bulk_load(triples, format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(name))
    return store
