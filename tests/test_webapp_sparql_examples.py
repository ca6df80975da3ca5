"""Every example query runs by the endpoint's own engine, and its rows are counted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

import pytest

from graph.remote_store import datasets_of, synchronise
from graph.store import open_read_only
from ontology.namespaces import IG
from tests.back_ends import BackEnd
from tests.invented_dataset import invented_graphs
from tests.small_release import publish as publish_small
from tests.sparql_service import publish
from webapp.services import Services
from webapp.settings import Settings
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.examples import AUDIENCES, load_examples
from webapp.sparql.limits import Limits
from webapp.sparql.remote import RemotePool

#: Example → rows on the invented documents; triples for the one that builds a graph.
ROWS = {
    "abbreviations": 2,
    "actions-on-a-theme": 3,
    "anchors": 13,
    "asked-elsewhere": 4,
    "asked-of-others": 2,
    "asked-of-those-that-improved": 4,
    "bodies-that-are-no-more": 1,
    "boxes": 6,
    "corpus": 3,
    "derived-graphs": 6,
    "from-metadata": 2,
    "grades-by-framework": 4,
    "grades-over-time": 4,
    "graph-of-one-theme": 8,
    "history-of-an-action": 3,
    "initials": 1,
    "labels": 36,
    "least-sure": 13,
    "not-done-in-time": 1,
    "owners-and-dates": 1,
    "polarity-by-theme": 5,
    "predecessors": 1,
    "printed-words": 7,
    "provenance": 13,
    "recommendations-by-grade": 3,
    "regions": 4,
    "scales": 16,
    "similar-recommendations": 3,
    "statistical-neighbours": 6,
    "themes-by-year": 11,
    "themes-together": 1,
    "time-between": 2,
    "top-themes": 6,
    "unanswered": 1,
    "vague-dates": 4,
    "where-it-stands": 2,
}
#: Examples that search, on the small release: whether they must find something there.
SEARCHES = {
    "actions-on-the-like": True,
    "grounds-of-a-search": False,
    "search-by-meaning": True,
    "search-by-words": False,
    "similar-and-improved": False,
    "two-searches": False,
}
EXAMPLES = {example.name: example for example in load_examples()}


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory, back_end: BackEnd) -> Iterator[SparqlEngine]:
    folder = tmp_path_factory.mktemp("invented")
    release = publish(folder, invented_graphs())
    pool = None
    if datasets := datasets_of(Settings(**back_end.settings())):
        synchronise(open_read_only(release.path / "graph"), datasets[0], folder / "journals")
        pool = RemotePool(datasets[0], Limits())
    with SparqlEngine(release.path / "graph", Limits(), resident=True, pool=pool) as engine:
        yield engine


@pytest.fixture(scope="module")
def searching(tmp_path_factory: pytest.TempPathFactory, back_end: BackEnd) -> Iterator[SparqlEngine]:
    folder = tmp_path_factory.mktemp("small")
    settings = Settings(data=folder, **back_end.settings())
    publish_small(folder, settings=settings)
    release = Services(settings).current()  # which must outlive its engine
    with release.sparql as engine:
        yield engine


def rows(engine: SparqlEngine, query: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(engine.run(query, "csv")).decode(), newline="")))[1:]


def test_there_are_thirty_and_more_for_each_of_three_readers() -> None:
    assert set(EXAMPLES) == set(ROWS) | set(SEARCHES)
    audiences = Counter(example.audience for example in EXAMPLES.values())
    assert set(audiences) == set(AUDIENCES)
    assert audiences.total() >= 30
    assert min(audiences.values()) >= 8


@pytest.mark.parametrize("name", ROWS)
def test_an_example_has_the_rows_that_it_should(invented: SparqlEngine, name: str) -> None:
    query = EXAMPLES[name].query
    if "CONSTRUCT" in query:
        assert b"".join(invented.run(query, "nt")).count(b"\n") == ROWS[name]
    else:
        assert len(rows(invented, query)) == ROWS[name]


@pytest.mark.parametrize("name", SEARCHES)
def test_an_example_that_searches_joins_what_is_found(searching: SparqlEngine, name: str) -> None:
    found = rows(searching, EXAMPLES[name].query)
    assert found or not SEARCHES[name]


def test_what_a_clause_finds_comes_best_first_and_joins(searching: SparqlEngine) -> None:
    clause = 'SERVICE ig:search { ?item ig:query "supervision" ; ig:rank ?rank ; ig:limit 5 }'
    query = f"PREFIX ig: <{IG}> SELECT ?item ?rank ?text {{ {clause} ?item ig:text ?text }} ORDER BY ?rank"
    found = rows(searching, query)
    assert found
    assert [row[1] for row in found] == [str(rank) for rank in range(1, len(found) + 1)]
