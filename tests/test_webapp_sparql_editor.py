"""The editor at /sparql: what it is made of, what it is told, and what it may."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from lxml import html as lxml_html

from ontology.namespaces import IG, PREFIXES
from tests.small_release import publish
from webapp import create_app
from webapp.application import CONTENT_SECURITY_POLICY, STATIC
from webapp.services import Services
from webapp.settings import Settings
from webapp.sparql.editor import TABLE_STYLE


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    data = tmp_path_factory.mktemp("editor") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC), only=2)
    settings = Settings(data=data)
    return create_app(settings, Services(settings)).test_client()


def test_the_bundle_is_the_one_that_its_record_names() -> None:
    record = json.loads((STATIC / "yasgui.json").read_text())
    assert record["licence"] == "MIT"
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]+=*", record["integrity"])
    for name, digest in record["sha256"].items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest
    assert f"@zazuko/yasgui {record['version']}" in (STATIC / "yasgui.LICENCES.txt").read_text(encoding="utf-8")


def test_the_one_style_that_the_page_allows_is_the_one_of_the_bundle() -> None:
    texts = re.findall(r'[`"]( \.grip-resizable\{table-layout:fixed;\}.*?)[`"]', (STATIC / "yasgui.min.js").read_text())
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts}
    assert hashes == {TABLE_STYLE}


def test_only_the_editors_page_allows_it(client: FlaskClient) -> None:
    page = client.get("/sparql", headers={"Accept": "text/html"})
    own = page.headers["Content-Security-Policy"]
    assert own == CONTENT_SECURITY_POLICY.replace("style-src 'self'", f"style-src 'self' {TABLE_STYLE}")
    for path in ("/sparql/examples", "/", "/sparql/editor.json"):
        assert client.get(path).headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_the_page_has_no_inline_code_and_nothing_from_elsewhere(client: FlaskClient) -> None:
    tree = lxml_html.fromstring(client.get("/sparql", headers={"Accept": "text/html"}).get_data(as_text=True))
    assert not tree.xpath("//script[not(@src)] | //style | //@style")
    assert all(link.startswith("/static/") for link in tree.xpath("//script/@src | //link[@rel='stylesheet']/@href"))
    assert tree.xpath("//form[@class='sparql-editor'][@method='get']//textarea[@name='query']")
    for link in tree.xpath("//script/@src"):
        assert client.get(link).status_code == 200


def test_completion_offers_what_the_release_uses_under_the_prefixes_of_the_vocabulary(client: FlaskClient) -> None:
    words = client.get("/sparql/editor.json").get_json()
    assert words["prefixes"] == PREFIXES
    assert f"{IG}Recommendation" in words["classes"]
    assert f"{IG}addresses" in words["properties"]
    assert words["classes"] == sorted(set(words["classes"]))
