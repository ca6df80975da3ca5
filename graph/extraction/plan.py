"""Action plans: tables whose rows answer recommendations with actions, dates and people.

Columns are known by their heads, in the words that councils use for them; a table without a head has the columns of the
one before it, or those that its cells look like. Then each row is a record of the same shape, whether a plan is one
wide table, a table for each recommendation, or labels with values one below the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from graph.dates import timescale_edtf
from graph.extraction.action_tails import labels_in, people_and_time, tail_of
from graph.extraction.announced import timescale_in
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.owners import split_owners
from graph.extraction.plan_cells import action_lines, align, recommendation_groups, unwrapped
from graph.extraction.plan_columns import (
    REF,
    Columns,
    Role,
    clean_ref,
    columns_of,
    completed,
    header,
    is_long,
    labelled,
    role_of,
)
from graph.extraction.plan_labels import bare_labels, labels_below
from graph.extraction.plan_status import meaning_of_colour, statuses
from graph.extraction.sentences import sentences
from graph.model import Action, Block, CellLine, ReadDocument, Recommendation, Row, Segment, StatusReport, Table

#: "Ofsted said: improve the quality of assessments", above the table that answers it.
_INSPECTORS_SAID = re.compile(
    r"(?i)(?:what )?(?:ofsted|csci|ssi|cqc|hmip?|(?:the )?inspect(?:ors?|orate|ion)(?: report)?) (?:said|found|"
    r"recommended|asked|told us)\s*:\s*(?=(?:\S+\s+){3}\S)"
)
_NUMBERED_RECOMMENDATION = re.compile(
    r"(?i)^(?P<word>(?:(?:key|ofsted|csci|ssi|cqc|hmip|jar|apa|inspect\w+|report|"
    r"headline)[’']?s?\s+)?(?:recommendation|"
    r"area\s+(?:for|of)\s+(?:priority\s+action|improvement|development|(?:significant\s+)?(?:weakness|concern))|"
    r"(?:significant\s+)?weakness|(?:improvement|priority|development)\s+(?:area|priority|action)|"
    r"priority\s+action|what\s+needs\s+to\s+improve|afi|requirement|rec))s?\b\.?\s*(?:no\.?\s*|number\s*|"
    r"ref\.?\s*)?(?P<ref>\d+(?:\.\d+)*[a-z]?|[A-Z](?=[:.\s)–-]))?"
    r"(?!\s*(?:,|and|to|&)\s*\d)\s*[:.)–—-]*\s*(?P<text>.*)$"
)
#: What a requirement rests on, not its number.
_LEGAL_REF = re.compile(r"(?i)(?:reg(?:ulation)?|section|sec|standard|nms|article|schedule)s?\b\.?\s*\d")
_NO_ACTION = re.compile(
    r"(?i)(?:none|n/?a|nil|not applicable|no (?:further )?action(?: (?:required|needed|necessary))?|see above|as above|"
    r"complete[d]?|(?:accepted|agreed)(?: in (?:part|full|principle))?|partially (?:accepted|agreed)|-+|–|—)\.?"
)
_SUBHEAD = re.compile(
    r"(?i)^(?:headline |key |main )?(?:recommendations?|actions?|objectives?|areas? for (?:improvement|"
    r"development))s?:?$"
)


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
    columns: Columns | None = None
    section: str | None = None
    current: int | None = None
    named: int | None = None
    legend: dict[str, str] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    _labelled: dict[Role, list[CellLine]] = field(default_factory=dict)
    _labelled_blocks: list[int] = field(default_factory=list)
    _number: str | None = None
    """Of a recommendation whose words stand in the next block."""

    # ------------------------------------------------------------------------------------------- between the tables

    def between(self, index: int, block: Block) -> None:
        """A block outside tables: a heading that names the section or the recommendation of the next table, or a line
        of a plan that is written as labels and values."""
        text = self.document.slice(block)
        if self._label(index, block, text):
            return
        number, self._number = self._number, None
        if number is not None and len(text.split()) >= 4 and self._plan_follows(index):
            self._name(index, block, block.start, number)
            return
        if (said := _INSPECTORS_SAID.match(text)) is not None and self._plan_follows(index):
            self._name(index, block, block.start + said.end(), None)
            return
        section = re.match(r"(?i)(?:standard|priority|theme|section|objective|part)\s+\w{1,3}\s*[:–-]", text)
        if block.kind == "heading" or section or (len(text) < 400 and _NUMBERED_RECOMMENDATION.match(text)):
            found = _NUMBERED_RECOMMENDATION.match(text)
            if found and found["ref"] and len(found["text"].split()) >= 4 and self._plan_follows(index):
                self._name(index, block, block.start + found.start("text"), found["ref"])
                return
            if found and found["ref"] and not found["text"] and self._plan_follows(index):
                self._number = found["ref"]
                self.used.add(index)
                self._segment(block, "heading", "numbers the recommendation below it")
                return
            if block.kind == "heading" or section:
                self.section = text
                if self.named is None or not self._plan_follows(index):
                    self.named = None

    def _name(self, index: int, block: Block, start: int, ref: str | None) -> None:
        self._flush_labels()
        self.named = self._recommendation(start, block.end, ref, "plan.heading")
        self.used.add(index)
        self._segment(block, "recommendation", "names the recommendation that the following table answers")

    def _plan_follows(self, index: int) -> bool:
        for block in self.document.blocks[index + 1 : index + 5]:
            if block.kind == "table" and block.table is not None:
                columns = columns_of(self.document, block.table, self.columns)[0]
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
        found = self._bare_labels.get(index) or self._labels_below.get(index) or labelled(text)
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
        several = labels_in(text)
        if len(several) > 1 and several[0][1] == 0:
            for own, _, begin, end in several:
                self._labelled[own] = [CellLine(block.start + begin, block.start + end, page=block.page)]
            self._labelled_blocks.append(index)
            return True
        if index in self._labels_below and block.marker:
            lines = [CellLine(block.start, block.end, block.marker, page=block.page)]
        number = re.search(r"\d+(?:\.\d+)*$", text) if index in self._bare_labels else None
        if role == "recommendation" and number:
            span = CellLine(block.start + number.start(), block.start + number.end(), page=block.page)
            self._labelled["ref"] = [span]
        elif role == "recommendation":
            heading = _NUMBERED_RECOMMENDATION.match(text)
            if heading and heading["ref"]:
                lines = [CellLine(block.start + offset, block.end, heading["ref"], page=block.page)]
        if role == "recommendation" and lines and offset and len(text[offset:].split()) < 4:
            # "Priority 1: Recruitment" names a group of actions
            self.section = text[offset:]
            self.used.add(index)
            self._segment(block, "heading", "names the actions below it")
            return True
        self._labelled[role] = lines
        self._labelled_blocks.append(index)
        return True

    def _valued_by(self, index: int) -> bool:
        """Whether the nearest label above is one on a line of its own."""
        labels = [at for at in self._labelled_blocks if at in self._bare_labels]
        return bool(labels) and all(self.document.blocks[at].table is None for at in range(labels[-1], index))

    @cached_property
    def _bare_labels(self) -> dict[int, tuple[Role, int]]:
        return bare_labels(self.document)

    @cached_property
    def _labels_below(self) -> dict[int, tuple[Role, int]]:
        return labels_below(self.document)

    def _flush_labels(self) -> None:
        cells, blocks = self._labelled, self._labelled_blocks
        self._labelled, self._labelled_blocks = {}, []
        if not ("action" in cells and set(cells) & {"timescale", "owner", "recommendation"}) and not (
            "recommendation" in cells and set(cells) & {"timescale", "owner"}
        ):
            return
        self.current = self.current if self.named is None else self.named
        if not set(cells) & {"timescale", "owner", "status"} and len(cells["action"]) == 1:
            cells["action"] = self._sentences(cells["action"][0])
        self._record(_Record({role: tuple(lines) for role, lines in cells.items()}))
        for index in blocks:
            self.used.add(index)
            self._segment(self.document.blocks[index], "action", "a label of a plan with its value")

    def _sentences(self, line: CellLine) -> list[CellLine]:
        """Each sentence of a response as an item: prose, where neither people nor times make a record of it."""
        spans = list(sentences(self.document.text, line.start, line.end))
        return [replace(line, start=start, end=end, marker="•") for start, end in spans] if len(spans) > 1 else [line]

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
        columns, body = columns_of(self.document, table, self.columns)
        if columns is None or not columns.is_plan():
            self.named = None
            return
        if self.named is not None and not columns.asks:
            # under a recommendation that a heading names, "Objective" groups actions
            asked: dict[int, Role] = {
                column: "section" for column, role in columns.roles.items() if role == "recommendation"
            }
            columns = replace(columns, roles={**columns.roles, **asked})
        self.columns = columns
        self.used.add(index)
        self.current = self.named
        rows = table.rows[body:]
        for position, row in enumerate(rows):
            if self._names_recommendation(row, rows[position + 1 :], columns):
                continue
            again = header(self.document, row)
            if again is not None and again.is_plan() and not is_long(self.document, row):
                self.columns = columns = completed(self.document, again, rows[position + 1 :])
                continue
            self._row(row, columns)
        counts = f"a plan table: columns {', '.join(role for _, role in sorted(columns.roles.items()))}"
        self._segment(block, "action", counts)
        self.named = None

    def _row(self, row: Row, columns: Columns) -> None:
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

    def _names_recommendation(self, row: Row, below: Sequence[Row], columns: Columns) -> bool:
        """A row of a plan without a column for them that gives a recommendation's number and words, and nothing that
        an action has; the rows below answer it."""
        roles = set(columns.roles.values())
        if (
            "recommendation" in roles
            or not {"ref", "action"} <= roles
            or not roles & {"timescale", "owner"}
            or not below
        ):
            return False
        filled = {columns.roles.get(cell.column): cell for cell in row.cells if cell.lines}
        following = {columns.roles.get(cell.column) for cell in below[0].cells if cell.lines}
        if set(filled) != {"ref", "action"} or "action" not in following or not following & {"timescale", "owner"}:
            return False
        lines = filled["action"].lines
        ref = clean_ref(self._text(filled["ref"].lines))
        if len(self._text(lines).split()) < 4:
            self.section = self._text(lines)
        else:
            self.current = self._recommendation(lines[0].start, lines[-1].end, ref, "plan.row")
        return True

    def _full_width(self, row: Row, columns: Columns, text: str) -> bool:
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
            self.current = self._recommendation(start, end, clean_ref(marker), "plan.row")
            return True
        if role in ("action", "recommendation") and not spans and len(text.split()) > 8:
            return False
        if role == "action" and not spans:
            return False
        names_group = "ref" in columns.roles.values() and len(text.split()) <= 6 and not text.endswith((".", ":"))
        if role == "recommendation" and not spans and columns.roles.get(0) != "recommendation" and not names_group:
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
            role = role_of(self._text(filled[0].lines))
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
        ref = clean_ref(self._text(record.cells["ref"]))
        return ref if ref is not None and re.fullmatch(r"\d+(?:\.\d+)*[a-z]?|[A-Z]\d*", ref) else None

    def _answered(self, record: _Record) -> None:
        """Makes the recommendations of a record; ``current`` becomes the one that its actions answer."""
        lines = record.cells.get("recommendation", ())
        ref = clean_ref(self._text(record.cells.get("ref", ()))) if "ref" in record.cells else None
        if ref is not None and (not REF.match(ref) or _LEGAL_REF.match(ref)):
            ref = None
        if not lines:
            if ref and not record.cells.get("action"):
                return
            return
        groups = recommendation_groups(self.document, lines)
        first: int | None = None
        for group in groups:
            start, end = group[0].start, group[-1].end
            own = clean_ref(group[0].marker) if group[0].marker and re.search(r"\w", group[0].marker) else None
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
        lines = [group for group in lines if not _NO_ACTION.fullmatch(self._text(group))]
        if not lines:
            return
        times = record.cells.get("timescale", ())
        starts = record.cells.get("start", ())
        owners = record.cells.get("owner", ())
        status = record.cells.get("status", ())
        time_groups = align(self.document, lines, times, dates=True)
        owner_groups = align(self.document, lines, owners)
        status_groups = align(self.document, lines, status)
        share_groups = align(self.document, lines, record.cells.get("share", ()))
        success = record.cells.get("success", ())
        success_groups = align(self.document, lines, success)
        for position, group in enumerate(lines):
            start, end = group[0].start, group[-1].end
            tail = tail_of(self.document.slice(group[-1])) if not owners and (not times or self._led) else None
            if not times and (both := people_and_time(self._worded(owner_groups[position]) or "")) is not None:
                tail = replace(both, end=len(self.document.slice(group[-1])))
            end = group[-1].start + tail.end if tail else end
            printed = tail.timescale if tail and not times else self._worded(time_groups[position])
            if printed is None and not times and not self._timed:
                printed = timescale_in(self.document.text[start:end], self.after)
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
                    responsible=tail.owners if tail else responsible,
                    section=self.section,
                    statuses=self._statuses(status_groups[position], share_groups[position]),
                    measure=self._worded(success_groups[position]) or self._worded(success),
                )
            )

    @property
    def _timed(self) -> bool:
        """Whether the table at hand has a column for times."""
        return self.columns is not None and "timescale" in self.columns.roles.values()

    @property
    def _led(self) -> bool:
        """Whether the actions of the table at hand have their leads behind them."""
        return self.columns is not None and self.columns.led

    def _worded(self, lines: Sequence[CellLine] | str) -> str | None:
        """What the lines say; None where they hold no word."""
        text = lines if isinstance(lines, str) else self._text(lines)
        return text if re.search(r"\w", text) else None

    def _statuses(self, lines: Sequence[CellLine] | str, share: Sequence[CellLine] | str) -> tuple[StatusReport, ...]:
        texts = [lines] if isinstance(lines, str) else [self.document.slice(line) for line in lines]
        return statuses(texts, self.legend, self.after, self._worded(share))

    def _read_legend(self, table: Table) -> None:
        """A key of colours ("Blue: complete") says what they mean in this plan."""
        for row in table.rows:
            filled = [cell for cell in row.cells if cell.lines]
            if len(filled) == 2:
                self.legend |= meaning_of_colour(*(self._text(cell.lines) for cell in filled))

    def _text(self, lines: Iterable[CellLine]) -> str:
        return collapsed(" ".join(self.document.slice(line) for line in lines))

    def _segment(self, block: Block, outcome: str, reason: str) -> None:
        self.segments.append(Segment(block.start, block.end, outcome, reason, "plan", block.page))
