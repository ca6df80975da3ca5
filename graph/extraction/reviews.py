"""Inspections and their judgements as a council's paper tells of them, in running prose.

One paper often tells of several: the inspection that it is about, the one before, the Audit Commission's assessment of
the whole council. Each judgement goes to the inspection that its own clause names; where it names none, to the paper's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from graph.authorities import Authority
from graph.dates import PrintedDate, find_dates
from graph.extraction.bodies import BODIES, EARLIER, body_in, mentions
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.grades import SCORE_WORDS, area_concept, framework_id, grade_concept
from graph.extraction.main_inspection import FUTURE, lead_inspector, main_body, main_dates, main_framework
from graph.extraction.sentences import sentences_in
from graph.extraction.told_judgements import (
    GRADE,
    IS_GRADED,
    LINE,
    LSCB,
    OFSTEDS_GRADE,
    QE,
    TELLING,
    Given,
    JudgementReader,
    Q,
    area_name,
    names_area,
)
from graph.model import Block, Evidence, Inspection, Judgement, ReadDocument, Row

_BOARD_REVIEW: Final = re.compile(
    r"(?i)\breview(?:ed|s)?\b(?: of)?(?: the)? effectiveness of (?:the |its |"
    r"our )?(?:local safeguarding children board|LSCB)"
)
_SCORE_LINE: Final = re.compile(
    r"^[‘'“\"]?(?P<area>[A-Z][^.:;%]{3,80}?)[’'”\"]?\s*(?:[:=–-]\s*)?(?P<grade>\d{1,3}\s?%)"
    r"(?:\W+(?i:minimum|moderate|substantial|drastic) improvement required\.?)?$(?P<is>(?!))?(?P<rated>(?!))?"
)
#: "Safeguarding   3 (good)": columns set with blanks.
_NUMBER_LINE: Final = re.compile(
    rf"(?i)^(?P<area>[A-Z][^.:;]{{3,80}}?)\s+(?P<grade>[1-4]\s*\((?:{GRADE})\))$(?P<is>(?!))?(?P<rated>(?!))?"
)
_GRADE_CELL: Final = re.compile(
    rf"(?i)^{Q}(?:grade\s*)?(?:{GRADE}|[1-4](?:\s*[-–(:]\s*(?:{GRADE}|{SCORE_WORDS})\)?)?|"
    rf"{GRADE}\s*\((?:grade )?[1-4]\)|"
    rf"serving .{{3,40}} well|promising|uncertain){QE}\.?$"
)
_SERVED_HEADS: Final = (
    ("Serving people", r"(?i)\bserv(?:ed|ing)\b.*\bwell\b"),
    ("Capacity for improvement", r"(?i)\bcapacity\b"),
    ("Prospects for improvement", r"(?i)\bprospects\b"),
)
_SERVED_CELL: Final = re.compile(
    r"(?i)(?:yes|no|not|most|some|all|few)(?: people)?|serving .{3,30} well|excellent|promising|uncertain|poor"
)
#: "Are social care services serving people well?   Most": the rating's two questions with their answers.
_QUESTIONS: Final = (
    (
        "Serving people",
        r"(?i)[^?]{0,60}\bserv(?:ing|ed)\b[^?]{0,30}\bwell\?\s*(?P<grade>yes|most|some|no|not)\b[\w ]{0,20}\.?",
    ),
    (
        "Capacity for improvement",
        r"(?i)[^?]{0,60}\bcapacity\b[^?]{0,30}\?\s*(?P<grade>excellent|promising|uncertain|poor)\.?",
    ),
    (
        "Prospects for improvement",
        r"(?i)[^?]{0,60}\bprospects?\b[^?]{0,30}\?\s*(?P<grade>excellent|promising|uncertain|poor)\.?",
    ),
)
_SCORE_CELL: Final = re.compile(r"\d{1,3}\s?%")
#: Columns of a table that judges each of several services in the same respects.
_CROSS_HEAD: Final = re.compile(r"(?i)(?:overall )?(?:effectiveness|capacity|prospects|outcomes?|quality)\b")
_NUMBERING: Final = re.compile(r"\d+(?:\.\d+)*[.)]?")
_SCORE_HEAD: Final = re.compile(r"(?i)\b(?:scores?|rating|grade|judge?ment)\b")
#: What a paper on several homes says below the name of each.
_INSPECTED_ON: Final = re.compile(
    r"(?i)(?:(?:it|the (?:home|service|agency|centre|unit|setting)) was )?(?:last )?inspected (?:by \w+ )?"
    r"(?:on|from|between)\b|"
    r"(?:date of )?(?:full |interim )?inspection(?: date)?\s*:"
)


@dataclass
class _Review:
    """One inspection while it is being put together."""

    inspectorate: str | None
    framework: str | None
    start: str | None
    end: str | None
    at: tuple[int, int]
    lead: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The inspections of a paper, the main one first, and their judgements; ``spans`` are where judgements stand."""

    inspections: tuple[Inspection, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


@dataclass
class ReviewTeller:
    """Reads the inspections and judgements out of the prose blocks of one document."""

    document: ReadDocument
    authority: Authority | None
    published: str | None
    title: str | None
    reviews: list[_Review] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    _served: list[str | None] = field(default_factory=list)
    _group: str | None = None
    _days: list[tuple[int, int]] = field(default_factory=list)
    """Where the paper comes to another home and its day of inspection, and that inspection."""
    _lead: str = ""
    """The line that introduces the list at hand."""

    def tell(self, blocks: Iterable[Block], *, answered: bool, plans: frozenset[int] = frozenset()) -> Told:
        """plans: indices of the tables that are action plans, whose numbers are no grades.
        answered: whether the paper holds recommendations, findings or a plan, and so is about an inspection even
        where it gives neither date nor judgement."""
        prose = [block for block in blocks if block.table is None]
        main = self._main(prose)
        self.reviews.append(main)
        self._apart(prose)
        for index, block in enumerate(self.document.blocks):
            if block.table is not None and index not in plans:
                self._table(block)
        for block in prose:
            self._block(block)
        self._board(main)
        dated = main.start is not None
        judged = any(judgement.inspection == 0 for judgement in self.judgements)
        if not (dated or judged or (answered and (main.inspectorate is not None or main.framework is not None))):
            if len(self.reviews) == 1:
                return Told()
            self._drop_main()
        return Told(
            tuple(self._inspection(review) for review in self.reviews), tuple(self.judgements), tuple(self.spans)
        )

    def _board(self, main: _Review) -> None:
        """The review of the safeguarding board that goes with an inspection under the single framework."""
        named = _BOARD_REVIEW.search(self.document.text)
        of_board = [place for place, j in enumerate(self.judgements) if j.inspection == 0 and LSCB.search(j.area)]
        if named is None or not of_board or framework_id(main.framework, main.start) not in ("sif", None):
            return
        name = "Review of the effectiveness of the Local Safeguarding Children Board"
        self.reviews.append(_Review(main.inspectorate, name, main.start, main.end, (named.start(), named.end())))
        for place in of_board:
            self.judgements[place] = replace(self.judgements[place], inspection=len(self.reviews) - 1)

    def _apart(self, prose: Sequence[Block]) -> None:
        """One paper on several homes, each inspected on a day of its own: the judgements below go with that day."""
        events: list[tuple[int, PrintedDate, Block]] = []
        for start, end in sentences_in(self.document, prose):
            text = self.document.text[start:end]
            found = _INSPECTED_ON.match(text)
            dates = [date for date in find_dates(text) if len(date.earliest) == 10] if found else []
            if found and dates and dates[0].start <= found.end() + 12:
                block = next(each for each in prose if each.start <= start < each.end)
                events.append((start, dates[0], block))
        if len({date.earliest for _, date, _ in events}) < 2:
            return
        main = self.reviews[0]
        main.start, main.end, main.at = (
            events[0][1].earliest,
            events[0][1].latest,
            (events[0][2].start, events[0][2].end),
        )
        for at, date, block in events[1:]:
            self.reviews.append(
                _Review(main.inspectorate, main.framework, date.earliest, date.latest, (block.start, block.end))
            )
            self._days.append((at, len(self.reviews) - 1))

    def _drop_main(self) -> None:
        self.reviews.pop(0)
        self.judgements = [replace(j, inspection=j.inspection - 1) for j in self.judgements]

    # -------------------------------------------------------------------------------------------- the paper's own one

    def _main(self, prose: Sequence[Block]) -> _Review:
        body = main_body(self.document, self.title, prose)
        start, end, at = main_dates(self.document, self.title, self.published, prose, body)
        framework = main_framework(self.document, self.title, self.published, prose)
        return _Review(body, framework, start, end, at, lead_inspector(self.document, prose))

    # ----------------------------------------------------------------------------------------------------- judgements

    def _block(self, block: Block) -> None:
        text = self.document.slice(block)
        line = LINE.match(collapsed(text)) if len(text) < 200 else None
        line = line or _NUMBER_LINE.match(collapsed(text)) if len(text) < 120 else line
        if line is None and self._of_inspection():
            line = _SCORE_LINE.match(collapsed(text))
        quoted = line is not None and line.string[line.start("grade") - 1] in "‘“'\""
        if line and line["is"] and not line["rated"] and not quoted and not IS_GRADED.match(line["area"]):
            line = None  # "Young people's part in planning is outstanding" praises
        if line and names_area(line["area"]) and not FUTURE.search(text) and _is_name(line["area"]):
            given = Given(area_name(line["area"]), line["grade"], block.start, block.end, "council.line", 0.95)
            self._give(given, self._review_of(block.start, block.end, block.start, block))
            return
        answered = (
            (area, found)
            for area, pattern in (_QUESTIONS if "?" in text else ())
            if (found := re.fullmatch(pattern, collapsed(text)))
        )
        for area, found in answered:
            given = Given(area, found["grade"], block.start, block.end, "council.question", 0.95)
            self._give(given, self._review_of(block.start, block.end, block.start, block))
            return
        at = self.document.blocks.index(block)
        above = collapsed(self.document.slice(self.document.blocks[at - 1])) if at else ""
        self._lead = above if above.endswith(":") else self._lead if block.kind == "list_item" else ""
        reader = JudgementReader(self.document.text, self.reviews[0].inspectorate == "Ofsted", self._of_inspection())
        for start, end in sentences_in(self.document, (block,)):
            for given in reader.given(start, end, self._lead):
                self._give(given, self._review_of(start, end, given.start, block))

    def _give(self, given: Given, review: int) -> None:
        self.spans.append((given.start, given.end))
        if review == 0:
            review = next((index for at, index in reversed(self._days) if at <= given.start), 0)
        grade = collapsed(given.grade).strip("‘’'\"“”.")
        whom = (self._group if given.rule == "council.table" else None) or self._whom(given)
        for known, served in zip(self.judgements, self._served, strict=True):
            if known.inspection != review or not _same_grade(known.grade, grade):
                continue
            again = known.made_by is not None and known.made_by.name == given.rule == "council.rated"
            if again and given.area.casefold() in ("service", "programme", "council"):
                return  # "The service was considered fair because": said again
            alike = _whole(known.area) == _whole(given.area) or (
                given.rule == "council.capacity" and known.made_by is not None and known.made_by.name == given.rule
            )
            if alike and (whom is None or served is None or whom == served):
                return
        self._served.append(whom)
        self.judgements.append(
            Judgement(
                area=given.area,
                grade=grade,
                area_concept=area_concept(given.area),
                grade_concept=grade_concept(grade),
                inspection=review,
                evidence=evidence(self.document, given.start, given.end),
                made_by=maker(given.rule, given.score),
            )
        )

    def _whom(self, given: Given) -> str | None:
        """Whether a judgement of the old kind is on services for adults or for children, by the words before it."""
        before = self.document.text[max(0, given.start - 160) : given.end]
        clause = re.split(r"[.;\n]", before)[-1]
        if given.rule == "council.capacity" and re.fullmatch(OFSTEDS_GRADE, given.grade):
            found = re.findall(r"(?i)\b(safeguarding|looked[- ]after)\b", clause)
            return found[-1].lower().replace("-", " ") if found else None
        found = re.findall(r"(?i)\b(adult|child|young people|older people)", clause)
        return ("adults" if found[-1].lower().startswith(("adult", "older")) else "children") if found else None

    def _table(self, block: Block) -> None:
        """A table of judgements: areas at the left, grades in one column, or in one for each year."""
        assert block.table is not None
        rows = []
        for row in block.table.rows:
            texts = {
                cell.column: collapsed(" ".join(self.document.slice(line) for line in cell.lines))
                for cell in row.cells
                if cell.lines
            }
            rows.append((row, texts))
        heads = rows[0][1]
        scored = {column for column, head in heads.items() if column and _SCORE_HEAD.search(head)}
        if all(_SCORE_CELL.fullmatch(text) for _, texts in rows for column, text in texts.items() if column):
            scored = {1}  # a table without heads that is nothing but areas and scores
        if scored and not self._of_inspection():
            scored = set()

        if self._served_table(rows):
            return
        performing = {column for column, head in heads.items() if column and re.search(r"(?i)\bperform|^grade", head)}

        numbering = {0} if len(rows) >= 2 and all(_NUMBERING.fullmatch(t.get(0, "1.")) for _, t in rows[1:]) else set()

        def is_grade(column: int, text: str) -> bool:
            return column not in numbering and bool(
                _GRADE_CELL.match(text)
                or (column in scored and _SCORE_CELL.fullmatch(text))
                or (column in performing and re.fullmatch(r"(?i)well|adequately|poorly|excellent(?:ly)?", text))
            )

        graded = [
            (row, texts)
            for row, texts in rows
            if any(is_grade(column, text) for column, text in texts.items()) and len(texts) >= 2
        ]
        if len(graded) < max(1, 0.5 * (len(rows) - 1)) or not graded:
            return
        # a table that is nothing but names and grades, or whose head says that they are grades
        every = len(graded) == len(rows) >= 3
        columns = sorted({column for _, texts in graded for column, text in texts.items() if is_grade(column, text)})
        if len(columns) > 4 or 0 in columns:
            return
        headed = [column for column in columns if rows[0] not in graded and _SCORE_HEAD.search(heads.get(column, ""))]
        columns = headed or columns
        numbers = [c for c in columns if all(re.fullmatch(r"[1-4]", texts.get(c, "1")) for _, texts in graded)]
        if len(columns) == 2 and len(numbers) == 1:
            columns = [column for column in columns if column not in numbers]  # "Good" beside its 3
        heads = heads if rows[0] not in graded else {}
        every = every or (
            len(graded) == len(rows) - 1 >= 2 and _SCORE_HEAD.search(heads.get(columns[0], "")) is not None
        )
        years = [found[0].earliest[:4] for column in columns if (found := find_dates(heads.get(column, "")))]
        latest = max(years) if len(set(years)) == len(columns) else None
        reviews = {
            column: self._column_review(heads.get(column, ""), latest, len(columns), block) for column in columns
        }
        groups = self._group_columns([texts for _, texts in graded], min(columns))
        self._group = self._line_above(block)
        crossed = len(columns) >= 2 and all(_CROSS_HEAD.match(heads.get(column, "")) for column in columns)
        for row, texts in rows:
            if len(texts) < 2 or not any(is_grade(column, text) for column, text in texts.items()):
                if len(texts) == 1 and len(next(iter(texts.values())).split()) <= 10:
                    self._group = next(iter(texts.values())).casefold()
                continue
            first = min(set(texts) - numbering - groups, default=0)
            if first in columns or not (every or names_area(texts[first])):
                continue
            for column in columns:
                text = texts.get(column, "")
                if is_grade(column, text):
                    cell = next(c for c in row.cells if c.column == column)
                    self._give(
                        Given(
                            area_name(texts[first]) + (f": {heads[column]}" if crossed else ""),
                            text,
                            cell.lines[0].start,
                            cell.lines[-1].end,
                            "council.table",
                            0.97,
                        ),
                        reviews[column],
                    )

    def _group_columns(self, graded: Sequence[dict[int, str]], grades: int) -> set[int]:
        """Columns before those that name what is judged: they say the same of several rows, which those tell apart."""
        left = sorted({column for texts in graded for column in texts if column < grades})
        if len(left) < 2 or len(graded) < 3:
            return set()
        names = [texts.get(left[-1], "") for texts in graded]
        told_apart = all(names) and len(set(names)) == len(names)
        again = {column for column in left[:-1] if len({texts.get(column, "") for texts in graded}) < len(graded)}
        return again if told_apart else set()

    def _served_table(self, rows: Sequence[tuple[Row, dict[int, str]]]) -> bool:
        """A table of the ratings of 2002 to 2007: for adults and for children, how many are served well and with what
        capacity."""
        heads = {
            column: area
            for column, head in rows[0][1].items()
            for area, pattern in _SERVED_HEADS
            if re.search(pattern, head)
        }
        if not any(area == "Serving people" for area in heads.values()):
            return False
        for row, texts in rows[1:]:
            self._group = texts[min(texts)].casefold()
            for cell in row.cells:
                text = texts.get(cell.column, "")
                if cell.column in heads and _SERVED_CELL.fullmatch(text):
                    span = (cell.lines[0].start, cell.lines[-1].end)
                    self._give(Given(heads[cell.column], text, *span, "council.table", 0.97), 0)
        return True

    def _of_inspection(self) -> bool:
        """Whether a share of work is a score: only of inspections that give one, as those of youth offending do."""
        return self.reviews[0].inspectorate == "HMI Probation"

    def _line_above(self, block: Block) -> str | None:
        """The short line right above a table, which says what it grades."""
        at = self.document.blocks.index(block)
        above = self.document.blocks[at - 1] if at else None
        text = collapsed(self.document.slice(above)) if above is not None and above.table is None else ""
        return text.casefold() if 0 < len(text.split()) <= 10 and not text.endswith((".", ":")) else None

    def _column_review(self, head: str, latest: str | None, count: int, block: Block) -> int:
        """The inspection of a column of grades: an earlier one where its head names another year than the main one, or,
        where the paper does not date that, than the ``latest`` of the columns."""
        if count == 1:
            return 0
        dates = find_dates(head)
        main = self.reviews[0]
        main_year = main.start[:4] if main.start else latest
        if dates and main_year and dates[0].earliest[:4] != main_year:
            return self._known(
                _Review(
                    body_in(head) or main.inspectorate,
                    None,
                    dates[0].earliest,
                    dates[0].latest,
                    (block.start, block.end),
                )
            )
        if EARLIER.search(head):
            return self._known(
                _Review(
                    main.inspectorate,
                    None,
                    dates[0].earliest if dates else None,
                    dates[0].latest if dates else None,
                    (block.start, block.end),
                )
            )
        return 0

    # ------------------------------------------------------------------------------------------------ whose judgement

    def _review_of(self, start: int, end: int, at: int, block: Block) -> int:
        """Which inspection a judgement at ``at`` belongs to, by the review that its own clause names."""
        text = self.document.text[start:end]
        offset = at - start
        main = self.reviews[0]
        named_here = mentions(text, (main.start, main.end or main.start) if main.start else None)
        governing = [m for m in named_here if m.start < offset]
        following = [
            m
            for m in named_here
            if m.start >= offset
            and re.match(r"^.{0,60}?\b(?:by|in|from|at|of|under)\b", text[offset : m.start + 1], re.DOTALL)
        ]
        chosen = None
        if governing and (
            not following
            or following[0].start - offset > offset - governing[-1].end
            or governing[-1].framework is not None
        ):
            chosen = governing[-1]
        elif following:
            chosen = following[0]
        if following and governing and re.match(r"[’'\"”\s\w]{0,24}\bby\b", text[offset : following[0].start]):
            chosen = following[0]
        if chosen is None:
            return 0
        named = [
            m
            for m in named_here
            if m is chosen
            or (abs(m.start - chosen.start) < 70 and (m.body is None) != (chosen.body is None))
            or (m.framework is not None and 0 <= m.start - chosen.end < 3)
        ]
        framework = next((m.framework for m in (chosen, *named) if m.framework), None)
        body = next((m.body for m in (chosen, *named) if m.body), None)
        earlier = chosen.earlier
        date = self._date_near(text, chosen.start, chosen.end)
        apart = date is not None and main.start is not None and date.earliest[:4] != main.start[:4]
        apart = (
            apart
            and re.search(r"(?i)\b(?:in|during|since)\s+(?:\w+\s+)?$", text[: date.start if date else 0]) is not None
        )
        if not earlier and not apart and not framework and (body is None or body == main.inspectorate):
            return 0
        if framework is not None and not earlier and self._is_main(framework, body, date):
            return 0
        if (
            body is not None
            and not earlier
            and framework is None
            and body != main.inspectorate
            and date is None
            and main.inspectorate is None
        ):
            return 0
        known = self._same_review(framework, body, date)
        if known is not None:
            return known
        if framework is None and body is not None and (recalled := self._recalled(body, block)) is not None:
            framework, date = recalled
        if date is None and not earlier and framework is None:
            return 0
        span = (start, end)
        whole_council = framework is not None and framework_id(framework) == "cpa"
        if body is None and not whole_council and date is not None and _in_office(main.inspectorate, date.earliest):
            body = main.inspectorate
        return self._known(
            _Review(body, framework, date.earliest if date else None, date.latest if date else None, span)
        )

    def _is_main(self, framework: str, body: str | None, date: PrintedDate | None) -> bool:
        main = self.reviews[0]
        if date is not None and main.start is not None and not main.start.startswith(date.earliest[:4]):
            return False
        if body is not None and main.inspectorate is not None and body != main.inspectorate:
            return False
        own = framework_id(main.framework) if main.framework else None
        other = framework_id(framework)
        return (
            own == other
            or (main.framework or "").casefold() == framework.casefold()
            or (own is None and other != "cpa")
            or other is None
        )

    def _same_review(self, framework: str | None, body: str | None, date: PrintedDate | None) -> int | None:
        """An earlier review already told of: the same framework, and no other body or year."""
        for index, review in enumerate(self.reviews[1:], start=1):
            if framework is None or review.framework is None:
                continue
            alike = framework_id(framework) == framework_id(review.framework) or review.framework.casefold().startswith(
                framework.casefold()
            )
            other_body = body is not None and review.inspectorate is not None and body != review.inspectorate
            other_year = date is not None and review.start is not None and date.earliest[:4] != review.start[:4]
            if alike and not other_body and not other_year:
                return index
        return None

    def _recalled(self, body: str, block: Block) -> tuple[str | None, PrintedDate | None] | None:
        """What the same paragraph said of this body's review: its name and its year."""
        text = self.document.slice(block)
        pattern = next(p for name, p in BODIES if name == body)
        for match in re.finditer(pattern, text):
            date = self._date_near(text, match.start(), match.end())
            if date is not None:
                name = re.findall(
                    r"(?:[A-Z][\w’']+ ){1,5}(?:Audit|Review|Assessment|Inspection)\b", text[: match.start()]
                )
                return (re.sub(r"^(?:The|This|That) ", "", name[-1]) if name else None), date
        return None

    def _date_near(self, text: str, start: int, end: int) -> PrintedDate | None:
        """The date of a named review: close after it, or just before its name ("CSCI 2004 annual review")."""
        near = [
            date
            for date in find_dates(text)
            if -40 <= date.start - end <= 45 or 0 <= start - date.end <= 25 or start <= date.start <= end
        ]
        near = [date for date in near if not re.search(r"[.;(]", text[end : date.start])]
        return min(near, key=lambda date: min(abs(date.start - end), abs(start - date.end))) if near else None

    def _known(self, review: _Review) -> int:
        for index, held in enumerate(self.reviews):
            if index == 0 and review.framework is None:
                continue
            if (held.inspectorate, held.start, held.framework) == (review.inspectorate, review.start, review.framework):
                return index
        self.reviews.append(review)
        return len(self.reviews) - 1

    def _inspection(self, review: _Review) -> Inspection:
        span: Evidence | None = evidence(self.document, *review.at) if review.at[1] > review.at[0] else None
        return Inspection(
            inspectorate=review.inspectorate,
            framework=review.framework,
            authority=self.authority.name if self.authority else None,
            gss_code=self.authority.gss_code if self.authority else None,
            start=review.start,
            end=review.end,
            lead_inspector=review.lead,
            framework_id=framework_id(review.framework, review.start) or framework_id(_own_words(review)),
            evidence=span,
            made_by=maker("council.inspection", 0.9),
        )


def _in_office(body: str | None, day: str) -> bool:
    """Whether a body inspected children's services on a day: each took over from the one before."""
    first, last = {"SSI": ("1985", "2004-04"), "CSCI": ("2004-04", "2007-04"), "Ofsted": ("2007", "9999")}.get(
        body or "", ("9999", "0")
    )
    return first <= day <= last


def _own_words(review: _Review) -> str | None:
    return {"CSCI": "CSCI inspection", "SSI": "SSI inspection"}.get(review.inspectorate or "")


def _same_grade(left: str, right: str) -> bool:
    a, b = grade_concept(left), grade_concept(right)
    return a == b if a is not None else left.casefold() == right.casefold()


def _whole(area: str) -> str:
    """An area's name in lower case, "overall effectiveness of children's services" as the overall effectiveness."""
    return re.sub(
        r"(?<=effectiveness) of (?:the )?(?:(?:local authority|council)[’']s )?children[’']s (?:social care )?"
        r"services$",
        "",
        area.casefold(),
    )


def _is_name(area: str) -> bool:
    """Whether a line's words are a name and no clause; one of Ofsted's own names is a clause."""
    return not TELLING.search(area) or re.fullmatch(r"(?i)children and young people are safe.*", area) is not None
