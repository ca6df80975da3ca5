from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from graph.errors import UnreadableDocument
from graph.model import ReadDocument
from graph.reading import read, sheet


def rows(document: ReadDocument) -> list[list[str]]:
    (table,) = [block.table for block in document.blocks if block.table is not None]
    return [[" / ".join(document.slice(line) for line in cell.lines) for cell in row.cells] for row in table.rows]


def workbook() -> tuple[openpyxl.Workbook, openpyxl.worksheet.worksheet.Worksheet]:
    book = openpyxl.Workbook()
    active = book.active
    assert isinstance(active, openpyxl.worksheet.worksheet.Worksheet)
    return book, active


def saved(folder: Path, book: openpyxl.Workbook) -> ReadDocument:
    path = folder / "a.xlsx"
    book.save(path)
    return read(path)


def test_cells_are_read_as_they_are_shown(tmp_path: Path) -> None:
    book, active = workbook()
    active.append(["Ref", "Action", "When", "Done"])
    active.append([1.1, "Do it", dt.datetime(2024, 3, 31), 0.6])  # noqa: DTZ001 (a sheet knows no time zone)
    active.append([2, "Do more", dt.date(2024, 9, 1), True])
    active["D2"].number_format = "0%"
    active["C3"].number_format = "mmm-yy"
    assert rows(saved(tmp_path, book))[1:] == [["1.1", "Do it", "31/03/2024", "60%"], ["2", "Do more", "Sep-24", "Yes"]]


def test_a_cell_merged_downwards_stands_in_each_row(tmp_path: Path) -> None:
    book, active = workbook()
    active.append(["Ref", "Action", "When"])
    active.append(["1", "Do it", "May"])
    active.append([None, "Do more", "June"])
    active.merge_cells("A2:A3")
    assert [row[0] for row in rows(saved(tmp_path, book))] == ["Ref", "1", "1"]


def test_lines_above_the_table_are_paragraphs_and_sheets_are_headings(tmp_path: Path) -> None:
    book, active = workbook()
    active.title = "Plan"
    active.append(["Improvement plan of the service"])
    active.append(["Authority:", "Leeds"])
    active.append([])
    active.append(["Ref", "Action", "When"])
    active.append(["1", "Do it", "May"])
    hidden = book.create_sheet("Lists")
    hidden.append(["Red", "Amber", "Green"])
    hidden.sheet_state = "hidden"
    document = saved(tmp_path, book)
    assert [(b.kind, document.slice(b)) for b in document.blocks if b.table is None] == [
        ("heading", "Plan"),
        ("paragraph", "Improvement plan of the service"),
        ("paragraph", "Authority: Leeds"),
    ]
    assert any("hidden" in warning for warning in document.warnings)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_any_of_four_separators_parts_the_cells(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'Ref{mark}Action{mark}When\n1{mark}"Do\nit"{mark}May\n', encoding="utf-8")
    assert rows(read(path)) == [["Ref", "Action", "When"], ["1", "Do / it", "May"]] or rows(read(path))[1][1] == "Do it"


def test_a_sheet_with_too_many_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MAX_CELLS", 5)
    book, active = workbook()
    active.append(["Ref", "Action", "When"])
    active.append(["1", "Do it", "May"])
    with pytest.raises(UnreadableDocument, match="too many cells"):
        saved(tmp_path, book)


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    book, _ = workbook()
    book.save(tmp_path / "a.xlsx")
    data = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "b.xlsx").write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableDocument):
        read(tmp_path / "b.xlsx")
