"""The endpoint speaks the SPARQL Protocol to every client, and an error never looks like an answer."""

from __future__ import annotations

import csv
import gzip
import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from graph.errors import ReleaseError
from indexer.search_request import SearchResponse
from ontology.namespaces import IG
from tests.back_ends import BackEnd
from tests.sparql_service import Service, application, publish, serving
from webapp.sparql.admission import client_of
from webapp.sparql.examples import AUDIENCES, load_examples
from webapp.sparql.formats import GRAPHS, TABLES, Chosen, by_accept
from webapp.sparql.limits import Limits
from webapp.sparql.tables import Cell, cell

EX = "https://example.org/"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"


def triples(name: str, count: int) -> bytes:
    return "".join(f'<{EX}{name}/{i}> <{EX}p> "text {i}" .\n' for i in range(count)).encode()


@pytest.fixture(scope="module")
def graph_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graphs = {f"{EX}g1": triples("one", 2000), f"{EX}g2": triples("two", 3000)}
    graphs[f"{EX}odd"] = f'<{EX}x> <{EX}p> "<script>alert(1)</script>" .\n<{EX}x> <{EX}q> "=1+1" .\n'.encode()
    return publish(tmp_path_factory.mktemp("data"), graphs).path / "graph"


@pytest.fixture(scope="module")
def service(graph_dir: Path, graph_back_end: BackEnd) -> Iterator[Service]:
    limits = {"seconds": 2.0, "rows": 4000, "head_bytes": 20_000, "wait_seconds": 0.5}
    with serving(graph_dir, server=graph_back_end.settings(), **limits) as running:
        yield running


# --------------------------------------------------------------------------------------------------------- operations


def number(body: bytes) -> int:
    return int(json.loads(body)["results"]["bindings"][0]["n"]["value"])


def test_get_form_and_direct_post_give_the_same_answer(service: Service) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    replies = [
        service.get(COUNT),
        service.request("POST", body=urlencode({"query": COUNT}).encode(), headers=form),
        service.post(COUNT),
    ]
    assert [reply.status for reply in replies] == [200] * 3
    assert [number(reply.body) for reply in replies] == [5002] * 3
    assert replies[0].headers["x-release"] == "2026-11-25T000000Z-abcdef"


def test_the_dataset_of_the_request_overrules_that_of_the_query(service: Service) -> None:
    assert number(service.get(COUNT.replace("{", f"FROM <{EX}g1> {{", 1)).body) == 2000
    named = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    dataset = {"default-graph-uri": f"{EX}g2", "named-graph-uri": [f"{EX}g1", f"{EX}odd"]}
    assert number(service.get(COUNT.replace("{", f"FROM <{EX}g1> {{", 1), **dataset).body) == 3000
    assert number(service.post(named, **dataset).body) == 2002
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"query": named, **dataset}, doseq=True).encode()
    assert number(service.request("POST", body=body, headers=form).body) == 2002
    assert service.get("ASK {}", **{"default-graph-uri": "not an iri"}).status == 400


def test_head_gives_the_headers_of_get_and_options_what_is_allowed(service: Service) -> None:
    path = "/sparql?" + urlencode({"query": COUNT})
    head, get = service.request("HEAD", path), service.request("GET", path)
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "content-length", "etag", "x-release"):
        assert head.headers[name] == get.headers[name]
    options = service.request("OPTIONS", headers={"Origin": EX, "Access-Control-Request-Headers": "x-own"})
    assert options.status == 204
    assert options.headers["access-control-allow-headers"] == "x-own"
    assert "POST" in options.headers["access-control-allow-methods"]


@pytest.mark.parametrize("query", [COUNT, "SELECT * { broken", "SELECT * { SERVICE <http://x/> {} }"])
def test_scripts_of_other_sites_may_read_answers_and_errors(service: Service, query: str) -> None:
    reply = service.get(query)
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in reply.headers


# -------------------------------------------------------------------------------------------------------------- errors


def raw(service: Service, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


FORM, DIRECT = "application/x-www-form-urlencoded", "application/sparql-query"


@pytest.mark.parametrize(
    ("method", "path", "content_type", "body", "status", "says"),
    [
        ("GET", "/sparql?query=SELECT%20*%20%7B", None, None, 400, "Line 1, column 10: “{” is not closed"),
        ("GET", "/sparql?query=", None, None, 400, "Line 1, column 1"),
        ("GET", "/sparql?query=%FF%FE", None, None, 400, "not UTF-8"),
        ("GET", "/sparql?query=%ED%A0%80", None, None, 400, "not UTF-8"),
        ("GET", "/sparql?query=ASK%7B%7D&query=ASK%7B%7D", None, None, 400, "given 2 times"),
        ("GET", "/sparql?query=ASK%7B%7D&format=csv&format=json", None, None, 400, "given 2 times"),
        ("GET", "/sparql?update=CLEAR%20ALL", None, None, 400, "queries only"),
        ("GET", "/sparql?query=ASK%7B%7D&update=CLEAR%20ALL", None, None, 400, "queries only"),
        ("GET", "/sparql?query=CLEAR%20ALL", None, None, 400, "queries only"),
        ("GET", "/sparql?query=ASK%7B%7D&format=docx", None, None, 406, "there are json"),
        ("GET", "/sparql?query=ASK%7B%7D&format=turtle", None, None, 406, "no answer as"),
        ("GET", "/sparql?query=ASK%7B%7D&using-graph-uri=x:y", None, None, 400, "updates"),
        ("GET", "/sparql?query=ASK%7B%7D&" + "a=1&" * 300, None, None, 400, "too many"),
        ("POST", "/sparql", FORM, b"update=CLEAR+ALL", 400, "queries only"),
        ("POST", "/sparql", FORM, b"", 400, "no query"),
        ("POST", "/sparql", FORM, b"query=ASK%7B%7D&update=CLEAR+ALL", 400, "queries only"),
        ("POST", "/sparql?query=ASK%7B%7D", FORM, b"query=ASK%7B%7D", 400, "in the body"),
        ("POST", "/sparql?query=ASK%7B%7D", DIRECT, b"ASK{}", 400, "once"),
        ("POST", "/sparql?update=CLEAR%20ALL", DIRECT, b"ASK{}", 400, "queries only"),
        ("POST", "/sparql", DIRECT, b"ASK { ?s ?p '\xff' }", 400, "byte 14"),
        ("POST", "/sparql", DIRECT + "; charset=utf-16", "ASK {}".encode("utf-16"), 415, "UTF-8"),
        ("POST", "/sparql", DIRECT, b"ASK {} #" + b"x" * 40_000, 413, "32,768"),
        ("POST", "/sparql", DIRECT, b"x" * 10_000_000, 413, "32,768"),
        ("POST", "/sparql", "application/sparql-update", b"CLEAR ALL", 403, "queries only"),
        ("POST", "/sparql", "text/plain", b"ASK {}", 415, "text/plain"),
        ("POST", "/sparql", "multipart/form-data; boundary=x", b"--x--", 415, "multipart"),
        ("POST", "/sparql", None, b"ASK {}", 415, "without Content-Type"),
        ("PUT", "/sparql", DIRECT, b"ASK {}", 405, "GET or POST"),
        ("DELETE", "/sparql", None, None, 405, "GET or POST"),
        ("POST", "/sparql", DIRECT, b"ASK { ?s ?p '\x00' }", 400, "null"),
        ("POST", "/sparql", DIRECT, b"SELECT * " + b"{" * 100 + b"}" * 100, 400, "64 deep"),
    ],
)
def test_a_bad_request_gets_the_right_status_and_a_sentence_that_helps(
    service: Service, method: str, path: str, content_type: str | None, body: bytes | None, status: int, says: str
) -> None:
    reply = service.request(method, path, body, {"Content-Type": content_type} if content_type else {})
    assert reply.status == status, reply.text
    assert reply.type == "text/plain"
    assert says in reply.text


def test_an_unacceptable_accept_is_told_what_there_is(service: Service) -> None:
    reply = service.get("SELECT * {}", "image/png")
    assert reply.status == 406
    assert "text/csv" in reply.text
    assert service.get("CONSTRUCT WHERE {}", "application/sparql-results+json").status == 406
    assert service.request("GET", headers={"Accept": "image/png"}).status == 406


def test_a_query_over_time_is_504_and_a_full_answer_is_whole(service: Service) -> None:
    started = time.monotonic()
    reply = service.get(SLOW)
    assert reply.status == 504
    assert "after 2 seconds" in reply.text
    assert time.monotonic() - started < 3.5
    assert service.get("SELECT * { ?s ?p ?o } LIMIT 4000", "text/csv").body.count(b"\n") == 4001


def test_an_answer_that_breaks_off_is_cut_so_that_the_client_sees_it(service: Service, graph_back_end: BackEnd) -> None:
    encoded = urlencode({"query": "SELECT * { ?s ?p ?o }"})
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        if graph_back_end.kind == "embedded":
            with pytest.raises(http.client.IncompleteRead):
                service.request("GET", f"/sparql?{encoded}", headers=headers)
        else:  # a server's answer is sent when all of it is there
            assert service.request("GET", f"/sparql?{encoded}", headers=headers).status == 422
    # a client of HTTP/1.0 could not see it, so it is told before anything is sent
    old = raw(service, f"GET /sparql?{encoded} HTTP/1.0\r\n\r\n".encode())
    assert old.startswith((b"HTTP/1.0 422", b"HTTP/1.1 422"))


def test_one_client_cannot_take_all_and_others_are_served_meanwhile(service: Service) -> None:
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(service.get(SLOW).status)) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.6)
    other = service.get(COUNT, client="127.0.0.2")
    for thread in threads:
        thread.join()
    assert other.status == 200
    assert sorted(statuses)[:2] == [429, 429] or statuses.count(429) == 3
    assert statuses.count(504) == 2
    refused = [service.get(COUNT) for _ in range(2)]
    assert [reply.status for reply in refused] == [200, 200]  # nothing is held against it afterwards


# ------------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (XML, XML),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/csv", "text/csv"),
        ("text/tab-separated-values", "text/tab-separated-values"),
        (f"{XML};q=0.5, {JSON};q=0.9", JSON),
        (f"{JSON};q=0.5, text/*", "text/csv"),
        (f"*/*, {JSON};q=0", XML),
        ("text/csv;q=0.1, image/png", "text/csv"),
        (f"text/turtle, {XML}", XML),
    ],
)
def test_tables_come_in_the_form_that_the_client_likes_best(service: Service, accept: str, expected: str) -> None:
    assert service.get("SELECT ?s { ?s ?p ?o } LIMIT 1", accept).type == expected


@pytest.mark.parametrize("form", ["turtle", "ttl", "nt", "rdf", "jsonld", "trig", "text/turtle", "application/ld+json"])
def test_graphs_come_in_every_form_and_mean_the_same(service: Service, form: str) -> None:
    reply = service.get(f"CONSTRUCT WHERE {{ <{EX}x> ?p ?o }}", format=form)
    assert reply.status == 200
    formats = {answer.media_type: answer.name for answer in GRAPHS}
    parsers = {
        "turtle": ox.RdfFormat.TURTLE,
        "nt": ox.RdfFormat.N_TRIPLES,
        "rdf": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
        "trig": ox.RdfFormat.TRIG,
    }
    assert len(list(ox.parse(reply.body, format=parsers[formats[reply.type]]))) == 2


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_booleans_and_tables_come_in_every_form(service: Service, form: str) -> None:
    assert b"true" in service.get("ASK { ?s ?p ?o }", format=form).body
    reply = service.get(f"SELECT ?o {{ <{EX}x> <{EX}q> ?o }}", format=form)
    assert b"=1+1" in reply.body
    if form == "csv":  # exact, as the standard wants it
        assert list(csv.reader(io.StringIO(reply.text, newline=""))) == [["o"], ["=1+1"]]


def test_large_answers_are_streamed_and_compressed_when_asked(service: Service) -> None:
    query = "SELECT ?s ?o { ?s ?p ?o } LIMIT 3000"
    plain = service.get(query)
    assert plain.headers["transfer-encoding"] == "chunked"
    path = "/sparql?" + urlencode({"query": query})
    packed = service.request("GET", path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert sorted(map(str, json.loads(gzip.decompress(packed.body))["results"]["bindings"])) == sorted(
        map(str, json.loads(plain.body)["results"]["bindings"])
    )
    assert len(packed.body) < len(plain.body) / 3
    assert "Accept-Encoding" in plain.headers["vary"]
    small = service.request("GET", "/sparql?query=ASK%7B%7D", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


def test_what_a_client_has_already_is_not_sent_again(service: Service) -> None:
    path = "/sparql?" + urlencode({"query": COUNT})
    first = service.request("GET", path)
    again = service.request("GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "2026-11-25T000000Z-abcdef" in first.headers["etag"]
    other = service.request("GET", path, headers={"If-None-Match": first.headers["etag"], "Accept": "text/csv"})
    assert other.status == 200
    assert "etag" not in service.get("SELECT (RAND() AS ?r) {}").headers
    assert "etag" not in service.post(COUNT).headers


# --------------------------------------------------------------------------------------------------------------- pages


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def test_a_browser_gets_the_editor_the_table_and_errors_as_pages(service: Service) -> None:
    page = service.request("GET", headers={"Accept": BROWSER})
    assert (page.status, page.type) == (200, "text/html")
    assert "<textarea" in page.text
    table = service.get(f"SELECT ?o {{ ?s <{EX}p> ?o FILTER(CONTAINS(?o, 'script')) }}", BROWSER)
    assert "&lt;script&gt;alert(1)" in table.text
    assert "<script" not in table.text
    error = service.get("SELECT * { </textarea><script>", BROWSER)
    assert (error.status, error.type) == (400, "text/html")
    assert "<script" not in error.text
    assert "&lt;/textarea&gt;" in error.text
    many = service.get("SELECT * { ?s ?p ?o }", BROWSER)
    assert "the first of more" in many.text
    assert "<strong>true</strong>" in service.get("ASK {}", BROWSER).text
    assert "&lt;https://example.org/x&gt;" in service.get(f"DESCRIBE <{EX}x>", BROWSER).text


def test_programs_get_the_service_description(service: Service) -> None:
    for accept in ("text/turtle", "application/rdf+xml", "application/ld+json", "*/*"):
        reply = service.request("GET", headers={"Accept": accept})
        assert reply.status == 200
        assert b"service-description#" in reply.body
        assert b"32,768 bytes" in reply.body


def test_examples_are_listed_served_as_turtle_and_have_short_addresses(service: Service) -> None:
    page = service.request("GET", "/sparql/examples", headers={"Accept": BROWSER})
    assert page.status == 200
    turtle = service.request("GET", "/sparql/examples", headers={"Accept": "text/turtle"})
    queries = list(ox.parse(turtle.body, format=ox.RdfFormat.TURTLE))
    assert {q.object.value for q in queries if q.predicate.value.endswith("#comment")} == {
        example.title for example in load_examples()
    }
    for example in load_examples()[:3]:
        reply = service.request("GET", f"/sparql/examples/{example.name}")
        assert reply.status == 303
        assert reply.headers["location"].startswith("/sparql?query=")
    assert service.request("GET", "/sparql/examples/nope").status == 404


# -------------------------------------------------------------------------------------------------------------- pieces


def test_accept_headers_follow_the_rules_of_http() -> None:
    def best(accept: str) -> str | None:
        found = by_accept(accept, TABLES, also=("text/html",))
        return found.media_type if isinstance(found, Chosen) else found

    assert best(BROWSER) == "text/html"
    assert best("text/*;q=0.3, text/html;q=0.7, */*;q=0.5") == "text/html"
    assert best("application/json;q=nonsense") is None
    assert best("nonsense") == JSON
    assert best("text/csv; header=present; q=0.4, text/tab-separated-values;q=0.3") == "text/csv"


def test_terms_of_tsv_are_told_apart() -> None:
    assert cell("") is None
    assert cell("<https://x/>") == Cell("https://x/", "https://x/")
    assert cell("<javascript:alert(1)>") == Cell("javascript:alert(1)")
    assert cell('"a\\"b\\\\n\\tc"@en-gb') == Cell('a"b\\n\tc', note="en-gb")
    assert cell('"1"^^<http://x/d>') == Cell("1", note="http://x/d")
    assert cell("42") == Cell("42")


def test_a_client_is_an_address_or_its_network() -> None:
    assert client_of("192.0.2.7") == "192.0.2.7"
    assert client_of("2001:db8:1:2:3:4:5:6") == client_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert client_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert client_of(None) == "unknown"


def test_examples_are_for_one_of_three_readers() -> None:
    assert {example.audience for example in load_examples()} <= set(AUDIENCES)
    assert len({example.title for example in load_examples()}) == len(load_examples())


def test_a_search_index_that_cannot_be_opened_is_503_as_text(graph_dir: Path) -> None:
    def broken(_: object) -> SearchResponse:
        raise ReleaseError("the release was indexed by another version: build it again")

    app = application(graph_dir, Limits(), search=broken)
    query = f'PREFIX ig: <{IG}> SELECT * {{ SERVICE ig:search {{ ?x ig:query "text" }} }}'
    with app.test_client().get("/sparql", query_string={"query": query}, headers={"Accept": "text/csv"}) as reply:
        assert (reply.status_code, reply.mimetype) == (503, "text/plain")
        assert "build it again" in reply.text
    with app.test_client().get("/sparql", query_string={"query": "ASK {}"}) as reply:
        assert reply.status_code == 200
