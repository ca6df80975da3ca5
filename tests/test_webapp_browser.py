"""The pages in a real Chromium: for everybody, with the keyboard alone, enlarged, without JavaScript, on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pypdfium2
import pytest
from docx import Document
from flask import Flask

from graph.model import Extraction
from indexer.analyses.corpus import Choice
from indexer.analyses.registry import ANALYSES
from tests.browser import DESKTOP, PHONE, ZOOMED, Heard, Reader, chromium, context, served, tab_to
from tests.small_release import REMOVED, Draft, documents, publish
from webapp import create_app
from webapp.analysis_answers import answer
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PLAN = """Make sure that managers record supervision of social workers.
Reduce delay in health assessments for children in care.
Improve the electric vehicle charging of the fleet."""


def asked_for_elsewhere() -> tuple[Extraction, str, bytes]:
    """What Haverwick was asked for in 2014, asked of another council: the release's recurring issue."""
    draft = Draft(
        "fennmouth 2019.pdf",
        "Inspection of Fennmouth",
        "inspection-report",
        council=("Fennmouth", "E06990003"),
        published="2019-05-10",
    )
    draft.inspection("ILACS", "ilacs", "2019-03-04", "2019-03-15")
    draft.recommendation("Hold return home interviews within three days when children go missing from care.", "1")
    return draft.finish()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    data = tmp_path_factory.mktemp("browser") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC), written=[*documents(), asked_for_elsewhere()])
    settings = Settings(
        data=data, page_size=5, image_seconds=300, contact="help@example.org", operator="Example Council"
    )
    return Services(settings)


@pytest.fixture(scope="module")
def release(services: Services) -> OpenRelease:
    return services.current()


@pytest.fixture(scope="module")
def app(services: Services) -> Iterator[Flask]:
    made = create_app(services.settings, services)
    release = services.current()
    # the process that images are drawn in starts once, and slowly
    report = next(row for row in release.tables.documents.rows(range(3)) if row["media_type"] == "application/pdf")
    assert made.test_client().get(f"{release.path_of(report['iri'])}/pages/1.png").status_code == 200
    yield made
    release.sparql.close()


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    with served(app) as root:
        yield root


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    with context(browser, address, accept_downloads=True, permissions=["clipboard-read", "clipboard-write"]) as opened:
        heard = Heard()
        page = opened.new_page()
        heard.listen(page)
        yield Reader(page)
        assert heard.complaints == []


def item(release: OpenRelease, start: str) -> dict[str, Any]:
    texts = release.tables.items.column("text")
    return release.tables.items.row(next(n for n, text in enumerate(texts) if text.startswith(start)))


def addresses(release: OpenRelease) -> dict[str, str]:
    """Type of page → an address of it. The hostile document of the release has its long and odd texts."""
    documents = release.tables.documents
    rows = documents.rows(range(len(documents)))
    report = next(row for row in rows if row["kind"] == "inspection-report")
    odd = next(row for row in rows if row["gss_code"] is None)
    inspections, judgements = release.tables.inspections, release.tables.judgements
    path = release.path_of
    return {
        "front": "/",
        "search": "/search?q=supervision",
        "search that is filtered": "/search?q=supervision&kind=recommendation&theme=management-oversight&since=2010",
        "search, second page": "/search?page=2",
        "search with bad filters": "/search?q=supervision&theme=nonsense&since=abc",
        "search with one result": "/search?q=return+home+interviews&kind=recommendation&authority=E06990001&mode=words",
        "search with no result": "/search?q=supervision&authority=E06990004&kind=action",
        "document": path(report["iri"]),
        "document with odd texts": path(odd["iri"]),
        "document's text": f"{path(report['iri'])}/text",
        "inspection": path(inspections.column("iri")[0]),
        "judgement": path(judgements.column("iri")[0]),
        "recommendation": path(item(release, "Make sure that managers record their")["iri"]),
        "finding": path(item(release, "Supervision is regular but seldom")["iri"]),
        "action": path(item(release, "Monthly audit")["iri"]),
        "themes": "/themes",
        "theme": "/themes/management-oversight",
        "theme without passages": "/themes/private-fostering",
        "authorities": "/authorities",
        "authority": "/authorities/E06990001",
        "authority without documents": "/authorities/E06990004",
        "recurring": "/recurring",
        **{f"analysis {name}": f"/analyses/{name}" for name in ANALYSES},
        "analyses": "/analyses",
        "passages of an analysis": "/analyses/items?measure=told&theme=management-oversight",
        "compare": "/compare",
        "compare two": "/compare?council=E06990001&council=Fennmouth",
        "issue": f"/issues/{answer(release, 'recurring', Choice())[0]['issue']}",
        "curation": "/curation",
        "curation of an item": f"/curation/items{path(item(release, 'Monthly audit')['iri'])}",
        "match": "/match",
        "data": "/data",
        "about": "/about",
        "methods": "/methods",
        "accessibility": "/accessibility",
        "privacy": "/privacy",
        "api": "/api",
        "sparql": "/sparql",
        "sparql answered": "/sparql?query=SELECT+%2A+%7B%3Fs+a+%3Fo%7D+ORDER+BY+%3Fs+%3Fo+LIMIT+9&format=html",
        "sparql refused": "/sparql?query=SELECT+nothing&format=html",
        "sparql examples": "/sparql/examples",
        "ontology": "/ontology",
        "concept": "/grades/good",
        "not found": "/recommendations/supervision-of-staff",
        "removed": path(REMOVED),
    }


#: Pages that say that something is wrong: the browser notes their status in its console.
WRONG = {"not found", "removed", "sparql refused"}
#: Rules of axe that look at the whole site's frame rather than at guidelines are asked too.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page, options={"runOnly": TAGS}).response["violations"]
    return [f"{v['id']}: {node['html'][:200]} {node['target']}" for v in found for node in v["nodes"]]


def overflow(page: Page) -> list[str]:
    """What stands out of the window sideways, frames that scroll by themselves left out."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1
            && !e.closest(".table-wrap, pre, #sparql-code")).map(e => e.outerHTML.slice(0, 150)).slice(0, 5)
            .concat("the page is " + document.documentElement.scrollWidth + " wide");
        }"""
    )
    return found


def see_charts(page: Page) -> None:
    """Scrolls to every chart: none is drawn before it comes near the window."""
    for chart in page.locator("figure.chart").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg").first.wait_for()


def look(opened: BrowserContext, path: str, *, wrong: bool = False) -> list[str]:
    """Opens a page; everything that is wrong with it."""
    heard = Heard()
    page = opened.new_page()
    heard.listen(page)
    page.goto(path, wait_until="networkidle")
    see_charts(page)
    found = faults(page) + overflow(page)
    page.close()
    own = [c for c in heard.complaints if not (wrong and "the server responded with a status of 4" in c)]
    return found + own


def test_the_search_page_is_accessible_and_silent(browser: Browser, address: str, release: OpenRelease) -> None:
    with context(browser, address) as opened:
        assert look(opened, addresses(release)["search"]) == []


@pytest.mark.slow
@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_type_of_page_is_accessible_and_silent(
    browser: Browser, address: str, release: OpenRelease, window: dict[str, int]
) -> None:
    """axe-core finds nothing, the console stays empty, nothing breaks the policy, nothing scrolls sideways."""
    found = {}
    with context(browser, address, viewport=window) as opened:
        opened.add_cookies([{"name": "council", "value": "E06990001", "url": address}])
        for name, path in addresses(release).items():
            if wrong := look(opened, path, wrong=name in WRONG):
                found[name] = wrong
    assert found == {}


def test_every_route_that_gives_pages_is_among_the_types_of_page(app: Flask, release: OpenRelease) -> None:
    adapter = app.url_map.bind("localhost")
    looked_at = {adapter.match(path.partition("?")[0])[0] for path in addresses(release).values()}
    other = {
        # not pages: files, data, ways to somewhere else
        "static", "search_pages.my_council", "item_pages.source", "page_images.page_image", "sparql_editor.words",
        "sparql.named_example", "match.matched", "data_pages.dataset", "data_pages.void",
        "data_pages.release_data", "data_pages.sums", "curation_pages.exported", "analysis_pages.api",
    }  # fmt: skip
    client = app.test_client()

    def gives_a_page(path: str) -> bool:
        answer = client.get(path, headers={"Accept": "text/html"})
        answer.close()
        return answer.content_type.startswith("text/html")

    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and (rule.arguments or gives_a_page(rule.rule))
    }
    data = {e for e in pages if e.startswith("api.") or "dump" in e or "table" in e or e.endswith("_data")}
    ontology = {e for e in pages if e.startswith("ontology_page.") and e != "ontology_page.ontology"}
    assert pages - looked_at - other - data - ontology == set()


@pytest.mark.slow
def test_a_plan_that_is_matched_or_refused_is_accessible_and_silent(browser: Browser, address: str) -> None:
    for window in (DESKTOP, PHONE):
        with context(browser, address, viewport=window) as opened:
            heard = Heard()
            page = opened.new_page()
            heard.listen(page)
            who = Reader(page).starts_at("/match").types("Or paste it here", PLAN)
            who.clicks("Match my plan", "button").sees("Nothing of the plan was stored")
            assert faults(page) + overflow(page) + heard.complaints == []
            who.starts_at("/match").clicks("Match my plan", "button").sees("There is a problem")
            assert faults(page) + overflow(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["themes-by-year", "themes-by-framework"])
def test_a_cell_of_a_heatmap_leads_to_the_passages_that_it_counts(browser: Browser, address: str, name: str) -> None:
    """The cells, not their labels; the label, the table beside and the list that it leads to say the same number."""
    with context(browser, address) as opened:
        page = opened.new_page()
        start = f"/analyses/{name}?measure=told"
        page.goto(start)
        see_charts(page)
        cells = page.locator(".chart svg .mark-rect path[aria-label]")  # but for the legend
        tried = 0
        for place in range(cells.count()):
            said = re.search(r"spoke of it: (\d+)", cells.nth(place).get_attribute("aria-label") or "")
            assert said is not None
            if said[1] == "0":
                continue
            cells.nth(place).click(position={"x": 4, "y": 4})  # beside its label
            page.wait_for_url("**/analyses/items**")
            listed = re.search(r"of (\d+) inspection", page.locator("#counted").inner_text())
            address_listed = page.url.removeprefix(address)
            page.goto(start)
            see_charts(page)
            link = page.locator(f".cells td a[href='{address_listed}']")
            assert listed is not None
            assert said[1] == listed[1] == link.inner_text()
            tried += 1
        assert tried > 5


@pytest.mark.slow
def test_at_400_per_cent_nothing_scrolls_sideways_and_nothing_is_lost(
    browser: Browser, address: str, release: OpenRelease
) -> None:
    with context(browser, address, viewport=ZOOMED) as opened, context(browser, address) as normal:
        page, wide = opened.new_page(), normal.new_page()
        for name, path in addresses(release).items():
            for one in (page, wide):
                one.goto(path, wait_until="networkidle")
                see_charts(one)
            assert overflow(page) == [], name
            # what can be reached large can be reached enlarged
            counts = [p.locator(REACHED).count() for p in (page, wide)]
            assert counts[0] >= counts[1], name
        Reader(page).starts_at("/").types("Describe an issue", "supervision").presses("Enter").clicks("Filters").sees(
            "Narrow these results"
        )


# --------------------------------------------------------------------------------------------------------- tasks
# Twelve errands of officers, analysts and researchers, and a thirteenth that goes wrong at first. Each is done as a
# reader would, by the names of things, in at most eight interactions.


def finds_the_like_elsewhere(who: Reader) -> None:
    who.starts_at("/").types("Describe an issue", "managers do not record supervision").presses("Enter")
    who.clicks("Recommendations", within=".tabs").clicks("Haverwick 2014", within=".hits")
    who.sees("Similar in other councils").sees("Fennmouth", "#similar")


def sees_what_was_done_and_what_followed(who: Reader) -> None:
    who.starts_at("/search?q=record+supervision&kind=recommendation&authority=E06990001")
    who.clicks("actions in answer", within=".hits")
    who.sees("2 actions in answer").sees("PSW, AD").sees("Mar '15").sees("Next inspected")
    assert "#actions" in who.page.url


def takes_the_results_as_a_sheet(who: Reader) -> None:
    who.starts_at("/").types("Describe an issue", "supervision").presses("Enter")
    total = int(who.page.locator("#results-title").inner_text().split()[0])
    book = openpyxl.load_workbook(io.BytesIO(who.downloads("Excel").read_bytes()))
    assert sum(1 for row in book.worksheets[0].iter_rows(min_row=2) if row[0].value is not None) == total


def narrows_to_a_theme_and_lifts_it(who: Reader) -> None:
    who.starts_at("/search?q=supervision").opens("narrower theme", ".filters").ticks("Management oversight", ".filters")
    who.clicks("Apply filters", "button").sees("Theme: Management oversight")
    before = who.page.locator("#results-title").inner_text()
    who.clicks("Remove filter Theme").sees("results")
    assert who.page.locator("#results-title").inner_text() != before


def follows_a_trend(who: Reader) -> None:
    who.starts_at("/").clicks("Themes", within="header").clicks("Management oversight and supervision")
    who.sees("2014").sees("2018").sees("How often, year by year")


def sees_a_council_and_what_it_was_told_twice(who: Reader) -> None:
    who.starts_at("/").clicks("Councils", within="header").clicks("Haverwick", within="main")
    who.sees("Told more than once").clicks("Management oversight", within=".matrix").sees("Council: Haverwick")


def sees_only_neighbours_of_my_council(who: Reader) -> None:
    who.starts_at("/search?q=supervision").chooses("Your council", "Haverwick").clicks("Save", "button")
    who.clicks("Statistical neighbours", within=".lens").sees("Statistical neighbours of: Haverwick")
    assert "Fennmouth" in who.page.locator(".hits").inner_text()
    assert "Haverwick 2014" not in who.page.locator(".hits").inner_text()


def matches_a_plan_and_takes_the_briefing(who: Reader) -> None:
    who.starts_at("/").clicks("Match my plan", within="header").types("Or paste it here", PLAN)
    who.clicks("Match my plan", "button").sees("Coverage").sees("Reduce delay in health assessments")
    briefing = Document(io.BytesIO(who.downloads("Word briefing", "button").read_bytes()))
    assert any("health assessments" in paragraph.text for paragraph in briefing.paragraphs)


def cites_a_passage(who: Reader) -> None:
    who.starts_at("/search?q=supervision&kind=recommendation").clicks("Haverwick", within=".hits")
    who.clicks("Copy the citation", "button")
    who.page.get_by_role("button", name="Copied").wait_for()
    copied = who.page.evaluate("navigator.clipboard.readText()")
    assert "Haverwick" in copied
    assert "release 20260102" in copied or "release 2026-01-02" in copied
    assert who.page.url in copied


def checks_the_source(who: Reader) -> None:
    who.starts_at("/search?q=return+home+interviews&kind=recommendation").clicks("Haverwick", within=".hits")
    image = who.page.get_by_role("img", name="with this passage marked")
    image.scroll_into_view_if_needed()
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") == 900
    link = who.page.get_by_role("link", name="PDF at this page").first
    assert link.get_attribute("href").endswith("/source#page=1")


def runs_an_example_query(who: Reader) -> None:
    who.starts_at("/").clicks("SPARQL", within="footer")
    who.clicks("Which themes", within="main")
    # the editor shows its own answer in place of the page's
    who.page.locator("#page-answer:visible, #sparql-answer:visible").first.wait_for()
    who.sees("Answer")


def subscribes_to_a_search(who: Reader) -> None:
    who.starts_at("/").types("Describe an issue", "supervision").presses("Enter")
    link = who.page.get_by_role("link", name="Feed").get_attribute("href")
    feed = who.page.request.get(link or "")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert "supervision" in feed.text()


def takes_the_data_of_a_passage(who: Reader) -> None:
    who.starts_at("/search?q=supervision&kind=recommendation").clicks("Haverwick", within=".hits")
    link = who.page.get_by_role("link", name="Turtle").first.get_attribute("href")
    assert "ig:Recommendation" in who.page.request.get(link or "").text() or "Recommendation" in (
        who.page.request.get(link or "").text()
    )


def recovers_from_finding_nothing(who: Reader) -> None:
    who.starts_at("/search?q=supervision&authority=E06990004").sees("Nothing found")
    who.clicks("Search again without the filters").sees("results")


TASKS = [
    finds_the_like_elsewhere,
    sees_what_was_done_and_what_followed,
    takes_the_results_as_a_sheet,
    narrows_to_a_theme_and_lifts_it,
    follows_a_trend,
    sees_a_council_and_what_it_was_told_twice,
    sees_only_neighbours_of_my_council,
    matches_a_plan_and_takes_the_briefing,
    cites_a_passage,
    checks_the_source,
    runs_an_example_query,
    subscribes_to_a_search,
    takes_the_data_of_a_passage,
    recovers_from_finding_nothing,
]
#: What can be reached; of the pages of results a narrow window names fewer.
REACHED = "main a:visible:not(.govuk-pagination__link), main button:visible, main input:visible"
#: What a script does: all else works without any.
SCRIPTED = {cites_a_passage}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_an_errand_is_done_in_at_most_eight_steps(reader: Reader, task: Any) -> None:
    task(reader)
    assert len(reader.steps) <= 8, reader.steps


@pytest.mark.slow
@pytest.mark.parametrize("task", [t for t in TASKS if t not in SCRIPTED], ids=lambda task: task.__name__)
def test_an_errand_needs_no_javascript(browser: Browser, address: str, task: Any) -> None:
    with context(browser, address, java_script_enabled=False, accept_downloads=True) as opened:
        who = Reader(opened.new_page())
        if task is checks_the_source:  # what waits for the image asks a script
            who.starts_at("/search?q=return+home+interviews&kind=recommendation").clicks("Haverwick", within=".hits")
            source = who.page.locator(".page-image img").get_attribute("src")
            assert who.page.request.get(source or "").headers["content-type"] == "image/png"
        else:
            task(who)


@pytest.mark.slow
@pytest.mark.parametrize("task", [t for t in TASKS if t not in SCRIPTED], ids=lambda task: task.__name__)
def test_an_errand_is_done_on_a_phone(browser: Browser, address: str, task: Any) -> None:
    with context(browser, address, viewport=PHONE, has_touch=True, is_mobile=True, accept_downloads=True) as opened:
        task(Reader(opened.new_page()))


@pytest.mark.slow
def test_the_main_errands_are_done_with_the_keyboard_alone(browser: Browser, address: str) -> None:
    with context(browser, address, accept_downloads=True) as opened:
        page = opened.new_page()
        keys = page.keyboard

        # an officer: past the frame, search, narrow, open, see what was done
        page.goto("/")
        keys.press("Tab")
        assert page.evaluate("document.activeElement.className") == "govuk-skip-link"
        keys.press("Enter")
        tab_to(page, "#q", 3)
        keys.type("record supervision")
        keys.press("Enter")
        page.wait_for_url("**/search**")
        tab_to(page, ".tabs a[href*='kind=recommendation']")
        keys.press("Enter")
        page.wait_for_url("**kind=recommendation**")
        tab_to(page, ".filters input[name=authority][value=E06990001]", 300)
        keys.press("Space")
        tab_to(page, ".apply button", 300)
        keys.press("Enter")
        page.wait_for_url("**authority=E06990001**")
        tab_to(page, ".hits .hit-after a")
        keys.press("Enter")
        page.wait_for_url("**#actions")
        assert "2 actions in answer" in page.locator("main").inner_text()

        # an analyst: a theme, its councils, a passage
        page.goto("/themes")
        tab_to(page, "a[href='/themes/management-oversight']", 300)
        keys.press("Enter")
        page.wait_for_url("**/themes/management-oversight")
        tab_to(page, "main a[href*='authority=']", 300)
        keys.press("Enter")
        page.wait_for_url("**/search**")
        assert page.locator(".hit").count() > 0

        # a researcher: a query typed and run; the editor can be left with Tab
        page.goto("/sparql", wait_until="networkidle")
        tab_to(page, "#sparql-code textarea, #query", 40)
        keys.press("ControlOrMeta+a")
        keys.type("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
        keys.press("Escape")
        tab_to(page, "form.sparql-editor button[type=submit]", 40)
        keys.press("Enter")
        page.locator("#sparql-answer table").wait_for()

        # a plan
        page.goto("/match")
        tab_to(page, "#plan-text", 30)
        keys.insert_text(PLAN)
        tab_to(page, "main .govuk-button[type=submit]", 20)
        keys.press("Enter")
        page.locator("table.coverage").wait_for()


@pytest.mark.slow
def test_pages_print_their_passages_and_not_their_frame(
    browser: Browser, address: str, release: OpenRelease, tmp_path: Path
) -> None:
    with context(browser, address) as opened:
        page = opened.new_page()
        for name in ("search", "recommendation", "document", "theme", "authority", "recurring"):
            page.goto(addresses(release)[name], wait_until="networkidle")
            file = tmp_path / f"{name}.pdf"
            page.pdf(path=str(file), format="A4", prefer_css_page_size=True)
            paper = pypdfium2.PdfDocument(file)
            text = " ".join("".join(sheet.get_textpage().get_text_range() for sheet in paper).split())
            paper.close()
            assert "upervision" in text, name
            assert "Not an official service" in text, name
            for left_out in ("Match my plan", "Apply filters", "Skip to main content", "Copy the citation"):
                assert left_out not in text, (name, left_out)


@pytest.mark.slow
def test_the_first_search_page_costs_at_most_200_kb_and_12_requests(browser: Browser, address: str) -> None:
    """Counted by the browser, as bytes on the wire with headers, on an empty cache."""
    with context(browser, address) as opened:
        page = opened.new_page()
        wire = opened.new_cdp_session(page)
        received: list[float] = []
        wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        wire.send("Network.enable")
        page.goto("/search?q=supervision", wait_until="networkidle")
        assert 0 < len(received) <= 12
        assert sum(received) <= 200_000
