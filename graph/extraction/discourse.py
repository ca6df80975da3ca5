"""What a council's paper reports in prose: findings, areas for development, actions that it announces.

The paper is read as a discourse: headings and the sentences that introduce lists say what the items below them are;
a sentence on its own is a finding where it says that the inspectors found, noted or praised something, an action where
the council says what it will do. What the committee is asked to decide is neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Final

from graph.dates import find_dates, timescale_edtf
from graph.extraction.action_tails import Tail, tail_of
from graph.extraction.announced import announces, responsible_in, timescale_in
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.modes import (
    AS_FOLLOWS,
    DECIDING,
    DECISION_VERB,
    GRADED_LINE,
    LEAD_ACTION,
    LEAD_EXPECTED,
    LEAD_IMPROVE,
    LEAD_METHOD,
    LEAD_STRENGTH,
    LEAD_WEAK,
    LISTED,
    NAMES_A_PART,
    OFFICER_SAID,
    QUOTED,
    REPORTED,
    STATEMENT_ASKED,
    WHEN_TO_ACT,
    Mode,
    asks,
    leaning_of,
    mode_of_heading,
    mode_said,
)
from graph.extraction.paper_lists import (
    is_below,
    is_paragraph_number,
    list_family,
    next_list_family,
    number_of,
    running_numbers,
    unmarked_items,
)
from graph.extraction.reported import (
    ACTIVE,
    ANNOUNCES,
    BODY,
    SAW_MUCH,
    Surroundings,
    reports_finding,
    strongly_reported,
    told_polarity,
)
from graph.extraction.sentences import sentences
from graph.extraction.strength_tables import listed_in_table
from graph.model import Action, Block, Finding, Polarity, ReadDocument, Recommendation, Segment

#: Nobody writes longer sentences; patterns are not tried on what only looks like one.
MAX_SENTENCE: Final = 6_000


_PARTS: Final = (*LISTED, "findings", "actions")
_NUMBERED_PART: Final = re.compile(
    r"(?i)(?:standard|outcome|theme|priority|section|domain|area)\s+\w{1,3}\s*[:–-]\s+(?-i:[A-Z])[^.;:]*"
)
"""How a part of a scheme of standards is headed."""
_ONE_RECOMMENDATION: Final = re.compile(
    r"(?i)^(?:there (?:was|were|is) (?:only )?(?:one|a single|a) (?:\w+ )?recommendation\b|(?:the|its|"
    r"their) (?:only|one|sole|single) "
    r"(?:\w+ )?recommendation\b|(?:the )?(?:inspect\w+|ofsted|csci|ssi|cqc|they|it)\s+(?:also\s+)?recommend(?:s|"
    r"ed) that\b)"
)
_SAYS_WHAT_IT_LISTS: Final = re.compile(
    r"(?i)(?:\w+ ){0,2}(?:strengths?|weaknesses|areas? (?:for|of|requiring) [\w ]+|recommendations?|positives?|"
    r"negatives?|"
    r"concerns?|good practice|shortcomings|what \w+ (?:well|good|better))"
)
"""A label on the line of what it lists."""


@dataclass
class _Place:
    """Where the reading stands: the heading above, what it makes of what follows, and the list that was introduced."""

    section: str | None = None
    mode: Mode | None = None
    level: float = 0
    """Of the heading that gave ``mode``: deeper ones that say nothing leave it."""
    list_mode: Mode | None = None
    list_marker: str | None = None
    list_stem: str | None = None
    """The number of the paragraph that introduced the list, where its items are numbered below it: 3.4.1 below 3.4."""
    last_mode: Mode | None = None
    reporter: bool = False
    deadline: str | None = None
    listed: bool = False
    listed_finding: bool = False
    announced: bool = False
    """Whether a sentence of this paragraph said that findings follow in those after it."""


@dataclass
class ProseReader:
    """Reads the prose blocks of a council's paper, in order; ``spans`` are judgements already told, left alone here."""

    document: ReadDocument
    spans: Sequence[tuple[int, int]] = ()
    after: str | None = None
    letter: bool = False
    minutes: bool = False
    """In minutes what will be done is told as what would be."""
    skip: frozenset[int] = frozenset()
    title: str | None = None
    """Names all that follows, not what stands right below it."""
    findings: list[Finding] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    _place: _Place = field(default_factory=_Place)

    def read(self) -> None:
        for index, block in enumerate(self.document.blocks):
            if index in self.skip:
                self._place.list_mode = None
                continue
            if block.table is not None:
                self._table(block)
            elif block.kind == "heading" or self._heads(index, block) or self._heads_part(block):
                self._heading(index, block)
            elif block.kind == "footnote":
                self._note(block, "skipped", "a footnote", None)
            else:
                self._prose(index, block)

    # ------------------------------------------------------------------------------------------------------- headings

    def _heading(self, index: int, block: Block) -> None:
        text = collapsed(self.document.slice(block)).rstrip(" .:")
        place = self._place
        titled = self.title is not None and text.casefold() == self.title.casefold().rstrip(" .:")
        mode, level = self._mode_of_heading(text, index), float(block.level)
        mode = None if titled and mode not in LISTED else mode
        if mode is None and (announced := self._announced_above(index)) is not None:
            mode, level = announced, block.level - 0.5  # also for the headings beside this one
        inherited = place.mode is not None and (block.level > 3 or (block.level > place.level and place.mode in _PARTS))
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        if (
            mode in (None, "aside")
            and place.mode == "actions"
            and block.marker
            and following
            and following.kind == "list_item"
        ):
            # "1. Recruitment", below "Update on actions": so are those beside it
            mode, level = place.mode, block.level - 0.5
        place.section = text
        if mode is not None or not inherited:
            place.mode, place.level = mode, level
        place.list_mode = place.mode if place.mode in (*LISTED, "actions") else None
        place.list_marker = None
        place.last_mode = None
        place.listed_finding = False
        place.reporter = False
        place.deadline = None
        place.listed = False
        self._note(block, "heading", f"a heading; what follows is read as {place.mode or 'prose'}", None)

    def _announced_above(self, index: int) -> Mode | None:
        """What the line above a heading says of the lists below: "the following recommendations were made:"."""
        if not self._after_lead(index) and not self._after_announcement(index):
            return None
        above = self.document.blocks[index - 1]
        last = [
            collapsed(self.document.text[start:end])
            for start, end in sentences(self.document.text, above.start, above.end)
        ][-1:]
        mode = self._mode_of_lead(last[0], "") if last else None
        return mode if mode in (*LISTED, "findings") else None

    def _after_announcement(self, index: int) -> bool:
        """Whether the block right above ends in "... are as follows." or the like, of what the inspection found."""
        above = collapsed(self.document.slice(self.document.blocks[index - 1])) if index else ""
        return AS_FOLLOWS.search(above) is not None and REPORTED.search(above) is not None

    def _heads(self, index: int, block: Block) -> bool:
        """Whether a short line that no format marks is a heading, by what it says of what follows."""
        text = collapsed(self.document.slice(block))
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        return (
            (block.marker is None if block.kind == "paragraph" else self._numbers_part(block, following))
            and following is not None
            and (1 if block.kind == "list_item" else 2) <= len(text.split()) <= 10
            and text[:1].isupper()
            and not re.search(r"[.:;,!]$", text)
            and index not in self._unmarked
            and (
                (NAMES_A_PART.match(text) is not None and self._mode_of_heading(text, index) in _PARTS)
                or self._stands_between(index, text)
            )
        )

    def _numbers_part(self, block: Block, following: Block | None) -> bool:
        """A number before a few words that head bullets or a paragraph: "2. What did inspectors like?"."""
        number = block.kind == "list_item" and list_family(block.marker) == "numbered"
        return number and following is not None and list_family(following.marker) not in ("numbered", "sectioned")

    def _heads_part(self, block: Block) -> bool:
        text = collapsed(self.document.slice(block))
        return block.kind == "paragraph" and len(text.split()) <= 14 and _NUMBERED_PART.fullmatch(text) is not None

    def _stands_between(self, index: int, text: str) -> bool:
        """Whether a few words stand alone between paragraphs that are whole: the heading of another part."""
        above, below = self.document.blocks[index - 1] if index else None, self.document.blocks[index + 1]
        if above is None or above.kind == "heading" or below.kind != "paragraph" or len(text.split()) > 6:
            return False
        ended = self.document.slice(above).rstrip().endswith((".", ".”", '."'))
        return ended and len(self.document.slice(below).split()) >= 8 and not WHEN_TO_ACT.match(text)

    def _mode_of_heading(self, text: str, index: int) -> Mode | None:
        return mode_of_heading(text, decides=partial(self._decides_below, index))

    def _decides_below(self, index: int) -> bool:
        """Whether the blocks under a heading ask a committee to decide."""
        for block in self.document.blocks[index + 1 : index + 4]:
            if block.table is not None:
                return False
            text = collapsed(self.document.slice(block))
            if DECIDING.search(text) or DECISION_VERB.match(text):
                return True
        return False

    # ---------------------------------------------------------------------------------------------------------- prose

    def _prose(self, index: int, block: Block) -> None:
        place = self._place
        text = self.document.slice(block)
        plain = collapsed(text)
        family = list_family(block.marker)
        below = place.list_stem is not None and (block.marker or "").startswith(f"{place.list_stem}.")
        bullet = index in self._unmarked or (
            block.kind == "list_item" and (below or not self._is_numbered_paragraph(index, block))
        )
        changed = bullet and place.list_marker is not None and family != place.list_marker
        announced = place.list_mode in (*QUOTED, *LISTED) and not bullet and self._after_lead(index)
        if (not bullet and not announced and not self._leads_in(index, block)) or (
            changed and family in ("numbered", "sectioned")
        ):
            place.list_mode = place.mode if place.mode in LISTED and block.kind == "list_item" and not changed else None
            place.list_marker = None
        if place.mode == "aside" and not strongly_reported(plain):
            self._aside(block)
            return
        if DECIDING.search(plain) and not strongly_reported(plain):
            place.list_mode = "decision"
            place.list_marker = next_list_family(self.document.blocks, index)
            self._note(block, "skipped", "asks the committee to decide", "council.decision")
            return
        if place.mode == "decision" or place.list_mode == "decision":
            self._note(block, "skipped", "what the committee is asked to decide", "council.decision")
            return
        if self._leads_in(index, block):
            self._lead_in(index, block, plain)
            return
        if place.mode in LISTED and not bullet and self._names_group(index, block):
            place.list_mode = place.mode
            place.list_marker = next_list_family(self.document.blocks, index)
            self._note(block, "heading", "names a group of items", None)
            return
        if self._labelled_items(block, text):
            return
        if place.list_mode in QUOTED and not bullet and self._after_lead(index):
            mode, place.mode, place.list_mode = place.mode, place.list_mode, None
            self._sentences(block)
            place.mode = mode
            return
        if (
            place.list_mode in ("improvement", "recommendations")
            and not bullet
            and self._after_lead(index)
            and asks(plain)
        ):
            self._item(block, place.list_mode)
            return
        if place.list_mode is not None and bullet:
            if place.list_marker is None:
                place.list_marker = list_family(block.marker)
            self._item(block, place.list_mode)
            return
        if place.mode in ("improvement", "recommendations") and not bullet and _says_when(plain):
            place.deadline = plain.rstrip(" :-")
            place.list_mode = place.mode
            self._note(block, "heading", "says by when what follows is due", None)
            return
        if (
            place.mode in ("improvement", "recommendations")
            and not place.listed
            and block.kind in ("paragraph", "list_item")
            and asks(plain)
        ):
            self._recommend(block.start, block.end, None, "council.section")
            self._note(block, "recommendation", f"stands under “{place.section}”", "council.section")
            return
        self._sentences(block)

    def _is_numbered_paragraph(self, index: int, block: Block) -> bool:
        return block.kind == "list_item" and (is_paragraph_number(block) or index in self._running)

    @cached_property
    def _running(self) -> frozenset[int]:
        return running_numbers(self.document.blocks)

    @cached_property
    def _unmarked(self) -> frozenset[int]:
        return unmarked_items(self.document)

    def _aside(self, block: Block) -> None:
        """Sections on money, law and the like: only an action may stand there."""
        made = False
        for start, end in sentences(self.document.text, block.start, block.end):
            made |= self._action(start, end)
        self._note(block, "action" if made else "skipped", f"stands under “{self._place.section}”", "council.aside")

    def _leads_in(self, index: int, block: Block) -> bool:
        """Whether a block introduces a list: it ends in a colon, or in an open phrase, and bullets follow."""
        text = self.document.slice(block).rstrip()
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        if following is None:
            return False
        if index + 1 in self._unmarked and index not in self._unmarked:
            return True
        if index in self._unmarked:
            return False
        if following.kind == "list_item" and (
            not self._is_numbered_paragraph(index + 1, following) or is_below(block, following)
        ):
            if re.search(r":\s*[-–]?$", text):
                return True
            if (
                not re.search(r"[.!?][’”\"')\]]*$", text)
                and block.kind == "paragraph"
                and block.end - block.start >= 12
                and not (is_paragraph_number(following) and self._after_lead(index))
            ):
                return True
            if (
                not re.search(r"[.!?;,][’”\"')\]]*$", text)
                and list_family(block.marker) in ("numbered", "sectioned")
                and list_family(following.marker) == "bulleted"
            ):
                return True
            opened = re.search(
                r"(?i)\b(?:the following|these (?:are|include|included|were)|in the areas? of|as follows|include|"
                r"includes|included|following areas?[\w ]*)\W*$",
                text,
            )
            return bool(opened)
        return text.endswith((":", ":-")) and following.kind == "paragraph" and len(text.split()) <= 14

    def _names_group(self, index: int, block: Block) -> bool:
        """A line of a few words right above bullets: "For adults"."""
        text = self.document.slice(block).rstrip()
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        bullets = following is not None and following.kind == "list_item" and not is_paragraph_number(following)
        return bullets and block.kind == "paragraph" and len(text.split()) <= 5 and not text.endswith((".", ";", ","))

    @cached_property
    def _labels(self) -> Counter[str]:
        """How often each label begins a block: a committee is asked to decide once."""
        starts = (re.match(r"[A-Z][\w ’'-]{3,48}?(?=\s*:\s)", self.document.slice(b)) for b in self.document.blocks)
        return Counter(found.group() for found in starts if found)

    def _labelled_items(self, block: Block, text: str) -> bool:
        """A line that says itself what it lists: "Strengths: road safety; the stability of placements"."""
        found = re.match(r"(?P<label>[A-Z][\w ’'-]{3,48}?)\s*(?::|\s[-–—])\s+(?=\S)", text)
        mode = self._mode_of_heading(found["label"], len(self.document.blocks)) if found else None
        if (
            found is None
            or mode not in LISTED
            or not _SAYS_WHAT_IT_LISTS.fullmatch(found["label"])
            or (mode == "recommendations" and self._labels[found["label"]] < 2)
        ):
            return False
        start = block.start + found.end()
        for begin, end in sentences(self.document.text, start, block.end):
            if mode in ("improvement", "recommendations"):
                self._recommend(begin, end, None, "council.label")
            else:
                self._find(begin, end, "council.label", "strength" if mode == "strengths" else "improvement", 0.9)
        kind = "recommendation" if mode in ("improvement", "recommendations") else "finding"
        self._note(block, kind, f"labelled “{found['label']}”", "council.label")
        return True

    def _after_lead(self, index: int) -> bool:
        """Whether the block right above ends in the colon that announces this paragraph."""
        above = self.document.blocks[index - 1] if index else None
        return above is not None and above.table is None and self.document.slice(above).rstrip().endswith(":")

    def _lead_in(self, index: int, block: Block, plain: str) -> None:
        """Reads the sentences before the one that introduces, then says what the list's items will be."""
        place = self._place
        spans = list(sentences(self.document.text, block.start, block.end))
        for start, end in spans[:-1]:
            self._sentence(start, end)
        last = collapsed(self.document.text[spans[-1][0] : spans[-1][1]]) if spans else plain
        previous = " ".join(collapsed(self.document.text[start:end]) for start, end in spans[:-1][-1:])
        if block.kind == "list_item":
            # a numbered paragraph begins a new list; only a short line between bullets goes on with the one above
            place.list_mode = place.mode if place.mode in LISTED else None
        mode = self._mode_of_lead(last, previous)
        place.deadline = last.rstrip(" :-") if WHEN_TO_ACT.search(last) else None
        place.list_mode = mode
        place.list_marker = next_list_family(self.document.blocks, index)
        following = self.document.blocks[index + 1].marker or ""
        stem = (block.marker or "").rstrip(".)")
        place.list_stem = stem if stem and following.startswith(f"{stem}.") else None
        self._note(
            block,
            "lead-in",
            f"introduces a list that is read as {mode or 'neither findings nor recommendations'}",
            "council.lead-in",
        )

    def _mode_of_lead(self, lead: str, before: str) -> Mode | None:
        place = self._place
        if LEAD_EXPECTED.search(lead) or (self.minutes and OFFICER_SAID.match(lead)):
            return "method"
        if DECIDING.search(lead) and not strongly_reported(lead):
            return "decision"
        if leaning_of(lead) == "actions" and not LEAD_IMPROVE.search(lead):
            return "actions"
        headed = (
            self._mode_of_heading(lead.rstrip(" :-"), len(self.document.blocks)) if len(lead.split()) <= 9 else None
        )
        if headed == "strengths" and LEAD_IMPROVE.search(lead):
            headed = None  # "good practice recommendations"
        if (
            place.list_mode is not None
            and place.list_mode != "method"
            and len(lead.split()) <= 9
            and (headed is None or WHEN_TO_ACT.search(lead))
            and not any(p.search(lead) for p in (LEAD_IMPROVE, LEAD_STRENGTH, LEAD_WEAK))
        ):
            return place.list_mode
        if headed not in (None, "aside", "actions", "decision"):
            return headed
        neutral = len(lead.split()) <= 6 and not any(p.search(lead) for p in (LEAD_IMPROVE, LEAD_STRENGTH, LEAD_WEAK))
        if neutral and re.search(r"(?i)\b(?:these|this|they|the following|include|included)\b", lead):
            if (said := mode_said(before)) is not None and place.mode != "decision":
                return said
            return place.last_mode or place.mode if place.mode != "decision" else "decision"
        scope = f"{before} {lead}" if neutral else lead
        reported = (
            bool(REPORTED.search(lead) or REPORTED.search(before))
            or place.reporter
            or self.letter
            or self._in_report_of_findings()
            or lead[:1].islower()  # goes on with the sentence before the list above
            or re.search(r"(?i)\b(?:recommendation|requirement)s? (?:was|were|have been|has been) made\b", lead)
            is not None
            or place.mode in ("findings", "strengths", "improvement", "recommendations")
        )
        if STATEMENT_ASKED.search(f"{before} {lead}"):
            return "improvement"
        improve, weak, strong = LEAD_IMPROVE.search(scope), LEAD_WEAK.search(scope), LEAD_STRENGTH.search(scope)
        if reported and improve:
            return "recommendations" if re.search(r"(?i)recommend", scope) else "improvement"
        if reported and weak and not (strong and strong.end() > weak.end()):
            return "weaknesses"
        if reported and strong:
            return "strengths"
        if LEAD_METHOD.search(lead) and not re.search(r"(?i)\bfound (?:that|the)\b|\bcomments:", lead):
            return "method"
        if reported and re.search(
            r"(?i)\b(?:found|reasons|notes?|noted|comments?|commented|says?|said|writes?|wrote|states?|stated|"
            r"concludes?|"
            r"concluded|findings?)\b",
            lead,
        ):
            return "findings"
        if reported and (leaning := leaning_of(lead)) is not None:
            return leaning
        if place.mode in ("strengths", "improvement", "recommendations", "weaknesses", "findings", "actions"):
            return place.mode
        if LEAD_ACTION.search(lead) and not LEAD_METHOD.search(lead):
            return "actions"
        return "method"

    def _item(self, block: Block, mode: Mode) -> None:
        text = collapsed(self.document.slice(block))
        self._place.listed = True
        judged = any(block.start <= a < block.end for a, _ in self.spans)
        if (
            judged
            and (mode == "findings" or GRADED_LINE.search(text))
            and len(text.split()) <= 22
            and len(list(sentences(text, 0, len(text)))) == 1
        ):
            self._note(block, "judgement", "an item of a list of judgements", "council.list")
            return
        if mode in ("improvement", "recommendations"):
            self._recommend(block.start, block.end, number_of(block.marker), "council.list")
            self._note(block, "recommendation", "an item of a list of what should improve", "council.list")
        elif mode in ("strengths", "weaknesses", "findings"):
            polarity: Polarity | None = {"strengths": "strength", "weaknesses": "improvement"}.get(mode)  # type: ignore[assignment]
            self._find(block.start, block.end, "council.list", polarity, 0.95)
            self._note(block, "finding", f"an item of a list of {mode}", "council.list")
        elif mode == "actions":
            if len(text.split()) >= 4 and not re.match(r"(?i)(?:the )?(?:report|letter|appendix|annex)", text):
                tail = tail_of(self.document.slice(block))
                self._act(block.start, block.start + tail.end if tail else block.end, "council.list", tail)
                self._note(block, "action", "an item of a list of actions", "council.list")
            else:
                self._note(block, "skipped", "too short to be an action", "council.list")
        elif self.minutes:
            made = self._sentences(block, after_finding=self._place.listed_finding)  # what will be done is among them
            self._place.listed_finding = "finding" in made
        else:
            self._note(block, "skipped", "an item of a list about method or context", "council.list")

    def _sentences(self, block: Block, *, after_finding: bool = False) -> set[str]:
        """What became of its sentences. ``after_finding``: it goes on with a list whose last item reports one."""
        place = self._place
        place.reporter = place.reporter and self.document.slice(block).startswith("They ")
        made: set[str] = set()
        last_finding = after_finding
        place.announced, place.reporter = False, place.reporter or after_finding
        for start, end in sentences(self.document.text, block.start, block.end):
            if end - start > MAX_SENTENCE:
                continue
            outcome = self._sentence(start, end, follows=last_finding)
            last_finding = outcome == "finding"
            if outcome:
                made.add(outcome)
        best = next((kind for kind in ("finding", "recommendation", "action", "judgement") if kind in made), "skipped")
        self._note(
            block,
            best,
            "read sentence by sentence" if made else "no sentence reports a finding or announces an action",
            "council.sentence",
        )
        return made

    def _sentence(self, start: int, end: int, *, follows: bool = False) -> str | None:
        text = collapsed(self.document.text[start:end])
        place = self._place
        if REPORTED.search(text) and re.search(rf"(?i){BODY}", text):
            reporter = True
        else:
            reporter = False
        told = any(a < end and start < b for a, b in self.spans)
        if told:
            place.reporter = place.reporter or reporter
            return "judgement"
        outcome: str | None = None
        if _ONE_RECOMMENDATION.match(text) and len(text.split()) > 6 and not text.endswith(":"):
            self._recommend(start, end, None, "council.sentence")
            return "recommendation"
        told_of = reporter or place.reporter or place.mode == "findings" or self._in_report_of_findings()
        if (ANNOUNCES.match(text) or SAW_MUCH.match(text)) and told_of:
            place.announced = place.reporter = True
            place.last_mode = mode_said(text)
            return None
        if self.minutes and self._action(start, end):
            outcome = "action"
        elif self._is_finding(text, follows):
            self._find(start, end, "council.sentence", None, 0.85)
            place.last_mode = mode_said(text)
            outcome = "finding"
        elif self._action(start, end):
            outcome = "action"
        elif LEAD_IMPROVE.search(text) and reporter:
            place.last_mode = "improvement"
        place.reporter = place.reporter or reporter
        return outcome

    def _is_finding(self, text: str, follows: bool) -> bool:
        place = self._place
        surroundings = Surroundings(
            place.mode,
            place.reporter,
            place.announced,
            self.letter,
            told=bool(self.findings),
            among=self._in_report_of_findings(),
        )
        return reports_finding(text, surroundings, follows=follows)

    def _in_report_of_findings(self) -> bool:
        """Whether the section is about what the letter says: its heading, or findings that it already gave."""
        section = self._place.section or ""
        if re.search(r"(?i)conclusions?|summary|findings|letter|outcome|report", section) and self._place.mode in (
            None,
            "findings",
        ):
            return True
        return bool(self.findings) and self.findings[-1].section == self._place.section

    # --------------------------------------------------------------------------------------------------------- tables

    def _table(self, block: Block) -> None:
        """Strengths beside areas for improvement; other tables are left to plans and judgements."""
        listed = listed_in_table(self.document, block)
        for line, mode in listed:
            if mode == "improvement":
                self._recommend(line.start, line.end, None, "council.table")
            else:
                polarity: Polarity = "strength" if mode == "strengths" else "improvement"
                self._find(line.start, line.end, "council.table", polarity, 0.95)
        if listed:
            self._note(block, "finding", "a table of strengths and areas for improvement", "council.table")
        else:
            self._note(block, "skipped", "a table that is neither a plan nor a list of findings", None)

    # ---------------------------------------------------------------------------------------------------------- items

    def _find(self, start: int, end: int, rule: str, polarity: Polarity | None, score: float) -> None:
        text = collapsed(self.document.text[start:end])
        if not re.search(r"[A-Za-z]{3}", text):
            return
        value, certainty = (polarity, 0.95) if polarity else told_polarity(text)
        self.findings.append(
            Finding(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, score),
                section=self._place.section,
                polarity=value,
                polarity_score=certainty,
                polarity_made_by=maker("polarity.list" if polarity else "polarity.rule", certainty),
            )
        )

    def _recommend(self, start: int, end: int, ref: str | None, rule: str) -> None:
        text = collapsed(self.document.text[start:end])
        if not re.search(r"[A-Za-z]{3}", text):
            return
        dates = find_dates(text, self.after)
        deadline = re.search(r"(?i)\bby (?:the )?(?:end of )?$", text[: dates[0].start]) if dates else None
        self.recommendations.append(
            Recommendation(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, 0.9),
                ref=ref,
                section=self._place.section,
                deadline=text[deadline.start() : dates[0].end] if deadline else self._place.deadline,
                deadline_date=timescale_edtf(text[deadline.start() : dates[0].end], self.after) if deadline else None,
            )
        )

    def _action(self, start: int, end: int) -> bool:
        """Makes an action of a sentence in which the council says what it will do; False where it does not."""
        text = collapsed(self.document.text[start:end])
        listed = self._place.mode == "actions"
        tail = tail_of(self.document.text[start:end]) if listed else None
        planned = announces(text, listed=listed, minutes=self.minutes, after=self.after)
        if ACTIVE.search(text) or not (planned or (tail is not None and tail.owners)):
            return False
        self._act(start, start + tail.end if tail else end, "council.sentence", tail)
        return True

    def _act(self, start: int, end: int, rule: str, tail: Tail | None = None) -> None:
        text = collapsed(self.document.text[start:end])
        timescale = (tail.timescale if tail else None) or timescale_in(text, self.after)
        self.actions.append(
            Action(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, 0.75),
                timescale=timescale,
                date=timescale_edtf(timescale, self.after),
                responsible=(tail.owners if tail else ()) or responsible_in(text),
                section=self._place.section,
            )
        )

    def _note(self, block: Block, outcome: str, reason: str, rule: str | None) -> None:
        self.segments.append(Segment(block.start, block.end, outcome, reason, rule, block.page))


def _says_when(text: str) -> bool:
    """A line that only says when: "For action over the next six months"."""
    return WHEN_TO_ACT.match(text) is not None and len(text.split()) <= 9 and not text.endswith(".")
