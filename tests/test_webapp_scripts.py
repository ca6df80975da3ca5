"""Nothing that documents, metadata, readers or queries bring is ever run by a reader's browser.

Sixty payloads on every surface, in a real Chromium, with the content security policy switched off: what keeps them from
running is how they are written into pages, alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest

from graph.model import Extraction
from indexer.build_options import BuildOptions
from indexer.pipeline import build_release
from tests.browser import Reader, chromium, context, served
from tests.script_payloads import PAYLOADS
from tests.shared_models import shared_models, with_shared_vectors
from tests.small_release import Draft, publish
from webapp import create_app
from webapp.search_query import PARAMETERS
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

#: Whatever a payload calls is told to the test, in every frame.
_LISTEN = "for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.executed(location.href);"


def hostile_documents() -> list[tuple[Extraction, str, bytes]]:
    """A document for each ten payloads: they are its texts, titles, names, references, dates and grades."""
    found = []
    for start in range(0, len(PAYLOADS), 10):
        some = PAYLOADS[start : start + 10]
        draft = Draft(
            f"{some[0]} {start}.pdf", f"Title {some[1]}", "inspection-report", council=None, published="2020-01-01"
        )
        draft.inspection(f"Framework {some[2]}", "ilacs", "2020-01-01", "2020-01-05", lead=some[3])
        for place, payload in enumerate(some):
            draft.judgement(f"Area {payload}", payload, None, None)
            draft.recommendation(f"Improve supervision {start + place} {payload}", payload)
            draft.finding(f"Supervision {start + place} is weak {payload}", "improvement", payload)
            draft.action(f"Review supervision {start + place} {payload}", place, who=(payload,), when=payload)
        found.append(draft.finish())
    return found


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    data = tmp_path_factory.mktemp("hostile") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC), written=hostile_documents())
    return Services(Settings(data=data, page_size=50))


@pytest.fixture(scope="module")
def release(services: Services) -> OpenRelease:
    return services.current()


@pytest.fixture(scope="module")
def address(services: Services) -> Iterator[str]:
    with served(create_app(services.settings, services)) as root:
        yield root
    services.current().sparql.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def listening(browser: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    """A page without any policy, and where something was run."""
    run: list[str] = []
    with context(browser, address, bypass_csp=True) as opened:
        opened.expose_binding("executed", lambda _, where: run.append(where))
        opened.add_init_script(_LISTEN)
        page = opened.new_page()
        page.on("dialog", lambda dialog: (run.append(dialog.message), dialog.dismiss()))
        yield page, run


def visit(page: Page, path: str) -> None:
    """Opens a page, lets what it holds happen, and touches what waits to be touched."""
    page.goto(path, wait_until="load")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.mouse.move(300, 400)
    schemes = page.evaluate(
        "[...document.querySelectorAll('[href], [src], [action]')].map(e => "
        "(e.href || e.src || e.action).toString()).filter(a => /^\\s*(javascript|data|vbscript):/i.test(a))"
    )
    assert schemes == [], (path, schemes)
    foreign = page.evaluate(
        "[...document.querySelectorAll('script')].filter(s => !s.src.startsWith(location.origin + '/static/')).length"
    )
    assert foreign == 0, path


def test_a_payload_is_run_where_nothing_escapes_it(browser: Browser, address: str) -> None:
    """The test can fail: the same listening hears most payloads when they are written out raw."""
    with listening(browser, address) as (page, run):
        for payload in PAYLOADS:
            page.set_content(f"<!doctype html><title>x</title><p>{payload}</p>")
        page.wait_for_timeout(300)
        assert len(run) >= 25


def test_texts_and_names_of_documents_are_never_run(browser: Browser, address: str, release: OpenRelease) -> None:
    tables = release.tables
    paths = ["/", "/themes", "/authorities", "/recurring", "/methods", "/data", "/search?format=html"]
    paths += [f"/search?q=supervision&page={page}" for page in (1, 2, 3, 4)]
    paths += [release.path_of(iri) for iri in tables.documents.column("iri")]
    paths += [f"{release.path_of(iri)}/text" for iri in tables.documents.column("iri")]
    for table in (tables.inspections, tables.judgements, tables.items):
        paths += [release.path_of(iri) for iri in table.column("iri")]
    assert len(paths) > 240
    with listening(browser, address) as (page, run):
        page.route("**/pages/*.png*", lambda route: route.abort())  # images of pages are drawn elsewhere
        for path in paths:
            visit(page, path)
        assert run == []


def test_what_a_reader_types_or_links_to_is_never_run(browser: Browser, address: str) -> None:
    names = ["q", "since", "sort", "mode", "page", "near", *(parameter.name for parameter in PARAMETERS)]
    with listening(browser, address) as (page, run):
        for place, payload in enumerate(PAYLOADS):
            visit(page, f"/search?{urlencode([(name, payload) for name in names])}")
            visit(page, f"/search?{urlencode({'q': payload})}")
            visit(page, f"/{('recommendations', 'documents', 'themes', 'x')[place % 4]}/{quote(payload, safe='')}")
            visit(page, f"/my-council?{urlencode({'council': payload, 'then': f'/search?q={payload}'})}")
            visit(page, f"/sparql?{urlencode({'query': payload, 'format': 'html'})}")
        assert run == []


def test_a_plan_that_is_sent_is_never_run(browser: Browser, address: str) -> None:
    with listening(browser, address) as (page, run):
        for start in range(0, len(PAYLOADS), 20):
            plan = "\n".join(f"Improve supervision {n} {p}" for n, p in enumerate(PAYLOADS[start : start + 20]))
            Reader(page).starts_at("/match").types("Or paste it here", plan).clicks("Match my plan", "button")
            page.wait_for_load_state()
        for payload in PAYLOADS[::10]:
            page.goto("/match")
            page.set_input_files(
                "#plan-file", {"name": f"{payload}.txt"[:90], "mimeType": "text/plain", "buffer": b"\xff\x00"}
            )
            Reader(page).clicks("Match my plan", "button")
        assert run == []


def test_results_of_a_query_are_never_run(browser: Browser, address: str) -> None:
    """As the page shows them without a script, and as the editor's table, chart and response show them."""
    literals = " ".join(json.dumps(p.replace("\x0b", " ")) for p in PAYLOADS)
    html = "^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML>"
    typed = " ".join(json.dumps(p.replace("\x0b", " ")) + html for p in PAYLOADS)
    schemes = "<javascript:alert(1)> <data:text/html,alert> <JAVASCRIPT:alert(1)>"
    queries = [
        f"SELECT ?x {{ VALUES ?x {{ {literals} }} }}",
        f"SELECT ?x {{ VALUES ?x {{ {typed} {schemes} }} }}",
        f"SELECT ?x (STRLEN(?x) AS ?n) {{ VALUES ?x {{ {literals} }} }}",
        "SELECT ?text ?ref { ?x <https://w3id.org/inspectgraph/ontology#text> ?text }",
    ]
    with listening(browser, address) as (page, run):
        for query in queries:
            shown = f"/sparql?{urlencode({'query': query, 'format': 'html'})}"
            page.goto(shown, wait_until="networkidle")
            page.evaluate("inspectgraphEditor.editor.query()")
            page.locator("#sparql-answer").wait_for()
            page.wait_for_timeout(200)
            for tab in page.locator("#sparql-answer button.select_table, #sparql-answer button.select_bars").all():
                if tab.is_visible() and tab.is_enabled():
                    tab.click()
            page.wait_for_timeout(200)
        links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.href)")
        assert not [link for link in links if link.lower().startswith(("javascript:", "data:"))]
        assert run == []


def test_metadata_of_a_table_is_never_run(browser: Browser, tmp_path: Path) -> None:
    """A real build: each document has a payload for its title, publisher, authority, address and licence."""
    texts = tmp_path / "texts"
    texts.mkdir()
    rows = []
    for place, payload in enumerate(PAYLOADS):
        name = f"{place:02} {payload.replace('/', '_')}.txt"[:80].replace("\x0b", "")
        (texts / name).write_text(f"Recommendations\n\n1. Improve supervision number {place} of social workers.\n")
        rows.append([name, payload, payload, payload, payload, payload])
    metadata = tmp_path / "metadata.csv"
    with metadata.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "title", "publisher", "authority", "url", "licence"])
        writer.writerows(rows)
    data = tmp_path / "data"
    build_release([texts], BuildOptions(with_shared_vectors(data), metadata=metadata, models=shared_models()))
    services = Services(Settings(data=data, page_size=50))
    release = services.current()
    documents = release.tables.documents
    assert len(documents) >= 50
    assert {"<script>alert(1)</script>", "javascript:alert(1)"} <= set(documents.column("title"))
    with served(create_app(services.settings, services)) as root, listening(browser, root) as (page, run):
        for path in ["/search?kind=document", "/search?q=supervision", *map(release.path_of, documents.column("iri"))]:
            visit(page, path)
        assert run == []
    release.sparql.close()
