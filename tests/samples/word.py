"""Word files: committee reports, plans and letters."""

from __future__ import annotations

import io
from datetime import datetime

import docx as python_docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.shared import Pt

from tests.samples.archive import same_bytes
from tests.samples.markup import Areas, Grid, Heading, Line, Note, PageBreak, Paragraph, Plan, PlanRow, SampleDocument

CREATED = datetime(2025, 1, 1)  # noqa: DTZ001 - Word's properties hold no time zone


def docx(document: SampleDocument) -> bytes:
    file = python_docx.Document()
    properties = file.core_properties
    properties.title, properties.author = document.value("title"), "inspectgraph samples"
    properties.subject = "Invented sample document: no such council exists"
    properties.created = properties.modified = CREATED
    file.styles["Normal"].font.name, file.styles["Normal"].font.size = "Arial", Pt(11)
    if any(isinstance(block, Plan) for block in document.blocks):
        section = file.sections[0]
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = section.page_height, section.page_width
    for block in document.blocks:
        _block(file, block)
    buffer = io.BytesIO()
    file.save(buffer)
    return same_bytes(buffer.getvalue())


def _block(file: Document, block: object) -> None:
    match block:
        case Heading(level, text):
            file.add_heading(text, level)
        case Paragraph(marker="•"):
            file.add_paragraph(block.printed, style="List Bullet")
        case Paragraph(marker="–"):
            file.add_paragraph(block.printed, style="List Bullet 2")
        case Paragraph():
            file.add_paragraph(f"{block.marker}\t{block.printed}" if block.marker else block.printed)
        case Line(text):
            file.add_paragraph(text)
        case Note(text):
            file.add_paragraph(text, style="Caption")
        case PageBreak():
            file.add_page_break()
        case Plan():
            _plan(file, block)
        case Areas():
            table = file.add_table(rows=1, cols=len(block.titles), style="Table Grid")
            _fill(table.rows[0].cells, block.titles, bold=True)
            for unit in block.units:
                _fill(table.add_row().cells, [unit.body or "", unit.text][-len(block.titles) :])
        case Grid():
            table = file.add_table(rows=1, cols=len(block.titles), style="Table Grid")
            _fill(table.rows[0].cells, block.titles, bold=True)
            for row in block.rows:
                _fill(table.add_row().cells, row)


def _fill(cells: object, texts: object, bold: bool = False) -> None:
    for cell, text in zip(cells, texts, strict=True):
        cell.paragraphs[0].add_run(text).bold = bold


def _plan(file: Document, plan: Plan) -> None:
    """One row a recommendation; of each action a bullet, its owners and its time stand level with it as paragraphs of
    the neighbouring cells. A plan with a progress column has one row an action, the recommendation's cells merged."""
    table = file.add_table(rows=1, cols=len(plan.columns), style="Table Grid")
    _fill(table.rows[0].cells, [title for _, title in plan.columns], bold=True)
    keys = [key for key, _ in plan.columns]
    for row in plan.rows:
        if row.heading is not None:
            cells = table.add_row().cells
            cells[0].merge(cells[-1]).paragraphs[0].add_run(row.heading).bold = True
        elif "progress" in keys:
            _row_an_action(table, keys, row)
        else:
            _row_a_recommendation(table, keys, row)


def _row_an_action(table: object, keys: list[str], row: PlanRow) -> None:
    first = None
    for action in row.actions:
        cells = table.add_row().cells
        for key, cell in zip(keys, cells, strict=True):
            cell.text = {
                "action": action.text,
                "owner": ", ".join(action.owners),
                "when": action.timescale or "",
                "progress": action.progress or "",
                "rating": action.rating or "",
            }.get(key, "")
        if first is None:
            first = cells
            for key, cell in zip(keys, cells, strict=True):
                if key in ("ref", "rec"):
                    cell.text = (row.recommendation.ref or "") if key == "ref" else row.recommendation.text
        else:
            for key, above, cell in zip(keys, first, cells, strict=True):
                if key in ("ref", "rec"):
                    text = above.text
                    above.merge(cell).text = text


def _row_a_recommendation(table: object, keys: list[str], row: PlanRow) -> None:
    cells = dict(zip(keys, table.add_row().cells, strict=True))
    cells["ref"].text, cells["rec"].text = row.recommendation.ref or "", row.recommendation.text
    for number, action in enumerate(row.actions):
        for key, text in (
            ("action", action.text),
            ("owner", " / ".join(action.owners)),
            ("when", action.timescale or ""),
        ):
            style = "List Bullet" if key == "action" else "Normal"
            if number == 0:
                cells[key].paragraphs[0].text = text
                cells[key].paragraphs[0].style = style
            else:
                cells[key].add_paragraph(text, style=style)
