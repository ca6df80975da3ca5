"""The pages of the analyses: every form has the same rows, every figure leads to what it counts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from lxml import html as lxml_html

from indexer.analyses.registry import ANALYSES
from tests.small_release import publish
from webapp import create_app
from webapp.application import STATIC
from webapp.services import Services
from webapp.settings import Settings

COUNCIL = "E06990001"
MATRICES = [name for name in ANALYSES if name.startswith("themes-by-")]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    data = tmp_path_factory.mktemp("analyses") / "data"
    publish(data)
    services = Services(Settings(data=data))
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
        assert total_of(page(client, link.get("href")))[1] == int(link.text_content())


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
