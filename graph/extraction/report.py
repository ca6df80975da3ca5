"""Inspection reports: facts, inspections, judgements, recommendations and findings, with the fate of every block."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from graph.abbreviations import find_abbreviations
from graph.authorities import Authority, Register
from graph.extraction import facts
from graph.extraction.inspections import earlier_inspections
from graph.extraction.judgements import as_judgement, in_table
from graph.extraction.report_findings import read_findings, read_prose
from graph.extraction.report_inspections import board_inspection, front_of, inspections_of, is_of_board, judgements_of
from graph.extraction.report_items import LEGAL, Context, Taken, note_segment
from graph.extraction.report_recommendations import read_recommendations
from graph.extraction.sections import Located, Section, locate
from graph.extraction.version import EXTRACTOR_VERSION
from graph.model import Block, DocumentFacts, Extraction, Inspection, Judgement, ReadDocument

_GRADE_TABLE_FRAMEWORKS: Final = frozenset({"ilacs", "ilacs-2026", "focused-visit", "monitoring-visit", "jtai", None})
"""Frameworks whose first page goes on, below the grades, with findings in prose."""


def extract_report(document: ReadDocument, register: Register) -> Extraction:
    """Everything that an inspection report holds. Pure: no file is opened."""
    located = list(locate(document))
    front = front_of(document, located)
    front_text = "\n".join(document.slice(block) for block in front)
    title = facts.report_title(document, front)
    date = facts.published(document, document.text[: max(len(front_text), 3000)])
    main, board, authority = inspections_of(document, located, front, title or "", register, date[0])
    judged = judgements_of(document, located, front, main)
    earlier = earlier_inspections(document, located, authority, main.inspectorate)
    board_needed = board is None and any(p.section.board for p in located if p.section.kind == "recommendations")
    if board is None and (board_needed or any(is_of_board(p) for p in judged)):
        board = board_inspection(document, main, None)
    inspections = [main, *([board] if board else []), *(item.inspection for item in earlier)]
    board_index = 1 if board else 0
    judgements = [
        as_judgement(document, p, board_index if is_of_board(p) else 0, framework=main.framework_id) for p in judged
    ]
    for offset, item in enumerate(earlier, start=1 + board_index):
        judgements += [as_judgement(document, p, offset, 0.85) for p in item.judgements]
    sentences_judged = frozenset(p.start for p in judged if p.rule == "judgement.sentence")
    context = Context(document, main.framework_id, board_index, date[0], sentences_judged)
    taken = _items(context, located, judgements)
    return Extraction(
        source=document.source,
        document=_facts(document, title, date, authority, main),
        inspections=tuple(inspections),
        judgements=tuple(judgements),
        findings=tuple(taken.findings),
        recommendations=tuple(taken.recommendations),
        abbreviations=find_abbreviations(document),
        segments=tuple(taken.segments),
        text_sha256=hashlib.sha256(document.text.encode()).hexdigest(),
        page_count=len(document.pages),
        extractor_version=EXTRACTOR_VERSION,
        warnings=document.warnings,
    )


def _facts(
    document: ReadDocument,
    title: str | None,
    date: tuple[str | None, str | None],
    authority: Authority | None,
    main: Inspection,
) -> DocumentFacts:
    publisher = (main.inspectorate or "").split(" and ")[0] or None
    return facts.document_facts("inspection-report", title, date, publisher, authority, document)


def _items(context: Context, located: Sequence[Located], judgements: Sequence[Judgement]) -> Taken:
    taken = Taken()
    judged = {
        j.evidence.start
        for j in judgements
        if j.evidence and j.made_by and not j.made_by.name.startswith("judgement.earlier")
    }
    grades = _section_grades(judgements)
    started = False
    for position, place in enumerate(located):
        block, section = place.block, place.section
        document = context.document
        if block.kind == "table" or block.start in judged or _salutes(document, block):
            started = True
        if block.start < taken.absorbed:
            note_segment(taken, block, "recommendation", "goes on with the item above", "recommendation.item")
        elif place.opens:
            note_segment(taken, block, "heading", f"opens a section of {_KIND_WORDS[section.kind]}", "section")
        elif block.kind == "footnote":
            note_segment(taken, block, "skipped", "a footnote", "footnote")
        elif block.start in judged and section.kind in ("front", "outcome"):
            note_segment(taken, block, "judgement", "gives a grade", "judgement")
        elif section.kind == "recommendations":
            read_recommendations(context, taken, located, position)
        elif section.kind == "findings":
            read_findings(context, taken, place, located, position, grades)
        elif section.kind == "front" and started and _is_summary_prose(context, block):
            read_prose(context, taken, block, Section("findings"), None)
        elif block.kind == "table" and any(True for _ in in_table(document, block)):
            note_segment(taken, block, "judgement", "a table of grades", "judgement.table")
        else:
            note_segment(taken, block, "skipped", f"stands in a section of {_KIND_WORDS[section.kind]}", "section")
    return taken


def _salutes(document: ReadDocument, block: Block) -> bool:
    return block.kind == "paragraph" and re.match(r"(?i)dear\b", document.slice(block)) is not None


_KIND_WORDS: Final = {
    "front": "the front page",
    "contents": "contents",
    "information": "information about the inspection or the area",
    "previous": "earlier inspections",
    "recommendations": "recommendations",
    "findings": "findings",
    "outcome": "the outcome",
    "closing": "legal text",
}


def _section_grades(judgements: Sequence[Judgement]) -> dict[str, str]:
    return {
        j.area_concept: j.grade_concept for j in judgements if j.inspection == 0 and j.area_concept and j.grade_concept
    }


def _is_summary_prose(context: Context, block: Block) -> bool:
    if context.framework not in _GRADE_TABLE_FRAMEWORKS or block.kind != "paragraph":
        return False
    text = context.document.slice(block)
    return len(text) >= 60 and text.rstrip("”’\"')").endswith((".", ":")) and not LEGAL.search(text)
