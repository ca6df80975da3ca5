"""Inspection reports: facts, inspections, judgements, recommendations and findings, with the fate of every block."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from graph.abbreviations import find_abbreviations
from graph.authorities import Authority, Register
from graph.dates import timescale_edtf
from graph.extraction import facts
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.grades import GRADE_WORDS, area_concept, framework_id
from graph.extraction.inspections import (
    earlier_inspections,
    framework_name,
    inspection_dates,
    inspectorate,
    lead_inspector,
    signatory,
)
from graph.extraction.judgements import (
    Printed,
    area_send_outcome,
    as_judgement,
    in_lines,
    in_table,
    is_scale,
    served,
    statement,
)
from graph.extraction.polarity import rule_polarity
from graph.extraction.sections import Located, Section, locate
from graph.extraction.sentences import sentences
from graph.extraction.version import EXTRACTOR_VERSION
from graph.model import (
    Block,
    Cell,
    CellLine,
    DocumentFacts,
    Extraction,
    Finding,
    Inspection,
    Judgement,
    ReadDocument,
    Recommendation,
    Segment,
)

_OFSTED: Final = frozenset(
    {"ilacs", "ilacs-2026", "sif", "area-send-2023", "area-send-2016", "focused-visit", "monitoring-visit"}
)
"""Frameworks that are Ofsted's whether or not the text says so."""
BOARD: Final = "Local Safeguarding Children Board"
_GRADE_TABLE_FRAMEWORKS: Final = frozenset({"ilacs", "ilacs-2026", "focused-visit", "monitoring-visit", None})
"""Frameworks whose first page goes on, below the grades, with findings in prose."""


@dataclass(slots=True)
class _Taken:
    """What has been made of a document so far."""

    recommendations: list[Recommendation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    absorbed: int = 0
    """Offset up to which the text belongs to the last recommendation."""


@dataclass(frozen=True, slots=True)
class _Context:
    document: ReadDocument
    framework: str | None
    board_inspection: int
    after: str | None
    """The publication date: what "by March" is counted from."""


def extract_report(document: ReadDocument, register: Register) -> Extraction:
    """Everything that an inspection report holds. Pure: no file is opened."""
    located = list(locate(document))
    front = _front(document, located)
    front_text = "\n".join(document.slice(block) for block in front)
    title = facts.report_title(document, front)
    date = facts.published(document, document.text[: max(len(front_text), 3000)])
    main, board, authority = _inspections(document, located, front, title or "", register, date[0])
    judged = _judgements(document, located, front, main)
    earlier = earlier_inspections(document, located, authority, main.inspectorate)
    board_needed = board is None and any(p.section.board for p in located if p.section.kind == "recommendations")
    if board is None and (board_needed or any(_of_board(p) for p in judged)):
        board = _board_inspection(document, main, None)
    inspections = [main, *([board] if board else []), *(item.inspection for item in earlier)]
    board_index = 1 if board else 0
    judgements = [
        as_judgement(document, p, board_index if _of_board(p) else 0, framework=main.framework_id) for p in judged
    ]
    for offset, item in enumerate(earlier, start=1 + board_index):
        judgements += [as_judgement(document, p, offset, 0.85) for p in item.judgements]
    context = _Context(document, main.framework_id, board_index, date[0])
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


def _front(document: ReadDocument, located: Sequence[Located]) -> list[Block]:
    """The blocks before the first section; without pages at most the first fifty."""
    front: list[Block] = []
    for place in located:
        if place.section.kind not in ("front", "outcome") and not (place.block.page or 99) <= 1:
            break
        if len(front) == 50:
            break
        front.append(place.block)
    return front


def _facts(
    document: ReadDocument,
    title: str | None,
    date: tuple[str | None, str | None],
    authority: Authority | None,
    main: Inspection,
) -> DocumentFacts:
    publisher = (main.inspectorate or "").split(" and ")[0] or None
    return facts.document_facts("inspection-report", title, date, publisher, authority, document)


# ----------------------------------------------------------------------------------------------------- inspections


def _inspections(
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
    board = _board_inspection(document, main, review.group() if review else None) if review else None
    return main, board, authority


def _board_inspection(document: ReadDocument, main: Inspection, name: str | None) -> Inspection:
    framework = name or f"Review of the effectiveness of the {BOARD}"
    return replace(
        main, framework=framework, framework_id="lscb-review", made_by=maker("inspection.board-review", 0.95)
    )


# ------------------------------------------------------------------------------------------------------ judgements


def _of_board(printed: Printed) -> bool:
    return bool(re.search(r"(?i)\bLSCB\b|safeguarding (?:children )?board", printed.area))


def _judgements(
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
        if (_of_board(printed) and place.section.board) or (heading and not only_board):
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


# ----------------------------------------------------------------------------------------------------------- items


def _items(context: _Context, located: Sequence[Located], judgements: Sequence[Judgement]) -> _Taken:
    taken = _Taken()
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
            _segment(taken, block, "recommendation", "goes on with the item above", "recommendation.item")
        elif place.opens:
            _segment(taken, block, "heading", f"opens a section of {_KIND_WORDS[section.kind]}", "section")
        elif block.kind == "footnote":
            _segment(taken, block, "skipped", "a footnote", "footnote")
        elif block.start in judged and section.kind in ("front", "outcome"):
            _segment(taken, block, "judgement", "gives a grade", "judgement")
        elif section.kind == "recommendations":
            _recommend(context, taken, located, position)
        elif section.kind == "findings":
            _find(context, taken, place, located, position, grades)
        elif section.kind == "front" and started and _is_summary_prose(context, block):
            _prose(context, taken, block, Section("findings"), None)
        elif block.kind == "table" and any(True for _ in in_table(document, block)):
            _segment(taken, block, "judgement", "a table of grades", "judgement.table")
        else:
            _segment(taken, block, "skipped", f"stands in a section of {_KIND_WORDS[section.kind]}", "section")
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


def _segment(taken: _Taken, block: Block, outcome: str, reason: str, rule: str) -> None:
    taken.segments.append(Segment(block.start, block.end, outcome, reason, rule, block.page))


def _is_summary_prose(context: _Context, block: Block) -> bool:
    if context.framework not in _GRADE_TABLE_FRAMEWORKS or block.kind != "paragraph":
        return False
    text = context.document.slice(block)
    return len(text) >= 60 and text.rstrip("”’\"')").endswith((".", ":")) and not _LEGAL.search(text)


_LEGAL: Final = re.compile(
    r"(?i)open government licence|enquiries@|crown copyright|ofsted\) regulates and inspects|(?:to|"
    r"our) (?:our )?monthly newsletter|"
    r"large print or braille|^[^.]*\b(?:inspection|review|visit)\b[^.]*carried out under section \d+|"
    r"under its power to|raising concerns and making complaints"
    r"|this (?:publication|report) is available at|textphone|^I am (?:copying|sending|writing)|^ofsted will\b|^I "
    r"(?:would like|"
    r"look forward)"
    r"|^(?:a copy of )?this letter (?:will be|is being|has been) (?:published|copied|sent)|^thank you\b|"
    r"^please (?:pass|accept)"
    r"|^any (?:areas?|priority actions?|matters)\b[^.]{0,60} (?:identified|raised) (?:above|in this letter)"
    r"|grade is the performance rating for the purpose|^we are grateful|^we confirm that"
)
_BOUNDARY: Final = re.compile(
    r"(?i)(?:should|must|needs? to) (?:take|address|consider) the following|the following (?:areas|actions"
    r"|recommendations)|^in order to improve\b"
)
_SHOULD: Final = re.compile(r"(?i)\b(?:should|must|needs? to)(?: take (?:immediate )?action to)?\s*:$")
"""Says who has to act; what, say the items below."""
_ARE_THESE: Final = re.compile(
    r"(?i)\b(?:areas?|recommendations?|actions|priorities)\b.{0,60}\b(?:are|were|is|was|include[sd]?)\s*:$"
)
_TELLS_OF_THEM: Final = re.compile(
    r"(?i)\bwe (?:have )?ma[dk]e (?:\w+ )?recommendations\b|^(?:the|our) recommendations? (?:is|are)\b"
)
_NOTHING_ASKED: Final = re.compile(
    r"(?i)^(?:there (?:are|were) no\b|no (?:areas|priority|immediate|recommendations)|the inspection did not (?:find"
    r"|identify)|inspectors did not identify|none\b)"
)
_OPEN_ITEM: Final = re.compile(r"[:–-]\s*(?:\(?paragraphs?[^)]*\)?)?$", re.I)
_NUMBER: Final = re.compile(r"^\(?(?P<ref>\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivx]+)[.)]?$")


def _ref(marker: str | None) -> str | None:
    match = _NUMBER.match(marker) if marker else None
    return match["ref"] if match else None


# ------------------------------------------------------------------------------------------------ recommendations


def _recommend(context: _Context, taken: _Taken, located: Sequence[Located], position: int) -> None:
    place = located[position]
    block, document = place.block, context.document
    text = document.slice(block)
    if block.kind == "table":
        _recommend_table(context, taken, place)
    elif block.kind == "heading" or _LEGAL.search(text):
        _segment(taken, block, "skipped", "a subheading or legal text among recommendations", "recommendation")
    elif block.kind == "list_item":
        if _NOTHING_ASKED.search(text):
            _segment(taken, block, "skipped", "says that nothing is asked", "recommendation")
        elif _introduces(document, located, position):
            _segment(taken, block, "skipped", "introduces the list below it", "recommendation")
        else:
            taken.absorbed = _end_with_rest(document, located, position)
            _add_recommendation(context, taken, place, block.start, taken.absorbed)
    elif _is_rest(document, located, position):
        _segment(taken, block, "recommendation", "goes on with the item above", "recommendation.item")
    elif _NOTHING_ASKED.search(text) or _TELLS_OF_THEM.search(text):
        _segment(taken, block, "skipped", "says that nothing is asked, or how much", "recommendation")
    elif _is_split_paragraph(document, located, position):
        taken.absorbed = _end_of_list(located, position)
        _add_recommendation(
            context, taken, place, block.start, taken.absorbed, rule="recommendation.paragraph", score=0.85
        )
    elif (
        len(text) >= 40
        and text.rstrip().endswith((".", ";"))
        and not _BOUNDARY.search(text)
        and not _lists_follow(located, position)
    ):
        _add_recommendation(context, taken, place, block.start, block.end, rule="recommendation.paragraph", score=0.9)
    else:
        _segment(taken, block, "skipped", "an introduction or a subheading among recommendations", "recommendation")


def _introduces(document: ReadDocument, located: Sequence[Located], position: int) -> bool:
    block = located[position].block
    text = document.slice(block).rstrip()
    if position + 1 >= len(located):
        return False
    if (_SHOULD.search(text) or _ARE_THESE.search(text)) and len(text.split()) <= 18:
        return True
    following = next((p for p in located[position + 1 :] if p.block.kind != "footnote"), None)
    if following is None:
        return False
    if not _BOUNDARY.search(text) or not text.endswith((":", ".")) or len(text) >= 260:
        return False
    if re.search(r"(?i)\bshould take the following action", text):
        return True
    nested = following.block.kind == "list_item" and following.block.level > block.level
    if nested and text.endswith(":") and _ref(block.marker) is not None and not re.search(r"(?i)\bshould\b", text):
        return False
    return following.block.kind in ("list_item", "heading", "table")


def _end_with_rest(document: ReadDocument, located: Sequence[Located], position: int) -> int:
    """An item that ends with a colon goes on with the deeper list below it."""
    block = located[position].block
    end = block.end
    text = document.slice(block).rstrip()
    if text.endswith((".", ";", "!", "?")) and not _OPEN_ITEM.search(text):
        return end
    for place in located[position + 1 :]:
        if (
            place.block.kind == "list_item"
            and place.block.level > block.level
            and place.section == located[position].section
        ):
            end = place.block.end
        elif place.block.kind != "footnote":
            break
    return end


def _is_split_paragraph(document: ReadDocument, located: Sequence[Located], position: int) -> bool:
    """A paragraph with a colon and a list, among paragraphs that each ask for something."""
    place = located[position]
    text = document.slice(place.block).rstrip()
    if len(text) < 40 or not text.endswith(":") or _BOUNDARY.search(text) or not _lists_follow(located, position):
        return False
    return any(
        other.section == place.section
        and other.block.kind == "paragraph"
        and other.block.end - other.block.start >= 60
        and document.slice(other.block).rstrip().endswith(".")
        for other in (*located[max(0, position - 8) : position], *located[position + 1 : position + 20])
    )


def _end_of_list(located: Sequence[Located], position: int) -> int:
    end = located[position].block.end
    for place in located[position + 1 :]:
        if place.block.kind == "list_item" and place.section == located[position].section:
            end = place.block.end
        elif place.block.kind != "footnote":
            break
    return end


def _is_rest(document: ReadDocument, located: Sequence[Located], position: int) -> bool:
    """A paragraph that goes on in small letters with the item above."""
    text = document.slice(located[position].block)
    above = located[position - 1].block if position else None
    return above is not None and above.kind == "list_item" and text[:1].islower()


def _lists_follow(located: Sequence[Located], position: int) -> bool:
    """A paragraph right above a list of the same section is its introduction."""
    section = located[position].section
    for place in located[position + 1 :]:
        if place.block.kind == "footnote":
            continue
        return place.section == section and place.block.kind in ("list_item", "table")
    return False


def _recommend_table(context: _Context, taken: _Taken, place: Located) -> None:
    """A table of areas for action: the column of bodies responsible, and the column of what they must do."""
    block, document = place.block, context.document
    assert block.table is not None
    bodies: tuple[str, ...] = ()
    made = False
    for row in block.table.rows:
        cells = [cell for cell in row.cells if cell.lines]
        texts = [collapsed(" ".join(document.slice(line) for line in cell.lines)) for cell in cells]
        if (
            not cells
            or row.header
            or (len(cells) <= 3 and all(len(text) < 40 and not text.endswith(".") for text in texts))
        ):
            continue
        asked = max(range(len(cells)), key=lambda index: len(texts[index]))
        if len(cells) > 1 and asked > 0:
            bodies = _bodies(texts[0])
        for first, last in _asked_for(document, cells[asked]):
            if len(document.slice(first)) >= 25:
                _add_recommendation(
                    context, taken, place, first.start, last.end, first.marker, bodies, "recommendation.table"
                )
                made = True
    outcome = (
        ("recommendation", "a table of areas for action") if made else ("skipped", "a table without areas for action")
    )
    _segment(taken, block, *outcome, "recommendation.table")


def _asked_for(document: ReadDocument, cell: Cell) -> Iterator[tuple[CellLine, CellLine]]:
    """First and last line of each item of a cell: a line with a colon goes on with the bullets below it."""
    first: CellLine | None = None
    last: CellLine | None = None
    for line in cell.lines:
        goes_on = (
            first is not None
            and line.marker is not None
            and first.marker != line.marker
            and _OPEN_ITEM.search(document.slice(first).rstrip())
        )
        if goes_on:
            last = line
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = line
    if first is not None and last is not None:
        yield first, last


def _bodies(text: str) -> tuple[str, ...]:
    parts = re.split(r"\s+and\s+(?=(?:NHS|the|[A-Z]\w+ (?:Council|ICB|Integrated)))|;\s*", text)
    return tuple(part.strip(" ,") for part in parts if part.strip(" ,"))


_DEADLINE: Final = re.compile(
    r"(?i)\b(?:immediately|with immediate effect|within (?:the next )?(?:\w+) (?:working )?(?:days?|weeks?|months?"
    r"|years?)(?: of (?:the )?(?:publication|this inspection|the report)[^,.;]{0,40})?|by (?:the end of "
    r")?(?:January|February|March|April|May|June|July|August|September|October|November|December) (?:19"
    r"|20)\d\d)\b"
)


def _add_recommendation(
    context: _Context,
    taken: _Taken,
    place: Located,
    start: int,
    end: int,
    marker: str | None = None,
    bodies: tuple[str, ...] = (),
    rule: str = "recommendation.item",
    score: float = 0.97,
) -> None:
    document, section = context.document, place.section
    proof = evidence(document, start, end)
    in_block = rule != "recommendation.table"
    printed = section.printed or ""
    deadline = _DEADLINE.search(printed) or (_DEADLINE.search(proof.quote) if len(proof.quote) < 400 else None)
    taken.recommendations.append(
        Recommendation(
            text=collapsed(proof.quote),
            evidence=proof,
            made_by=maker(rule, score),
            ref=_ref(place.block.marker if in_block else marker),
            section=printed or None,
            addressed_to=bodies or ((BOARD,) if section.board else ()),
            deadline=deadline.group() if deadline else None,
            deadline_date=timescale_edtf(deadline.group(), context.after) if deadline else None,
            inspection=context.board_inspection if section.board else 0,
        )
    )
    if in_block:
        _segment(taken, place.block, "recommendation", "an item of a list of recommendations", rule)


# ------------------------------------------------------------------------------------------------------- findings


def _find(
    context: _Context,
    taken: _Taken,
    place: Located,
    located: Sequence[Located],
    position: int,
    grades: dict[str, str],
) -> None:
    block, section, document = place.block, place.section, context.document
    text = document.slice(block)
    grade = section.grade or grades.get(_area_of(section.heading) or "")
    if block.kind == "table" and (columns := _two_columns(document, block)):
        _find_in_columns(context, taken, place, columns)
    elif block.kind == "table":
        graded = any(True for _ in in_table(document, block)) or is_scale(document, block)
        _segment(taken, block, "judgement" if graded else "skipped", "a table", "judgement.table")
    elif block.kind == "heading" or _LEGAL.search(text):
        _segment(taken, block, "skipped", "a subheading or legal text", "finding")
    elif _is_old_judgement(document, block):
        _segment(taken, block, "judgement", "says how people are served", "judgement.served")
    elif _opens_list(text, located, position) or _is_legend(text):
        _segment(taken, block, "skipped", "introduces the list below it, or explains the grades", "finding")
    elif block.kind == "list_item":
        if len(text) < 25 or (_PROCEDURE.search(text) and len(list(sentences(text, 0, len(text)))) == 1):
            _segment(
                taken, block, "skipped", "too short for a finding, or tells how the inspection was made", "finding"
            )
        else:
            _add_finding(context, taken, block.start, block.end, section, grade, _ref(block.marker), "finding.item")
            _segment(
                taken, block, "finding", "a numbered paragraph or list item of an evaluative section", "finding.item"
            )
    elif len(text) >= 90 or (len(text) >= 40 and text.rstrip("”’\"')").endswith((".", ":", ";", "?"))):
        _prose(context, taken, block, section, grade)
    else:
        _segment(taken, block, "skipped", "no sentence", "finding")


_STRONG_HEAD: Final = re.compile(r"(?i)^(?:key |main |major )?(?:strengths?|good practice)\b.{0,20}$")
_IMPROVE_HEAD: Final = re.compile(
    r"(?i)^(?:key |main |important )?(?:weaknesses and )?areas? (?:for|of) (?:improvement|development)\b.{0,20}$"
)


def _two_columns(document: ReadDocument, block: Block) -> dict[int, bool]:
    """Of a table of strengths beside areas for improvement: by column, whether it holds the strengths."""
    assert block.table is not None
    heads = {
        cell.column: collapsed(" ".join(document.slice(line) for line in cell.lines))
        for cell in block.table.rows[0].cells
    }
    found = {column: True for column, head in heads.items() if _STRONG_HEAD.match(head)}
    found |= {column: False for column, head in heads.items() if _IMPROVE_HEAD.match(head)}
    return found if len(found) == 2 and len(set(found.values())) == 2 else {}


def _find_in_columns(context: _Context, taken: _Taken, place: Located, columns: dict[int, bool]) -> None:
    assert place.block.table is not None
    for row in place.block.table.rows[1:]:
        for cell in row.cells:
            for line in cell.lines if cell.column in columns else ():
                if columns[cell.column]:
                    section = replace(place.section, heading="Strengths")
                    _add_finding(context, taken, line.start, line.end, section, None, None, "finding.table")
                else:
                    _add_recommendation(
                        context, taken, place, line.start, line.end, line.marker, rule="recommendation.table"
                    )
    _segment(taken, place.block, "finding", "a table of strengths and areas for improvement", "finding.table")


def _area_of(heading: str | None) -> str | None:
    return area_concept(heading) if heading else None


def _opens_list(text: str, located: Sequence[Located], position: int) -> bool:
    """A single clause with a colon before a list."""
    if not text.rstrip().endswith(":") or re.search(r"[.?!]\s+[A-Z]", text):
        return False
    return position + 1 < len(located) and located[position + 1].block.kind == "list_item"


def _is_old_judgement(document: ReadDocument, block: Block) -> bool:
    """A single sentence that judges as the inspectorates of social services did."""
    text = document.slice(block)
    return (
        re.search(r"(?i)\b(?:judg|conclud|rated|considered)\w*", text) is not None
        and len(list(sentences(text, 0, len(text)))) == 1
        and any(True for _ in served(document, [block]))
    )


def _is_legend(text: str) -> bool:
    """ "4: outstanding; 3: good; 2: adequate; 1: inadequate" explains grades and gives none."""
    graded = re.findall(rf"(?i)\b{GRADE_WORDS}\b", text)
    return len(graded) >= 3 and len(text.split()) <= 4 * len(graded)


_PROCEDURE: Final = re.compile(
    r"(?i)^(?:this (?:letter|report) (?:summarises|outlines|sets out|reports|contains|records|presents|describes)\b"
    r"|(?:based on|from) the evidence (?:gathered|seen)\b|a range of evidence was\b|"
    r"(?:the )?inspectors considered a range\b"
    r"|during (?:the course of )?this (?:visit|inspection), inspectors\b|the inspection sampled\b"
    r"|(?:the |his majesty[’']s |her majesty[’']s )?inspectors (?:for this \w+ )?were [A-Z]"
    r"|inspectors (?:looked at|reviewed the progress)\b|(?:they|inspectors) also (?:considered|looked at|evaluated)\b"
    r"|(?:a|the|this|our) (?:(?:focused|monitoring|unannounced|joint|\w+ area) )*(?:visit|inspection|"
    r"review)\b[^.]{0,90}?"
    r"\b(?:was (?:carried out|conducted|undertaken|led|one of|the \w+ (?:monitoring|focused))|took place)\b"
    r"|we (?:used|met|spoke|visited|read|looked at) (?:a|with|to|the)\b)"
)
"""Sentences of a report that tell how the inspection was made: never a finding."""
_CONTEXT: Final = re.compile(
    r"(?i)^(?:(?:a|the|this|one|two|three) (?:focused |monitoring |previous )?(?:visits?|inspections?) (?:was|were"
    r"|took|to)\b|inspectors (?:visited|met|spoke|looked|considered|reviewed)\b"
    r"|(?:the )?(?:local authority|council|authority|borough|county|city|it) (?:was|were) (?:last )?inspected\b"
    r"|ofsted (?:carried|undertook|conducted)\b"
    r"|at the time of (?:the|this) inspection, (?:there were|the local authority (?:had|was))|(?:in|since) (?:19"
    r"|20)\d\d(?: and (?:19|20)\d\d)?, [^.]*\b(?:covid|pandemic|lockdown)\b)"
)


def _prose(context: _Context, taken: _Taken, block: Block, section: Section, grade: str | None) -> None:
    """One finding a sentence of running prose; sentences of context are left."""
    document = context.document
    made = 0
    for start, end in sentences(document.text, block.start, block.end):
        text = document.text[start:end]
        if (
            len(text) < 20
            or _LEGAL.search(text)
            or _PROCEDURE.search(text)
            or (_CONTEXT.search(text) and rule_polarity(text)[0] != "strength")
        ):
            continue
        _add_finding(context, taken, start, end, section, grade, None, "finding.sentence", 0.9)
        made += 1
    reason = "running prose of an evaluative section, one finding a sentence" if made else "context only"
    _segment(taken, block, "finding" if made else "skipped", reason, "finding.sentence")


def _add_finding(
    context: _Context,
    taken: _Taken,
    start: int,
    end: int,
    section: Section,
    grade: str | None,
    number: str | None,
    rule: str,
    score: float = 0.97,
) -> None:
    proof = evidence(context.document, start, end)
    polarity, certainty = rule_polarity(proof.quote, section.heading, grade)
    taken.findings.append(
        Finding(
            text=collapsed(proof.quote),
            evidence=proof,
            made_by=maker(rule, score),
            section=section.heading,
            number=number,
            polarity=polarity,
            polarity_score=certainty,
            polarity_made_by=maker("polarity.cues", certainty),
            inspection=context.board_inspection if section.board else 0,
        )
    )


__all__ = ["BOARD", "extract_report"]
