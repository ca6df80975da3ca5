"""Action plans: tables whose rows answer recommendations with actions, dates and people.

Columns are known by their heads, in the words that councils use for them; a table without a head has the columns of the
one before it, or those that its cells look like. Then each row is a record of the same shape, whether a plan is one
wide table, a table for each recommendation, or labels with values one below the other.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal

from graph.dates import find_dates, timescale_edtf
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.owners import is_owner, split_owners
from graph.model import Action, Block, CellLine, ReadDocument, Recommendation, Row, Segment, StatusReport, Table

Role = Literal[
    "ref", "recommendation", "action", "timescale", "owner", "success", "status", "section", "start", "other"
]

#: Heads of columns in the order in which they are tried; the more telling stands first.
_HEAD_WORDS: tuple[tuple[Role, str], ...] = (
    (
        "other",
        (
            r"^(?:risks?|likelihood|probability|mitigation.*|cost.*|budget.*|funding.*|resourc.*|yes ?/ ?no|"
            r"priority (?:level|rating|status)|(?:high|h)/(?:medium|m)/(?:low|l)|link.*|source|category|"
            r"cross[- ]ref.*|page.*)$"
        ),
    ),
    (
        "ref",
        (
            r"^(?:(?:rec(?:ommendation)?|action|item|plan|afi|para(?:graph)?|objective|task|line|our)?\.?\s*"
            r"(?:ref(?:erence|s)?|no|nos|number|num|id|#|№)(?:\s*(?:no|number))?\.?|#|para(?:graph)?|item|rec)$"
        ),
    ),
    (
        "timescale",
        r"^milestones? (?:and|&|/) (?:target )?(?:dates?|timescales?)|^(?:planned |target |date of )?completion$",
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
    (
        "status",
        (
            r"status|\brag\b|\bbrag\b|progress|update|%|per ?cent|complet(?:e|ed|ion)\??$|current position|"
            r"position|"
            r"comment|"
            r"achieved|where are we now|notes?$"
        ),
    ),
    ("start", r"^(?:planned )?start(?:ing)?(?: date)?$|commence(?:ment)?(?: date)?$"),
    (
        "timescale",
        (
            r"time ?-?scales?|time ?-?frames?|time ?-?line|deadline|\bby when\b|^when\b|\bdue\b|"
            r"target (?:completion )?date|"
            r"\b(?:completion|end|finish|implementation|delivery|review|target|milestone) dates?|^dates?\b|"
            r"dates? (?:for|of|to|by)\b|"
            r"^(?:to be )?complet(?:e|ed) by$|^timings?$|^by$|^(?:end|finish)$|implementation by|^target$"
        ),
    ),
    (
        "owner",
        (
            r"\bleads?\b|\bowners?\b|responsib|by whom|^who\b|\bwho\b.*\?|accountab|\bpersons?\b|\bofficers?\b|"
            r"named|assigned|\bSRO\b|"
            r"^action by$|delivered by|\bsponsor\b|^ownership$|agency|^manager"
        ),
    ),
    (
        "action",
        (
            r"^(?:(?:the|key|our|proposed|agreed|planned|specific|improvement|required|further|priority|main|"
            r"detailed|new|sub|council[’']?s?|"
            r"local authority|immediate|smart|next|high[- ]level|corrective|improving|remedial|management)\s+)*"
            r"(?:actions?|tasks?|activit(?:y|ies)|steps?|responses?)\b(?!\s+(?:by|sheets?|ref|no\b|number|owner|"
            r"plan ref))|"
            r"^what (?:will|are|do|have) we|^what (?:is|needs) to be done|^how (?:will|are|do) we|"
            r"^how (?:it )?will|"
            r"^what we (?:will|are|need to) (?:do|doing)|"
            r"^what will be done|^what action|^we will|^what$|^how$|^response to|^delivery$"
        ),
    ),
    (
        "recommendation",
        (
            r"recommendation|areas? (?:for|of|requiring) (?:improvement|development|priority action|action|focus)|"
            r"what (?:needs|must|should) to? ?(?:be )?improved?|what (?:do|did) .*(?:improve|say)|what ofsted|"
            r"improvement (?:area|required|needed|priority)|"
            r"^(?:inspection |ofsted |key |report |main )*(?:findings?|issues?|concerns?|weakness(?:es)?)\b|"
            r"issues? (?:identified|raised|for action)|"
            r"^requirements?|^(?:priority )?objectives?$|^priorit(?:y|ies)(?: area| for action)?s?$|^(?:area|"
            r"standard)s?$|^improvements?$|^development area"
        ),
    ),
    ("section", r"^(?:themes?|workstreams?|section|domain|area of (?:work|practice)|judge?ment|topic|subject)\b"),
)
_HEADS = tuple((role, re.compile(pattern, re.IGNORECASE)) for role, pattern in _HEAD_WORDS)
#: How telling a recommendation column's head is: of two, the better one holds the recommendations.
_STRONG_RECOMMENDATION = re.compile(
    r"(?i)recommendation|areas? (?:for|requiring)|to improve|what ofsted|priority action"
)
_NUMBERED_RECOMMENDATION = re.compile(
    r"(?i)^(?P<word>(?:key\s+|ofsted\s+|inspection\s+|report\s+|headline\s+)?(?:recommendation|"
    r"area\s+for\s+(?:priority\s+action|improvement|development)|"
    r"priority\s+action|what\s+needs\s+to\s+improve|afi|requirement|rec))s?\b\.?\s*(?:no\.?\s*|number\s*|"
    r"ref\.?\s*)?(?P<ref>\d+(?:\.\d+)*[a-z]?|[A-Z](?=[:.\s)–-]))?"
    r"\s*[:.)–—-]*\s*(?P<text>.*)$"
)
#: What a requirement rests on, not its number.
_LEGAL_REF = re.compile(r"(?i)(?:reg(?:ulation)?|section|sec|standard|nms|article|schedule)s?\b\.?\s*\d")
_REF = re.compile(
    r"^\(?(?:(?:rec(?:ommendation)?|afi|r|a|p|pa|ref|"
    r"action)\.?\s?)?\d{1,3}(?:[.\-/]\d{1,3}){0,3}\.?\s?[a-z]?\)?\.?$|"
    r"^[A-Z]{1,4}[\s.\-/]?\d{1,3}(?:\.\d{1,3})*[a-z]?$|^\(?[a-zA-Z]\)?\.?$|^[ivx]{1,5}\)?\.?$",
    re.IGNORECASE,
)
_SUBHEAD = re.compile(
    r"(?i)^(?:headline |key |main )?(?:recommendations?|actions?|objectives?|areas? for (?:improvement|"
    r"development))s?:?$"
)
_ONGOING = re.compile(
    r"(?i)\b(?:on-?\s?going|immediate(?:ly)?|complete[d]?|done|achieved|in place|monthly|quarterly|annual(?:ly)?|"
    r"weekly|termly|"
    r"continuous|tbc|tba|asap|within|\d+\s+(?:days?|weeks?|months?)|short|medium|long)\b"
)
_RAG = re.compile(
    r"(?i)^(?:r|a|g|b|red|amber|green|blue|grey|purple|yellow|red/amber|amber/green|amber/red|complete[d]?)\b"
)
#: "12.03.16: first cohort trained": an update with its date before it.
_UPDATE = re.compile(r"^(?P<date>(?:[A-Z][a-z]{2,8}\.? |\d)[\w ./’'-]{2,22}?)\s*[:–-]\s+\S")
_STATUSES = (
    ("completed", r"\bcompleted?\b(?!\s+by\b)|\b100 ?%|\bachieved\b|\bdone\b|\bclosed\b|\bdelivered\b|\bimplemented\b"),
    ("superseded", r"\bsuperseded\b|\bno longer (?:required|relevant)\b|\bwithdrawn\b"),
    ("overdue", r"\boverdue\b|\bdelayed\b|\bslipped\b|\bbehind (?:schedule|target)\b|\bmissed\b|\boff track\b"),
    ("not-started", r"\bnot (?:yet )?(?:started|begun|commenced|due)\b|(?<!\d)0 ?%|\bto be started\b"),
    ("in-progress",
            (r"\b(?:in|under) (?:progress|way)\b|\bunderway\b|\bon ?-?going\b|\bon[ -]track\b|\bpart(?:ly|ially)?\b|"
            r"(?<!\d)[1-9]\d? ?%|\bstarted\b|\bbegun\b|\bcommenced\b|\bcontinu(?:es|ing)\b")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanItems:
    """What the plan tables of a document hold; ``used`` are the indices of the blocks that were tables of a plan."""

    recommendations: tuple[Recommendation, ...] = ()
    actions: tuple[Action, ...] = ()
    segments: tuple[Segment, ...] = ()
    used: frozenset[int] = frozenset()
    answers: dict[int, str] = field(default_factory=dict)
    """Of actions, by their place, whose row gives only the number of the recommendation, printed elsewhere."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One row of a plan: the lines of each role."""

    cells: dict[Role, tuple[CellLine, ...]]


@dataclass
class _Columns:
    """Which column has which role; ``width`` is the number of columns."""

    roles: dict[int, Role]
    width: int
    strong: bool = True

    def is_plan(self) -> bool:
        present = set(self.roles.values())
        if "action" in present and present & {"recommendation", "timescale", "owner"}:
            return True
        return "recommendation" in present and len(present & {"timescale", "owner", "status", "success"}) >= 1


def plan_items(document: ReadDocument, after: str | None = None) -> PlanItems:
    """Recommendations and actions of every plan table of a document.

    after: the document's date; timescales printed without a year are the first such date from then on.
    """
    reader = _PlanReader(document, after)
    for index, block in enumerate(document.blocks):
        if block.kind == "table" and block.table is not None:
            reader.table(index, block, block.table)
        else:
            reader.between(index, block)
    reader.finish()
    return PlanItems(
        tuple(reader.recommendations),
        tuple(reader.actions),
        tuple(reader.segments),
        frozenset(reader.used),
        reader.answers,
    )


@dataclass
class _PlanReader:
    document: ReadDocument
    after: str | None
    recommendations: list[Recommendation] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    columns: _Columns | None = None
    section: str | None = None
    current: int | None = None
    named: int | None = None
    legend: dict[str, str] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    _labelled: dict[Role, list[CellLine]] = field(default_factory=dict)
    _labelled_blocks: list[int] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------- between the tables

    def between(self, index: int, block: Block) -> None:
        """A block outside tables: a heading that names the section or the recommendation of the next table, or a line
        of a plan that is written as labels and values."""
        text = self.document.slice(block)
        if self._label(index, block, text):
            return
        section = re.match(r"(?i)(?:standard|priority|theme|section|objective|part)\s+\w{1,3}\s*[:–-]", text)
        if block.kind == "heading" or section or (len(text) < 400 and _NUMBERED_RECOMMENDATION.match(text)):
            found = _NUMBERED_RECOMMENDATION.match(text)
            if found and found["ref"] and len(found["text"].split()) >= 4 and self._plan_follows(index):
                self._flush_labels()
                start = block.start + found.start("text")
                self.named = self._recommendation(start, block.end, found["ref"], "plan.heading")
                self.used.add(index)
                self._segment(block, "recommendation", "names the recommendation that the following table answers")
                return
            if block.kind == "heading" or section:
                self.section = text
                if self.named is None or not self._plan_follows(index):
                    self.named = None

    def _plan_follows(self, index: int) -> bool:
        for block in self.document.blocks[index + 1 : index + 5]:
            if block.kind == "table" and block.table is not None:
                columns = _columns(self.document, block.table, self.columns)[0]
                return columns is not None and columns.is_plan()
            if labelled(self.document.slice(block)) is not None:
                return True
        return False

    def _table_follows(self, index: int) -> bool:
        following = self.document.blocks[index + 1 : index + 4]
        tables = [block for block in following if block.kind == "table" and block.table is not None]
        return bool(tables) and self._plan_follows(index)

    def _label(self, index: int, block: Block, text: str) -> bool:
        """Plans without tables: "Action: ...", "Lead: ...", "Timescale: ..." below one another; or each label on a line
        of its own, its value below."""
        found = self._bare_labels.get(index) or labelled(text)
        if found is None and self._labelled_blocks and self._labelled_blocks[-1] == index - 1:
            role = next(reversed(self._labelled))
            if self._valued_by(index) and (block.kind != "heading" or index - 1 in self._bare_labels):
                self._labelled[role].append(CellLine(block.start, block.end, block.marker or "", page=block.page))
                self._labelled_blocks.append(index)
                return True
        if found is None:
            if (
                self._labelled
                and block.kind == "list_item"
                and "action" in self._labelled
                and not set(self._labelled) & {"owner", "timescale"}
            ):
                self._labelled["action"].append(CellLine(block.start, block.end, block.marker or "•", page=block.page))
                self._labelled_blocks.append(index)
                return True
            self._flush_labels()
            return False
        role, offset = found
        if role in self._labelled or (role == "recommendation" and self._labelled):
            self._flush_labels()
        lines = [CellLine(block.start + offset, block.end, page=block.page)] if offset < len(text) else []
        if role == "recommendation" and self._table_follows(index):
            self._flush_labels()
            return False
        number = re.search(r"\d+(?:\.\d+)*$", text) if index in self._bare_labels else None
        if role == "recommendation" and number:
            span = CellLine(block.start + number.start(), block.start + number.end(), page=block.page)
            self._labelled["ref"] = [span]
        elif role == "recommendation":
            heading = _NUMBERED_RECOMMENDATION.match(text)
            if heading and heading["ref"]:
                lines = [CellLine(block.start + offset, block.end, heading["ref"], page=block.page)]
        self._labelled[role] = lines
        self._labelled_blocks.append(index)
        return True

    def _valued_by(self, index: int) -> bool:
        """Whether the nearest label above is one on a line of its own."""
        labels = [at for at in self._labelled_blocks if at in self._bare_labels]
        return bool(labels) and all(self.document.blocks[at].table is None for at in range(labels[-1], index))

    @cached_property
    def _bare_labels(self) -> dict[int, tuple[Role, int]]:
        """Blocks that are nothing but a label, in a paper that is written so: labels of actions and of their owners or
        times come again and again."""
        found: dict[int, tuple[Role, int]] = {}
        for index, block in enumerate(self.document.blocks):
            text = self.document.slice(block)
            if block.table is not None or len(text.split()) > 6 or text.rstrip().endswith((":", ".")):
                continue
            label = re.sub(r"\s+\d+(?:\.\d+)*$", "", text.strip())
            role = _role(label)
            if role in _LABELS and len(label.split()) <= 4:
                found[index] = (role, len(text))
        counts = Counter(role for role, _ in found.values())
        repeated = {role for role, count in counts.items() if count >= 2}
        return found if "action" in repeated and repeated & {"owner", "timescale"} else {}

    def _flush_labels(self) -> None:
        cells, blocks = self._labelled, self._labelled_blocks
        self._labelled, self._labelled_blocks = {}, []
        if not ("action" in cells and set(cells) & {"timescale", "owner", "recommendation"}) and not (
            "recommendation" in cells and set(cells) & {"timescale", "owner"}
        ):
            return
        self._record(_Record({role: tuple(lines) for role, lines in cells.items()}))
        for index in blocks:
            self.used.add(index)
            self._segment(self.document.blocks[index], "action", "a label of a plan with its value")

    def finish(self) -> None:
        self._flush_labels()

    # -------------------------------------------------------------------------------------------------------- tables

    def table(self, index: int, block: Block, table: Table) -> None:
        self._flush_labels()
        self._read_legend(table)
        record = self._transposed(table)
        if record is not None:
            self._record(record)
            self.used.add(index)
            self._segment(block, "action", "a plan whose rows are labels and values")
            return
        columns, body = _columns(self.document, table, self.columns)
        if columns is None or not columns.is_plan():
            self.named = None
            return
        self.columns = columns
        self.used.add(index)
        self.current = self.named
        rows = table.rows[body:]
        for position, row in enumerate(rows):
            again = _header(self.document, row)
            if again is not None and again.is_plan() and not _is_long(self.document, row):
                self.columns = columns = _completed(self.document, again, rows[position + 1 :])
                continue
            self._row(row, columns)
        counts = f"a plan table: columns {', '.join(role for _, role in sorted(columns.roles.items()))}"
        self._segment(block, "action", counts)
        self.named = None

    def _row(self, row: Row, columns: _Columns) -> None:
        filled = [cell for cell in row.cells if cell.lines]
        if not filled:
            return
        texts = {collapsed(" ".join(self.document.slice(line) for line in cell.lines)) for cell in filled}
        if len(texts) == 1 and self._full_width(row, columns, texts.pop()):
            return
        cells: dict[Role, tuple[CellLine, ...]] = {}
        for cell in filled:
            role = columns.roles.get(cell.column) or next(
                (columns.roles[c] for c in range(cell.column, cell.column + cell.colspan) if c in columns.roles), None
            )
            if role is not None:
                cells[role] = (
                    (*cells.get(role, ()), *cell.lines)
                    if role in ("status", "owner")
                    else cells.get(role) or cell.lines
                )
        if set(cells) == {"recommendation"} and _SUBHEAD.match(self._text(cells["recommendation"])):
            return
        self._record(_Record(cells))

    def _full_width(self, row: Row, columns: _Columns, text: str) -> bool:
        """A row with one cell: a section's title, or a recommendation that the rows below answer. False where it is an
        ordinary row of which only one cell is filled."""
        cell = next(cell for cell in row.cells if cell.lines)
        role = columns.roles.get(cell.column)
        spans = cell.colspan >= max(2, columns.width - 1) or sum(bool(c.lines) for c in row.cells) > 1
        if _SUBHEAD.match(text):
            return True
        if role == "recommendation" and text.isupper() and len(text.split()) <= 10:
            self.section = text
            return True
        start, end = cell.lines[0].start, cell.lines[-1].end
        named = _NUMBERED_RECOMMENDATION.match(text)
        if named and named["ref"] and len(named["text"].split()) >= 4:
            begin = end - len(self.document.text[start:end]) + self._offset(start, end, named["text"])
            self.current = self._recommendation(begin, end, named["ref"], "plan.row")
            return True
        has_column = "recommendation" in columns.roles.values()
        marker = cell.lines[0].marker
        if not has_column and marker and marker[0].isdigit() and len(text.split()) >= 6:
            self.current = self._recommendation(start, end, _clean_ref(marker), "plan.row")
            return True
        if role in ("action", "recommendation") and not spans and len(text.split()) > 8:
            return False
        if role == "action" and not spans:
            return False
        if role == "recommendation" and not spans and columns.roles.get(0) != "recommendation":
            return False
        self.section = text
        if not has_column:
            self.current = self.named
        return True

    def _offset(self, start: int, end: int, words: str) -> int:
        """Where the words begin in a span of the text, white space aside."""
        first = words.split()[0] if words.split() else ""
        at = self.document.text.find(first, start, end)
        return at - start if at >= 0 else 0

    def _transposed(self, table: Table) -> _Record | None:
        """A table of two columns, labels at the left: one record."""
        cells: dict[Role, tuple[CellLine, ...]] = {}
        for row in table.rows:
            filled = [cell for cell in row.cells if cell.lines]
            if len(filled) != 2:
                continue
            role = _role(self._text(filled[0].lines))
            if role is not None and role not in cells:
                cells[role] = filled[1].lines
        useful = set(cells) & {"action", "recommendation", "timescale", "owner"}
        if (
            len(table.rows) <= 12
            and len(useful) >= 3
            and useful & {"action", "recommendation"}
            and not self._several_columns(table)
        ):
            return _Record(cells)
        return None

    def _several_columns(self, table: Table) -> bool:
        return any(sum(bool(cell.lines) for cell in row.cells) > 2 for row in table.rows)

    # ------------------------------------------------------------------------------------------------------- records

    def _record(self, record: _Record) -> None:
        if self.document.pages:
            record = _Record({role: unwrapped(self.document, lines, role) for role, lines in record.cells.items()})
        self._answered(record)
        made = len(self.actions)
        if "section" in record.cells:
            self.section = self._text(record.cells["section"])
        self._actions(record)
        ref = self._bare_ref(record)
        if ref is not None:
            self.answers.update(dict.fromkeys(range(made, len(self.actions)), ref))

    def _bare_ref(self, record: _Record) -> str | None:
        """The number in a row of a table that has no column for the recommendations themselves."""
        if self.current is not None or "ref" not in record.cells or "recommendation" in record.cells:
            return None
        ref = _clean_ref(self._text(record.cells["ref"]))
        return ref if ref is not None and re.fullmatch(r"\d+(?:\.\d+)*[a-z]?|[A-Z]\d*", ref) else None

    def _answered(self, record: _Record) -> None:
        """Makes the recommendations of a record; ``current`` becomes the one that its actions answer."""
        lines = record.cells.get("recommendation", ())
        ref = _clean_ref(self._text(record.cells.get("ref", ()))) if "ref" in record.cells else None
        if ref is not None and (not _REF.match(ref) or _LEGAL_REF.match(ref)):
            ref = None
        if not lines:
            if ref and not record.cells.get("action"):
                return
            return
        groups = _recommendation_groups(self.document, lines)
        first: int | None = None
        for group in groups:
            start, end = group[0].start, group[-1].end
            own = _clean_ref(group[0].marker) if group[0].marker and re.search(r"\w", group[0].marker) else None
            text = self.document.text[start:end]
            named = _NUMBERED_RECOMMENDATION.match(text)
            if (
                named
                and (named["ref"] or named["word"].lower() == "recommendation")
                and len(named["text"].split()) >= 3
                and re.match(r"(?i)\w+\s*(?:\d|:)", text)
            ):
                start += named.start("text")
                own = named["ref"] or own
            number = own if len(groups) > 1 or ref is None else ref
            index = self._recommendation(start, end, number or ref, "plan.cell")
            first = index if first is None else first
        self.current = first

    def _recommendation(self, start: int, end: int, ref: str | None, rule: str) -> int:
        """The index of this recommendation: a new one, or the one of the same words and number already met."""
        text = collapsed(self.document.text[start:end])
        for index, known in enumerate(self.recommendations):
            if known.text == text and (known.ref == ref or ref is None):
                return index
        self.recommendations.append(
            Recommendation(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, 0.95),
                ref=ref,
                section=self.section,
            )
        )
        return len(self.recommendations) - 1

    def _actions(self, record: _Record) -> None:
        lines = action_lines(self.document, record.cells.get("action", ()))
        if not lines:
            return
        times = record.cells.get("timescale", ())
        starts = record.cells.get("start", ())
        owners = record.cells.get("owner", ())
        status = record.cells.get("status", ())
        time_groups = align(self.document, lines, times, dates=True)
        owner_groups = align(self.document, lines, owners)
        status_groups = align(self.document, lines, status)
        success = record.cells.get("success", ())
        success_groups = align(self.document, lines, success)
        for position, group in enumerate(lines):
            start, end = group[0].start, group[-1].end
            printed = self._worded(time_groups[position])
            date = timescale_edtf(printed, self.after)
            if (
                starts
                and date is not None
                and "/" not in date
                and (begin := timescale_edtf(self._text(starts), self.after))
            ):
                date = f"{begin.split('/')[0]}/{date}" if begin != date else date
            elif starts and date is None and printed and re.search(r"(?i)on-?\s?going|continu", printed):
                begin = timescale_edtf(self._text(starts), self.after)
                date = f"{begin.split('/')[0]}/.." if begin else None
            beside = owner_groups[position]
            responsible = split_owners(
                [beside] if isinstance(beside, str) else [self.document.slice(line) for line in beside]
            )
            self.actions.append(
                Action(
                    text=collapsed(self.document.text[start:end]),
                    evidence=evidence(self.document, start, end),
                    made_by=maker("plan.cell", 0.95),
                    recommendation=self.current,
                    timescale=printed,
                    date=date,
                    responsible=responsible,
                    section=self.section,
                    statuses=self._statuses(status_groups[position]),
                    measure=self._worded(success_groups[position]) or self._worded(success),
                )
            )

    def _worded(self, lines: Sequence[CellLine] | str) -> str | None:
        """What the lines say; None where they hold no word."""
        text = lines if isinstance(lines, str) else self._text(lines)
        return text if re.search(r"\w", text) else None

    def _statuses(self, lines: Sequence[CellLine] | str) -> tuple[StatusReport, ...]:
        texts = [lines] if isinstance(lines, str) else [self.document.slice(line) for line in lines]
        texts = [text for text in texts if re.search(r"\w", text)]
        if not texts:
            return ()
        dated = [_UPDATE.match(text) for text in texts]
        if len(texts) >= 2 and all(found is not None and find_dates(found["date"]) for found in dated):
            return tuple(
                StatusReport(
                    collapsed(text), status_of(text, self.legend), find_dates(found["date"], self.after)[0].latest
                )
                for text, found in zip(texts, dated, strict=True)
                if found is not None
            )
        rag = next((text for text in texts if _RAG.match(text) and len(text.split()) <= 4), None)
        notes = [text for text in texts if text is not rag]
        whole = collapsed(" ".join(notes))
        if rag is None:
            return (StatusReport(whole, status_of(whole, self.legend), _status_date(whole, self.after)),)
        return (
            StatusReport(
                rag,
                status_of(rag, self.legend) or (status_of(whole, self.legend) if whole else None),
                _status_date(whole, self.after),
                whole or None,
            ),
        )

    def _read_legend(self, table: Table) -> None:
        """A key of colours ("Blue: complete") says what they mean in this plan."""
        for row in table.rows:
            filled = [cell for cell in row.cells if cell.lines]
            if len(filled) == 2:
                colour, meaning = (self._text(cell.lines) for cell in filled)
                if re.fullmatch(r"(?i)red|amber|green|blue|grey|purple|yellow|[ragb]", colour) and (
                    found := status_of(meaning, {})
                ):
                    self.legend[colour.lower()] = found

    def _text(self, lines: Iterable[CellLine]) -> str:
        return collapsed(" ".join(self.document.slice(line) for line in lines))

    def _segment(self, block: Block, outcome: str, reason: str) -> None:
        self.segments.append(Segment(block.start, block.end, outcome, reason, "plan", block.page))


# ------------------------------------------------------------------------------------------------------------- columns


def _role(head: str) -> Role | None:
    text = re.sub(r"[\s*:]+$", "", collapsed(re.sub(r"\([^)]*\)", " ", head))).strip()
    if not text or len(text) > 90 or len(text.split()) > 14:
        return None
    for role, pattern in _HEADS:
        if pattern.search(text):
            return role
    return None


def _header(document: ReadDocument, row: Row) -> _Columns | None:
    """The columns that a row of heads names; None for a row of data."""
    roles: dict[int, Role] = {}
    filled = 0
    for cell in row.cells:
        text = collapsed(" ".join(document.slice(line) for line in cell.lines))
        if not text:
            continue
        filled += 1
        role = _role(text)
        if role is not None and len(text) <= 90:
            if role == "recommendation" and "recommendation" in roles.values():
                role = _better(document, row, roles, text)
            elif role in roles.values() and role not in ("status", "owner", "success", "other"):
                role = "other"
            roles[cell.column] = role
    width = max((cell.column + cell.colspan for cell in row.cells), default=0)
    useful = {role for role in roles.values() if role not in ("other", "section")}
    if len(useful) < 2 or len(roles) < 0.5 * filled:
        return None
    if "other" in roles.values() and not useful & {"action", "recommendation"}:
        return None
    return _Columns(roles, width)


def _better(document: ReadDocument, row: Row, roles: dict[int, Role], text: str) -> Role:
    """Of two columns that could hold the recommendations, the one with the more telling head does."""
    if not _STRONG_RECOMMENDATION.search(text):
        return "other"
    for cell in row.cells:
        if roles.get(cell.column) == "recommendation":
            held = collapsed(" ".join(document.slice(line) for line in cell.lines))
            if _STRONG_RECOMMENDATION.search(held):
                return "other"
            roles[cell.column] = "section"
    return "recommendation"


def _columns(document: ReadDocument, table: Table, before: _Columns | None) -> tuple[_Columns | None, int]:
    """The columns of a table and the index of its first row of data."""
    for index, row in enumerate(table.rows[:6]):
        found = _header(document, row)
        if found is None or (_is_long(document, row) and not row.header):
            continue
        body = index + 1
        if body < len(table.rows) and (second := _second_header(document, table.rows[body])):
            found = _Columns({**found.roles, **second.roles}, max(found.width, second.width))
            body += 1
        return _completed(document, found, table.rows[body:]), body
    width = max((cell.column + cell.colspan for row in table.rows for cell in row.cells), default=0)
    if before is not None and before.width == width and width >= 3 and _fits(document, before, table.rows):
        return before, 0
    return _inferred(document, table.rows, width), 0


def _second_header(document: ReadDocument, row: Row) -> _Columns | None:
    """A second row of heads below the first: short cells only, all of them heads."""
    texts = [collapsed(" ".join(document.slice(line) for line in cell.lines)) for cell in row.cells]
    filled = [text for text in texts if text]
    if not filled or any(len(text.split()) > 5 for text in filled) or any(_role(text) is None for text in filled):
        return None
    roles = {cell.column: role for cell, text in zip(row.cells, texts, strict=True) if (role := _role(text))}
    if len(filled) < 2 and not row.header:
        return None
    return _Columns(roles, max((cell.column + cell.colspan for cell in row.cells), default=0))


def _is_long(document: ReadDocument, row: Row) -> bool:
    return any(sum(line.end - line.start for line in cell.lines) > 120 for cell in row.cells)


def _completed(document: ReadDocument, columns: _Columns, rows: Sequence[Row]) -> _Columns:
    """Columns whose head is empty get the role that their cells show: references, or the recommendations."""
    roles = dict(columns.roles)
    known = set(roles.values())
    for column in range(columns.width):
        if column in roles:
            continue
        texts = _column_texts(document, rows, column)
        if not texts:
            continue
        if "ref" not in known and _share(texts, _REF.match) >= 0.6:
            roles[column] = "ref"
        elif (
            "recommendation" not in known
            and _mean_words(texts) >= 5
            and column < min((c for c, role in roles.items() if role == "action"), default=columns.width)
        ):
            roles[column] = "recommendation"
        known = set(roles.values())
    return _Columns(_checked(document, roles, rows), columns.width)


def _checked(document: ReadDocument, roles: dict[int, Role], rows: Sequence[Row]) -> dict[int, Role]:
    """Heads that mean two things, settled by the cells: "Priority" over High and Low, "Area" over themes."""
    checked = dict(roles)
    for column, role in roles.items():
        texts = _column_texts(document, rows, column)
        if not texts:
            continue
        if role == "recommendation":
            if (
                _share(texts, re.compile(r"(?i)^(?:high|medium|low|h|m|l|[1-5]|urgent|essential|desirable)$").match)
                > 0.7
            ):
                checked[column] = "other"
            elif _share(texts, _REF.match) > 0.8:
                checked[column] = "ref" if "ref" not in roles.values() else "other"
            elif _mean_words(texts) < 3 and "action" in roles.values() and max(len(t.split()) for t in texts) < 6:
                checked[column] = "section"
        elif role == "section" and "ref" not in roles.values() and _share(texts, _REF.match) > 0.8:
            checked[column] = "ref"
        elif role == "ref" and _mean_words(texts) > 6:
            checked[column] = "recommendation" if "recommendation" not in roles.values() else "other"
        elif (
            role == "success"
            and "timescale" not in roles.values()
            and _share(texts, _dated) > 0.7
            and _mean_words(texts) < 6
        ):
            checked[column] = "timescale"
    present = list(checked.values())
    reference = next((column for column, role in checked.items() if role == "ref"), None)
    asked = next((column for column, role in checked.items() if role == "recommendation"), None)
    if reference is not None and asked is not None and "action" in present and reference > asked:
        # a number between recommendation and action counts the actions
        checked[reference] = "other"
    return checked


def _inferred(document: ReadDocument, rows: Sequence[Row], width: int) -> _Columns | None:
    """The columns of a table without heads, by what its cells look like; None where it does not look like a plan."""
    if width < 3 or len(rows) < 2:
        return None
    roles: dict[int, Role] = {}
    long: list[tuple[int, float]] = []
    for column in range(width):
        texts = _column_texts(document, rows, column)
        if len(texts) < 2:
            continue
        if _share(texts, _REF.match) >= 0.7:
            if column == 0:
                roles[column] = "ref"
        elif _share(texts, _dated) >= 0.7 and _mean_words(texts) <= 8:
            roles.setdefault(column, "timescale")
        elif _share(texts, _RAG.match) >= 0.8 and _mean_words(texts) <= 3:
            roles[column] = "status"
        elif _mean_words(texts) >= 6:
            long.append((column, _mean_words(texts)))
        elif _share(texts, _looks_owned) >= 0.7:
            roles.setdefault(column, "owner")
    present = set(roles.values())
    if "timescale" not in present or "owner" not in present or not long:
        return None
    if len(long) == 1:
        roles[long[0][0]] = "action"
    else:
        roles[long[0][0]] = "recommendation"
        roles[long[1][0]] = "action"
    return _Columns(roles, width, strong=False)


def _fits(document: ReadDocument, columns: _Columns, rows: Sequence[Row]) -> bool:
    """Whether a table without heads goes on with the columns of the one before: its times are times."""
    for column, role in columns.roles.items():
        texts = _column_texts(document, rows, column)
        if (
            role == "timescale"
            and texts
            and _share(texts, lambda text: _dated(text) or bool(_ONGOING.search(text))) < 0.4
        ):
            return False
    return True


def _column_texts(document: ReadDocument, rows: Sequence[Row], column: int) -> list[str]:
    texts = []
    for row in rows:
        filled = [cell for cell in row.cells if cell.lines]
        for cell in filled:
            if cell.column == column and len(filled) > 1:
                texts.append(collapsed(" ".join(document.slice(line) for line in cell.lines)))
    return [text for text in texts if text]


def _share(texts: Sequence[str], test: object) -> float:
    assert callable(test)
    return sum(bool(test(text)) for text in texts) / len(texts)


def _mean_words(texts: Sequence[str]) -> float:
    return sum(len(text.split()) for text in texts) / len(texts)


def _dated(text: str) -> bool:
    return timescale_edtf(text, "2000-01-01") is not None or (len(text.split()) <= 5 and bool(_ONGOING.search(text)))


def _looks_owned(text: str) -> bool:
    return len(text.split()) <= 8 and text[:1].isupper() and not text.endswith(".")


def _clean_ref(printed: str | None) -> str | None:
    if not printed:
        return None
    text = re.sub(r"(?i)^(?:recommendation|rec|ref|no|afi|action)\b\.?\s*(?=\d)", "", collapsed(printed)).strip()
    return text.rstrip(".):").lstrip("(") or None


_LABELS: Final = ("recommendation", "action", "timescale", "owner", "success", "status")


def labelled(text: str) -> tuple[Role, int] | None:
    """The role of a line that begins with a label, and the offset of its value."""
    found = re.match(r"([A-Z][\w /’'&()-]{1,40}?(?:\s+\d+(?:\.\d+)*)?)\s*:\s*", text)
    if found is None:
        return None
    label = re.sub(r"\s+\d+(?:\.\d+)*$", "", found[1])
    role = _role(label)
    if role in _LABELS and len(label.split()) <= 4:
        return role, found.end()
    return None


# ----------------------------------------------------------------------------------------------------- lines of cells


def _recommendation_groups(document: ReadDocument, lines: Sequence[CellLine]) -> list[list[CellLine]]:
    """The recommendations of one cell: numbered lines are one each, and so are bullets that need no lead-in."""
    lines = [line for line in lines if re.search(r"\w", document.slice(line))]
    if not lines:
        return []
    marked = [line for line in lines if line.marker]
    numbered = [line for line in marked if re.match(r"\(?\d", line.marker or "")]
    if len(numbered) >= 2 or (len(marked) >= 2 and lines[0].marker and len(marked) == len(lines)):
        starts = numbered if len(numbered) >= 2 else marked
        groups: list[list[CellLine]] = []
        for line in lines:
            if line in starts or not groups:
                groups.append([line])
            else:
                groups[-1].append(line)
        if all(len(document.text[g[0].start : g[-1].end].split()) >= 3 for g in groups):
            return groups
    return [list(lines)]


def unwrapped(document: ReadDocument, lines: Sequence[CellLine], role: Role) -> tuple[CellLine, ...]:
    """The lines of a cell of a page, those that only the column's width has cut put together again.

    A line was cut where the next one's first word would not have fitted; but two lines that each are a whole owner or
    a whole time stay two.
    """
    width = max((line.end - line.start for line in lines), default=0)
    joined: list[CellLine] = []
    for index, line in enumerate(lines):
        last = joined[-1] if joined else None
        if last is not None and line.marker is None and _was_cut(document, last, lines[index:], role, width):
            joined[-1] = replace(last, end=line.end)
        else:
            joined.append(line)
    return tuple(joined)


def _was_cut(document: ReadDocument, last: CellLine, lines: Sequence[CellLine], role: Role, width: int) -> bool:
    """Whether the first of ``lines`` goes on with ``last``."""
    above, below = document.slice(last).split("\n")[-1], document.slice(lines[0])
    if below[:1].islower() or re.search(r"(?:[/,&(-]|\b(?:and|of|the|for|to|in|with|by))$", above):
        return True
    if re.search(r"[.!?;:]$", above) and role != "owner":
        return False
    if len(above) + 1 + len(below.split()[0]) <= 0.92 * width:
        return False
    if role == "owner":
        # the owner below may itself be cut
        whole = [collapsed(" ".join(document.slice(line) for line in lines[:count])) for count in (1, 2, 3)]
        return not (_are_owners(collapsed(document.slice(last))) and any(map(_are_owners, whole)))
    if role in ("timescale", "start"):
        return not (_dated(collapsed(document.slice(last))) and _dated(below))
    return True


def _are_owners(text: str) -> bool:
    parts = [part for part in re.split(r"\s*[/,;]\s*", text) if part]
    return bool(parts) and all(map(is_owner, parts))


def action_lines(document: ReadDocument, lines: Sequence[CellLine]) -> list[list[CellLine]]:
    """The actions of one cell: each bullet and each paragraph is one, deeper bullets belong to the one above, and a
    line that only leads into bullets is none."""
    lines = [line for line in lines if re.search(r"\w", document.slice(line))]
    groups: list[list[CellLine]] = []
    for index, line in enumerate(lines):
        text = document.slice(line)
        following = lines[index + 1] if index + 1 < len(lines) else None
        if (
            line.marker is None
            and text.endswith((":", ":-"))
            and following is not None
            and following.marker is not None
        ):
            continue
        if groups and _belongs(document, groups[-1], line, text):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _belongs(document: ReadDocument, group: Sequence[CellLine], line: CellLine, text: str) -> bool:
    first, last = group[0], group[-1]
    if line.marker is not None:
        return first.marker is not None and line.level > first.level
    if last.marker is not None and text[:1].islower():
        return True
    return text[:1].islower() and not re.search(r"[.;!?]$", document.slice(last))


def align(
    document: ReadDocument, actions: Sequence[Sequence[CellLine]], values: Sequence[CellLine], *, dates: bool = False
) -> list[Sequence[CellLine] | str]:
    """For each action the lines of a neighbouring cell that stand beside it.

    Line by line where there are as many; else by their heights on the page where those are known; else, where there are
    more lines than actions, neighbouring lines that read as one are taken together; what does not line up belongs to
    the whole row. dates: one line that holds as many dates as there are actions is taken apart.
    """
    values = [value for value in values if re.search(r"\w", document.slice(value))]
    whole: list[Sequence[CellLine] | str] = [values] * len(actions)
    if len(actions) < 2 or not values:
        return whole
    if len(values) == len(actions):
        return [[value] for value in values]
    level = _level_with(document, actions, values, dates=dates) if document.words else None
    if level is not None:
        return list(level)
    by_height = _by_height(actions, values)
    if by_height is not None:
        return list(by_height)
    if len(values) == 1:
        pieces = _date_pieces(document.slice(values[0]), len(actions)) if dates else None
        return list(pieces) if pieces else whole
    if len(values) > len(actions):
        merged = _merged(document, values, len(actions), dates)
        if merged is not None:
            return list(merged)
    return whole


@dataclass(frozen=True, slots=True)
class _PrintedLine:
    """A line of a cell as it stands on the page."""

    start: int
    end: int
    page: int
    top: float
    x0: float
    x1: float
    first_width: float
    """Width of its first word: what the line above had no room for, if it was cut there."""


def _printed_lines(document: ReadDocument, line: CellLine) -> list[_PrintedLine]:
    words = document.words
    found: list[_PrintedLine] = []
    for position in range(bisect_left(words, line.start, key=lambda word: word.start), len(words)):
        word, box = words[position], words[position].box
        if word.start >= line.end:
            break
        last = found[-1] if found else None
        if last is not None and last.page == box.page and abs(last.top - box.top) < 0.5 * (box.bottom - box.top):
            found[-1] = replace(last, end=word.end, x1=box.x1)
        else:
            found.append(_PrintedLine(word.start, word.end, box.page, box.top, box.x0, box.x1, box.x1 - box.x0))
    return found


def _level_with(
    document: ReadDocument, actions: Sequence[Sequence[CellLine]], values: Sequence[CellLine], *, dates: bool
) -> list[list[CellLine]] | None:
    """What a page prints level with each action; None unless something new begins beside every one of them."""
    firsts = [lines[0] for group in actions if (lines := _printed_lines(document, group[0]))]
    printed = [line for value in values for line in _printed_lines(document, value)]
    if len(firsts) != len(actions) or len(printed) < len(actions):
        return None
    starts = [
        next(
            (index for index, line in enumerate(printed) if line.page == at.page and abs(line.top - at.top) < 3.0), None
        )
        for at in firsts
    ]
    if starts[0] != 0 or any(a is None or b is None or a >= b for a, b in pairwise(starts)):
        return None
    right = max(line.x1 for line in printed)
    bounds = [*(index for index in starts if index is not None), len(printed)]
    for start, stop, following in zip(bounds, bounds[1:], bounds[2:], strict=False):
        above = document.text[printed[start].start : printed[stop - 1].end]
        below = document.text[printed[stop].start : printed[following - 1].end]
        last = printed[stop - 1]
        ended = last.x1 + 3.0 + printed[stop].first_width < right
        if _goes_on(above, below) or not (ended or (_is_whole(above, dates) and _is_whole(below, dates))):
            return None
    return [
        [CellLine(printed[start].start, printed[stop - 1].end, page=printed[start].page, top=printed[start].top)]
        for start, stop in pairwise(bounds)
    ]


_BODY_OF_STAFF = re.compile(
    r"(?:[A-Z][\w’'-]* ){0,3}(?:Resources|Services?|Teams?|School|Health|Education|Housing|Police|Finance|Workers|"
    r"Carers|Staff)"
)


def _goes_on(above: str, below: str) -> bool:
    return (below[:1].islower() and not _dated(collapsed(below))) or bool(
        re.search(r"(?:[/,&(-]|\b(?:and|of|the|for|to|in|with|by))$", above)
    )


def _is_whole(text: str, dates: bool) -> bool:
    """Whether a text is a time, or nothing but owners."""
    if dates:
        return _dated(collapsed(text))
    owners = split_owners([text])
    return bool(owners) and all(is_owner(owner) or _BODY_OF_STAFF.fullmatch(owner) for owner in owners)


def _by_height(actions: Sequence[Sequence[CellLine]], values: Sequence[CellLine]) -> list[list[CellLine]] | None:
    """Value lines go to the action whose first line they stand beside or below; None unless each action gets one."""

    def place(line: CellLine) -> tuple[int, float] | None:
        return (line.page or 0, line.top) if line.top is not None else None

    heights = [place(group[0]) for group in actions]
    if any(height is None for height in heights) or any(place(value) is None for value in values):
        return None
    groups: list[list[CellLine]] = [[] for _ in actions]
    for value in values:
        at = place(value)
        assert at is not None
        above = [index for index, height in enumerate(heights) if height is not None and height <= (at[0], at[1] + 4.0)]
        groups[above[-1] if above else 0].append(value)
    return groups if all(groups) else None


def _date_pieces(text: str, count: int) -> list[str] | None:
    """A line that is nothing but ``count`` dates, one after the other."""
    found = find_dates(text, "2000-01-01", terse=True)
    if len(found) != count:
        return None
    ends = [date.start for date in found[1:]] + [len(text)]
    gaps = [text[: found[0].start]] + [text[date.end : end] for date, end in zip(found, ends, strict=True)]
    if any(re.search(r"[A-Za-z]", gap) for gap in gaps):
        return None
    return [text[date.start : date.end] for date in found]


def _merged(document: ReadDocument, values: Sequence[CellLine], count: int, dates: bool) -> list[list[CellLine]] | None:
    """The lines in ``count`` groups, put together where that costs least; None where it would join what is complete."""
    costs = [
        (_joining_cost(document.slice(left), document.slice(right), dates), index)
        for index, (left, right) in enumerate(pairwise(values))
    ]
    chosen = sorted(costs)[: len(values) - count]
    if any(cost > 0.5 for cost, _ in chosen):
        return None
    joined = {index for _, index in chosen}
    groups: list[list[CellLine]] = []
    for index, value in enumerate(values):
        if index - 1 in joined and groups:
            groups[-1].append(value)
        else:
            groups.append([value])
    return groups


def _joining_cost(left: str, right: str, dates: bool) -> float:
    if re.search(r"(?:[/,&-]|\band)$", left) or re.match(r"[/,&(]|and\b", right) or right[:1].islower():
        return 0.1
    if not dates:
        return 1.0
    words = [bool(re.search(r"[A-Za-z]{3}", _without_dates(text))) for text in (left, right)]
    dated = [bool(find_dates(text, "2000-01-01", terse=True)) for text in (left, right)]
    if all(words):
        return 0.2
    if not all(dated):
        return 0.4
    return 0.6 if any(words) else 1.0


def _without_dates(text: str) -> str:
    for found in reversed(find_dates(text, "2000-01-01", terse=True)):
        text = text[: found.start] + text[found.end :]
    return text


# -------------------------------------------------------------------------------------------------------------- status


def status_of(printed: str, legend: dict[str, str]) -> str | None:
    """The status scheme's id for what a progress cell prints. Colours mean what the document's own key says; without
    one only words and percentages are read."""
    text = collapsed(printed).lower()
    by_colour = legend.get(text) or legend.get(text[:1]) if text in ("r", "a", "g", "b") else legend.get(text)
    if by_colour:
        return by_colour
    share = re.search(r"(?<!\d)(\d{1,3}) ?(?:%|per ?cent)", text)
    if share is not None and int(share[1]) <= 100 and len(text.split()) <= 6:
        return {0: "not-started", 100: "completed"}.get(int(share[1]), "in-progress")
    for status, pattern in _STATUSES:
        if re.search(pattern, text):
            return status
    return None


def _status_date(text: str, after: str | None) -> str | None:
    """The latest date that an update names."""
    found = [date.latest for date in find_dates(text, None, terse=False)] if text else []
    return max(found) if found else None


def tally_sections(actions: Sequence[Action]) -> Counter[str | None]:
    """How many actions stand under each section: for the explanation of a document."""
    return Counter(action.section for action in actions)


def renumbered(actions: Iterable[Action], offset: int) -> Iterator[Action]:
    """Actions whose recommendations stand ``offset`` places further on in the document's list."""
    for action in actions:
        if action.recommendation is None or offset == 0:
            yield action
        else:
            yield replace(action, recommendation=action.recommendation + offset)
