"""The findings of an inspection report: numbered paragraphs, items and sentences of its evaluative sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.grades import GRADE_WORDS, area_concept
from graph.extraction.judgements import in_table, is_scale, served
from graph.extraction.polarity import rule_polarity
from graph.extraction.report_items import LEGAL, Context, Taken, note_segment, ref_of
from graph.extraction.report_recommendations import add_recommendation
from graph.extraction.sections import Located, Section
from graph.extraction.sentences import sentences
from graph.model import Block, Finding, ReadDocument


def read_findings(
    context: Context,
    taken: Taken,
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
        note_segment(taken, block, "judgement" if graded else "skipped", "a table", "judgement.table")
    elif block.kind == "heading" or LEGAL.search(text):
        note_segment(taken, block, "skipped", "a subheading or legal text", "finding")
    elif _is_old_judgement(document, block):
        note_segment(taken, block, "judgement", "says how people are served", "judgement.served")
    elif _opens_list(text, located, position) or _is_legend(text):
        note_segment(taken, block, "skipped", "introduces the list below it, or explains the grades", "finding")
    elif block.kind == "list_item":
        if (len(text) < 25 and not _WHOLE.search(text)) or (
            _PROCEDURE.search(text) and len(list(sentences(text, 0, len(text)))) == 1
        ):
            note_segment(
                taken, block, "skipped", "too short for a finding, or tells how the inspection was made", "finding"
            )
        else:
            _add_finding(context, taken, block.start, block.end, section, grade, ref_of(block.marker), "finding.item")
            note_segment(
                taken, block, "finding", "a numbered paragraph or list item of an evaluative section", "finding.item"
            )
    elif _ASKED_BEFORE.match(section.printed or "") and re.fullmatch(r"[^.]*\bshould\b[^.]*\.", text):
        add_recommendation(context, taken, place, block.start, block.end, rule="recommendation.restated", score=0.8)
    elif len(text) >= 90 or (len(text) >= 40 and text.rstrip("”’\"')").endswith((".", ":", ";", "?"))):
        read_prose(context, taken, block, section, grade)
    else:
        note_segment(taken, block, "skipped", "no sentence", "finding")


_WHOLE: Final = re.compile(r"\b(?:is|are|was|were|has|have)\b.*\.$")
"""A short item that is a sentence nonetheless."""
_ASKED_BEFORE: Final = re.compile(r"(?i)areas? for (?:priority action|improvement) \d|progress against\b")
"""Says again what was asked, before the progress that was made."""
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


def _find_in_columns(context: Context, taken: Taken, place: Located, columns: dict[int, bool]) -> None:
    assert place.block.table is not None
    for row in place.block.table.rows[1:]:
        for cell in row.cells:
            for line in cell.lines if cell.column in columns else ():
                if columns[cell.column]:
                    section = replace(place.section, heading="Strengths")
                    _add_finding(context, taken, line.start, line.end, section, None, None, "finding.table")
                else:
                    add_recommendation(
                        context, taken, place, line.start, line.end, line.marker, rule="recommendation.table"
                    )
    note_segment(taken, place.block, "finding", "a table of strengths and areas for improvement", "finding.table")


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
    r"(?i)^(?:at the (?:initial|last|previous) inspection, inspectors (?:found|identified)[^.]*:$"
    r"|as (?:not )?all (?:of )?the (?:significant )?weaknesses have\b"
    r"|between \d[^.]*\b(?:undertook|conducted|carried out|revisited)\b"
    r"|this (?:joint )?inspection (?:took place|included)\b"
    r"|it was carried out by\b|this was the \w+ (?:monitoring|focused)\b|they considered in particular\b"
    r"|this letter to\b|this [\w ]{0,60}inspection\b[^.]{0,60}\btook place\b|we have examined\b"
    r"|this (?:letter|report) (?:summarises|outlines|sets out|reports|contains|records|presents|describes)\b"
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


def read_prose(context: Context, taken: Taken, block: Block, section: Section, grade: str | None) -> None:
    """One finding a sentence of running prose; sentences of context are left."""
    document = context.document
    made = 0
    for start, end in sentences(document.text, block.start, block.end):
        text = document.text[start:end]
        if (
            len(text) < 20
            or start in context.judged
            or LEGAL.search(text)
            or _PROCEDURE.search(text)
            or (_CONTEXT.search(text) and rule_polarity(text)[0] != "strength")
        ):
            continue
        _add_finding(context, taken, start, end, section, grade, None, "finding.sentence", 0.9)
        made += 1
    reason = "running prose of an evaluative section, one finding a sentence" if made else "context only"
    note_segment(taken, block, "finding" if made else "skipped", reason, "finding.sentence")


def _add_finding(
    context: Context,
    taken: Taken,
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
