"""What an inspection report asks for: items, paragraphs and tables of its sections of recommendations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from graph.dates import timescale_edtf
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.report_items import BOARD, LEGAL, Context, Taken, note_segment, ref_of
from graph.extraction.sections import Located
from graph.model import Cell, CellLine, ReadDocument, Recommendation

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
_NUMBERS: Final = re.compile(r"(?i)(?:no|ref|number|item)\b")
"""Heads a column of the recommendations' own numbers."""
_OPEN_ITEM: Final = re.compile(r"[:–-]\s*(?:\(?paragraphs?[^)]*\)?)?$", re.I)


def read_recommendations(context: Context, taken: Taken, located: Sequence[Located], position: int) -> None:
    place = located[position]
    block, document = place.block, context.document
    text = document.slice(block)
    if block.kind == "table":
        _recommend_table(context, taken, place)
    elif block.kind == "heading" or LEGAL.search(text):
        note_segment(taken, block, "skipped", "a subheading or legal text among recommendations", "recommendation")
    elif block.kind == "list_item":
        if _NOTHING_ASKED.search(text):
            note_segment(taken, block, "skipped", "says that nothing is asked", "recommendation")
        elif _introduces(document, located, position):
            note_segment(taken, block, "skipped", "introduces the list below it", "recommendation")
        else:
            taken.absorbed = _end_with_rest(document, located, position)
            add_recommendation(context, taken, place, block.start, taken.absorbed)
    elif _names_who_acts(text, located, position):
        note_segment(taken, block, "skipped", "names who has to do what stands below", "recommendation")
    elif _is_rest(document, located, position):
        note_segment(taken, block, "recommendation", "goes on with the item above", "recommendation.item")
    elif _NOTHING_ASKED.search(text) or _TELLS_OF_THEM.search(text):
        note_segment(taken, block, "skipped", "says that nothing is asked, or how much", "recommendation")
    elif _is_split_paragraph(document, located, position):
        taken.absorbed = _end_of_list(located, position)
        add_recommendation(
            context, taken, place, block.start, taken.absorbed, rule="recommendation.paragraph", score=0.85
        )
    elif (
        len(text) >= 40
        and text.rstrip().endswith((".", ";"))
        and not _BOUNDARY.search(text)
        and not _lists_follow(located, position)
    ):
        add_recommendation(context, taken, place, block.start, block.end, rule="recommendation.paragraph", score=0.9)
    else:
        note_segment(taken, block, "skipped", "an introduction or a subheading among recommendations", "recommendation")


def _names_who_acts(text: str, located: Sequence[Located], position: int) -> bool:
    """ "The chair of the board should:" above a numbered list."""
    return _SHOULD.search(text.rstrip()) is not None and len(text.split()) <= 18 and _lists_follow(located, position)


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
    if nested and text.endswith(":") and ref_of(block.marker) is not None and not re.search(r"(?i)\bshould\b", text):
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


def _recommend_table(context: Context, taken: Taken, place: Located) -> None:
    """A table of areas for action: the column of bodies responsible, and the column of what they must do."""
    block, document = place.block, context.document
    assert block.table is not None
    bodies: tuple[str, ...] = ()
    made = numbered = False
    for row in block.table.rows:
        cells = [cell for cell in row.cells if cell.lines]
        texts = [collapsed(" ".join(document.slice(line) for line in cell.lines)) for cell in cells]
        if (
            not cells
            or row.header
            or (
                (len(cells) <= 3 or row is block.table.rows[0])
                and all(len(text) < 40 and not text.removeprefix("No.").endswith(".") for text in texts)
            )
        ):
            numbered = numbered or bool(texts and _NUMBERS.match(texts[0]))
            continue
        asked = max(range(len(cells)), key=lambda index: len(texts[index]))
        number = texts[0] if numbered and asked > 0 and re.fullmatch(r"\d{1,2}\.?", texts[0]) else None
        if len(cells) > 1 and asked > 0:
            bodies = _bodies(texts[0]) if re.search(r"[A-Za-z]{3}", texts[0]) else ()
        for first, last in _asked_for(document, cells[asked]):
            if len(document.slice(first)) >= 25:
                add_recommendation(
                    context, taken, place, first.start, last.end, first.marker or number, bodies, "recommendation.table"
                )
                made = True
    outcome = (
        ("recommendation", "a table of areas for action") if made else ("skipped", "a table without areas for action")
    )
    note_segment(taken, block, *outcome, "recommendation.table")


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


def add_recommendation(
    context: Context,
    taken: Taken,
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
            ref=ref_of(place.block.marker if in_block else marker),
            section=printed or None,
            addressed_to=bodies or ((BOARD,) if section.board else ()),
            deadline=deadline.group() if deadline else None,
            deadline_date=timescale_edtf(deadline.group(), context.after) if deadline else None,
            inspection=context.board_inspection if section.board else 0,
        )
    )
    if in_block:
        note_segment(taken, place.block, "recommendation", "an item of a list of recommendations", rule)
