"""Which column of a plan holds what: by the heads of the columns, else by what their cells look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from graph.dates import timescale_edtf
from graph.extraction.evidence import collapsed
from graph.extraction.owners import people_in
from graph.model import Cell, ReadDocument, Row, Table

Role = Literal[
    "ref", "recommendation", "action", "timescale", "owner", "success", "status", "share", "section", "start", "other"
]

#: Heads of columns in the order in which they are tried; the more telling stands first.
#: A column that gives each action with whose it is.
_LED = r"^actions? (?:and|with|&|/) (?:the )?(?:leads?|owners?|who|(?:(?:lead|responsible) )?officers?)\b"
_HEAD_WORDS: tuple[tuple[Role, str], ...] = (
    (
        "other",
        (
            r"^(?:risks?|likelihood|probability|mitigation.*|cost.*|budget.*|funding.*|resourc.*|yes ?/ ?no|"
            r"priority (?:level|rating|status)|regulations?(?: no\.?| number)?|(?:high|h)/(?:medium|m)/"
            r"(?:low|l)|link.*|source|category|"
            r"cross[- ]ref.*|page.*|(?:checked|monitored|scrutinised|overseen|supported) by)$"
        ),
    ),
    (
        "ref",
        (
            r"^(?:(?:rec(?:ommendation)?|action|item|plan|afi|para(?:graph)?|objective|task|line|our)?\.?\s*"
            r"(?:ref(?:erence|s)?|no|nos|number|num|id|#|№)(?:\s*(?:no|number))?\.?|#|para(?:graph)?|item|"
            r"(?:(?:ofsted|csci|ssi|cqc|hmip?|jar|"
            r"apa|inspect\w+)[’']?s? )?recs?\.?(?: (?:no|ref|number)\.?)?)$"
        ),
    ),
    (
        "timescale",
        (
            r"^start\w*(?: dates?)?\s*(?:[-–/&]|and|to)\s*(?:end|finish|completion)(?: dates?)?$|"
            r"^milestones? (?:and|&|/) (?:target )?(?:dates?|timescales?)|^(?:planned |target |date of )?completion$|"
            r"^(?:we|this|it|which|to) (?:(?:will|should|must) )?(?:be )?(?:finish|complete|done|"
            r"happen)\w*(?: this)?(?: by| when)?$"
        ),
    ),
    (
        "success",
        (
            r"success|outcome|impact|measur|evidence|how (?:will|do|would) we know|what (?:will|does|"
            r"would) (?:good|"
            r"success|it|be different)|"
            r"what difference|kpi|performance indicator|expected|intended|milestones?$|monitor|^targets?$|"
            r"assurance|"
            r"benefit|output"
        ),
    ),
    ("share", r"%|\bper ?cent(?:age)?\b"),
    (
        "status",
        (
            r"status|\brag\b|\bbrag\b|progress|update|complet(?:e|ed|ion)\??$|current position|"
            r"position|^where (?:we are|are we|things are)\b|^(?:how it is going|what has happened)\b|"
            r"comment|"
            r"achieved|where are we now|notes?$"
        ),
    ),
    ("start", r"^(?:planned )?start(?:ing)?(?: date)?$|commence(?:ment)?(?: date)?$"),
    (
        "timescale",
        (
            r"time ?-?scales?|time ?-?frames?|time ?-?line|deadline|\bby when\b|^when\b|\bdue\b|"
            r"target (?:completion )?date|^to be (?:finished|done|completed|in place)(?: by)?$|^(?:finish(?:ed)?|"
            r"done) by$|"
            r"\b(?:completion|end|finish|implementation|delivery|review|target|milestone) dates?|^dates?\b|"
            r"dates? (?:for|of|to|by)\b|"
            r"^(?:to be )?complet(?:e|ed) by$|^timings?$|^by$|^(?:end|finish)$|implementation by|^target$"
        ),
    ),
    ("action", _LED),
    (
        "owner",
        (
            r"\bleads?\b|\bowners?\b|responsib|by whom|^who\b|\bwho\b.*\?|accountab|\bpersons?\b|\bofficers?\b|"
            r"named|assigned|\bSRO\b|"
            r"^action by$|delivered by|\bsponsor\b|^ownership$|^(?:staff|teams?|people|officers?)(?: involved)?$|"
            r"^(?:\w+ )?agenc(?:y|ies)(?: \w+)?$(?<!response)|^manager"
        ),
    ),
    (
        "action",
        (
            r"^(?:(?:the|key|our|original|initial|proposed|agreed|planned|specific|improvement|required|"
            r"further|priority|main|"
            r"detailed|new|sub|(?:council|local authority|authority|agency|provider|department|directorate|service|"
            r"partnership|board|LSCB|management|team|our)(?:[’']s|s[’'])?|"
            r"immediate|smart|next|high[- ]level|corrective|improving|remedial)\s+)*"
            r"(?:actions?|tasks?|activit(?:y|ies)|steps?|responses?|repl(?:y|ies)|answers?)\b(?!\s+(?:by|"
            r"sheets?|areas?|"
            r"ref|no\b|number|owner|"
            r"plan ref))|"
            r"^what (?:will|are|do|have) we|^(?:what )?(?:we|the \w+) (?:have )?(?:said|promised|agreed|"
            r"planned|pledged)\b|"
            r"^(?:so|and|therefore) (?:we|the \w+) (?:will|are)\b|^what we[’'](?:ll|re|ve)\b|"
            r"^what (?:is|needs) to be done|^how (?:will|are|do) we|^how we (?:will|are|plan|intend)\b|"
            r"^how (?:it )?will|"
            r"^what we (?:will|are|need to) (?:do|doing)|"
            r"^what will be done|^what action|^we will|^what$|^how$|^response to|^delivery$"
        ),
    ),
    (
        "recommendation",
        (
            r"recommendation|areas? (?:for|of|requiring) (?:improvement|development|priority action|action|focus)|"
            r"what (?:needs|must|should) to? ?(?:be )?improved?|what (?:do|did) .*(?:improve|say)|"
            r"^what (?:the )?(?:ofsted|csci|ssi|cqc|hmip?|inspect\w+|letter|report)\b|"
            r"improvement (?:area|required|needed|priority)|"
            r"^(?:inspection |ofsted |key |report |main )*(?:findings?|issues?|concerns?|weakness(?:es)?)\b|"
            r"issues? (?:identified|raised|for action)|^(?:points?|matters?|comments?|concerns?)\b.{0,20}\b(?:made|"
            r"raised|by|from)\b|"
            r"^(?:ofsted|csci|ssi|cqc|hmip?|jar|apa|inspect\w+|report|letter)(?:[’']s?|s[’'])? "
            r"(?:areas?|points?|comments?|statements?|asks?|messages?)$|"
            r"^requirements?|^(?:priority )?objectives?$|^priorit(?:y|ies)(?: area| for action)?s?$|^(?:area|"
            r"standard)s?$|^priority action areas?$|^improvements?$|^development area"
        ),
    ),
    ("section", r"^(?:themes?|workstreams?|section|domain|area of (?:work|practice)|judge?ment|topic|subject)\b"),
)
_STEPS = r"(?i)(?:key )?(?:milestones?|deliverables?|outputs?)"
"""Heads of what is to be reached step by step, which are the actions where no column is called so."""
_HEADS = tuple((role, re.compile(pattern, re.IGNORECASE)) for role, pattern in _HEAD_WORDS)
#: How telling a recommendation column's head is: of two, the better one holds the recommendations.
_STRONG_RECOMMENDATION = re.compile(
    r"(?i)recommendation|areas? (?:for|requiring)|to improve|priority action|requirement|"
    r"^what (?:the )?(?:ofsted|csci|ssi|cqc|hmip?|inspect\w+|letter|report)\b|"
    r"^(?:ofsted|csci|ssi|cqc|hmip?|inspect\w+)\b"
)
REF = re.compile(
    r"^\(?(?:(?:rec(?:ommendation)?|afi|r|a|p|pa|ref|"
    r"action)\.?\s?)?\d{1,3}(?:[.\-/]\d{1,3}){0,3}\.?\s?[a-z]?\)?\.?$|"
    r"^[A-Z]{1,4}[\s.\-/]?\d{1,3}(?:\.\d{1,3})*[a-z]?$|^\(?[a-zA-Z]\)?\.?$|^[ivx]{1,5}\)?\.?$",
    re.IGNORECASE,
)
_ONGOING = re.compile(
    r"(?i)\b(?:on-?\s?going|immediate(?:ly)?|complete[d]?|done|achieved|in place|monthly|quarterly|annual(?:ly)?|"
    r"weekly|termly|"
    r"(?:spring|summer|autumn|each|every) term|"
    r"at once|continuous|tbc|tba|asap|within|\d+\s+(?:days?|weeks?|months?)|short|medium|long)\b"
)
RAG = re.compile(
    r"(?i)^(?:r|a|g|b|red|amber|green|blue|grey|purple|yellow|red/amber|amber/green|amber/red|complete[d]?)\b"
)


@dataclass
class Columns:
    """Which column has which role; ``width`` is the number of columns."""

    roles: dict[int, Role]
    width: int
    asks: bool = True
    """Whether the head of the recommendations' column says that they are some, as "Objective" does not."""
    led: bool = False
    """Whether the head of the actions' column says that their leads stand there too."""

    def is_plan(self) -> bool:
        present = set(self.roles.values())
        if "action" in present and present & {"recommendation", "timescale", "owner"}:
            return True
        return "recommendation" in present and len(present & {"timescale", "owner", "status", "success"}) >= 1


def role_of(head: str) -> Role | None:
    """The role of the column that a head stands above; None for what is no head."""
    text = re.sub(r"[\s*:]+$", "", collapsed(re.sub(r"\([^)]*\)", " ", head))).strip()
    if not text or len(text) > 90 or len(text.split()) > 14:
        return None
    for role, pattern in _HEADS:
        if pattern.search(text):
            return role
    return None


def header(document: ReadDocument, row: Row) -> Columns | None:
    """The columns that a row of heads names; None for a row of data."""
    roles: dict[int, Role] = {}
    filled = 0
    for cell in row.cells:
        text = _text(document, cell)
        if not text:
            continue
        filled += 1
        role = role_of(text)
        if role is not None and len(text) <= 90:
            if role == "recommendation" and "recommendation" in roles.values():
                role = _better(document, row, roles, text)
            elif role == "timescale" and role in roles.values() and "action" in roles.values():
                # of two columns of times, the one behind the actions is theirs
                early = next(column for column, known in roles.items() if known == "timescale")
                acting = next(column for column, known in roles.items() if known == "action")
                if early < acting:
                    roles[early] = "other"
                else:
                    role = "other"
            elif role in roles.values() and role not in ("status", "owner", "success", "other"):
                role = "other"
            roles[cell.column] = role
    timed_or_owned = bool({"timescale", "owner"} & set(roles.values()))
    if ("recommendation" in roles.values() or timed_or_owned) and "action" not in roles.values():
        steps = (cell.column for cell in row.cells if re.fullmatch(_STEPS, _text(document, cell)))
        roles |= dict.fromkeys(steps, "action")
    if "recommendation" not in roles.values():
        _answered_by_response(document, row, roles)
    width = max((cell.column + cell.colspan for cell in row.cells), default=0)
    useful = {role for role in roles.values() if role not in ("other", "section")}
    if len(useful) < 2 or (len(roles) < 0.5 * filled and not {"timescale", "owner"} <= useful):
        return None
    if "other" in roles.values() and not useful & {"action", "recommendation"}:
        return None
    asking = [_text(document, cell) for cell in row.cells if roles.get(cell.column) == "recommendation"]
    led = any(re.match(_LED, _text(document, cell), re.IGNORECASE) for cell in row.cells)
    return Columns(roles, width, any(map(_STRONG_RECOMMENDATION.search, asking)) if asking else True, led)


def _text(document: ReadDocument, cell: Cell) -> str:
    return collapsed(" ".join(document.slice(line) for line in cell.lines))


def _answered_by_response(document: ReadDocument, row: Row, roles: dict[int, Role]) -> None:
    """ "Action required" beside "Response": what was asked for, and what is done about it."""
    heads = {cell.column: _text(document, cell) for cell in row.cells}
    asked = next((column for column, role in roles.items() if role == "action"), None)
    response = next((column for column, head in heads.items() if re.search(r"(?i)\bresponse\b", head)), None)
    if asked is not None and response is not None and asked < response:
        roles[asked], roles[response] = "recommendation", "action"


def _better(document: ReadDocument, row: Row, roles: dict[int, Role], text: str) -> Role:
    """Of two columns that could hold the recommendations, the one with the more telling head does."""
    if not _STRONG_RECOMMENDATION.search(text):
        return "other"
    for cell in row.cells:
        if roles.get(cell.column) == "recommendation":
            held = _text(document, cell)
            if _STRONG_RECOMMENDATION.search(held):
                return "other"
            roles[cell.column] = "section"
    return "recommendation"


def columns_of(document: ReadDocument, table: Table, before: Columns | None) -> tuple[Columns | None, int]:
    """The columns of a table and the index of its first row of data."""
    for index, row in enumerate(table.rows[:6]):
        found = header(document, row)
        if found is None or (is_long(document, row) and not row.header):
            continue
        body = index + 1
        if body < len(table.rows) and (second := _second_header(document, table.rows[body])):
            found = replace(found, roles={**found.roles, **second.roles}, width=max(found.width, second.width))
            body += 1
        return completed(document, found, table.rows[body:]), body
    width = max((cell.column + cell.colspan for row in table.rows for cell in row.cells), default=0)
    if (
        before is not None
        and width >= 3
        and width in (before.width, before.width - 1)
        and _fits(document, before, table.rows)
    ):
        return before, 0
    return _inferred(document, table.rows, width), 0


def _second_header(document: ReadDocument, row: Row) -> Columns | None:
    """A second row of heads below the first: short cells only, all of them heads."""
    texts = [_text(document, cell) for cell in row.cells]
    filled = [text for text in texts if text]
    if not filled or any(len(text.split()) > 5 for text in filled) or any(role_of(text) is None for text in filled):
        return None
    roles = {cell.column: role for cell, text in zip(row.cells, texts, strict=True) if (role := role_of(text))}
    if len(filled) < 2 and not row.header:
        return None
    return Columns(roles, max((cell.column + cell.colspan for cell in row.cells), default=0))


def is_long(document: ReadDocument, row: Row) -> bool:
    return any(sum(line.end - line.start for line in cell.lines) > 120 for cell in row.cells)


def completed(document: ReadDocument, columns: Columns, rows: Sequence[Row]) -> Columns:
    """Columns whose head is empty get the role that their cells show: references, or the recommendations."""
    roles = dict(columns.roles)
    known = set(roles.values())
    for column in range(columns.width):
        if column in roles:
            continue
        texts = _column_texts(document, rows, column)
        if not texts:
            continue
        if "ref" not in known and _share(texts, REF.match) >= 0.6:
            roles[column] = "ref"
        elif (
            "recommendation" not in known
            and _mean_words(texts) >= 5
            and column < min((c for c, role in roles.items() if role == "action"), default=columns.width)
        ):
            roles[column] = "recommendation"
        known = set(roles.values())
    if {"timescale", "owner"} <= known and "action" not in known:
        roles |= _by_length(document, columns, roles, rows)
    return replace(columns, roles=_checked(document, roles, rows))


def _by_length(
    document: ReadDocument, columns: Columns, roles: dict[int, Role], rows: Sequence[Row]
) -> dict[int, Role]:
    """In a table with columns for people and time, what is done: the longest column under a head that says nothing; the
    one to its left, if as long, holds what it answers."""
    lengths = {
        column: _mean_words(texts)
        for column in range(columns.width)
        if column not in roles and (texts := _column_texts(document, rows, column)) and _mean_words(texts) >= 3
    }
    if not lengths:
        return {}
    acting = max(lengths, key=lambda column: lengths[column])
    if "recommendation" in roles.values():
        return {acting: "action"}
    asked = [column for column in lengths if column < acting and lengths[column] >= 4]
    after = [column for column in lengths if column > acting and lengths[column] >= 4]
    if asked:
        return {asked[-1]: "recommendation", acting: "action"}
    return {acting: "recommendation", after[0]: "action"} if after else {acting: "action"}


def _checked(document: ReadDocument, roles: dict[int, Role], rows: Sequence[Row]) -> dict[int, Role]:
    """Heads that mean two things, settled by the cells: "Priority" over High and Low, "Area" over themes."""
    checked = dict(roles)
    for column, role in roles.items():
        texts = _column_texts(document, rows, column)
        if not texts:
            continue
        if role == "recommendation":
            if _counts_up(texts) and "ref" not in roles.values():
                checked[column] = "ref"
            elif (
                _share(texts, re.compile(r"(?i)^(?:high|medium|low|h|m|l|[1-5]|urgent|essential|desirable)$").match)
                > 0.7
            ):
                checked[column] = "other"
            elif _share(texts, REF.match) > 0.8:
                checked[column] = "ref" if "ref" not in roles.values() else "other"
            elif _mean_words(texts) < 3 and "action" in roles.values() and max(len(t.split()) for t in texts) < 6:
                checked[column] = "section"
        elif role == "section" and "ref" not in roles.values() and _share(texts, REF.match) > 0.8:
            checked[column] = "ref"
        elif role == "ref" and _mean_words(texts) > 6:
            checked[column] = "recommendation" if "recommendation" not in roles.values() else "other"
        elif (
            role == "success"
            and "timescale" not in roles.values()
            and _share(texts, is_time) > 0.7
            and _mean_words(texts) < 6
        ):
            checked[column] = "timescale"
    present = list(checked.values())
    reference = next((column for column, role in checked.items() if role == "ref"), None)
    asked = next((column for column, role in checked.items() if role == "recommendation"), None)
    if reference is not None and asked is not None and "action" in present and reference > asked:
        acting = next(column for column, role in checked.items() if role == "action")
        if _filled_together(rows, reference, asked) and not _filled_together(rows, reference, acting):
            return checked
        # a number between recommendation and action counts the actions
        checked[reference] = "other"
    return checked


def _counts_up(texts: Sequence[str]) -> bool:
    """Whether the cells are 1, 2, 3 and so on, each perhaps over several rows."""
    numbers = [int(text) for text in texts if re.fullmatch(r"\d{1,2}", text)]
    return (
        len(numbers) == len(texts)
        and numbers[0] == 1
        and all(0 <= b - a <= 1 for a, b in pairwise(numbers))
        and numbers[-1] > 2
    )


def _filled_together(rows: Sequence[Row], left: int, right: int) -> bool:
    """Whether every row that fills one of two columns fills the other."""
    filled = [{cell.column for cell in row.cells if cell.lines} for row in rows]
    return all((left in columns) == (right in columns) for columns in filled)


def _inferred(document: ReadDocument, rows: Sequence[Row], width: int) -> Columns | None:
    """The columns of a table without heads, by what its cells look like; None where it does not look like a plan."""
    if width < 3 or len(rows) < 2:
        return None
    roles: dict[int, Role] = {}
    long: list[tuple[int, float]] = []
    maybe: list[int] = []
    for column in range(width):
        texts = _column_texts(document, rows, column)
        if len(texts) < 2:
            continue
        if _share(texts, REF.match) >= 0.7:
            if column == 0:
                roles[column] = "ref"
        elif _share(texts, is_time) >= 0.7 and _mean_words(texts) <= 8:
            roles.setdefault(column, "timescale")
        elif _share(texts, RAG.match) >= 0.8 and _mean_words(texts) <= 3:
            roles[column] = "status"
        elif _share(texts, people_in) >= 0.6:
            roles.setdefault(column, "owner")
        elif _mean_words(texts) >= (4 if "owner" in roles.values() else 6):
            long.append((column, _mean_words(texts)))
        elif _share(texts, _looks_owned) >= 0.7:
            maybe.append(column)
    if "owner" not in roles.values() and maybe:
        roles[maybe[-1]] = "owner"
    present = set(roles.values())
    if "timescale" not in present or "owner" not in present or not long:
        return None
    if len(long) == 1:
        roles[long[0][0]] = "action"
    else:
        roles[long[0][0]] = "recommendation"
        roles[long[1][0]] = "action"
    return Columns(roles, width)


def _fits(document: ReadDocument, columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether a table without heads goes on with the columns of the one before: its times are times."""
    for column, role in columns.roles.items():
        texts = _column_texts(document, rows, column)
        if (
            role == "timescale"
            and texts
            and _share(texts, lambda text: is_time(text) or bool(_ONGOING.search(text))) < 0.4
        ):
            return False
    return True


def _column_texts(document: ReadDocument, rows: Sequence[Row], column: int) -> list[str]:
    texts = []
    for row in rows:
        filled = [cell for cell in row.cells if cell.lines]
        for cell in filled:
            if cell.column == column and len(filled) > 1:
                texts.append(_text(document, cell))
    return [text for text in texts if text]


def _share(texts: Sequence[str], test: object) -> float:
    assert callable(test)
    return sum(bool(test(text)) for text in texts) / len(texts)


def _mean_words(texts: Sequence[str]) -> float:
    return sum(len(text.split()) for text in texts) / len(texts)


def is_time(text: str) -> bool:
    return timescale_edtf(text, "2000-01-01") is not None or (len(text.split()) <= 5 and bool(_ONGOING.search(text)))


def _looks_owned(text: str) -> bool:
    return len(text.split()) <= 8 and text[:1].isupper() and not text.endswith(".")


def clean_ref(printed: str | None) -> str | None:
    """A reference without its word, brackets and full stop: "Rec. 3" and "(3)" are 3."""
    if not printed:
        return None
    text = re.sub(r"(?i)^(?:recommendation|rec|ref|no|afi|action)\b\.?\s*(?=\d)", "", collapsed(printed)).strip()
    return text.rstrip(".):").lstrip("(") or None


LABELS: Final = ("recommendation", "action", "timescale", "owner", "success", "status")


def labelled(text: str) -> tuple[Role, int] | None:
    """The role of a line that begins with a label, and the offset of its value."""
    found = re.match(r"([A-Z][\w /’'&()-]{1,40}?(?:\s+\d+(?:\.\d+)*)?)\s*:\s*", text)
    if found is None:
        return None
    label = re.sub(r"\s+\d+(?:\.\d+)*$", "", found[1])
    role = role_of(label)
    if role in LABELS and len(label.split()) <= 6 and not re.search(r"(?i)\bplan$", label):
        return role, found.end()
    return None
