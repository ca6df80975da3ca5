"""Every kind of IRI that the graph mints answers: as a page, as Turtle, JSON-LD and N-Triples, by Accept and suffix."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from lxml import html as lxml_html

from graph.iris import DEFAULT_BASE
from ontology.namespaces import IG
from tests.small_release import publish
from webapp import create_app
from webapp.services import Services
from webapp.settings import Settings

FORMS = {
    "ttl": ("text/turtle", ox.RdfFormat.TURTLE),
    "jsonld": ("application/ld+json", ox.RdfFormat.JSON_LD),
    "nt": ("application/n-triples", ox.RdfFormat.N_TRIPLES),
}
#: How many IRIs of each kind are asked for.
SAMPLE = 3
#: The kinds that the release of this test holds, as (first segment, further segments, whether there is a fragment).
KINDS = {
    *((name, 1, False) for name in ("authorities", "documents", "inspections", "judgements", "findings", "actions")),
    *((name, 1, False) for name in ("recommendations", "evidence", "themes", "grades", "areas", "frameworks")),
    *((name, 1, False) for name in ("inspectorates", "statuses", "polarities", "document-kinds", "regions")),
    *((name, 1, False) for name in ("authority-types", "neighbour-sets", "agents", "graphs", "grade-schemes")),
    *((name, 0, False) for name in ("themes", "areas", "frameworks", "statuses", "polarities", "document-kinds")),
    *((name, 1, True) for name in ("documents", "evidence", "judgements", "authorities", "graphs", "recommendations")),
    ("documents", 2, False),
    ("documents", 2, True),
    ("ontology", 0, False),
    ("ontology", 0, True),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("dereferencing") / "data"
    publish(folder, now=datetime(2026, 1, 2, tzinfo=UTC), settings=Settings(**back_end_settings))
    return folder


@pytest.fixture(scope="module")
def services(data: Path, back_end_settings: dict[str, Any]) -> Services:
    return Services(Settings(data=data, **back_end_settings))


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    return create_app(services.settings, services).test_client()


def minted(services: Services) -> dict[tuple[str, int, bool], list[str]]:
    """IRIs under the base by kind: every subject, and every graph's name."""
    kinds: dict[tuple[str, int, bool], dict[str, None]] = defaultdict(dict)
    for quad in services.current().graph.quads_for_pattern(None, None, None, None):
        for term in (quad.subject, quad.graph_name):
            if isinstance(term, ox.NamedNode) and term.value.startswith(DEFAULT_BASE):
                path, _, fragment = term.value.removeprefix(DEFAULT_BASE).partition("#")
                segments = path.split("/")
                kinds[segments[0], len(segments) - 1, bool(fragment)][term.value] = None
    return {kind: sorted(iris) for kind, iris in kinds.items()}


def sample(iris: list[str]) -> list[str]:
    step = max(1, len(iris) // SAMPLE)
    return iris[::step][:SAMPLE]


def address(iri: str) -> str:
    return urlsplit("/" + iri.removeprefix(DEFAULT_BASE)).path


def subjects(body: bytes, form: ox.RdfFormat) -> set[str]:
    return {quad.subject.value for quad in ox.parse(body, format=form) if isinstance(quad.subject, ox.NamedNode)}


def test_the_release_of_this_test_mints_every_kind_that_is_asked_for(services: Services) -> None:
    assert set(minted(services)) >= KINDS


def test_every_kind_of_iri_has_a_page(services: Services, client: FlaskClient) -> None:
    for iris in minted(services).values():
        for iri in sample(iris):
            response = client.get(address(iri), headers={"Accept": "text/html,*/*;q=0.8"}, follow_redirects=True)
            assert response.status_code == 200, iri
            assert response.mimetype == "text/html", iri


@pytest.mark.parametrize("suffix", FORMS)
def test_every_kind_of_iri_has_data_by_suffix_that_speaks_of_it(
    services: Services, client: FlaskClient, suffix: str
) -> None:
    media_type, form = FORMS[suffix]
    for (folder, depth, _), iris in minted(services).items():
        for iri in sample(iris):
            response = client.get(f"{address(iri)}.{suffix}")
            assert response.status_code == 200, (iri, suffix)
            assert response.mimetype == media_type
            said = subjects(response.data, form)
            # the names of graphs that nothing is said of are those of the register, the vocabulary and the makers
            assert iri in said or (folder == "graphs" and depth == 1), (iri, suffix)


@pytest.mark.parametrize("suffix", FORMS)
def test_every_kind_of_iri_leads_to_its_data_by_accept(services: Services, client: FlaskClient, suffix: str) -> None:
    media_type, _ = FORMS[suffix]
    for iris in minted(services).values():
        for iri in sample(iris)[:1]:
            response = client.get(address(iri), headers={"Accept": media_type})
            assert response.status_code == 303, (iri, suffix)
            assert response.headers["Location"].endswith(f"{address(iri)}.{suffix}")
            assert "Accept" in response.headers["Vary"]


def test_every_term_of_the_vocabulary_has_its_anchor_and_its_statements(client: FlaskClient) -> None:
    turtle = client.get("/ontology.ttl").data
    terms = {iri.removeprefix(IG) for iri in subjects(turtle, ox.RdfFormat.TURTLE) if iri.startswith(IG)}
    tree = lxml_html.fromstring(client.get("/ontology").get_data(as_text=True))
    assert len(terms) > 100
    assert terms <= set(tree.xpath("//@id"))
    links = {link[1:] for link in tree.xpath("//a/@href") if link.startswith("#")}
    assert links <= set(tree.xpath("//@id"))


def test_the_terms_that_the_graph_uses_are_all_defined(services: Services, client: FlaskClient) -> None:
    defined = subjects(client.get("/ontology.nt").data, ox.RdfFormat.N_TRIPLES)
    quads = services.current().graph.quads_for_pattern(None, None, None, None)
    used = {quad.predicate.value for quad in quads}
    assert {iri for iri in used if iri.startswith(IG)} <= defined


def test_editions_and_shapes_answer_and_unknown_editions_do_not(client: FlaskClient) -> None:
    for path in ("/ontology/1.0.0", "/ontology/shapes", "/ontology/shapes/1.0.0"):
        assert client.get(path, follow_redirects=True).mimetype == "text/html"
        response = client.get(path, headers={"Accept": "text/turtle"}, follow_redirects=True)
        assert (response.status_code, response.mimetype) == (200, "text/turtle")
    assert client.get("/ontology/0.9").status_code == 404
    assert client.get("/ontology.exe").status_code == 404
    assert b"sh:targetClass" in client.get("/ontology/shapes.ttl").data


@pytest.mark.parametrize("suffix", FORMS)
def test_the_dataset_and_its_release_are_described_in_every_form(
    services: Services, client: FlaskClient, suffix: str
) -> None:
    media_type, form = FORMS[suffix]
    release = services.current()
    for path in ("/data", f"/data/{release.id}"):
        answer = client.get(path, headers={"Accept": media_type}, follow_redirects=True)
        assert answer.mimetype == media_type
        assert release.iri_of(f"data/{release.id}") in subjects(answer.data, form)


@pytest.mark.parametrize("path", ["/data", "/ontology", "/polarities", "/themes"])
def test_the_suffix_of_a_page_leads_to_it_where_the_page_speaks_of_much(client: FlaskClient, path: str) -> None:
    assert client.get(f"{path}.html", follow_redirects=True).mimetype == "text/html"


def test_a_browser_that_asks_before_it_reads_is_let_in(services: Services, client: FlaskClient) -> None:
    headers = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "accept"}
    for path in ("/data.ttl", "/ontology", address(minted(services)["documents", 1, False][0])):
        answer = client.options(path, headers=headers)
        assert answer.status_code < 300
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "*"


def test_a_query_of_ten_megabytes_is_told_in_text_how_long_it_may_be(client: FlaskClient) -> None:
    answer = client.post("/sparql", data=b"x" * 10_000_000, content_type="application/sparql-query")
    assert answer.status_code == 413
    assert answer.mimetype == "text/plain"
    assert "32,768 bytes" in answer.text


def test_what_no_release_ever_held_is_404_in_every_form(client: FlaskClient) -> None:
    for folder in ("findings", "documents", "themes", "agents", "evidence", "regions"):
        for suffix in ("", ".ttl", ".jsonld", ".nt"):
            assert client.get(f"/{folder}/nothing-of-this-name{suffix}").status_code == 404, (folder, suffix)
