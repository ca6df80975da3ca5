"""From placed words to blocks: running heads, footnotes, lists, headings, tables, paragraphs over pages.

Pure: everything here works on positions in points from each page's top left corner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from graph.model import PageSize, ReadDocument, SourceFile
from graph.reading.drafts import Draft, DraftTable, Marker, Measures, blocks_of
from graph.reading.emission import Emitter
from graph.reading.grid import Grid, find_grids
from graph.reading.hyphens import bare
from graph.reading.lines import Line, PageWords, PlacedWord, lines_of, split_columns
from graph.reading.margins import NOTE_START, drop_running_heads, reads_as_note, split_footnotes, without_marks
from graph.reading.page_tables import add_aligned_table, join_tables, same_columns, tables_on


def document_of_pages(
    source: SourceFile, pages: Sequence[PageWords], *, title: str | None = None, warnings: tuple[str, ...] = ()
) -> ReadDocument:
    """Blocks, tables and word boxes of a paged document."""
    sizes = [page.size for page in pages]
    grids = [find_grids(page.rulings) for page in pages]
    inside = [_words_in(page.words, found) for page, found in zip(pages, grids, strict=True)]
    lines = [lines_of(number, rest) for number, (_, rest) in enumerate(inside, start=1)]
    measures = _measures(lines, inside)
    tables = [
        tables_on(number, found, held, lines[number - 1], measures)
        for number, (found, (held, _)) in enumerate(zip(grids, inside, strict=True), start=1)
    ]
    drop_running_heads(lines, sizes)
    for page, page_lines, found_here in zip(pages, lines, tables, strict=True):
        add_aligned_table(page_lines, found_here, page, measures)
    drafts: list[Draft] = []
    for number, page_lines in enumerate(lines):
        _add_page(drafts, page_lines, tables[number], sizes[number], measures)
    _set_kinds(drafts, measures)
    return Emitter(measures.vocabulary).document(source, drafts, sizes, title, warnings)


def _words_in(words: Sequence[PlacedWord], grids: Sequence[Grid]) -> tuple[list[list[PlacedWord]], list[PlacedWord]]:
    held: list[list[PlacedWord]] = [[] for _ in grids]
    if not grids:
        return held, list(words)
    rest: list[PlacedWord] = []
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        for index, grid in enumerate(grids):
            if grid.x0 <= x < grid.x1 and grid.top <= y < grid.bottom:
                held[index].append(word)
                break
        else:
            rest.append(word)
    return held, rest


def _measures(pages: Sequence[Sequence[Line]], inside: Sequence[tuple[list[list[PlacedWord]], object]]) -> Measures:
    sizes: Counter[float] = Counter()
    pitches: list[float] = []
    vocabulary: Counter[str] = Counter()
    for lines in pages:
        right = max((line.x1 for line in lines), default=0.0)
        for line in lines:
            sizes[line.size] += len(line.text)
            vocabulary.update(bare(word.text) for word in line.words[:-1])
            vocabulary[bare(line.words[-1].text)] += 0 if line.words[-1].text.endswith("-") else 1
        for a, b in pairwise(lines):
            if a.size == b.size and a.x1 > 0.85 * right and 0 < b.baseline - a.baseline < 2.2 * a.size:
                pitches.append((b.baseline - a.baseline) / a.size)
    for held, _ in inside:
        for words in held:
            vocabulary.update(bare(word.text) for word in words if not word.text.endswith("-"))
            for word in words:
                sizes[word.size] += len(word.text)
    body = max(sizes, key=lambda size: sizes[size]) if sizes else 11.0
    return Measures(body, min(max(median(pitches), 1.0), 1.7) if pitches else 1.2, vocabulary)


def _add_page(
    drafts: list[Draft],
    lines: list[Line],
    tables: Sequence[tuple[float, DraftTable | list[Draft]]],
    size: PageSize,
    measures: Measures,
) -> None:
    text, notes = split_footnotes(lines, measures.body)
    without_marks(text)
    right = max((line.x1 for line in text), default=size.width * 0.9)
    open_draft = _last_text(drafts)
    pending = list(tables)
    for column in split_columns(text, size.width) if text else []:
        if not column:
            continue
        edge = max(line.x1 for line in column) if len(column) < len(text) else right
        run: list[Line] = []
        for line in column:
            while pending and pending[0][0] < line.top:
                open_draft = _add_run(drafts, run, edge, measures, open_draft)
                run = []
                _add_framed(drafts, pending.pop(0)[1], measures)
                open_draft = None
            run.append(line)
        open_draft = _add_run(drafts, run, edge, measures, open_draft)
    for _, framed in pending:
        _add_framed(drafts, framed, measures)
    for draft in _notes(notes, measures):
        drafts.append(draft)


def _last_text(drafts: list[Draft]) -> Draft | None:
    for draft in reversed(drafts):
        if draft.kind != "footnote":
            return None if draft.table is not None else draft
    return None


def _add_run(
    drafts: list[Draft], run: list[Line], right: float, measures: Measures, before: Draft | None
) -> Draft | None:
    if not run:
        return before
    added = blocks_of(run, right, measures, before)
    drafts += added
    return added[-1] if added else before


def _add_framed(drafts: list[Draft], framed: DraftTable | list[Draft], measures: Measures) -> None:
    if isinstance(framed, DraftTable):
        _add_table(drafts, framed, measures)
    else:
        drafts += framed


def _add_table(drafts: list[Draft], table: DraftTable, measures: Measures) -> None:
    last = next((draft for draft in reversed(drafts) if draft.kind != "footnote"), None)
    page = table.rows[0].page
    if (
        last is not None
        and last.table is not None
        and last.table.rows[-1].page < page
        and same_columns(last.table, table)
    ):
        join_tables(last.table, table, measures)
        return
    lines = [line for row in table.rows for cell in row.cells for draft in cell.lines for line in draft.lines]
    drafts.append(Draft(lines[:1], None, 0.0, 0.0, "table", table=table))


def _notes(lines: list[Line], measures: Measures) -> Iterator[Draft]:
    current: Draft | None = None
    for line in lines:
        match = NOTE_START.match(line.text)
        if current is None or (match and reads_as_note(line)):
            current = Draft([line], None, line.x0, line.x1, "footnote")
            first = line.words[0]
            if match and len(line.words) > 1 and first.text == match.group():
                current.marker = Marker(first.text, first.x0, line.words[1].x0, True)
                line.words = line.words[1:]
                line.measure()
            yield current
        else:
            if current.marker is None and NOTE_START.fullmatch(current.last.text) and len(current.lines) == 1:
                first = current.last.words[0]
                current.marker = Marker(first.text, first.x0, line.x0, True)
                current.lines = [line]
                continue
            current.lines.append(line)


def _set_kinds(drafts: Sequence[Draft], measures: Measures) -> None:
    sizes = sorted({round(draft.lines[0].size) for draft in drafts if _is_heading(draft, measures)}, reverse=True)
    rank = {size: min(level, 6) for level, size in enumerate(sizes, start=1)}
    stack: list[float] = []
    for draft in drafts:
        if draft.kind in ("table", "footnote"):
            stack = []
        elif _is_heading(draft, measures):
            draft.kind, draft.level, stack = "heading", rank[round(draft.lines[0].size)], []
        elif draft.marker is not None:
            while stack and draft.marker.x < stack[-1] - 4:
                stack.pop()
            if not stack or draft.marker.x > stack[-1] + 4:
                stack.append(draft.marker.x)
            draft.kind, draft.level = "list_item", len(stack) - 1
        else:
            stack = [x for x in stack if x < draft.text_x - 4]


def _is_heading(draft: Draft, measures: Measures) -> bool:
    if draft.table is not None or draft.kind == "footnote":
        return False
    text = " ".join(line.text for line in draft.lines)
    if len(text) > 320 or not any(c.isalpha() for c in text):
        return False
    if draft.marker is not None and not draft.marker.numbered:
        return False
    large = all(line.size > measures.body + 0.8 for line in draft.lines)
    bold = all(line.bold for line in draft.lines)
    if not large and not bold:
        return False
    return large or len(text) <= 160 or not text.rstrip().endswith((".", ";"))
