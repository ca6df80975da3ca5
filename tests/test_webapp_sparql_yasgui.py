"""YASGUI in a real Chromium, on the application's own page: it runs the examples, links and charts them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.small_release import publish
from webapp import create_app
from webapp.services import Services
from webapp.settings import Settings
from webapp.sparql.examples import load_examples

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow
TABLES = [example for example in load_examples() if "CONSTRUCT" not in example.query]
READY = "#sparql-code .CodeMirror"
RUN = """async query => {
  const { editor, answer } = window.inspectgraphEditor;
  editor.setValue(query);
  await editor.query();
  return { rows: answer.results.getBindings().length, chart: answer.plugins.bars.canHandleResults() };
}"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    data = tmp_path_factory.mktemp("yasgui") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC))
    services = Services(Settings(data=data))
    yield create_app(services.settings, services)
    services.current().sparql.close()


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    """The editor's page; what its console complains of fails the test, and so does a script that runs.

    The release holds texts that try to be HTML. YASGUI's table makes elements of such a text to measure and sort it
    (zazuko/Yasgui#221); that their scripts do not run is the policy's doing, which says so on the console.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page(viewport={"width": 1280, "height": 1000})
        opened.set_default_timeout(60_000)
        complaints: list[str] = []
        opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        opened.on("dialog", lambda dialog: complaints.append(f"a script has run: {dialog.message}"))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(f"{address}/sparql")
        opened.locator(READY).wait_for()
        yield opened
        browser.close()
    expected = ("400 (BAD REQUEST)", "404 (NOT FOUND)", "Executing inline event handler violates")
    assert [text for text in complaints if not any(part in text for part in expected)] == []


def test_it_runs_the_examples_and_charts_tables_of_counts(app: Flask, page: Page) -> None:
    client = app.test_client()
    charted = set()
    for example in TABLES:
        with client.get("/sparql", query_string={"query": example.query, "format": "json"}) as response:
            expected = response.get_json()
        shown = page.evaluate(RUN, example.query)
        assert shown["rows"] == len(expected["results"]["bindings"]), example.name
        if shown["chart"]:
            charted.add(example.name)
    assert {"top-themes", "themes-by-year"} <= charted
    assert "search-by-meaning" not in charted


def test_a_chart_has_a_bar_for_each_row_and_the_address_is_a_permalink(page: Page, address: str) -> None:
    query = next(example.query for example in TABLES if example.name == "top-themes")
    rows = page.evaluate(RUN, query)["rows"]
    page.get_by_text("Chart", exact=True).click()
    assert page.locator("svg.sparql-bars rect").count() == rows
    assert parse_qs(urlsplit(page.url).query)["query"] == [query]
    page.goto(page.url)
    page.locator(READY).wait_for()
    assert page.evaluate("window.inspectgraphEditor.editor.getValue()").strip() == query.strip()


def test_the_editor_stands_in_place_of_the_plain_field(page: Page) -> None:
    assert page.locator(READY).is_visible()
    assert not page.locator("textarea#query").is_visible()


def test_a_short_address_leads_to_its_query_with_the_answer(page: Page, address: str) -> None:
    page.goto(f"{address}/sparql/examples/top-themes")
    page.locator(READY).wait_for()
    assert "SELECT" in page.evaluate("window.inspectgraphEditor.editor.getValue()")
    assert page.locator("#page-answer table tbody tr").count() > 0


def test_an_error_is_shown_with_its_line_and_column(page: Page) -> None:
    page.evaluate(
        "() => { const { editor } = window.inspectgraphEditor; editor.setValue('SELECT * {'); "
        "return editor.query().catch(() => null); }"
    )
    page.get_by_text("Line 1, column 10").first.wait_for()
