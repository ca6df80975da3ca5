"""Programs of others ask every example of a running service, and get what the service's own answer says."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from rdflib.term import Identifier

from tests.outside_clients import comunica, comunica_is_here
from tests.small_release import publish
from tests.sparql_service import Service, serving
from webapp.sparql.examples import Example, load_examples

pytestmark = pytest.mark.slow
EXAMPLES = load_examples()
TABLES = [example for example in EXAMPLES if "CONSTRUCT" not in example.query]
GRAPHS = [example for example in EXAMPLES if "CONSTRUCT" in example.query]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("clients") / "data"
    release = publish(data, now=datetime(2026, 1, 2, tzinfo=UTC))
    with serving(release.path / "graph", search=release.path) as running:
        yield running


#: What a client that asks for XML cannot be given here: the release holds a text with control characters.
NOT_XML = {"boxes"}


def test_what_xml_cannot_carry_is_refused_and_never_broken_xml(service: Service) -> None:
    """Where an answer is XML, it is well formed; the text of a broken font map is not put into one."""
    refused = set()
    for example in TABLES:
        reply = service.get(example.query, "application/sparql-results+xml")
        if reply.status == 406:
            assert "control characters" in reply.text
            refused.add(example.name)
        else:
            ElementTree.fromstring(reply.body)
    assert refused == NOT_XML


def address(service: Service) -> str:
    return f"http://127.0.0.1:{service.port}/sparql"


def expected(service: Service, example: Example) -> Counter[frozenset[tuple[str, str]]]:
    """Rows as the service's own CSV gives them, without what is unbound."""
    reply = service.get(example.query, "text/csv")
    assert reply.status == 200, reply.text
    rows = csv.DictReader(io.StringIO(reply.text, newline=""))
    return Counter(frozenset((name, cell) for name, cell in row.items() if cell) for row in rows)


def test_the_examples_find_something_here(service: Service) -> None:
    assert sum(1 for example in TABLES if expected(service, example)) >= 25
    assert GRAPHS


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sparqlwrapper_runs_the_examples(service: Service, method: str) -> None:
    wrapper = pytest.importorskip("SPARQLWrapper")
    client = wrapper.SPARQLWrapper(address(service))
    client.setMethod(method)
    for example in TABLES:
        client.setQuery(example.query)
        client.setReturnFormat(wrapper.JSON)
        rows = client.queryAndConvert()["results"]["bindings"]
        found = Counter(frozenset((n, term["value"]) for n, term in row.items() if term["value"]) for row in rows)
        assert found == expected(service, example), example.name
    for example in GRAPHS:
        client.setQuery(example.query)
        client.setReturnFormat(wrapper.TURTLE)
        turtle = client.query().convert()
        assert len(Graph().parse(data=turtle, format="turtle")) == triples(service, example)


def triples(service: Service, example: Example) -> int:
    reply = service.get(example.query, "application/n-triples")
    return len({str(quad) for quad in ox.parse(reply.body, format=ox.RdfFormat.N_TRIPLES)})


@pytest.mark.parametrize("form", ["xml", "json"])
def test_rdflibs_store_runs_the_examples(service: Service, form: str) -> None:
    graph = Graph(SPARQLStore(address(service), returnFormat=form))
    for example in TABLES:
        if form == "xml" and example.name in NOT_XML:
            continue
        result = graph.query(example.query)
        assert result.vars is not None
        cells = ([(str(n), text(t)) for n, t in zip(result.vars, row, strict=True) if t is not None] for row in result)
        found = Counter(frozenset((name, cell) for name, cell in row if cell) for row in cells)
        assert found == expected(service, example), example.name


def text(term: Identifier) -> str:
    assert isinstance(term, Literal | URIRef)
    return str(term)


@pytest.mark.skipif(shutil.which("roqet") is None, reason="roqet (rasqal-utils) is not installed")
def test_roqet_runs_the_examples(service: Service, tmp_path: Path) -> None:
    for example in TABLES:
        if example.name in NOT_XML:
            continue
        (tmp_path / "query.rq").write_text(example.query, encoding="utf-8")
        command = ["roqet", "-q", "-p", address(service), "-r", "csv", str(tmp_path / "query.rq")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (example.name, done.stderr)
        rows = list(csv.reader(io.StringIO(done.stdout, newline="")))[1:]
        assert len(rows) == expected(service, example).total(), (example.name, done.stdout, done.stderr)


@pytest.mark.skipif(not comunica_is_here(), reason="Comunica is not installed: npm ci --prefix tests/comunica")
def test_comunica_runs_the_examples(service: Service) -> None:
    """But those that search: Comunica evaluates SERVICE itself, and would ask the world for our IRI."""
    plain = [example for example in TABLES if "SERVICE" not in example.query]
    for example, answer in zip(plain, comunica(address(service), [e.query for e in plain]), strict=True):
        assert "results" in answer, (example.name, answer)
        rows = answer["results"]["results"]["bindings"]
        found = Counter(frozenset((n, term["value"]) for n, term in row.items() if term["value"]) for row in rows)
        assert found == expected(service, example), example.name


def test_pandas_reads_csv_by_address(service: Service) -> None:
    code = (
        "import sys, json, pandas, urllib.parse\n"
        "address = sys.argv[1] + '?' + urllib.parse.urlencode({'query': sys.argv[2], 'format': 'csv'})\n"
        "print(json.dumps(list(pandas.read_csv(address).shape)))"
    )
    example = next(e for e in TABLES if e.name == "top-themes")
    done = subprocess.run(
        [sys.executable, "-c", code, address(service), example.query], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)[0] == expected(service, example).total()
