"""Tables of a page: cells of ruled grids, rows without vertical lines, and tables that go on over pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from graph.reading.aligned import TextLine, aligned_table
from graph.reading.drafts import Draft, DraftCell, DraftRow, DraftTable, Measures, blocks_of, continues
from graph.reading.grid import Grid, GridCell
from graph.reading.lines import Line, PageWords, PlacedWord, lines_of
from graph.reading.margins import without_marks


def _table_of(page: int, grid: Grid, words: Sequence[PlacedWord], measures: Measures) -> DraftTable | None:
    """The grid's cells with their words; None where it has too few filled cells to be a table."""
    held: dict[GridCell, list[PlacedWord]] = defaultdict(list)
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        cell = next((cell for cell in grid.cells if cell.holds(x, y)), None)
        if cell is not None:
            held[cell].append(word)
    columns = {cell.column for cell in held}
    if len(columns) < 2 or len(held) < 2:
        return None
    by_row: dict[int, list[DraftCell]] = defaultdict(list)
    for cell in sorted(held, key=lambda cell: (cell.row, cell.column)):
        lines = lines_of(page, held[cell])
        without_marks(lines)
        padding = max(2.0, min(line.x0 for line in lines) - cell.x0)
        right = cell.x1 - min(padding, 8.0)
        by_row[cell.row].append(DraftCell(cell.column, cell.colspan, blocks_of(lines, right, measures)))
    return DraftTable([DraftRow(cells, page) for _, cells in sorted(by_row.items())], grid.columns)


def _row_text(row: DraftRow) -> tuple[tuple[int, str], ...]:
    return tuple(
        (cell.column, " ".join(line.text for draft in cell.lines for line in draft.lines).casefold())
        for cell in row.cells
    )


def same_columns(a: DraftTable, b: DraftTable) -> bool:
    return len(a.columns) == len(b.columns) and all(abs(x - y) <= 4 for x, y in zip(a.columns, b.columns, strict=True))


def join_tables(first: DraftTable, second: DraftTable, measures: Measures) -> None:
    """Append a table's continuation on the next page: header rows that repeat are dropped, a broken row is mended."""
    rows = list(second.rows)
    header = 0
    while header < min(len(rows), len(first.rows), 3) and _row_text(rows[header]) == _row_text(first.rows[header]):
        header += 1
    rows = rows[header:]
    if rows and first.rows and _is_rest_of(rows[0], first.rows[-1]):
        _mend(first.rows[-1], rows.pop(0), measures)
    first.rows += rows


def _is_rest_of(row: DraftRow, above: DraftRow) -> bool:
    """A row's rest has no first cell of its own, or repeats it, and goes on with a cell that was left unfinished."""
    first_above = next((cell for cell in above.cells if cell.column == 0), None)
    first_here = next((cell for cell in row.cells if cell.column == 0), None)
    if first_above is None:
        return False
    if first_here is None:
        return True
    return dict(_row_text(row)).get(0) == dict(_row_text(above)).get(0) and len(above.cells) > 1


def _mend(above: DraftRow, rest: DraftRow, measures: Measures) -> None:
    old = {cell.column: cell for cell in above.cells}
    same = dict(_row_text(above))
    for cell, (_, text) in zip(rest.cells, _row_text(rest), strict=True):
        target = old.get(cell.column)
        if target is None:
            above.cells.append(cell)
        elif same[cell.column] != text:
            if cell.lines and target.lines and cell.lines[0].marker is None:
                opening = cell.lines[0].lines[0]
                if continues(target.lines[-1], opening, measures):
                    target.lines[-1].lines += cell.lines.pop(0).lines
            target.lines += cell.lines
    above.cells.sort(key=lambda cell: cell.column)


def tables_on(
    page: int, grids: Sequence[Grid], held: Sequence[list[PlacedWord]], lines: list[Line], measures: Measures
) -> list[tuple[float, DraftTable | list[Draft]]]:
    """The tables of a page with their height; the words of a grid that is no table go back to the page's lines."""
    found: list[tuple[float, DraftTable | list[Draft]]] = []
    for grid, words in zip(grids, held, strict=True):
        table = _table_of(page, grid, words, measures) if words else None
        if table is not None:
            found += _without_boxes(grid, table)
        elif words:
            lines += lines_of(page, words)
            lines.sort(key=lambda line: (line.baseline, line.x0))
    return found


def add_aligned_table(
    lines: list[Line], tables: list[tuple[float, DraftTable | list[Draft]]], page: PageWords, measures: Measures
) -> None:
    """Move the lines of a table without vertical lines, where there is one, to the page's tables."""
    found = aligned_table(
        [TextLine(line.words, line.top, line.size) for line in lines],
        [ruling.at for ruling in page.rulings if ruling.horizontal],
    )
    if found is None:
        return
    number, top = lines[found.first].page, lines[found.first].top
    edges = (*found.columns[1:], max(line.x1 for line in lines) + 6)
    rows = []
    for row in found.rows:
        cells = []
        for column, words in sorted(row.items()):
            inside = lines_of(number, words)
            without_marks(inside)
            cells.append(DraftCell(column, 1, blocks_of(inside, edges[column] - 6, measures)))
        rows.append(DraftRow(cells, number))
    tables.append((top, DraftTable(rows, found.columns)))
    tables.sort(key=lambda pair: pair[0])
    del lines[found.first : found.last + 1]


_PROSE = 250
"""Letters from which on a row of one cell is a text in a frame."""


def _without_boxes(grid: Grid, table: DraftTable) -> Iterator[tuple[float, DraftTable | list[Draft]]]:
    """The table in parts: rows that are one cell of running text are no rows of a table."""
    rows: list[DraftRow] = []

    def top(row: DraftRow) -> float:
        return row.cells[0].lines[0].lines[0].top

    for row in table.rows:
        alone = len(row.cells) == 1 and row.cells[0].colspan == len(grid.columns)
        if alone and sum(len(line.text) for draft in row.cells[0].lines for line in draft.lines) >= _PROSE:
            if rows:
                yield top(rows[0]), DraftTable(rows, table.columns)
                rows = []
            yield top(row), row.cells[0].lines
        else:
            rows.append(row)
    if rows:
        yield top(rows[0]), DraftTable(rows, table.columns)
