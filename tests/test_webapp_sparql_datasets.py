"""FROM and FROM NAMED mean the same over every graph server as in the engine that a release carries."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator

import pyoxigraph as ox
import pytest

from graph.remote_store import datasets_of, synchronise
from ontology.namespaces import XSD
from tests.back_ends import BackEnd
from tests.sparql_service import publish
from webapp.settings import Settings
from webapp.sparql import guard
from webapp.sparql.dataset_clause import dataset_clause
from webapp.sparql.engine import Dataset, SparqlEngine
from webapp.sparql.errors import RefusedQuery
from webapp.sparql.formats import by_name
from webapp.sparql.limits import Limits
from webapp.sparql.remote import RemotePool

EX = "https://example.org/"
BASE = "https://example.org/of/the/service"
LIMITS = Limits(workers=2)

#: ``{}`` is where the dataset clause stands.
CLAUSES = (
    "",
    "FROM <{EX}g1>",
    "FROM <{EX}g1> FROM <{EX}g2>",
    "FROM NAMED <{EX}g1>",
    "FROM NAMED <{EX}g1> FROM NAMED <{EX}g3>",
    "FROM <{EX}g1> FROM NAMED <{EX}g2> FROM <{EX}g3>",
    "FROM <{EX}nowhere>",
    "FROM NAMED <{EX}nowhere>",
)
PATTERNS = (
    "SELECT * {} {{ ?s ?p ?o }}",
    "SELECT (COUNT(*) AS ?n) {} WHERE {{ ?s ?p ?o }}",
    "SELECT ?g (COUNT(*) AS ?n) {} WHERE {{ GRAPH ?g {{ ?s ?p ?o }} }} GROUP BY ?g HAVING (COUNT(*) > 0) ORDER BY ?g",
    "SELECT ?s {} WHERE {{ GRAPH <{EX}g2> {{ ?s ?p ?o }} }}",
    "SELECT (COUNT(*) AS ?n) {} {{ GRAPH <{EX}g2> {{ ?s ?p ?o }} }}",
    "ASK {} {{ GRAPH <{EX}g2> {{ ?s ?p ?o }} }}",
    "ASK {} {{ ?s <{EX}p> 'text 0 of g2' }}",
    "SELECT ?n {} {{ {{ SELECT (COUNT(DISTINCT ?s) AS ?n) {{ ?s ?p ?o }} }} }}",
    "SELECT ?s ?o {} {{ ?s ?p ?o FILTER NOT EXISTS {{ GRAPH ?g {{ ?s <{EX}next> ?x }} }} }}",
    "SELECT ?a ?c {} {{ ?a <{EX}next>/<{EX}next> ?c }}",
    "SELECT ?s ?t {} {{ ?s <{EX}next> ?t OPTIONAL {{ GRAPH <{EX}g3> {{ ?t <{EX}p> ?o }} }} }}",
    "SELECT ?s {} {{ {{ ?s ?p 'text 1 of g1' }} UNION {{ GRAPH ?g {{ ?s ?p 'text 1 of g2' }} }} }}",
    "CONSTRUCT {{ ?s <{EX}was> ?o }} {} WHERE {{ ?s <{EX}p> ?o }}",
    "CONSTRUCT {} WHERE {{ ?s <{EX}next> ?o }}",
    "DESCRIBE <{EX}g1/0> {}",
    "DESCRIBE ?s {} WHERE {{ ?s <{EX}p> 'text 1 of g3' }}",
)
#: A name or a text with the letters of a clause is none.
WITHOUT = (
    f"PREFIX FROM: <{XSD}> SELECT ?s {{ ?s <{EX}p> ?o }} ORDER BY FROM:string(?o) ?s",
    f"PREFIX from: <{EX}> SELECT ?s {{ ?s from:next ?o }}",
    f"PREFIX FROM: <{EX}g1/> DESCRIBE FROM:0 FROM:1",
    "SELECT ?FROM { ?FROM ?p 'FROM <urn:x>' } # FROM <urn:y>",
    f"BASE <{EX}g1/> DESCRIBE <0>",
    f"BASE <{EX}a/> PREFIX : <../g1/> BASE <g2/> SELECT ?o {{ {{ :0 ?p ?o }} UNION {{ <../../g2/0> ?p ?o }} }}",
)
SPELLINGS = (
    f"PREFIX e: <{EX}> select ?s from e:g1 from named e:g2 where {{ ?s ?p ?o }}",
    f"PREFIX : <{EX}> SELECT * FROM :g1 {{ ?s ?p ?o }}",
    f"BASE <{EX}a/b/> SELECT ?s FROM <../../g1> {{ ?s ?p ?o }}",
    f"BASE <{EX}a/b/> BASE <../> PREFIX r: <../g> SELECT * FROM r:1 FROM NAMED <../g2> {{ ?s ?p ?o GRAPH r:2 {{}} }}",
    "SELECT ?s FROM </g1> { ?s ?p ?o }",
    "SELECT ?s FROM </g1> { GRAPH </g2> { ?s ?p ?o } }",
    f"SELECT ?s FROM <{EX}\\u0067\\U00000031> {{ ?s ?p ?o }}",
    f"SELECT*FROM<{EX}g1>FROM NAMED<{EX}g2>{{?s ?p ?o}}",
    f"SELECT ('FROM <{EX}g3>' AS ?t) ?s # FROM <{EX}g3>\nFROM # of which?\n<{EX}g1> {{ ?s ?p ?o }}",
    f'SELECT ?s FROM <{EX}g1> {{ ?s ?p ?o FILTER (?o != """\nFROM <{EX}g2> {{""") }}',
    f"PREFIX FROM: <{EX}> SELECT ?s FROM FROM:g1 {{ ?s FROM:p ?o }}",
    f"PREFIX FROM: <{EX}g1/> DESCRIBE FROM:0 FROM:1 FROM <{EX}g1>",
    f"PREFIX named: <{EX}> SELECT ?s FROM named:g1 FROM NAMED named:g2 {{ ?s ?p ?o }}",
    f"PREFIX from: <{EX}> CONSTRUCT {{ ?s from:p ?o }} FROM from:g1 {{ ?s ?p ?o }}",
    f"SELECT ?s (SUM(IF(?o = 'FROM', 1, 2)) AS ?from) FROM <{EX}g1> {{ ?s ?p ?o }} GROUP BY ?s",
    f"ASK FROM <{EX}g1> {{ VALUES ?s {{ <{EX}g2/0> }} ?s ?p ?o }}",
)


def triples(graph: str, count: int) -> list[ox.Quad]:
    """A chain whose last link leads into the next graph."""
    name, here = ox.NamedNode(EX + graph), [ox.NamedNode(f"{EX}{graph}/{number}") for number in range(count)]
    following = ox.NamedNode(f"{EX}g{int(graph[1:]) % 3 + 1}/0")
    made = []
    for number, (node, other) in enumerate(zip(here, [*here[1:], following], strict=True)):
        made.append(ox.Quad(node, ox.NamedNode(f"{EX}p"), ox.Literal(f"text {number} of {graph}"), name))
        made.append(ox.Quad(node, ox.NamedNode(f"{EX}next"), other, name))
    return made


def graph(store: ox.Store, name: ox.NamedNode) -> bytes:
    found = ox.serialize(
        (q.triple for q in store.quads_for_pattern(None, None, None, name)), format=ox.RdfFormat.N_TRIPLES
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def store() -> ox.Store:
    made = ox.Store()
    made.extend([*triples("g1", 2), *triples("g2", 3), *triples("g3", 4)])
    return made


@pytest.fixture(scope="module")
def engine(
    graph_back_end: BackEnd, store: ox.Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SparqlEngine]:
    folder, pool = tmp_path_factory.mktemp("datasets"), None
    release = publish(folder, {name.value: graph(store, name) for name in store.named_graphs()})
    if datasets := datasets_of(Settings(**graph_back_end.settings())):
        synchronise(store, datasets[0], folder / "journals")
        pool = RemotePool(datasets[0], LIMITS)
    with SparqlEngine(release.path / "graph", LIMITS, base_iri=BASE, pool=pool) as opened:
        yield opened


#: What an answer is compared by: its boolean, its rows with their numbers, or its triples.
Rows = bool | Counter[frozenset[tuple[str, str]]]


def expected(store: ox.Store, query: str, *, heeded: bool) -> Rows:
    """By the library itself, which ignores a clause where it is asked for the union of all graphs."""
    result = store.query(query, base_iri=BASE, use_default_graph_as_union=not heeded)
    if isinstance(result, ox.QueryBoolean):
        return bool(result)
    if isinstance(result, ox.QueryTriples):
        return Counter({frozenset({("triple", str(triple))}) for triple in result})
    names = [variable.value for variable in result.variables]
    return Counter(frozenset((name, row[name].value) for name in names if row[name] is not None) for row in result)


def answered(engine: SparqlEngine, query: str) -> Rows:
    if engine.check(query).form in {"CONSTRUCT", "DESCRIBE"}:
        quads = ox.parse(b"".join(engine.run(query, "nt")), format=ox.RdfFormat.N_TRIPLES)
        return Counter({frozenset({("triple", str(quad.triple))}) for quad in quads})
    data = json.loads(b"".join(engine.run(query, "json")))
    if "boolean" in data:
        return bool(data["boolean"])
    return Counter(frozenset((n, term["value"]) for n, term in row.items()) for row in data["results"]["bindings"])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_dataset_clause_says_what_is_asked(
    engine: SparqlEngine, graph_back_end: BackEnd, store: ox.Store, pattern: str
) -> None:
    seen = set()
    for clause in CLAUSES:
        if graph_back_end.kind == "virtuoso" and pattern.startswith("DESCRIBE <") and "NAMED" in clause:
            continue  # it describes from named graphs too
        query = pattern.format(clause.format(EX=EX), EX=EX)
        found = answered(engine, query)
        assert found == expected(store, query, heeded=bool(clause)), query
        seen.add(str(found))
    assert len(seen) > 1  # it makes a difference


@pytest.mark.parametrize("query", SPELLINGS)
def test_a_dataset_clause_is_found_however_it_is_written(engine: SparqlEngine, store: ox.Store, query: str) -> None:
    assert answered(engine, query) == expected(store, query, heeded=True)


@pytest.mark.parametrize("query", WITHOUT)
def test_what_only_looks_like_a_dataset_clause_is_none(engine: SparqlEngine, store: ox.Store, query: str) -> None:
    found = answered(engine, query)
    assert found == expected(store, query, heeded=False)
    assert found or "urn:x" in query


def test_the_dataset_of_the_request_overrules_the_clause(engine: SparqlEngine, store: ox.Store) -> None:
    graphs = tuple(f"{EX}g{number}" for number in (1, 2, 3))
    text = f"SELECT ?s ?g FROM <{EX}g3> FROM NAMED <{EX}g3> {{ {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ ?s ?p ?o }} }} }}"
    query, chosen = engine.check(text), by_name("json", "SELECT")
    assert chosen is not None
    for default, named in itertools.product((None, graphs[:1], graphs[1:]), repeat=2):
        if default is None and named is None:
            continue
        with contextlib.closing(engine.answer(query, chosen, Dataset(default, named))) as answer:
            found = json.loads(answer.whole())["results"]["bindings"]
        result = store.query(
            text,
            default_graph=[ox.NamedNode(iri) for iri in default or ()],
            named_graphs=[ox.NamedNode(iri) for iri in named or ()],
        )
        assert isinstance(result, ox.QuerySolutions)
        rows = Counter((row["s"].value, row["g"].value if row["g"] is not None else "") for row in result)
        assert Counter((row["s"]["value"], row.get("g", {"value": ""})["value"]) for row in found) == rows


@pytest.mark.parametrize(
    "query",
    [
        "PREFIX : <urn:> ASKFROM:g {}",
        "ASKFROM<urn:g> {}",
        "PREFIX : <urn:> SELECT * FROM:g { ?s ?p ?o }",
        "PREFIX : <urn:> SELECT * FROMNAMED:g { ?s ?p ?o }",
        "PREFIX : <urn:> SELECT * FROM NAMED:g { ?s ?p ?o }",
        "PREFIX : <urn:> DESCRIBE <urn:x> FROM:g",
        "CONSTRUCTFROM<urn:g>WHERE{ ?s ?p ?o }",
    ],
)
def test_a_clause_that_only_one_parser_can_read_is_refused_at_its_place(query: str) -> None:
    ox.Store().query(query)  # which takes it
    with pytest.raises(RefusedQuery, match="must stand by itself") as refused:
        dataset_clause(guard.check(query, LIMITS))
    assert refused.value.column in {query.find("FROM") + 1, query.find("NAMED") + 1, query.find("ASK") + 1, 1}


@pytest.mark.parametrize("query", SPELLINGS)
def test_a_query_is_still_one_without_its_clause(query: str) -> None:
    clause = dataset_clause(guard.check(query, LIMITS))
    assert clause is not None
    ox.Store().query(clause.text, base_iri=BASE)
    assert dataset_clause(guard.check(clause.text, LIMITS)) is None
