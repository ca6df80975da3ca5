"""The theme scheme: its ids are kept, its labels are rich and lead to one theme each."""

from __future__ import annotations

import csv
from collections import Counter

import pytest
from rdflib import Graph
from rdflib.namespace import RDF, SKOS

from ontology.resources import Theme, text, themes
from tests.shared_documents import shared_dir

_BY_ID = {theme.id: theme for theme in themes()}


def _plain(label: str) -> str:
    return " ".join(label.casefold().replace("’", "'").split())


def test_there_are_fifty_six_themes_under_seven_top_themes() -> None:
    assert len(themes()) == len(_BY_ID) == 56
    assert sum(theme.broader is None for theme in themes()) == 7


@pytest.mark.shared
@pytest.mark.skipif(shared_dir() is None, reason="the real documents are not here")
def test_ids_labels_and_scopes_are_those_of_the_reference() -> None:
    folder = shared_dir()
    assert folder is not None
    with (folder / "reference" / "themes.csv").open(encoding="utf-8", newline="") as lines:
        wanted = {(r["id"], r["broader"] or None, r["label"], r["scope"]) for r in csv.DictReader(lines)}
    assert {(t.id, t.broader, t.label, t.scope) for t in themes()} == wanted


def test_every_theme_has_a_scope_labels_and_look_alikes() -> None:
    for theme in themes():
        assert theme.scope, theme.id
        assert len(theme.alt_labels) >= 5, theme.id
        assert len(theme.hidden_labels) >= 10, theme.id
        assert theme.not_labels, theme.id


def test_a_broader_theme_is_a_top_theme_and_stands_before_its_narrower_ones() -> None:
    seen: set[str] = set()
    for theme in themes():
        if theme.broader is not None:
            assert theme.broader in seen
            assert _BY_ID[theme.broader].broader is None
        seen.add(theme.id)


def test_no_label_leads_to_two_themes() -> None:
    owners = Counter(_plain(label) for theme in themes() for label in {_plain(label) for label in theme.labels})
    assert [label for label, count in owners.items() if count > 1] == []


def test_no_theme_excludes_its_own_label() -> None:
    for theme in themes():
        assert not {_plain(label) for label in theme.labels} & {_plain(label) for label in theme.not_labels}, theme.id


def test_labels_are_clean() -> None:
    for theme in themes():
        for label in (*theme.labels, *theme.not_labels):
            assert label == " ".join(label.split()) != "", label


@pytest.mark.parametrize(
    ("label", "theme"),
    [
        ("LAC", "children-in-care"),
        ("CSE", "exploitation-and-missing"),
        ("MASH", "front-door"),
        ("IRO", "care-planning"),
        ("EHCP", "ehc-plans"),
        ("PEP", "education-of-children-in-care"),
        ("LADO", "allegations-management"),
        ("UASC", "asylum-seeking-children"),
        ("NEET", "care-leaver-employment"),
        ("CAMHS", "send-health-services"),
        ("core assessment", "assessment"),
        ("Statement of special educational needs", "ehc-plans"),
        ("area child protection committee", "safeguarding-board"),
        ("Child protection register", "child-protection"),
        ("Connexions", "care-leaver-employment"),
        ("Quality Protects", "children-in-care"),
        ("ACPC", "safeguarding-board"),
    ],
)
def test_abbreviations_and_older_terms_lead_to_their_theme(label: str, theme: str) -> None:
    assert [t.id for t in themes() if _plain(label) in map(_plain, t.labels)] == [theme]


@pytest.mark.parametrize(
    ("label", "theme"),
    [
        ("age assessment", "assessment"),
        ("return home interviews", "pre-proceedings"),
        ("adoption of the policy", "permanence-and-adoption"),
        ("Commission for Social Care Inspection", "commissioning"),
        ("education, employment and training", "training"),
        ("contact and referral", "family-time"),
    ],
)
def test_look_alikes_are_excluded(label: str, theme: str) -> None:
    assert label in _BY_ID[theme].not_labels


def test_the_values_are_what_the_file_says() -> None:
    graph = Graph().parse(data=text("themes.ttl"), format="turtle")
    for concept in graph.subjects(RDF.type, SKOS.Concept):
        theme: Theme = _BY_ID[str(graph.value(concept, SKOS.notation))]
        assert str(concept).rsplit("/", 1)[-1] == theme.id
        assert {str(label) for label in graph.objects(concept, SKOS.altLabel)} == set(theme.alt_labels)
        assert {str(label) for label in graph.objects(concept, SKOS.hiddenLabel)} == set(theme.hidden_labels)
        assert not set(theme.alt_labels) & set(theme.hidden_labels)
