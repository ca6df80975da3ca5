"""Queries made by chance, answered alike by the endpoint's engine and by two engines that share no code with it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph

from ontology.namespaces import XSD
from tests.generated_queries import QueryMaker
from tests.invented_dataset import invented_graphs
from tests.outside_clients import comunica, comunica_is_here
from tests.sparql_service import publish
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.limits import Limits

NUMBER = 300
ROWS = 3000
#: What tells a query that another engine answers otherwise → where that engine, or our own, leaves the standard.
EXPLAINED_OWN = {
    r"(<[^>]*>)\|\1 ": "Oxigraph has no duplicates in p|p (oxigraph#351); it is a union, with both (18.2.2.4)",
}
EXPLAINED_RDFLIB = EXPLAINED_OWN | {
    r"^SELECT \?p \(COUNT.* GROUP BY \?p": "rdflib gives one empty row for no groups; there are none (18.5.1)",
    r'FILTER\(\?t > "': "rdflib orders a text with a language and one without; that is an error (17.3)",
    r'FILTER\(\?d > ".*XMLSchema#date>': "rdflib orders dates and other datatypes; that is an error (17.3)",
    r"VALUES .*XMLSchema#dateTime>": "rdflib rewrites the zone of a dateTime, and does not find it again",
    r"BIND\(\?n \* 2 AS": "rdflib gives the product of two integers as a decimal; it is an integer (17.3)",
}
EXPLAINED_COMUNICA = EXPLAINED_OWN | {
    r'FILTER\(\?t > "': "Comunica orders texts by the machine's locale; it is by code point (17.3, fn:compare)",
    r'LANGMATCHES\(LANG\(\?t\), "\*"\)': "Comunica lets * match no language; it matches any but none (17.4.3.10)",
    r"STRBEFORE\(\?t": "Comunica gives no language to the nothing before a beginning; the text's own is due (17.4.3.9)",
    r"/<[^>]*>\? \?o": "Comunica finds nothing of length zero in a sequence of paths; the start is found (18.4)",
}

#: What an answer is compared by: its boolean, or its rows or triples with their numbers.
Answer = bool | Counter[frozenset[tuple[str, str]]]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented documents as one graph, as the store writes it: 8,000 triples of N-Triples."""
    store = ox.Store()
    for triples in invented_graphs().values():
        store.load(triples, format=ox.RdfFormat.N_TRIPLES)
    file = tmp_path_factory.mktemp("agreement") / "graph.nt"
    store.dump(file, format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    return file


@pytest.fixture(scope="module")
def engine(graph: Path) -> Iterator[SparqlEngine]:
    release = publish(graph.parent / "data", {"urn:x:all": graph.read_bytes()})
    with SparqlEngine(release.path / "graph", Limits(), resident=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def queries(graph: Path, engine: SparqlEngine) -> dict[str, Answer]:
    """Queries and the engine's own answers; those with too many rows for the slowest of the three are left out."""
    quads = ox.parse(graph.read_bytes(), format=ox.RdfFormat.N_TRIPLES)
    maker = QueryMaker([quad.triple for quad in quads], seed=20261127)
    found: dict[str, Answer] = {}
    while len(found) < NUMBER:
        _, query = maker.make()
        answer = own(engine, query)
        if isinstance(answer, bool) or answer.total() <= ROWS:
            found[query] = answer
    return found


# ------------------------------------------------------------------------------------------------------------- answers


def own(engine: SparqlEngine, query: str) -> Answer:
    if query.startswith("CONSTRUCT"):
        return triples(b"".join(engine.run(query, "nt")))
    return from_json(json.loads(b"".join(engine.run(query, "json"))))


def by_rdflib(graph: Graph, query: str) -> Answer:
    result = graph.query(query)
    if result.type == "ASK":
        return bool(result.askAnswer)
    if result.type == "CONSTRUCT":
        assert result.graph is not None
        return triples(result.graph.serialize(format="nt", encoding="utf-8"))
    data = result.serialize(format="json")
    assert data is not None
    return from_json(json.loads(data))


def by_comunica(answer: dict[str, object]) -> Answer:
    assert "error" not in answer, answer
    if "triples" in answer:
        return triples(str(answer["triples"]).encode())
    return from_json(answer["results"])  # type: ignore[arg-type]


def from_json(results: dict[str, dict[str, list[dict[str, dict[str, str]]]]]) -> Answer:
    if "boolean" in results:
        return bool(results["boolean"])
    rows = results["results"]["bindings"]
    return Counter(frozenset((name, value(term)) for name, term in row.items()) for row in rows)


def value(term: dict[str, str]) -> str:
    """A term by what it means: numbers to nine places, language tags in lower case, UTC as Z."""
    if term["type"] == "uri":
        return f"<{term['value']}>"
    datatype = term.get("datatype", f"{XSD}string")
    if "xml:lang" in term:
        return f'"{term["value"]}"@{term["xml:lang"].lower()}'
    if datatype == f"{XSD}dateTime":
        return f'"{term["value"].replace("+00:00", "Z")}"^^{datatype}'
    if datatype in {f"{XSD}integer", f"{XSD}decimal", f"{XSD}double"}:
        # the type of a sum or a mean is told apart, 2 and 2.0 as decimals are not
        return f"{datatype.removeprefix(XSD)} {round(Decimal(term['value']), 9).normalize():f}"
    return f'"{term["value"]}"^^{datatype}'


def triples(data: bytes) -> Answer:
    """A graph has each triple once, however often it is written; UTC as Z."""
    written = (str(quad).replace('+00:00"^^', 'Z"^^') for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES))
    return Counter({frozenset({("triple", quad)}) for quad in written})


def differences(
    queries: dict[str, Answer], answer: Callable[[str], Answer], explained: dict[str, str]
) -> tuple[list[str], Counter[str]]:
    """Queries that are answered otherwise without an explanation, and how many each explanation covers."""
    unexplained, covered = [], Counter[str]()
    for query, expected in queries.items():
        found = answer(query)
        if found == expected:
            continue
        reason = next((reason for pattern, reason in explained.items() if re.search(pattern, query)), None)
        if reason is None:
            shown = (expected, found)
            if isinstance(expected, Counter) and isinstance(found, Counter):
                shown = (list((expected - found).items())[:3], list((found - expected).items())[:3])  # type: ignore[assignment]
            unexplained.append(f"{query}\n  ours: {shown[0]}\n  other: {shown[1]}")
        else:
            covered[reason] += 1
    return unexplained, covered


# --------------------------------------------------------------------------------------------------------------- tests


def test_most_queries_find_something(queries: dict[str, Answer]) -> None:
    assert len(queries) == NUMBER
    assert sum(1 for answer in queries.values() if answer) >= 0.85 * NUMBER


@pytest.mark.slow
def test_rdflib_answers_alike(graph: Path, queries: dict[str, Answer]) -> None:
    loaded = Graph().parse(graph, format="nt")
    unexplained, covered = differences(queries, lambda query: by_rdflib(loaded, query), EXPLAINED_RDFLIB)
    print(dict(covered))
    assert not unexplained, "\n".join(unexplained)


@pytest.mark.slow
@pytest.mark.skipif(not comunica_is_here(), reason="Comunica is not installed: npm ci --prefix tests/comunica")
def test_comunica_answers_alike(graph: Path, queries: dict[str, Answer]) -> None:
    answers = dict(zip(queries, comunica(str(graph), list(queries)), strict=True))
    unexplained, covered = differences(queries, lambda query: by_comunica(answers[query]), EXPLAINED_COMUNICA)
    print(dict(covered))
    assert not unexplained, "\n".join(unexplained)
