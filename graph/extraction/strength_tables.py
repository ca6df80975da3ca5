"""Tables of a council's paper that set strengths beside weaknesses or areas for improvement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph.extraction.evidence import collapsed
from graph.extraction.modes import Mode, mode_of_column
from graph.model import Block, Cell, CellLine, ReadDocument, Row


def listed_in_table(document: ReadDocument, block: Block) -> list[tuple[CellLine, Mode]]:
    """The items of such a table with what they are; none of any other table."""
    assert block.table is not None
    rows = block.table.rows
    found = _by_column(document, rows) or _by_row(document, rows)
    return [(line, mode) for line, mode in found if len(document.slice(line).split()) >= 2]


def _by_column(document: ReadDocument, rows: Sequence[Row]) -> list[tuple[CellLine, Mode]]:
    heads = {cell.column: _text(document, cell) for cell in rows[0].cells}
    modes = {column: mode_of_column(head) for column, head in heads.items() if len(head.split()) <= 8}
    return [
        (line, mode)
        for row in rows[1:]
        for cell in row.cells
        if (mode := modes.get(cell.column)) is not None
        for line in cell.lines
        if not document.slice(line).rstrip().endswith(":")
    ]


def _by_row(document: ReadDocument, rows: Sequence[Row]) -> Iterator[tuple[CellLine, Mode]]:
    labelled = [row for row in rows if len(row.cells) >= 2 and row.cells[0].lines]
    modes = [mode_of_column(_text(document, row.cells[0])) for row in labelled]
    if len(modes) < 2 or None in modes:
        return
    for row, mode in zip(labelled, modes, strict=True):
        for cell in row.cells[1:]:
            for line in cell.lines:
                if mode is not None:
                    yield line, mode


def _text(document: ReadDocument, cell: Cell) -> str:
    return collapsed(" ".join(document.slice(line) for line in cell.lines))
