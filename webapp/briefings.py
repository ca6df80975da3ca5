"""Plan matches written for people: as lines, JSON, a sheet, or a Word briefing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from indexer.matching import Match, PlanAction, PlanMatches, Similar

BINARY = frozenset({"xlsx", "docx"})

_COLUMNS = (
    "ref",
    "recommendation of the plan",
    "actions in the plan",
    "they lack",
    "similar recommendation elsewhere",
    "council",
    "published",
    "confidence",
    "actions in answer",
    "next inspection",
    "its overall grade",
    "iri",
)


def write(matches: PlanMatches, form: str, release: str) -> bytes:
    """``form``: table, json, xlsx or docx; ``release``: the id that a reader can cite."""
    writers: Mapping[str, Callable[[PlanMatches, str], bytes]] = {
        "table": _lines,
        "json": _json,
        "xlsx": _sheet,
        "docx": _document,
    }
    return writers[form](matches, release)


def _json(matches: PlanMatches, release: str) -> bytes:
    return msgspec.json.format(msgspec.json.encode({"release": release, **msgspec.to_builtins(matches)})) + b"\n"


def _lines(matches: PlanMatches, release: str) -> bytes:
    lines = [f"{len(matches.matches)} recommendations, matched against release {release}"]
    for match in matches.matches:
        lines += ["", f"{match.ref or '-'}  {match.text}"]
        lines += [f"     action: {action.text}{_lacking(action)}" for action in match.actions]
        lines += [] if match.actions else ["     no action answers it"]
        lines += [] if match.similar else ["     nothing close was found elsewhere"]
        for similar in match.similar:
            lines += [f"     {similar.hit.confidence:.2f}  {_source(similar)}", f"           {similar.hit.text}"]
            lines += [f"           did: {row['text']}" for row in similar.actions]
            lines += [f"           followed by: {_outcome(similar)}"] if similar.next_inspection else []
    if matches.unanswering:
        lines += ["", "Actions that answer no recommendation:"]
        lines += [f"     {action.text}{_lacking(action)}" for action in matches.unanswering]
    return ("\n".join(lines) + "\n").encode()


def _rows(matches: PlanMatches) -> Iterator[list[Any]]:
    for match in matches.matches:
        for similar in match.similar or (None,):
            yield [*_plan_cells(match), *(_similar_cells(similar) if similar else ["nothing close was found"])]


def _plan_cells(match: Match) -> list[str]:
    actions = "\n".join(action.text for action in match.actions) or "none"
    lacking = "; ".join(dict.fromkeys(lack for action in match.actions for lack in action.lacks))
    return [match.ref or "", match.text, actions, lacking]


def _similar_cells(similar: Similar) -> list[str]:
    hit = similar.hit
    return [
        hit.text,
        hit.authority or "",
        hit.published or "",
        f"{hit.confidence:.2f}",
        "\n".join(row["text"] for row in similar.actions),
        str((similar.next_inspection or {}).get("end") or ""),
        str((similar.next_inspection or {}).get("overall_grade") or ""),
        hit.iri,
    ]


def _sheet(matches: PlanMatches, release: str) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    from webapp.exports import clean

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Matches"
    for row, values in enumerate([list(_COLUMNS), *_rows(matches)], 1):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(row, column)
            cell.value = clean(value)
            cell.data_type = "s"  # text, never a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=row == 1)
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGHIJKL", (6, 50, 50, 14, 60, 24, 12, 11, 50, 14, 16, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.cell(sheet.max_row + 2, 1).value = f"Release {release}"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _document(matches: PlanMatches, release: str) -> bytes:
    from docx import Document

    from webapp.exports import clean

    document = Document()
    document.add_heading("What others were told, and did", 0)
    document.add_paragraph(f"Matched against release {release} of inspectgraph. Nothing of the plan was stored.")
    for match in matches.matches:
        document.add_heading(clean(f"{match.ref or ''} {match.text}".strip()), 2)
        for action in match.actions:
            document.add_paragraph(clean(f"Planned: {action.text}{_lacking(action)}"))
        if not match.similar:
            document.add_paragraph("Nothing close was found elsewhere.")
        for similar in match.similar:
            document.add_paragraph(clean(similar.hit.text), style="Intense Quote")
            document.add_paragraph(clean(_source(similar)))
            for row in similar.actions:
                document.add_paragraph(clean(row["text"]), style="List Bullet")
            if similar.next_inspection:
                document.add_paragraph(clean(f"Followed by: {_outcome(similar)}"))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _lacking(action: PlanAction) -> str:
    return f" (lacks {' and '.join(action.lacks)})" if action.lacks else ""


def _source(similar: Similar) -> str:
    hit = similar.hit
    return ", ".join(str(x) for x in (hit.authority, hit.published, hit.file, hit.page and f"p. {hit.page}") if x)


def _outcome(similar: Similar) -> str:
    inspection = similar.next_inspection or {}
    when = inspection.get("end") or inspection.get("start") or "undated"
    grade = inspection.get("overall_grade") or "ungraded"
    return f"{inspection.get('framework') or 'inspection'}, {when}, overall {grade}"
