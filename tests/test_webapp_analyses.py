"""The pages of the analyses: every form has the same rows, every figure leads to what it counts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from lxml import html as lxml_html

from indexer.analyses.registry import ANALYSES
from indexer.incidence import MEASURES
from tests.shared_documents import real_release
from tests.small_release import publish
from webapp import create_app
from webapp.application import STATIC
from webapp.services import Services
from webapp.settings import Settings

COUNCIL = "E06990001"
MATRICES = [name for name in ANALYSES if name.startswith("themes-by-")]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Iterator[FlaskClient]:
    settings = Settings(data=tmp_path_factory.mktemp("analyses") / "data", **back_end_settings)
    publish(settings.data, settings=settings)
    services = Services(settings)
    yield create_app(services.settings, services).test_client()
    services.current().sparql.close()


def page(client: FlaskClient, path: str) -> lxml_html.HtmlElement:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200, (path, response.get_data(as_text=True)[:300])
    return lxml_html.fromstring(response.get_data(as_text=True))


def address(analysis: str, measure: str = "told", form: str = "") -> str:
    return f"/analyses/{analysis}{form}?measure={measure}&council={COUNCIL}"


@pytest.mark.parametrize("name", ANALYSES)
def test_a_page_has_one_heading_its_coverage_its_forms_and_its_query(client: FlaskClient, name: str) -> None:
    tree = page(client, address(name))
    assert len(tree.cssselect("h1")) == 1
    assert not tree.xpath("//@style|//style|//script[not(@src)]|//@onclick")
    assert "Counted:" in tree.text_content() or name == "coverage"
    assert len(tree.cssselect(".data-links a")) == 5
    assert "SELECT" in tree.cssselect("pre")[0].text_content()
    for field in tree.xpath("//select"):
        assert tree.xpath(f"//label[@for='{field.get('id')}']")


@pytest.mark.parametrize("name", ANALYSES)
def test_every_form_has_the_same_rows(client: FlaskClient, name: str) -> None:
    body = client.get(address(name, form=".json")).get_json()
    assert body == client.get(f"/api/analyses/{name}?measure=told&council={COUNCIL}").get_json()
    assert body["total"] == len(body["rows"])
    table = pq.read_table(io.BytesIO(client.get(address(name, form=".parquet")).data))
    assert json.loads(json.dumps(table.to_pylist())) == body["rows"]
    lines = list(csv.reader(io.StringIO(client.get(address(name, form=".csv")).get_data(as_text=True))))
    assert lines[0] == body["columns"] == table.column_names
    assert len(lines) - 1 == body["total"]
    assert body["coverage"]["inspections"] == 3


def total_of(tree: lxml_html.HtmlElement) -> tuple[int, int]:
    """Passages and inspections that a list of passages says it has."""
    found = re.match(r"\s*([\d,]+) passages? of ([\d,]+) inspections?", tree.cssselect("#counted")[0].text_content())
    assert found is not None
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


@pytest.mark.parametrize("measure", ["recommended", "told", "praised"])
@pytest.mark.parametrize("name", MATRICES)
def test_totals_are_the_sum_of_what_the_links_lead_to(client: FlaskClient, name: str, measure: str) -> None:
    rows = page(client, address(name, measure)).cssselect(".cells tbody tr")
    assert rows
    for row in rows:
        links = row.cssselect("td a")
        counts = [total_of(page(client, link.get("href"))) for link in links]
        for link, (_, inspections) in zip(links, counts, strict=True):
            assert inspections == int(link.text_content()), link.get("href")
        *cells, (items, inspections) = counts
        assert sum(found for found, _ in cells) == items, row.text_content()
        assert sum(found for _, found in cells) == inspections
        assert items == int(row.cssselect("td:last-child small")[0].text_content())


def test_the_map_of_what_is_covered_leads_to_what_it_counts(client: FlaskClient) -> None:
    links = page(client, address("coverage")).cssselect(".cells td a")
    assert links
    for link in links:
        assert inspections_of(page(client, link.get("href"))) == int(link.text_content())


def inspections_of(tree: lxml_html.HtmlElement) -> int:
    """Inspections that a list of passages is of, and those that it says print nothing of the kind."""
    more = re.search(r"; ([\d,]+) more inspections? prints? nothing", tree.cssselect("#counted")[0].text_content())
    return total_of(tree)[1] + (int(more[1].replace(",", "")) if more else 0)


def figures(tree: lxml_html.HtmlElement) -> Iterator[tuple[int, str, bool]]:
    """Every number on a page that a list of passages stands behind: number, address, whether it counts inspections.

    It is the link's own, beside its words, or at the end of its row of a table with bars.
    """
    for link in tree.xpath("//main//a[starts-with(@href, '/search?') or starts-with(@href, '/analyses/items?')]"):
        in_bars = link.xpath("ancestor::th/../td[@class='n'][last()][ancestor::table[contains(@class, 'bars')]]")
        said = (in_bars or link.cssselect("span.count") or [link])[0].text_content()
        if (number := re.match(r"\s*([\d,]+)(\s|$)", said)) is not None:
            yield int(number[1].replace(",", "")), link.get("href"), bool(link.xpath("ancestor::td"))


def behind(client: FlaskClient, address: str, inspections: bool) -> int:
    """What the list at an address counts."""
    if address.startswith("/search?"):
        return int(client.get(f"/api{address}").get_json()["total"])
    tree = page(client, address)
    return inspections_of(tree) if inspections else total_of(tree)[0]


def pages_with_figures(client: FlaskClient, councils: Sequence[str]) -> list[str]:
    """The analyses in every choice, and the pages of themes that something is about, of these councils and their
    inspections."""
    analyses = [
        f"/analyses/{analysis.name}?measure={measure}&council={council}"
        for analysis in ANALYSES.values()
        for measure in (MEASURES if analysis.measured else ("told",))
        for council in (councils if analysis.council else councils[:1])
    ]
    themes = page(client, "/themes").xpath("//main//tr[td[not(normalize-space() = '0' or . = '0%')]]/th/a/@href")
    of_councils = [f"/authorities/{council}" for council in councils]
    links = [link for path in of_councils for link in page(client, path).xpath("//main//a/@href")]
    inspections = [link for link in links if re.fullmatch(r"/inspections/[\w-]+", link)]
    compared = "&".join(f"council={council}" for council in councils)
    return list(dict.fromkeys([*analyses, *themes, *of_councils, *inspections, f"/compare?{compared}"]))


def figures_that_lead_elsewhere(client: FlaskClient, pages: Sequence[str], each: int = 1) -> tuple[list[str], set[str]]:
    """Figures of these pages that are not what their links lead to, every so many being followed, and the first parts
    of the addresses of pages that have any."""
    wrong: list[str] = []
    kinds: set[str] = set()
    asked: dict[tuple[str, bool], int] = {}
    for path in pages:
        for number, target, inspections in list(figures(page(client, path)))[::each]:
            kinds.add(path.split("/")[1].split("?")[0])
            if (target, inspections) not in asked:
                asked[target, inspections] = behind(client, target, inspections)
            if (found := asked[target, inspections]) != number:
                wrong.append(f"{path}: {number} leads to {found} at {target}")
    return wrong, kinds


KINDS_WITH_FIGURES = {"analyses", "themes", "authorities", "inspections", "compare"}


def test_every_figure_is_what_its_link_leads_to(client: FlaskClient) -> None:
    wrong, kinds = figures_that_lead_elsewhere(client, pages_with_figures(client, ("E06990001", "E06990003")))
    assert not wrong, "\n".join(wrong)
    assert kinds == KINDS_WITH_FIGURES


@pytest.mark.slow
@pytest.mark.shared
def test_every_figure_is_what_its_link_leads_to_in_the_real_corpus() -> None:
    data = real_release().parents[1]
    services = Services(Settings(data=data))
    client = create_app(services.settings, services).test_client()
    pages = pages_with_figures(client, ("E06000016", "E06000022"))
    wrong, kinds = figures_that_lead_elsewhere(client, pages, each=7)
    services.current().sparql.close()
    assert not wrong, "\n".join(wrong)
    assert kinds == KINDS_WITH_FIGURES


@pytest.mark.parametrize("name", [name for name in ANALYSES if name not in MATRICES and name != "coverage"])
def test_the_pages_of_a_list_hold_together_what_its_total_says(client: FlaskClient, name: str) -> None:
    total = client.get(address(name, form=".json")).get_json()["total"]
    listed, number = 0, 1
    while True:
        tree = page(client, f"{address(name)}&page={number}")
        listed += len(tree.xpath("//main//*[contains(@class, 'cards')]/li|//main//table//tbody/tr"))
        number += 1
        if not tree.xpath(f"//main//a[contains(@href, 'page={number}')]"):
            break
    assert listed == total


def test_an_issue_lists_as_many_passages_as_it_is_said_to_have(client: FlaskClient) -> None:
    for name in ("recurring", "discoveries"):
        for row in client.get(f"/api/analyses/{name}").get_json()["rows"]:
            tree = page(client, f"/issues/{row['issue']}")
            assert len(tree.cssselect("#passages .items > li")) == row["items"]
            years = tree.cssselect("table.bars td.n")
            assert sum(int(cell.text_content()) for cell in years) <= row["items"]


def test_the_passages_of_a_cell_are_the_same_in_every_form(client: FlaskClient) -> None:
    link = "/analyses/items?measure=told&theme=workforce-and-practice"
    items, _ = total_of(page(client, link))
    body = client.get(f"{link}&format=json").get_json()
    lines = list(csv.DictReader(io.StringIO(client.get(f"{link}&format=csv").get_data(as_text=True))))
    assert items == body["total"] == len(body["items"]) == len(lines) > 0
    assert [item["iri"] for item in body["items"]] == [line["iri"] for line in lines]


@pytest.mark.parametrize(
    "path",
    [
        "/analyses/trends?measure=blame",
        "/analyses/themes-by-neighbours?council=Nowhere",
        "/analyses/items?theme=nonsense",
        "/analyses/items?by=year",
        "/analyses/items?by=colour&group=red",
        "/api/analyses/trends?measure=<script>",
    ],
)
def test_what_is_not_known_is_refused_with_a_reason(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 400
    assert "must be" in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/analyses/nothing", "/analyses/trends.xml", "/api/analyses/nothing", "/issues/x"])
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_councils_are_compared_side_by_side(client: FlaskClient) -> None:
    tree = page(client, "/compare?council=Haverwick&council=E06990003&council=Nowhere")
    heads = [head.text_content() for head in tree.cssselect("table")[0].cssselect("thead th")]
    assert heads == ["Haverwick", "Fennmouth"]
    assert "Nowhere" in tree.cssselect(".notice")[0].text_content()
    for link in tree.cssselect(".cells td a"):
        assert total_of(page(client, link.get("href")))[1] == int(link.text_content())


def test_one_council_alone_is_not_compared(client: FlaskClient) -> None:
    tree = page(client, "/compare?council=Haverwick")
    assert not tree.cssselect(".cells")
    assert "at least two" in tree.text_content()


def charts(client: FlaskClient) -> list[tuple[str, lxml_html.HtmlElement]]:
    paths = ["/recurring", "/themes/management-oversight", *(address(name) for name in ANALYSES)]
    return [(path, figure) for path in paths for figure in page(client, path).cssselect("figure.chart")]


def test_a_chart_stands_beside_a_table_and_leads_to_passages(client: FlaskClient) -> None:
    found = charts(client)
    assert len(found) >= 9
    for path, figure in found:
        assert figure.get("hidden") is not None, "without JavaScript the table alone is shown"
        assert page(client, path).cssselect("table, .cards"), path
        spec = client.get(figure.get("data-chart")).get_json()
        assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")
        assert all("url" in value for value in spec["data"]["values"])
        for value in spec["data"]["values"][:3]:
            assert client.get(value["url"]).status_code == 200, value["url"]


def test_charts_draw_the_numbers_of_the_table(client: FlaskClient) -> None:
    for name in MATRICES:
        rows = client.get(address(name, form=".json")).get_json()["rows"]
        values = client.get(address(name, form=".vl.json")).get_json()["data"]["values"]
        assert [(v["said"], v["inspections"], v["share"]) for v in values] == [
            (r["said"], r["inspections"], r["share"]) for r in rows
        ]


def test_only_pages_with_charts_load_what_draws_them(client: FlaskClient) -> None:
    def scripts(path: str) -> list[str]:
        return [name for name in page(client, path).xpath("//script/@src") if "vega" in name or "charts" in name]

    assert len(scripts("/analyses/themes-by-year")) == 2
    for path in ("/", "/analyses", "/analyses/lineage", "/search", "/compare"):
        assert not scripts(path), path


def test_the_bundle_is_the_recorded_one_and_carries_its_licences() -> None:
    record = json.loads((STATIC / "vega.json").read_text(encoding="utf-8"))
    for name, sha256 in record["sha256"].items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == sha256
    licences = (STATIC / "vega.LICENCES.txt").read_text(encoding="utf-8")
    for name, package in record["packages"].items():
        assert package["integrity"].startswith("sha512-")
        assert package["licence"] in ("BSD-3-Clause", "MIT")
        assert name == "esbuild" or f"{name} {package['version']}" in licences


def test_charts_need_no_code_from_strings() -> None:
    script = (STATIC / "charts.js").read_text(encoding="utf-8")
    assert "ast: true" in script
    assert "expressionInterpreter" in script
    assert not re.search(r"\beval\b|new Function|innerHTML", script)


def test_links_of_cells_say_what_they_count(client: FlaskClient) -> None:
    tree = page(client, address("themes-by-year", "praised"))
    for link in tree.cssselect(".cells td a"):
        asked = parse_qs(urlsplit(link.get("href")).query)
        assert asked["measure"] == ["praised"]
        assert asked["theme"]
