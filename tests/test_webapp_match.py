"""The page that holds a draft plan against the release, over a small release of invented documents."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document
from flask.testing import FlaskClient
from lxml import html as lxml_html
from werkzeug.test import TestResponse

from tests.small_release import HOSTILE, publish
from webapp import create_app
from webapp.match import lines_apart
from webapp.services import Services
from webapp.settings import Settings

PLAN = "1. Make sure that managers record supervision of social workers.\n2. Repaint the pool's changing rooms blue.\n"
LIMIT = 200_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("match") / "data"
    publish(folder, now=datetime(2026, 1, 2, tzinfo=UTC), settings=Settings(**back_end_settings))
    return folder


@pytest.fixture(scope="module")
def client(data: Path, back_end_settings: dict[str, Any]) -> FlaskClient:
    settings = Settings(data=data, match_bytes=LIMIT, match_seconds=60, **back_end_settings)
    return create_app(settings, Services(settings)).test_client()


def upload(client: FlaskClient, name: str, content: bytes, **fields: str) -> TestResponse:
    return client.post("/match", data={"plan_file": (io.BytesIO(content), name), "shown": "1", "others": "1", **fields})


def files_under(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def page(response: TestResponse) -> lxml_html.HtmlElement:
    tree = lxml_html.fromstring(response.get_data(as_text=True))
    assert not tree.xpath("//script[not(@src)] | //style | //@style | //*[@onclick]")
    return tree


def test_the_form_works_without_javascript_and_says_that_nothing_is_kept(client: FlaskClient) -> None:
    tree = page(client.get("/match"))
    assert tree.xpath("//form[@method='post'][@enctype='multipart/form-data'][@action='/match']")
    assert "Nothing of it is stored" in tree.text_content()
    named = tree.xpath("//form[@id='match-form']//input[not(@type='hidden')] | //form[@id='match-form']//textarea")
    assert all(tree.xpath(f"//label[@for='{field.get('id')}']") for field in named)


def test_pasted_text_gets_a_matrix_with_what_others_did_and_what_followed(client: FlaskClient) -> None:
    response = client.post("/match", data={"text": PLAN})
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    text = page(response).text_content()
    assert "Monthly audit of supervision records" in text
    assert "Fennmouth" in text
    assert "Nothing close was found where you looked" in text
    assert "Specific" in text


def test_nothing_of_a_plan_stays_on_disk(client: FlaskClient, data: Path) -> None:
    before = files_under(data)
    assert client.post("/match", data={"text": PLAN}).status_code == 200
    assert upload(client, "plan.txt", PLAN.encode()).status_code == 200
    assert upload(client, "plan.docx", b"PK\x03\x04 broken").status_code == 422
    assert files_under(data) == before
    assert list((data / "cache" / "uploads").iterdir()) == []


def plan_docx() -> bytes:
    document, stream = Document(), io.BytesIO()
    table = document.add_table(rows=0, cols=4)
    for row in (
        ("Recommendation", "Action", "Lead", "By when"),
        ("Managers record supervision of social workers.", "Audit ten files a month.", "Head of Quality", "May 2031"),
        ("Shorten waits for health assessments of children in care.", "Improve practice.", "", "ongoing"),
    ):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(stream)
    return stream.getvalue()


def plan_xlsx() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (
        ("Recommendation", "Action", "Lead", "By when"),
        ("Managers record supervision of social workers.", "Audit ten files a month.", "Head of Quality", "May 2031"),
        ("Shorten waits for health assessments of children in care.", "Improve practice.", "", "ongoing"),
    ):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(("name", "make"), [("My plan.docx", plan_docx), ("plan.XLSX", plan_xlsx)])
def test_a_plan_in_a_table_is_told_what_it_lacks(client: FlaskClient, name: str, make: object) -> None:
    assert callable(make)
    response = upload(client, name, make())
    assert response.status_code == 200, response.get_data(as_text=True)
    text = page(response).text_content()
    assert "1 action without an owner" in text
    assert "1 action without a date" in text
    assert "1 action too vague" in text


def test_the_page_carries_the_plan_so_that_a_download_needs_no_file(client: FlaskClient) -> None:
    tree = page(upload(client, "plan.docx", plan_docx()))
    carried = tree.xpath("//input[@name='plan']/@value")[0]
    again = client.post("/match", data={"plan": carried, "format": "xlsx", "shown": "1", "others": "1"})
    assert again.headers["Content-Disposition"].endswith('.xlsx"')
    book = openpyxl.load_workbook(io.BytesIO(again.data))
    assert [cell.value for cell in book["Actions"]["B"]] == ["Action", "Audit ten files a month.", "Improve practice."]
    word = client.post("/match?format=docx", data={"plan": carried, "shown": "1"})
    assert "Audit ten files a month" in "\n".join(p.text for p in Document(io.BytesIO(word.data)).paragraphs)


def test_filters_narrow_where_others_are_looked_for(client: FlaskClient) -> None:
    def councils(**fields: str) -> set[str]:
        tree = page(client.post("/match", data={"text": PLAN, "shown": "1", **fields}))
        return {name for name in ("Haverwick 20", "Fennmouth 20") if name in tree.text_content()}

    assert councils() == {"Haverwick 20", "Fennmouth 20"}
    assert councils(council="Haverwick", others="1") == {"Fennmouth 20"}
    assert councils(council="Haverwick") == {"Haverwick 20", "Fennmouth 20"}
    assert councils(scope="region", region="South East") == {"Fennmouth 20"}
    assert councils(council="Fennmouth", scope="neighbours", others="1") == {"Haverwick 20"}


def test_a_filter_that_cannot_be_applied_is_told(client: FlaskClient) -> None:
    text = page(client.post("/match", data={"text": PLAN, "scope": "neighbours"})).text_content()
    assert "choose your council" in text
    assert (
        client.post("/match", data={"text": PLAN, "scope": "x", "region": "Atlantis", "council": "?"}).status_code
        == 200
    )


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"<a>" + b" " * 100_000_000)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("plan.exe", b"MZ", 415),
        ("plan", b"text", 415),
        ("plan.docx", b"", 422),
        ("plan.docx", b"PK\x03\x04\x00\x00", 422),
        ("plan.pdf", b"%PDF-1.7 but nothing more", 422),
        ("plan.xlsx", b"\x00" * 2000, 422),
        ("../../etc/passwd.txt", b"", 422),
        ("x" * 300 + ".txt", b"\xff\xfe\x00", 422),
        ("a\x00b\r\n.txt", b"1\n2\n3\n", 400),
    ],
)
def test_what_cannot_be_read_gets_a_sentence_that_helps(
    client: FlaskClient, name: str, content: bytes, status: int
) -> None:
    response = upload(client, name, content)
    assert response.status_code == status
    alert = page(response).xpath("//*[@role='alert']")[0].text_content()
    assert "There is a problem" in alert
    assert "INSPECTGRAPH" not in alert


def test_a_bomb_is_refused_and_the_server_goes_on(client: FlaskClient) -> None:
    assert upload(client, "bomb.docx", bomb()).status_code == 422
    assert client.get("/match").status_code == 200


@pytest.mark.parametrize("field", ["plan_file", "text", "plan"])
def test_too_much_is_413_with_the_limit_in_words(client: FlaskClient, field: str) -> None:
    name = '; filename="plan.txt"' if field == "plan_file" else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{field}"{name}\r\n\r\n'
    body = f"{head}{'a plan ' * LIMIT}\r\n--b--\r\n".encode()
    response = client.post("/match", data=body, content_type="multipart/form-data; boundary=b")
    assert response.status_code == 413
    assert "0.2 MB" in page(response).xpath("//*[@role='alert']")[0].text_content()


@pytest.mark.parametrize(
    "fields",
    [{}, {"text": "  "}, {"plan": "{"}, {"plan": '{"recommendations": [[1]], "actions": []}'}, {"plan": "null"}],
)
def test_an_empty_or_broken_form_is_400(client: FlaskClient, fields: dict[str, str]) -> None:
    response = client.post("/match", data=fields)
    assert response.status_code == 400
    assert page(response).xpath("//*[@role='alert']")


def test_an_action_that_answers_a_recommendation_that_is_not_there_answers_none(client: FlaskClient) -> None:
    plan = '{"recommendations": [], "actions": [["Audit files.", 7, null, null, [], null]]}'
    assert "Actions that answer no recommendation" in client.post("/match", data={"plan": plan}).get_data(as_text=True)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_pasted_list_is_one_recommendation_a_line(client: FlaskClient, end: str) -> None:
    lines = [
        "Make sure that managers record supervision of social workers every month.",
        "Reduce delay in initial health assessments for children who come into the care of the council, and tell the",
        "committee each quarter how many were late.",
        "Improve the charging of electric vehicles",
        "Hold return home interviews within three days",
    ]
    tree = page(client.post("/match", data={"text": end.join(lines)}))
    rows = [row.text_content().strip() for row in tree.cssselect(".coverage tbody th")]
    assert len(rows) == 4
    assert [row.split(" ", 1)[1][:20] for row in rows] == [line[:20] for line in (*lines[:2], *lines[3:])]


def test_text_that_has_its_own_breaks_is_left_alone() -> None:
    for text in ("One.\n\nTwo\nthree", "Action\tOwner\nReview\tHead", "One line"):
        assert lines_apart(text) == text


def test_hostile_text_is_shown_and_never_run(client: FlaskClient) -> None:
    line = f"Improve supervision of social workers {HOSTILE}"
    tree = page(client.post("/match", data={"text": line}))
    assert "<script>alert" in tree.text_content()
    assert not tree.xpath("//script[not(starts-with(@src, '/static/site.js?v='))] | //img[@onerror]")


def test_other_bodies_are_refused_and_never_fail(client: FlaskClient) -> None:
    for content_type in ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x"):
        assert client.post("/match", data=b"{}", content_type=content_type).status_code in {400, 415}
    assert client.put("/match").status_code == 405
