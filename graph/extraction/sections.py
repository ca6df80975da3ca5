"""Which part of an inspection report each block stands in.

Headings are recognised by their words first and by their size second: the same report comes as PDF, DOCX, HTML and
plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from graph.extraction.evidence import collapsed
from graph.extraction.grades import GRADE, grade_concept
from graph.model import Block, ReadDocument

SectionKind = Literal[
    "front", "contents", "information", "previous", "recommendations", "findings", "outcome", "closing"
]


@dataclass(frozen=True, slots=True)
class Section:
    """``heading`` is what a reader would call the section: of nested headings the innermost that names a subject
    ("Summary" names none). ``printed`` is the innermost heading as it stands. ``board``: the part of the report about
    the Local Safeguarding Children Board. ``grade`` is the concept of the grade in the heading."""

    kind: SectionKind
    heading: str | None = None
    printed: str | None = None
    board: bool = False
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: SectionKind
    pattern: re.Pattern[str]
    main: bool
    """A main heading ends whatever section is open; others nest below it."""
    names: bool = True
    """Whether the heading names a subject."""


def _rule(kind: SectionKind, pattern: str, *, main: bool = True, names: bool = True) -> _Rule:
    return _Rule(kind, re.compile(pattern, re.I), main, names)


_RULES: Final = (
    _rule("contents", r"^(?:table of )?contents$"),
    _rule("information", r"^what people expect$|^the (?:local authority|council|provider) commitment$", names=False),
    _rule(
        "findings",
        r"^summary of (?:people[’']s experiences?|strengths, areas for development and next steps)$|"
        r"^local authority rating and quality statement scores$",
    ),
    _rule(
        "recommendations",
        r"^(?:appendix|annexe?)\s+\w{1,4}\s*[:.–-]?\s*(?:\w+ ){0,3}recommendations?$",
        names=False,
    ),
    _rule(
        "information",
        r"^(?:information about (?:this|the)|about (?:this|the) (?:inspection|visit|review)|service information"
        r"|the inspection judge?ments? and what they mean|what the (?:inspection )?judge?ments? mean|local area "
        r"partnership details"
        r"|annexe?s?\b|appendi(?:x|ces)\b|glossary|scope of the|inspection (?:activity|methodology|evidence|method$)|"
        r"how (?:we"
        r"|inspectors|(?:the|this) (?:inspection|review)) |method(?:ology)?$|the inspection process)",
    ),
    _rule("information", r"^(?:the )?inspection team$|^about ofsted|^ofsted\b.*care quality commission$", main=False),
    _rule(
        "information",
        r"^(?:local leadership|children(?: and young people)? (?:living|looked after|in need|in care)\b.* in "
        r"th[ei]s? .*area$|child(?:ren)? protection in this area"
        r"|children (?:and young people )?looked after in this area|other information about|the casework model"
        r"|context$|background$)",
        main=False,
    ),
    _rule("previous", r"^(?:previous|other|last|recent) ofsted inspections?", main=False),
    _rule("outcome", r"^(?:the )?(?:inspection|partnership|overall) outcomes?$"),
    _rule("findings", r"^what does the (?:local )?area (?:partnership )?need to do better"),
    _rule(
        "recommendations",
        r"^(?:recommendations?\b(?! (?:from|at|of) (?:the )?(?:last|previous))|what (?:does|do) .{3,60} needs? to "
        r"(?:improve|do)|what (?:else )?needs? to (?:improve|be done|be improved)"
        r"|areas? (?:for|requiring) (?:priority action|improvement|development|further development|further improvement)"
        r"|priority action|key (?:areas|priorities) for (?:improvement|action))",
        names=False,
    ),
    _rule(
        "recommendations",
        r"^(?:priority and immediate actions?|immediate(?:ly)?(?: priorit\w+| actions?)?:?$|within (?:the next "
        r")?(?:\w+|\d+) (?:days?|weeks?|months?|years?)\b.{0,20}$|for (?:immediate )?action\b.{0,45}$"
        r"|(?:action )?(?:over the next|in the (?:short|medium|long)(?:er)?[- ]term)\b.{0,30}$)",
        main=False,
        names=False,
    ),
    _rule("recommendations", r"^(?:statutory )?requirements?$", names=False),
    _rule(
        "findings",
        r"^what (?:the (?:service|agency)|it|they|we) do(?:es)? well|^what has improved\b"
        r"|^what (?:the (?:service|agency)|it|they) could do better|^details of (?:the )?inspectors?[’']? findings",
    ),
    _rule("closing", r"^(?:any complaints|if you are not happy|further information|crown copyright|© crown)"),
    _rule(
        "findings",
        r"^(?:executive summary|overall summary|summary of (?:key |main )?findings|main findings|headline findings"
        r"|key findings)",
    ),
    _rule(
        "findings",
        r"^(?:summary|overview) of (?:the )?(?:main |key |our )?(?:conclusions?|evaluation|review)|^(?:main |key |"
        r"overall )?conclusions?$",
    ),
    _rule("findings", r"^standards? \d+\b|^theme \d+\b|^key (?:question|judge?ment|line)s?\b"),
    _rule(
        "findings",
        r"^(?:summary )?(?:ratings|grades|scores)$|^organisational delivery|^(?:out[- ]of[- ])?court disposals|"
        r"^resettlement$|^the child[’']s journey|^effectiveness of service|^management and resources",
    ),
    _rule(
        "findings",
        r"^(?:how (?:well|good|effective\w*|far|safe)|what (?:was|is|are) (?:the )?(?:capacity|impact|quality|"
        r"experiences?|"
        r"difference)|(?:is|are|do|does|did|was|were) (?:the |there )?\w+)\b.{3,140}\?$",
    ),
    _rule(
        "findings",
        r"^(?:\d+\.? )?(?:commentary\b|reducing (?:the likelihood of )?re-?offending|protecting (?:the )?(?:public|"
        r"child)"
        r"|ensuring (?:that )?the sentence|governance and partnerships|interventions to )",
    ),
    _rule("findings", r"^foreword$"),
    _rule("information", r"^(?:introduction|next steps|what happens next)$"),
    _rule("findings", r"^the service (?:meets|does not meet) the requirements", main=False, names=False),
    _rule("findings", r"^summary for children and young people"),
    _rule("findings", r"^inspection findings .*(?:board|lscb)|^key strengths .*(?:board|lscb)", main=False),
    _rule("findings", r"^inspection judge?ments? about the (?:lscb|.*board)"),
    _rule(
        "findings",
        r"^(?:summary|(?:inspection )?findings\b.*|inspection judge?ments? about.*|(?:the )?(?:local authority|lscb"
        r"|board|this local authority)\b.{0,60}(?:because|strengths?:?|not yet good)\b.*"
        r"|(?:the )?local authority has the following strengths:?|key strengths.*|strengths:?|weaknesses:?)$",
        main=False,
        names=False,
    ),
    _rule(
        "findings",
        r"^(?:section \d|the (?:local )?(?:authority|safeguarding children board)(?: \(lscb\))?$|the lscb$)",
        names=False,
    ),
    _rule("findings", r"^progress (?:since|against) "),
    _rule("findings", r"^(?:case|practice) stud(?:y|ies)\b", main=False),
    _rule("findings", r"^(?:record|summary) of (?:main findings|(?:inspection )?judge?ments|grades)"),
    _rule("findings", r"^(?:overview|findings and evaluation|main strengths)", main=False),
    _rule("information", r"^areas covered by (?:the|this) visit", main=False),
    _rule("closing", r"^yours (?:sincerely|faithfully)"),
    _rule(
        "findings",
        r"^(?:the experiences? and progress|the impact of |leadership|the graded judge?ment|the effectiveness of"
        r"|overall effectiveness|capacity (?:to|for) "
        r"|outcomes for|quality of provision|what is it like|what is the area partnership|how effective|the (?:local "
        r")?safeguarding|the arrangements? for|safeguarding (?:services|outcomes)|ambition and "
        r"prioritisation"
        r"|being healthy|staying safe|enjoying and achieving|making a positive contribution"
        r"|(?:achieving )?economic well-?being|quality of (?:the )?service$|service management$"
        r"|safeguarding children and young people$)",
    ),
)

#: A letter about a local area, in which strengths and areas for development are both findings.
_JOINT_SEND: Final = re.compile(
    r"(?i)joint (?:local )?area (?:inspection|SEND|special educational)|local area (?:SEND|special educational)"
)
#: "... tackles the following areas of significant weakness:"
_ASKED: Final = re.compile(
    r"(?i)(?:written statement of action|must|required to|needs? to|should)\b[^.]*\b(?:areas? of|significant) (?:\w+ )?"
    r"(?:weakness(?:es)?|concerns?)[^.:]{0,60}:$"
)
_PROGRESS: Final = re.compile(r"(?i)progress against\b")
_NUMBERED_AREA: Final = re.compile(r"(?i)areas? for (?:priority action|improvement) \d")
"""An earlier inspection's area for action, with the progress made since below it."""
_DEVELOPMENT: Final = _rule("findings", r"^areas for development", main=False)
_SUBJECT: Final = _RULES[-1]
"""The names of what is judged."""

_BOARD: Final = re.compile(r"\bLSCB\b|safeguarding (?:children )?board", re.I)
_GRADE_AT_END: Final = re.compile(rf"(?:[:–-]|\bis|\bare|\bthat it)?\s*{GRADE}\.?$", re.I)
_EXPLAINED: Final = re.compile(r"what the (?:inspection )?judge?ments mean", re.I)
_PARTS: Final = re.compile(r"the (?:local )?(?:authority|lscb|safeguarding children board)(?: \(lscb\))?", re.I)
_UNKNOWN_LEVEL: Final = 9
"""Below all levels: of a heading that is known by its words only."""
_ADDRESSES: Final = re.compile(r"(?i)\b(?:should|must|needs? to|will need to)\b|^for (?:the|all)\b")
"""Headings of recommendations that name those who have to act."""
_PAGE_ENTRY: Final = re.compile(r"\D\s?\d{1,3}$")


@dataclass(frozen=True, slots=True)
class Located:
    """A block with the section that it stands in; ``opens``: it is the heading of that section."""

    block: Block
    section: Section
    opens: bool = False


def _matching(text: str) -> _Rule | None:
    return next((rule for rule in _RULES if rule.pattern.search(text)), None)


def opens_section(text: str) -> bool:
    """Whether a line is the heading of a section that every report has, not the name of what is judged."""
    rule = _matching(text)
    return rule is not None and rule is not _SUBJECT and len(text) <= 130


def is_heading(document: ReadDocument, block: Block) -> bool:
    """A heading by its looks, or a short line by its words."""
    if block.kind == "heading":
        return True
    if block.kind != "paragraph" or block.end - block.start > 170:
        return False
    text = collapsed(document.slice(block))
    if re.fullmatch(r"(?i)yours (?:sincerely|faithfully),?", text):
        return True
    return not text.endswith((".", ";", ",")) and _matching(text) is not None


def locate(document: ReadDocument) -> Iterator[Located]:
    """Each block with its section, in reading order.

    The items of a list that a sentence introduces as what must be put right are recommendations wherever they stand.
    """
    asked = False
    for place in _headed(document):
        if place.block.kind != "list_item":
            asked = place.block.kind == "paragraph" and _ASKED.search(document.slice(place.block)) is not None
        elif asked and not place.opens:
            place = replace(place, section=replace(place.section, kind="recommendations"))
        yield place


def _headed(document: ReadDocument) -> Iterator[Located]:
    """Each block with the section that the headings put it in."""
    stack: list[tuple[int, Section]] = []
    front = Section("front")
    headed = sum(block.kind == "heading" for block in document.blocks) >= 5
    board = False
    lines = [document.slice(block)[:40].strip() for block in document.blocks]
    developments = sum(bool(_DEVELOPMENT.pattern.search(line)) for line in lines)
    paired = developments > 1 or min(_times(_STRENGTHS, lines), _times(_TO_IMPROVE, lines)) > 1
    paired = paired or _JOINT_SEND.search(document.text[:3000]) is not None
    asked = False
    for block in document.blocks:
        current = stack[-1][1] if stack else front
        title, grade = _heading_of(document, block)
        if current.kind == "contents" and title is not None and _PAGE_ENTRY.search(title):
            yield Located(block, current)
            continue
        if title is None:
            asked = asked or current.kind == "recommendations"
            yield Located(block, current)
            continue
        rule = _matching(title)
        if rule is not None and rule.kind == "recommendations" and paired and _after_strengths(title, current):
            rule = _DEVELOPMENT
        if stack and _EXPLAINED.search(stack[0][1].printed or "") and _PARTS.fullmatch(title):
            rule = None
        if rule is not None and stack and _NUMBERED_AREA.match(title) and _PROGRESS.match(stack[0][1].printed or ""):
            rule = None
        if rule is not None and rule.main and _is_subheading(rule, grade, block, stack, headed):
            rule = None
        opened = _opened(title, grade, rule, current, block)
        if opened is None or (not stack and (rule is None or _is_front_line(title, block))):
            yield Located(block, current)
            continue
        level = (block.level or _UNKNOWN_LEVEL) if block.kind == "heading" else _UNKNOWN_LEVEL
        if rule is not None and rule.main:
            board = _board_after(title, board, opened.kind)
            stack = [(level, replace(opened, board=board, heading=opened.heading or opened.printed))]
        elif rule is None and (
            level < stack[0][0] < _UNKNOWN_LEVEL
            or (asked and not _is_grouped(stack) and _follows(title, level, stack[0], stack[-1][1]))
        ):
            stack = [(level, replace(opened, kind="findings"))]
        else:
            while len(stack) > 1 and stack[-1][0] >= level:
                stack.pop()
            stack.append((level, _nested(opened, stack[-1][1] if stack else None, board)))
        asked = False
        yield Located(block, stack[-1][1], opens=True)


def _is_grouped(stack: list[tuple[int, Section]]) -> bool:
    """Whether headings as high as that of the recommendations part them."""
    return len(stack) > 1 and stack[1][0] == stack[0][0]


def _follows(title: str, level: int, outer: tuple[int, Section], current: Section) -> bool:
    """Whether an unknown heading as high as that of the recommendations ends them, rather than grouping some."""
    return (
        level == outer[0] < _UNKNOWN_LEVEL
        and outer[1].kind == "recommendations" == current.kind
        and not title.endswith(":")
        and not _ADDRESSES.search(title)
    )


def _heading_of(document: ReadDocument, block: Block) -> tuple[str | None, str | None]:
    """The words of a heading and the grade in them; it may be a small table, a title and its grade."""
    if block.kind == "table" and block.table is not None:
        cells = block.table.rows[-1].cells
        if len(block.table.rows) <= 2 and len(cells) == 2:
            text, grade = (collapsed(" ".join(document.slice(line) for line in cell.lines)) for cell in cells)
            rule = _matching(text)
            if (
                rule is not None
                and rule.kind == "findings"
                and re.fullmatch(rf"(?:{GRADE}|grade [1-4])\.?", grade, re.I)
            ):
                return text, grade_concept(grade)
        return None, None
    if not is_heading(document, block):
        return None, None
    text = collapsed(document.slice(block))
    return text, _grade_in(text)


def _is_subheading(
    rule: _Rule, grade: str | None, block: Block, stack: list[tuple[int, Section]], headed: bool
) -> bool:
    """Recommendations are often grouped under the names of the sections of findings."""
    if not stack or stack[0][1].kind != "recommendations" or rule is not _SUBJECT or grade is not None:
        return False
    return block.level > stack[0][0] if block.kind == "heading" else headed


_STRENGTHS: Final = re.compile(r"(?i)(?:main |major )?strengths:?")
_TO_IMPROVE: Final = re.compile(r"(?i)areas for (?:development|improvement):?")


def _times(pattern: re.Pattern[str], lines: Sequence[str]) -> int:
    return sum(pattern.fullmatch(line) is not None for line in lines)


def _after_strengths(title: str, current: Section) -> bool:
    """Strengths, then areas for development, under each question: both are findings."""
    return bool(_TO_IMPROVE.match(title) and re.match(r"(?i)(?:main )?strengths", current.printed or ""))


def _is_front_line(title: str, block: Block) -> bool:
    """On the front page a judgement is printed as large as a heading."""
    return block.page == 1 and bool(
        re.search(rf"(?:is|are|:)\s+{GRADE}\.?$|^the effectiveness of|^review of", title, re.I)
    )


def _opened(title: str, grade: str | None, rule: _Rule | None, current: Section, block: Block) -> Section | None:
    if rule is None:
        if block.kind != "heading" or re.fullmatch(rf"(?:{GRADE}|and)\.?", title, re.I):
            return None
        if current.kind in ("front", "contents"):
            return None
        return Section(current.kind, title, title, current.board)
    return Section(rule.kind, title.rstrip(":") if rule.names else None, title, current.board, grade)


def _nested(opened: Section, parent: Section | None, board: bool) -> Section:
    heading = opened.heading
    if parent is not None and heading is None and parent.kind == "findings":
        heading = parent.heading or parent.printed
    kind = opened.kind
    return Section(
        kind, heading or opened.printed, opened.printed, board, opened.grade or (parent.grade if parent else None)
    )


def _board_after(title: str, board: bool, kind: SectionKind) -> bool:
    if _BOARD.search(title) and not re.search(r"what the inspection judge?ments mean", title, re.I):
        return True
    if kind in ("information", "closing", "contents"):
        return False
    if re.search(r"local authority|experiences? and progress|impact of leaders", title, re.I):
        return False
    return board


def _grade_in(title: str) -> str | None:
    match = _GRADE_AT_END.search(title)
    return grade_concept(match.group()) if match else None
