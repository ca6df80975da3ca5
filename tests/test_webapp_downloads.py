"""What can be taken away is whole, is the release's own, and has the checksums that are said of it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from indexer import exports
from indexer.tables import SCHEMAS, read_rows
from ontology.namespaces import PREFIXES
from tests.small_release import FORMULA, publish
from webapp import create_app, data_pages
from webapp.dumps import DUMPS, Dumps
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

WORDS = "".join(f"PREFIX {name}: <{PREFIXES[name]}> " for name in ("dcat", "dcterms", "spdx", "void", "sd"))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Services:
    settings = Settings(data=tmp_path_factory.mktemp("downloads") / "data", **back_end_settings)
    publish(settings.data, now=datetime(2026, 1, 2, tzinfo=UTC), settings=settings)
    return Services(settings)


@pytest.fixture(scope="module")
def release(services: Services) -> OpenRelease:
    return services.current()


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    return create_app(services.settings, services).test_client()


def taken(client: FlaskClient, path: str) -> bytes:
    """The download; a program that is told to come back, because it is still being written, comes back."""
    for _ in range(120):
        with client.get(path) as response:
            if response.status_code != 503:
                assert response.status_code == 200, path
                return response.data
            assert int(response.headers["Retry-After"]) > 0
        time.sleep(1)
    raise AssertionError(f"{path} is still being written")


def described(client: FlaskClient) -> ox.Store:
    store = ox.Store()
    store.load(taken(client, "/data.ttl"), format=ox.RdfFormat.TURTLE)
    return store


def rows(store: ox.Store, query: str) -> list[list[str]]:
    answer = store.query(WORDS + query)
    assert isinstance(answer, ox.QuerySolutions)
    return [[term.value for term in row] for row in answer]  # type: ignore[union-attr]


def test_every_file_has_the_checksum_that_the_list_gives_it(client: FlaskClient) -> None:
    lines = taken(client, "/data/SHA256SUMS").decode().splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)  # type: ignore[misc]
    assert set(listed) == {*DUMPS, *(f"tables/{name}.parquet" for name in SCHEMAS)}
    for path, digest in listed.items():
        assert hashlib.sha256(taken(client, f"/data/{path}")).hexdigest() == digest, path


def test_the_catalogue_record_gives_size_and_checksum_of_what_it_links(client: FlaskClient) -> None:
    taken(client, "/data/SHA256SUMS")
    query = """SELECT ?url ?size ?sum {
      ?part dcat:downloadURL ?url ; dcat:byteSize ?size ; spdx:checksum/spdx:checksumValue ?sum }"""
    found = rows(described(client), query)
    assert len(found) == len(DUMPS) + len(SCHEMAS)
    for url, size, digest in found:
        data = taken(client, url.replace("http://localhost", ""))
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), digest), url


def test_before_the_sums_are_taken_the_record_claims_none_of_the_dumps(services: Services) -> None:
    other = create_app(services.settings, Services(services.settings))
    for file in (services.settings.data / "cache" / "dumps").rglob("SHA256SUMS"):
        file.unlink()
    [[count]] = rows(described(other.test_client()), "SELECT (COUNT(?sum) AS ?n) { ?part spdx:checksum ?sum }")
    assert int(count) == len(SCHEMAS)


def test_while_the_dumps_are_being_written_a_reader_of_the_sums_is_told_to_come_back(
    services: Services, client: FlaskClient, release: OpenRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_pages, "_SUMS_SECONDS", 0.0)
    folder = services.settings.data / "cache" / "dumps" / release.id
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    answer = client.get("/data/SHA256SUMS")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    monkeypatch.setattr(data_pages, "_SUMS_SECONDS", 60.0)
    assert b"graph.nq.gz" in taken(client, "/data/SHA256SUMS")
    assert not [file for file in folder.rglob(".*") if file.is_file()]


def test_the_dumps_are_the_graph(client: FlaskClient, release: OpenRelease) -> None:
    whole = set(release.graph.quads_for_pattern(None, None, None, None))
    quads = gzip.decompress(taken(client, "/data/dumps/graph.nq.gz"))
    assert set(ox.parse(quads, format=ox.RdfFormat.N_QUADS)) == whole
    trig = gzip.decompress(taken(client, "/data/dumps/graph.trig.gz"))
    assert set(ox.parse(trig, format=ox.RdfFormat.TRIG)) == whole
    sample = set(ox.parse(taken(client, "/data/dumps/sample.trig"), format=ox.RdfFormat.TRIG))
    assert sample < whole
    assert len({quad.graph_name for quad in sample}) == 3


def test_a_table_has_the_same_rows_as_parquet_and_as_csv(client: FlaskClient) -> None:
    for name in SCHEMAS:
        table = pq.read_table(io.BytesIO(taken(client, f"/data/tables/{name}.parquet")))
        lines = list(csv.reader(io.StringIO(taken(client, f"/data/tables/{name}.csv").decode(), newline="")))
        assert lines[0] == table.column_names, name
        assert len(lines) - 1 == table.num_rows, name
    for path in ("tables/nothing.csv", "tables/nothing.parquet", "dumps/items.csv", "dumps/.SHA256SUMS"):
        assert client.get(f"/data/{path}").status_code == 404


def test_no_cell_of_a_table_is_a_formula_and_every_other_is_as_it_stands(release: OpenRelease, tmp_path: Path) -> None:
    quoted = []
    for name in SCHEMAS:
        exports.write_table_csv(release.release, tmp_path / f"{name}.csv")
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            written = list(csv.DictReader(lines))
        for row, stored in zip(written, read_rows(release.path / "tables", name), strict=True):
            for column, value in stored.items():
                text = "; ".join(value or ()) if isinstance(value, list) else "" if value is None else value
                if isinstance(text, str):
                    assert not row[column].startswith(exports.FORMULA_STARTS)
                    assert row[column] in {text, f"'{text}"}
                    quoted += [text] if row[column] != text else []
    assert FORMULA in quoted
    assert all(text.startswith(exports.FORMULA_STARTS) for text in quoted)


def test_the_record_says_what_is_in_the_store(client: FlaskClient, release: OpenRelease) -> None:
    record = described(client)

    def count(query: str) -> int:
        answer = release.graph.query(f"{WORDS} SELECT (COUNT({query}", use_default_graph_as_union=True)
        return int(next(answer)["n"].value)  # type: ignore[arg-type, union-attr]

    [[triples, subjects, documents]] = rows(
        record, "SELECT ?t ?s ?d { ?x a dcat:Dataset ; void:triples ?t ; void:distinctSubjects ?s ; void:documents ?d }"
    )
    assert int(triples) == count("*) AS ?n) { ?s ?p ?o }")
    assert int(subjects) == count("DISTINCT ?s) AS ?n) { ?s ?p ?o }")
    assert int(documents) == len(release.tables.documents)
    for name, entities in rows(record, "SELECT ?c ?n { ?part void:class ?c ; void:entities ?n }"):
        assert int(entities) == count(f"DISTINCT ?s) AS ?n) {{ ?s a <{name}> }}"), name
    for name, statements in rows(record, "SELECT ?p ?n { ?part void:property ?p ; void:triples ?n }"):
        assert int(statements) == count(f"*) AS ?n) {{ ?s <{name}> ?o }}"), name


def test_the_record_has_licence_attribution_citation_and_release(client: FlaskClient, release: OpenRelease) -> None:
    query = """SELECT ?id ?cited ?terms ?ogl { ?x a dcat:Dataset ; dcterms:identifier ?id ;
      dcterms:bibliographicCitation ?cited ; dcterms:license ?l .
      ?l dcterms:description ?terms ; dcterms:references ?ogl }"""
    [[identifier, cited, terms, licence]] = rows(described(client), query)
    assert identifier == release.id
    assert release.id in cited
    assert "Contains public sector information licensed under the Open Government Licence" in terms
    assert "open-government-licence" in licence
    page = taken(client, "/data").decode()
    assert "Contains public sector information" in page
    assert release.id in page.partition("Cite")[2]


def test_no_writer_outlives_those_who_asked_for_it(tmp_path: Path) -> None:
    asked = Dumps(tmp_path)
    writer = asked.begin()
    del asked
    assert writer.poll() is not None
