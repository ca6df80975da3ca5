"""Judgements: the grade table of the first page, the record of main findings, sentences that give a grade.

A grade may stand beside its label, above it or under it, in a table or in running lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.grades import GRADE, SCORE_WORDS, area_concept, grade_concept
from graph.extraction.sections import Located
from graph.model import Block, Cell, Judgement, ReadDocument, Row

_NUMBER_GRADE: Final = re.compile(rf"(?:grade\s*)?[1-4](?:\s*[:–—-]\s*{SCORE_WORDS})?", re.I)
_NUMBERED_HEAD: Final = re.compile(r"(?i)\b(?:grades?|judge?ments?|scores?|services overall|ratings?)\b")
_IS_GRADE: Final = re.compile(rf"(?:is |are |that it is )?({GRADE})(?: and is not yet good)?\.?", re.I)
_LABEL_AND_GRADE: Final = re.compile(
    rf"^(?P<area>\S.*?)(?:\s*[:–-]\s+|\s+(?:is|are|was|were)(?: judged(?: to be)?)?:?\s+(?:that (?:it|they) (?:is"
    rf"|are)\s+)?|\s+)(?P<grade>{GRADE})"
    r"(?: and is not yet good)?(?: because:?)?\.?$",
    re.I,
)
_OVERALL: Final = re.compile(
    rf"^(?P<area>The overall judge?ment|Overall judge?ment)\s+is\s+(?:that\s+)?(?:(?:the\s+)?(?:local "
    rf"authority[’']s\s+)?(?:children[’']s\s+)?services\s+)?(?:(?:is|are)\s+)?(?P<grade>{GRADE})\.?$",
    re.I,
)
_NOT_AN_AREA: Final = re.compile(
    r"^(?:(?:key |other |some )?areas?|"
    r"judge?ment|grade|overall grade|area|outstanding|good|adequate|inadequate|it|this|they|which|a service"
    r"|inspectors|published|a (?:service|local authority)\b.*)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Printed:
    """An area with its grade, and the span that says so."""

    area: str
    grade: str
    start: int
    end: int
    rule: str
    group: str = ""
    """The heading inside a table below which it stands."""


def statement(text: str) -> tuple[str, str] | None:
    """(area, grade) of a line that judges: "Adoption performance: good", "Children’s services are inadequate"."""
    line = collapsed(text)
    if len(line) > 260:
        return None
    match = _OVERALL.match(line) or _LABEL_AND_GRADE.match(line)
    if match is None:
        return None
    area = re.sub(r"^(?:\d+(?:\.\d+)*\.?\s+)", "", match["area"]).strip(" :–-.")
    if (
        _NOT_AN_AREA.search(area)
        or re.search(r"(?i)\b(?:for|to|be|of|an?|not|yet|as|with|than)$", area)
        or re.search(r"(?i)expectation|minimum|[.!?]\s+[A-Z]", area)
        or not re.search(r"[A-Za-z]{3}", area)
    ):
        return None
    return area, match["grade"]


def is_scale(document: ReadDocument, block: Block) -> bool:
    """A table that explains the grades gives none."""
    return bool(re.search(r"minimum requirements|significantly exceeds|a service that", document.slice(block), re.I))


def in_table(document: ReadDocument, block: Block) -> Iterator[Printed]:
    """The judgements of a table whose rows hold a label and a grade, in whichever order."""
    if block.table is None or is_scale(document, block):
        return
    numbered = list(_numbered(document, block))
    if numbered:
        yield from numbered
        return
    group = ""
    waiting: tuple[str, int, int] | None = None
    grade_above: tuple[str, int, int] | None = None
    for row in block.table.rows:
        labels = [(text, cell) for cell in row.cells if (text := _cell_text(document, cell))]
        graded = [(text, cell) for text, cell in labels if _IS_GRADE.fullmatch(text)]
        named = [
            (text, cell)
            for text, cell in labels
            if not _IS_GRADE.fullmatch(text) and re.search(r"[A-Za-z]{3}", text) and not _NOT_AN_AREA.search(text)
        ]
        if graded and named:
            grade, grade_cell = graded[-1]
            area = " ".join(text for text, _ in named)
            yield _printed(area, grade, [*(cell for _, cell in named), grade_cell], group)
            waiting = grade_above = None
        elif graded:
            grade, cell = graded[0]
            start, end = cell.lines[0].start, cell.lines[-1].end
            if waiting is not None:
                yield Printed(waiting[0], _grade(grade), waiting[1], end, "judgement.table")
                waiting = None
            else:
                grade_above = (grade, start, end)
        elif len(named) == 1:
            text, cell = named[0]
            start, end = cell.lines[0].start, cell.lines[-1].end
            judged = statement(text)
            if judged is not None:
                yield Printed(*judged, start, end, "judgement.table")
            elif grade_above is not None:
                yield Printed(text, _grade(grade_above[0]), grade_above[1], end, "judgement.table")
                grade_above = None
            else:
                for line in cell.lines:
                    judged = statement(document.slice(line))
                    if judged is not None:
                        yield Printed(*judged, line.start, line.end, "judgement.table")
                waiting = (text, start, end) if area_concept(text) else None
                group = text if len(text) < 100 else group


def _numbered(document: ReadDocument, block: Block) -> Iterator[Printed]:
    """The judgements of a table that grades by numbers, as the reviews of 2005 to 2009 did: an area and 1 to 4."""
    assert block.table is not None
    rows = [[(text, cell) for cell in row.cells if (text := _cell_text(document, cell))] for row in block.table.rows]
    graded = [
        row
        for row in rows
        if len(row) == 2 and _NUMBER_GRADE.fullmatch(row[1][0]) and re.search(r"[A-Za-z]{4}", row[0][0])
    ]
    headed = any(_NUMBERED_HEAD.search(text) for row in rows if row not in graded for text, _ in row)
    if len(graded) < 2 or len(graded) < len(rows) - 2 or not (headed or sum(map(_names_grade, graded)) >= 2):
        return
    for (area, area_cell), (grade, grade_cell) in graded:
        yield _printed(area, grade, [area_cell, grade_cell], "")


def _names_grade(row: Sequence[tuple[str, Cell]]) -> bool:
    return area_concept(row[0][0]) is not None


def _printed(area: str, grade: str, cells: Sequence[Cell], group: str) -> Printed:
    start = min(cell.lines[0].start for cell in cells)
    end = max(cell.lines[-1].end for cell in cells)
    return Printed(re.sub(r"^\d+(?:\.\d+)*\.?\s+", "", area), _grade(grade), start, end, "judgement.table", group)


def _grade(text: str) -> str:
    match = _IS_GRADE.fullmatch(text)
    return match[1] if match else text


def _cell_text(document: ReadDocument, cell: Cell) -> str:
    return collapsed(" ".join(document.slice(line) for line in cell.lines))


def in_lines(document: ReadDocument, blocks: Iterable[Block]) -> Iterator[Printed]:
    """Judgements in lines of their own; a grade alone belongs to the label above it, failing that below."""
    label: Block | None = None
    for block in blocks:
        if block.kind == "table":
            label = None
            continue
        text = collapsed(document.slice(block))
        grade = _IS_GRADE.fullmatch(text)
        if grade is not None and label is not None:
            area = re.sub(r"^\d+(?:\.\d+)*\.?\s+", "", collapsed(document.slice(label)))
            yield Printed(area, grade[1], label.start, block.end, "judgement.line")
            label = None
            continue
        judged = statement(text)
        if judged is not None and area_concept(judged[0]) is not None:
            yield Printed(*judged, block.start, block.end, "judgement.line")
        label = block if area_concept(text) and len(text) < 130 and not text.endswith(".") else None


_WHO: Final = (
    r"(?:(?:young |local |vulnerable )?(?:people|children|adults|families|users|service users|"
    r"residents)(?: and (?:young "
    r"people|families|their families|carers))?)"
)
_SERVING: Final = re.compile(
    rf"(?i)\b(?:(?:not )?serv(?:ing|ed|es)\s+(?:(?:most|some|all|few)(?:\s+of)?(?:\s+(?:the|its|our))?\s+)?{_WHO}\s+"
    rf"(?:consistently\s+)?well|(?:most|some|all|few|not all)\s+(?:of\s+(?:the\s+)?)?{_WHO}\s+(?:were|are|was|is|"
    rf"being)\s+"
    rf"(?:being\s+)?(?:not\s+)?(?:well\s+)?served(?:\s+well)?)"
)
_CAPACITY: Final = re.compile(
    r"(?i)\b(?P<word>excellent|promising|uncertain|poor)\s+(?P<what>capacity|prospects?)\s+(?:for|to)\s+(?:further\s+)?"
    r"improve(?:ment)?|\b(?P<what2>capacity|prospects?)\s+(?:for|to)\s+(?:further\s+)?improve(?:ment)?s?\s*(?:was|"
    r"were|is|"
    r"are|as|to be|[-–:])*\s*(?:judged\s+|assessed\s+)?(?:to be\s+|as\s+)?[‘'\"“]?(?P<word2>excellent|promising|"
    r"uncertain|poor)\b"
)


def served(document: ReadDocument, blocks: Iterable[Block]) -> Iterator[Printed]:
    """The two judgements of the social services inspectorates (1996 to 2007), wherever a report first says them."""
    for block in blocks:
        if block.kind == "table":
            continue
        text = document.slice(block)
        for match in _SERVING.finditer(text):
            yield Printed(
                "Serving people",
                match.group(),
                block.start + match.start(),
                block.start + match.end(),
                "judgement.served",
            )
        for match in _CAPACITY.finditer(text):
            what = (match["what"] or match["what2"]).lower()
            area = "Capacity for improvement" if what == "capacity" else "Prospects for improvement"
            grade = match["word"] or match["word2"]
            at = block.start + (match.start("word") if match["word"] else match.start("word2"))
            yield Printed(area, grade, at, at + len(grade), "judgement.served")


_OUTCOME: Final = re.compile(
    r"typically (?:lead to )?positive|inconsistent experiences|systemic failings|"
    r"taken (?:sufficiently )?effective action",
    re.I,
)


def area_send_outcome(document: ReadDocument, located: Sequence[Located]) -> Iterator[Printed]:
    """The outcome of an area SEND inspection is a sentence under its own heading."""
    heading = "Inspection outcome"
    for place in located:
        if place.section.kind != "outcome":
            continue
        if place.opens:
            heading = collapsed(document.slice(place.block))
            continue
        text = document.slice(place.block)
        match = _OUTCOME.search(text)
        if match is not None:
            stop = re.compile(r"\.(?=\s+[A-Z])").search(text, match.end())
            end = place.block.start + (stop.end() if stop else len(text))
            yield Printed(
                heading,
                collapsed(document.text[place.block.start : end]),
                place.block.start,
                end,
                "judgement.send-outcome",
            )
            return


_SCORED: Final = re.compile(
    r"(?i)(?P<area>[A-Z][\w –-]{4,60}?) score:?\s*\d{1,3}\s?%,?\s*(?:comment:?\s*)?"
    r"(?P<grade>(?:minimum|moderate|substantial|drastic) improvement required)"
)


def scored(document: ReadDocument, blocks: Iterable[Block]) -> Iterator[Printed]:
    """How often youth offending work was done well enough (2009 to 2012), with what is said of that share."""
    for block in blocks:
        for match in _SCORED.finditer(document.slice(block)):
            start, end = block.start + match.start(), block.start + match.end()
            yield Printed(match["area"], match["grade"], start, end, "judgement.score")


_QUALITY_SCORE: Final = re.compile(r"(?i)(?P<area>[A-Z][\w ,’'-]{4,80}?)?\s*\bscore:?\s*(?P<grade>[1-4])")
_LOCAL_RATING: Final = re.compile(
    r"(?i)(?:local )?authority rating(?: and quality statement scores)?|overall(?: local authority)? rating"
)


def quality_scores(document: ReadDocument, blocks: Sequence[Block]) -> Iterator[Printed]:
    """An assessment of a council's adult social care (2023 on): its rating, and a score from 1 to 4 for each quality
    statement, beside its name or on the line below it."""
    above: Block | None = None
    rating = False
    for block in blocks:
        lines = [(start, end) for row in block.table.rows for start, end in _row_span(row)] if block.table else []
        for start, end in lines or [(block.start, block.end)]:
            text = collapsed(document.text[start:end])
            match = _QUALITY_SCORE.fullmatch(text)
            rated = re.fullmatch(rf"(?i)[^.:]{{3,80}}:\s*(?P<grade>{GRADE})", text) if rating else None
            if match is not None and match["area"]:
                yield Printed(match["area"], match["grade"], start, end, "judgement.quality-score")
            elif match is not None and above is not None:
                area = collapsed(document.slice(above))
                yield Printed(area, match["grade"], above.start, end, "judgement.quality-score")
            elif rated is not None:
                yield Printed("Local authority rating", rated["grade"], start, end, "judgement.quality-score")
                rating = False
            rating = rating or _LOCAL_RATING.fullmatch(text) is not None
        text = collapsed(document.slice(block))
        named = block.table is None and len(text) <= 90 and not text.endswith((".", ":"))
        above = block if named and _QUALITY_SCORE.fullmatch(text) is None else None


def _row_span(row: Row) -> Iterator[tuple[int, int]]:
    lines = [line for cell in row.cells for line in cell.lines]
    if lines:
        yield lines[0].start, lines[-1].end


def as_judgement(
    document: ReadDocument, printed: Printed, inspection: int = 0, score: float = 1.0, framework: str | None = None
) -> Judgement:
    """The judgement with its concepts and evidence."""
    return Judgement(
        printed.area,
        printed.grade,
        area_concept(printed.area, framework),
        grade_concept(printed.grade),
        inspection,
        evidence(document, printed.start, printed.end),
        maker(printed.rule, score),
    )
