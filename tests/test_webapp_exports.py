"""A search or a release as a file says what the documents say, in every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import openpyxl
import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import InspectgraphError
from indexer import exports as release_exports
from indexer.tables import SCHEMAS, read_rows
from tests.small_release import FORMULA, HOSTILE, publish
from webapp import create_app
from webapp.exports import COLUMNS, clean, humanised_column, safe_cell, timestamp
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

SITE = "https://inspections.example"
AUDIT = "/search?q=Monthly+audit+of+supervision&kind=action&mode=words"
#: The action of the plan of Haverwick as ``tests/small_release.py`` writes it.
ACTION = {
    "rank": 1,
    "kind": "action",
    "text": "Monthly audit of supervision records by a senior manager.",
    "reference": "1",
    "section": None,
    "judged_as": None,
    "council": "Haverwick",
    "gss_code": "E06990001",
    "region": "Yorkshire and the Humber",
    "inspectorate": "Ofsted",
    "framework": "Single inspection framework",
    "inspection_from": "2014-06-03",
    "inspection_to": "2014-06-25",
    "overall_grade": None,
    "published": "2015-01",
    "themes": ["Quality assurance and learning", "Management oversight and supervision"],
    "timescale": "Mar '15",
    "date": None,
    "responsible": ["PSW", "AD"],
    "status": "completed",
    "actions_in_answer": 0,
    "document": "Action plan",
    "file": "haverwick plan.pdf",
    "page": 1,
}
ATOM = {"a": "http://www.w3.org/2005/Atom", "o": "http://a9.com/-/spec/opensearch/1.1/"}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    data = tmp_path_factory.mktemp("exports") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC))
    return Services(Settings(data=data, public_url=SITE, briefing_items=4, feed_entries=10))


@pytest.fixture(scope="module")
def release(services: Services) -> OpenRelease:
    return services.current()


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    return create_app(services.settings, services).test_client()


def found(client: FlaskClient, address: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"{address}&format=json").get_json()
    return body


def table(client: FlaskClient, address: str) -> list[dict[str, str]]:
    text = client.get(f"{address}&format=csv").get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ------------------------------------------------------------------------------------------------------------ searches


def test_json_says_what_was_asked_how_much_there_is_and_each_passage_with_its_source(client: FlaskClient) -> None:
    body = found(client, AUDIT)
    [row] = body.pop("results")
    iri, url = row.pop("iri"), row.pop("url")
    assert row == ACTION
    assert url == iri.replace("https://w3id.org/inspectgraph", SITE)
    assert client.get(url.removeprefix(SITE)).status_code == 200
    assert body.pop("release").startswith("2026-01-02T000000Z-")
    asked = {"query": "Monthly audit of supervision", "url": SITE + AUDIT, "total": 1, "notices": []}
    assert body == asked


def test_a_document_among_the_results_names_itself_as_its_document(client: FlaskClient) -> None:
    rows = found(client, "/search?kind=document")["results"]
    assert {row["document"] for row in rows} >= {"Action plan", "Inspection of Fennmouth"}
    assert all(row["file"] and row["page"] is None for row in rows)


def test_csv_has_the_rows_of_json_as_text(client: FlaskClient) -> None:
    address = "/search?q=supervision"
    rows = found(client, address)["results"]
    lines = table(client, address)
    assert [tuple(line) for line in lines] == [COLUMNS] * len(rows)
    for row, line in zip(rows, lines, strict=True):
        for column, value in row.items():
            text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
            assert line[column] == (f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text), column


def test_a_download_has_a_name_that_says_what_and_when_and_the_total(client: FlaskClient) -> None:
    for address, name in [
        ("/search?q=Monthly+AUDIT+...+of!", "inspectgraph-monthly-audit-of-2026-01-02"),
        ("/search?q=%C3%A9%3D%22", "inspectgraph-all-2026-01-02"),
        (f"/search?q={'supervision+' * 9}", f"inspectgraph-{('supervision-' * 4)[:40]}-2026-01-02"),
    ]:
        for form in ("csv", "xlsx", "docx"):
            response = client.get(f"{address}&format={form}")
            assert response.headers["Content-Disposition"] == f'attachment; filename="{name}.{form}"'
            assert response.headers["X-Total-Count"] == str(found(client, address)["total"])


def test_a_workbook_has_the_rows_as_texts_and_says_where_they_come_from(client: FlaskClient) -> None:
    address = "/search?q=supervision&polarity=improvement"
    body = found(client, address)
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{address}&format=xlsx").data))
    head, *lines = book["Results"].iter_rows(values_only=True)
    assert head == tuple(humanised_column(column) for column in COLUMNS)
    assert head[0] == "Rank"
    assert "GSS code" in head
    assert "Judged as" in head
    assert head[-2:] == ("Identifier", "Address")
    for row, line in zip(body["results"], lines, strict=True):
        for column, cell in zip(COLUMNS, line, strict=True):
            value = row[column]
            text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
            assert (cell or "") == text.replace("\x0b", "\ufffd"), column
    about = dict(book["About"].iter_rows(values_only=True))
    assert about == {
        "Search": "supervision",
        "Filters": "polarity=improvement",
        "Found": str(body["total"]),
        "In this file": str(body["total"]),
        "Address": SITE + address,
        "Release": body["release"],
        "Note": "Passages are quoted as printed. Not an official publication. Check the source before relying on one.",
    }
    assert book["Results"].freeze_panes == "D2"
    bare = openpyxl.load_workbook(io.BytesIO(client.get("/search?format=xlsx").data))["About"]
    assert [cell.value for cell in bare["B"][:2]] == ["everything", "none"]


def test_a_briefing_quotes_the_first_passages_each_under_its_council_with_its_source(client: FlaskClient) -> None:
    address = "/search?q=supervision"
    body = found(client, address)
    document = docx.Document(io.BytesIO(client.get(f"{address}&format=docx").data))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == "supervision"
    assert document.core_properties.title == "Briefing: supervision"
    assert document.core_properties.author == "inspectgraph"
    assert texts[1] == f"{body['total']} found; the first 4 are quoted below."
    assert texts[2:6] == [
        "Filters: none",
        f"Address: {SITE}{address}",
        f"Release: {body['release']}",
        "Note: Passages are quoted as printed. Not an official publication. Check the source before relying on one.",
    ]
    passages = [texts[place : place + 3] for place in range(6, len(texts), 3)]
    assert [quoted for _, quoted, _ in passages] == [clean(row["text"]) for row in body["results"][:4]]
    for row, (heading, _, source) in zip(body["results"], passages, strict=False):
        council = row["council"] or "Council not named"
        assert heading.startswith(f"{row['rank']}. {council}: {row['kind']}")
        assert source.endswith(row["url"])


def test_a_briefing_that_has_all_says_so_and_names_date_page_grade_and_themes(client: FlaskClient) -> None:
    answer = client.get("/search?q=personal+advisers+know+their+care+leavers&kind=finding&mode=words&format=docx")
    texts = [paragraph.text for paragraph in docx.Document(io.BytesIO(answer.data)).paragraphs]
    assert texts[1:3] == ["1 found.", "Filters: kind=finding; mode=words"]
    assert texts[6:8] == [
        "1. Fennmouth: finding",
        "Personal advisers know their care leavers well and keep in touch with them.",
    ]
    parts = texts[8].split(" · ")
    assert parts[:4] == ["Inspection of Fennmouth", "1 March 2016", "page 1", "overall Inadequate"]
    assert len(parts) == 6
    asked = client.get("/search?q=make+sure+managers+record&kind=recommendation&mode=words&format=docx")
    lines = [paragraph.text for paragraph in docx.Document(io.BytesIO(asked.data)).paragraphs]
    assert any(re.fullmatch(r"\d\. Haverwick: recommendation 1", line) for line in lines)
    assert any(" · 2 actions in answer · " in line for line in lines)
    everything = client.get("/search?format=docx")
    document = docx.Document(io.BytesIO(everything.data))
    assert document.paragraphs[0].text == "Inspection findings and recommendations"
    assert document.core_properties.title == "Briefing: inspection findings"


def test_a_long_passage_is_no_quotation_in_large_letters(client: FlaskClient) -> None:
    answer = client.get("/search?q=supervision&kind=finding&mode=words&format=docx")
    styles: dict[bool, set[str]] = {True: set(), False: set()}
    for paragraph in docx.Document(io.BytesIO(answer.data)).paragraphs:
        if paragraph.text.startswith("Supervision ") and paragraph.style is not None:
            styles[len(paragraph.text) >= 600].add(str(paragraph.style.name))
    assert styles == {True: {"Normal"}, False: {"Intense Quote"}}


def test_a_feed_comes_in_pages_that_lead_to_each_other_and_hold_everything_once(
    client: FlaskClient, release: OpenRelease
) -> None:
    address, ids, pages = "/search?kind=finding&kind=recommendation&format=atom", [], 0
    while address:
        feed = ElementTree.fromstring(client.get(address).data)
        pages += 1
        links = {link.get("rel"): link.get("href", "") for link in feed.findall("a:link", ATOM)}
        assert links["self"].removeprefix(SITE) == address
        assert ("previous" in links) == (pages > 1)
        assert links["first"].endswith("kind=finding&kind=recommendation&format=atom")
        assert feed.findtext("o:itemsPerPage", namespaces=ATOM) == "10"
        ids += [entry.findtext("a:id", namespaces=ATOM) for entry in feed.findall("a:entry", ATOM)]
        total = int(feed.findtext("o:totalResults", "", ATOM))
        address = links.get("next", "").removeprefix(SITE)
    assert len(ids) == len(set(ids)) == total
    assert pages == -(-total // 10) == 2


def test_an_entry_of_a_feed_names_council_year_kind_and_themes(client: FlaskClient, release: OpenRelease) -> None:
    feed = ElementTree.fromstring(client.get(f"{AUDIT}&format=atom").data)
    [entry] = feed.findall("a:entry", ATOM)
    assert feed.findtext("a:title", namespaces=ATOM) == "inspectgraph: Monthly audit of supervision"
    assert feed.findtext("a:updated", namespaces=ATOM) == release.created
    assert entry.findtext("a:title", namespaces=ATOM) == "Haverwick 2015: action 1"
    assert entry.findtext("a:content", namespaces=ATOM) == ACTION["text"]
    assert entry.findtext("a:updated", namespaces=ATOM) == "2015-01-01T00:00:00Z"
    assert [label.get("label") for label in entry.findall("a:category", ATOM)] == ACTION["themes"]
    unnamed = ElementTree.fromstring(client.get("/search?q=stray+control+character&mode=words&format=atom").data)
    [entry] = unnamed.findall("a:entry", ATOM)
    assert entry.findtext("a:title", namespaces=ATOM) == "Council not named: finding"
    stray = "Supervision notes hold a stray control character \ufffd here."
    assert entry.findtext("a:content", namespaces=ATOM) == stray
    assert entry.findtext("a:updated", namespaces=ATOM) == release.created
    themed = ElementTree.fromstring(client.get("/search?theme=foster-care&format=atom").data)
    assert themed.findtext("a:title", namespaces=ATOM) == "inspectgraph: Fostering"
    plain = ElementTree.fromstring(client.get("/search?format=atom").data)
    assert plain.findtext("a:title", namespaces=ATOM) == "inspectgraph: everything"


# --------------------------------------------------------------------------------------------------------------- cells


@given(st.text() | st.lists(st.text()) | st.none() | st.integers())
def test_no_cell_is_calculated_and_every_text_can_be_had_back(value: str | list[str] | int | None) -> None:
    cell = safe_cell(value)
    text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    assert not cell.startswith(release_exports.FORMULA_STARTS)
    assert cell in {text, f"'{text}"}
    assert (cell != text) == text.startswith(release_exports.FORMULA_STARTS)


@given(st.text())
def test_what_xml_forbids_is_replaced_and_nothing_else(text: str) -> None:
    allowed = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    assert clean(text) == "".join(letter if allowed.match(letter) else "\ufffd" for letter in text)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_the_time_of_a_date_is_the_first_day_that_it_allows(day: date) -> None:
    iso = day.isoformat()
    assert timestamp(iso) == timestamp(f"../{iso}") == f"{iso}T00:00:00Z"
    assert timestamp(iso[:7]) == f"{iso[:7]}-01T00:00:00Z"
    assert timestamp(iso[:4]) == timestamp(f"{iso[:4]}-21") == f"{iso[:4]}-01-01T00:00:00Z"
    assert timestamp(f"{iso}/{iso}") == f"{iso}T00:00:00Z"


@pytest.mark.parametrize("unknown", [None, "", "..", "spring", "20"])
def test_what_names_no_year_has_no_time(unknown: str | None) -> None:
    assert timestamp(unknown) is None


# ----------------------------------------------------------------------------------------------------- a whole release


def test_the_lines_of_a_release_are_its_tables_in_order(release: OpenRelease) -> None:
    lines = list(release_exports.item_rows(release.path))
    names = ("documents", "inspections", "judgements", "items")
    tables = {name: read_rows(release.path / "tables", name) for name in names}
    stored = [row for rows in tables.values() for row in rows]
    assert [line["iri"] for line in lines] == [row["iri"] for row in stored]
    columns = {
        "document": {"title", "kind", "published", "publisher", "authority", "gss_code"},
        "inspection": {"inspectorate", "framework", "authority", "start", "end", "lead_inspector", "document"},
        "judgement": {"area", "grade", "area_concept", "grade_concept", "inspection"},
        "finding": {"polarity", "section", "themes", "inspection"},
        "recommendation": {"ref", "themes", "deadline", "inspection"},
        "action": {"ref", "timescale", "date", "responsible", "status", "measure", "answers", "themes"},
    }
    assert {line["type"] for line in lines} == set(columns)
    files = {row["iri"]: row["file"] for row in tables["documents"]}
    for line, row in zip(lines, stored, strict=True):
        assert set(line) == {"type", "file", "iri", "text", "page"} | columns[line["type"]]
        for column in columns[line["type"]] - {"deadline"}:
            assert line[column] == row[column], column
        assert line["file"] == files[row.get("document", row["iri"])]
        assert line["text"] == row.get("text")
        assert line["page"] == row.get("page")
        if line["type"] == "recommendation":
            assert line["deadline"] == row["timescale"]


def test_items_are_written_one_json_object_a_line_in_letters_as_they_are(
    release: OpenRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "items.jsonl"
    release_exports.write_items(release.release, output)
    lines = output.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == list(release_exports.item_rows(release.path))
    monkeypatch.setattr(release_exports, "item_rows", lambda _: iter([{"text": "Café – “open”"}]))
    release_exports.write_items(release.release, output)
    assert output.read_text(encoding="utf-8") == '{"text": "Café – “open”"}\n'


@pytest.mark.parametrize("name", ["graph.nq", "graph.trig", "graph.nq.gz", "graph.trig.gz"])
def test_the_graph_is_written_whole_in_the_form_that_the_name_asks_for(
    release: OpenRelease, tmp_path: Path, name: str
) -> None:
    output = tmp_path / "new" / name
    release_exports.write_rdf(release.release, output)
    content = output.read_bytes()
    if name.endswith(".gz"):
        assert content[4:8] == bytes(4)  # no time: the same graph gives the same bytes
        content = gzip.decompress(content)
    form = ox.RdfFormat.TRIG if ".trig" in name else ox.RdfFormat.N_QUADS
    whole = set(release.graph.quads_for_pattern(None, None, None, None))
    assert set(ox.parse(content, format=form)) == whole
    assert [file.name for file in output.parent.iterdir()] == [name]


def test_trig_that_is_made_of_quads_has_them_and_the_prefixes(release: OpenRelease, tmp_path: Path) -> None:
    quads, trig = tmp_path / "graph.nq.gz", tmp_path / "graph.trig"
    release_exports.write_rdf(release.release, quads)
    release_exports.write_trig_of(quads, trig)
    whole = set(release.graph.quads_for_pattern(None, None, None, None))
    assert set(ox.parse(trig.read_bytes(), format=ox.RdfFormat.TRIG)) == whole
    assert b"@prefix skos:" in trig.read_bytes()


@pytest.mark.parametrize("name", ["graph", "graph.ttl", "graph.gz", "graph.nq.zip"])
def test_a_name_that_asks_for_no_form_of_datasets_is_refused_with_those_there_are(
    release: OpenRelease, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InspectgraphError, match=rf"{re.escape(name)}: the name must end in \.nq, \.trig, \.nq\.gz or"):
        release_exports.write_rdf(release.release, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_sample_is_the_graphs_of_the_three_shortest_documents(release: OpenRelease, tmp_path: Path) -> None:
    release_exports.write_sample(release.release, tmp_path / "sample.trig")
    written = set(ox.parse((tmp_path / "sample.trig").read_bytes(), format=ox.RdfFormat.TRIG))
    lengths = {folder.name: (folder / "text.txt").stat().st_size for folder in (release.path / "documents").iterdir()}
    shortest = sorted(lengths, key=lengths.__getitem__)[:3]
    graphs = {f"{release.base_iri}documents/{name}/graph" for name in shortest}
    assert {quad.graph_name.value for quad in written} == graphs  # type: ignore[union-attr]
    for name in graphs:
        stored = set(release.graph.quads_for_pattern(None, None, None, ox.NamedNode(name)))
        assert {quad for quad in written if quad.graph_name == ox.NamedNode(name)} == stored


def test_every_table_is_written_as_parquet_and_csv(release: OpenRelease, tmp_path: Path) -> None:
    release_exports.write_tables(release.release, tmp_path / "a" / "b")
    there = {file.name for file in (tmp_path / "a" / "b").iterdir()}
    assert there == {f"{name}.{ending}" for name in SCHEMAS for ending in ("parquet", "csv")}
    stored = (release.path / "tables" / "items.parquet").read_bytes()
    assert (tmp_path / "a" / "b" / "items.parquet").read_bytes() == stored
    with (tmp_path / "a" / "b" / "items.csv").open(encoding="utf-8", newline="") as lines:
        texts = [row["text"] for row in csv.DictReader(lines)]
    assert f"'{FORMULA}" in texts
    assert f"'-2+3 review supervision {HOSTILE}" in texts


def test_an_export_that_fails_leaves_the_file_that_was_there_and_none_of_its_own(
    release: OpenRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "items.jsonl"
    output.write_text("of yesterday")

    def broken(_: Path) -> Any:
        yield {"type": "document"}
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(release_exports, "item_rows", broken)
    with pytest.raises(OSError, match="No space left"):
        release_exports.write_items(release.release, output)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("items.jsonl", "of yesterday")]
