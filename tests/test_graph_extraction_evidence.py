"""Evidence is what the document says where it says it: quote, page, and a box around each printed line."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from graph.extraction.evidence import block_at, collapsed, evidence, maker
from graph.extraction.version import EXTRACTOR_VERSION
from graph.model import Block, Box, Evidence, ReadDocument, SourceFile, Word

LINE = 12.0


@st.composite
def printed(draw: st.DrawFn) -> ReadDocument:
    """Paragraphs of words on lines and pages; heights of words on a line differ a little, as those of capitals do."""
    text, words, blocks = "", [], []
    line, page, room = 0, 1, draw(st.integers(2, 6))
    for length in draw(st.lists(st.integers(1, 14), min_size=1, max_size=5)):
        start, x = len(text), 72.0
        for number in range(length):
            word = "w" * draw(st.integers(1, 9))
            if number and draw(st.integers(0, 4)) == 0:
                line, x = line + 1, 72.0
            if line == room:
                line, page, x = 0, page + 1, 72.0
            top = 72 + LINE * line + draw(st.sampled_from([0.0, 1.5]))
            at = len(text)
            words.append(Word(at, at + len(word), Box(page, x, top, x + 5 * len(word), top + 9)))
            text, x = f"{text}{word} ", x + 5 * len(word) + 5
        text = text.rstrip() + "\n"
        blocks.append(Block("paragraph", start, len(text) - 1, page))
        line += 1
    return ReadDocument(SourceFile("p.pdf", "0" * 64, "pdf", 1), text, tuple(blocks), words=tuple(words))


@given(printed(), st.data())
def test_a_span_is_quoted_without_its_ends_and_boxed_line_by_line(document: ReadDocument, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(document.text)))
    end = data.draw(st.integers(start, len(document.text)))
    found = evidence(document, start, end)
    assert found.quote == document.text[found.start : found.end] == document.text[start:end].strip()
    inside = [word.box for word in document.words if word.start < found.end and word.end > found.start]
    lines = [list(line) for _, line in groupby(inside, key=lambda box: (box.page, (box.top - 72) // LINE))]
    assert [(box.page, box.x0, box.top, box.x1, box.bottom) for box in found.boxes] == [
        (line[0].page, line[0].x0, min(b.top for b in line), line[-1].x1, max(b.bottom for b in line)) for line in lines
    ]
    if inside:
        assert found.page == inside[0].page


@given(printed(), st.data())
def test_the_block_of_an_offset_is_the_one_that_covers_it(document: ReadDocument, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(document.text)))
    covering = [block for block in document.blocks if block.start <= offset < block.end]
    assert block_at(document, offset) == (covering[0] if covering else None)


def test_without_words_the_page_is_that_of_the_block() -> None:
    text = "One.\nTwo. "
    blocks = (Block("paragraph", 0, 4, 3), Block("paragraph", 5, 9, 4))
    document = ReadDocument(SourceFile("p.txt", "0" * 64, "txt", 1), text, blocks)
    assert evidence(document, 4, 10) == Evidence(5, 9, "Two.", 4)
    assert evidence(document, 0, 4) == Evidence(0, 4, "One.", 3)
    assert evidence(document, 4, 5) == Evidence(5, 5, "", 4)
    assert evidence(document, 9, 10) == Evidence(10, 10, "", None)


def test_a_line_to_the_left_begins_anew_though_it_is_as_high() -> None:
    left, right = Box(1, 72, 72, 90, 81), Box(1, 300, 72, 320, 81)
    words = (Word(0, 2, right), Word(3, 5, left))
    document = ReadDocument(
        SourceFile("p.pdf", "0" * 64, "pdf", 1), "ab cd", (Block("paragraph", 0, 5, 1),), words=words
    )
    assert evidence(document, 0, 5).boxes == (right, left)


def test_a_rule_bears_the_version_of_the_extractor() -> None:
    assert (maker("plan.row").version, maker("plan.row").score, maker("plan.row", 0.5).score) == (
        EXTRACTOR_VERSION,
        1,
        0.5,
    )
    assert collapsed(" a \n\t b ") == "a b"
