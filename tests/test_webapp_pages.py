"""The web application over a small release of invented documents."""

from __future__ import annotations

import csv
import gc
import hashlib
import io
import json
import re
import shutil
import time
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import openpyxl
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from graph.release import Release, ReleaseWriter, WriterLock
from indexer.exports import FORMULA_STARTS
from tests.small_release import FORMULA, HOSTILE, REMOVED, publish
from webapp import application, create_app, data_pages
from webapp import services as services_module
from webapp.application import CONTENT_SECURITY_POLICY
from webapp.dumps import Dumps
from webapp.search_query import FORMATS, PARAMETERS
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

NAMES = [parameter.name for parameter in PARAMETERS]
ATOM = "{http://www.w3.org/2005/Atom}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("web") / "data"
    publish(folder, now=datetime(2026, 1, 2, tzinfo=UTC), settings=Settings(**back_end_settings))
    return folder


@pytest.fixture(scope="module")
def services(data: Path, back_end_settings: dict[str, Any]) -> Services:
    return Services(Settings(data=data, query_characters=200, **back_end_settings))


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[FlaskClient]:
    app = create_app(services.settings, services)
    yield app.test_client()
    services.current().sparql.close()


@pytest.fixture(scope="module")
def release(services: Services) -> OpenRelease:
    return services.current()


def iris(release: OpenRelease) -> list[str]:
    tables = release.tables
    return [
        iri for t in (tables.documents, tables.inspections, tables.judgements, tables.items) for iri in t.column("iri")
    ]


def item(release: OpenRelease, start: str) -> dict[str, Any]:
    texts = release.tables.items.column("text")
    return release.tables.items.row(next(n for n, text in enumerate(texts) if text.startswith(start)))


def page(client: FlaskClient, path: str, **arguments: Any) -> lxml_html.HtmlElement:
    response = client.get(path, **arguments)
    assert response.status_code == 200, (path, response.status_code)
    return lxml_html.fromstring(response.get_data(as_text=True))


# -------------------------------------------------------------------------------------------------------------- routes

STATIC_ROUTES = [
    "/",
    "/search",
    "/search?q=supervision",
    "/themes",
    "/themes/management-oversight",
    "/themes/workforce-and-practice",
    "/authorities",
    "/authorities/E06990001",
    "/authorities/E06990004",
    "/recurring",
    "/analyses",
    "/analyses/coverage",
    "/analyses/items?measure=told&theme=management-oversight",
    "/compare",
    "/compare?council=E06990001&council=Fennmouth",
    "/data",
    "/about",
    "/methods",
    "/accessibility",
    "/privacy",
    "/api",
    "/sparql",
    "/grades/good",
    "/ontology",
    "/match",
]


@pytest.mark.parametrize("path", STATIC_ROUTES)
def test_every_page_answers_with_one_heading_a_title_and_no_inline_code(client: FlaskClient, path: str) -> None:
    check_page(client, path)


def test_every_item_has_a_page(client: FlaskClient, release: OpenRelease) -> None:
    for iri in iris(release):
        check_page(client, release.path_of(iri))


def check_page(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200, path
    assert response.content_type == "text/html; charset=utf-8", path
    tree = lxml_html.fromstring(response.get_data(as_text=True))
    assert len(tree.cssselect("h1")) == 1, path
    assert tree.findtext(".//title").strip()
    assert tree.get("lang") == "en-GB"
    assert not tree.xpath("//style|//*[@style]|//script[not(@src)]|//*[@*[starts-with(name(), 'on')]]"), path
    identifiers = tree.xpath("//@id")
    assert len(identifiers) == len(set(identifiers)), path
    for field in tree.xpath("//input[not(@type='hidden')]|//select|//textarea"):
        assert tree.xpath(f"//label[@for='{field.get('id')}']"), (path, field.get("name"))
    for image in tree.xpath("//img"):
        assert image.get("alt"), path
    assert len(response.data) < 200_000, path


def test_internal_links_lead_somewhere(client: FlaskClient, data: Path, release: OpenRelease) -> None:
    Dumps(data).write_all(Release.open(data))  # until they are there, their sums answer 503
    starts = [*STATIC_ROUTES, *(release.path_of(iri) for iri in iris(release)[::4])]
    links = set()
    for start in starts:
        tree = page(client, start, headers={"Accept": "text/html"})
        links.update(
            link.split("#")[0] for link in tree.xpath("//a/@href|//link/@href|//img/@src") if link.startswith("/")
        )
    slow = ("format=", "/data/dumps/", "/data/tables/", "/source", "/sparql?")
    for link in sorted(link for link in links if link and not any(part in link for part in slow)):
        expected = {200, 303, 406} if link.endswith(".rdf") else {200, 303}
        with client.get(link) as answer:
            assert answer.status_code in expected, link


def test_jump_links_have_a_target(client: FlaskClient, release: OpenRelease) -> None:
    for path in [*STATIC_ROUTES, *(release.path_of(iri) for iri in iris(release))]:
        tree = page(client, path, headers={"Accept": "text/html"})
        for link in tree.xpath("//a/@href[starts-with(., '#')]"):
            assert tree.xpath(f"//*[@id='{link[1:]}']"), (path, link)


# ------------------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("path", ["/", "/search", "/nothing", "/api/search", "/health", "/static/site.css"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"]


def test_an_answer_names_its_release_and_is_not_sent_twice(client: FlaskClient, release: OpenRelease) -> None:
    first = client.get("/themes")
    assert first.headers["X-Release"] == release.id
    again = client.get("/themes", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert not again.data


def test_the_first_visit_is_small(client: FlaskClient) -> None:
    first = client.get("/search?q=supervision", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    tree = page(client, "/search?q=supervision")
    assets = tree.xpath("//link[@rel='stylesheet' or @rel='icon']/@href|//script/@src|//img/@src")
    size = len(first.data) + sum(len(client.get(a, headers={"Accept-Encoding": "gzip"}).data) for a in assets)
    assert len(assets) + 1 <= 12
    assert size < 200_000
    assert len(client.get("/static/site.css").data) < 30_000


def test_the_style_sheet_is_the_package_that_it_names_without_crown_or_transport_font() -> None:
    static = Path(application.__file__).parent / "static"
    record = json.loads((static / "govuk.json").read_text())
    css = (static / "govuk.css").read_bytes()
    assert hashlib.sha256(css).hexdigest() == record["sha256"]["govuk.css"]
    assert f'--govuk-frontend-version:"{record["version"]}"' in css.decode().replace(": ", ":")
    assert record["integrity"].startswith("sha512-")
    assert record["licence"] in (static / "govuk.LICENCE.txt").read_text()
    for absent in (b"GDS Transport", b"crown", b"url("):
        assert absent not in css


def test_nothing_but_static_files_is_served_from_disk(client: FlaskClient) -> None:
    for path in (
        "/static/../settings.py",
        "/static/..%2fsettings.py",
        "/static/nothing.css",
        "/data/tables/../x.parquet",
    ):
        assert client.get(path).status_code == 404, path


# -------------------------------------------------------------------------------------------------------------- search


def test_a_hit_shows_its_passage_its_marks_and_its_source(client: FlaskClient) -> None:
    tree = page(client, "/search?q=supervision&authority=Haverwick&kind=recommendation")
    first = tree.cssselect(".hit")[0]
    assert "supervision" in first.cssselect("blockquote mark")[0].text.lower()
    assert "Haverwick" in first.cssselect("h3")[0].text_content()
    assert "page 1" in first.text_content()
    assert first.cssselect(".tag")


def test_what_followed_and_the_actions_stand_on_the_hit(client: FlaskClient) -> None:
    tree = page(client, "/search?inspection=&q=return home interviews missing&kind=recommendation&authority=E06990001")
    text = tree.cssselect(".hits")[0].text_content()
    assert "Next inspected 2018" in text
    plan = page(client, "/search?q=supervision&kind=recommendation&authority=E06990001").cssselect(".hits")[0]
    assert "2 actions in answer" in plan.text_content()


def test_bad_filters_are_left_out_with_a_notice(client: FlaskClient) -> None:
    query = {
        "q": "supervision",
        "theme": "nonsense",
        "grade": "<b>",
        "since": "abc",
        "page": "-4",
        "sort": "up",
        "mode": "x",
    }
    tree = page(client, f"/search?{urlencode(query)}")
    notices = tree.cssselect(".notice")[0].text_content()
    for word in ("nonsense", "<b>", "abc", "page", "up"):
        assert word in notices
    assert tree.cssselect(".hit")


@pytest.mark.parametrize(
    "text", ["*", "AND", "!@#", "-", '"', "((((", "a" * 9000, "\x00", "NOT NOT", "~", "\ud7ff", "q:*", "🧒"]
)
def test_no_search_text_is_an_error(client: FlaskClient, text: str) -> None:
    for form in ("html", "json", "csv", "atom"):
        assert client.get("/search", query_string={"q": text, "format": form}).status_code == 200


def test_a_page_beyond_the_last_shows_the_last(client: FlaskClient) -> None:
    tree = page(client, "/search?q=supervision&page=999")
    assert tree.cssselect(".hit")
    assert "last" in tree.cssselect(".notice")[0].text_content()


def test_no_result_gives_advice(client: FlaskClient) -> None:
    tree = page(client, "/search?q=supervision&authority=E06990004")
    assert not tree.cssselect(".hit")
    assert "without the filters" in tree.cssselect(".no-results")[0].text_content()


def test_every_facet_figure_is_what_choosing_it_brings(client: FlaskClient) -> None:
    """The form of filters, sent with one more box ticked; the years also by their links."""
    tried = 0
    for start in (
        "/search?q=supervision",
        "/search?kind=finding&theme=management-oversight",
        "/search?since=2015&grade=good",
        "/search?q=supervision&exclude-authority=E06990003&sort=date",
    ):
        tree = page(client, start)
        for box in tree.cssselect(".filters input[type=checkbox]:not([checked])"):
            name, value = box.get("name"), box.get("value")
            ticked = tree.cssselect(f".filters input[name={name}][checked]")
            count = tree.xpath(f"//label[@for='{box.get('id')}']//*[@class='count']")[0].text_content()
            got = page(client, f"/search?{urlencode([*sent(tree), (name, value)])}")
            if not ticked:
                tried += 1
                assert total_of(got) == int(count.replace(",", "")), (start, name, value)
        for link in tree.cssselect(".facet a.tag:not([aria-current])"):
            count = link.cssselect(".count")[0].text_content()
            assert total_of(page(client, link.get("href"))) == int(count.replace(",", "")), (start, link.get("href"))
    assert tried > 40


def sent(tree: lxml_html.HtmlElement) -> list[tuple[str, str]]:
    """What the form of filters sends as it stands."""
    fields = tree.cssselect(".filters input[name]")
    return [
        (field.get("name"), field.get("value", ""))
        for field in fields
        if field.get("type") != "checkbox" or field.get("checked") is not None
    ]


def test_sending_the_filters_unchanged_changes_nothing(client: FlaskClient) -> None:
    for start in (
        "/search?q=supervision&kind=finding&theme=management-oversight&authority=E06990001&since=2014&sort=date&mode=words",
        "/search?neighbours-of=E06990001&exclude-authority=E06990003&grade=good",
        # filters that leave nothing are still those that are sent
        "/search?q=supervision&authority=E06990004&theme=care-leavers&since=2030&grade=outstanding&kind=action",
    ):
        tree = page(client, start)
        again = page(client, f"/search?{urlencode(sent(tree))}")
        hits = [[link.get("href") for link in t.cssselect(".hit h3 a")] for t in (tree, again)]
        assert hits[0] == hits[1], start
        assert total_of(tree) == total_of(again)
        assert len(tree.cssselect(".active-tag")) == len(again.cssselect(".active-tag")), start


def total_of(tree: lxml_html.HtmlElement) -> int:
    match = re.match(r"[\d,]+", tree.cssselect("#results-title")[0].text_content())
    assert match is not None
    return int(match[0].replace(",", ""))


def test_tabs_count_every_kind_whatever_is_chosen(client: FlaskClient) -> None:
    tree = page(client, "/search?q=supervision&kind=action")
    for tab in tree.cssselect(".tabs a"):
        assert total_of(page(client, tab.get("href"))) == int(tab.cssselect(".count")[0].text_content())


def test_filters_can_be_taken_off_one_by_one(client: FlaskClient) -> None:
    tree = page(client, "/search?q=supervision&authority=E06990001&theme=management-oversight&since=2014")
    tags = tree.cssselect(".active-tag")
    assert len(tags) == 3
    assert all(len(page(client, tag.get("href")).cssselect(".active-tag")) == 2 for tag in tags)


filters = st.fixed_dictionaries(
    {},
    optional={
        "q": st.sampled_from(["supervision", "missing children", "health", "zebra crossing", ""]),
        "kind": st.sampled_from(["recommendation", "finding", "action", "document"]),
        "theme": st.sampled_from(["management-oversight", "workforce-and-practice", "care-leavers"]),
        "authority": st.sampled_from(["E06990001", "Fennmouth"]),
        "neighbours-of": st.sampled_from(["E06990001", "E06990004"]),
        "exclude-authority": st.sampled_from(["E06990003"]),
        "grade": st.sampled_from(["good", "inadequate"]),
        "polarity": st.sampled_from(["strength", "improvement"]),
        "since": st.integers(2013, 2019).map(str),
        "until": st.integers(2013, 2019).map(str),
        "sort": st.sampled_from(["date", "relevance"]),
        "mode": st.sampled_from(["words", "meaning", "hybrid"]),
        "near": st.sampled_from(["E06990001", "E06990003"]),
    },
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=filters)
def test_page_json_csv_xlsx_atom_and_api_agree_on_total_and_order(client: FlaskClient, query: dict[str, str]) -> None:
    total = total_of(page(client, f"/search?{urlencode(query)}"))
    as_json = client.get("/search", query_string=query | {"format": "json"}).get_json()
    api = client.get("/api/search", query_string=query | {"limit": "500"}).get_json()
    rows = list(
        csv.DictReader(
            io.StringIO(client.get("/search", query_string=query | {"format": "csv"}).get_data(as_text=True))
        )
    )
    feed = ElementTree.fromstring(client.get("/search", query_string=query | {"format": "atom"}).data)
    order = [result["iri"] for result in as_json["results"]]
    assert total == as_json["total"] == len(order) == len(rows) == api["total"]
    assert [row["iri"] for row in rows] == order == [result["iri"] for result in api["results"]]
    assert [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")] == order
    assert feed.findtext(f"{OPENSEARCH}totalResults") == str(total)
    kinds = {value["value"]: value["count"] for value in api["facets"].get("kind", [])}
    assert sum(kinds.values()) == total


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from([*(p.name for p in PARAMETERS), "q", "page", "since", "sort", "near"]), st.text(max_size=20)
    )
)
def test_no_url_is_a_server_error(client: FlaskClient, query: dict[str, str]) -> None:
    assert client.get("/search", query_string=query).status_code == 200


def test_a_long_search_is_cut_with_a_notice(client: FlaskClient) -> None:
    tree = page(client, f"/search?q={'supervision+' * 60}")
    assert "200 characters" in tree.cssselect(".notice")[0].text_content()


def test_my_council_is_remembered_adds_views_and_is_where_searches_start(services: Services) -> None:
    client = create_app(services.settings, services).test_client()
    back = client.get("/my-council?council=Haverwick&then=/search?q=supervision%26kind=recommendation")
    assert back.status_code == 303
    seen = "/search?q=supervision&kind=recommendation&exclude-authority=E06990001&near=E06990001"
    assert back.headers["Location"] == seen
    assert "HttpOnly" in back.headers["Set-Cookie"]
    tree = page(client, seen)
    views = tree.cssselect(".lens a")
    names = ["All councils", "Others only", "Statistical neighbours", "Haverwick"]
    assert [view.text_content() for view in views] == names
    for view, count in zip(views, tree.cssselect(".lens .count"), strict=True):
        assert total_of(page(client, view.get("href"))) == int(count.text_content()), view.text_content()
    assert all("Haverwick" not in hit.cssselect("h3")[0].text_content() for hit in tree.cssselect(".hit"))
    assert "Neighbours of Haverwick first" in tree.cssselect(".sorting strong")[0].text_content()
    assert tree.cssselect(".filters input[name=neighbours-of]")[0].get("value") == "E06990001"
    start = {(f.get("name"), f.get("value")) for f in page(client, "/").cssselect(".search-box input[type=hidden]")}
    assert start == {("exclude-authority", "E06990001"), ("near", "E06990001")}
    # what the reader takes off stays off: the URL says all
    everyone = page(client, "/search?q=supervision&kind=recommendation")
    assert total_of(everyone) == total_of(
        page(create_app(services.settings, services).test_client(), seen.split("&exclude")[0])
    )
    gone = client.get(f"/my-council?{urlencode({'council': '', 'then': seen})}")
    assert gone.headers["Location"] == "/search?q=supervision&kind=recommendation"
    client.get("/my-council?council=&then=/search")
    assert not page(client, "/search").cssselect(".lens")


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_going_back_never_leaves_the_site(client: FlaskClient, target: str) -> None:
    response = client.get("/my-council", query_string={"council": "", "then": target})
    assert response.headers["Location"] == "/search"


# ------------------------------------------------------------------------------------------------------------- hostile


def test_text_of_documents_is_never_html(client: FlaskClient, release: OpenRelease) -> None:
    document = next(row for row in release.tables.documents.rows(range(5)) if row["gss_code"] is None)
    paths = [
        release.path_of(document["iri"]),
        f"{release.path_of(document['iri'])}/text",
        "/search?q=supervision",
        "/search",
    ]
    paths += [release.path_of(row["iri"]) for row in release.tables.items.where("document", document["iri"])]
    paths += [f"/search?{urlencode({'q': HOSTILE})}", f"/{HOSTILE}", f"/search?{urlencode({'theme': HOSTILE})}"]
    for path in paths:
        text = client.get(path).get_data(as_text=True)
        own = '<script src="/static/site.js?v='
        assert text.lower().count("<script") == text.count(own) == 1, path
        assert "<img src=x" not in text, path
        assert str(1234 * 1234) not in text, path
    assert "&lt;script&gt;" in client.get(paths[0]).get_data(as_text=True)


def test_feeds_stay_well_formed_whatever_documents_hold(client: FlaskClient) -> None:
    feed = ElementTree.fromstring(client.get("/search?format=atom").data)
    texts = [entry.findtext(f"{ATOM}content") or "" for entry in feed.findall(f"{ATOM}entry")]
    assert any(HOSTILE in text for text in texts)


def test_no_cell_of_an_export_is_a_formula(client: FlaskClient) -> None:
    table = client.get("/search?format=csv").get_data(as_text=True)
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert any(cell == f"'{FORMULA}" for cell in cells)
    assert not any(cell.startswith(FORMULA_STARTS) for cell in cells)
    book = openpyxl.load_workbook(io.BytesIO(client.get("/search?format=xlsx").data))
    types = {cell.data_type for row in book["Results"].iter_rows() for cell in row if cell.value is not None}
    assert types == {"s"}
    assert any(cell.value == FORMULA for row in book["Results"].iter_rows() for cell in row)
    assert book["Results"].max_row - 1 == total_of(page(client, "/search"))


def test_a_briefing_quotes_and_names_its_sources(client: FlaskClient) -> None:
    import docx

    response = client.get("/search?q=supervision&format=docx")
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(response.data)).paragraphs)
    assert "Make sure that managers record their supervision" in text
    assert "page 1" in text
    assert f"{total_of(page(client, '/search?q=supervision'))} found" in text


@pytest.mark.parametrize("form", FORMATS)
def test_formats_come_by_parameter(client: FlaskClient, form: str) -> None:
    assert client.get(f"/search?q=health&format={form}").status_code == 200


@pytest.mark.parametrize(
    ("accept", "got"),
    [
        ("text/html", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("application/atom+xml", "application/atom+xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ],
)
def test_formats_come_by_accept_header(client: FlaskClient, accept: str, got: str) -> None:
    assert client.get("/search?q=health", headers={"Accept": accept}).mimetype == got


# ---------------------------------------------------------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        ("text/turtle", "ttl"),
        ("application/ld+json", "jsonld"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml", "rdf"),
    ],
)
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")  # rdflib's own JSON-LD parser
def test_an_iri_leads_to_its_data(client: FlaskClient, release: OpenRelease, accept: str, suffix: str) -> None:
    from rdflib import Graph, URIRef

    for iri in [
        *iris(release)[::5],
        release.iri_of("themes/management-oversight"),
        release.iri_of("authorities/E06990001"),
    ]:
        path = release.path_of(iri)
        redirect = client.get(path, headers={"Accept": accept})
        assert redirect.status_code == 303, path
        assert redirect.headers["Location"] == f"{path}.{suffix}"
        assert "Accept" in redirect.headers["Vary"]
        data = client.get(redirect.headers["Location"])
        if suffix == "rdf" and data.status_code == 406:
            assert "\x0b" in client.get(f"{path}.html").get_data(as_text=True), path
            continue
        assert data.mimetype == accept
        graph = Graph().parse(data=data.data, format={"jsonld": "json-ld", "rdf": "xml"}.get(suffix, suffix))
        assert (URIRef(iri), None, None) in graph, path


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
def test_all_forms_of_a_description_say_the_same(client: FlaskClient, release: OpenRelease) -> None:
    from rdflib import Graph
    from rdflib.compare import isomorphic

    path = release.path_of(item(release, "Make sure that managers")["iri"])
    turtle = Graph().parse(data=client.get(f"{path}.ttl").data, format="turtle")
    assert len(turtle) > 5
    for suffix, form in (("nt", "nt"), ("rdf", "xml"), ("jsonld", "json-ld")):
        assert isomorphic(turtle, Graph().parse(data=client.get(f"{path}.{suffix}").data, format=form)), suffix


def test_browsers_get_the_page_under_the_iri_itself(client: FlaskClient, release: OpenRelease) -> None:
    path = release.path_of(iris(release)[0])
    response = client.get(path, headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
    assert response.status_code == 200
    assert 'rel="alternate"' in response.headers["Link"]
    assert client.get(f"{path}.html").status_code == 200
    assert client.get(path, headers={"Accept": "image/png"}).status_code == 406


def test_tables_and_dumps_can_be_taken_away(client: FlaskClient, release: OpenRelease) -> None:
    def taken(path: str) -> bytes:
        with client.get(path) as response:
            assert response.status_code == 200, path
            return response.data

    assert len(taken("/data/dumps/items.jsonl").rstrip().split(b"\n")) == len(iris(release))
    assert taken("/data/dumps/graph.nq.gz")[:2] == b"\x1f\x8b"
    assert taken("/data/tables/items.parquet")[:4] == b"PAR1"
    assert client.get("/data/dumps/../../manifest.json").status_code == 404


# --------------------------------------------------------------------------------------------------------------- items


def test_a_recommendation_shows_answers_what_followed_and_others(client: FlaskClient, release: OpenRelease) -> None:
    rows = [
        r
        for r in release.tables.items.where("kind", "recommendation")
        if r["text"].startswith("Make sure that managers") and r["authority"] == "Haverwick"
    ]
    planned = next(row for row in rows if row["restates"])
    reported = next(row for row in rows if row["iri"] == planned["restates"])
    for row in (planned, reported):
        text = page(client, release.path_of(row["iri"])).text_content()
        assert "2 actions in answer" in text
        assert "PSW, AD" in text
        assert "Next inspected" in text
        assert "4 to 15 June 2018" in text
        assert "Fennmouth" in text
        assert row["iri"] in text
    tree = page(client, release.path_of(planned["iri"]))
    assert "As the inspection report says it" in tree.text_content()
    assert release.path_of(reported["iri"]) in tree.xpath("//a/@href")


def test_an_action_leads_back_to_its_recommendation(client: FlaskClient, release: OpenRelease) -> None:
    row = item(release, "Train every team manager")
    tree = page(client, release.path_of(row["iri"]))
    assert release.path_of(row["answers"]) in tree.xpath("//a/@href")


def test_the_context_holds_the_passage_unchanged(client: FlaskClient, release: OpenRelease) -> None:
    for row in release.tables.items.rows(range(len(release.tables.items))):
        tree = page(client, release.path_of(row["iri"]))
        if tree.cssselect(".context"):
            shown = tree.cssselect(".context mark")[0].text_content()
            assert shown == row["text"] or "\x0b" in row["text"]


def test_the_full_text_is_whole(client: FlaskClient, release: OpenRelease) -> None:
    for row in release.tables.documents.rows(range(4)):
        tree = page(client, f"{release.path_of(row['iri'])}/text")
        shown = "\n".join(p.text_content() for p in tree.cssselect(".full-text p:not(.page-mark)"))
        assert shown == release.text(row["id"])


def test_a_page_image_marks_the_evidence(client: FlaskClient, release: OpenRelease) -> None:
    from PIL import Image

    row = item(release, "Hold return home interviews")
    document = release.document(row["document"])
    assert document is not None
    path = f"{release.path_of(document['iri'])}/pages/1.png"
    plain = Image.open(io.BytesIO(client.get(path).data)).convert("RGB")
    marked = Image.open(io.BytesIO(client.get(f"{path}?item={row['id']}").data)).convert("RGB")
    assert plain.size == marked.size == (900, 1275)
    assert any(red > 240 and blue < 160 for _, (red, _, blue) in marked.getcolors(1 << 24) or [])
    assert not any(red > 240 and blue < 160 for _, (red, _, blue) in plain.getcolors(1 << 24) or [])
    assert client.get(f"{path}?item=nonsense").data == client.get(path).data
    assert client.get(path.replace("1.png", "2.png")).status_code == 404


def test_an_authority_shows_its_history_and_its_repeats(client: FlaskClient) -> None:
    tree = page(client, "/authorities/E06990001")
    entries = [entry.cssselect("h3")[0].text_content().strip() for entry in tree.cssselect(".timeline > li")]
    assert len(entries) == 2
    assert "2018" in entries[0]
    assert "Management oversight" in tree.cssselect(".matrix")[0].text_content()
    assert "Fennmouth" in tree.text_content()


def test_recurring_counts_only_councils_that_were_inspected_again(client: FlaskClient) -> None:
    found = {row["theme"]: row for row in client.get("/api/recurring").get_json()["recurring"]}
    oversight = found["management-oversight"]
    assert (oversight["told"], oversight["reinspected"], oversight["again"]) == (2, 1, 1)
    assert oversight["not_yet_reinspected"] == 1


# -------------------------------------------------------------------------------------------------------------- errors


def test_the_methods_page_shows_the_measured_figures_and_what_they_are_of(client: FlaskClient) -> None:
    tree = page(client, "/methods")
    measured = data_pages.measured_accuracy()
    assert {"extractor", "index"} <= set(measured["versions"])
    shown = tree.cssselect("table.measured")
    assert len(shown) == len(measured["parts"]) >= 5
    for table, part in zip(shown, measured["parts"], strict=True):
        assert table.cssselect("caption")[0].text_content() == part["title"]
        cells = [[cell.text_content() for cell in row] for row in table.cssselect("tbody tr")]
        assert cells == [[cell or "–" for cell in row] for row in part["rows"]]
    assert {part["title"] for part in measured["parts"]} >= {"Links to themes", "Search by meaning and words"}


def test_an_unknown_address_helps(client: FlaskClient) -> None:
    response = client.get("/recommendations/supervision-of-staff", headers={"Accept": "text/html"})
    assert response.status_code == 404
    tree = lxml_html.fromstring(response.get_data(as_text=True))
    assert tree.cssselect("input[name=q]")[0].get("value") == "supervision of staff"


def test_a_removed_document_is_gone_with_its_reason(client: FlaskClient, release: OpenRelease) -> None:
    response = client.get(release.path_of(REMOVED))
    assert response.status_code == 410
    assert "withdrawn by its publisher" in response.get_data(as_text=True)
    assert client.get(f"/api/items{release.path_of(REMOVED)}").status_code == 410


def test_the_api_answers_errors_as_problems(client: FlaskClient) -> None:
    for path, status in (("/api/items/findings/zzz", 404), ("/api/nothing", 404), ("/api/search?limit=0", 400)):
        response = client.get(path)
        assert response.status_code == status
        assert response.content_type == "application/problem+json"
        assert response.get_json()["status"] == status
    assert client.post("/api/search").status_code == 405


def test_an_unexpected_error_is_a_500_that_tells_nothing_and_is_logged(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(services.settings, services)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("secret")

    response = app.test_client().get("/broken")
    assert response.status_code == 500
    assert "secret" not in response.get_data(as_text=True)
    assert "secret" in caplog.text


def test_without_a_release_pages_say_so_and_health_fails(tmp_path: Path) -> None:
    client = create_app(Settings(data=tmp_path)).test_client()
    assert client.get("/health").status_code == 503
    response = client.get("/")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "inspectgraph build" in response.get_data(as_text=True)


def test_a_new_release_is_taken_up_and_the_old_one_serves_who_has_it(tmp_path: Path, release: OpenRelease) -> None:
    first = copy_of(release, tmp_path, datetime(2026, 1, 3, tzinfo=UTC))
    services = Services(Settings(data=tmp_path))
    client = create_app(services.settings, services).test_client()
    held = services.current()
    assert client.get("/health").get_json()["release"] == first
    second = copy_of(release, tmp_path, datetime(2026, 1, 4, tzinfo=UTC))
    assert client.get("/health").get_json()["release"] == second != first
    assert client.get("/").headers["X-Release"] == second
    assert held.id == first
    assert len(held.tables.documents) == 5


def test_what_stays_with_a_release_serves_it_until_its_folder_has_gone(tmp_path: Path, release: OpenRelease) -> None:
    first = copy_of(release, tmp_path, datetime(2026, 1, 3, tzinfo=UTC))
    services = Services(Settings(data=tmp_path), stays=True)
    assert services.current().id == first
    second = copy_of(release, tmp_path, datetime(2026, 1, 4, tzinfo=UTC))
    assert services.current().id == first
    shutil.rmtree(tmp_path / "releases" / first)
    assert services.current().id == second


def test_a_damaged_new_release_leaves_the_old_one_serving(tmp_path: Path, release: OpenRelease) -> None:
    first = copy_of(release, tmp_path, datetime(2026, 1, 3, tzinfo=UTC))
    services = Services(Settings(data=tmp_path))
    client = create_app(services.settings, services).test_client()
    assert client.get("/health").get_json()["release"] == first
    second = copy_of(release, tmp_path, datetime(2026, 1, 4, tzinfo=UTC))
    (tmp_path / "releases" / second / "tables" / "items.parquet").unlink()
    assert client.get("/health").get_json()["release"] == first


def copy_of(release: OpenRelease, data: Path, now: datetime) -> str:
    with WriterLock(data), ReleaseWriter(data, now=now) as writer:
        for entry in release.path.iterdir():
            if entry.name != "manifest.json":
                writer.carry_over(release.release, entry.name)
        return writer.publish(release.release.manifest.facts).id


def test_what_is_remembered_of_a_release_does_not_keep_it_open(data: Path) -> None:
    services = Services(Settings(data=data))
    client = create_app(services.settings, services).test_client()
    for path in ("/themes", "/recurring", "/api/analyses/trends", "/data.ttl", "/themes/management-oversight"):
        assert client.get(path).status_code == 200
    opened = weakref.ref(services.current())
    del services, client
    for _ in range(100):  # a thread of a request may still be on its way out
        gc.collect()
        if opened() is None:
            break
        time.sleep(0.05)
    assert opened() is None


def test_a_release_that_was_replaced_is_let_go_although_its_pages_were_rendered(
    release: OpenRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_module, "_FAREWELLS", (0.05,) * 200)
    first = copy_of(release, tmp_path, datetime(2026, 1, 3, tzinfo=UTC))
    services = Services(Settings(data=tmp_path))
    client = create_app(services.settings, services).test_client()
    gc.disable()  # as on a quiet site, where the collector's next full run is hours away
    try:
        assert client.get("/themes").headers["X-Release"] == first
        opened = weakref.ref(services.current())
        copy_of(release, tmp_path, datetime(2026, 1, 4, tzinfo=UTC))
        assert client.get("/about").headers["X-Release"] != first
        for _ in range(100):
            if opened() is None:
                break
            time.sleep(0.05)
        assert opened() is None
    finally:
        gc.enable()


# ----------------------------------------------------------------------------------------------------------------- API


def test_openapi_describes_every_operation_and_its_examples_work(client: FlaskClient, services: Services) -> None:
    described = client.get("/api/openapi.json").get_json()
    assert described["openapi"].startswith("3.1")
    rules = {
        rule.rule
        for rule in create_app(services.settings, services).url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert len(described["paths"]) == len(rules - {"/api/", "/api/openapi.json", "/api/<path:rest>"})
    names = {p["name"] for p in described["paths"]["/api/search"]["get"]["parameters"]}
    assert {p.name for p in PARAMETERS} <= names
    for path, operations in described["paths"].items():
        if "{" not in path:
            body = client.get(path).get_json()
            schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert set(schema["required"]) <= set(body), path


def test_the_api_gives_an_item_with_all_that_belongs_to_it(client: FlaskClient, release: OpenRelease) -> None:
    for iri in iris(release):
        body = client.get(f"/api/items{release.path_of(iri)}").get_json()
        assert body["iri"] == iri
        assert body["release"] == release.id


def test_pages_of_the_api_join_without_gap_or_repeat(client: FlaskClient) -> None:
    whole = [r["iri"] for r in client.get("/api/search?limit=500").get_json()["results"]]
    parts: list[str] = []
    for number in range(1, 20):
        body = client.get(f"/api/search?limit=4&page={number}").get_json()
        parts += [r["iri"] for r in body["results"]]
        if number >= body["pages"]:
            break
    assert parts == whole
