"""Action plans kept as a workbook: a sheet of notes, a sheet with the plan, ratings as coloured cells."""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

from tests.samples.archive import same_bytes
from tests.samples.markup import Heading, Line, Paragraph, Plan, PlanRow, SampleDocument

COLOURS = {"Red": "E06666", "Amber": "F6B26B", "Green": "93C47D", "Blue": "6FA8DC"}
WIDTHS = {"ref": 6, "rec": 42, "action": 52, "owner": 26, "when": 18, "progress": 44, "rating": 10}


def xlsx(document: SampleDocument) -> bytes:
    book = Workbook()
    book.properties.title = document.value("title")
    book.properties.creator = "inspectgraph samples"
    cover = book.active
    cover.title = "About this plan"
    for block in document.blocks:
        match block:
            case Heading(_, text):
                cover.append([text])
                cover.cell(cover.max_row, 1).font = Font(bold=True, size=14)
            case Line(text):
                cover.append([text])
            case Paragraph():
                cover.append([block.printed])
            case Plan():
                _plan(book.create_sheet("Plan"), block)
    buffer = io.BytesIO()
    book.save(buffer)
    return same_bytes(buffer.getvalue())


def _plan(sheet: object, plan: Plan) -> None:
    keys = [key for key, _ in plan.columns]
    sheet.append([title for _, title in plan.columns])
    for number, key in enumerate(keys, 1):
        sheet.cell(1, number).font = Font(bold=True)
        sheet.column_dimensions[sheet.cell(1, number).column_letter].width = WIDTHS[key]
    for row in plan.rows:
        if row.heading is not None:
            sheet.append([row.heading])
            sheet.merge_cells(start_row=sheet.max_row, start_column=1, end_row=sheet.max_row, end_column=len(keys))
        else:
            _rows(sheet, keys, row)


def _rows(sheet: object, keys: list[str], row: PlanRow) -> None:
    """One row an action; the recommendation's own cells are merged over them."""
    top = sheet.max_row + 1
    for action in row.actions:
        values = {
            "ref": row.recommendation.ref,
            "rec": row.recommendation.text,
            "action": action.text,
            "owner": "; ".join(action.owners),
            "when": action.timescale,
            "progress": action.progress,
            "rating": action.rating,
        }
        sheet.append([values[key] for key in keys])
        for number, key in enumerate(keys, 1):
            cell = sheet.cell(sheet.max_row, number)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if key == "rating" and action.rating in COLOURS:
                cell.fill = PatternFill("solid", start_color=COLOURS[action.rating])
    for number, key in enumerate(keys, 1):
        if key in ("ref", "rec") and sheet.max_row > top:
            sheet.merge_cells(start_row=top, start_column=number, end_row=sheet.max_row, end_column=number)
