"""A graph server: a release appears there whole or not at all, and only standard SPARQL reaches it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from graph.errors import ReleaseError
from graph.release import Release, switch
from graph.remote_store import (
    PROFILES,
    Account,
    AnswerCut,
    GraphServerError,
    RemoteDataset,
    datasets_of,
    idle_dataset,
    synchronise,
)
from graph.store import open_read_only
from ontology.namespaces import XSD
from tests.back_ends import BackEnd, running
from tests.small_release import publish
from webapp.services import Services
from webapp.settings import Settings
from webapp.sparql.errors import LimitExceeded, QueryError, RefusedQuery
from webapp.sparql.limits import Limits
from webapp.sparql.nursery import Head, Task
from webapp.sparql.remote import RemotePool, refuse_own, without_comments
from webapp.sparql.tables import read

SERVERS = ["oxigraph", pytest.param("virtuoso", marks=pytest.mark.slow)]
EX = "https://example.org/"


@pytest.fixture(scope="module", params=SERVERS)
def graphs(request: pytest.FixtureRequest) -> Iterator[BackEnd]:
    with running(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def remote(graphs: BackEnd) -> Settings:
    return Settings(**graphs.settings())


def store(triples: dict[str, list[str]]) -> ox.Store:
    made = ox.Store()
    for name, lines in triples.items():
        made.load("\n".join(lines).encode(), format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(EX + name))
    return made


def held(dataset: RemoteDataset) -> set[str]:
    return {str(quad) for quad in dataset.quads_for_pattern(None, None, None, None)}


def triple(number: int, text: str = "x") -> str:
    return f'<{EX}s{number}> <{EX}p> "{text} {number}" .'


@pytest.fixture
def datasets(remote: Settings) -> tuple[RemoteDataset, ...]:
    found = datasets_of(remote)
    for dataset in found:
        for name in list(dataset.graphs()):
            dataset.remove_graph(name)
    return found


def test_a_dataset_becomes_what_the_store_holds(datasets: tuple[RemoteDataset, ...], tmp_path: Path) -> None:
    first = store({"a": [triple(1), triple(2)], "b": [triple(3, 'caf\u00e9 \u201cquoted\u201d \U0001f600 \\"')]})
    assert synchronise(first, datasets[0], tmp_path) == 3
    assert held(datasets[0]) == {str(quad) for quad in first}
    second = store({"b": [triple(4)], "c": [triple(number) for number in range(90_000)]})
    assert synchronise(second, datasets[0], tmp_path) == 90_001
    assert set(datasets[0].graphs()) == {f"{EX}b", f"{EX}c"}
    assert len(datasets[0]) == 90_001


def test_terms_come_back_as_they_were_sent(datasets: tuple[RemoteDataset, ...]) -> None:
    texts = [
        "a\r\nb",
        "a\rb",
        "\tx ",
        "  ",
        "",
        " > <literal> ",
        "\x08",
        "\x0b",
        "<&>\"'",
        "]]>",
        "\u00a0a\u2028",
        "\U0001f600",
    ]
    types = {
        "date": "2020-01-01",
        "integer": "1",
        "boolean": "true",
        "dateTime": "2020-01-01T10:00:00Z",
        "gYear": "2020",
    }
    terms = [ox.Literal(text) for text in texts]
    terms += [ox.Literal(text, datatype=ox.NamedNode(XSD + name)) for name, text in types.items()]
    terms += [ox.Literal(" chat ", language="en-gb"), ox.Literal("x", datatype=ox.NamedNode("urn:t"))]
    terms += [ox.Literal(f"{' ' * (number % 3)}{number}{' ' * (number % 2)}") for number in range(3_000)]
    triples = [ox.Triple(ox.NamedNode(f"{EX}{n}"), ox.NamedNode(f"{EX}p"), term) for n, term in enumerate(terms)]
    sent = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    assert sent is not None
    datasets[0].replace_graph(f"{EX}terms", sent)
    found = {quad.triple for quad in datasets[0].quads_for_pattern(None, None, None, ox.NamedNode(f"{EX}terms"))}
    assert found == set(triples)
    assert datasets[0].query(f"ASK {{ <{EX}0> ?p ?o }}")
    assert not datasets[0].query(f"ASK {{ <{EX}none> ?p ?o }}")


def test_no_two_graphs_of_a_release_share_a_triple(tmp_path: Path) -> None:
    """Else a server whose union does not merge would count some twice."""
    graph = open_read_only(publish(tmp_path).path / "graph")
    assert len({quad.triple for quad in graph}) == len(graph)


def test_only_graphs_that_differ_are_sent(datasets: tuple[RemoteDataset, ...], tmp_path: Path) -> None:
    sent: list[None] = []
    graphs = {name: [triple(number)] for number, name in enumerate("abcde")}
    synchronise(store(graphs), datasets[0], tmp_path, lambda: sent.append(None))
    synchronise(store({**graphs, "c": [triple(9)]}), datasets[0], tmp_path, lambda: sent.append(None))
    assert len(sent) == 6


def test_a_dataset_that_somebody_else_writes_to_is_refused(datasets: tuple[RemoteDataset, ...], tmp_path: Path) -> None:
    graphs = store({"a": [triple(1)], "b": [triple(2)]})
    synchronise(graphs, datasets[0], tmp_path)
    datasets[0].replace_graph(f"{EX}a", f"{triple(1)}\n{triple(7)}\n".encode())
    with pytest.raises(ReleaseError, match="nobody else may write there"):
        synchronise(graphs, datasets[0], tmp_path)
    assert synchronise(graphs, datasets[0], tmp_path) == 2  # and the next attempt sends everything


def _killed(remote: Settings, folder: Path) -> None:
    count = [0]

    def die() -> None:
        count[0] += 1
        if count[0] == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    synchronise(store({name: [triple(1)] for name in "abcdef"}), datasets_of(remote)[0], folder, die)


def test_after_a_killed_publication_the_next_is_whole(
    remote: Settings, datasets: tuple[RemoteDataset, ...], tmp_path: Path
) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_killed, args=(remote, tmp_path))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert 0 < len(set(datasets[0].graphs())) < 6
    whole = store({name: [triple(1)] for name in "abcdef"})
    synchronise(whole, datasets[0], tmp_path)
    assert held(datasets[0]) == {str(quad) for quad in whole}


def test_readers_see_the_old_release_until_the_new_one_is_current(
    remote: Settings, datasets: tuple[RemoteDataset, ...], tmp_path: Path
) -> None:
    settings = Settings.load({}, data=tmp_path, **{name: getattr(remote, name) for name in GRAPH_SETTINGS})
    old = publish(tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC), only=2, settings=settings)
    services = Services(settings)
    before = services.current()
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"

    def counted() -> str:
        return b"".join(services.current().sparql.run(count, "csv")).decode().split()[-1]

    first = counted()
    idle = idle_dataset(datasets, [old.manifest.facts.extra["graph_dataset"]["address"]])
    idle.replace_graph(f"{EX}half", triple(1).encode())  # a publication that was killed in the middle
    assert services.current() is before
    assert counted() == first
    new = publish(tmp_path, now=datetime(2026, 1, 2, tzinfo=UTC), settings=settings)
    assert services.current().id == new.id != old.id
    assert int(counted()) == len(open_read_only(new.path / "graph")) > int(first)
    assert new.manifest.facts.extra["graph_dataset"]["address"] != old.manifest.facts.extra["graph_dataset"]["address"]
    publish(tmp_path, now=datetime(2026, 1, 3, tzinfo=UTC), only=3, settings=settings)
    switch(tmp_path, old.id)  # whose dataset has been taken since
    with pytest.raises(ReleaseError, match="another release has taken its place"):
        Services(settings).current()
    assert Services(Settings(data=tmp_path)).current().graph.contains_named_graph is not None
    assert isinstance(Release.open(tmp_path), Release)


GRAPH_SETTINGS = [name for name in Settings.__slots__ if name.startswith("graph_")]

HOSTILE = [
    'SELECT (bif:http_get("http://127.0.0.1:9/") AS ?x) {}',
    'PREFIX bif: <bif:> SELECT (bif:http_get("http://127.0.0.1:9/") AS ?x) {}',
    'SELECT (<bif:exec>("create table t (a int)") AS ?x) {}',
    'SELECT (<\\u0062if:exec>("create table t (a int)") AS ?x) {}',
    'PREFIX a: <http://www.openlinks> SELECT (a:w.com\\/schemas\\/bif#exec("x") AS ?x) {}',
    'BASE <http://www.openlinksw.com/schemas/> SELECT (<bif#exec>("x") AS ?x) {}',
    'SELECT * { ?s <bif:contains> "x" }',
    r"BASE <http://a/\u003E> BASE <b> DESCRIBE <\u003E> FROM <\u003E\u0020{}>",
    'DEFINE get:soft "soft" SELECT * { ?s ?p ?o }',
    "SELECT * { ?s ?p ?o } OPTION (transitive)",
    "SELECT (sql:user() AS ?x) {}",
    "SELECT (`bif:user()` AS ?x) {}",
    "SELECT ?x { ?x ?y ?z . FILTER (1 = 1) } ; DROP GRAPH <urn:x>",
    "INSERT DATA { GRAPH <urn:x> { <urn:a> <urn:b> <urn:c> } }",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_what_is_not_standard_sparql_never_reaches_the_server(query: str) -> None:
    asked: list[bytes] = []
    with _recording(asked) as address:
        dataset = RemoteDataset(address, PROFILES["virtuoso"], "sparql", "data")
        pool = RemotePool(dataset, Limits(workers=1))
        with pytest.raises(QueryError):
            pool.run(Task(query, "json"))
        pool.close()
    assert asked == []


def test_an_iri_that_only_mentions_a_function_s_scheme_in_a_string_is_asked() -> None:
    dataset = RemoteDataset("http://127.0.0.1:9", PROFILES["virtuoso"])
    refuse_own('SELECT ("bif:exec" AS ?x) { ?bif ?sql "sql:x" }', dataset, Limits())
    with pytest.raises(RefusedQuery, match="standard SPARQL"):
        refuse_own("SELECT * { ?s <SQL:x> ?o }", dataset, Limits())


def test_comments_go_and_number_signs_in_strings_and_iris_stay() -> None:
    text = '#output-format:text/html\nSELECT ("#a" AS ?x) #b\n{ <urn:x#y> ?p -1 }'
    cleaned = without_comments(text)
    assert "output-format" not in cleaned
    assert "#b" not in cleaned
    assert '"#a"' in cleaned
    assert "<urn:x#y> ?p -1" in cleaned


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({"X-SPARQL-MaxRows": "10"}, b'{"head":{"vars":["s"]},"results":{"bindings":[]}}', "at most 10 rows"),
        ({"X-SQL-State": "S1TAT"}, b'{"head":{"vars":["s"]},"results":{"bindings":[]}}', "part of the answer"),
        ({}, b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","va', "damaged|Unexpected"),
    ],
)
def test_a_part_of_an_answer_is_an_error(headers: dict[str, str], body: bytes, error: str) -> None:
    with _recording([], headers, body) as address:
        dataset = RemoteDataset(address, PROFILES["sparql"], "sparql", "data")
        with pytest.raises((AnswerCut, GraphServerError, SyntaxError), match=error):
            list(dataset.quads_for_pattern(None, None, None, None))
        pool = RemotePool(dataset, Limits(workers=1))
        with pytest.raises(QueryError):
            pool.run(Task("SELECT ?s { ?s ?p ?o }", "csv"))
        pool.close()


def test_a_page_takes_the_first_rows_of_an_answer_that_is_cut_and_leaves_the_rest() -> None:
    rows = ",".join(f'{{"s":{{"type":"literal","value":"{number}"}}}}' for number in range(10))
    body = f'{{"head":{{"vars":["s"]}},"results":{{"bindings":[{rows}]}}}}'.encode()
    with _recording([], {"X-SPARQL-MaxRows": "10"}, body) as address:
        dataset = RemoteDataset(address, PROFILES["sparql"], "sparql", "data")
        with contextlib.closing(RemotePool(dataset, Limits(workers=1, rows=8))) as pool:
            task = Task("SELECT ?s { ?s ?p ?o }", "tsv", head=Head(rows=5, bytes=0))
            with contextlib.closing(pool.run(task)) as answer:
                shown = read(answer, Head(rows=5, bytes=0))
            assert len(shown.rows) == 5
            assert shown.more
            for rows_wanted in (None, 10):
                head = None if rows_wanted is None else Head(rows_wanted, 0)
                with pytest.raises(LimitExceeded):
                    pool.run(replace(task, head=head))


def test_settings_that_cannot_work_are_refused_with_what_to_do() -> None:
    for wrong, message in (
        ({"graph_datasets": "http://127.0.0.1:1"}, "two are needed"),
        ({"graph_datasets": "file:///a http://127.0.0.1:1"}, "no http or https address"),
        ({"graph_datasets": "http://a:b@h/ http://h2/"}, "passwords go into"),
        ({"graph_datasets": "http://a http://b", "graph_server": "oracle"}, "no kind of graph server"),
    ):
        with pytest.raises(ReleaseError, match=message):
            datasets_of(Settings(**wrong))
    assert "secret" not in repr(Account("reader", "secret"))


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraphServerError, match=r"127\.0\.0\.1:9 cannot be asked"):
        len(RemoteDataset("http://127.0.0.1:9", PROFILES["oxigraph"], "query", "store"))


class _recording:  # noqa: N801 - reads as a statement
    """A server on loopback that notes what it is asked and always gives the same answer."""

    def __init__(self, asked: list[bytes], headers: dict[str, str] | None = None, body: bytes = b"{}") -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
