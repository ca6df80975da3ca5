"""The inspections that a report is of, and the judgements that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from graph.authorities import Authority, Register
from graph.extraction import facts
from graph.extraction.evidence import evidence, maker
from graph.extraction.grades import area_concept, framework_id
from graph.extraction.inspections import framework_name, inspection_dates, inspectorate, lead_inspector, signatory
from graph.extraction.judgements import Printed, area_send_outcome, in_lines, in_table, served, statement
from graph.extraction.report_items import BOARD
from graph.extraction.sections import Located
from graph.model import Block, Inspection, ReadDocument

_OFSTED: Final = frozenset(
    {"ilacs", "ilacs-2026", "sif", "area-send-2023", "area-send-2016", "focused-visit", "monitoring-visit"}
)
"""Frameworks that are Ofsted's whether or not the text says so."""


def front_of(document: ReadDocument, located: Sequence[Located]) -> list[Block]:
    """The blocks before the first section; without pages at most the first fifty."""
    front: list[Block] = []
    for place in located:
        if place.section.kind not in ("front", "outcome") and not (place.block.page or 99) <= 1:
            break
        if len(front) == 50:
            break
        front.append(place.block)
    return front


def inspections_of(
    document: ReadDocument,
    located: Sequence[Located],
    front: Sequence[Block],
    title: str,
    register: Register,
    on: str | None,
) -> tuple[Inspection, Inspection | None, Authority | None]:
    authority = facts.authority_of(title, document, register, on)
    name = framework_name(title, authority)
    team = [
        place.block
        for place in located
        if place.section.kind in ("information", "front", "closing") and place.block.kind != "footnote"
    ]
    start, end, where = inspection_dates(document, front)
    if start is None:
        start, end, where = inspection_dates(document, team)
    lead, _ = lead_inspector(document, front)
    if lead is None:
        lead, _ = lead_inspector(document, team)
    lead = lead or signatory(document)
    kind = framework_id(name, start)
    body = inspectorate(document.text) or ("Ofsted" if kind in _OFSTED else None)
    if kind in ("area-send-2023", "area-send-2016") and re.search(
        r"(?i)care quality commission|\bCQC\b", document.text
    ):
        body = "Ofsted and Care Quality Commission"
    if (
        kind == "apa"
        and start is None
        and (year := re.search(r"(?i)\b(20\d\d) annual performance|assessment.{0,120}?(20\d\d)", title))
    ):
        start = end = year[1] or year[2]
    if kind is None:
        kind = {"CSCI": "csci-inspection", "SSI": "ssi-inspection"}.get(body or "")
    if kind == "hmip-yot":
        body = "HMI Probation"
    if kind in ("jtai", "jar") and re.search(r"\bOfsted\b", document.text):
        body = "Ofsted"  # which leads and publishes the inspections of several bodies
    proof = where or (front[0] if front else None)
    main = Inspection(
        body,
        name,
        authority.name if authority else None,
        authority.gss_code if authority else None,
        start,
        end,
        lead,
        kind,
        evidence(document, proof.start, proof.end) if proof else None,
        maker("inspection.front-page", 0.98),
    )
    review = re.search(r"(?i)review of the effectiveness of the (?:local )?safeguarding (?:children )?board", title)
    board = board_inspection(document, main, review.group() if review else None) if review else None
    return main, board, authority


def board_inspection(document: ReadDocument, main: Inspection, name: str | None) -> Inspection:
    framework = name or f"Review of the effectiveness of the {BOARD}"
    return replace(
        main, framework=framework, framework_id="lscb-review", made_by=maker("inspection.board-review", 0.95)
    )


# ------------------------------------------------------------------------------------------------------ judgements


def is_of_board(printed: Printed) -> bool:
    return bool(re.search(r"(?i)\bLSCB\b|safeguarding (?:children )?board", printed.area))


def judgements_of(
    document: ReadDocument, located: Sequence[Located], front: Sequence[Block], main: Inspection
) -> list[Printed]:
    """The judgements of the inspection itself, each area once: the first page, the record of findings, the headings."""
    found: list[Printed] = []
    if main.framework_id in ("area-send-2023", "area-send-2016"):
        found += area_send_outcome(document, located)
    for block in front:
        if block.kind == "table":
            found += in_table(document, block)
    found += in_lines(document, front)
    if not found:
        for place in located:
            if place.block.kind == "table" and place.section.kind in ("findings", "information", "front"):
                found += in_table(document, place.block)
    found += _in_headings(document, located, only_board=bool(found))
    if main.framework_id not in _OFSTED and main.framework_id != "sif":
        blocks = [place.block for place in located if place.section.kind in ("front", "findings", "outcome")]
        found += served(document, blocks)
    return _once(found)


def _in_headings(document: ReadDocument, located: Sequence[Located], *, only_board: bool) -> Iterator[Printed]:
    for place in located:
        heading = place.opens and place.block.kind == "heading"
        of_board = place.section.board and place.block.kind == "paragraph"
        judged = statement(document.slice(place.block)) if heading or of_board else None
        if judged is None:
            continue
        printed = Printed(*judged, place.block.start, place.block.end, "judgement.heading")
        if (is_of_board(printed) and place.section.board) or (heading and not only_board):
            yield printed
    if not only_board:
        yield from in_lines(
            document,
            [place.block for place in located if place.section.kind == "findings" and place.block.kind == "heading"],
        )


def _once(found: Sequence[Printed]) -> list[Printed]:
    """The first of several statements about one area."""
    kept: list[Printed] = []
    seen: set[str] = set()
    for printed in found:
        key = (area_concept(printed.area) or printed.area.casefold()) + printed.group.casefold()
        if key not in seen:
            seen.add(key)
            kept.append(printed)
    return kept
