"""Reading PDFs: every claim on a document that the test itself draws, a few on the real ones."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from fpdf import FPDF
from PIL import Image

from graph.errors import UnreadableDocument
from graph.model import Block, PageSize, ReadDocument, SourceFile
from graph.reading.grid import Ruling, find_grids
from graph.reading.hyphens import joined
from graph.reading.lines import PageWords, PlacedWord
from graph.reading.ocr import with_bullets
from graph.reading.pdf import read_pdf
from tests.shared_documents import shared_dir


def source_of(path: Path) -> SourceFile:
    data = path.read_bytes()
    return SourceFile(path.name, hashlib.sha256(data).hexdigest(), "application/pdf", len(data))


def read(path: Path) -> ReadDocument:
    return read_pdf(path, source_of(path))


class Paper(FPDF):
    """A drawing board that sets text line by line, as the real reports are set."""

    def __init__(self) -> None:
        super().__init__(unit="pt", format="a4")
        self.set_auto_page_break(False)
        self.set_margins(72, 72)

    def put(self, x: float, y: float, text: str, size: float = 12, style: str = "") -> float:
        self.set_font("helvetica", style, size)
        self.text(x, y, text)
        return x + self.get_string_width(text)

    def lines(
        self, x: float, y: float, texts: list[str], pitch: float = 14.5, size: float = 12, style: str = ""
    ) -> float:
        for text in texts:
            self.put(x, y, text, size, style)
            y += pitch
        return y


@pytest.fixture
def paper(tmp_path: Path) -> Callable[[Callable[[Paper], None]], ReadDocument]:
    def make(draw: Callable[[Paper], None]) -> ReadDocument:
        board = Paper()
        draw(board)
        path = tmp_path / "paper.pdf"
        board.output(str(path))
        return read(path)

    return make


Make = Callable[[Callable[[Paper], None]], ReadDocument]


def texts(document: ReadDocument, kind: str | None = None) -> list[str]:
    return [document.slice(block) for block in document.blocks if kind is None or block.kind == kind]


FILLER = "The team plans its visits well and keeps to them in most weeks of the year"


def test_a_paragraph_is_one_block_and_the_next_begins_after_a_gap(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        y = board.lines(72, 100, [FILLER, "and " + FILLER.lower(), "until it ends."])
        board.lines(72, y + 8, ["A second paragraph stands by itself."])

    document = paper(draw)
    assert texts(document) == [f"{FILLER} and {FILLER.lower()} until it ends.", "A second paragraph stands by itself."]


def test_a_name_that_a_ragged_line_breaks_inside_an_item_stays_in_it(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 100, "1.")
        board.lines(92, 100, [FILLER, FILLER[:60], "Advice Service and its helpers."])

    assert texts(paper(draw)) == [f"{FILLER} {FILLER[:60]} Advice Service and its helpers."]


def test_lines_that_hang_further_than_an_items_first_belong_to_it(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 100, "-")
        y = board.lines(86, 100, [FILLER])
        board.lines(94, y, ["and goes on like that", "until it ends."])

    assert texts(paper(draw)) == [f"{FILLER} and goes on like that until it ends."]


def test_a_heading_goes_on_in_an_indented_line(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 100, "The graded judgement about the experience and progress of care", 12, "B")
        board.put(96, 114.5, "leavers is that it is good", 12, "B")
        board.lines(72, 150, [FILLER, "and so it ends."])

    document = paper(draw)
    assert texts(document, "heading") == [
        "The graded judgement about the experience and progress of care leavers is that it is good"
    ]


def test_every_block_and_word_stands_where_its_offsets_say(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 80, "What must change", 16, "B")
        board.lines(72, 110, [FILLER, "and that is good."])

    document = paper(draw)
    assert [document.text[word.start : word.end] for word in document.words] == document.text.split()
    for word in document.words:
        assert 70 < word.box.x0 < word.box.x1 < 560
    heading, paragraph = document.blocks
    assert (heading.kind, heading.level) == ("heading", 1)
    assert len(paragraph.boxes) == 2
    assert paragraph.boxes[0].top < paragraph.boxes[1].top


def test_numbered_paragraphs_lose_their_number_and_run_over_pages(paper: Make) -> None:
    def draw(board: Paper) -> None:
        for page, (head, body) in enumerate(
            [
                ("9.", [FILLER, FILLER.lower(), "and the work goes on with more than one family at a"]),
                (None, ["time, as it should. " + FILLER[:40] + ".", FILLER + "."]),
            ]
        ):
            board.add_page()
            board.put(500, 810, str(page + 1))
            if head:
                board.put(72, 700, head)
            y = board.lines(100, 700 if head else 90, body)
            if not head:
                board.put(72, y + 6, "10.")
                board.lines(100, y + 6, [FILLER, "and 11. is not a paragraph here."])

    document = paper(draw)
    items = [block for block in document.blocks if block.kind == "list_item"]
    assert [block.marker for block in items] == ["9.", "10."]
    assert "at a time, as it should." in document.slice(items[0])
    assert items[0].page == 1
    assert {box.page for box in items[0].boxes} == {1, 2}


def test_a_number_that_a_line_wraps_to_is_no_marker(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 100, "4.")
        board.lines(
            100,
            100,
            [FILLER + " since", "16. and later years of this work are not known to anybody at all who ever", "asked."],
        )

    document = paper(draw)
    assert [block.marker for block in document.blocks] == ["4."]


def test_a_number_glued_to_its_text_is_still_a_marker(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 100, "9.")
        y = board.lines(92, 100, [FILLER, "and so it ends."]) + 6
        board.put(72, y, "10.The plans are clear and " + FILLER[:50].lower())
        board.lines(92, y + 14.5, ["and they are kept."])

    document = paper(draw)
    assert [block.marker for block in document.blocks] == ["9.", "10."]
    assert document.slice(document.blocks[1]).startswith("The plans are clear")


def test_running_heads_page_numbers_and_footnotes_do_not_interrupt_the_text(paper: Make) -> None:
    def draw(board: Paper) -> None:
        for page in range(3):
            board.add_page()
            board.put(72, 40, "Inspection of Anywhere services", 9)
            board.put(300, 815, f"Page {page + 1}", 9)
            end = board.put(72, 100, "Children live in homes" if page == 1 else "Children are seen")
            if page == 1:
                board.put(end, 96, "2", 7)
            board.lines(72, 114.5, [FILLER, "and the page ends in the middle of a" if page < 2 else "and ends."])
            if page == 1:
                board.put(72, 740, "2", 6)
                board.put(78, 743, "These are homes that are open all year.", 9)

    document = paper(draw)
    joined_text = " ".join(texts(document, "paragraph"))
    assert "Inspection of Anywhere" not in document.text
    assert "Page" not in joined_text
    assert "homes2" not in joined_text
    assert "Children live in homes" in joined_text
    notes = [block for block in document.blocks if block.kind == "footnote"]
    assert [document.slice(note) for note in notes] == ["These are homes that are open all year."]


def test_two_levels_of_bullets_are_kept(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        y = 100.0
        for x, mark, text in [
            (72, "\x95", "families get help early, which means:"),
            (100, "-", "at home"),
            (100, "-", "at school"),
            (72, "\x95", "plans are clear."),
        ]:
            board.put(x, y, mark)
            board.put(x + 18, y, text)
            y += 16

    document = paper(draw)
    assert [(block.marker is not None, block.level) for block in document.blocks] == [
        (True, 0),
        (True, 1),
        (True, 1),
        (True, 0),
    ]


@pytest.mark.parametrize(
    ("left", "right", "words", "whole"),
    [
        ("decision-", "making", ["decision"], "decision-making"),
        ("multi-", "agency", [], "multi-agency"),
        ("informa-", "tion", ["information"], "information"),
        ("safe-", "guarding", ["safe", "safeguarding"], "safeguarding"),
        ("day-to-", "day", [], "day-to-day"),
        ("16-", "year-olds", [], "16-year-olds"),
        ("arrange-", "ments", [], "arrangements"),
    ],
)
def test_a_hyphen_at_a_lines_end_goes_unless_it_is_the_words_own(
    left: str, right: str, words: list[str], whole: str
) -> None:
    assert joined(left, right, Counter(words)) == whole


def test_rulings_make_cells_that_span_columns() -> None:
    across = [Ruling(True, y, 0, 300) for y in (0, 20, 40)]
    down = [Ruling(False, x, 0, 40) for x in (0, 300)] + [Ruling(False, 200, 20, 40), Ruling(False, 50, 20, 40)]
    (grid,) = find_grids([*across, *down])
    assert [(cell.row, cell.column, cell.colspan) for cell in grid.cells] == [
        (0, 0, 3),
        (1, 0, 1),
        (1, 1, 1),
        (1, 2, 1),
    ]


def test_a_frame_round_a_text_is_no_table() -> None:
    assert (
        find_grids([Ruling(True, 0, 0, 9), Ruling(True, 9, 0, 9), Ruling(False, 0, 0, 9), Ruling(False, 9, 0, 9)]) == []
    )


def grid_of(board: Paper, top: float, rows: list[list[list[str]]], xs: list[float], height: float) -> None:
    for index, row in enumerate(rows):
        y = top + index * height
        for column, lines in enumerate(row):
            board.rect(xs[column], y, xs[column + 1] - xs[column], height)
            for number, line in enumerate(lines):
                board.put(xs[column] + 4, y + 14 + 14 * number, line, 10, "B" if index == 0 else "")


def test_a_table_that_breaks_over_pages_is_one_and_repeats_no_header(paper: Make) -> None:
    xs = [72.0, 272.0, 422.0, 522.0]
    header = [["Recommendation"], ["Action"], ["By when"]]

    def draw(board: Paper) -> None:
        board.add_page()
        grid_of(
            board,
            700,
            [header, [["1. See all children alone and at every", "visit."], ["- Train all staff"], ["May 2024"]]],
            xs,
            40,
        )
        board.add_page()
        grid_of(board, 60, [header, [["2. Write plans."], ["- Buy a system", "- Use it"], ["June 2024"]]], xs, 40)

    document = paper(draw)
    (block,) = [block for block in document.blocks if block.kind == "table"]
    assert block.table is not None
    rows = block.table.rows
    assert len(rows) == 3
    assert rows[0].header
    assert [row.page for row in rows] == [1, 1, 2]
    last = rows[2].cells[1]
    assert [document.slice(line) for line in last.lines] == ["Buy a system", "Use it"]
    assert [line.marker for line in last.lines] == ["-", "-"]
    assert document.slice(rows[1].cells[0].lines[0]) == "See all children alone and at every visit."
    assert rows[1].cells[0].lines[0].marker == "1."


def test_a_row_that_breaks_over_pages_is_mended(paper: Make) -> None:
    xs = [72.0, 272.0, 522.0]

    def draw(board: Paper) -> None:
        board.add_page()
        grid_of(board, 700, [[["Finding"], ["Action"]], [["Plans are late."], ["- Train staff"]]], xs, 40)
        board.add_page()
        grid_of(board, 60, [[[], []], [["Visits are rare."], ["- Hire staff"]]], xs, 40)
        board.put(276, 74, "- Check plans", 10)

    document = paper(draw)
    (block,) = [block for block in document.blocks if block.kind == "table"]
    assert block.table is not None
    assert [document.slice(line) for line in block.table.rows[1].cells[1].lines] == ["Train staff", "Check plans"]
    assert len(block.table.rows) == 3


def test_a_table_without_vertical_lines_is_found_by_its_header(paper: Make) -> None:
    def draw(board: Paper) -> None:
        board.add_page()
        board.put(72, 80, "Action plan", 16, "B")
        for y, style, cells in [
            (120.0, "B", ["Recommendation", "Action", "Lead", "By when"]),
            (140.0, "", ["2.1 See every child", "- Train all staff", "AB", "May 2024"]),
            (152.0, "", ["in their home.", "- Hire more staff", "CD", "June 2024"]),
            (176.0, "", ["2.2 Write plans.", "- Buy a system", "AB", "2025"]),
        ]:
            for x, text in zip((72, 220, 360, 430), cells, strict=True):
                board.put(x, y, text, 10, style)
        board.put(72, 230, "This line runs over the columns and is no part of the table at all.", 10)

    document = paper(draw)
    (block,) = [block for block in document.blocks if block.kind == "table"]
    assert block.table is not None
    cells = [[[document.slice(line) for line in cell.lines] for cell in row.cells] for row in block.table.rows]
    assert cells[1][0] == ["See every child in their home."]
    assert cells[1][1] == ["Train all staff", "Hire more staff"]
    assert cells[2][3] == ["2025"]
    assert len(cells) == 3
    assert texts(document)[-1].startswith("This line runs over")


def test_a_rotated_page_reads_like_an_upright_one(tmp_path: Path) -> None:
    import pypdfium2

    board = Paper()
    board.add_page()
    board.lines(72, 100, [FILLER, "and ends."])
    board.output(str(tmp_path / "upright.pdf"))
    document = pypdfium2.PdfDocument(tmp_path / "upright.pdf")
    document[0].set_rotation(180)
    document.save(str(tmp_path / "turned.pdf"))
    document.close()
    turned = read(tmp_path / "turned.pdf")
    assert turned.words[0].box.x0 > turned.words[-1].box.x0 - 600
    assert len(turned.words) == len(read(tmp_path / "upright.pdf").words)


# --------------------------------------------------------------------------------------------------------- bad input


def a_pdf(tmp_path: Path, holds: Literal["text", "pictures", "nothing"] = "text") -> Path:
    board = Paper()
    for _ in range(2):
        board.add_page()
        if holds == "text":
            board.lines(72, 100, [FILLER] * 4)
        elif holds == "pictures":
            board.image(Image.new("L", (40, 60), 200), x=10, y=10, w=40)
    path = tmp_path / "some.pdf"
    board.output(str(path))
    return path


def test_what_ocr_makes_of_bullets_are_bullets_and_words_are_not() -> None:
    def line(y: float, *texts: str) -> list[PlacedWord]:
        return [PlacedWord(text, 72 + 30 * at, y, 96 + 30 * at, y + 12, y + 10, 12) for at, text in enumerate(texts)]

    words = [*line(100, "m@", "Plans"), *line(120, "in", "time"), *line(140, "m™", "Visits"), *line(160, "in", "homes")]
    (page,) = with_bullets([PageWords(PageSize(595, 842), [*words, *line(180, "|")], [])])
    assert [word.text for word in page.words] == ["•", "Plans", "in", "time", "•", "Visits", "in", "homes"]


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "nothing.pdf"
    path.write_bytes(b"")
    with pytest.raises(UnreadableDocument, match="is empty"):
        read(path)


def test_a_page_saved_under_a_wrong_name_says_so(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(b"<!DOCTYPE html><html><body>Not found</body></html>")
    with pytest.raises(UnreadableDocument, match="is not a PDF"):
        read(path)


def test_a_file_cut_short_is_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    data = a_pdf(tmp_path).read_bytes()
    for keep in (20, 200, len(data) // 2, len(data) - 40):
        path = tmp_path / f"cut-{keep}.pdf"
        path.write_bytes(data[:keep])
        try:
            text = read(path).text
        except UnreadableDocument as error:
            text = f"{FILLER}: refused, {error.advice}"
        assert FILLER in text


def test_a_damaged_title_is_left_out_and_said(tmp_path: Path) -> None:
    board = Paper()
    board.set_title("12345678")
    board.add_page()
    board.lines(72, 100, [FILLER])
    path = tmp_path / "titled.pdf"
    board.output(str(path))
    half_a_character = path.read_bytes().replace(b"(12345678)", b"<FEFFD800>")
    assert half_a_character != path.read_bytes()
    path.write_bytes(half_a_character)
    document = read(path)
    assert (document.text.strip(), document.title) == (FILLER, None)
    assert document.warnings == ("the title in its properties is damaged and was left out",)


def test_an_encrypted_file_says_so(tmp_path: Path) -> None:
    board = Paper()
    board.set_encryption(owner_password="owner", user_password="user")
    board.add_page()
    board.lines(72, 100, [FILLER])
    path = tmp_path / "locked.pdf"
    board.output(str(path))
    with pytest.raises(UnreadableDocument, match="password"):
        read(path)


def test_a_scan_without_ocr_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableDocument, match="ocrmypdf or tesseract"):
        read(a_pdf(tmp_path, "pictures"))


def test_blank_pages_are_no_scan(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="empty pages only"):
        read(a_pdf(tmp_path, "nothing"))


# ---------------------------------------------------------------------------------------------------- real documents

SHARED = shared_dir()
real = pytest.mark.skipif(SHARED is None, reason="the real documents are not here")


def numbered(block: Block) -> int | None:
    marker = (block.marker or "").rstrip(".")
    return int(marker) if marker.isdigit() else None


@pytest.mark.shared
@real
def test_the_numbering_of_real_reports_has_no_gaps() -> None:
    assert SHARED is not None
    files = sorted((SHARED / "corpus" / "ilacs").glob("*.pdf"))[::24]
    found = missing = pages = 0
    started = time.process_time()
    for path in files:
        try:
            document = read(path)
        except UnreadableDocument:
            continue
        pages += len(document.pages)
        before = 0
        for block in document.blocks:
            number = numbered(block) if block.kind == "list_item" else None
            if number == 1 or number == before + 1:
                before, found = number, found + 1
            elif number is not None and before < number < before + 6:
                missing += number - before - 1
                before, found = number, found + 1
    assert found > 300
    assert missing <= 0.01 * found
    assert pages / (time.process_time() - started) > 10
