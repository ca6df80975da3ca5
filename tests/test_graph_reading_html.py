from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from graph.errors import UnreadableDocument
from graph.model import ReadDocument
from graph.reading import html as html_module
from graph.reading import read
from tests.council_papers import page


def opened(folder: Path, markup: str, name: str = "a.html") -> ReadDocument:
    path = folder / name
    path.write_text(markup, encoding="utf-8")
    return read(path)


def shown(document: ReadDocument) -> list[tuple[str, int, str | None, str]]:
    return [(b.kind, b.level, b.marker, document.slice(b)) for b in document.blocks]


def test_the_furniture_of_a_saved_page_is_dropped(tmp_path: Path) -> None:
    document = opened(tmp_path, page("<h1>The report</h1><p>Its words.</p>"))
    assert shown(document) == [("heading", 1, None, "The report"), ("paragraph", 0, None, "Its words.")]
    assert document.title == "Papers"


def test_what_looks_like_furniture_but_holds_the_report_is_kept(tmp_path: Path) -> None:
    words = "The report is long and says many things about the service. " * 5
    document = opened(tmp_path, f'<html><body><div class="page-header"><p>{words}</p></div><p>Foot.</p></body></html>')
    assert document.text.startswith("The report is long")


def test_lists_keep_their_numbers_and_depth(tmp_path: Path) -> None:
    document = opened(
        tmp_path, "<body><ol start='3' type='a'><li>one<ul><li>deeper</li></ul></li><li>two</li></ol></body>"
    )
    assert shown(document) == [
        ("list_item", 0, "c.", "one"),
        ("list_item", 1, "•", "deeper"),
        ("list_item", 0, "d.", "two"),
    ]


def test_bullets_typed_into_paragraphs_are_bullets(tmp_path: Path) -> None:
    document = opened(tmp_path, "<body><p>The aims:<br>· first aim<br>· second aim</p></body>")
    assert [(kind, words) for kind, _, _, words in shown(document)] == [
        ("paragraph", "The aims:"),
        ("list_item", "first aim"),
        ("list_item", "second aim"),
    ]


def test_a_cell_that_spans_rows_stands_in_each_of_them(tmp_path: Path) -> None:
    document = opened(
        tmp_path,
        "<body><table><tr><th>a</th><th colspan=2>b</th></tr><tr><td rowspan=2>x</td><td>1</td><td>2</td></tr>"
        "<tr><td>3</td><td>4</td></tr></table></body>",
    )
    table = document.blocks[0].table
    assert table is not None
    read_rows = [[(c.column, document.slice(c.lines[0])) for c in row.cells] for row in table.rows]
    assert read_rows == [[(0, "a"), (1, "b")], [(0, "x"), (1, "1"), (2, "2")], [(0, "x"), (1, "3"), (2, "4")]]
    assert table.rows[0].header


def test_a_table_for_layout_is_no_table(tmp_path: Path) -> None:
    document = opened(tmp_path, "<body><table><tr><td><h1>Title</h1></td><td><p>Words.</p></td></tr></table></body>")
    assert [kind for kind, *_ in shown(document)] == ["heading", "paragraph"]


def test_hidden_words_and_scripts_are_not_read(tmp_path: Path) -> None:
    document = opened(
        tmp_path, "<body><p style='display: none'>no</p><p hidden>no</p><script>no</script><p>yes</p></body>"
    )
    assert document.text == "yes"


def test_a_page_in_one_file_with_its_pictures_is_read(tmp_path: Path) -> None:
    mhtml = (
        'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\nContent-Type: text/html; '
        'charset="utf-8"\n'
        "Content-Transfer-Encoding: quoted-printable\n\n<html><body><p>Caf=C3=A9 plan</p></body></html>\n--x--\n"
    )
    assert opened(tmp_path, mhtml, "a.mht").text == "Café plan"


def test_nesting_without_end_is_read_or_refused(tmp_path: Path) -> None:
    with contextlib.suppress(UnreadableDocument):
        assert opened(tmp_path, "<html><body>" + "<div>" * 50_000 + "deep" + "</body></html>").text == "deep"


def test_entities_are_not_fetched_or_expanded(tmp_path: Path) -> None:
    markup = (
        '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><html><body><p>Words &a; '
        "&b;</p></body></html>"
    )
    assert "root:" not in opened(tmp_path, markup).text


def test_a_page_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_module, "MAX_BYTES", 1000)
    with pytest.raises(UnreadableDocument, match="more than 1000"):
        opened(tmp_path, "<html><body>" + "<p>words</p>" * 200 + "</body></html>")
