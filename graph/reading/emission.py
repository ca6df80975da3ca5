"""Drafts written to the text, blocks and word boxes of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from graph.model import Block, Box, Cell, CellLine, PageSize, ReadDocument, Row, SourceFile, Table, Word
from graph.reading.drafts import Draft, DraftCell, DraftTable
from graph.reading.hyphens import JOINERS, bare, joined
from graph.reading.lines import Line


class Emitter:
    """Writes drafts to text, blocks and word boxes."""

    def __init__(self, vocabulary: Counter[str]) -> None:
        self._vocabulary = vocabulary
        self._parts: list[str] = []
        self._length = 0
        self._words: list[Word] = []
        self._blocks: list[Block] = []

    def document(
        self,
        source: SourceFile,
        drafts: Sequence[Draft],
        sizes: Sequence[PageSize],
        title: str | None,
        warnings: tuple[str, ...],
    ) -> ReadDocument:
        for draft in drafts:
            if self._blocks:
                self._write("\n")
            block = self._table(draft.table) if draft.table is not None else self._block(draft)
            self._blocks.append(block)
        return ReadDocument(
            source,
            "".join(self._parts),
            tuple(self._blocks),
            tuple(sizes),
            tuple(self._words),
            title,
            warnings,
        )

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _block(self, draft: Draft) -> Block:
        start = self._length
        self._lines(draft.lines)
        return Block(
            draft.kind,
            start,
            self._length,
            draft.lines[0].page,
            draft.level,
            draft.marker.text if draft.marker else None,
            draft.lines[0].size,
            all(line.bold for line in draft.lines),
            tuple(line.box() for line in draft.lines),
        )

    def _lines(self, lines: Sequence[Line]) -> None:
        """The words of a unit, one space between them, broken words joined."""
        words = [(line, word, word is line.words[-1]) for line in lines for word in line.words]
        space = False
        for index, (line, word, ends_line) in enumerate(words):
            text = word.text
            following = words[index + 1][1].text if index + 1 < len(words) else ""
            if space and not word.glued and text[0] not in ",;:.?!)”’":
                self._write(" ")
            space = True
            if ends_line and text.endswith("-") and len(text) > 1 and text[-2].isalnum() and following[:1].isalnum():
                if bare(following) not in JOINERS:
                    text = text if joined(text, following, self._vocabulary).startswith(text) else text[:-1]
                    space = False
            elif index + 1 < len(words) and words[index + 1][1].glued:
                space = False
            start = self._length
            self._write(text)
            box = Box(line.page, round(word.x0, 1), round(word.top, 1), round(word.x1, 1), round(word.bottom, 1))
            self._words.append(Word(start, self._length, box))

    def _table(self, table: DraftTable) -> Block:
        start = self._length
        rows: list[Row] = []
        boxes: list[Box] = []
        columns = _used_columns(table)
        for number, row in enumerate(table.rows):
            if number:
                self._write("\n")
            cells: list[Cell] = []
            for position, cell in enumerate(row.cells):
                if position:
                    self._write("\t")
                cells.append(self._cell(cell, columns))
                boxes += [line.box() for draft in cell.lines for line in draft.lines]
            rows.append(Row(tuple(cells), row.page, _is_header(table, number)))
        first = table.rows[0].cells[0].lines[0].lines[0]
        return Block(
            "table",
            start,
            self._length,
            table.rows[0].page,
            size=first.size,
            boxes=tuple(boxes),
            table=Table(tuple(rows)),
        )

    def _cell(self, cell: DraftCell, columns: dict[int, int]) -> Cell:
        lines: list[CellLine] = []
        left = min((draft.marker.x for draft in cell.lines if draft.marker), default=0.0)
        for position, draft in enumerate(cell.lines):
            if position:
                self._write("\n")
            start = self._length
            self._lines(draft.lines)
            first = draft.lines[0]
            level = 1 if draft.marker and draft.marker.x > left + 8 else 0
            marker = draft.marker.text if draft.marker else None
            lines.append(CellLine(start, self._length, marker, level, first.page, round(first.top, 1)))
        first_column = columns[cell.column]
        after = [columns[c] for c in columns if c >= cell.column + cell.colspan]
        end = min(after, default=len(set(columns.values())))
        return Cell(first_column, tuple(lines), max(1, end - first_column))


def _used_columns(table: DraftTable) -> dict[int, int]:
    """Elementary columns renumbered to those in which a cell begins."""
    used = sorted({cell.column for row in table.rows for cell in row.cells})
    return {column: position for position, column in enumerate(used)}


def _is_header(table: DraftTable, number: int) -> bool:
    """The first row, where it is bold and the next is not."""
    if number != 0 or len(table.rows) < 2:
        return False
    here = [line.bold for cell in table.rows[0].cells for draft in cell.lines for line in draft.lines]
    below = [line.bold for cell in table.rows[1].cells for draft in cell.lines for line in draft.lines]
    return all(here) and not all(below)
