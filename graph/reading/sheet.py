"""Action plans kept as spreadsheets: XLSX and CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.cell import MergedCell
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile
from graph.reading.archive import DAMAGE, check_archive
from graph.reading.composition import MAX_COLUMNS, Draft, DraftCell, DraftRow, compose
from graph.reading.encoding import decode
from graph.reading.text import plain, text_cell

MAX_CELLS = 2_000_000
MAX_BYTES = 32 * 1024 * 1024
MAX_MERGED = 200_000
MAX_CELL_LENGTH = 200_000
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?\bref\s*=\s*[\"']([^\"']*)[\"']")
_DEFAULT_NAME = re.compile(r"(?i)^(?:sheet|tabelle|feuil)\s?\d*$")


def read_xlsx(path: Path, source: SourceFile) -> ReadDocument:
    """Each visible sheet as a heading, its lead lines and a table; cells as they are shown, formulas by their value."""
    check_archive(path, str(path))
    _check_merged(path)
    try:
        # by its bytes: openpyxl turns a path away whose ending it does not know
        with path.open("rb") as stream:
            book = openpyxl.load_workbook(stream, data_only=True, keep_links=False)
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, IndexError, *DAMAGE) as err:
        raise UnreadableDocument(
            str(path),
            f"the workbook is damaged ({type(err).__name__}: {err})",
            "open it in a spreadsheet program and save it afresh",
        ) from err
    drafts: list[Draft] = []
    warnings: list[str] = []
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            warnings.append(f"sheet {sheet.title!r} is hidden and was left out")
            continue
        if (sheet.max_row or 0) * (sheet.max_column or 0) > MAX_CELLS:
            raise UnreadableDocument(
                str(path), f"sheet {sheet.title!r} has too many cells", "keep only the plan's own rows"
            )
        rows = _shown(sheet)
        if any(any(row) for row in rows):
            if len(book.worksheets) > 1 and not _DEFAULT_NAME.match(sheet.title):
                drafts.append(Draft("heading", sheet.title, 1))
            drafts.extend(grid_drafts(rows))
    title = book.properties.title if book.properties else None
    return compose(source, drafts, title=title, warnings=warnings)


def _check_merged(path: Path) -> None:
    """openpyxl makes an object of every cell of a merged area: a few bytes can ask for thousands of millions."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not re.match(r"xl/worksheets/[^/]+\.xml$", name):
                continue
            areas = _MERGED.findall(archive.read(name))
            cells = sum(_cells_of(reference.decode("ascii", "replace")) for reference in areas)
            if cells > MAX_MERGED:
                raise UnreadableDocument(
                    str(path), f"a sheet merges {cells} cells, more than {MAX_MERGED}", "keep only the plan's own rows"
                )


def _cells_of(reference: str) -> int:
    """How many cells a reference such as "A3:D8" covers; more than any limit where it is no such reference."""
    try:
        left, top, right, bottom = range_boundaries(reference)
    except (ValueError, TypeError):
        return MAX_MERGED + 1
    if left is None or top is None or right is None or bottom is None:
        return MAX_MERGED + 1
    return (right - left + 1) * (bottom - top + 1)


def read_csv(path: Path, source: SourceFile) -> ReadDocument:
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise UnreadableDocument(str(path), f"a table of {len(data)} bytes, more than {MAX_BYTES}", "split it")
    text, warnings = decode(data)
    delimiter = _delimiter(text)
    csv.field_size_limit(MAX_BYTES)
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as err:
        raise UnreadableDocument(str(path), f"not a table ({err})", "export it again as CSV") from err
    widest = max((len(row) for row in rows), default=0)
    if widest > MAX_COLUMNS:
        raise UnreadableDocument(
            str(path), f"it has {widest} columns, more than {MAX_COLUMNS}", "keep only the plan's own columns"
        )
    longest = max((len(cell) for row in rows for cell in row), default=0)
    if longest > MAX_CELL_LENGTH:
        raise UnreadableDocument(
            str(path), f"a cell holds {longest} characters: a quotation mark is not closed", "export it again as CSV"
        )
    return compose(source, grid_drafts(rows), warnings=warnings)


def grid_drafts(rows: Sequence[Sequence[str]]) -> Iterator[Draft]:
    """Lead lines (a title, "Authority: Leeds") as paragraphs, a key of two columns, then one table."""
    start = next((i for i, row in enumerate(rows) if _is_table_row(row)), len(rows))
    for row in rows[:start]:
        words = " ".join(dict.fromkeys(cell for cell in row if cell))
        if words:
            yield Draft("paragraph", plain(words))
    blank = next((i for i, row in enumerate(rows[start:], start) if not any(row)), start)
    if blank > start and all(sum(map(bool, row)) <= 2 for row in rows[start:blank]) and any(map(any, rows[blank:])):
        yield Draft("table", rows=tuple(map(_draft_row, rows[start:blank])))
        yield from grid_drafts(rows[blank:])
        return
    body = [row for row in rows[start:] if any(row)]
    if body:
        yield Draft("table", rows=tuple(_draft_row(row) for row in body))


def _is_table_row(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell]
    return len(filled) >= 3 or (len(filled) == 2 and not filled[0].endswith(":") and all(len(c) < 60 for c in filled))


def _draft_row(row: Sequence[str]) -> DraftRow:
    """Equal neighbours that a merged cell left become one cell that spans them."""
    return DraftRow(tuple(DraftCell(text_cell(cell), column) for column, cell in enumerate(row)))


def _shown(sheet: Worksheet) -> list[list[str]]:
    """The words of each cell; one merged over rows is repeated in each of them, over columns it stands in the first."""
    repeated: dict[tuple[int, int], str] = {}
    for area in sheet.merged_cells.ranges:
        if area.size["rows"] * area.size["columns"] > 10_000:
            continue
        words = _words(sheet.cell(area.min_row, area.min_col))
        for row in range(area.min_row + 1, area.max_row + 1):
            repeated[row, area.min_col] = words
    return [
        [repeated.get((cell.row or 0, cell.column or 0), "") or _words(cell) for cell in row]
        for row in sheet.iter_rows()
    ]


def _words(cell: SheetCell | MergedCell) -> str:
    value = cell.value
    if value is None:
        return ""
    number_format = str(getattr(cell, "number_format", "General"))
    if isinstance(value, (dt.datetime, dt.date)):
        return _date(value, number_format)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float | int):
        return _number(float(value), number_format)
    return str(value).strip()


def _date(value: dt.date, number_format: str) -> str:
    """A date as a British council's sheet shows it; "mmm-yy" shows no day."""
    if "m" in number_format.lower() and "d" not in number_format.lower():
        return value.strftime("%b-%y")
    return value.strftime("%d/%m/%Y")


def _number(value: float, number_format: str) -> str:
    if "%" in number_format:
        return f"{value:.0%}"
    places = re.search(r"0\.(0+)", number_format)
    if places:
        return f"{value:.{len(places[1])}f}"
    return str(int(value)) if value.is_integer() else repr(round(value, 6))


def _delimiter(text: str) -> str:
    """The one of four separators that cuts the first lines into the most even columns."""
    sample = [line for line in text.split("\n")[:40] if line.strip()]
    counts = {mark: [line.count(mark) for line in sample] for mark in ",\t;|"}
    return max(counts, key=lambda mark: (sum(1 for n in counts[mark] if n), sum(counts[mark])) if sample else (0, 0))
