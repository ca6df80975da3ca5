"""The inspections that a report is of, and the judgements that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from graph.authorities import Authority, Register
from graph.extraction import facts
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.grades import GRADE, area_concept, framework_id
from graph.extraction.inspections import framework_name, inspection_dates, inspectorate, lead_inspector, signatory
from graph.extraction.judgements import (
    Printed,
    area_send_outcome,
    in_lines,
    in_table,
    quality_scores,
    scored,
    served,
    statement,
)
from graph.extraction.report_items import BOARD
from graph.extraction.sections import Located
from graph.extraction.sentences import sentences
from graph.model import Block, Inspection, ReadDocument

_OFSTED: Final = frozenset(
    {"ilacs", "ilacs-2026", "sif", "area-send-2023", "area-send-2016", "focused-visit", "monitoring-visit"}
)
"""Frameworks that are Ofsted's whether or not the text says so."""
_OFSTED_BEFORE: Final = frozenset(
    {"arrangements-for-protection-of-children", "safeguarding-and-looked-after-children", "apa"}
)
"""So are these, from before it graded by the words of today."""


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
    name = framework_name(title, authority) or _name_above(document, front, authority)
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
    body = inspectorate(document.text) or ("Ofsted" if kind in _OFSTED | _OFSTED_BEFORE else None)
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
    if kind == "apa" and body == "Audit Commission":
        body = "Ofsted"  # whose grade that body uses
    if kind is None:
        kind = {"CSCI": "csci-inspection", "SSI": "ssi-inspection"}.get(body or "")
    if kind == "hmip-yot":
        body = "HMI Probation"
    if name is not None and name.casefold() == "local authority assessment":
        body = "Care Quality Commission"
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


def _name_above(document: ReadDocument, front: Sequence[Block], authority: Authority | None) -> str | None:
    """The inspection's name on a line of its own, which the title does not hold."""
    for block in front[:12]:
        text = collapsed(document.slice(block))
        if len(text) <= 100 and not text.endswith(".") and (name := framework_name(text, authority)):
            return name
    return None


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
    found = max(found, list(_in_ratings(document, located)), key=len)
    if not found:
        for place in located:
            if place.block.kind == "table" and place.section.kind in ("findings", "information", "front"):
                found += in_table(document, place.block)
    if not found and main.framework_id == "hmip-yot":
        found += scored(document, [place.block for place in located])
    if _QUALITY_STATEMENTS.search(document.text):
        found += quality_scores(document, [place.block for place in located])
    found += _in_headings(document, located, only_board=bool(found))
    found = max(found, _in_sentences(document, located), key=len)
    if main.framework_id not in _OFSTED and main.framework_id != "sif":
        blocks = [place.block for place in located if place.section.kind in ("front", "findings", "outcome")]
        found += served(document, blocks)
    return _once(found)


_QUALITY_STATEMENTS: Final = re.compile(r"(?i)\bquality statement scores\b")
_RATINGS: Final = re.compile(r"(?i)(?:summary of )?(?:ratings|grades|scores)(?: overview)?")
_OWN_GRADE: Final = re.compile(
    rf"(?i)(?:the |overall |service |impact |outcomes |management |leadership )[^.;:]{{0,140}}?\b(?:is|are)"
    rf"(?: judged(?: to be)?)? (?P<grade>{GRADE})(?: at [^.;:]{{5,80}})?\.?"
)


def _in_ratings(document: ReadDocument, located: Sequence[Located]) -> Iterator[Printed]:
    """Below a heading of ratings, tables and lines of an area and its grade, grouped by the short lines between."""
    opens = next(
        (at for at, place in enumerate(located) if place.opens and _RATINGS.fullmatch(place.section.printed or "")),
        len(located),
    )
    group, misses = "", 0
    for place in located[opens + 1 :]:
        block, text = place.block, collapsed(document.slice(place.block))
        if misses == 2 or (block.kind != "table" and len(text) > 130):
            break
        if block.kind == "table":
            rated = list(in_table(document, block))
        else:
            judged = statement(text)
            rated = [Printed(*judged, block.start, block.end, "judgement.line")] if judged else []
            group = group if judged else text
        misses = 0 if rated else misses + 1
        yield from (replace(printed, group=printed.group or group) for printed in rated)


def _in_sentences(document: ReadDocument, located: Sequence[Located]) -> list[Printed]:
    """Reports without a table of grades give each at the head of its section, "The quality of the service is good"."""
    found: list[Printed] = []
    for place, after in pairwise(located):
        area = collapsed(document.slice(place.block)).rstrip(" :")
        if (
            place.block.kind not in ("heading", "paragraph")
            or len(area) > 90
            or area.endswith((".", ";"))
            or after.opens
        ):
            continue
        start, end = next(iter(sentences(document.text, after.block.start, after.block.end)))
        judged = _OWN_GRADE.fullmatch(document.text[start:end])
        if judged is not None:
            found.append(Printed(area, judged["grade"], start, end, "judgement.sentence"))
    return found if len(found) >= 2 else []


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
