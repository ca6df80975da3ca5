"""Plan matches written for people: as lines, JSON, a workbook, or a Word briefing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from indexer.matching import Match, PlanAction, PlanMatches, Similar
from indexer.specificity import LEVELS, Specificity
from indexer.tables import Row
from ontology import resources

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from openpyxl.worksheet.worksheet import Worksheet

BINARY = frozenset({"xlsx", "docx"})

_COVERAGE = {
    "Ref": 7,
    "Recommendation of the plan": 55,
    "Specific (1 to 5)": 10,
    "Why": 40,
    "Actions in the plan": 55,
    "Who": 24,
    "When": 18,
    "Actions lack": 16,
    "Similar elsewhere": 11,
    "Councils": 30,
}
_ELSEWHERE = {
    "Ref": 7,
    "Recommendation of the plan": 45,
    "Similar recommendation elsewhere": 60,
    "Council": 24,
    "Inspection": 26,
    "Published": 13,
    "Overall grade then": 18,
    "Confidence": 11,
    "Actions in answer": 55,
    "Next inspection": 26,
    "Its overall grade": 18,
    "Source": 30,
    "Page": 7,
    "Identifier": 34,
}
_ACTIONS = {
    "Answers": 9,
    "Action": 60,
    "Who": 24,
    "When": 18,
    "Measure": 36,
    "Specific (1 to 5)": 10,
    "Lacks": 18,
    "Why": 60,
}
#: Longest text that a cell of a workbook takes, less a little.
_LONGEST_CELL = 32_000


def write(matches: PlanMatches, form: str, release: str) -> bytes:
    """``form``: table, json, xlsx or docx; ``release``: the id that a reader can cite."""
    writers: Mapping[str, Callable[[PlanMatches, str], bytes]] = {
        "table": _lines,
        "json": _json,
        "xlsx": _workbook,
        "docx": _document,
    }
    return writers[form](matches, release)


def summary(matches: PlanMatches) -> list[str]:
    """What the matrix comes to, in sentences; nothing is said of what is in order."""
    actions = matches.actions
    unanswered, loose = len(matches.unanswered), len(matches.unanswering)
    found = [
        f"{_counted(len(matches.matches), 'recommendation')} and {_counted(len(actions), 'action')} were read.",
        f"{_counted(sum(bool(m.similar) for m in matches.matches), 'recommendation')} with something close elsewhere.",
    ]
    if unanswered and actions:
        found.append(f"{_counted(unanswered, 'recommendation')} without an action.")
    if loose:
        found.append(f"{_counted(loose, 'action')} that no recommendation asks for.")
    lacking = [(element, len(matches.lacking(element))) for element in ("owner", "date", "measure")]
    found += [f"{_counted(number, 'action')} without {_an(element)}." for element, number in lacking if number]
    if matches.vague:
        found.append(f"{_counted(len(matches.vague), 'action')} too vague to be seen done (level 1 or 2 of 5).")
    if matches.left_out:
        found.append(
            f"{_counted(matches.left_out, 'further line')} not matched: the plan is longer than is matched at once."
        )
    return found


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _an(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


# ------------------------------------------------------------------------------------------------------ lines and JSON


def _json(matches: PlanMatches, release: str) -> bytes:
    return msgspec.json.format(msgspec.json.encode({"release": release, **msgspec.to_builtins(matches)})) + b"\n"


def _lines(matches: PlanMatches, release: str) -> bytes:
    lines = [*summary(matches), f"Matched against release {release}."]
    for match in matches.matches:
        lines += ["", f"{match.ref or '-'}  {match.text}  [{match.specificity.level} of 5]"]
        lines += [f"     action: {action.text}{_lacking(action)}" for action in match.actions]
        lines += [] if match.actions else ["     no action answers it"]
        lines += _similar_lines(match.similar)
        lines += [f"     done elsewhere: {hit.text} ({hit.authority or hit.file})" for hit in match.done_elsewhere]
    if matches.unanswering:
        lines += ["", "Actions that answer no recommendation:"]
        for action in matches.unanswering:
            lines += [f"     {action.text}{_lacking(action)}", *_similar_lines(action.similar)]
    return ("\n".join(lines) + "\n").encode()


def _similar_lines(found: Sequence[Similar]) -> Iterator[str]:
    if not found:
        yield "     nothing close was found elsewhere"
    for similar in found:
        yield f"     {similar.hit.confidence:.2f}  {_source(similar)}"
        yield f"           {similar.hit.text}"
        yield from (f"           did: {row['text']}" for row in similar.actions)
        if similar.next_inspection:
            yield f"           followed by: {_inspection(similar.next_inspection)}{_graded(similar.next_inspection)}"


# ------------------------------------------------------------------------------------------------------------ workbook


def _workbook(matches: PlanMatches, release: str) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    coverage = book.active
    assert coverage is not None
    coverage.title = "Coverage"
    _fill(coverage, _COVERAGE, map(_coverage_row, matches.matches))
    _fill(book.create_sheet("Similar elsewhere"), _ELSEWHERE, _similar_rows(matches))
    _fill(book.create_sheet("Actions"), _ACTIONS, _action_rows(matches))
    _fill(book.create_sheet("About"), {"About this file": 110}, ([line] for line in _about(matches, release)))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _fill(sheet: Worksheet, columns: Mapping[str, int], rows: Iterator[list[str]] | map[list[str]]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    from webapp.exports import clean

    for number, values in enumerate([list(columns), *rows], 1):
        for place, value in enumerate(values, 1):
            cell = sheet.cell(number, place)
            cell.value = clean(value)[:_LONGEST_CELL]
            cell.data_type = "s"  # text, never a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 1)
    for place, width in enumerate(columns.values(), 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"


def _coverage_row(match: Match) -> list[str]:
    councils = dict.fromkeys(similar.hit.authority or "council not named" for similar in match.similar)
    return [
        match.ref or "",
        match.text,
        str(match.specificity.level),
        _why(match.specificity, recommendation=True),
        "\n".join(action.text for action in match.actions) or "none",
        "\n".join(dict.fromkeys(who for action in match.actions for who in action.responsible)),
        "\n".join(dict.fromkeys(action.timescale for action in match.actions if action.timescale)),
        ", ".join(dict.fromkeys(lack for action in match.actions for lack in action.lacks)),
        str(len(match.similar)),
        "; ".join(councils),
    ]


def _similar_rows(matches: PlanMatches) -> Iterator[list[str]]:
    for match in matches.matches:
        for similar in match.similar:
            yield [match.ref or "", match.text, *_similar_cells(similar)]
        for hit in match.done_elsewhere:
            source = [hit.authority or "", "", hit.published or "", grade_label(hit.grade), f"{hit.confidence:.2f}"]
            place = ["", "", hit.file or "", str(hit.page or ""), hit.iri]
            yield [match.ref or "", match.text, "", *source, hit.text, *place]
        if not match.similar:
            yield [match.ref or "", match.text, "nothing close was found"]
    for action in matches.unanswering:
        for similar in action.similar:
            yield ["(action)", action.text, *_similar_cells(similar)]


def _similar_cells(similar: Similar) -> list[str]:
    hit, then, following = similar.hit, similar.inspection, similar.next_inspection
    return [
        hit.text,
        hit.authority or "",
        _inspection(then) if then else "",
        hit.published or "",
        grade_label(hit.grade),
        f"{hit.confidence:.2f}",
        "\n".join(row["text"] for row in similar.actions),
        _inspection(following) if following else "",
        grade_label(following["overall_grade"]) if following else "",
        hit.file or "",
        str(hit.page or ""),
        hit.iri,
    ]


def _action_rows(matches: PlanMatches) -> Iterator[list[str]]:
    answering = [(match.ref or "yes", action) for match in matches.matches for action in match.actions]
    for ref, action in [*answering, *(("none", action) for action in matches.unanswering)]:
        yield [
            ref,
            action.text,
            "; ".join(action.responsible),
            action.timescale or "",
            action.measure or "",
            str(action.specificity.level),
            ", ".join(action.lacks),
            _why(action.specificity),
        ]


def _about(matches: PlanMatches, release: str) -> Iterator[str]:
    yield from summary(matches)
    yield "Similar recommendations are those of other councils that are close enough to be about the same issue."
    yield "What followed is the next inspection of the same family; it shows a sequence and asserts no cause."
    yield from (f"Level {number}: {meaning}." for number, meaning in enumerate(LEVELS, 1))
    yield "Nothing of the plan was stored. Passages are quoted as printed: check the source before relying on one."
    yield f"inspectgraph, release {release}. Not an official publication."


# ---------------------------------------------------------------------------------------------------------------- Word


def _document(matches: PlanMatches, release: str) -> bytes:
    from docx import Document

    document = Document()
    document.core_properties.author = "inspectgraph"
    document.core_properties.title = "What others were told, and did"
    document.add_heading("What others were told, and did", 0)
    for line in summary(matches):
        document.add_paragraph(line, style="List Bullet")
    _coverage_table(document, matches)
    for match in matches.matches:
        _section(document, match)
    if matches.unanswering:
        _text(document.add_heading, "Actions that answer no recommendation", 1)
        for action in matches.unanswering:
            _text(document.add_paragraph, f"{action.text}{_lacking(action)}", "List Bullet")
            _elsewhere(document, action.similar)
    _text(document.add_heading, "How to read this", 1)
    for line in list(_about(matches, release))[len(summary(matches)) :]:
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _coverage_table(document: WordDocument, matches: PlanMatches) -> None:
    from webapp.exports import clean

    heads = ("Ref", "Recommendation", "Specific", "Actions", "They lack", "Similar elsewhere")
    table = document.add_table(rows=1, cols=len(heads), style="Light Grid Accent 1")
    for cell, head in zip(table.rows[0].cells, heads, strict=True):
        cell.text = head
    for match in matches.matches:
        values = _coverage_row(match)
        shown = [values[0], _cut(values[1]), f"{values[2]} of 5", str(len(match.actions)), values[7], values[8]]
        for cell, value in zip(table.add_row().cells, shown, strict=True):
            cell.text = clean(value)


def _section(document: WordDocument, match: Match) -> None:
    _text(document.add_heading, f"{match.ref or ''} {_cut(match.text)}".strip(), 2)
    if len(match.text) > len(_cut(match.text)):
        _text(document.add_paragraph, match.text)
    _text(document.add_paragraph, f"Specific: {match.specificity.level} of 5, {match.specificity.meaning}.")
    for action in match.actions:
        _text(document.add_paragraph, f"Planned: {action.text}{_lacking(action)}")
    if not match.actions:
        document.add_paragraph("No action of the plan answers it.")
    if not match.similar:
        document.add_paragraph("Nothing close was found elsewhere.")
    _elsewhere(document, match.similar)
    if match.done_elsewhere:
        document.add_paragraph("Further actions elsewhere on the same issue:")
    for hit in match.done_elsewhere:
        _text(document.add_paragraph, f"{hit.text} ({hit.authority or hit.file}, {hit.published or ''})", "List Bullet")


def _elsewhere(document: WordDocument, found: Sequence[Similar]) -> None:
    for similar in found:
        _text(document.add_paragraph, similar.hit.text, "Intense Quote" if len(similar.hit.text) < 600 else None)
        _text(document.add_paragraph, f"{_source(similar)}. {similar.hit.iri}")
        for row in similar.actions:
            _text(document.add_paragraph, row["text"], "List Bullet")
        if similar.next_inspection:
            following = similar.next_inspection
            _text(document.add_paragraph, f"Followed by: {_inspection(following)}{_graded(following)}")


def _text(add: Callable[..., Any], text: str, *further: Any) -> None:
    from webapp.exports import clean

    add(clean(text), *further)


# --------------------------------------------------------------------------------------------------------------- words


def grade_label(identifier: str | None) -> str:
    if not identifier:
        return ""
    known = resources.concepts("grades").get(identifier)
    return known.label if known else identifier


def _lacking(action: PlanAction) -> str:
    lacks = f"; lacks {', '.join(action.lacks)}" if action.lacks else ""
    return f" ({action.specificity.level} of 5{lacks})"


def _why(specificity: Specificity, *, recommendation: bool = False) -> str:
    """A recommendation need not say who, by when and how measured: those are its actions' to say."""
    reasons = specificity.reasons[: -len(specificity.lacks) or None] if recommendation else specificity.reasons
    return " ".join([f"{specificity.meaning[:1].upper()}{specificity.meaning[1:]}.", *reasons])


def _cut(text: str, length: int = 140) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + " …"


def _source(similar: Similar) -> str:
    hit = similar.hit
    grade = f"overall {grade_label(hit.grade)}" if hit.grade else None
    page = f"p. {hit.page}" if hit.page else None
    return ", ".join(str(x) for x in (hit.authority, hit.published, grade, hit.file, page) if x)


def _inspection(row: Row) -> str:
    known = resources.concepts("frameworks").get(row.get("framework_id") or "")
    name = known.label if known else row.get("framework") or "Inspection"
    return f"{name}, {row.get('end') or row.get('start') or row.get('year') or 'undated'}"


def _graded(row: Row) -> str:
    return f", overall {grade_label(row['overall_grade'])}" if row.get("overall_grade") else ", not graded overall"
