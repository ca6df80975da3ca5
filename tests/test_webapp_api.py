"""The API is what its OpenAPI document says: a client that knows nothing else uses all of it, and every answer fits."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from tests.small_release import REMOVED, publish
from webapp import create_app
from webapp.api_client import Answer, Client, Problem
from webapp.services import Services
from webapp.settings import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Iterator[Services]:
    settings = Settings(data=tmp_path_factory.mktemp("api") / "data", **back_end_settings)
    publish(settings.data, now=datetime(2026, 1, 2, tzinfo=UTC), settings=settings)
    services = Services(settings)
    yield services
    services.current().sparql.close()


@pytest.fixture(scope="module")
def web(services: Services) -> FlaskClient:
    return create_app(services.settings, services).test_client()


@pytest.fixture(scope="module")
def client(web: FlaskClient) -> Client:
    def get(url: str) -> Answer:
        parts = urlsplit(url)
        response = web.get(f"{parts.path}?{parts.query}")
        return response.status_code, dict(response.headers), response.data

    return Client("http://localhost/", get)


def validated(client: Client, operation: str, body: Any) -> Any:
    """``body``, held against the schema that the document gives for the operation."""
    described = next(
        o for p in client.description["paths"].values() for o in p.values() if o["operationId"] == operation
    )
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    document = {**schema, "components": client.description["components"]}
    errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in Draft202012Validator(document).iter_errors(body)]
    assert errors == []
    return body


def test_the_client_finds_every_operation_in_the_document(client: Client) -> None:
    wanted = "analyses analysis authorities corrections item recurring release search similar themes"
    assert client.operations == wanted.split()


@pytest.mark.parametrize("operation", ["analyses", "authorities", "corrections", "recurring", "release", "themes"])
def test_lists_fit_their_schemas(client: Client, operation: str) -> None:
    body = validated(client, operation, client.call(operation))
    if operation in body and "total" in body:
        assert body["total"] == len(body[operation])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": "supervision"},
        {"q": "supervision", "kind": ["recommendation", "finding"], "sort": "newest"},
        {"authority": "Haverwick", "since": 2014, "until": 2016},
        {"q": "nothing at all like this zzzz", "mode": "words"},
        {"theme": "no-such-theme"},
    ],
    ids=str,
)
def test_searches_fit_their_schema_and_pages_make_up_the_total(client: Client, asked: dict[str, Any]) -> None:
    if "sort" in asked:
        described = client.description["paths"]["/api/search"]["get"]["parameters"]
        asked = asked | {"sort": next(p for p in described if p["name"] == "sort")["schema"]["enum"][-1]}
    whole = validated(client, "search", client.call("search", limit=500, **asked))
    pages = list(client.pages("search", limit=3, **asked))
    assert [row["iri"] for page in pages for row in page["results"]] == [row["iri"] for row in whole["results"]]
    assert {page["total"] for page in pages} == {whole["total"]}


def test_every_item_and_its_neighbours_fit_their_schemas(client: Client, services: Services) -> None:
    tables = services.current().tables
    for table in (tables.documents, tables.inspections, tables.judgements, tables.items):
        for iri in table.column("iri"):
            kind, name = iri.rsplit("/", 2)[-2:]
            assert validated(client, "item", client.call("item", kind=kind, id=name))["iri"] == iri
            if table is tables.items:
                validated(client, "similar", client.call("similar", kind=kind, id=name))


def test_examples_of_the_document_work(client: Client) -> None:
    for path in client.description["paths"].values():
        operation = path["get"]
        values = {p["name"]: p["example"] for p in operation["parameters"] if "example" in p}
        if operation["operationId"] in {"item", "similar", "search"}:
            assert values
        validated(client, operation["operationId"], client.call(operation["operationId"], **values))


def test_errors_are_problems_that_the_client_understands(client: Client, web: FlaskClient) -> None:
    with pytest.raises(Problem, match="404: There is no"):
        client.call("item", kind="findings", id="zzz")
    with pytest.raises(Problem, match="410: "):
        client.call("item", kind="documents", id=REMOVED.rsplit("/", 1)[-1])
    with pytest.raises(Problem, match="400: limit must be"):
        client.call("search", limit=0)
    with pytest.raises(TypeError, match="has no parameter colour"):
        client.call("search", colour="red")
    with pytest.raises(TypeError, match="needs kind, id"):
        client.call("item")
    for method in ("post", "put", "delete", "patch"):
        response = getattr(web, method)("/api/search")
        assert (response.status_code, response.mimetype) == (405, "application/problem+json")


def test_every_analysis_fits_its_schema(client: Client) -> None:
    for analysis in client.call("analyses")["analyses"]:
        asked = {"council": "Haverwick"} if analysis["council"] else {}
        validated(client, "analysis", client.call("analysis", id=analysis["id"], **asked))


def test_limits_are_stated(client: Client) -> None:
    assert "600 requests a minute" in client.description["info"]["description"]
    assert all("429" in path["get"]["responses"] for path in client.description["paths"].values())


def test_a_client_that_is_told_to_wait_waits_and_asks_again() -> None:
    answers = [
        (200, {}, b'{"paths": {"/api/x": {"get": {"operationId": "x", "parameters": []}}}}'),
        (429, {"Retry-After": "0"}, b"{}"),
        (503, {"Retry-After": "0"}, b"{}"),
        (200, {}, b'{"release": "r"}'),
    ]
    assert Client("http://x", lambda url: answers.pop(0)).call("x") == {"release": "r"}


@pytest.mark.slow
def test_schemathesis_finds_no_failure_and_no_answer_outside_the_schema() -> None:
    """A few hundred of the cases of ``benchmarks/fuzz_api.py``."""
    if shutil.which("schemathesis") is None and not (ROOT / "build/fuzz-api/bin/schemathesis").exists():
        pytest.skip("schemathesis is not installed: make fuzz-api")
    command = [sys.executable, "-m", "benchmarks.fuzz_api", "--examples", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
