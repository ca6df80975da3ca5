"""The W3C SPARQL 1.0 and 1.1 suites, over HTTP against the endpoint as it is served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.sparql_service import Service, publish, serving
from tests.w3c_suites import (
    EXCLUDED,
    SUITES,
    cases,
    description_failures,
    failure,
    protocol_failures,
    suite_graphs,
)

ROOT = Path(__file__).parents[1]
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(SUITES is None or not SUITES.is_dir(), reason="the W3C suites are not here"),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    release = publish(tmp_path_factory.mktemp("w3c"), suite_graphs())
    with serving(release.path / "graph") as running:
        yield running


@pytest.mark.parametrize(("version", "count"), [("sparql10", 482), ("sparql11", 338)])
def test_the_query_suites_pass_but_for_the_exclusions(service: Service, version: str, count: int) -> None:
    every = cases(version)
    failures = {case.name: reason for case in every if (reason := failure(service, case)) is not None}
    for name, reason in failures.items():
        print(name, reason)
    assert set(failures) == {name for name in EXCLUDED if name.startswith(version)}
    assert len(every) == count


def test_the_protocol_suite_passes_and_its_updates_are_all_refused(service: Service) -> None:
    found = protocol_failures(service)
    assert {iri: reason for iri, reason in found.items() if reason is not None} == {}
    assert Counter("update" in iri.rpartition("#")[2] for iri in found) == {False: 20, True: 14}


def test_the_service_description_passes_its_suite(service: Service) -> None:
    assert list(description_failures(service).values()) == [None] * 3
    reply = service.request("GET", headers={"Accept": "text/turtle"})
    assert reply.type == "text/turtle"
    assert b"BasicFederatedQuery" not in reply.body


def test_the_report_in_the_documentation_says_what_the_tests_say() -> None:
    store = ox.Store()
    store.load((ROOT / "docs" / "sparql-conformance.ttl").read_bytes(), format=ox.RdfFormat.TURTLE, base_iri="urn:x:")
    earl = "PREFIX earl: <http://www.w3.org/ns/earl#>"
    query = f"{earl} SELECT ?test ?outcome {{ ?a earl:test ?test ; earl:result/earl:outcome ?outcome }}"
    outcomes = {row["test"].value: row["outcome"].value.rpartition("#")[2] for row in store.query(query)}  # type: ignore[union-attr]
    every = [case for version in ("sparql10", "sparql11") for case in cases(version)]
    assert len(outcomes) == len(every) + 20 + 14 + 3
    assert {case.name for case in every if outcomes[case.iri] != "passed"} == set(EXCLUDED)
    assert Counter(outcomes.values()) == {"passed": len(outcomes) - len(EXCLUDED), "failed": len(EXCLUDED)}
