from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile
from graph.reading import read
from graph.reading.composition import compose, split_marker
from graph.reading.text import text_drafts

SOURCE = SourceFile("a.txt", "0" * 64, "text/plain", 1)


def drafted(text: str, *, markdown: bool = False) -> list[tuple[str, str | None, str]]:
    return [(d.kind, d.marker, d.text) for d in text_drafts(text, markdown=markdown)]


def saved(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def cells(document: ReadDocument) -> list[list[list[str]]]:
    (table,) = [block.table for block in document.blocks if block.table is not None]
    return [[[document.slice(line) for line in cell.lines] for cell in row.cells] for row in table.rows]


def test_a_line_cut_at_the_margin_goes_on_and_a_new_bullet_does_not() -> None:
    text = "* services for children in care (with those that\nleave it)\n* child protection."
    assert drafted(text) == [
        ("list_item", "*", "services for children in care (with those that leave it)"),
        ("list_item", "*", "child protection."),
    ]


def test_numbers_stuck_to_words_and_behind_dashes_are_numbers() -> None:
    assert split_marker("4.10The plan is attached") == ("4.10", "The plan is attached")
    assert split_marker("- 2.1 The plan is attached") == ("2.1", "The plan is attached")
    assert split_marker("(a) a plan") == ("(a)", "a plan")
    assert split_marker("\uf0b7 a plan") == ("\uf0b7", "a plan")


@pytest.mark.parametrize(
    "words",
    ["30.09.03", "2.5 million pounds", "K. Smith", "A. Lee / Head of Service", "i.e. this", "-", "1999 was a year"],
)
def test_dates_amounts_and_initials_are_no_numbers_of_lines(words: str) -> None:
    assert split_marker(words) == (None, words)


def test_headings_are_told_by_capitals_numbers_and_place() -> None:
    text = (
        "1. Purpose of Report\n\n1.1 The purpose is to tell.\n\n2. SUMMARY\n\nSome words that end in a "
        "stop.\n\n3 Conclusion\n\nIt ends."
    )
    assert [(marker, words) for kind, marker, words in drafted(text) if kind == "heading"] == [
        ("1.", "Purpose of Report"),
        ("2.", "SUMMARY"),
        ("3", "Conclusion"),
    ]


def test_short_numbered_items_below_one_another_are_a_list() -> None:
    text = "The areas are:\n\n1. Staff Supervision\n2. Case Recording\n3. Health Checks\n"
    assert [kind for kind, _, _ in drafted(text)] == ["paragraph", "list_item", "list_item", "list_item"]


def test_a_label_in_capitals_that_a_blank_line_cut_goes_on() -> None:
    text = "SUBJECT: PLAN FOR SERVICES TO CHILDREN AND THEIR FAMILIES - CHILDREN'S\n\nSAFEGUARDING.\n\nDATE: 1 MAY 2013"
    assert [words for _, _, words in drafted(text)] == [
        "SUBJECT: PLAN FOR SERVICES TO CHILDREN AND THEIR FAMILIES - CHILDREN'S SAFEGUARDING.",
        "DATE: 1 MAY 2013",
    ]


def test_cells_of_a_tabbed_table_may_hold_html(tmp_path: Path) -> None:
    text = "No\tAction\tWhen\n1\t<ul> • One &amp; two • <b>Three</b></ul>\t<p>May 03</p><p>June 03</p>\n"
    document = read(saved(tmp_path, "a.txt", text))
    assert cells(document)[1] == [["1"], ["One & two", "Three"], ["May 03", "June 03"]]


def test_a_tabbed_table_goes_on_after_a_blank_line(tmp_path: Path) -> None:
    assert len(cells(read(saved(tmp_path, "a.txt", "a1\tb1\tc1\n\na2\tb2\tc2\n")))) == 2


def test_a_quoted_cell_may_run_over_lines(tmp_path: Path) -> None:
    document = read(saved(tmp_path, "a.txt", 'No\tAction\tWhen\n1\t"- One ""x""\n- Two"\tMay\n'))
    assert cells(document)[1] == [["1"], ['One "x"', "Two"], ["May"]]


def test_a_numbered_paragraph_set_with_a_tab_is_no_table() -> None:
    assert drafted("1.1\tThe plan is attached to this report.") == [
        ("list_item", "1.1", "The plan is attached to this report.")
    ]


def test_markdown_marks_are_no_words() -> None:
    text = (
        "# A *plain* title\n\nSome **bold** and [linked](https://example.org) words\nover two lines.\n\n| a | b |"
        "\n|---|---|\n| 1<br>2 | 3 |\n"
    )
    assert drafted(text, markdown=True)[:2] == [
        ("heading", None, "A plain title"),
        ("paragraph", None, "Some bold and linked words over two lines."),
    ]


WORDS = "Café – the council’s plan\n\nIt costs £5.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_words_survive_any_encoding_with_or_without_its_mark(tmp_path: Path, encoding: str) -> None:
    document = read(saved(tmp_path, "a.txt", WORDS.encode(encoding)))
    assert document.text == "Café – the council’s plan\nIt costs £5."


def test_a_nul_in_every_second_byte_is_no_obstacle(tmp_path: Path) -> None:
    data = b"".join(bytes([byte, 0]) for byte in b"The plan is ready.")
    assert read(saved(tmp_path, "a.txt", data)).text == "The plan is ready."


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t\n", "no text"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "PNG"),
        ("a.txt", bytes(range(256)) * 40, "kind"),
        ("a.docx", b"PK\x03\x04" + b"\x00" * 60, "damaged"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(saved(tmp_path, name, data))
    assert reason in caught.value.reason
    assert caught.value.advice


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument):
        read(tmp_path / "none.txt")


def test_a_page_that_is_called_a_text_is_read_as_a_page_and_says_so(tmp_path: Path) -> None:
    document = read(saved(tmp_path, "a.txt", "<!DOCTYPE html><html><body><p>Words &amp; more</p></body></html>"))
    assert document.text == "Words & more"
    assert document.source.media_type == "text/html"
    assert "a.txt" not in document.text
    assert any("ends in .txt" in warning for warning in document.warnings)


@given(st.text(alphabet="ab•-*.1 \t\n|<>p/A:(#\u00a0", max_size=300))
def test_blocks_of_any_text_lie_in_order_and_apart(text: str) -> None:
    document = compose(SOURCE, text_drafts(text))
    last = 0
    for block in document.blocks:
        assert last <= block.start < block.end <= len(document.text)
        words = document.slice(block)
        assert words == words.strip()
        assert block.table is not None or "\n" not in words
        for row in block.table.rows if block.table else ():
            for cell in row.cells:
                assert all(block.start <= line.start < line.end <= block.end for line in cell.lines)
        last = block.end


@pytest.mark.parametrize("name", ["page.pdf", "page.docx", "page.xlsx"])
def test_a_page_or_text_under_the_name_of_another_format_is_a_failed_download(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"<!DOCTYPE html><html><body>Not found</body></html>")
    with pytest.raises(UnreadableDocument, match=r"is a web page, not .* as its ending says \(download it again"):
        read(path)
    path.write_bytes(b"Error 404: the file is not here.")
    with pytest.raises(UnreadableDocument, match="is plain text, not"):
        read(path)


def test_a_bullet_set_with_a_tab_above_a_rule_of_pipes_is_read_to_the_end() -> None:
    assert [draft.text for draft in text_drafts("-\ta|b\n---|---\nx|y\n")] == ["a|b", "x|y"]
